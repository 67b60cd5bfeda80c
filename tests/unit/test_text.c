/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"

static void
number_reads(void **state)
{
	static const struct {
		const char	*s;
		uint64_t	 value;
	} good[] = {
		{ "0", 0 }, { "7", 7 }, { "10", 10 }, { "4294967296",
		4294967296 }, { "18446744073709551615", UINT64_MAX },
	};
	uint64_t v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		v = 99;
		assert_true(text_number(good[i].s, 0, UINT64_MAX, &v));
		assert_true(v == good[i].value);
	}
}

static void
number_refuses(void **state)
{
	static const char *const bad[] = { "", " ", "00", "01", "-0", "-1",
		"+1", " 1", "1 ", "1\n", "0x1", "1a", "a", "1.0", "1e3", "1,0",
		"18446744073709551616", "18446744073709551620",
		"28446744073709551615", "99999999999999999999",
		"100000000000000000000000", "\xb2", "\xd9\xa1" };
	uint64_t v = 99;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_number(bad[i], 0, UINT64_MAX, &v));
	assert_false(text_number(NULL, 0, UINT64_MAX, &v));
	assert_int_equal(v, 99);
}

static void
number_keeps_range(void **state)
{
	uint64_t v = 99;

	(void)state;
	assert_false(text_number("2", 3, 20, &v));
	assert_false(text_number("21", 3, 20, &v));
	assert_false(text_number("0", 1, 1, &v));
	assert_int_equal(v, 99);
	assert_true(text_number("3", 3, 20, &v));
	assert_int_equal(v, 3);
	assert_true(text_number("20", 3, 20, &v));
	assert_int_equal(v, 20);
}

static void
duration_rounds_up(void **state)
{
	static const struct {
		uint32_t	 s;
		const char	*text;
	} rows[] = {
		{ 0, "0 s" }, { 1, "1 s" }, { 14, "14 s" }, { 89, "89 s" },
		{ 90, "2 min" }, { 120, "2 min" }, { 121, "3 min" },
		{ 28 * 60, "28 min" }, { 28 * 60 + 1, "29 min" },
		{ 1800, "30 min" }, { 89 * 60, "89 min" },
		{ 90 * 60 - 1, "90 min" }, { 90 * 60, "2 h" },
		{ 2 * 3600, "2 h" }, { 2 * 3600 + 1, "3 h" },
		{ 24 * 3600, "24 h" }, { 48 * 3600 - 1, "48 h" },
		{ 48 * 3600, "2 days" }, { 48 * 3600 + 1, "3 days" },
		{ UINT32_MAX, "49711 days" },
	};
	char buf[16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text_duration(rows[i].s, buf, sizeof(buf));
		assert_string_equal(buf, rows[i].text);
	}
	text_duration(28 * 60, buf, 4);
	assert_string_equal(buf, "28 ");
}

static void
printable_every_byte(void **state)
{
	char src[256], buf[257];
	int i;

	(void)state;
	for (i = 0; i < 256; i++)
		src[i] = (char)i;
	text_printable(src, sizeof(src), buf, sizeof(buf));
	assert_int_equal(strlen(buf), 256);
	for (i = 0; i < 256; i++)
		assert_int_equal(buf[i], i >= 0x21 && i <= 0x7e ? i : '?');
}

static void
printable_ends(void **state)
{
	char buf[8] = "xxxxxxx";

	(void)state;
	text_printable("ab cd", 5, buf, 0);
	assert_int_equal(buf[0], 'x');
	text_printable("ab cd", 5, buf, 1);
	assert_string_equal(buf, "");
	text_printable("ab cd", 5, buf, 4);
	assert_string_equal(buf, "ab?");
	assert_int_equal(buf[4], 'x');
	text_printable("ab cd", 2, buf, sizeof(buf));
	assert_string_equal(buf, "ab");
	text_printable(NULL, 0, buf, sizeof(buf));
	assert_string_equal(buf, "");
}

static void
field_quotes(void **state)
{
	static const struct {
		const char	*value;
		const char	*line;
	} rows[] = {
		{ "alice", "log: user=alice" },
		{ "4/10", "log: user=4/10" },
		{ "", "log: user=\"\"" },
		{ "a b", "log: user=\"a b\"" },
		{ "a=b", "log: user=\"a=b\"" },
		{ "a\"b", "log: user=\"a\\\"b\"" },
		{ "a\\b", "log: user=\"a\\\\b\"" },
		{ "a\" rhost=\"b", "log: user=\"a\\\" rhost=\\\"b\"" },
		{ "\b\n\r\177\033[2J", "log: user=?????[2J" },
		{ "m\xc3\xbcller", "log: user=m??ller" },
	};
	char buf[64];
	size_t i, used;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		strcpy(buf, "log:");
		used = 4;
		text_field(buf, sizeof(buf), &used, "user", rows[i].value);
		assert_string_equal(buf, rows[i].line);
		assert_int_equal(used, strlen(buf));
	}
}

static void
field_stops_at_the_end(void **state)
{
	static const char line[] = " path=\"a \\\" b\" uid=0";
	char buf[sizeof(line) + 1];
	size_t size, used;

	(void)state;
	for (size = 1; size <= sizeof(line); size++) {
		memset(buf, 'x', sizeof(buf));
		used = 0;
		text_field(buf, size, &used, "path", "a \" b");
		text_field(buf, size, &used, "reason", NULL);
		text_field(buf, size, &used, "uid", "0");
		assert_int_equal(used, size - 1);
		assert_int_equal(buf[used], '\0');
		assert_memory_equal(buf, line, used);
		assert_int_equal(buf[size], 'x');
	}
	used = 0;
	buf[0] = 'x';
	text_field(buf, 0, &used, "uid", "0");
	assert_int_equal(buf[0], 'x');
	text_field(buf, sizeof(buf), &used, "uid", NULL);
	assert_int_equal(used, 0);
	assert_string_equal(buf, "");
}

static void
equal_sees_every_bit(void **state)
{
	uint8_t a[40] = { 0 }, b[40] = { 0 };
	size_t i;

	(void)state;
	assert_true(text_equal(a, b, 0));
	assert_true(text_equal(a, b, sizeof(a)));
	for (i = 0; i < sizeof(a) * 8; i++) {
		b[i / 8] = (uint8_t)(1u << i % 8);
		assert_false(text_equal(a, b, sizeof(a)));
		assert_true(text_equal(a, b, i / 8));
		b[i / 8] = 0;
	}
	/* Differences that cancel out each other. */
	b[0] = b[1] = 0xff;
	assert_false(text_equal(a, b, sizeof(a)));
}

static void
text_names(void **state)
{
	static const char *const bad[] = { "", "-a", "a b", "a/b", "a\n", "a;b",
		"\303\274", "a'", "$a", "123456789" };
	static const char *const fine[] = { "a", "phone", "A.b_c-d+e@f",
		"0", ".", "12345678" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_name(bad[i], 8 + (i < 9)));
	for (i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		assert_true(text_name(fine[i], i == 5 ? 8 : 11));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_names),
		cmocka_unit_test(number_reads),
		cmocka_unit_test(number_refuses),
		cmocka_unit_test(number_keeps_range),
		cmocka_unit_test(duration_rounds_up),
		cmocka_unit_test(printable_every_byte),
		cmocka_unit_test(printable_ends),
		cmocka_unit_test(field_quotes),
		cmocka_unit_test(field_stops_at_the_end),
		cmocka_unit_test(equal_sees_every_bit),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
