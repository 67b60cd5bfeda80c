/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/recovery.h"

#define CODES	400	/* codes that the error tests go through */

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Made by a second implementation. */
static const char *const known[] = { "123456789ABCDEFK", "GHJKMNPQRSTVWXYM",
	"ZZZZZZZZZZZZZZZ7", "0000000000000000", "0000000000000011",
	"1J4Z8W0QK5R7TV2S", "7B3XN9Q0MD4TC6HR" };

#define KNOWN (sizeof(known) / sizeof(known[0]))

static bool
parses(const char *s)
{
	char code[RECOVERY_LENGTH + 1];

	return recovery_parse(s, strlen(s), code);
}

static void
reads_as(const char *typed, const char *want)
{
	char code[RECOVERY_LENGTH + 1];

	assert_true(recovery_parse(typed, strlen(typed), code));
	assert_string_equal(code, want);
}

static void
refused(const char *typed, size_t len)
{
	static const char clean[RECOVERY_LENGTH + 1];
	char code[RECOVERY_LENGTH + 1];

	memset(code, 'x', sizeof(code));
	if (recovery_parse(typed, len, code))
		fail_msg("accepted: %.*s", (int)len, typed);
	assert_memory_equal(code, clean, sizeof(code));
}

static void
known_codes_are_read(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < KNOWN; i++)
		reads_as(known[i], known[i]);
}

/* 15 symbols as one number mod 37, computed in one piece. */
static unsigned
check_of(const char *code)
{
	unsigned __int128 v = 0;
	int i;

	for (i = 0; i < RECOVERY_LENGTH - 1; i++)
		v = v * 32 +
		    (unsigned)(strchr(alphabet, code[i]) - alphabet);
	return (unsigned)(v % 37);
}

static void
generated_codes_are_sound(void **state)
{
	unsigned seen[RECOVERY_LENGTH][32] = { { 0 } };
	char code[RECOVERY_LENGTH + 1];
	const char *p;
	int i, k;

	(void)state;
	for (i = 0; i < 4000; i++) {
		memset(code, 'x', sizeof(code));
		assert_true(recovery_generate(code));
		assert_int_equal(code[RECOVERY_LENGTH], '\0');
		for (k = 0; k < RECOVERY_LENGTH; k++) {
			assert_true(code[k] != '\0');
			assert_non_null(p = strchr(alphabet, code[k]));
			seen[k][p - alphabet]++;
		}
		assert_true(check_of(code) < 32);
		assert_int_equal(code[15], alphabet[check_of(code)]);
		reads_as(code, code);
	}
	/* Every symbol comes at every place, none far too often. */
	for (k = 0; k < RECOVERY_LENGTH; k++)
		for (i = 0; i < 32; i++)
			assert_in_range(seen[k][i], 50, 250);
}

/*
 * Check values 32..36 have symbols of their own with Crockford; here such
 * codes do not occur and no 16th symbol makes them one.
 */
static void
check_beyond_the_alphabet(void **state)
{
	static const char *const heads[] = { "000000000000010",
		"000000000000011", "000000000000012", "000000000000013",
		"000000000000014" };
	char code[RECOVERY_LENGTH + 1];
	size_t i;
	int c;

	(void)state;
	for (i = 0; i < 5; i++) {
		assert_int_equal(check_of(heads[i]), 32 + i);
		memcpy(code, heads[i], 16);
		for (c = 0; c < 256; c++) {
			code[15] = (char)c;
			refused(code, 16);
		}
	}
}

static void
next_code(char code[RECOVERY_LENGTH + 1], size_t i)
{
	if (i < KNOWN)
		memcpy(code, known[i], RECOVERY_LENGTH + 1);
	else
		assert_true(recovery_generate(code));
}

static void
every_wrong_symbol_is_seen(void **state)
{
	char code[RECOVERY_LENGTH + 1], right;
	size_t i;
	int at, v;

	(void)state;
	for (i = 0; i < CODES; i++) {
		next_code(code, i);
		for (at = 0; at < RECOVERY_LENGTH; at++) {
			right = code[at];
			for (v = 0; v < 32; v++) {
				code[at] = alphabet[v];
				assert_int_equal(parses(code),
				    alphabet[v] == right);
			}
			code[at] = right;
		}
	}
}

