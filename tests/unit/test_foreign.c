/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/foreign.h"

static struct foreign f;

/* The text in room that ends where it says: valgrind sees one byte more. */
static char *
copy(const char *text, size_t len)
{
	char *room = malloc(len + 1);

	assert_non_null(room);
	memcpy(room, text, len);
	room[len] = 'x';
	return room;
}

static enum foreign_why
ga_bytes(const char *text, size_t len)
{
	char *room = copy(text, len);
	size_t i;

	memset(&f, 0xa5, sizeof(f));
	foreign_ga(room, len, &f);
	free(room);
	if (f.why != FOREIGN_FINE) {
		assert_int_equal(f.secret_len, 0);
		for (i = 0; i < sizeof(f.secret); i++)
			assert_int_equal(f.secret[i], 0);
	}
	return f.why;
}

static enum foreign_why
ga(const char *text)
{
	return ga_bytes(text, strlen(text));
}

static void
secret_is(const char *hex)
{
	char text[2 * OTP_SECRET_MAX + 1] = "";
	size_t i;

	for (i = 0; i < f.secret_len; i++)
		snprintf(text + 2 * i, 3, "%02x", f.secret[i]);
	assert_string_equal(text, hex);
}

#define KEY "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
#define KEY_HEX "48656c6c6f21deadbeef48656c6c6f21deadbeef"
#define TOTP "\" TOTP_AUTH\n"

static void
ga_as_written(void **state)
{
	(void)state;
	assert_int_equal(ga(KEY "\n\" RATE_LIMIT 3 30 1763720000\n"
	    "\" WINDOW_SIZE 17\n\" DISALLOW_REUSE 58790652 58790655 58790654\n"
	    TOTP "12345678\n87654321\n"), FOREIGN_FINE);
	secret_is(KEY_HEX);
	assert_int_equal(f.line, 1);
	assert_int_equal(f.digits, 6);
	assert_int_equal(f.period, 30);
	assert_int_equal(f.window, 17);
	assert_int_equal(f.after, 58790655);
	assert_int_equal(f.scratch, 2);
	assert_int_equal(f.skew, 0);
	assert_false(f.pin);
	assert_int_equal(ga(KEY "\n" TOTP), FOREIGN_FINE);
	assert_int_equal(f.window, 3);
	assert_int_equal(f.after, 0);
	assert_int_equal(f.scratch, 0);
	assert_int_equal(ga(KEY "\n\" TIME_SKEW -4\n\" STEP_SIZE 60\n" TOTP),
	    FOREIGN_FINE);
	assert_int_equal(f.skew, -4);
	assert_int_equal(f.period, 60);
}

/* Ends of lines, no last one, tabs: as editors leave them. */
static void
ga_odd_ends(void **state)
{
	(void)state;
	assert_int_equal(ga(KEY "\r\n\" WINDOW_SIZE 5\r\n\" TOTP_AUTH\r\n"
	    "12345678\r\n"), FOREIGN_FINE);
	secret_is(KEY_HEX);
	assert_int_equal(f.window, 5);
	assert_int_equal(f.scratch, 1);
	assert_int_equal(ga(KEY "\n\" TOTP_AUTH"), FOREIGN_FINE);
	assert_int_equal(ga(KEY "\n\n\n\" TOTP_AUTH\n12345678"),
	    FOREIGN_FINE);
	assert_int_equal(f.scratch, 1);
	assert_int_equal(ga(KEY "\n\" WINDOW_SIZE\t 4 \n" TOTP),
	    FOREIGN_FINE);
	assert_int_equal(f.window, 4);
	assert_int_equal(ga(KEY), FOREIGN_EVENT);
	assert_int_equal(ga(KEY "\n"), FOREIGN_EVENT);
}

