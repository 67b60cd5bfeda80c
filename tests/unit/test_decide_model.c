/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decide() beside a naive second one (decide_naive.h) through random worlds
 * (decide_world.h): both must say and leave behind the same.  What no
 * answer may ever bring about is checked besides, without either.
 */
#include "tests/unit/unit.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "daemon/crypto.h"
#include "tests/unit/decide_world.h"

#define STEPS	500	/* of one world */
#define WORLDS	60	/* of one seed */

static const uint64_t seeds[] = {
	UINT64_C(0x5eed0001), UINT64_C(0x5eed0002), UINT64_C(0x5eed0003),
	UINT64_C(0x5eed0004)
};

/* Where we are, for whoever has to look into a failure. */
struct place {
	uint64_t seed;
	unsigned step;
	const struct naive_ask *ask;
};

/* What was accepted and charged, for what may never happen. */
struct fence {
	unsigned wrong;		/* charged since the last success */
	int64_t	 until;		/* the wait's end, 0: none */
};

struct ledger {
	struct fence fence[2][2];	/* public door, app code */
	size_t	 spent_count;
	char	 spent[STEPS][NAIVE_CODE];	/* recovery codes accepted */
};

static unsigned worlds;		/* of one seed, in this run */
static unsigned seen[OUT_COUNT];	/* how often an outcome came */

/* ---- telling ---- */

static void
tell_facts(const char *who, enum outcome o, const struct outcome_facts *f)
{
	print_error("  %s: %s kind %u kinds %u why %d wait %" PRIu32
	    " count %" PRIu32 "/%" PRIu32 " lock %" PRIu32 " left %" PRIu32
	    "\n", who, outcome_row(o)->audit, f->kind, f->kinds, (int)f->why,
	    f->wait, f->count, f->limit, f->lock, f->left);
}

static void
tell_place(const struct place *at, const struct world *w, const char *what)
{
	const struct policy *p = &w->policy;

	print_error("%s: world 0x%" PRIx64 ", step %u: now %" PRId64
	    " door %d earlier %u typed \"%.*s\"\n", what, at->seed, at->step,
	    at->ask->now, (int)at->ask->door, at->ask->earlier,
	    (int)at->ask->len, at->ask->typed);
	print_error("  attempts %u lock %u cap %u/%u window %u key %d clock "
	    "%d covered %d pass %d once %d\n", p->limits.attempts,
	    p->limits.lock, p->limits.cap, p->limits.cap_year, p->window,
	    p->key_ok, p->clock_ok, p->covered, p->pass_unenrolled,
	    p->pass_once);
}

static void
tell_state(const char *who, const struct account *a)
{
	const struct limiter *l;
	size_t i;

	print_error("  %s:", who);
	for (i = 0; i < LIMITERS; i++) {
		l = &a->limiters[i];
		print_error(" [%" PRId64 " %" PRId64 " since %" PRId64
		    " wait %" PRId64 "+%" PRId64 "]", l->consecutive, l->total,
		    l->total_since, l->wait_start, l->wait_length);
	}
	for (i = 0; i < a->credential_count; i++)
		print_error(" last %" PRId64 " used %" PRId64,
		    a->credentials[i].last_step, a->credentials[i].used_at);
	for (i = 0; i < a->recovery.count; i++)
		print_error(" %" PRId64, a->recovery.codes[i].spent_at);
	print_error("\n");
}

/* ---- comparing ---- */

static void
same_decision(const struct place *at, const struct world *w, const char *what,
    const struct decision *d, enum outcome returned,
    const struct naive_verdict *v)
{
	const struct outcome_facts *f = &d->facts, *n = &v->facts;
	size_t i;
	bool same = d->outcome == v->outcome && returned == d->outcome &&
	    f->kind == n->kind && f->kinds == n->kinds && f->why == n->why &&
	    f->wait == n->wait && f->count == n->count &&
	    f->limit == n->limit && f->lock == n->lock &&
	    f->left == n->left && d->stale_salt == v->stale &&
	    d->effect_count == v->effect_count;

	for (i = 0; same && i < v->effect_count; i++)
		same = d->effects[i] == v->effects[i];
	if (same)
		return;
	tell_place(at, w, what);
	tell_facts("real ", d->outcome, f);
	tell_facts("naive", v->outcome, n);
	print_error("  effects real:");
	for (i = 0; i < d->effect_count; i++)
		print_error(" %d", (int)d->effects[i]);
	print_error(", naive:");
	for (i = 0; i < v->effect_count; i++)
		print_error(" %d", (int)v->effects[i]);
	print_error("; returned %d, stale %d %d\n", (int)returned,
	    d->stale_salt, v->stale);
	fail();
}

