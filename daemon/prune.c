/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PRUNE: accounts of the store that this host does not have.  The list
 * tells what the name service says; that somebody is gone is never
 * concluded from it (a directory that is down says "no such user"), only
 * from root's word about one name.  An error of the name service, or an
 * account that stands there as it is stored, refuses even that.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/move.h"
#include "daemon/rows.h"

/* --- The list ------------------------------------------------------------- */

struct sweep {
	struct rows	 rows;
	struct roster	*roster;
	enum outcome	 o;
};

static void
put_gone(struct sweep *w, const struct store_line *l,
    const struct person *same, const struct person *heir)
{
	struct wire_writer row;

	wire_start(&row, WIRE_VERSION, VERB_PRUNE);
	wire_put_string(&row, TAG_NAME, l->name);
	wire_put_uint(&row, TAG_STORED_UID, l->uid);
	if (l->enrolled_at != 0)
		wire_put_int64(&row, TAG_ENROLLED, l->enrolled_at);
	if (l->used_at != 0)
		wire_put_int64(&row, TAG_USED, l->used_at);
	wire_put_uint(&row, TAG_COUNT, (uint32_t)l->credential_count);
	wire_put_uint(&row, TAG_LEFT, (uint32_t)l->codes_left);
	if (same->known)
		wire_put_uint(&row, TAG_UID, same->uid);
	if (heir->known)
		wire_put_string(&row, TAG_NEW_NAME, heir->name);
	rows_add(&w->rows, &row);
}

/* OUT_DONE and OUT_NO_USER alone are answers. */
static bool
answered(struct sweep *w, enum outcome o)
{
	if (o == OUT_DONE || o == OUT_NO_USER)
		return true;
	w->o = o;
	return false;
}

static bool
sweep_line(const struct store_line *l, void *arg)
{
	struct sweep *w = arg;
	struct person same, heir;

	if (roster_has(w->roster, l->name, l->uid))
		return true;
	if (!answered(w, person_by_name(&same, l->name,
	    &w->rows.s->failure)))
		return false;
	if (same.known && same.uid == l->uid &&
	    strcmp(same.name, l->name) == 0)
		return true;
	if (!answered(w, person_by_uid(&heir, l->uid, &w->rows.s->failure)))
		return false;
	put_gone(w, l, &same, &heir);
	return !w->rows.gone;
}

static enum outcome
sweep_all(struct session *s)
{
	struct sweep w = { .rows = { .s = s }, .o = OUT_DONE };
	struct store *store;
	enum outcome o;

	o = site_store(s->site, &store, &s->failure);
	if (o != OUT_DONE)
		return o;
	w.roster = roster_new();
	o = session_store_code(s, site_driver(s->site)->lines(store,
	    sweep_line, &w, &s->failure));
	roster_free(w.roster);
	if (o == OUT_DONE)
		o = w.o;
	if (o == OUT_DONE && w.rows.len > 0)
		rows_flush(&w.rows);
	return w.rows.gone ? OUT_NO_INPUT : o;
}

/* --- One account ---------------------------------------------------------- */

/* Whether it may go, before the question and after it. */
static enum outcome
prune_look(struct session *s, struct person *same, struct person *heir)
{
	enum outcome o;

	o = person_by_name(same, s->name, &s->failure);
	if (o != OUT_DONE && o != OUT_NO_USER)
		return o;
	if (same->known && same->uid == s->account.uid)
		return OUT_LIVING;
	o = person_by_uid(heir, s->account.uid, &s->failure);
	return o == OUT_NO_USER ? OUT_DONE : o;
}

static bool
tell_heir(const struct session *s, const struct person *heir)
{
	char text[WIRE_STRING_MAX + 1];

	if (!heir->known)
		return true;
	snprintf(text, sizeof(text), "User number %lu is %.80s here: the same "
	    "person takes stepup rename.",
	    (unsigned long)heir->uid, heir->name);
	return talk_note(s->talk, text);
}

static enum store_code
work_forget(struct session *s, struct store *store, int64_t now, void *arg,
    enum outcome *o)
{
	struct store_event event = session_event(s, now);
	struct account *a = arg;
	enum store_code code;

	code = move_load_again(s, store, a, o);
	if (code != STORE_OK || *o != OUT_DONE)
		return code;
	return site_driver(s->site)->forget(store, a, &event, &s->failure);
}

static enum outcome
forget(struct session *s)
{
	struct account *a = site_account(s->site);
	enum outcome o;

	if (a == NULL)
		return OUT_MEMORY;
	session_note_was(s, "%.120s", s->name);
	o = session_write(s, work_forget, a);
	account_wipe(a);
	return o;
}

static enum outcome
prune_one(struct session *s)
{
	struct person same, heir;
	enum outcome o;

	o = session_note(s, false);
	if (o == OUT_DONE)
		o = move_read(s);
	if (o == OUT_DONE)
		o = prune_look(s, &same, &heir);
	if (o != OUT_DONE)
		return o;
	if (!move_tell_stored(s) || !move_tell_host(s, s->name, &same) ||
	    !tell_heir(s, &heir) || !talk_note(s->talk, "With the account go "
	    "its authenticators, recovery codes, limits and locks."))
		return OUT_NO_INPUT;
	o = session_confirm(s, "Delete it from the store?");
	if (o == OUT_DONE)
		o = prune_look(s, &same, &heir);
	if (o == OUT_DONE)
		o = forget(s);
	if (o == OUT_DONE)
		session_tell(s, "change.pruned");
	return o;
}

enum outcome
prune_serve(struct session *s)
{
	return wire_has(s->request, TAG_NAME) ? prune_one(s) : sweep_all(s);
}
