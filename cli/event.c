/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/event.h"
#include "cli/json.h"

bool
event_read(const struct wire_message *m, struct event *e)
{
	memset(e, 0, sizeof(*e));
	if (!wire_get_uint(m, TAG_RING, &e->ring) || e->ring > 1 ||
	    !wire_get_int64(m, TAG_EVENT, &e->id) ||
	    !wire_get_int64(m, TAG_CREATED, &e->at))
		return false;
	e->uid_known = wire_get_uint(m, TAG_UID, &e->uid);
	e->by_known = wire_get_uint(m, TAG_BY, &e->by);
	wire_get_uint(m, TAG_OUTCOME, &e->outcome);
	wire_get_uint(m, TAG_CHANGE, &e->change);
	wire_get_uint(m, TAG_KIND, &e->kind);
	wire_get_string(m, TAG_NAME, e->name);
	wire_get_string(m, TAG_SERVICE, e->service);
	wire_get_string(m, TAG_RHOST, e->rhost);
	wire_get_string(m, TAG_TTY, e->tty);
	wire_get_string(m, TAG_REASON, e->reason);
	return true;
}

/* --- As text ----------------------------------------------------------- */

/* A cell is cut where it would move those behind it. */
static void
cell(const char *text, const char *none, char *buf, size_t size)
{
	terminal_clean(text[0] != '\0' ? text : none, buf, size);
}

static void
tell_change(const struct call *call, const struct event *e)
{
	char by[32] = "", reason[256];

	if (e->by_known)
		snprintf(by, sizeof(by), "by uid %u", (unsigned)e->by);
	terminal_clean(e->reason, reason, sizeof(reason));
	if (by[0] != '\0' || reason[0] != '\0')
		result(call, "                     %s%s%s", by,
		    by[0] != '\0' && reason[0] != '\0' ? ": " : "", reason);
}

static void
tell(const struct call *call, const struct event *e, bool first)
{
	char when[32] = "?", user[33], service[33], from[256];
	char none[24] = "-";
	time_t t = (time_t)e->at;
	struct tm tm;
	bool wide;

	if (localtime_r(&t, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	if (e->uid_known)
		snprintf(none, sizeof(none), "%u", (unsigned)e->uid);
	cell(e->name, none, user, sizeof(user));
	cell(e->service, e->ring != 0 ? "(self)" : "-", service,
	    sizeof(service));
	cell(e->rhost[0] != '\0' ? e->rhost : e->tty, "", from, sizeof(from));
	if (first)
		result(call, "%-19s  %-12s  %-10s  %-15s  %s", "TIME",
		    "USER", "SERVICE", "OUTCOME", "FROM");
	wide = strlen(from) > 16 || strlen(user) > 12 || strlen(service) > 10;
	result(call, "%-19s  %-12s  %-10s  %-15s%s%s", when, user, service,
	    event_name(e->outcome, e->change), from[0] == '\0' ? "" :
	    wide ? "\n                     from " : "  ", from);
	tell_change(call, e);
}

/* --- As a document ----------------------------------------------------- */

static json_t *
words(const char *text)
{
	return *text != '\0' ? json_words(text) : json_null();
}

static json_t *
number(bool known, uint32_t n)
{
	return known ? json_integer(n) : json_null();
}

static void
document(const struct call *call, const struct event *e, const char *cursor)
{
	json_t *j = json_new();

	json_object_set_new(j, "user", words(e->name));
	json_object_set_new(j, "uid", number(e->uid_known, e->uid));
	json_object_set_new(j, "time", json_when(e->at));
	json_object_set_new(j, "outcome",
	    json_string(event_name(e->outcome, e->change)));
	json_object_set_new(j, "kind", e->kind == KIND_TOTP ?
	    json_string("app") : e->kind == KIND_RECOVERY ?
	    json_string("recovery") : json_null());
	json_object_set_new(j, "self", json_boolean(e->ring != 0));
	json_object_set_new(j, "service", words(e->service));
	json_object_set_new(j, "rhost", words(e->rhost));
	json_object_set_new(j, "tty", words(e->tty));
	json_object_set_new(j, "by", number(e->by_known, e->by));
	json_object_set_new(j, "reason", words(e->reason));
	json_object_set_new(j, "cursor", json_string(cursor));
	json_event(call, "event", j);
}

void
event_tell(const struct call *call, const struct event *e, bool first,
    const char *cursor)
{
	if (call_has(call, OPTION_JSON))
		document(call, e, cursor);
	else
		tell(call, e, first);
}