static void
every_swap_is_seen(void **state)
{
	char code[RECOVERY_LENGTH + 1], c;
	unsigned swaps = 0;
	size_t i;
	int at;

	(void)state;
	for (i = 0; i < CODES; i++) {
		next_code(code, i);
		for (at = 0; at < RECOVERY_LENGTH - 1; at++) {
			c = code[at];
			code[at] = code[at + 1];
			code[at + 1] = c;
			assert_int_equal(parses(code), code[at] == c);
			swaps += code[at] != c;
			code[at + 1] = code[at];
			code[at] = c;
		}
	}
	assert_true(swaps > CODES * 10);
}

/* All pairs of neighbours, at every place: not left to chance. */
static void
every_pair_is_seen(void **state)
{
	char code[RECOVERY_LENGTH + 1];
	unsigned check;
	int at, a, b;

	(void)state;
	for (at = 0; at < RECOVERY_LENGTH - 2; at++) {
		for (a = 0; a < 32; a++) {
			for (b = 0; b < 32; b++) {
				memcpy(code, known[5], sizeof(code));
				code[at] = alphabet[a];
				code[at + 1] = alphabet[b];
				if ((check = check_of(code)) >= 32)
					continue;
				code[15] = alphabet[check];
				assert_true(parses(code));
				code[at] = alphabet[b];
				code[at + 1] = alphabet[a];
				assert_int_equal(parses(code), a == b);
			}
		}
	}
}

static void
typed_in_any_way(void **state)
{
	(void)state;
	reads_as("1J4Z-8W0Q-K5R7-TV2S", "1J4Z8W0QK5R7TV2S");
	reads_as("1j4z-8w0q-k5r7-tv2s", "1J4Z8W0QK5R7TV2S");
	reads_as("  1J4Z 8w0q--K5R7 - tv2s ", "1J4Z8W0QK5R7TV2S");
	reads_as("1-J-4-Z-8-W-0-Q-K-5-R-7-T-V-2-S-", "1J4Z8W0QK5R7TV2S");
	/* O is 0, I and L are 1, in both cases, the check symbol too. */
	reads_as("IJ4Z8WOQK5R7TV2S", "1J4Z8W0QK5R7TV2S");
	reads_as("LJ4Z8WoQK5R7TV2S", "1J4Z8W0QK5R7TV2S");
	reads_as("ij4z8w0qk5r7tv2s", "1J4Z8W0QK5R7TV2S");
	reads_as("lj4z8wOqk5r7tv2s", "1J4Z8W0QK5R7TV2S");
	reads_as("oooooooooooooooO", "0000000000000000");
	reads_as("OOOOOOOOOOOOOOiL", "0000000000000011");
}

static void
refuses_what_is_no_code(void **state)
{
	static const char *const bad[] = { "", " ", "-", "123456", "12345678",
		"1J4Z8W0QK5R7TV2", "1J4Z8W0QK5R7TV2S0", "01J4Z8W0QK5R7TV2S",
		"1J4Z8W0QK5R7TV2SS", "1J4Z8W0QK5R7TV2S1J4Z8W0QK5R7TV2S",
		"1J4Z8W0QK5R7TV2S 1", "1J4Z_8W0QK5R7TV2S",
		"1J4Z8W0QK5R7TV2S\n", "\t1J4Z8W0QK5R7TV2S",
		"1J4Z.8W0Q.K5R7.TV2S", "UUUUUUUUUUUUUUUU",
		"000000000000001*", "000000000000001U",
		"\xef\xbc\x91J4Z8W0QK5R7TV2S", "----------------" };
	char code[17] = "1J4Z8W0QK5R7TV2S", right;
	size_t i;
	int at, c;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(bad[i], strlen(bad[i]));
	refused("1J4Z8W0QK5R7TV2S\0", 17);
	refused("1J4Z8W0Q\0K5R7TV2S", 17);
	refused("1J4Z8W0QK5R7TV2S", 15);
	refused(NULL, 0);
	for (at = 0; at < RECOVERY_LENGTH; at++) {
		right = code[at];
		for (c = 0; c < 256; c++) {
			if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			    (c >= 'a' && c <= 'z'))
				continue;
			code[at] = (char)c;
			refused(code, 16);
		}
		code[at] = right;
	}
}

