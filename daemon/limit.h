/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limiters: when may the next answer be evaluated.  Pure functions over
 * one limiter, the settings and a time; seconds since 1970, 64 bit.
 *
 * After every `attempts` consecutive failures comes a wait: `lock` s, then
 * twice as long each time, at most LIMIT_WAIT_MAX.  A capped limiter is
 * disabled at `cap` consecutive or `cap_year` in total.  (RFC 4226 7.3;
 * NIST SP 800-63B-4 3.2.2; PCI DSS 8.3.4.)
 */
#ifndef STEPUP_DAEMON_LIMIT_H
#define STEPUP_DAEMON_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LIMIT_WAIT_MAX	(24 * 3600)
#define LIMIT_YEAR	(365 * 24 * 3600)
#define LIMIT_PASSWORDS	10	/* wrong ones per uid and hour */
#define LIMIT_PASSWORD_HOUR 3600

struct limits {
	unsigned	attempts;	/* 3..20 */
	unsigned	lock;		/* s, 60..86400 */
	unsigned	cap;		/* attempts < cap <= cap_year */
	unsigned	cap_year;
};

struct limiter {
	int64_t	consecutive;	/* failures since the last success */
	int64_t	total;		/* failures no success followed */
	int64_t	total_since;	/* when total last began; 0: never */
	int64_t	wait_start;
	int64_t	wait_length;	/* s; 0: none */
};

enum limit_state { LIMIT_OPEN = 0, LIMIT_WAITING, LIMIT_DISABLED };

/*
 * The state at `now`.  *wait is the seconds left when waiting.  A wait that
 * starts in the future (the clock was set back) counts as open when
 * `promise` (CHECK) and as waiting from now on otherwise (VERIFY, which
 * then writes limit_restart).  `capped` for the kinds that can be disabled.
 */
enum limit_state limit_state(const struct limiter *, const struct limits *,
    bool capped, bool promise, int64_t now, uint32_t *wait);

/* The same limiter with its wait moved to begin now. */
struct limiter limit_restart(struct limiter, int64_t now);

/* After one wrong answer. */
struct limiter limit_charge(struct limiter, const struct limits *,
    int64_t now);

/*
 * After a success: consecutive and wait are gone, `earlier` comes off the
 * total, which starts anew once it is a year old.
 */
struct limiter limit_clear(struct limiter, unsigned earlier, int64_t now);

/* Only what a success of the other kind does: `earlier` off the total. */
struct limiter limit_forgive(struct limiter, unsigned earlier);

/*
 * Of two limiters that both stood for the same: the higher counts, the wait
 * that ends later.
 */
struct limiter limit_stricter(struct limiter, struct limiter);

/* Length in s of the wait that the n-th run of `attempts` brings, n >= 1. */
uint32_t limit_wait(const struct limits *, int64_t run);

/* Failures in the present run, 1..attempts, or 0 without any. */
uint32_t limit_count(const struct limiter *, const struct limits *);

/*
 * The password limiter of self-service: LIMIT_PASSWORDS in an hour that
 * starts with the first.  wait_start is the hour's begin, consecutive the
 * count.
 */
enum limit_state limit_password_state(const struct limiter *, int64_t now,
    uint32_t *wait);
struct limiter limit_password_charge(struct limiter, int64_t now);
/* Wrong ones in the hour that is not over. */
uint32_t limit_password_count(const struct limiter *, int64_t now);

#endif
