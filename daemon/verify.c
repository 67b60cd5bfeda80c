/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/keyring.h"
#include "daemon/seal.h"
#include "daemon/verify.h"

/* One transaction's tools. */
struct turn {
	struct site		*site;
	const struct settings	*settings;
	const struct store_driver *driver;
	struct store		*store;
	struct account		*account;	/* the site's, wiped after use */
	/* Not STORE_OK: the handle is spoilt, open anew before the next. */
	enum store_code		 spoilt;
	struct failure		 failure;
};

static void
ask_fail(struct ask *a, enum outcome o, const struct failure *f)
{
	memset(&a->facts, 0, sizeof(a->facts));
	a->outcome = o;
	a->failure = *f;
}

/* False: this ask failed; a code that spoils the handle is remembered. */
static bool
turn_ok(struct turn *t, struct ask *a, enum store_code code,
    const struct failure *f)
{
	if (code == STORE_OK)
		return true;
	if (code == STORE_BROKEN || code == STORE_REFUSED ||
	    code == STORE_ABSENT) {
		t->spoilt = code;
		t->failure = *f;
	}
	ask_fail(a, store_outcome(code), f);
	return false;
}

static void
turn_fail_all(struct turn *t, struct ask *const asks[], size_t n,
    enum store_code code, const struct failure *f)
{
	size_t i;

	for (i = 0; i < n; i++)
		turn_ok(t, asks[i], code, f);
}

/* Opens what a transaction needs; false: every ask has its outcome. */
static bool
turn_start(struct turn *t, struct site *site, const struct settings *settings,
    enum store_mode mode, struct ask *const asks[], size_t n)
{
	struct failure f = { 0 };
	enum store_code code;
	enum outcome o;
	size_t i;

	memset(t, 0, sizeof(*t));
	t->site = site;
	t->settings = settings;
	t->driver = site_driver(site);
	o = site_store(site, &t->store, &f);
	if (o == OUT_DONE && (t->account = site_account(site)) == NULL)
		o = OUT_MEMORY;
	if (o != OUT_DONE) {
		for (i = 0; i < n; i++)
			ask_fail(asks[i], o, &f);
		return false;
	}
	code = t->driver->begin(t->store, mode, &f);
	if (code != STORE_OK)
		turn_fail_all(t, asks, n, code, &f);
	return code == STORE_OK;
}

static void
turn_end(struct turn *t)
{
	if (t->account != NULL)
		account_wipe(t->account);
	if (t->spoilt != STORE_OK)
		site_drop_store(t->site);
}

bool
verify_keys_known(struct site *site, const struct account *a,
    struct failure *f)
{
	const struct keyring *ring = site_keyring(site, f);
	const char *id;
	size_t i;

	if (ring == NULL)
		return false;
	for (i = 0; i < a->credential_count; i++) {
		id = a->credentials[i].sealed.key_id;
		if (keyring_find(ring, id) != NULL)
			continue;
		site_look_keyring(site);
		if ((ring = site_keyring(site, f)) == NULL)
			return false;
		if (keyring_find(ring, id) == NULL) {
			failure_set(f, OUT_KEY, site_paths(site)->keyring,
			    "no key %s in the ring", id);
			return false;
		}
	}
	return true;
}

/* The account asked about; an unknown person's is nobody's. */
static bool
load(struct turn *t, struct ask *a)
{
	struct failure f = { 0 };
	enum store_code code;

	account_wipe(t->account);
	if (!a->request.known)
		return true;
	code = t->driver->load(t->store, a->name, a->uid, t->account, &f);
	if (code != STORE_REFUSED)
		return turn_ok(t, a, code, &f);
	/* One damaged row is that person's trouble alone. */
	ask_fail(a, OUT_STORE, &f);
	return false;
}

/* Nobody passes for want of a row where key or store are not this host's. */
static bool
keys_known(struct turn *t, const struct policy *p, struct failure *f)
{
	return verify_keys_known(t->site, t->account, f) &&
	    (!p->pass_unenrolled || account_has_factor(t->account) ||
	    site_own_store(t->site, f));
}

