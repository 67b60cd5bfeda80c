/* SPDX-License-Identifier: BSD-2-Clause */
/* The limiter as a table of times. */
#include "tests/unit/unit.h"

#include "daemon/limit.h"

#define T 1800000000

static const struct limits defaults = { 10, 1800, 50, 100 };

/* Waits double from `lock` and stop at a day. */
static void
waits(void **state)
{
	static const struct { int64_t run; uint32_t wait; } rows[] = {
		{ 1, 1800 }, { 2, 3600 }, { 3, 7200 }, { 4, 14400 },
		{ 5, 28800 }, { 6, 57600 }, { 7, 86400 }, { 8, 86400 },
		{ 1000000, 86400 }, { INT64_MAX, 86400 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		assert_int_equal(limit_wait(&defaults, rows[i].run),
		    rows[i].wait);
}

struct step {
	int64_t	at;		/* seconds after T */
	char	what;		/* 'w' wrong, 's' success, '2' success after 2
				   wrong ones, '?' look */
	enum limit_state state;	/* of a capped limiter after it, VERIFY */
	uint32_t wait;
	int64_t	consecutive, total;
};

static void
walk(const struct step *steps, size_t n)
{
	struct limiter m = { 0 };
	uint32_t wait;
	size_t i;
	int64_t now;

	for (i = 0; i < n; i++) {
		now = T + steps[i].at;
		if (steps[i].what == 'w')
			m = limit_charge(m, &defaults, now);
		else if (steps[i].what != '?')
			m = limit_clear(m, steps[i].what == '2' ? 2 : 0, now);
		assert_int_equal(limit_state(&m, &defaults, true, false, now,
		    &wait), steps[i].state);
		assert_int_equal(wait, steps[i].wait);
		assert_int_equal(m.consecutive, steps[i].consecutive);
		assert_int_equal(m.total, steps[i].total);
	}
}

static void
table_of_times(void **state)
{
	static const struct step steps[] = {
		{ 0, 'w', LIMIT_OPEN, 0, 1, 1 },
		{ 1, 'w', LIMIT_OPEN, 0, 2, 2 },
		{ 2, '2', LIMIT_OPEN, 0, 0, 0 },
		{ 3, 'w', LIMIT_OPEN, 0, 1, 1 },
		{ 4, 's', LIMIT_OPEN, 0, 0, 1 },
		{ 5, 'w', LIMIT_OPEN, 0, 1, 2 },
		{ 6, 'w', LIMIT_OPEN, 0, 2, 3 },
		{ 7, 'w', LIMIT_OPEN, 0, 3, 4 },
		{ 8, 'w', LIMIT_OPEN, 0, 4, 5 },
		{ 9, 'w', LIMIT_OPEN, 0, 5, 6 },
		{ 10, 'w', LIMIT_OPEN, 0, 6, 7 },
		{ 11, 'w', LIMIT_OPEN, 0, 7, 8 },
		{ 12, 'w', LIMIT_OPEN, 0, 8, 9 },
		{ 13, 'w', LIMIT_OPEN, 0, 9, 10 },
		{ 14, 'w', LIMIT_WAITING, 1800, 10, 11 },
		{ 15, '?', LIMIT_WAITING, 1799, 10, 11 },
		{ 1813, '?', LIMIT_WAITING, 1, 10, 11 },
		{ 1814, '?', LIMIT_OPEN, 0, 10, 11 },
		{ 1815, 'w', LIMIT_OPEN, 0, 11, 12 },
		{ 1816, 's', LIMIT_OPEN, 0, 0, 12 },
		/* A year after its first failure the total starts anew. */
		{ 365 * 86400 - 1, 's', LIMIT_OPEN, 0, 0, 12 },
		{ 365 * 86400, 's', LIMIT_OPEN, 0, 0, 0 },
	};

	(void)state;
	walk(steps, COUNT(steps));
}

/* 50 in a row, or 100 that no success followed. */
static void
caps(void **state)
{
	struct limiter m = { 0 };
	uint32_t wait;
	int i;

	(void)state;
	for (i = 0; i < 49; i++)
		m = limit_charge(m, &defaults, T);
	assert_int_equal(limit_state(&m, &defaults, true, false,
	    T + 30 * 86400, &wait), LIMIT_OPEN);
	m = limit_charge(m, &defaults, T);
	assert_int_equal(limit_state(&m, &defaults, true, false,
	    T + 30 * 86400, &wait), LIMIT_DISABLED);
	/* Recovery codes wait and are never disabled. */
	assert_int_equal(limit_state(&m, &defaults, false, false,
	    T + 30 * 86400, &wait), LIMIT_OPEN);

	m = (struct limiter){ 0 };
	for (i = 0; i < 99; i++) {
		m = limit_charge(m, &defaults, T);
		m = limit_clear(m, 0, T);
	}
	assert_int_equal(limit_state(&m, &defaults, true, false, T, &wait),
	    LIMIT_OPEN);
	m = limit_charge(m, &defaults, T);
	assert_int_equal(limit_state(&m, &defaults, true, false, T, &wait),
	    LIMIT_DISABLED);
}

/* A wait that begins in the future: open to CHECK, moved by VERIFY. */
static void
clock_set_back(void **state)
{
	struct limiter m = { .consecutive = 10, .wait_start = T + 3600,
	    .wait_length = 1800 };
	uint32_t wait;

	(void)state;
	assert_int_equal(limit_state(&m, &defaults, true, true, T, &wait),
	    LIMIT_OPEN);
	assert_int_equal(limit_state(&m, &defaults, true, false, T, &wait),
	    LIMIT_WAITING);
	assert_int_equal(wait, 1800);
	m = limit_restart(m, T);
	assert_int_equal(m.wait_start, T);
	assert_int_equal(limit_state(&m, &defaults, true, true, T + 1, &wait),
	    LIMIT_WAITING);
	assert_int_equal(wait, 1799);
	/* A wait that began is left alone. */
	m = limit_restart(m, T + 60);
	assert_int_equal(m.wait_start, T);
}

static void
forgiving(void **state)
{
	struct limiter m = { .consecutive = 3, .total = 3, .total_since = T };

	(void)state;
	assert_int_equal(limit_forgive(m, 2).total, 1);
	assert_int_equal(limit_forgive(m, 5).total, 0);
	assert_int_equal(limit_forgive(m, 2).consecutive, 3);
	/* A year that began in a wrong future begins now. */
	m.total_since = T + 2 * LIMIT_YEAR;
	m = limit_clear(m, 0, T);
	assert_int_equal(m.total_since, T);
	assert_int_equal(m.total, 3);
}

static void
counts(void **state)
{
	struct limiter m = { 0 };
	uint32_t i;

	(void)state;
	assert_int_equal(limit_count(&m, &defaults), 0);
	for (i = 1; i <= 10; i++) {
		m = limit_charge(m, &defaults, T);
		assert_int_equal(limit_count(&m, &defaults), i);
	}
	m = limit_charge(m, &defaults, T);
	assert_int_equal(limit_count(&m, &defaults), 1);
}

static void
passwords(void **state)
{
	struct limiter m = { 0 };
	uint32_t wait;
	int i;

	(void)state;
	for (i = 0; i < LIMIT_PASSWORDS; i++) {
		assert_int_equal(limit_password_state(&m, T + i, &wait),
		    LIMIT_OPEN);
		m = limit_password_charge(m, T + i);
	}
	assert_int_equal(limit_password_state(&m, T + 10, &wait),
	    LIMIT_WAITING);
	assert_int_equal(wait, 3590);
	assert_int_equal(limit_password_state(&m, T + 3599, &wait),
	    LIMIT_WAITING);
	assert_int_equal(limit_password_state(&m, T + 3600, &wait),
	    LIMIT_OPEN);
	m = limit_password_charge(m, T + 3600);
	assert_int_equal(m.consecutive, 1);
	assert_int_equal(m.wait_start, T + 3600);
	/* The clock went back: no endless wait. */
	m.consecutive = LIMIT_PASSWORDS;
	assert_int_equal(limit_password_state(&m, T, &wait), LIMIT_OPEN);
}

/* What an unlock says was cleared: this hour's, nothing of an earlier one. */
static void
passwords_counted(void **state)
{
	struct limiter m = { .consecutive = 7, .wait_start = 1000 };

	(void)state;
	assert_int_equal(limit_password_count(&m, 1000), 7);
	assert_int_equal(limit_password_count(&m, 1000 + 3599), 7);
	assert_int_equal(limit_password_count(&m, 1000 + 3600), 0);
	assert_int_equal(limit_password_count(&m, 999), 0);
	m.consecutive = INT64_MAX;
	assert_int_equal(limit_password_count(&m, 1000), UINT32_MAX);
	m.consecutive = 0;
	assert_int_equal(limit_password_count(&m, 1000), 0);
}

/* What a store edited by hand may say does not wrap to a clean record. */
static void
counts_end(void **state)
{
	struct limiter m = { .consecutive = INT64_MAX, .total = INT64_MAX };
	uint32_t wait;

	(void)state;
	m = limit_charge(m, &defaults, T);
	assert_int_equal(m.consecutive, INT64_MAX);
	assert_int_equal(m.total, INT64_MAX);
	assert_int_equal(limit_state(&m, &defaults, true, false, T, &wait),
	    LIMIT_DISABLED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passwords_counted),
		cmocka_unit_test(waits),
		cmocka_unit_test(table_of_times),
		cmocka_unit_test(caps),
		cmocka_unit_test(clock_set_back),
		cmocka_unit_test(forgiving),
		cmocka_unit_test(counts),
		cmocka_unit_test(counts_end),
		cmocka_unit_test(passwords),
	};

	return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
