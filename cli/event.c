/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/event.h"
#include "cli/json.h"

#define HOUR 3600

bool
event_read(const struct wire_message *m, struct event *e)
{
	uint32_t flags;

	memset(e, 0, sizeof(*e));
	if (!wire_get_uint(m, TAG_RING, &e->ring) ||
	    e->ring > WIRE_RING_TALLY ||
	    !wire_get_int64(m, TAG_EVENT, &e->id) ||
	    !wire_get_int64(m, TAG_CREATED, &e->at) ||
	    (wire_get_uint(m, TAG_COUNT, &e->count) !=
	    (e->ring == WIRE_RING_TALLY)))
		return false;
	if (e->ring == WIRE_RING_TALLY &&
	    (e->id < 0 || e->id > INT64_MAX / HOUR))
		return false;
	wire_get_uint(m, TAG_FLAGS, &flags);
	e->running = (flags & FLAG_RUNNING) != 0;
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

/* "2026-11-21 10:30:00", local time. */
static void
time_text(int64_t at, char buf[32])
{
	time_t t = (time_t)at;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(buf, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(buf, 32, "?");
}

static void
tell_count(const struct call *call, const struct event *e)
{
	char last[32];

	time_text(e->at, last);
	result(call, "                     %u %s this hour%s, the last %s",
	    (unsigned)e->count, e->count == 1 ? "time" : "times",
	    e->running ? " so far" : "",
	    strlen(last) > 11 ? last + 11 : last);
}

static void
tell(const struct call *call, const struct event *e, bool first)
{
	static const char *const doors[] = { "-", "(self)", "(count)" };
	char when[32], user[33], service[33], from[256], none[24] = "-";
	bool tally = e->ring == WIRE_RING_TALLY, wide;

	time_text(tally ? e->id * HOUR : e->at, when);
	if (e->uid_known)
		snprintf(none, sizeof(none), "%u", (unsigned)e->uid);
	cell(e->name, none, user, sizeof(user));
	cell(e->service, doors[e->ring], service, sizeof(service));
	cell(e->rhost[0] != '\0' ? e->rhost : e->tty, "", from, sizeof(from));
	if (first)
		result(call, "%-19s  %-12s  %-10s  %-15s  %s", "TIME",
		    "USER", "SERVICE", "OUTCOME", "FROM");
	wide = strlen(from) > 16 || strlen(user) > 12 || strlen(service) > 10;
	result(call, "%-19s  %-12s  %-10s  %-*s%s%s", when, user, service,
	    from[0] == '\0' || wide ? 0 : 15,
	    event_name(e->outcome, e->change), from[0] == '\0' ? "" :
	    wide ? "\n                     from " : "  ", from);
	if (tally)
		tell_count(call, e);
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

static void
tally_document(const struct call *call, const struct event *e,
    const char *cursor)
{
	json_t *j = json_new();

	json_object_set_new(j, "user", words(e->name));
	json_object_set_new(j, "uid", number(e->uid_known, e->uid));
	json_object_set_new(j, "hour", json_when(e->id * HOUR));
	json_object_set_new(j, "outcome",
	    json_string(event_name(e->outcome, 0)));
	json_object_set_new(j, "count", json_integer(e->count));
	json_object_set_new(j, "last", json_when(e->at));
	json_object_set_new(j, "complete", json_boolean(!e->running));
	json_object_set_new(j, "cursor", json_string(cursor));
	json_event(call, "count", j);
}

void
event_tell(const struct call *call, const struct event *e, bool first,
    const char *cursor)
{
	if (!call_has(call, OPTION_JSON))
		tell(call, e, first);
	else if (e->ring == WIRE_RING_TALLY)
		tally_document(call, e, cursor);
	else
		document(call, e, cursor);
}
