/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base32.h"

/* RFC 4648, section 10, and how each is written without padding. */
static const struct {
	const char	*data;
	const char	*padded;
	const char	*plain;
} vectors[] = {
	{ "", "", "" },
	{ "f", "MY======", "MY" },
	{ "fo", "MZXQ====", "MZXQ" },
	{ "foo", "MZXW6===", "MZXW6" },
	{ "foob", "MZXW6YQ=", "MZXW6YQ" },
	{ "fooba", "MZXW6YTB", "MZXW6YTB" },
	{ "foobar", "MZXW6YTBOI======", "MZXW6YTBOI" },
};

#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static void
refused(const char *s)
{
	uint8_t buf[64], clean[64];
	size_t len = 99;

	memset(buf, 0xaa, sizeof(buf));
	if (base32_decode(s, buf, sizeof(buf), &len))
		fail_msg("accepted: %s", s);
	assert_int_equal(len, 0);
	/* What was decoded before the refusal is wiped. */
	for (len = 0; len < sizeof(buf) && buf[len] == 0; len++)
		;
	memset(clean, 0xaa, sizeof(clean));
	assert_memory_equal(buf + len, clean, sizeof(buf) - len);
}

static void
vectors_encode(void **state)
{
	char buf[32];
	size_t i;

	(void)state;
	for (i = 0; i < VECTORS; i++) {
		assert_true(base32_encode((const uint8_t *)vectors[i].data,
		    strlen(vectors[i].data), buf, sizeof(buf)));
		assert_string_equal(buf, vectors[i].plain);
		assert_int_equal(strlen(buf),
		    BASE32_LENGTH(strlen(vectors[i].data)));
	}
}

static void
decodes_to(const char *s, const char *data)
{
	uint8_t buf[32];
	size_t len;

	assert_true(base32_decode(s, buf, sizeof(buf), &len));
	assert_int_equal(len, strlen(data));
	assert_memory_equal(buf, data, len);
}

static void
vectors_decode(void **state)
{
	char lower[32];
	size_t i, k;

	(void)state;
	for (i = 0; i < VECTORS; i++) {
		decodes_to(vectors[i].padded, vectors[i].data);
		decodes_to(vectors[i].plain, vectors[i].data);
		for (k = 0; vectors[i].padded[k] != '\0'; k++)
			lower[k] = vectors[i].padded[k] >= 'A' ?
			    (char)(vectors[i].padded[k] | 0x20) :
			    vectors[i].padded[k];
		lower[k] = '\0';
		decodes_to(lower, vectors[i].data);
	}
}

static void
refuses_foreign_bytes(void **state)
{
	char s[] = "MZXW6YTB";
	int c, at;

	(void)state;
	for (at = 0; at < 8; at++) {
		for (c = 1; c < 256; c++) {
			s[at] = (char)c;
			if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			    (c >= '2' && c <= '7') || (c == '=' && at == 7))
				continue;
			refused(s);
		}
		s[at] = "MZXW6YTB"[at];
	}
}

static void
refuses_padding(void **state)
{
	static const char *const bad[] = { "=", "========", "MY=", "MY==",
		"MY===", "MY====", "MY=====", "MY=======", "MY==============",
		"MZXQ===", "MZXQ=====", "MZXW6==", "MZXW6====", "MZXW6YQ==",
		"MZXW6YTB=", "MZXW6YTB========", "M=Y=====", "=MY=====",
		"MY======MY======", "MY====== ", "MY======\n", "MZXW6YTBOI=" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(bad[i]);
}

static void
refuses_lengths(void **state)
{
	char s[33] = "";
	size_t n;
	uint8_t buf[32];
	size_t len;

	(void)state;
	for (n = 1; n <= 32; n++) {
		s[n - 1] = 'A';
		s[n] = '\0';
		if (n % 8 == 1 || n % 8 == 3 || n % 8 == 6) {
			refused(s);
			continue;
		}
		assert_true(base32_decode(s, buf, sizeof(buf), &len));
		assert_int_equal(len, n * 5 / 8);
	}
}

/* The last symbol's left-over bits: only zeroes name the same bytes. */
static void
refuses_trailing_bits(void **state)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	static const struct { int symbols, bits; } tails[] = {
		{ 2, 2 }, { 4, 4 }, { 5, 1 }, { 7, 3 },
	};
	uint8_t buf[8];
	char s[9];
	size_t len, i;
	int v;

	(void)state;
	for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		for (v = 0; v < 32; v++) {
			memset(s, 0, sizeof(s));
			memset(s, 'B', (size_t)tails[i].symbols);
			s[tails[i].symbols - 1] = alphabet[v];
			if (v % (1 << tails[i].bits) != 0)
				refused(s);
			else
				assert_true(base32_decode(s, buf, sizeof(buf),
				    &len));
		}
	}
}

static void
keeps_to_the_buffer(void **state)
{
	static const uint8_t data[5] = "fooba";
	uint8_t out[6];
	char buf[10];
	size_t size, len;

	(void)state;
	for (size = 0; size < 10; size++) {
		memset(buf, 'x', sizeof(buf));
		if (base32_encode(data, sizeof(data), buf, size)) {
			assert_true(size >= 9);
			assert_string_equal(buf, "MZXW6YTB");
		} else {
			assert_true(size < 9);
			assert_int_equal(buf[0], size == 0 ? 'x' : '\0');
		}
		assert_int_equal(buf[9], 'x');
	}
	/* Lengths whose bits do not fit a size_t. */
	assert_false(base32_encode(data, SIZE_MAX, buf, sizeof(buf)));
	assert_false(base32_encode(data, SIZE_MAX / 8 + 1, buf,
	    sizeof(buf)));
	for (size = 0; size < 6; size++) {
		memset(out, 0xaa, sizeof(out));
		assert_int_equal(base32_decode("MZXW6YTB", out, size, &len),
		    size >= 5);
		assert_int_equal(len, size >= 5 ? 5 : 0);
		assert_int_equal(out[size], 0xaa);
	}
}

static void
every_length_comes_back(void **state)
{
	uint8_t data[64], out[64];
	char buf[BASE32_LENGTH(64) + 1];
	uint32_t x = 1;
	size_t n, i, len;

	(void)state;
	for (n = 0; n <= sizeof(data); n++) {
		for (i = 0; i < n; i++) {
			x = x * 1664525 + 1013904223;
			data[i] = (uint8_t)(x >> 24);
		}
		assert_true(base32_encode(data, n, buf, sizeof(buf)));
		assert_int_equal(strlen(buf), BASE32_LENGTH(n));
		assert_true(base32_decode(buf, out, n, &len));
		assert_int_equal(len, n);
		assert_memory_equal(out, data, n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_encode),
		cmocka_unit_test(vectors_decode),
		cmocka_unit_test(refuses_foreign_bytes),
		cmocka_unit_test(refuses_padding),
		cmocka_unit_test(refuses_lengths),
		cmocka_unit_test(refuses_trailing_bits),
		cmocka_unit_test(keeps_to_the_buffer),
		cmocka_unit_test(every_length_comes_back),
	};

	return cmocka_run_group_tests_name("base32", tests, NULL, NULL);
}
