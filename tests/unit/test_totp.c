/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/totp.h"

/* The seed of both RFCs, repeated as RFC 6238's program does. */
static const uint8_t seed[64] = "12345678901234567890"
    "12345678901234567890" "12345678901234567890" "1234";

static const int64_t times[] = { 59, 1111111109, 1111111111, 1234567890,
	2000000000, 20000000000 };

#define TIMES (sizeof(times) / sizeof(times[0]))

static void
rfc4226_appendix_d(void **state)
{
	static const char *const codes[] = { "755224", "287082", "359152",
		"969429", "338314", "254676", "287922", "162583", "399871",
		"520489" };
	char buf[OTP_DIGITS_MAX + 1];
	int64_t i;

	(void)state;
	for (i = 0; i < 10; i++) {
		assert_true(totp_code(seed, 20, OTP_SHA1, 6, i, buf));
		assert_string_equal(buf, codes[i]);
	}
}

static void
vectors(enum otp_algorithm a, size_t len, const char *const codes[TIMES])
{
	char buf[OTP_DIGITS_MAX + 1];
	size_t i;

	for (i = 0; i < TIMES; i++) {
		assert_true(totp_code(seed, len, a, 8,
		    totp_step(times[i], 30), buf));
		assert_string_equal(buf, codes[i]);
	}
}

/* The vectors hold with keys of the digest's own length. */
static void
rfc6238_appendix_b(void **state)
{
	static const char *const sha1[] = { "94287082", "07081804",
		"14050471", "89005924", "69279037", "65353130" };
	static const char *const sha256[] = { "46119246", "68084774",
		"67062674", "91819424", "90698825", "77737706" };
	static const char *const sha512[] = { "90693936", "25091201",
		"99943326", "93441116", "38618901", "47863826" };

	(void)state;
	vectors(OTP_SHA1, 20, sha1);
	vectors(OTP_SHA256, 32, sha256);
	vectors(OTP_SHA512, 64, sha512);
}

/*
 * The text of the appendix names the 20-byte seed for all three: then other
 * codes come out (these are oathtool's and Python's hmac).
 */
static void
rfc6238_with_20_bytes(void **state)
{
	static const char *const sha256[] = { "32247374", "34756375",
		"74584430", "42829826", "78428693", "24142410" };
	static const char *const sha512[] = { "69342147", "63049338",
		"54380122", "76671578", "56464532", "69481994" };

	(void)state;
	vectors(OTP_SHA256, 20, sha256);
	vectors(OTP_SHA512, 20, sha512);
}

static void
digits_cut_from_the_left(void **state)
{
	char buf[OTP_DIGITS_MAX + 1];

	(void)state;
	/* RFC 4226 appendix D, count 0: the decimal value is 1284755224. */
	assert_true(totp_code(seed, 20, OTP_SHA1, 8, 0, buf));
	assert_string_equal(buf, "84755224");
	assert_true(totp_code(seed, 20, OTP_SHA1, 7, 0, buf));
	assert_string_equal(buf, "4755224");
	/* What is behind a short code is zeroed: buffers compare whole. */
	memset(buf, 'x', sizeof(buf));
	assert_true(totp_code(seed, 20, OTP_SHA1, 6, 0, buf));
	assert_memory_equal(buf, "755224\0\0", sizeof(buf));
}

static void
refused(size_t len, enum otp_algorithm a, unsigned digits, int64_t step)
{
	static const char clean[OTP_DIGITS_MAX + 1];
	char buf[OTP_DIGITS_MAX + 1];

	memset(buf, 'x', sizeof(buf));
	assert_false(totp_code(seed, len, a, digits, step, buf));
	assert_memory_equal(buf, clean, sizeof(buf));
}

static void
refuses_out_of_range(void **state)
{
	char buf[OTP_DIGITS_MAX + 1];

	(void)state;
	refused(0, OTP_SHA1, 6, 1);
	refused(OTP_SECRET_MAX + 1, OTP_SHA1, 6, 1);
	refused(SIZE_MAX, OTP_SHA1, 6, 1);
	refused(20, OTP_NONE, 6, 1);
	refused(20, (enum otp_algorithm)4, 6, 1);
	refused(20, OTP_SHA1, 0, 1);
	refused(20, OTP_SHA1, 5, 1);
	refused(20, OTP_SHA1, 9, 1);
	refused(20, OTP_SHA1, 6, -1);
	refused(20, OTP_SHA1, 6, INT64_MIN);
	assert_true(totp_code(seed, 20, OTP_SHA1, 6, INT64_MAX, buf));
}

static void
steps(void **state)
{
	(void)state;
	assert_int_equal(totp_step(0, 30), 0);
	assert_int_equal(totp_step(29, 30), 0);
	assert_int_equal(totp_step(30, 30), 1);
	assert_int_equal(totp_step(59, 30), 1);
	assert_int_equal(totp_step(1111111109, 30), 0x23523EC);
	assert_int_equal(totp_step(20000000000, 30), 0x27BC86AA);
	assert_int_equal(totp_step(119, 120), 0);
	/* 2038 and 2106 pass unnoticed. */
	assert_true(totp_step(2147483648, 15) == 143165576);
	assert_true(totp_step(4294967296, 15) == 286331153);
	assert_true(totp_step(INT64_MAX, 1) == INT64_MAX);
	assert_int_equal(totp_step(-1, 30), -1);
	assert_int_equal(totp_step(INT64_MIN, 30), -1);
	assert_int_equal(totp_step(1000, 0), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc4226_appendix_d),
		cmocka_unit_test(rfc6238_appendix_b),
		cmocka_unit_test(rfc6238_with_20_bytes),
		cmocka_unit_test(digits_cut_from_the_left),
		cmocka_unit_test(refuses_out_of_range),
		cmocka_unit_test(steps),
	};

	return cmocka_run_group_tests_name("totp", tests, NULL, NULL);
}
