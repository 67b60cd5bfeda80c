/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An account whose name or user number is not the one it was stored with.
 * Who it is only root can tell: both sides are shown, and for each of the
 * ways it may have come to this the command that settles it.
 */
#include <stdio.h>
#include <string.h>

#include "cli/confirm.h"
#include "cli/json.h"
#include "cli/verdict.h"

/* Names are printable; a number that is not there is "nobody". */
struct sides {
	char	 name[256];		/* that was asked for */
	bool	 here;			/* this host knows it, with */
	uint32_t uid;
	bool	 by_name;		/* the store has it, with */
	uint32_t stored_uid;
	bool	 by_uid;		/* the store has uid, under */
	char	 stored_name[256];
};

static void
read_sides(const struct call *call, const struct wire_message *m,
    struct sides *s)
{
	char name[WIRE_STRING_MAX + 1];

	memset(s, 0, sizeof(*s));
	terminal_clean(call->user, s->name, sizeof(s->name));
	s->here = wire_get_uint(m, TAG_UID, &s->uid);
	s->by_name = wire_get_uint(m, TAG_STORED_UID, &s->stored_uid);
	s->by_uid = wire_get_string(m, TAG_STORED_NAME, name);
	terminal_clean(name, s->stored_name, sizeof(s->stored_name));
}

static void
tell_json(const struct wire_message *m, const struct sides *s)
{
	char name[WIRE_STRING_MAX + 1];
	json_t *j = json_call();

	wire_get_string(m, TAG_STORED_NAME, name);
	json_object_set_new(j, "uid", s->here ? json_integer(s->uid) :
	    json_null());
	json_object_set_new(j, "stored_uid", s->by_name ?
	    json_integer(s->stored_uid) : json_null());
	json_object_set_new(j, "stored_name", s->by_uid ? json_words(name) :
	    json_null());
}

static void
tell_sides(const struct call *call, const struct sides *s)
{
	if (s->by_name)
		result(call, "  In the store  %s, user number %u", s->name,
		    (unsigned)s->stored_uid);
	if (s->by_uid)
		result(call, "  In the store  %s, user number %u",
		    s->stored_name, (unsigned)s->uid);
	if (s->here)
		result(call, "  On this host  %s, user number %u", s->name,
		    (unsigned)s->uid);
	else
		result(call, "  On this host  nobody is called %s, as the "
		    "name service has it", s->name);
}

/* What it takes, by what is where. */
static void
remedy(const struct sides *s, const char *way, char *buf, size_t size)
{
	char name[CALL_NAME_MAX], stored[CALL_NAME_MAX];
	int n;

	call_quote(s->name, name);
	call_quote(s->stored_name, stored);
	if (!s->here)
		n = snprintf(buf, size, "a new name: %sstepup rename %s NEW; "
		    "gone for good: %sstepup prune %s", way, name, way, name);
	else if (s->by_name && s->by_uid)
		n = snprintf(buf, size, "two accounts of the store are in "
		    "the way; delete the one that is nobody's: %sstepup "
		    "prune %s, or prune %s", way, name, stored);
	else if (s->by_uid)
		n = snprintf(buf, size, "the same person, a new name: "
		    "%sstepup rename %s %s; somebody else: %sstepup prune %s",
		    way, stored, name, way, stored);
	else
		n = snprintf(buf, size, "the same person, a new number: "
		    "%sstepup rebind %s; somebody else: %sstepup prune %s",
		    way, name, way, name);
	if (n < 0)
		buf[0] = '\0';
}

enum exit_status
changed_say(const struct call *call, const struct wire_message *m)
{
	char what[VERDICT_TEXT_MAX], next[VERDICT_TEXT_MAX];
	const char *way = call_way(call);
	struct sides s;

	read_sides(call, m, &s);
	if (call_has(call, OPTION_JSON))
		tell_json(m, &s);
	else
		tell_sides(call, &s);
	verdict_text("Store and host differ: logins of {user} are refused.",
	    call, 0, what);
	remedy(&s, way, next, sizeof(next));
	return verdict_refuse(call, EXIT_REFUSED, what, next);
}
