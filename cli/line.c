/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/json.h"
#include "cli/line.h"
#include "common/text.h"

bool
line_read(const struct wire_message *m, char room[WIRE_STRING_MAX + 1],
    struct line *l)
{
	memset(l, 0, sizeof(*l));
	l->name = room;
	if (!wire_get_string(m, TAG_NAME, room) || room[0] == '\0')
		return false;
	wire_get_uint(m, TAG_UID, &l->uid);
	wire_get_int64(m, TAG_ENROLLED, &l->enrolled);
	wire_get_int64(m, TAG_USED, &l->used);
	wire_get_int64(m, TAG_EXPIRES, &l->pass);
	wire_get_int64(m, TAG_EXPIRES_TICKET, &l->ticket);
	wire_get_uint(m, TAG_COUNT, &l->apps);
	wire_get_uint(m, TAG_LEFT, &l->left);
	wire_get_uint(m, TAG_CODES_ALL, &l->all);
	wire_get_uint(m, TAG_FLAGS, &l->flags);
	wire_get_uint(m, TAG_WAIT_TOTP, &l->wait_totp);
	wire_get_uint(m, TAG_WAIT_RECOVERY, &l->wait_recovery);
	return true;
}

static void
day(int64_t when, char buf[16])
{
	time_t t = (time_t)when;
	struct tm tm;

	if (when <= 0 || localtime_r(&t, &tm) == NULL ||
	    strftime(buf, 16, "%Y-%m-%d", &tm) == 0)
		snprintf(buf, 16, "%s", when <= 0 ? "never" : "?");
}

static void
state(const struct line *l, char buf[64])
{
	uint32_t longer = l->wait_totp > l->wait_recovery ? l->wait_totp :
	    l->wait_recovery;
	char wait[16];

	snprintf(buf, 64, "%s%s%s",
	    (l->flags & FLAG_ADMIN_LOCK) != 0 ? ",locked" : "",
	    (l->flags & FLAG_ENROLLED) == 0 ? ",none" : "",
	    (l->flags & FLAG_DISABLED) != 0 ? ",off" : "");
	if (longer > 0 && (l->flags & FLAG_DISABLED) == 0) {
		text_duration(longer, wait, sizeof(wait));
		snprintf(buf + strlen(buf), 64 - strlen(buf), ",wait %s",
		    wait);
	}
	snprintf(buf + strlen(buf), 64 - strlen(buf), "%s%s%s",
	    (l->flags & FLAG_WEAK) != 0 ? ",weak" : "",
	    l->pass != 0 ? ",pass" : "", l->ticket != 0 ? ",ticket" : "");
}

/* A name too long for its column has a line of its own. */
static void
tell(const struct call *call, const struct line *l, bool first)
{
	char name[256], enrolled[16], used[16], codes[24], states[64];

	if (first)
		result(call, "%-18s  %-10s  %-10s  %4s  %5s  %s", "NAME",
		    "ENROLLED", "LAST USED", "APPS", "CODES", "STATE");
	terminal_clean(l->name, name, sizeof(name));
	if (strlen(name) > 18) {
		result(call, "%s", name);
		name[0] = '\0';
	}
	day(l->enrolled, enrolled);
	day(l->used, used);
	snprintf(codes, sizeof(codes), "%u/%u", (unsigned)l->left,
	    (unsigned)l->all);
	state(l, states);
	result(call, "%-18s  %-10s  %-10s  %4u  %5s  %s", name, enrolled,
	    used, (unsigned)l->apps, codes,
	    states[0] != '\0' ? states + 1 : "-");
}

static void
document(const struct call *call, const struct line *l)
{
	json_t *j = json_new(), *codes = json_object();

	json_object_set_new(codes, "left", json_integer(l->left));
	json_object_set_new(codes, "all", json_integer(l->all));
	json_object_set_new(j, "user", json_words(l->name));
	json_object_set_new(j, "uid", json_integer(l->uid));
	json_object_set_new(j, "factor",
	    json_boolean((l->flags & FLAG_ENROLLED) != 0));
	json_object_set_new(j, "enrolled", json_when(l->enrolled));
	json_object_set_new(j, "last_used", json_when(l->used));
	json_object_set_new(j, "apps", json_integer(l->apps));
	json_object_set_new(j, "codes", codes);
	json_object_set_new(j, "weak",
	    json_boolean((l->flags & FLAG_WEAK) != 0));
	json_object_set_new(j, "locked",
	    json_boolean((l->flags & FLAG_ADMIN_LOCK) != 0));
	json_object_set_new(j, "app_codes_off",
	    json_boolean((l->flags & FLAG_DISABLED) != 0));
	json_object_set_new(j, "wait_app_codes", json_integer(l->wait_totp));
	json_object_set_new(j, "wait_recovery_codes",
	    json_integer(l->wait_recovery));
	json_object_set_new(j, "pass", json_when(l->pass));
	json_object_set_new(j, "ticket", json_when(l->ticket));
	json_event(call, "account", j);
}

void
line_tell(const struct call *call, const struct line *l, bool first)
{
	if (call_has(call, OPTION_JSON))
		document(call, l);
	else
		tell(call, l, first);
}