/* The key is read as it is read there: what is mistyped works there. */
static void
ga_keys(void **state)
{
	static const struct { const char *key, *hex; } good[] = {
		{ "jbswy3dpehpk3pxpjbswy3dpehpk3pxp", KEY_HEX },
		{ "JBSW Y3DP-EHPK 3PXP\tJBSW-Y3DP EHPK 3PXP", KEY_HEX },
		/* bits that are left over, set or not */
		{ "ABCDEFGHIJKLMNOPQ", "00443214c74254b635cf" },
		{ "ABCDEFGHIJKLMNOP7", "00443214c74254b635cf" },
		{ "ABCDEFGHIJKLMNOP", "00443214c74254b635cf" },
	};
	static const struct { const char *key; enum foreign_why why; } bad[] = {
		{ "", FOREIGN_EMPTY }, { " - ", FOREIGN_EMPTY },
		{ "A", FOREIGN_EMPTY },
		{ "ABCDEFGHIJKLMNO", FOREIGN_SHORT },
		{ "ABCDEFGHIJKLMNO9", FOREIGN_SECRET },
		{ "ABCDEFGHIJKLMNOP=", FOREIGN_SECRET },
		{ "ABCDEFGHIJKLMN\303\244P", FOREIGN_SECRET },
		{ "\" TOTP_AUTH", FOREIGN_SECRET },
		{ "#!/bin/sh", FOREIGN_SECRET },
		{ "root:x:0:0:root:/root:/bin/bash", FOREIGN_SECRET },
	};
	char text[400], key[120];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		snprintf(text, sizeof(text), "%s\n" TOTP, good[i].key);
		assert_int_equal(ga(text), FOREIGN_FINE);
		secret_is(good[i].hex);
	}
	/* 0 for O, 1 for L, 8 for B */
	assert_int_equal(ga("O0L1B8O0L1B8O0L1\n" TOTP), FOREIGN_FINE);
	memcpy(key, f.secret, 10);
	assert_int_equal(ga("OOLLBBOOLLBBOOLL\n" TOTP), FOREIGN_FINE);
	assert_memory_equal(key, f.secret, 10);
	for (i = 0; i < COUNT(bad); i++) {
		snprintf(text, sizeof(text), "%s\n" TOTP, bad[i].key);
		assert_int_equal(ga(text), bad[i].why);
		assert_int_equal(f.line, 1);
	}
	/* 64 bytes at most: 103 symbols are 64 of them and 3 bits. */
	memset(key, 'A', sizeof(key));
	snprintf(text, sizeof(text), "%.103s\n" TOTP, key);
	assert_int_equal(ga(text), FOREIGN_FINE);
	assert_int_equal(f.secret_len, 64);
	snprintf(text, sizeof(text), "%.104s\n" TOTP, key);
	assert_int_equal(ga(text), FOREIGN_LONG);
}

static void
ga_other_kinds(void **state)
{
	(void)state;
	assert_int_equal(ga(KEY "\n\" HOTP_COUNTER 1\n"), FOREIGN_EVENT);
	assert_int_equal(ga(KEY "\n" TOTP "\" HOTP_COUNTER 1\n"),
	    FOREIGN_EVENT);
	/* There, a counter of 0 is none. */
	assert_int_equal(ga(KEY "\n" TOTP "\" HOTP_COUNTER 0\n"),
	    FOREIGN_FINE);
	assert_int_equal(ga(KEY "\n" TOTP "\" HOTP_COUNTER x\n"),
	    FOREIGN_EVENT);
	assert_int_equal(ga(KEY "\n12345678\n"), FOREIGN_EVENT);
	assert_int_equal(ga(KEY "\n\" TOTP_AUTHX\n"), FOREIGN_EVENT);
	assert_int_equal(ga(KEY "\nTOTP_AUTH\n"), FOREIGN_EVENT);
	assert_int_equal(ga(KEY "\n\" STEP_SIZE 14\n" TOTP), FOREIGN_PERIOD);
	assert_int_equal(ga(KEY "\n\" STEP_SIZE 15\n" TOTP), FOREIGN_FINE);
}

static void
ga_options(void **state)
{
	static const char *const bad[] = { "STEP_SIZE", "STEP_SIZE ",
	    "STEP_SIZE 0", "STEP_SIZE 61", "STEP_SIZE -30", "STEP_SIZE 30s",
	    "STEP_SIZE 99999999999999999999", "WINDOW_SIZE 0",
	    "WINDOW_SIZE 101", "WINDOW_SIZE x", "WINDOW_SIZE 3,", "TIME_SKEW",
	    "TIME_SKEW --4", "TIME_SKEW 1000001", "TIME_SKEW +4",
	    "DISALLOW_REUSE 1 x", "DISALLOW_REUSE -1",
	    "DISALLOW_REUSE 4294967296" };
	char text[200];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		snprintf(text, sizeof(text), KEY "\n" TOTP "\" %s\n12345678\n",
		    bad[i]);
		assert_int_equal(ga(text), FOREIGN_OPTION);
		assert_int_equal(f.line, 3);
	}
	/* The first counts; what is not known is not ours to judge. */
	assert_int_equal(ga(KEY "\n\" WINDOW_SIZE 4\n\" WINDOW_SIZE x\n"
	    "\" NEWER_OPTION x\n\"  \n\"\nwhatever\n\" \n" TOTP),
	    FOREIGN_FINE);
	assert_int_equal(f.window, 4);
	assert_int_equal(ga(KEY "\n\" WINDOW_SIZE 007\n" TOTP),
	    FOREIGN_FINE);
	assert_int_equal(f.window, 7);
}

