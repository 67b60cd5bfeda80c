/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "tests/unit/decide_naive.h"

/* ---- what can be used ---- */

/*
 * Why a kind cannot be used: OUT_LOCKED with *seconds, OUT_DISABLED, or
 * OUT_DONE when nothing is in the way.  `promise` is CHECK's view.
 */
static enum outcome
barred(const struct naive *w, const struct naive_ask *ask, unsigned kind,
    bool promise, int64_t *seconds)
{
	const struct limits *limits = &ask->policy->limits;
	int door = ask->door == DOOR_PUBLIC;
	int64_t start, length, since;

	*seconds = 0;
	if (kind == KIND_TOTP &&
	    (naive_consecutive(w, kind, door) >= limits->cap ||
	    naive_total(w, kind, door, &since) >= limits->cap_year))
		return OUT_DISABLED;
	if (!naive_wait(w, kind, door, &start, &length))
		return OUT_DONE;
	if (start > ask->now) {
		*seconds = length;
		return promise ? OUT_DONE : OUT_LOCKED;
	}
	if (ask->now >= start + length)
		return OUT_DONE;
	*seconds = start + length - ask->now;
	return OUT_LOCKED;
}

static bool
has_factor(const struct naive *w)
{
	return w->match == ACCOUNT_FOUND &&
	    (w->devices > 0 || naive_codes_left(w) > 0);
}

/* From its first second on, for so long, while the clock can be believed;
   never again once somebody typed after its end. */
static bool
in_force(const struct naive *w, const struct naive_ask *ask, int i)
{
	const struct naive_pass *p = &w->pass[i];

	return w->match == ACCOUNT_FOUND && p->number != 0 &&
	    ask->policy->clock_ok && ask->now >= p->made &&
	    ask->now - p->made < p->seconds &&
	    naive_pass_seen(w, i) < p->made + p->seconds &&
	    (i == 1 || naive_pass_used(w, i) == NULL);
}

/* Its end is past, nobody used it, and nobody has typed since: now one did. */
static bool
ended(struct naive *w, const struct naive_ask *ask, int i)
{
	const struct naive_pass *p = &w->pass[i];

	if (w->match != ACCOUNT_FOUND || p->number == 0 ||
	    (i == 0 && naive_pass_used(w, 0) != NULL) ||
	    ask->now - p->made < p->seconds ||
	    naive_pass_seen(w, i) - p->made >= p->seconds)
		return false;
	naive_remember_pass(w, NAIVE_SEEN, ask, i);
	return true;
}

/* Who knows for certain which service asks is root, at the login door. */
static bool
for_this(const struct naive *w, const struct naive_ask *ask)
{
	const char *bound = w->pass[0].service;

	return *bound == '\0' || (ask->door == DOOR_LOGIN &&
	    ask->service != NULL && strcmp(ask->service, bound) == 0);
}

/* Why app codes cannot be used now, OUT_DONE when they can. */
static enum outcome
app_trouble(const struct naive *w, const struct naive_ask *ask,
    int64_t *seconds)
{
	enum outcome why = barred(w, ask, KIND_TOTP, true, seconds);

	if (why != OUT_DONE)
		return why;
	if (!ask->policy->clock_ok)
		return OUT_CLOCK;
	return ask->policy->key_ok ? OUT_DONE : OUT_KEY;
}

/*
 * kinds, why, left; and where no wait is told yet, the one until the next
 * kind can be used.
 */
static void
standing(const struct naive *w, const struct naive_ask *ask,
    struct outcome_facts *f)
{
	bool codes = naive_codes_left(w) > 0 ||
	    (in_force(w, ask, 0) && for_this(w, ask));
	enum outcome app, code;
	int64_t app_wait, code_wait, wait;

	app = app_trouble(w, ask, &app_wait);
	code = barred(w, ask, KIND_RECOVERY, true, &code_wait);
	f->left = naive_codes_left(w);
	if (w->devices > 0 && app == OUT_DONE)
		f->kinds |= KIND_TOTP;
	if (codes && code == OUT_DONE)
		f->kinds |= KIND_RECOVERY;
	if (w->devices > 0 && app != OUT_DONE)
		f->why = app;
	wait = w->devices > 0 && app == OUT_LOCKED ? app_wait : 0;
	if (f->kinds == 0 && codes && code == OUT_LOCKED &&
	    f->why != OUT_KEY && f->why != OUT_CLOCK &&
	    (wait == 0 || code_wait < wait))
		wait = code_wait;
	if (f->wait == 0)
		f->wait = (uint32_t)wait;
}

/* What ends both CHECK and VERIFY before any answer is looked at. */
static enum outcome
outside(const struct naive *w, const struct naive_ask *ask)
{
	const struct policy *p = ask->policy;
	bool let;

	if (!p->covered)
		return OUT_NOT_COVERED;
	if (!w->known)
		return OUT_NO_USER;
	if (w->match == ACCOUNT_CHANGED)
		return OUT_CHANGED;
	if (w->match == ACCOUNT_FOUND && w->locked)
		return OUT_ADMIN_LOCK;
	if (has_factor(w))
		return OUT_DONE;
	let = p->pass_unenrolled && !(p->pass_once && w->had_factor);
	if (let && p->key_ok)
		return OUT_NOT_ENROLLED;
	if (in_force(w, ask, 0) && for_this(w, ask))
		return OUT_DONE;
	return let ? OUT_KEY : OUT_MUST_ENROLL;
}