/* Uncovered services pass without a store. */
static bool
covered(const struct settings *settings, struct ask *a, int64_t now,
    struct policy *p)
{
	site_policy(settings, a->service, now, p);
	p->clock_ok = clock_sound(now);
	if (a->own)
		p->covered = true;
	if (p->covered)
		return true;
	a->outcome = OUT_NOT_COVERED;
	memset(&a->facts, 0, sizeof(a->facts));
	return false;
}

static void
check_one(struct turn *t, struct ask *a, int64_t now)
{
	struct failure f = { 0 };
	struct decision d;
	struct policy p;

	if (!covered(t->settings, a, now, &p) || !load(t, a))
		return;
	a->request.service = a->service;
	p.key_ok = keys_known(t, &p, &f);
	a->outcome = decide_check(t->account, &a->request, &p, now, &d);
	a->facts = d.facts;
	a->stale = !p.key_ok;
	if (!p.key_ok)
		a->failure = f;
}

/* Moves what the settings already answer to the end; returns the rest. */
static size_t
leave_covered(const struct settings *settings, struct ask *const asks[],
    size_t n, struct ask *rest[ROUND_MAX])
{
	int64_t now = clock_now();
	struct policy p;
	size_t i, left = 0;

	for (i = 0; i < n; i++)
		if (covered(settings, asks[i], now, &p))
			rest[left++] = asks[i];
	return left;
}

static void
checks_transaction(struct site *site, const struct settings *settings,
    struct ask *const asks[], size_t n)
{
	struct turn t;
	size_t i;

	for (i = 0; i < n; i++) {
		asks[i]->stale = false;
		memset(&asks[i]->failure, 0, sizeof(asks[i]->failure));
	}
	if (turn_start(&t, site, settings, STORE_READ, asks, n)) {
		for (i = 0; i < n; i++)
			check_one(&t, asks[i], clock_now());
		/* A store found broken has told nobody the truth. */
		if (t.spoilt != STORE_OK)
			turn_fail_all(&t, asks, n, t.spoilt, &t.failure);
		t.driver->rollback(t.store);
	}
	turn_end(&t);
}

/*
 * A key that is not in the ring: what was read may be older than the ring,
 * which a rotation has shortened since.  Once more, with the ring first.
 */
void
verify_checks(struct site *site, const struct settings *settings,
    struct ask *const asks[], size_t n)
{
	struct ask *rest[ROUND_MAX];
	size_t i, stale;
	int tries;

	n = leave_covered(settings, asks, n, rest);
	for (tries = 0; tries < 2 && n > 0; tries++) {
		checks_transaction(site, settings, rest, n);
		for (i = stale = 0; i < n; i++)
			if (rest[i]->stale)
				rest[stale++] = rest[i];
		n = stale;
	}
}

/*
 * The salts of each recovery code's set and of the login pass, read before
 * the transaction; who has none gets zeroes, and the same work.
 */
static bool
read_salts(struct site *site, const struct settings *settings,
    struct ask *const asks[], size_t n)
{
	struct answer *answer;
	struct turn t;
	bool ok;
	size_t i;

	ok = turn_start(&t, site, settings, STORE_READ, asks, n);
	for (i = 0; ok && i < n; i++) {
		if (asks[i]->code[0] == '\0' || !load(&t, asks[i]))
			continue;
		answer = &asks[i]->request.answer;
		memcpy(answer->salt, t.account->recovery.salt, RECOVERY_SALT);
		memcpy(answer->pass_salt, t.account->passes[PASS_LOGIN].salt,
		    RECOVERY_SALT);
	}
	if (ok)
		t.driver->rollback(t.store);
	turn_end(&t);
	return ok;
}

/* Outside every transaction: this is the slow part (PBKDF2). */
static bool
prepare_hashes(struct site *site, const struct settings *settings,
    struct ask *const asks[], size_t n)
{
	struct answer *answer;
	bool any = false;
	size_t i;

	for (i = 0; i < n; i++)
		any = any || asks[i]->code[0] != '\0';
	if (!any)
		return true;
	if (!read_salts(site, settings, asks, n))
		return false;
	for (i = 0; i < n; i++) {
		answer = &asks[i]->request.answer;
		if (asks[i]->code[0] != '\0' && (!recovery_hash(asks[i]->code,
		    answer->salt, RECOVERY_ROUNDS, answer->hash) ||
		    !recovery_hash(asks[i]->code, answer->pass_salt,
		    RECOVERY_ROUNDS, answer->pass_hash)))
			asks[i]->code[0] = '\0';
	}
	return true;
}