static void
same_account(const struct place *at, const struct world *w,
    const struct account *expected)
{
	if (memcmp(&w->account, expected, sizeof(*expected)) == 0)
		return;
	tell_place(at, w, "account differs");
	tell_state("real ", &w->account);
	tell_state("naive", expected);
	fail();
}

/* ---- what decide() is given ---- */

/* decide() only compares hashes, so that a quick one will do. */
static void
hash_code(const char *code, const uint8_t *salt, uint8_t *hash)
{
	uint8_t text[RECOVERY_SALT + 16];

	memcpy(text, salt, RECOVERY_SALT);
	memcpy(text + RECOVERY_SALT, code, 16);
	SHA256(text, sizeof(text), hash);
}

static void
hash_set(struct world *w)
{
	struct recovery_set *set = &w->account.recovery;
	size_t i;

	for (i = 0; i < set->count; i++)
		hash_code(w->naive.code[i], set->salt, set->codes[i].hash);
	for (i = 0; i < PASSES; i++)
		if (w->naive.pass[i].number != 0)
			hash_code(w->naive.pass[i].code,
			    w->account.passes[i].salt,
			    w->account.passes[i].hash);
}

/* The real form rule, held against the naive one. */
static void
form(const struct place *at, struct world *w, struct answer *answer)
{
	const struct naive_ask *ask = at->ask;
	char code[ANSWER_CODE], clean[NAIVE_CODE];
	unsigned real, naive;

	real = answer_form(&w->account, ask->typed, ask->len, answer, code);
	naive = naive_form(&w->naive, ask->typed, ask->len, clean);
	if (real != naive || answer->kind != real ||
	    (real == KIND_TOTP && strcmp(answer->digits, clean) != 0) ||
	    (real == KIND_RECOVERY && strcmp(code, clean) != 0)) {
		tell_place(at, w, "form differs");
		print_error("  real %u, naive %u\n", real, naive);
		fail();
	}
	if (real != KIND_RECOVERY)
		return;
	memcpy(answer->salt, w->account.recovery.salt, RECOVERY_SALT);
	if (ask->other_salt)
		answer->salt[RECOVERY_SALT - 1] ^= 1;
	hash_code(code, answer->salt, answer->hash);
	memcpy(answer->pass_salt, w->account.passes[ask->ticket ? PASS_ENROLL :
	    PASS_LOGIN].salt, RECOVERY_SALT);
	if (ask->other_pass_salt)
		answer->pass_salt[0] ^= 1;
	hash_code(code, answer->pass_salt, answer->pass_hash);
}

/* As the opener of seals does it. */
static void
open_secrets(struct world *w, unsigned kind, size_t broken)
{
	const struct naive_device *d;
	struct credential *c;
	size_t i;

	for (i = 0; i < w->account.credential_count; i++) {
		d = &w->naive.device[i];
		c = &w->account.credentials[i];
		memset(&c->secret, 0, sizeof(c->secret));
		c->algorithm = broken == i + 1 ? OTP_NONE : d->algorithm;
		c->opened = w->policy.key_ok && kind == KIND_TOTP;
		if (c->opened)
			secret_set(&c->secret, d->secret, d->secret_len);
	}
}

/* ---- what may never happen, whoever is right ---- */

#define NEVER(bad, why) do { \
	if (bad) { \
		tell_place(at, w, why); \
		fail(); \
	} \
} while (0)

/* No step and no code is accepted twice, no step is given back. */
static void
never_twice(const struct place *at, const struct world *w,
    struct ledger *l, const struct decision *d, const struct account *before)
{
	const struct credential *c;
	char code[NAIVE_CODE];
	unsigned on = 0;
	size_t i;

