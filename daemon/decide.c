/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules, and the attack each one stops:
 * - An outcome is denied until a line says otherwise; a lost branch denies.
 * - An evaluated answer asks for the same effects whether it was right,
 *   wrong or spent: neither do writes.
 * - A step is fresh only above last_step, which is never moved back: a
 *   code seen over the shoulder, or after the clock was set back, is
 *   refused.
 * - A wait or a cap ends before evaluation: a locked account is no oracle.
 * - A pass is never a factor of its own: where policy lets people without
 *   one through, it does so as before, and when the pass is used or over its
 *   holder is as unenrolled as before.
 * - A pass that is over, or bound to another service, is a wrong code.
 */
#include <string.h>

#include "common/text.h"
#include "daemon/answer.h"
#include "daemon/decide_parts.h"
#include "daemon/pass.h"

enum limiter_name
decide_limiter(unsigned kind, enum door door)
{
	if (door == DOOR_PUBLIC)
		return kind == KIND_RECOVERY ? LIMITER_RECOVERY_PUBLIC :
		    LIMITER_TOTP_PUBLIC;
	return kind == KIND_RECOVERY ? LIMITER_RECOVERY_LOGIN :
	    LIMITER_TOTP_LOGIN;
}

static struct standing
standing_limiter(const struct account *a, const struct policy *p,
    unsigned kind, enum door door, bool promise, int64_t now)
{
	struct standing s = { OUT_ASK, 0 };

	switch (limit_state(&a->limiters[decide_limiter(kind, door)],
	    &p->limits, kind == KIND_TOTP, promise, now, &s.wait)) {
	case LIMIT_OPEN:
		s.why = OUT_ASK;
		break;
	case LIMIT_WAITING:
		s.why = OUT_LOCKED;
		break;
	case LIMIT_DISABLED:
		s.why = OUT_DISABLED;
		break;
	}
	return s;
}

struct standing
decide_standing(const struct account *a, const struct policy *p,
    unsigned kind, enum door door, bool promise, int64_t now)
{
	struct standing s;

	s = standing_limiter(a, p, kind, door, promise, now);
	if (kind == KIND_TOTP && s.why == OUT_ASK) {
		if (!p->clock_ok)
			s.why = OUT_CLOCK;
		else if (!p->key_ok)
			s.why = OUT_KEY;
	}
	return s;
}

/* A login pass that would be taken now for what is asked. */
static bool
pass_counts(const struct account *a, const struct request *r,
    const struct policy *p, int64_t now)
{
	const struct pass *pass = &a->passes[PASS_LOGIN];

	return pass_state(pass, p->clock_ok, now) == PASS_LIVE &&
	    pass_here(pass, r->door, r->service);
}

/* Is an answer of this kind there at all. */
static bool
possible(const struct account *a, const struct request *r,
    const struct policy *p, unsigned kind, int64_t now)
{
	return kind == KIND_TOTP ? a->credential_count > 0 :
	    account_codes_left(a) > 0 || pass_counts(a, r, p, now);
}

/*
 * Which kinds can be used now, and why app codes cannot; returns what CHECK
 * says: OUT_ASK or the reason why none can.
 */
static enum outcome
usable(const struct account *a, const struct request *q,
    const struct policy *p, int64_t now, struct outcome_facts *f)
{
	struct standing t = decide_standing(a, p, KIND_TOTP, q->door, true,
	    now);
	struct standing r = decide_standing(a, p, KIND_RECOVERY, q->door,
	    true, now);
	bool totp = possible(a, q, p, KIND_TOTP, now);
	bool recovery = possible(a, q, p, KIND_RECOVERY, now);

	f->kinds = 0;
	f->why = OUT_INTERNAL;
	f->left = (uint32_t)account_codes_left(a);
	if (totp && t.why == OUT_ASK)
		f->kinds |= KIND_TOTP;
	if (recovery && r.why == OUT_ASK)
		f->kinds |= KIND_RECOVERY;
	if (totp && t.why != OUT_ASK) {
		f->why = t.why;
		f->wait = t.wait;
	}
	if (f->kinds != 0)
		return OUT_ASK;
	if (totp && (t.why == OUT_KEY || t.why == OUT_CLOCK))
		return t.why;
	if (recovery && (!totp || t.why == OUT_DISABLED || r.wait < t.wait)) {
		f->wait = r.wait;
		return r.why;
	}
	return totp ? t.why : OUT_INTERNAL;
}

/*
 * What policy and account say before any answer counts.  OUT_ASK: there is
 * a factor, or a pass where nobody gets in without either, and it may be
 * used.
 */
