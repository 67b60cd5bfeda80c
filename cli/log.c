/* SPDX-License-Identifier: BSD-2-Clause */
/* stepup log: what happened, of both rings, the oldest first. */
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
	bool		 has_uid;
	uint32_t	 uid;		/* of -u */
	int64_t		 since, until;
	struct event_mask mask;		/* of --outcome */
	int64_t		 after[2];	/* the last event of each ring */
	size_t		 told;
};

/* --- The cursor -------------------------------------------------------- */

static void
cursor_print(const struct log *l, char buf[CURSOR_MAX])
{
	snprintf(buf, CURSOR_MAX, "%lld-%lld", (long long)l->after[0],
	    (long long)l->after[1]);
}

/* "12-3": the last event of each ring. */
static bool
cursor_read(const char *text, int64_t after[2])
{
	const char *dash = strchr(text, '-');
	char first[24] = "";
	uint64_t n[2];

	if (dash == NULL || (size_t)(dash - text) >= sizeof(first))
		return false;
	memcpy(first, text, (size_t)(dash - text));
	if (!text_number(first, 0, INT64_MAX, &n[0]) ||
	    !text_number(dash + 1, 0, INT64_MAX, &n[1]))
		return false;
	after[0] = (int64_t)n[0];
	after[1] = (int64_t)n[1];
	return true;
}

/* --- Rows -------------------------------------------------------------- */

static bool
wanted(const struct log *l, const struct event *e)
{
	const char *service = l->call->value[OPTION_SERVICE];

	if (e->at < l->since || e->at > l->until ||
	    (l->has_uid && (!e->uid_known || e->uid != l->uid)) ||
	    (service != NULL && strcmp(service, e->service) != 0))
		return false;
	if (l->call->value[OPTION_OUTCOME] == NULL)
		return true;
	return e->change > 0 ? e->change < 32 &&
	    (l->mask.changes >> e->change & 1) != 0 :
	    e->outcome < OUT_COUNT && (l->mask.outcomes >> e->outcome & 1) != 0;
}

static bool
row(const struct wire_message *m, void *arg)
{
	struct log *l = arg;
	char cursor[CURSOR_MAX];
	struct event e;

	if (!event_read(m, &e))
		return false;
	l->after[e.ring] = e.id;
	if (wanted(l, &e)) {
		cursor_print(l, cursor);
		event_tell(l->call, &e, l->told++ == 0, cursor);
	}
	return true;
}

static bool
packet(const struct wire_message *m, void *arg)
{
	return admin_rows(m, row, arg);
}

/* --- What is wanted ---------------------------------------------------- */

static enum exit_status
wrong(const struct call *call, const char *what)
{
	return verdict_refuse(call, EXIT_USAGE, what, "stepup log --help");
}

/* Also somebody who is gone, by number. */
static enum exit_status
read_user(struct log *l)
{
	const char *name = l->call->value[OPTION_USER];
	const struct passwd *pw;
	uint64_t uid;

	if (name == NULL)
		return EXIT_DONE;
	l->has_uid = true;
	pw = getpwnam(name);
	if (pw != NULL)
		l->uid = pw->pw_uid;
	else if (text_number(name, 0, UINT32_MAX - 1, &uid))
		l->uid = (uint32_t)uid;
	else
		return verdict_refuse(l->call, EXIT_REFUSED, "This host knows "
		    "no such account.",
		    "stepup log -u UID, for one that is gone");
	return EXIT_DONE;
}

static enum exit_status
read_filters(struct log *l)
{
	const char *const *value = l->call->value;
	int64_t now = time(NULL);

	l->until = INT64_MAX;
	if (value[OPTION_SINCE] != NULL &&
	    !when_read(value[OPTION_SINCE], now, &l->since))
		return wrong(l->call, "stepup: --since takes 2026-11-21, "
		    "2026-11-21T10:00:00Z, or 90m, 2h, 7d");
	if (value[OPTION_UNTIL] != NULL &&
	    !when_read(value[OPTION_UNTIL], now, &l->until))
		return wrong(l->call, "stepup: --until takes 2026-11-21, "
		    "2026-11-21T10:00:00Z, or 90m, 2h, 7d");
	if (value[OPTION_AFTER] != NULL &&
	    !cursor_read(value[OPTION_AFTER], l->after))
		return wrong(l->call, "stepup: --after takes what an earlier "
		    "stepup log named");
	if (value[OPTION_OUTCOME] != NULL &&
	    !event_match(value[OPTION_OUTCOME], &l->mask))
		return wrong(l->call, "stepup: --outcome takes deny, "
		    "deny.code, accept, change.locked and the like");
	return read_user(l);
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
	}
	if (!output_flush(call))
		return EXIT_UNAVAILABLE;
	if (status != EXIT_DONE)
		return status;
	if (l->told == 0)
		say(call, "There is nothing that fits.");
	say(call, "Next: %sstepup log --after %s",
	    call->host->sudo_user != NULL ? "sudo " : "", cursor);
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

	status = read_filters(&l);
	if (status != EXIT_DONE)
		return status;
	output_hold();
	admin_start(call, VERB_LOG, &w);
	wire_put_int64(&w, TAG_AFTER, l.after[0]);
	wire_put_int64(&w, TAG_AFTER_PUBLIC, l.after[1]);
	if (call_has(call, OPTION_FOLLOW))
		wire_put_uint(&w, TAG_FLAGS, FLAG_FOLLOW);
	status = admin_ask(call, &w, &s, packet, &l, &last);
	session_close(&s);
	return end(&l, status);
}
