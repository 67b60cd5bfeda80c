/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stepup prune: accounts of the store that this host does not have.
 *
 * Nobody is deleted because a list says so.  Without names each account is
 * confirmed, one by one, on a terminal, and only where the name service
 * asks nobody but this host's own files: a directory that is down knows
 * nobody.  Whoever is sure gives the names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/admin.h"
#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/json.h"
#include "cli/people.h"
#include "cli/standing.h"
#include "cli/verdict.h"

#define GONE_MAX 1000000

struct gone {
	char		*name;
	uint32_t	 stored_uid, uid, apps;
	bool		 here;		/* the name has number uid here */
	int64_t		 enrolled, used;
	char		*heir;		/* whose stored_uid is here; or NULL */
};

struct prune {
	const struct call *call;
	struct gone	*gone;
	size_t		 count, room;
	bool		 full;
};

/* --- The list ----------------------------------------------------------- */

static struct gone *
make_room(struct prune *p)
{
	size_t room = p->room == 0 ? 64 : 2 * p->room;
	struct gone *more;

	if (p->count < p->room)
		return &p->gone[p->count];
	more = room > GONE_MAX ? NULL : realloc(p->gone,
	    room * sizeof(*more));
	if (more == NULL) {
		p->full = true;
		return NULL;
	}
	p->gone = more;
	p->room = room;
	return &p->gone[p->count];
}

static bool
keep(const struct wire_message *m, void *arg)
{
	char name[WIRE_STRING_MAX + 1], heir[WIRE_STRING_MAX + 1];
	struct prune *p = arg;
	struct gone *g = make_room(p);

	if (g == NULL || !wire_get_string(m, TAG_NAME, name) ||
	    name[0] == '\0' ||
	    !wire_get_uint(m, TAG_STORED_UID, &g->stored_uid))
		return false;
	g->here = wire_get_uint(m, TAG_UID, &g->uid);
	wire_get_uint(m, TAG_COUNT, &g->apps);
	wire_get_int64(m, TAG_ENROLLED, &g->enrolled);
	wire_get_int64(m, TAG_USED, &g->used);
	g->heir = wire_get_string(m, TAG_NEW_NAME, heir) ? strdup(heir) :
	    NULL;
	g->name = strdup(name);
	if (g->name == NULL) {
		free(g->heir);
		p->full = true;
		return false;
	}
	p->count++;
	return true;
}

static bool
packet(const struct wire_message *m, void *arg)
{
	return admin_rows(m, keep, arg);
}

static enum exit_status
find(struct prune *p)
{
	struct call nobody = *p->call;
	enum exit_status status;
	struct wire_message last;
	struct wire_writer w;
	struct session s;

	nobody.named = false;
	admin_start(&nobody, VERB_PRUNE, &w);
	status = admin_ask(&nobody, &w, &s, packet, p, &last);
	session_close(&s);
	if (p->full)
		return verdict_say(p->call, verdict_of_outcome(OUT_MEMORY),
		    NULL);
	return status;
}

static void
tell(const struct prune *p, const struct gone *g, bool first)
{
	char name[256], enrolled[32], used[32], side[32] = "no such name";

	if (first)
		result(p->call, "%-18s  %10s  %-10s  %-10s  %4s  %s", "NAME",
		    "NUMBER", "ENROLLED", "LAST USED", "APPS",
		    "ON THIS HOST");
	terminal_clean(g->name, name, sizeof(name));
	if (strlen(name) > 18) {
		result(p->call, "%s", name);
		name[0] = '\0';
	}
	standing_time(g->enrolled, enrolled, sizeof(enrolled));
	standing_time(g->used, used, sizeof(used));
	if (g->here)
		snprintf(side, sizeof(side), "number %u", (unsigned)g->uid);
	result(p->call, "%-18s  %10u  %-10.10s  %-10.10s  %4u  %s", name,
	    (unsigned)g->stored_uid, enrolled, used, (unsigned)g->apps, side);
	if (g->heir == NULL)
		return;
	terminal_clean(g->heir, name, sizeof(name));
	result(p->call, "%18s  %10u  is %s on this host", "",
	    (unsigned)g->stored_uid, name);
}

static void
tell_json(const struct prune *p)
{
	json_t *list = json_list("accounts"), *j;
	const struct gone *g;

	for (g = p->gone; g < p->gone + p->count; g++) {
		j = json_new();
		json_object_set_new(j, "name", json_words(g->name));
		json_object_set_new(j, "stored_uid",
		    json_integer(g->stored_uid));
		json_object_set_new(j, "enrolled", json_when(g->enrolled));
		json_object_set_new(j, "last_used", json_when(g->used));
		json_object_set_new(j, "authenticators",
		    json_integer(g->apps));
		json_object_set_new(j, "uid", g->here ?
		    json_integer(g->uid) : json_null());
		json_object_set_new(j, "uid_is_now", g->heir != NULL ?
		    json_words(g->heir) : json_null());
		json_array_append_new(list, j);
	}
}