static enum outcome
before_answer(const struct account *a, const struct request *r,
    const struct policy *p, int64_t now)
{
	bool let, pass;

	if (!p->covered)
		return OUT_NOT_COVERED;
	if (!r->known)
		return OUT_NO_USER;
	if (a->match == ACCOUNT_CHANGED)
		return OUT_CHANGED;
	if (a->match == ACCOUNT_FOUND && a->locked)
		return OUT_ADMIN_LOCK;
	if (a->match == ACCOUNT_FOUND && account_has_factor(a))
		return OUT_ASK;
	let = p->pass_unenrolled && !(p->pass_once &&
	    a->match == ACCOUNT_FOUND && a->enrolled_at != 0);
	if (let && p->key_ok)
		return OUT_NOT_ENROLLED;
	pass = a->match == ACCOUNT_FOUND && pass_counts(a, r, p, now);
	if (pass)
		return OUT_ASK;
	/* A host whose key is gone lets nobody pass. */
	return let ? OUT_KEY : OUT_MUST_ENROLL;
}

enum outcome
decide_check(const struct account *a, const struct request *r,
    const struct policy *p, int64_t now, struct decision *d)
{
	memset(d, 0, sizeof(*d));
	d->outcome = before_answer(a, r, p, now);
	if (d->outcome == OUT_NO_USER || d->outcome == OUT_MUST_ENROLL) {
		d->facts.kinds = KIND_TOTP | KIND_RECOVERY;
		d->outcome = OUT_ASK;
	} else if (d->outcome == OUT_ASK)
		d->outcome = usable(a, r, p, now, &d->facts);
	return d->outcome;
}

void
decide_effect(struct decision *d, enum effect_kind kind)
{
	if (d->effect_count < EFFECTS_MAX)
		d->effects[d->effect_count++] = kind;
}

/* One code, one success: spent wherever it would have been fresh. */
static void
spend_steps(struct account *a, const struct match *v, int64_t now)
{
	struct credential *c;
	size_t i;

	for (i = 0; i < a->credential_count; i++) {
		c = &a->credentials[i];
		if (v->steps[i] <= c->last_step)
			continue;
		c->last_step = v->steps[i];
		c->used_at = now;
	}
}

/* Success: the step or the code is spent, the kind's failures are gone. */
static void
accept(struct account *a, const struct request *r, const struct match *v,
    int64_t now)
{
	struct limiter *totp = &a->limiters[decide_limiter(KIND_TOTP, r->door)];
	struct limiter *recovery =
	    &a->limiters[decide_limiter(KIND_RECOVERY, r->door)];

	if (r->answer.kind == KIND_TOTP) {
		spend_steps(a, v, now);
		*totp = limit_clear(*totp, r->earlier, now);
		return;
	}
	if (v->fresh)	/* 0 is unspent, also without a clock */
		a->recovery.codes[v->which].spent_at = now > 0 ? now : 1;
	else
		pass_use(&a->passes[PASS_LOGIN], now);
	*recovery = limit_clear(*recovery, 0, now);
	*totp = limit_forgive(*totp, r->earlier);
}

/*
 * What the login pass makes of a recovery-shaped answer: OUT_OK_PASS,
 * OUT_REPLAY, or OUT_BAD_CODE when it is not this code, or none now.
 */
static enum outcome
pass_answer(const struct account *a, const struct request *r,
    const struct policy *p, const struct match *v, int64_t now)
{
	const struct pass *pass = &a->passes[PASS_LOGIN];

	if (!v->pass || !pass_here(pass, r->door, r->service))
		return OUT_BAD_CODE;
	switch (pass_state(pass, p->clock_ok, now)) {
	case PASS_LIVE:
		return OUT_OK_PASS;
	case PASS_USED:
		return OUT_REPLAY;
	case PASS_NONE:
	case PASS_OVER:
		break;
	}
	return OUT_BAD_CODE;
}

static enum outcome
match_outcome(const struct account *a, const struct request *r,
    const struct policy *p, const struct match *v, int64_t now)
{
	bool totp = r->answer.kind == KIND_TOTP;
	enum outcome o = totp ? OUT_BAD_CODE : pass_answer(a, r, p, v, now);

	if (v->failed)
		return OUT_MEMORY;
	if (v->fresh)
		return totp ? OUT_OK_TOTP : OUT_OK_RECOVERY;
	return v->spent && o == OUT_BAD_CODE ? OUT_REPLAY : o;
}

/* The one place where an answer is held against what is right. */
static enum outcome
evaluate(struct account *a, const struct request *r, const struct policy *p,
    int64_t now, struct decision *d)
{
	unsigned kind = r->answer.kind;
	struct limiter *m = &a->limiters[decide_limiter(kind, r->door)];
	struct match v;
	enum outcome o;

	v = kind == KIND_TOTP ?
	    match_totp(a, p->window, r->answer.digits, now) :
	    match_recovery(a, &r->answer);
	o = match_outcome(a, r, p, &v, now);
	if (o == OUT_MEMORY)
		return o;
	if (o == OUT_BAD_CODE)
		*m = limit_charge(*m, &p->limits, now);
	else if (o != OUT_REPLAY)
		accept(a, r, &v, now);
	else if (kind == KIND_TOTP)
		d->facts.wait = v.next > now ? (uint32_t)(v.next - now) : 1;
	if (kind == KIND_RECOVERY)
		pass_seen(&a->passes[PASS_LOGIN], now);
	d->facts.count = limit_count(m, &p->limits);
	d->facts.limit = p->limits.attempts;
	d->facts.lock = limit_wait(&p->limits,
	    m->consecutive / p->limits.attempts + 1);
	decide_effect(d, kind == KIND_TOTP ? EFFECT_CREDENTIALS : EFFECT_CODES);
	decide_effect(d, EFFECT_LIMITERS);
	decide_effect(d, EFFECT_EVENT);
	return o;
}

