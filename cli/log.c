/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stepup log: what happened, of both rings, the oldest first, and what was
 * only counted.  The service picks what is wanted.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/admin.h"
#include "cli/event.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/verdict.h"
#include "cli/when.h"
#include "common/text.h"

#define CURSOR_MAX 64

struct log {
	const struct call *call;
	int64_t		 after[3];	/* the last event of each ring; the
					   hour before which all counts are
					   known */
	uint32_t	 lost;		/* events dropped before we came */
	bool		 anew;		/* the cursor was of another store */
	size_t		 told;
};

/* --- The cursor -------------------------------------------------------- */

static void
cursor_print(const struct log *l, char buf[CURSOR_MAX])
{
	snprintf(buf, CURSOR_MAX, "%lld-%lld-%lld", (long long)l->after[0],
	    (long long)l->after[1], (long long)l->after[2]);
}

/* "12-3-490000" */
static bool
cursor_read(const char *text, int64_t after[3])
{
	char part[24];
	uint64_t n;
	size_t len;
	int i;

	for (i = 0; i < 3; i++) {
		len = strcspn(text, "-");
		if (len >= sizeof(part) || (text[len] == '-') != (i < 2))
			return false;
		memcpy(part, text, len);
		part[len] = '\0';
		if (!text_number(part, 0, INT64_MAX, &n))
			return false;
		after[i] = (int64_t)n;
		text += len + 1;
	}
	return true;
}

/* --- Rows -------------------------------------------------------------- */

static bool
row(const struct wire_message *m, void *arg)
{
	struct log *l = arg;
	char cursor[CURSOR_MAX];
	struct event e;

	if (!event_read(m, &e))
		return false;
	/* Of an hour there may be more. */
	if (e.ring != WIRE_RING_TALLY || e.id > l->after[e.ring])
		l->after[e.ring] = e.id;
	cursor_print(l, cursor);
	event_tell(l->call, &e, l->told++ == 0, cursor);
	return true;
}

static bool
packet(const struct wire_message *m, void *arg)
{
	struct log *l = arg;
	uint32_t flags;

	wire_get_uint(m, TAG_FLAGS, &flags);
	if ((flags & FLAG_ANEW) != 0 && !l->anew) {
		l->anew = true;
		memset(l->after, 0, sizeof(l->after));
		say(l->call, "That cursor is not of this store: all is told.");
	}
	wire_get_uint(m, TAG_COUNT, &l->lost);
	return admin_rows(m, row, arg) &&
	    wire_get_int64(m, TAG_AFTER, &l->after[0]) &&
	    wire_get_int64(m, TAG_AFTER_PUBLIC, &l->after[1]) &&
	    wire_get_int64(m, TAG_AFTER_HOUR, &l->after[2]);
}

/* --- What is wanted ---------------------------------------------------- */

static enum exit_status
wrong(const struct call *call, const char *what)
{
	return verdict_refuse(call, EXIT_USAGE, what, "stepup log --help");
}

/* Also somebody who is gone, by number. */
static enum exit_status
put_user(const struct call *call, struct wire_writer *w)
{
	const char *name = call->value[OPTION_USER];
	const struct passwd *pw;
	uint64_t uid;

	if (name == NULL)
		return EXIT_DONE;
	pw = getpwnam(name);
	if (pw != NULL)
		wire_put_uint(w, TAG_UID, pw->pw_uid);
	else if (text_number(name, 0, UINT32_MAX - 1, &uid))
		wire_put_uint(w, TAG_UID, (uint32_t)uid);
	else
		return verdict_refuse(call, EXIT_REFUSED, "This host knows "
		    "no such account.",
		    "stepup log -u UID, for one that is gone");
	return EXIT_DONE;
}

static bool
put_time(const char *text, enum wire_tag tag, struct wire_writer *w)
{
	int64_t when;

	if (text == NULL)
		return true;
	if (!when_read(text, time(NULL), &when))
		return false;
	wire_put_int64(w, tag, when);
	return true;
}

static bool
put_outcome(const char *name, struct wire_writer *w)
{
	struct event_mask mask;

	if (name == NULL)
		return true;
	if (!event_match(name, &mask))
		return false;
	wire_put_int64(w, TAG_OUTCOMES, (int64_t)mask.outcomes);
	wire_put_uint(w, TAG_CHANGES, mask.changes);
	return true;
}

/* The request, as the options say it. */
static enum exit_status
put_request(struct log *l, struct wire_writer *w)
{
	const struct call *call = l->call;
	const char *const *value = call->value;

	if (!put_time(value[OPTION_SINCE], TAG_SINCE, w))
		return wrong(call, "stepup: --since takes 2026-11-21, "
		    "2026-11-21T10:00:00Z, or 90m, 2h, 7d");
	if (!put_time(value[OPTION_UNTIL], TAG_UNTIL, w))
		return wrong(call, "stepup: --until takes 2026-11-21, "
		    "2026-11-21T10:00:00Z, or 90m, 2h, 7d");
	if (value[OPTION_AFTER] != NULL &&
	    !cursor_read(value[OPTION_AFTER], l->after))
		return wrong(call, "stepup: --after takes what an earlier "
		    "stepup log named");
	if (!put_outcome(value[OPTION_OUTCOME], w))
		return wrong(call, "stepup: --outcome takes deny, "
		    "deny.code, accept, change.locked and the like");
	if (value[OPTION_SERVICE] != NULL &&
	    strlen(value[OPTION_SERVICE]) > WIRE_STRING_MAX)
		return wrong(call, "stepup: that service name is too long");
	wire_put_string(w, TAG_SERVICE, value[OPTION_SERVICE]);
	wire_put_int64(w, TAG_AFTER, l->after[0]);
	wire_put_int64(w, TAG_AFTER_PUBLIC, l->after[1]);
	wire_put_int64(w, TAG_AFTER_HOUR, l->after[2]);
	if (call_has(call, OPTION_FOLLOW))
		wire_put_uint(w, TAG_FLAGS, FLAG_FOLLOW);
	return put_user(call, w);
}

static enum exit_status
end(struct log *l, enum exit_status status)
{
	const struct call *call = l->call;
	char cursor[CURSOR_MAX];

	cursor_print(l, cursor);
	if (call_has(call, OPTION_JSON)) {
		json_object_set_new(json_call(), "count",
		    json_integer((json_int_t)l->told));
		json_object_set_new(json_call(), "cursor",
		    json_string(cursor));
		json_object_set_new(json_call(), "lost",
		    json_integer(l->lost));
		json_object_set_new(json_call(), "anew",
		    json_boolean(l->anew));
	}
	if (!output_flush(call))
		return EXIT_UNAVAILABLE;
	if (status != EXIT_DONE)
		return status;
	if (l->told == 0)
		say(call, "There is nothing that fits.");
	if (l->lost > 0)
		say(call, "%u events after that cursor were dropped before "
		    "they were read:\naudit_events, in stepup.conf, are "
		    "kept.", (unsigned)l->lost);
	say(call, "Next: %sstepup log --after %s",
	    call_way(call), cursor);
	return EXIT_DONE;
}

enum exit_status
log_run(const struct call *call)
{
	struct log l = { .call = call };
	enum exit_status status;
	struct wire_message last;
	struct wire_writer w;
	struct session s;

	admin_start(call, VERB_LOG, &w);
	status = put_request(&l, &w);
	if (status != EXIT_DONE)
		return status;
	output_hold();
	call->terminal->follow = call_has(call, OPTION_FOLLOW);
	status = admin_ask(call, &w, &s, packet, &l, &last);
	call->terminal->follow = false;
	session_close(&s);
	return end(&l, status);
}