static void
ga_no_text(void **state)
{
	static const char nul[] = KEY "\n" TOTP "\0";
	static const char inside[] = "JBSWY3DP\0EHPK3PXP\n" TOTP;

	(void)state;
	assert_int_equal(ga_bytes(nul, sizeof(nul) - 1), FOREIGN_BINARY);
	assert_int_equal(ga_bytes(inside, sizeof(inside) - 1),
	    FOREIGN_BINARY);
	assert_int_equal(ga("\177ELF\2\1\1"), FOREIGN_BINARY);
	assert_int_equal(ga(KEY "\n\033[2J" TOTP), FOREIGN_BINARY);
	assert_int_equal(ga(""), FOREIGN_EMPTY);
	assert_int_equal(ga("\n" TOTP), FOREIGN_EMPTY);
}

/* --- users.oath ----------------------------------------------------------- */

static char *oath_text;
static struct foreign_lines lines;

static void
oath_bytes(const char *text, size_t len)
{
	free(oath_text);
	oath_text = copy(text, len);
	lines = (struct foreign_lines){ .text = oath_text, .len = len };
}

static bool
next(void)
{
	memset(&f, 0xa5, sizeof(f));
	return foreign_oath(&lines, &f);
}

static enum foreign_why
one(const char *text)
{
	oath_bytes(text, strlen(text));
	assert_true(next());
	return f.why;
}

static void
oath_lines(void **state)
{
	static const char text[] = "# comment\n\n \t\r\n"
	    "HOTP/T30/6 alice - " KEY_HEX "\n"
	    "\tHOTP/T60/8\tbob\t1234\t48656C6C6F21DEADBEEF\t0\t1\t2026L\r\n"
	    "  # HOTP/T30 carol - 00\n"
	    "HOTP dave - " KEY_HEX "\n"
	    "HOTP/T30 eve + " KEY_HEX;

	(void)state;
	oath_bytes(text, sizeof(text) - 1);
	assert_true(next());
	assert_int_equal(f.why, FOREIGN_FINE);
	assert_string_equal(f.user, "alice");
	assert_int_equal(f.line, 4);
	assert_int_equal(f.digits, 6);
	assert_int_equal(f.period, 30);
	assert_int_equal(f.window, 0);
	assert_false(f.pin);
	secret_is(KEY_HEX);
	assert_true(next());
	assert_int_equal(f.why, FOREIGN_FINE);
	assert_string_equal(f.user, "bob");
	assert_int_equal(f.line, 5);
	assert_int_equal(f.digits, 8);
	assert_int_equal(f.period, 60);
	assert_true(f.pin);
	secret_is("48656c6c6f21deadbeef");
	assert_true(next());
	assert_int_equal(f.why, FOREIGN_EVENT);
	assert_string_equal(f.user, "dave");
	assert_int_equal(f.line, 7);
	assert_int_equal(f.secret_len, 0);
	assert_true(next());
	assert_int_equal(f.why, FOREIGN_FINE);
	assert_string_equal(f.user, "eve");
	assert_true(f.pin);
	assert_false(next());
	assert_false(next());
}