void
naive_check(const struct naive *w, const struct naive_ask *ask,
    struct naive_verdict *v)
{
	memset(v, 0, sizeof(*v));
	v->outcome = outside(w, ask);
	if (v->outcome == OUT_NO_USER || v->outcome == OUT_MUST_ENROLL) {
		v->outcome = OUT_ASK;
		v->facts.kinds = KIND_TOTP | KIND_RECOVERY;
		return;
	}
	if (v->outcome != OUT_DONE)
		return;
	standing(w, ask, &v->facts);
	v->outcome = v->facts.kinds != 0 ? OUT_ASK :
	    v->facts.wait > 0 ? OUT_LOCKED : v->facts.why;
}

/* ---- an answer ---- */

static struct naive_found
look(const struct naive *w, const struct naive_ask *ask, unsigned kind,
    const char *clean)
{
	struct naive_found f = { 0 };
	const struct naive_device *d;
	int64_t step, here, last;
	char code[9];
	size_t i;

	for (i = 0; kind == KIND_RECOVERY && i < w->codes; i++) {
		if (strcmp(w->code[i], clean) != 0)
			continue;
		f.which = i;
		f.spent = naive_used(w, kind, i) != NULL;
		f.fresh = !f.spent;
	}
	f.pass = kind == KIND_RECOVERY && w->pass[0].number != 0 &&
	    strcmp(w->pass[0].code, clean) == 0 && for_this(w, ask);
	for (i = 0; kind == KIND_TOTP && i < w->devices; i++) {
		d = &w->device[i];
		last = naive_last_step(w, i);
		here = ask->now / d->period;
		if (strlen(clean) == d->digits && ask->broken == i + 1)
			f.failed = true;
		for (step = here - ask->policy->window;
		    step <= here + ask->policy->window; step++) {
			if (step < 0 || strlen(clean) != d->digits)
				continue;
			naive_totp(d, step, code);
			if (strcmp(code, clean) != 0)
				continue;
			if (step <= last) {
				f.spent = true;
				f.next = (last + 1) * d->period - ask->now;
			} else {
				f.fresh = true;
				f.steps[i] = step;
			}
		}
	}
	return f;
}

static void
effect(struct naive_verdict *v, enum effect_kind kind)
{
	v->effects[v->effect_count++] = kind;
}

static void
refuse(struct naive_verdict *v, const struct naive_ask *ask,
    enum outcome outcome)
{
	v->outcome = outcome;
	if (ask->door != DOOR_PUBLIC && outcome != OUT_NOT_COVERED &&
	    outcome != OUT_NOT_ENROLLED)
		effect(v, EFFECT_TALLY);
}

/* The present run of failures, and what its end will bring. */
static void
run(const struct naive *w, const struct naive_ask *ask, unsigned kind,
    struct outcome_facts *f)
{
	const struct limits *limits = &ask->policy->limits;
	int64_t n = naive_consecutive(w, kind, ask->door == DOOR_PUBLIC);

	f->limit = limits->attempts;
	if (n > 0)
		f->count = (uint32_t)((n - 1) % limits->attempts + 1);
	n = (n / limits->attempts + 1) * limits->attempts;
	f->lock = (uint32_t)naive_penalty(n, limits);
}

static void
evaluate(struct naive *w, const struct naive_ask *ask, unsigned kind,
    const char *clean, struct naive_verdict *v)
{
	struct naive_found f = look(w, ask, kind, clean);

	if (f.failed) {
		v->outcome = OUT_MEMORY;
		return;
	}
	effect(v, kind == KIND_TOTP ? EFFECT_CREDENTIALS : EFFECT_CODES);
	effect(v, EFFECT_LIMITERS);
	effect(v, EFFECT_EVENT);
	if (f.fresh) {
		naive_remember(w, NAIVE_RIGHT, kind, ask, &f);
		v->outcome = kind == KIND_TOTP ? OUT_OK_TOTP :
		    OUT_OK_RECOVERY;
	} else if (f.pass && in_force(w, ask, 0)) {
		naive_remember_pass(w, NAIVE_RIGHT, ask, 0);
		v->outcome = OUT_OK_PASS;
	} else if (f.spent || (f.pass && naive_pass_used(w, 0) != NULL)) {
		v->outcome = OUT_REPLAY;
		if (kind == KIND_TOTP)
			v->facts.wait = f.next > 1 ? (uint32_t)f.next : 1;
	} else {
		naive_remember(w, NAIVE_WRONG, kind, ask, NULL);
		v->outcome = OUT_BAD_CODE;
	}
	if (kind == KIND_RECOVERY)
		naive_remember_pass(w, NAIVE_SEEN, ask, 0);
	run(w, ask, kind, &v->facts);
}

