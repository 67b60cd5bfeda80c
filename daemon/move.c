/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RENAME and REBIND: root says that an account of the store is one of this
 * host that has another name, or another uid, by now.
 *
 * - A factor never follows a name or a uid by itself: both are given out
 *   again, and OUT_CHANGED denies until root has seen both sides and said
 *   yes.  What is shown before the question is looked up again after it,
 *   and is the same then.
 * - Only one of the two changes, the other ties them together.  Where both
 *   did there is nothing left that says who it is.
 * - Neither takes a place that somebody has, in the store or on this host:
 *   the old name must be nobody's, the new uid no other row's.
 * - Seals are bound to the name: they are opened and closed anew in the
 *   transaction that writes it.  Steps, codes and limiters stay, so that
 *   nothing can be replayed and no failure is forgotten.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/move.h"
#include "daemon/seal.h"

enum outcome
move_look(struct session *s)
{
	const struct store_driver *driver = site_driver(s->site);
	enum store_code code;
	struct store *store;
	enum outcome o;

	o = session_begin(s, STORE_READ, &store);
	if (o != OUT_DONE)
		return o;
	code = driver->who(store, s->name, s->uid, &s->who, &s->failure);
	driver->rollback(store);
	s->who_known = code == STORE_OK;
	return session_store_code(s, code);
}

enum outcome
move_read(struct session *s)
{
	enum outcome o;

	if (!wire_get_string(s->request, TAG_NAME, s->name) ||
	    s->name[0] == '\0')
		return OUT_PROTOCOL;
	s->uid = (uid_t)-1;
	o = move_look(s);
	if (o != OUT_DONE)
		return o;
	if (!s->who.by_name)
		return OUT_NO_ACCOUNT;
	s->uid = s->who.uid;
	return session_load(s);
}

enum store_code
move_load_again(struct session *s, struct store *store, struct account *a,
    enum outcome *o)
{
	enum store_code code;

	code = site_driver(s->site)->load(store, s->account.name,
	    s->account.uid, a, &s->failure);
	if (code == STORE_OK && (a->match != ACCOUNT_FOUND ||
	    a->id != s->account.id))
		*o = session_changed(s);
	return code;
}

void
move_put(const struct session *s, struct wire_writer *w)
{
	if (!s->who_known)
		return;
	if (s->uid_known)
		wire_put_uint(w, TAG_UID, s->uid);
	if (s->who.by_name)
		wire_put_uint(w, TAG_STORED_UID, s->who.uid);
	if (s->who.by_uid)
		wire_put_string(w, TAG_STORED_NAME, s->who.name);
	if (s->new_name[0] != '\0')
		wire_put_string(w, TAG_NEW_NAME, s->new_name);
}

/* --- What is shown -------------------------------------------------------- */

static void
day(int64_t when, char buf[32])
{
	time_t t = (time_t)when;
	struct tm tm;

	if (when <= 0 || localtime_r(&t, &tm) == NULL ||
	    strftime(buf, 32, "%Y-%m-%d", &tm) == 0)
		strcpy(buf, "never");
}

bool
move_tell_stored(const struct session *s)
{
	const struct account *a = &s->account;
	char text[WIRE_STRING_MAX + 1], enrolled[32], used[32];
	int64_t last = 0;
	size_t i;

	for (i = 0; i < a->credential_count; i++)
		if (a->credentials[i].used_at > last)
			last = a->credentials[i].used_at;
	for (i = 0; i < a->recovery.count; i++)
		if (a->recovery.codes[i].spent_at > last)
			last = a->recovery.codes[i].spent_at;
	day(a->enrolled_at, enrolled);
	day(last, used);
	snprintf(text, sizeof(text), "In the store: %.120s, user number "
	    "%" PRIu32 ".", a->name, (uint32_t)a->uid);
	if (!talk_note(s->talk, text))
		return false;
	snprintf(text, sizeof(text), "  enrolled %s, last used %s, %zu "
	    "app%s, %zu recovery codes", enrolled, used, a->credential_count,
	    a->credential_count == 1 ? "" : "s", account_codes_left(a));
	return talk_note(s->talk, text);
}