	for (i = 0; i < w->account.credential_count; i++) {
		c = &w->account.credentials[i];
		NEVER(c->last_step < before->credentials[i].last_step,
		    "a step is given back");
		if (c->last_step > before->credentials[i].last_step)
			on++;
	}
	NEVER((on > 0) != (d->outcome == OUT_OK_TOTP),
	    "a success without a step");
	for (i = 0; i < w->account.recovery.count; i++)
		NEVER(before->recovery.codes[i].spent_at != 0 &&
		    w->account.recovery.codes[i].spent_at == 0,
		    "a code is given back");
	if (d->outcome != OUT_OK_RECOVERY && d->outcome != OUT_OK_PASS)
		return;
	naive_form(&w->naive, at->ask->typed, at->ask->len, code);
	for (i = 0; i < l->spent_count; i++)
		NEVER(strcmp(l->spent[i], code) == 0,
		    "a code is accepted twice");
	memcpy(l->spent[l->spent_count++], code, sizeof(code));
}

static bool
evaluated(enum outcome o)
{
	return o == OUT_OK_TOTP || o == OUT_OK_RECOVERY ||
	    o == OUT_OK_PASS || o == OUT_BAD_CODE || o == OUT_REPLAY;
}

/* Nothing is accepted, nor even evaluated, where something forbids it. */
static void
never_despite(const struct place *at, const struct world *w,
    const struct decision *d)
{
	const struct policy *p = &w->policy;
	const struct pass *pass = &w->account.passes[PASS_LOGIN];
	bool app = d->facts.kind == KIND_TOTP;

	/* That of a used pass without a factor is none. */
	if (!evaluated(d->outcome) || (d->outcome == OUT_REPLAY &&
	    d->facts.count == 0 && d->facts.limit == 0))
		return;
	NEVER(d->outcome == OUT_OK_PASS && (w->now < pass->created_at ||
	    w->now >= pass->expires_at || !p->clock_ok),
	    "a pass out of its time");
	NEVER(d->outcome == OUT_OK_PASS && pass->service[0] != '\0' &&
	    (at->ask->door != DOOR_LOGIN || at->ask->service == NULL ||
	    strcmp(at->ask->service, pass->service) != 0),
	    "a pass out of its place");
	NEVER(w->account.locked || !w->naive.known || !p->covered ||
	    w->account.match != ACCOUNT_FOUND, "evaluated all the same");
	NEVER(app && (!p->key_ok || !p->clock_ok),
	    "evaluated without key or clock");
	NEVER(d->effect_count != 3 || d->effects[0] != (app ?
	    EFFECT_CREDENTIALS : EFFECT_CODES) ||
	    d->effects[1] != EFFECT_LIMITERS ||
	    d->effects[2] != EFFECT_EVENT, "the rows tell what came of it");
}

/* A budget of K is K, a wait is waited for, a cap is the end. */
static void
never_more(const struct place *at, const struct world *w, struct ledger *l,
    const struct decision *d, const struct account *before)
{
	const struct limits *limits = &w->policy.limits;
	int app = d->facts.kind == KIND_TOTP;
	bool public = at->ask->door == DOOR_PUBLIC;
	struct fence *f = &l->fence[public][app];
	const struct limiter *m = &before->limiters[app ?
	    (public ? LIMITER_TOTP_PUBLIC : LIMITER_TOTP_LOGIN) :
	    (public ? LIMITER_RECOVERY_PUBLIC : LIMITER_RECOVERY_LOGIN)];

	if (m->consecutive == 0)
		*f = (struct fence){ 0 };	/* unlocked meanwhile */
	if (d->outcome == OUT_LOCKED && d->effect_count > 0 &&
	    d->effects[0] == EFFECT_LIMITERS)
		f->until = w->now + m->wait_length;
	if (d->facts.limit == 0)
		return;		/* not evaluated */
	NEVER(f->until != 0 && w->now < f->until, "evaluated during a wait");
	NEVER(app && f->wrong >= limits->cap, "evaluated at the cap");
	if (d->outcome == OUT_OK_TOTP || d->outcome == OUT_OK_RECOVERY ||
	    d->outcome == OUT_OK_PASS || d->outcome == OUT_OK_TICKET)
		*f = (struct fence){ 0 };
	if (d->outcome != OUT_BAD_CODE && d->outcome != OUT_BAD_TICKET)
		return;
	if (++f->wrong % limits->attempts == 0)
		f->until = w->now + limits->lock;
}

/* ---- one step ---- */