static enum exit_status
dry_run(struct prune *p)
{
	char sources[128];
	enum exit_status status = find(p);
	size_t i;

	if (status != EXIT_DONE)
		return status;
	for (i = 0; i < p->count; i++)
		tell(p, &p->gone[i], i == 0);
	if (call_has(p->call, OPTION_JSON))
		tell_json(p);
	if (people_sources(p->call, sources, sizeof(sources)))
		say(p->call, "Accounts come from %s too: while that is down, "
		    "it has no accounts. Be sure\nof each name.", sources);
	if (p->count == 0)
		say(p->call, "Everybody in the store is an account of this "
		    "host.");
	else
		say(p->call, "Next: %sstepup prune NAME, for each that is gone "
		    "for good", call_way(p->call));
	return EXIT_DONE;
}

/* --- One account -------------------------------------------------------- */

static enum exit_status
prune_one(const struct call *call, const char *name, json_t *done,
    bool *stopped)
{
	enum exit_status status;
	struct wire_message last;
	struct wire_writer w;
	struct session s;
	char user[256];
	struct call c;

	*stopped = false;
	c = *call;
	if (*name == '\0' || strlen(name) >= sizeof(c.user))
		return usage(call, "not an account name", "");
	snprintf(c.user, sizeof(c.user), "%s", name);
	c.named = true;
	admin_start(&c, VERB_PRUNE, &w);
	status = admin_reason(&c, false, &w);
	if (status != EXIT_DONE)
		return status;
	status = confirm_ask(&c, &w, &s, &last, stopped);
	session_close(&s);
	if (status != EXIT_DONE)
		return status;
	terminal_clean(name, user, sizeof(user));
	result(call, "Done: %s is out of the store.", user);
	if (done != NULL)
		json_array_append_new(done, json_words(name));
	return EXIT_DONE;
}

/* Each for itself; what went wrong first is how it ended. */
static enum exit_status
prune_names(const struct call *call, json_t *done)
{
	enum exit_status status = EXIT_DONE, one = EXIT_DONE;
	bool stopped = false;
	unsigned i;

	for (i = 0; i < call->word_count && !stopped &&
	    one != EXIT_UNAVAILABLE && one != EXIT_USAGE; i++) {
		one = prune_one(call, call->words[i], done, &stopped);
		if (status == EXIT_DONE)
			status = one;
	}
	return status;
}

/* Without names: where the name service is this host's own files alone. */
static enum exit_status
prune_asking(struct prune *p, json_t *done)
{
	char sources[128], what[256], next[96];
	enum exit_status status, one;
	bool stopped;
	size_t i;

	snprintf(next, sizeof(next), "%sstepup prune --dry-run, then "
	    "%sstepup prune NAME...", call_way(p->call), call_way(p->call));
	if (people_sources(p->call, sources, sizeof(sources))) {
		snprintf(what, sizeof(what), "Accounts of this host come from "
		    "%s too: while that is down, everybody looks gone.",
		    sources);
		return verdict_refuse(p->call, EXIT_REFUSED, what, next);
	}
	if (!p->call->terminal->in_tty || call_has(p->call, OPTION_YES))
		return verdict_refuse(p->call, EXIT_USAGE, "Without names each "
		    "account is confirmed on a terminal.", next);
	status = find(p);
	if (status == EXIT_DONE && p->count == 0)
		say(p->call, "Everybody in the store is an account of this "
		    "host.");
	for (i = 0; status == EXIT_DONE && i < p->count; i++) {
		one = prune_one(p->call, p->gone[i].name, done, &stopped);
		if (one != EXIT_CANCELLED || stopped)
			status = one;
	}
	return status;
}

enum exit_status
prune_run(const struct call *call)
{
	struct prune p = { .call = call };
	enum exit_status status;
	json_t *done = NULL;

	if (call_has(call, OPTION_DRY_RUN) && (call->word_count > 0 ||
	    call_has(call, OPTION_YES)))
		return usage(call, "--dry-run lists all of them", "");
	if (call_has(call, OPTION_JSON) && !call_has(call, OPTION_DRY_RUN))
		done = json_list("pruned");
	if (call_has(call, OPTION_DRY_RUN))
		status = dry_run(&p);
	else if (call->word_count > 0)
		status = prune_names(call, done);
	else
		status = prune_asking(&p, done);
	while (p.count > 0) {
		free(p.gone[--p.count].name);
		free(p.gone[p.count].heir);
	}
	free(p.gone);
	return status;
}