bool
move_tell_host(const struct session *s, const char *name,
    const struct person *p)
{
	char text[WIRE_STRING_MAX + 1];

	if (p->known)
		snprintf(text, sizeof(text), "On this host: %.120s, user "
		    "number %" PRIu32 ".", p->name, (uint32_t)p->uid);
	else
		snprintf(text, sizeof(text), "On this host: nobody is called "
		    "%.120s, as the name service has it.", name);
	return talk_note(s->talk, text);
}

/* Root's yes was to something else. */
static enum outcome
host_changed(struct session *s)
{
	return failure_set(&s->failure, OUT_BUSY, NULL,
	    "the name service said something else meanwhile");
}

static enum outcome
confirm_same(struct session *s)
{
	if (!talk_note(s->talk, "Whoever has the factor of the first is let "
	    "in as the second from then on."))
		return OUT_NO_INPUT;
	return session_confirm(s, "Is that the same person?");
}

/* --- RENAME --------------------------------------------------------------- */

/* Everything that must hold, before the question and after it. */
static enum outcome
rename_look(struct session *s, struct person *new)
{
	struct person old;
	enum outcome o;

	o = person_by_name(new, s->new_name, &s->failure);
	if (o != OUT_DONE)
		return o;
	if (strcmp(new->name, s->name) == 0)
		return OUT_LIVING;
	o = person_by_name(&old, s->name, &s->failure);
	if (o == OUT_DONE && old.uid == s->account.uid)
		return failure_set(&s->failure, OUT_LIVING, NULL,
		    "the old name is still one of this host");
	if (o == OUT_DONE)
		return failure_set(&s->failure, OUT_MISMATCH, NULL,
		    "the old name is another account of this host now, user "
		    "number %lu", (unsigned long)old.uid);
	if (o != OUT_NO_USER)
		return o;
	if (new->uid != s->account.uid)
		return failure_set(&s->failure, OUT_MISMATCH, NULL,
		    "the store has user number %lu, this host %lu: that is "
		    "not the same account by another name",
		    (unsigned long)s->account.uid, (unsigned long)new->uid);
	return OUT_DONE;
}

/*
 * Opened under the name it had, closed under the one it gets; in the
 * transaction that writes it, with the ring as it is now (site_seal).
 */
static enum outcome
seal_anew(struct session *s, struct account *a)
{
	const struct keyring *ring = NULL;
	struct seal_row row = { .account_id = a->id, .user = s->new_name };
	struct credential *c;
	size_t i;

	if (a->credential_count > 0) {
		site_look_keyring(s->site);
		ring = site_keyring(s->site, &s->failure);
	}
	if (a->credential_count > 0 && (ring == NULL ||
	    !seal_open_account(ring, a, &s->failure)))
		return OUT_KEY;
	for (i = 0; i < a->credential_count; i++) {
		c = &a->credentials[i];
		row.credential_id = c->id;
		if (!seal_close(ring, &row, &c->secret, &c->sealed))
			return failure_set(&s->failure, OUT_KEY, NULL,
			    "a secret cannot be sealed");
		secret_wipe(&c->secret);
		c->opened = false;
	}
	memcpy(a->name, s->new_name, sizeof(a->name));
	return OUT_DONE;
}

static enum store_code
work_rename(struct session *s, struct store *store, int64_t now, void *arg,
    enum outcome *o)
{
	const struct store_driver *driver = site_driver(s->site);
	struct store_event event = session_event(s, now);
	struct account *a = arg;
	struct store_who who;
	enum store_code code;

	code = move_load_again(s, store, a, o);
	if (code != STORE_OK || *o != OUT_DONE)
		return code;
	code = driver->who(store, s->new_name, (uid_t)-1, &who, &s->failure);
	if (code == STORE_OK && who.by_name)
		*o = failure_set(&s->failure, OUT_MISMATCH, NULL,
		    "the store has the new name already, with user number "
		    "%lu", (unsigned long)who.uid);
	if (code == STORE_OK && *o == OUT_DONE)
		*o = seal_anew(s, a);
	if (code != STORE_OK || *o != OUT_DONE)
		return code;
	return driver->rename(store, a, s->name, &event, &s->failure);
}