/* A ticket: the same comparison, and what may never happen. */
static void
ask_ticket(const struct place *at, struct world *w, struct ledger *l)
{
	struct decision d;
	struct request r = { .door = at->ask->door, .known = w->naive.known };
	const struct pass *ticket = &w->account.passes[PASS_ENROLL];
	struct naive_verdict v;
	static struct account before, expected;
	enum outcome returned;

	form(at, w, &r.answer);
	open_secrets(w, KIND_NONE, 0);
	memcpy(&before, &w->account, sizeof(before));
	memcpy(&expected, &before, sizeof(expected));
	returned = decide_ticket(&w->account, &r, &w->policy, w->now, &d);
	NEVER(d.outcome == OUT_OK_TICKET && (account_has_factor(&before) ||
	    w->account.locked || w->now < ticket->created_at ||
	    w->now >= ticket->expires_at || at->ask->door != DOOR_PUBLIC),
	    "a ticket out of its place");
	never_more(at, w, l, &d, &before);
	naive_ticket(&w->naive, at->ask, &v);
	same_decision(at, w, "ticket differs", &d, returned, &v);
	naive_account(&w->naive, &expected);
	same_account(at, w, &expected);
	seen[d.outcome]++;
}

static void
ask_both(const struct place *at, struct world *w, struct ledger *l)
{
	struct decision d;
	struct request r = { .door = at->ask->door, .known = w->naive.known,
	    .earlier = at->ask->earlier, .service = at->ask->service };
	struct naive_verdict v;
	static struct account before, expected;
	enum outcome returned;

	form(at, w, &r.answer);
	open_secrets(w, r.answer.kind, at->ask->broken);
	memcpy(&before, &w->account, sizeof(before));
	memcpy(&expected, &before, sizeof(expected));

	naive_check(&w->naive, at->ask, &v);
	returned = decide_check(&w->account, &r, &w->policy, w->now, &d);
	same_decision(at, w, "CHECK differs", &d, returned, &v);

	returned = decide_verify(&w->account, &r, &w->policy, w->now, &d);
	never_twice(at, w, l, &d, &before);
	never_despite(at, w, &d);
	never_more(at, w, l, &d, &before);
	naive_verify(&w->naive, at->ask, &v);
	same_decision(at, w, "VERIFY differs", &d, returned, &v);
	naive_account(&w->naive, &expected);
	same_account(at, w, &expected);
	seen[d.outcome]++;
	if (d.outcome == OUT_OK_TOTP)
		strcpy(w->last, r.answer.digits);
	if (d.outcome == OUT_OK_RECOVERY || d.outcome == OUT_OK_PASS)
		naive_form(&w->naive, at->ask->typed, at->ask->len, w->last);
}

static void
run_world(uint64_t seed)
{
	static struct world w;
	static struct ledger ledger;
	struct naive_ask ask;
	struct place at = { .seed = seed, .ask = &ask };

	world_start(&w, seed);
	memset(&ledger, 0, sizeof(ledger));
	for (at.step = 0; at.step < STEPS; at.step++) {
		world_turn(&w);
		hash_set(&w);
		world_ask(&w, &ask);
		if (ask.ticket)
			ask_ticket(&at, &w, &ledger);
		else
			ask_both(&at, &w, &ledger);
	}
}

static void
test_model(void **state)
{
	size_t i;
	unsigned n;

	(void)state;
	worlds = rounds("worlds of a seed", WORLDS, WORLDS / 5);
	assert_true(crypto_start());
	for (i = 0; i < COUNT(seeds); i++)
		for (n = 0; n < worlds; n++)
			run_world(seeds[i] << 16 | n);
}

/* A model that never gets somewhere proves nothing about the place. */
static void
test_everywhere(void **state)
{
	static const enum outcome all[] = {
		OUT_MEMORY, OUT_KEY, OUT_CLOCK, OUT_OK_TOTP,
		OUT_OK_RECOVERY, OUT_OK_PASS, OUT_OK_TICKET, OUT_BAD_TICKET,
		OUT_EXISTS,
		OUT_NOT_COVERED, OUT_NOT_ENROLLED, OUT_MUST_ENROLL,
		OUT_BAD_CODE, OUT_REPLAY, OUT_BAD_FORMAT, OUT_LOCKED,
		OUT_DISABLED, OUT_ADMIN_LOCK, OUT_CHANGED, OUT_NO_USER
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(all); i++) {
		print_message("%s: %u\n", outcome_row(all[i])->audit,
		    seen[all[i]]);
		assert_true(seen[all[i]] >= 100 * worlds / WORLDS);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
