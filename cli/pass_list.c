/* SPDX-License-Identifier: BSD-2-Clause */
/* What passes and tickets are on record: in force, used, over. */
#include <stdio.h>
#include <string.h>

#include "cli/admin.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/pass.h"
#include "cli/standing.h"

struct passes {
	const struct call *call;
	json_int_t	   told;
};

/* A pass on record; strings are printable in text only. */
struct given {
	char		name[WIRE_STRING_MAX + 1];
	char		service[WIRE_STRING_MAX + 1];
	char		reason[WIRE_STRING_MAX + 1];
	int64_t		created, expires, used;
	uint32_t	flags, uid, by;
	bool		by_known;
};

static bool
read_given(const struct wire_message *m, struct given *g)
{
	memset(g, 0, sizeof(*g));
	if (!wire_get_string(m, TAG_NAME, g->name) || g->name[0] == '\0' ||
	    !wire_get_int64(m, TAG_CREATED, &g->created) ||
	    !wire_get_int64(m, TAG_EXPIRES, &g->expires) ||
	    !wire_get_uint(m, TAG_FLAGS, &g->flags))
		return false;
	wire_get_uint(m, TAG_UID, &g->uid);
	wire_get_int64(m, TAG_USED, &g->used);
	wire_get_string(m, TAG_SERVICE, g->service);
	wire_get_string(m, TAG_REASON, g->reason);
	g->by_known = wire_get_uint(m, TAG_BY, &g->by);
	return true;
}

static const char *
state(const struct given *g)
{
	if ((g->flags & FLAG_ENROLLED) != 0)
		return "in force";
	return g->used != 0 ? "used" : "over";
}

static const char *
kind(const struct given *g)
{
	return (g->flags & FLAG_TICKET) != 0 ? "enroll" : "login";
}

static void
tell(const struct passes *p, const struct given *g)
{
	char name[256], service[256], reason[256], until[32], by[32] = "";

	if (p->told == 0)
		result(p->call, "%-18s  %-6s  %-8s  %-16s  %s", "NAME", "KIND",
		    "STATE", "UNTIL", "SERVICE");
	terminal_clean(g->name, name, sizeof(name));
	terminal_clean(g->service, service, sizeof(service));
	terminal_clean(g->reason, reason, sizeof(reason));
	standing_time(g->expires, until, sizeof(until));
	if (strlen(name) > 18) {
		result(p->call, "%s", name);
		name[0] = '\0';
	}
	result(p->call, "%-18s  %-6s  %-8s  %-16s  %s", name, kind(g),
	    state(g), until, service[0] != '\0' ? service : "-");
	if (g->by_known)
		snprintf(by, sizeof(by), "by uid %u: ", (unsigned)g->by);
	result(p->call, "                    %s%s", by, reason);
}

static void
document(const struct passes *p, const struct given *g)
{
	json_t *j = json_new();

	json_object_set_new(j, "user", json_words(g->name));
	json_object_set_new(j, "uid", json_integer(g->uid));
	json_object_set_new(j, "kind", json_string(kind(g)));
	json_object_set_new(j, "in_force",
	    json_boolean((g->flags & FLAG_ENROLLED) != 0));
	json_object_set_new(j, "made", json_when(g->created));
	json_object_set_new(j, "expires", json_when(g->expires));
	json_object_set_new(j, "used", json_when(g->used));
	json_object_set_new(j, "service", g->service[0] != '\0' ?
	    json_words(g->service) : json_null());
	json_object_set_new(j, "by", g->by_known ? json_integer(g->by) :
	    json_null());
	json_object_set_new(j, "reason", json_words(g->reason));
	json_event(p->call, "pass", j);
}

static bool
row(const struct wire_message *m, void *arg)
{
	struct passes *p = arg;
	struct given g;

	if (!read_given(m, &g))
		return false;
	if (p->call->operand != NULL && strcmp(g.name, p->call->user) != 0)
		return true;
	if (call_has(p->call, OPTION_JSON))
		document(p, &g);
	else
		tell(p, &g);
	p->told++;
	return true;
}

static bool
packet(const struct wire_message *m, void *arg)
{
	return admin_rows(m, row, arg);
}

enum exit_status
pass_list(const struct call *call)
{
	struct passes p = { .call = call };
	struct wire_message last;
	enum exit_status status;
	struct wire_writer w;
	struct session s;

	wire_start(&w, WIRE_VERSION, VERB_LIST);
	wire_put_uint(&w, TAG_FLAGS, FLAG_PASSES);
	output_hold();
	status = admin_ask(call, &w, &s, packet, &p, &last);
	session_close(&s);
	if (status == EXIT_DONE && p.told == 0) {
		say(call, "There is none on record.");
		say(call, "Next: %sstepup pass USER --reason TEXT",
		    call_way(call));
	}
	if (call_has(call, OPTION_JSON))
		json_object_set_new(json_call(), "count",
		    json_integer(p.told));
	return output_flush(call) ? status : EXIT_UNAVAILABLE;
}