/* PBKDF2 as Python's hashlib computes it. */
static void
hash_is_pbkdf2(void **state)
{
	static const uint8_t thousand[RECOVERY_HASH] = {
		0x5f, 0xc4, 0x49, 0x45, 0x78, 0x5f, 0xce, 0x74, 0xe9, 0xd9,
		0x4a, 0xd2, 0x52, 0x51, 0xff, 0x57, 0xcf, 0xeb, 0x33, 0xbb,
		0x48, 0xec, 0xe7, 0xc7, 0xc4, 0x3a, 0x06, 0x43, 0xe1, 0x7c,
		0xba, 0xd3 };
	static const uint8_t one[RECOVERY_HASH] = {
		0x93, 0xe6, 0x08, 0x76, 0xaa, 0x01, 0x27, 0x00, 0x1c, 0x49,
		0x90, 0x2b, 0x50, 0x3f, 0xb7, 0xac, 0x87, 0x32, 0x10, 0x59,
		0xfa, 0x54, 0x15, 0x11, 0x8b, 0x3f, 0xb9, 0x2d, 0x4d, 0xbb,
		0xa1, 0xd0 };
	uint8_t salt[RECOVERY_SALT], hash[RECOVERY_HASH];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(salt); i++)
		salt[i] = (uint8_t)i;
	assert_true(recovery_hash(known[0], salt, RECOVERY_ROUNDS, hash));
	assert_memory_equal(hash, thousand, sizeof(hash));
	assert_true(recovery_hash(known[0], salt, 1, hash));
	assert_memory_equal(hash, one, sizeof(hash));
}

static void
hash_refuses(void **state)
{
	static const uint8_t salt[RECOVERY_SALT], clean[RECOVERY_HASH];
	static const char none[RECOVERY_LENGTH + 1];
	static const char shorter[RECOVERY_LENGTH + 1] = "1J4Z8W0QK5R7TV2";
	uint8_t hash[RECOVERY_HASH];

	(void)state;
	memset(hash, 0xaa, sizeof(hash));
	assert_false(recovery_hash(none, salt, 1000, hash));
	assert_memory_equal(hash, clean, sizeof(hash));
	assert_false(recovery_hash(shorter, salt, 1000, hash));
	assert_false(recovery_hash(known[0], salt, 0, hash));
	assert_false(recovery_hash(known[0], salt, UINT32_MAX, hash));
	assert_memory_equal(hash, clean, sizeof(hash));
}

static void
make_fills_a_set(void **state)
{
	char codes[ACCOUNT_CODES_MAX][RECOVERY_LENGTH + 1];
	struct recovery_set set, other;
	uint8_t hash[RECOVERY_HASH];
	size_t n, i, k;

	(void)state;
	for (n = 1; n <= ACCOUNT_CODES_MAX; n += 19) {
		memset(&set, 0xaa, sizeof(set));
		assert_true(recovery_make(&set, n, 1800000000, codes));
		assert_int_equal(set.count, n);
		assert_int_equal(set.rounds, RECOVERY_ROUNDS);
		assert_true(set.created_at == 1800000000);
		for (i = 0; i < n; i++) {
			assert_true(parses(codes[i]));
			assert_true(recovery_hash(codes[i], set.salt,
			    set.rounds, hash));
			assert_memory_equal(hash, set.codes[i].hash,
			    sizeof(hash));
			assert_true(set.codes[i].spent_at == 0);
			for (k = 0; k < i; k++)
				assert_string_not_equal(codes[i], codes[k]);
		}
	}
	assert_true(recovery_make(&other, 1, 1800000000, codes));
	assert_memory_not_equal(set.salt, other.salt, sizeof(set.salt));
}

static void
make_refuses(void **state)
{
	static const struct recovery_set clean;
	char codes[ACCOUNT_CODES_MAX][RECOVERY_LENGTH + 1];
	struct recovery_set set;

	(void)state;
	memset(&set, 0xaa, sizeof(set));
	assert_false(recovery_make(&set, 0, 1800000000, codes));
	assert_memory_equal(&set, &clean, sizeof(set));
	assert_false(recovery_make(&set, ACCOUNT_CODES_MAX + 1, 1800000000,
	    codes));
	assert_false(recovery_make(&set, 10, 0, codes));
	assert_memory_equal(&set, &clean, sizeof(set));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_codes_are_read),
		cmocka_unit_test(generated_codes_are_sound),
		cmocka_unit_test(check_beyond_the_alphabet),
		cmocka_unit_test(every_wrong_symbol_is_seen),
		cmocka_unit_test(every_swap_is_seen),
		cmocka_unit_test(every_pair_is_seen),
		cmocka_unit_test(typed_in_any_way),
		cmocka_unit_test(refuses_what_is_no_code),
		cmocka_unit_test(hash_is_pbkdf2),
		cmocka_unit_test(hash_refuses),
		cmocka_unit_test(make_fills_a_set),
		cmocka_unit_test(make_refuses),
	};

	return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
