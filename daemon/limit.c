/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/limit.h"

uint32_t
limit_wait(const struct limits *l, int64_t run)
{
	uint64_t wait = l->lock;

	for (; run > 1 && wait < LIMIT_WAIT_MAX; run--)
		wait *= 2;
	return wait < LIMIT_WAIT_MAX ? (uint32_t)wait : LIMIT_WAIT_MAX;
}

enum limit_state
limit_state(const struct limiter *m, const struct limits *l, bool capped,
    bool promise, int64_t now, uint32_t *wait)
{
	*wait = 0;
	if (capped && (m->consecutive >= l->cap || m->total >= l->cap_year))
		return LIMIT_DISABLED;
	if (m->wait_length <= 0)
		return LIMIT_OPEN;
	if (m->wait_start > now) {
		if (promise)
			return LIMIT_OPEN;
		*wait = (uint32_t)m->wait_length;
		return LIMIT_WAITING;
	}
	if (now - m->wait_start >= m->wait_length)
		return LIMIT_OPEN;
	*wait = (uint32_t)(m->wait_length - (now - m->wait_start));
	return LIMIT_WAITING;
}

struct limiter
limit_restart(struct limiter m, int64_t now)
{
	if (m.wait_length > 0 && m.wait_start > now)
		m.wait_start = now;
	return m;
}

struct limiter
limit_charge(struct limiter m, const struct limits *l, int64_t now)
{
	/* Only a store edited by hand comes near the end. */
	m.consecutive += m.consecutive < INT64_MAX;
	m.total += m.total < INT64_MAX;
	if (m.total_since == 0)
		m.total_since = now;
	if (m.consecutive % l->attempts == 0) {
		m.wait_start = now;
		m.wait_length = limit_wait(l, m.consecutive / l->attempts);
	}
	return m;
}

struct limiter
limit_forgive(struct limiter m, unsigned earlier)
{
	m.total = m.total > earlier ? m.total - earlier : 0;
	return m;
}

struct limiter
limit_clear(struct limiter m, unsigned earlier, int64_t now)
{
	m = limit_forgive(m, earlier);
	m.consecutive = 0;
	m.wait_start = m.wait_length = 0;
	if (m.total_since == 0 || m.total_since > now) {
		/* No year yet, or one that began in a wrong future. */
		m.total_since = now;
	} else if (now - m.total_since >= LIMIT_YEAR) {
		m.total = 0;
		m.total_since = now;
	}
	return m;
}

uint32_t
limit_count(const struct limiter *m, const struct limits *l)
{
	uint32_t run = (uint32_t)(m->consecutive % l->attempts);

	return run == 0 && m->consecutive > 0 ? l->attempts : run;
}

/* Whether `now` lies in the hour that the limiter counts. */
static bool
password_hour(const struct limiter *m, int64_t now)
{
	return m->consecutive > 0 && m->wait_start <= now &&
	    now - m->wait_start < LIMIT_PASSWORD_HOUR;
}

enum limit_state
limit_password_state(const struct limiter *m, int64_t now, uint32_t *wait)
{
	*wait = 0;
	if (m->consecutive < LIMIT_PASSWORDS || !password_hour(m, now))
		return LIMIT_OPEN;
	*wait = (uint32_t)(LIMIT_PASSWORD_HOUR - (now - m->wait_start));
	return LIMIT_WAITING;
}

uint32_t
limit_password_count(const struct limiter *m, int64_t now)
{
	if (!password_hour(m, now))
		return 0;
	return m->consecutive < UINT32_MAX ? (uint32_t)m->consecutive :
	    UINT32_MAX;
}

struct limiter
limit_password_charge(struct limiter m, int64_t now)
{
	if (!password_hour(&m, now)) {
		m.consecutive = 0;
		m.wait_start = now;
		m.wait_length = LIMIT_PASSWORD_HOUR;
	}
	m.consecutive++;
	m.total++;
	return m;
}

static int64_t
higher(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

struct limiter
limit_stricter(struct limiter a, struct limiter b)
{
	struct limiter l = a;

	l.consecutive = higher(a.consecutive, b.consecutive);
	l.total = higher(a.total, b.total);
	l.total_since = higher(a.total_since, b.total_since);
	/* Both lengths are at most a day: halves do not overflow. */
	if (a.wait_length == 0 || (b.wait_length > 0 &&
	    b.wait_start / 2 + b.wait_length / 2 >
	    a.wait_start / 2 + a.wait_length / 2)) {
		l.wait_start = b.wait_start;
		l.wait_length = b.wait_length;
	}
	return l;
}
