/* SPDX-License-Identifier: BSD-2-Clause */
/* Two codes in a row tell the clock; one alone, or two others, nothing. */
#include "tests/unit/unit.h"

#include <string.h>

#include "daemon/totp.h"
#include "daemon/trial.h"

#define NOW INT64_C(1800000007)

static struct account person;

static void
credential(size_t i, const char *secret, unsigned digits, unsigned period)
{
	struct credential *c = &person.credentials[i];

	memset(c, 0, sizeof(*c));
	c->kind = CREDENTIAL_TOTP;
	c->algorithm = OTP_SHA1;
	c->digits = digits;
	c->period = period;
	c->opened = secret_set(&c->secret, secret, 20);
	assert_true(c->opened);
	person.credential_count = i + 1;
}

static void
code(size_t i, int64_t away, char out[OTP_DIGITS_MAX + 1])
{
	const struct credential *c = &person.credentials[i];

	memset(out, 0, OTP_DIGITS_MAX + 1);
	assert_true(totp_code(c->secret.data, c->secret.len, c->algorithm,
	    c->digits, totp_step(NOW, c->period) + away, out));
}

static void
tells_the_clock(void **state)
{
	static const int64_t away[] = { 0, 1, -1, 2, 14, -14, 240, -240, 2880,
		-2880 };
	struct trial t = { .at = NOW };
	int64_t skew;
	size_t i, k;

	(void)state;
	credential(0, "12345678901234567890", 6, 30);
	credential(1, "abcdefghijabcdefghij", 8, 60);
	for (i = 0; i < COUNT(away); i++) {
		for (k = 0; k < 2; k++) {
			int64_t a = away[i] / (k == 1 ? 2 : 1);

			code(k, a, t.first);
			code(k, a + 1, t.second);
			assert_int_equal(trial_skew(&person, &t, &skew), k);
			assert_int_equal(skew, a * (k == 1 ? 60 : 30));
		}
	}
}

/* Whatever is not two steps in a row within a day is nothing at all. */
static void
tells_nothing_else(void **state)
{
	static const struct { int64_t first, second; } pairs[] = {
		{ 5, 5 }, { 5, 7 }, { 5, 4 }, { 2881, 2882 },
		{ -2881, -2880 }, { 40, 400 },
	};
	struct trial t = { .at = NOW };
	int64_t skew = 4711;
	size_t i;

	(void)state;
	credential(0, "12345678901234567890", 6, 30);
	for (i = 0; i < COUNT(pairs); i++) {
		code(0, pairs[i].first, t.first);
		code(0, pairs[i].second, t.second);
		assert_int_equal(trial_skew(&person, &t, &skew), 1);
		assert_int_equal(skew, 0);
	}
	/* The right one and anything. */
	code(0, 3, t.first);
	strcpy(t.second, "000000");
	assert_int_equal(trial_skew(&person, &t, &skew), 1);
	t.first[0] = t.second[0] = '\0';
	assert_int_equal(trial_skew(&person, &t, &skew), 1);
	/* One code of each of two apps. */
	credential(1, "abcdefghijabcdefghij", 6, 30);
	code(0, 3, t.first);
	code(1, 4, t.second);
	assert_int_equal(trial_skew(&person, &t, &skew), 2);
	/* A seal that did not open. */
	code(0, 4, t.second);
	person.credentials[0].opened = false;
	assert_int_equal(trial_skew(&person, &t, &skew), 2);
	assert_int_equal(skew, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_clock),
		cmocka_unit_test(tells_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
