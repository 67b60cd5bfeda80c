/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to daemon/decide*.c: what the decision about an answer and the one
 * about a ticket share.
 */
#ifndef STEPUP_DAEMON_DECIDE_PARTS_H
#define STEPUP_DAEMON_DECIDE_PARTS_H

#include "daemon/decide.h"

/* Where one kind of answer stands at one door. */
struct standing {
	enum outcome	why;	/* OUT_ASK: usable */
	uint32_t	wait;
};

enum limiter_name decide_limiter(unsigned kind, enum door);

/*
 * What stands between the person and an answer of this kind: limiters, and
 * key and clock for app codes.  `promise`: as CHECK sees it (limit_state).
 */
struct standing decide_standing(const struct account *, const struct policy *,
    unsigned kind, enum door, bool promise, int64_t now);

void decide_effect(struct decision *, enum effect_kind);

/* A wait that was to begin in the future begins now, in the store too. */
void decide_restart(struct limiter *, int64_t now, struct decision *);

#endif
