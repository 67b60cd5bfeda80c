/* SPDX-License-Identifier: BSD-2-Clause */
/* stepup log: what happened, of both rings, the oldest first. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/admin.h"
#include "cli/event.h"
#include "cli/when.h"
#include "common/text.h"

struct log {
	const struct call *call;
	bool		 has_uid;
	uint32_t	 uid;		/* of -u */
	int64_t		 since, until;
	int64_t		 after[2];	/* the last event of each ring */
	size_t		 told;
};

static const char *
name_of(const struct wire_message *m)
{
	uint32_t outcome, change;

	wire_get_uint(m, TAG_OUTCOME, &outcome);
	wire_get_uint(m, TAG_CHANGE, &change);
	return event_name(outcome, change);
}

/* All of it, or what stands before a dot. */
static bool
begins(const char *name, const char *part)
{
	size_t len = strlen(part);

	return strncmp(name, part, len) == 0 &&
	    (name[len] == '\0' || name[len] == '.');
}

static bool
wanted(const struct log *l, const struct wire_message *m, int64_t at)
{
	const char *service = l->call->value[OPTION_SERVICE];
	const char *outcome = l->call->value[OPTION_OUTCOME];
	char text[WIRE_STRING_MAX + 1];
	uint32_t uid;

	if (at < l->since || at > l->until)
		return false;
	if (l->has_uid && (!wire_get_uint(m, TAG_UID, &uid) || uid != l->uid))
		return false;
	wire_get_string(m, TAG_SERVICE, text);
	if (service != NULL && strcmp(service, text) != 0)
		return false;
	return outcome == NULL || begins(name_of(m), outcome);
}

/* A cell is cut where it would move those behind it. */
static void
cell(const struct wire_message *m, enum wire_tag tag, const char *none,
    char *buf, size_t size)
{
	char text[WIRE_STRING_MAX + 1];

	wire_get_string(m, tag, text);
	terminal_clean(text[0] != '\0' ? text : none, buf, size);
}

static void
tell(struct log *l, const struct wire_message *m, int64_t at)
{
	char when[32] = "?", user[33], service[33], from[256], reason[256];
	char none[24] = "-";
	uint32_t uid, by, ring;
	time_t t = (time_t)at;
	struct tm tm;

	if (localtime_r(&t, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	if (wire_get_uint(m, TAG_UID, &uid))
		snprintf(none, sizeof(none), "%u", (unsigned)uid);
	wire_get_uint(m, TAG_RING, &ring);
	cell(m, TAG_NAME, none, user, sizeof(user));
	cell(m, TAG_SERVICE, ring != 0 ? "(self)" : "-", service,
	    sizeof(service));
	cell(m, wire_has(m, TAG_RHOST) ? TAG_RHOST : TAG_TTY, "", from,
	    sizeof(from));
	cell(m, TAG_REASON, "", reason, sizeof(reason));
	if (l->told++ == 0)
		result(l->call, "%-19s  %-12s  %-10s  %-15s  %s", "TIME",
		    "USER", "SERVICE", "OUTCOME", "FROM");
	result(l->call, "%-19s  %-12s  %-10s  %-15s%s%s", when, user, service,
	    name_of(m), from[0] == '\0' ? "" : strlen(from) > 16 ||
	    strlen(user) > 12 || strlen(service) > 10 ?
	    "\n                     from " : "  ", from);
	snprintf(none, sizeof(none), "%s", "");
	if (wire_get_uint(m, TAG_BY, &by))
		snprintf(none, sizeof(none), "by uid %u", (unsigned)by);
	if (none[0] != '\0' || reason[0] != '\0')
		result(l->call, "                     %s%s%s", none,
		    none[0] != '\0' && reason[0] != '\0' ? ": " : "", reason);
}

static bool
row(const struct wire_message *m, void *arg)
{
	struct log *l = arg;
	uint32_t ring;
	int64_t id, at;

	if (!wire_get_uint(m, TAG_RING, &ring) || ring > 1 ||
	    !wire_get_int64(m, TAG_EVENT, &id) ||
	    !wire_get_int64(m, TAG_CREATED, &at))
		return false;
	l->after[ring] = id;
	if (wanted(l, m, at))
		tell(l, m, at);
	return true;
}

static bool
packet(const struct wire_message *m, void *arg)
{
	return admin_rows(m, row, arg);
}

static enum exit_status
usage(const struct call *call, const char *what)
{
	say(call, "stepup: %s", what);
	say(call, "Next: stepup log --help");
	return EXIT_USAGE;
}

/* "12-3": the last event of each ring. */
static bool
read_cursor(const char *text, int64_t after[2])
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

static enum exit_status
read_filters(struct log *l)
{
	const char *const *value = l->call->value;
	struct passwd *pw;
	uint64_t uid;
	int64_t now = time(NULL);

	l->until = INT64_MAX;
	if (value[OPTION_SINCE] != NULL &&
	    !when_read(value[OPTION_SINCE], now, &l->since))
		return usage(l->call, "--since takes 2026-11-21, "
		    "2026-11-21T10:00:00Z, or 90m, 2h, 7d");
	if (value[OPTION_UNTIL] != NULL &&
	    !when_read(value[OPTION_UNTIL], now, &l->until))
		return usage(l->call, "--until takes 2026-11-21, "
		    "2026-11-21T10:00:00Z, or 90m, 2h, 7d");
	if (value[OPTION_AFTER] != NULL &&
	    !read_cursor(value[OPTION_AFTER], l->after))
		return usage(l->call, "--after takes what an earlier stepup "
		    "log named");
	if (value[OPTION_USER] == NULL)
		return EXIT_DONE;
	/* Also somebody who is gone, by number. */
	l->has_uid = true;
	pw = getpwnam(value[OPTION_USER]);
	if (pw != NULL)
		l->uid = pw->pw_uid;
	else if (text_number(value[OPTION_USER], 0, UINT32_MAX - 1, &uid))
		l->uid = (uint32_t)uid;
	else {
		say(l->call, "This host knows no such account.");
		say(l->call, "Next: stepup log -u UID, for one that is gone");
		return EXIT_REFUSED;
	}
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
	admin_start(call, VERB_LOG, &w);
	wire_put_int64(&w, TAG_AFTER, l.after[0]);
	wire_put_int64(&w, TAG_AFTER_PUBLIC, l.after[1]);
	if (call_has(call, OPTION_FOLLOW))
		wire_put_uint(&w, TAG_FLAGS, FLAG_FOLLOW);
	status = admin_ask(call, &w, &s, packet, &l, &last);
	session_close(&s);
	if (status != EXIT_DONE)
		return status;
	if (l.told == 0)
		say(call, "There is nothing that fits.");
	say(call, "Next: %sstepup log --after %lld-%lld",
	    call->host->sudo_user != NULL ? "sudo " : "",
	    (long long)l.after[0], (long long)l.after[1]);
	return EXIT_DONE;
}