static enum outcome
rename_commit(struct session *s)
{
	struct account *a = site_account(s->site);
	enum outcome o;

	if (a == NULL)
		return OUT_MEMORY;
	session_note_was(s, "was %.120s", s->name);
	o = session_write(s, work_rename, a);
	account_wipe(a);
	return o;
}

enum outcome
rename_serve(struct session *s)
{
	struct person new;
	enum outcome o;

	if (!wire_get_string(s->request, TAG_NEW_NAME, s->new_name) ||
	    s->new_name[0] == '\0')
		return OUT_PROTOCOL;
	o = session_note(s, false);
	if (o == OUT_DONE)
		o = move_read(s);
	if (o == OUT_DONE)
		o = rename_look(s, &new);
	if (o != OUT_DONE)
		return o;
	memcpy(s->new_name, new.name, sizeof(s->new_name));
	if (!move_tell_stored(s) || !move_tell_host(s, new.name, &new))
		return OUT_NO_INPUT;
	o = confirm_same(s);
	if (o == OUT_DONE)
		o = rename_look(s, &new);
	if (o == OUT_DONE && strcmp(new.name, s->new_name) != 0)
		o = host_changed(s);
	if (o == OUT_DONE)
		o = rename_commit(s);
	if (o == OUT_DONE)
		session_tell(s, "change.renamed");
	return o;
}

/* --- REBIND --------------------------------------------------------------- */

/* Whose the old uid is on this host: root should know. */
static bool
tell_heir(const struct session *s)
{
	char text[WIRE_STRING_MAX + 1];
	struct person heir;

	if (person_by_uid(&heir, s->account.uid, NULL) != OUT_DONE)
		return true;
	snprintf(text, sizeof(text), "User number %lu is %.120s here.",
	    (unsigned long)heir.uid, heir.name);
	return talk_note(s->talk, text);
}

static enum outcome
rebind_look(struct session *s, struct person *p)
{
	enum outcome o;

	o = person_by_name(p, s->name, &s->failure);
	if (o != OUT_DONE)
		return o;
	if (strcmp(p->name, s->name) != 0)
		return failure_set(&s->failure, OUT_MISMATCH, NULL,
		    "this host spells that name differently");
	if (p->uid == s->account.uid)
		return OUT_LIVING;
	s->uid = p->uid;
	s->uid_known = true;
	o = move_look(s);
	if (o != OUT_DONE || !s->who.by_uid)
		return o;
	return failure_set(&s->failure, OUT_MISMATCH, NULL,
	    "the store has user number %lu as another account's",
	    (unsigned long)p->uid);
}

static enum store_code
work_rebind(struct session *s, struct store *store, int64_t now, void *arg,
    enum outcome *o)
{
	struct store_event event = session_event(s, now);
	struct account *a = arg;
	enum store_code code;

	code = move_load_again(s, store, a, o);
	if (code != STORE_OK || *o != OUT_DONE)
		return code;
	a->uid = s->uid;
	return site_driver(s->site)->rebind(store, a, s->account.uid, &event,
	    &s->failure);
}

static enum outcome
rebind_commit(struct session *s)
{
	struct account *a = site_account(s->site);
	enum outcome o;

	if (a == NULL)
		return OUT_MEMORY;
	session_note_was(s, "was user number %lu",
	    (unsigned long)s->account.uid);
	o = session_write(s, work_rebind, a);
	account_wipe(a);
	return o;
}

enum outcome
rebind_serve(struct session *s)
{
	struct person shown, now;
	enum outcome o;

	o = session_note(s, false);
	if (o == OUT_DONE)
		o = move_read(s);
	if (o == OUT_DONE)
		o = rebind_look(s, &shown);
	if (o != OUT_DONE)
		return o;
	if (!move_tell_stored(s) || !move_tell_host(s, s->name, &shown) ||
	    !tell_heir(s))
		return OUT_NO_INPUT;
	o = confirm_same(s);
	if (o == OUT_DONE)
		o = rebind_look(s, &now);
	if (o == OUT_DONE && now.uid != shown.uid)
		o = host_changed(s);
	if (o == OUT_DONE)
		o = rebind_commit(s);
	if (o == OUT_DONE)
		session_tell(s, "change.rebound");
	return o;
}
