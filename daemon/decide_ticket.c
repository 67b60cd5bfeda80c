/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decision about an enrollment ticket.  Rules, and what each one stops:
 * - It opens the first enrollment alone, and at the public door alone, whose
 *   peer is the account's own uid.
 * - Right and wrong ask for the same effects; a wait ends before either.
 * - Where none is in force nothing is charged and nothing evaluated: there
 *   is nothing to guess.
 */
#include <string.h>

#include "daemon/answer.h"
#include "daemon/decide_parts.h"
#include "daemon/pass.h"

/* Right and wrong write the same: the ticket's row, the limiters, an event. */
static enum outcome
ticket_answer(struct account *a, const struct request *r,
    const struct policy *p, int64_t now, struct decision *d)
{
	struct pass *ticket = &a->passes[PASS_ENROLL];
	struct limiter *m =
	    &a->limiters[decide_limiter(KIND_RECOVERY, r->door)];
	enum outcome o = OUT_BAD_TICKET;

	if (answer_is_pass(&r->answer, ticket)) {
		o = OUT_OK_TICKET;
		*m = limit_clear(*m, 0, now);
	} else
		*m = limit_charge(*m, &p->limits, now);
	pass_seen(ticket, now);
	d->facts.count = limit_count(m, &p->limits);
	d->facts.limit = p->limits.attempts;
	decide_effect(d, EFFECT_TICKET);
	decide_effect(d, EFFECT_LIMITERS);
	decide_effect(d, EFFECT_EVENT);
	return o;
}

static enum outcome
ticket(struct account *a, const struct request *r, const struct policy *p,
    int64_t now, struct decision *d)
{
	struct pass *ticket = &a->passes[PASS_ENROLL];
	struct standing s;

	if (!r->known)
		return OUT_NO_USER;
	if (a->match == ACCOUNT_CHANGED)
		return OUT_CHANGED;
	if (a->match == ACCOUNT_FOUND && a->locked)
		return OUT_ADMIN_LOCK;
	if (account_has_factor(a))
		return OUT_EXISTS;
	if (r->answer.kind != KIND_RECOVERY)
		return OUT_BAD_FORMAT;
	s = decide_standing(a, p, KIND_RECOVERY, r->door, false, now);
	d->facts.wait = s.wait;
	if (s.why == OUT_LOCKED)
		decide_restart(&a->limiters[decide_limiter(KIND_RECOVERY,
		    r->door)], now, d);
	if (s.why != OUT_ASK)
		return s.why;
	/* Nothing is in force that could be guessed, so nothing is charged. */
	if (a->match != ACCOUNT_FOUND || r->door != DOOR_PUBLIC)
		return OUT_BAD_TICKET;
	if (pass_overdue(ticket, now))
		decide_effect(d, EFFECT_TICKET);
	if (pass_state(ticket, p->clock_ok, now) != PASS_LIVE)
		return OUT_BAD_TICKET;
	if (pass_stale(ticket, &r->answer)) {
		d->stale_salt = true;
		return OUT_BUSY;
	}
	return ticket_answer(a, r, p, now, d);
}

enum outcome
decide_ticket(struct account *a, const struct request *r,
    const struct policy *p, int64_t now, struct decision *d)
{
	memset(d, 0, sizeof(*d));
	d->facts.kind = r->answer.kind;
	d->outcome = ticket(a, r, p, now, d);
	return d->outcome;
}