/* Whether the hashes were made with other salts than there are now. */
static bool
stale(const struct account *a, const struct request *r)
{
	return (a->recovery.created_at != 0 && !text_equal(a->recovery.salt,
	    r->answer.salt, RECOVERY_SALT)) ||
	    pass_stale(&a->passes[PASS_LOGIN], &r->answer);
}

void
decide_restart(struct limiter *m, int64_t now, struct decision *d)
{
	if (m->wait_start > now)
		decide_effect(d, EFFECT_LIMITERS);
	*m = limit_restart(*m, now);
}

/* A well-formed or ill-formed answer of somebody who has a factor. */
static enum outcome
answer(struct account *a, const struct request *r, const struct policy *p,
    int64_t now, struct decision *d)
{
	struct standing s;

	if (r->answer.kind != KIND_TOTP && r->answer.kind != KIND_RECOVERY)
		return OUT_BAD_FORMAT;
	if (r->answer.kind == KIND_RECOVERY && stale(a, r)) {
		d->stale_salt = true;
		return OUT_BUSY;
	}
	s = decide_standing(a, p, r->answer.kind, r->door, false, now);
	d->facts.wait = s.wait;
	if (s.why == OUT_LOCKED)
		decide_restart(&a->limiters[decide_limiter(r->answer.kind,
		    r->door)], now, d);
	if (s.why != OUT_ASK)
		return s.why;
	return evaluate(a, r, p, now, d);
}

/*
 * Somebody without a factor costs the same work, so that asking does not
 * tell who has one.
 */
static void
same_work(const struct request *r, const struct policy *p, int64_t now)
{
	static const struct account nobody = {
		.match = ACCOUNT_FOUND,
		.credential_count = 1,
		.credentials = { {
			.kind = CREDENTIAL_TOTP, .algorithm = OTP_SHA1,
			.digits = 6, .period = 30, .secret = { .len = 20 }
		} },
	};
	volatile bool sink;

	if (r->answer.kind == KIND_TOTP)
		sink = match_totp(&nobody, p->window, r->answer.digits,
		    now).fresh;
	else
		sink = false;
	(void)sink;
}

/* A used login pass, typed again by somebody without a factor. */
static bool
pass_again(const struct account *a, const struct request *r)
{
	const struct pass *pass = &a->passes[PASS_LOGIN];
	bool same = answer_is_pass(&r->answer, pass);

	return same && r->answer.kind == KIND_RECOVERY &&
	    a->match == ACCOUNT_FOUND && pass->used_at != 0 &&
	    !pass_stale(pass, &r->answer) &&
	    pass_here(pass, r->door, r->service);
}

enum outcome
decide_verify(struct account *a, const struct request *r,
    const struct policy *p, int64_t now, struct decision *d)
{
	uint32_t wait;

	memset(d, 0, sizeof(*d));
	d->facts.kind = r->answer.kind;
	d->outcome = before_answer(a, r, p, now);
	if (d->outcome == OUT_NO_USER || d->outcome == OUT_MUST_ENROLL)
		same_work(r, p, now);
	/* Its holder is unenrolled again: only the pass tells the two. */
	if (d->outcome == OUT_MUST_ENROLL && pass_again(a, r))
		d->outcome = OUT_REPLAY;
	if (d->outcome == OUT_ASK) {
		d->outcome = answer(a, r, p, now, d);
		wait = d->facts.wait;
		usable(a, r, p, now, &d->facts);
		if (d->outcome == OUT_REPLAY || d->outcome == OUT_LOCKED)
			d->facts.wait = wait;
	}
	if (d->stale_salt || d->outcome == OUT_MEMORY) {
		d->effect_count = 0;
		return d->outcome;
	}
	if (d->outcome == OUT_NOT_COVERED || d->outcome == OUT_NOT_ENROLLED)
		return d->outcome;
	/* At the public door a refusal that changes nothing writes nothing. */
	if (r->door != DOOR_PUBLIC &&
	    (d->effect_count == 0 || d->effects[0] == EFFECT_LIMITERS))
		decide_effect(d, EFFECT_TALLY);
	/* Nothing is held against it any more; that it is over stays. */
	if (d->outcome == OUT_MUST_ENROLL && a->match == ACCOUNT_FOUND &&
	    r->answer.kind == KIND_RECOVERY &&
	    pass_overdue(&a->passes[PASS_LOGIN], now))
		decide_effect(d, EFFECT_CODES);
	return d->outcome;
}