static void
event_of(const struct ask *a, int64_t now, struct store_event *e)
{
	bool public = a->request.door == DOOR_PUBLIC;

	memset(e, 0, sizeof(*e));
	e->at = now;
	e->door = a->request.door;
	e->outcome = a->outcome;
	e->kind = a->facts.kind;
	if (public)
		return;
	e->service = a->service;
	e->rhost = a->rhost;
	e->tty = a->tty;
}

/* Whether app codes can be checked: keys known and every seal opened. */
static bool
open_seals(struct turn *t, struct ask *a, const struct policy *p)
{
	const struct keyring *ring;

	if (!keys_known(t, p, &a->failure))
		return false;
	if (a->request.answer.kind != KIND_TOTP)
		return true;
	ring = site_keyring(t->site, &a->failure);
	if (ring == NULL || seal_open_account(ring, t->account, &a->failure))
		return ring != NULL;
	snprintf(a->failure.path, sizeof(a->failure.path), "%s",
	    site_paths(t->site)->keyring);
	return false;
}

/* Decides one VERIFY inside the open transaction and writes its effects. */
static bool
verify_one(struct turn *t, struct ask *a, int64_t now)
{
	char code[ANSWER_CODE];
	struct failure f = { 0 };
	struct store_event event;
	struct decision d;
	struct policy p;

	if (!covered(t->settings, a, now, &p) || !load(t, a))
		return false;
	answer_form(t->account, (const char *)a->typed.data, a->typed.len,
	    &a->request.answer, code);
	explicit_bzero(code, sizeof(code));
	if (a->request.answer.kind == KIND_RECOVERY && a->code[0] == '\0') {
		ask_fail(a, OUT_MEMORY, &f);	/* it could not be hashed */
		return false;
	}
	a->request.service = a->service;
	p.key_ok = open_seals(t, a, &p);
	a->outcome = decide_verify(t->account, &a->request, &p, now, &d);
	a->facts = d.facts;
	a->stale = d.stale_salt;
	if (d.effect_count == 0)
		return false;
	event_of(a, now, &event);
	return turn_ok(t, a, t->driver->apply(t->store, t->account, &d, &event,
	    &f), &f);
}

/* Each in a savepoint: what one of them spoils is undone alone. */
static void
verify_marked(struct turn *t, struct ask *a, int64_t now)
{
	struct failure f = { 0 };

	if (!turn_ok(t, a, t->driver->mark(t->store, &f), &f))
		return;
	if (!verify_one(t, a, now)) {
		t->driver->undo(t->store);
		return;
	}
	if (!turn_ok(t, a, t->driver->keep(t->store, &f), &f))
		t->driver->undo(t->store);
}

static void
verify_transaction(struct site *site, const struct settings *settings,
    struct ask *const asks[], size_t n)
{
	struct failure f = { 0 };
	enum store_code code;
	struct turn t;
	int64_t now;
	size_t i;

	if (turn_start(&t, site, settings, STORE_WRITE, asks, n)) {
		now = clock_now();
		for (i = 0; i < n; i++)
			verify_marked(&t, asks[i], now);
		code = t.driver->commit(t.store, &f);
		if (code != STORE_OK)
			turn_fail_all(&t, asks, n, code, &f);
	}
	turn_end(&t);
}

void
verify_answers(struct site *site, const struct settings *settings,
    struct ask *const asks[], size_t n)
{
	struct ask *rest[ROUND_MAX];
	size_t i, stale;
	int tries;

	n = leave_covered(settings, asks, n, rest);
	for (tries = 0; tries < 2 && n > 0; tries++) {
		if (!prepare_hashes(site, settings, rest, n))
			return;
		verify_transaction(site, settings, rest, n);
		for (i = stale = 0; i < n; i++)
			if (rest[i]->stale)
				rest[stale++] = rest[i];
		n = stale;
	}
}