/* Somebody without a factor types the pass that let them in once more. */
static bool
again(const struct naive *w, const struct naive_ask *ask, unsigned kind,
    const char *clean)
{
	return kind == KIND_RECOVERY && w->match == ACCOUNT_FOUND &&
	    !ask->other_pass_salt && for_this(w, ask) &&
	    naive_pass_used(w, 0) != NULL &&
	    strcmp(w->pass[0].code, clean) == 0;
}

void
naive_verify(struct naive *w, const struct naive_ask *ask,
    struct naive_verdict *v)
{
	char clean[NAIVE_CODE];
	unsigned kind = naive_form(w, ask->typed, ask->len, clean);
	enum outcome outcome = outside(w, ask);
	int64_t wait, start, length;
	int door = ask->door == DOOR_PUBLIC;

	memset(v, 0, sizeof(*v));
	v->facts.kind = kind;
	if (outcome == OUT_MUST_ENROLL && again(w, ask, kind, clean))
		outcome = OUT_REPLAY;
	if (outcome != OUT_DONE) {
		refuse(v, ask, outcome);
		if (outcome == OUT_MUST_ENROLL && kind == KIND_RECOVERY &&
		    ended(w, ask, 0))
			effect(v, EFFECT_CODES);
		return;
	}
	if (kind == KIND_RECOVERY && ((w->codes > 0 && ask->other_salt) ||
	    (w->pass[0].number != 0 && ask->other_pass_salt))) {
		v->stale = true;
		v->outcome = OUT_BUSY;
		standing(w, ask, &v->facts);
		return;
	}
	outcome = kind == KIND_NONE ? OUT_BAD_FORMAT :
	    barred(w, ask, kind, false, &wait);
	if (outcome == OUT_LOCKED) {
		naive_wait(w, kind, door, &start, &length);
		if (start > ask->now) {
			naive_remember(w, NAIVE_LATER, kind, ask, NULL);
			effect(v, EFFECT_LIMITERS);
		}
		v->facts.wait = (uint32_t)wait;
	} else if (outcome == OUT_DONE && kind == KIND_TOTP)
		outcome = app_trouble(w, ask, &wait);
	if (outcome == OUT_DONE)
		evaluate(w, ask, kind, clean, v);
	else
		refuse(v, ask, outcome);
	standing(w, ask, &v->facts);
	if (v->outcome == OUT_REPLAY && kind == KIND_RECOVERY)
		v->facts.wait = 0;
}

/* ---- a ticket ---- */

/* What comes before the ticket itself; OUT_DONE: nothing does. */
static enum outcome
before_ticket(struct naive *w, const struct naive_ask *ask, unsigned kind,
    struct naive_verdict *v)
{
	int64_t wait, start, length;
	enum outcome outcome;

	if (!w->known)
		return OUT_NO_USER;
	if (w->match == ACCOUNT_CHANGED)
		return OUT_CHANGED;
	if (w->match == ACCOUNT_FOUND && w->locked)
		return OUT_ADMIN_LOCK;
	if (has_factor(w))
		return OUT_EXISTS;
	if (kind != KIND_RECOVERY)
		return OUT_BAD_FORMAT;
	outcome = barred(w, ask, kind, false, &wait);
	if (outcome != OUT_LOCKED)
		return outcome;
	v->facts.wait = (uint32_t)wait;
	naive_wait(w, kind, ask->door == DOOR_PUBLIC, &start, &length);
	if (start > ask->now) {
		naive_remember(w, NAIVE_LATER, kind, ask, NULL);
		effect(v, EFFECT_LIMITERS);
	}
	return outcome;
}

void
naive_ticket(struct naive *w, const struct naive_ask *ask,
    struct naive_verdict *v)
{
	char clean[NAIVE_CODE];
	unsigned kind = naive_form(w, ask->typed, ask->len, clean);
	bool right = strcmp(w->pass[1].code, clean) == 0;

	memset(v, 0, sizeof(*v));
	v->facts.kind = kind;
	v->outcome = before_ticket(w, ask, kind, v);
	if (v->outcome != OUT_DONE)
		return;
	v->outcome = OUT_BAD_TICKET;
	if (ask->door != DOOR_PUBLIC)
		return;
	if (ended(w, ask, 1))
		effect(v, EFFECT_TICKET);
	if (!in_force(w, ask, 1))
		return;
	if (ask->other_pass_salt) {
		v->stale = true;
		v->outcome = OUT_BUSY;
		return;
	}
	if (right) {
		naive_remember_pass(w, NAIVE_RIGHT, ask, 1);
		v->outcome = OUT_OK_TICKET;
	} else
		naive_remember(w, NAIVE_WRONG, kind, ask, NULL);
	naive_remember_pass(w, NAIVE_SEEN, ask, 1);
	effect(v, EFFECT_TICKET);
	effect(v, EFFECT_LIMITERS);
	effect(v, EFFECT_EVENT);
	run(w, ask, kind, &v->facts);
	v->facts.lock = 0;
}