static void
oath_types(void **state)
{
	static const struct {
		const char	*type;
		enum foreign_why why;
		unsigned	 digits, period;
	} types[] = {
		{ "HOTP/T30", FOREIGN_FINE, 6, 30 },
		{ "HOTP/T30/7", FOREIGN_FINE, 7, 30 },
		{ "HOTP/T60", FOREIGN_FINE, 6, 60 },
		{ "HOTP", FOREIGN_EVENT, 0, 0 },
		{ "HOTP/E", FOREIGN_EVENT, 6, 0 },
		{ "HOTP/E/8", FOREIGN_EVENT, 8, 0 },
		{ "HOTP/T90", FOREIGN_TYPE, 0, 0 },
		{ "HOTP/T300", FOREIGN_TYPE, 6, 30 },
		{ "HOTP/T30/", FOREIGN_TYPE, 6, 30 },
		{ "HOTP/T30/5", FOREIGN_TYPE, 6, 30 },
		{ "HOTP/T30/9", FOREIGN_TYPE, 6, 30 },
		{ "HOTP/T30/66", FOREIGN_TYPE, 6, 30 },
		{ "hotp/t30", FOREIGN_TYPE, 0, 0 },
		{ "MOTP", FOREIGN_TYPE, 0, 0 },
		{ "HOTP/", FOREIGN_TYPE, 0, 0 },
	};
	char text[120];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(types); i++) {
		snprintf(text, sizeof(text), "%s alice - " KEY_HEX "\n",
		    types[i].type);
		assert_int_equal(one(text), types[i].why);
		assert_string_equal(f.user, "alice");
		assert_int_equal(f.digits, types[i].digits);
		assert_int_equal(f.period, types[i].period);
	}
}

static void
oath_bad_lines(void **state)
{
	static const struct { const char *text; enum foreign_why why; } bad[] = {
		{ "HOTP/T30", FOREIGN_LINE }, { "HOTP/T30 alice", FOREIGN_LINE },
		{ "HOTP/T30 alice -", FOREIGN_LINE },
		{ "HOTP/T30 alice " KEY_HEX, FOREIGN_LINE },
		{ "HOTP/T30 alice - 0123456789abcdef01234", FOREIGN_SECRET },
		{ "HOTP/T30 alice - 0123456789abcdef0123g5", FOREIGN_SECRET },
		{ "HOTP/T30 alice - " KEY, FOREIGN_SECRET },
		{ "HOTP/T30 alice - 0123456789abcdef01", FOREIGN_SHORT },
		{ "HOTP/T30 al\033ice - " KEY_HEX, FOREIGN_BINARY },
	};
	static const char nul[] = "HOTP/T30 al\0ce - " KEY_HEX "\n"
	    "HOTP/T30 bob - " KEY_HEX "\n";
	char text[2000], hex[200];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		assert_int_equal(one(bad[i].text), bad[i].why);
		assert_int_equal(f.secret_len, 0);
		assert_false(next());
	}
	/* A line is lost, the next one is not. */
	oath_bytes(nul, sizeof(nul) - 1);
	assert_true(next());
	assert_int_equal(f.why, FOREIGN_BINARY);
	assert_true(next());
	assert_int_equal(f.why, FOREIGN_FINE);
	assert_string_equal(f.user, "bob");
	/* Key and name at their longest, and one more. */
	memset(hex, 'a', sizeof(hex));
	snprintf(text, sizeof(text), "HOTP/T30 alice - %.128s", hex);
	assert_int_equal(one(text), FOREIGN_FINE);
	assert_int_equal(f.secret_len, 64);
	snprintf(text, sizeof(text), "HOTP/T30 alice - %.130s", hex);
	assert_int_equal(one(text), FOREIGN_LONG);
	memset(text, 'n', sizeof(text));
	memcpy(text, "HOTP/T30 ", 9);
	strcpy(text + 9 + 255, " - " KEY_HEX);
	assert_int_equal(one(text), FOREIGN_FINE);
	assert_int_equal(strlen(f.user), 255);
	memset(text, 'n', sizeof(text));
	memcpy(text, "HOTP/T30 ", 9);
	strcpy(text + 9 + 256, " - " KEY_HEX);
	assert_int_equal(one(text), FOREIGN_LINE);
	assert_string_equal(f.user, "");
	memset(text, 'n', sizeof(text));
	strcpy(text + 1024, "\nHOTP/T30 bob - " KEY_HEX);
	assert_int_equal(one(text), FOREIGN_TYPE);
	text[1024] = 'n';
	assert_int_equal(one(text), FOREIGN_LINE);
}

static int
down(void **state)
{
	(void)state;
	free(oath_text);
	oath_text = NULL;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ga_as_written),
		cmocka_unit_test(ga_odd_ends),
		cmocka_unit_test(ga_keys),
		cmocka_unit_test(ga_other_kinds),
		cmocka_unit_test(ga_options),
		cmocka_unit_test(ga_no_text),
		cmocka_unit_test_teardown(oath_lines, down),
		cmocka_unit_test_teardown(oath_types, down),
		cmocka_unit_test_teardown(oath_bad_lines, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
