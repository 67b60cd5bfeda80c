/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "cli/page.h"

static struct page_lines lines;

/* The lines of one paragraph, joined with '|'. */
static const char *
broken(const char *text, unsigned indent, unsigned columns)
{
	static char joined[8192];
	struct page page = { .count = 0 };
	size_t i, n = 0;

	page_add(&page, PAGE_ALWAYS, indent, text);
	page_break(&page, false, columns, &lines);
	joined[0] = '\0';
	for (i = 0; i < lines.count; i++)
		n += (size_t)snprintf(joined + n, sizeof(joined) - n, "%s%s",
		    i > 0 ? "|" : "", lines.line[i].text);
	return joined;
}

static void
page_breaks_between_words(void **state)
{
	static const struct {
		const char *text;
		unsigned indent, columns;
		const char *wanted;
	} cases[] = {
		{ "", 0, 10, "" },
		{ "one", 0, 10, "one" },
		{ "one two three", 0, 7, "one two|three" },
		{ "one two three", 0, 8, "one two|three" },
		{ "one two three", 0, 3, "one|two|thr|ee" },
		{ "one   two", 0, 4, "one |two" },
		{ "1. one two", 3, 6, "1. one|   two" },
		{ "1. one two", 3, 3, "1.|one|two" },
		{ "a\nb\n\nc", 0, 5, "a|b||c" },
		{ "   AAAA BBBB\nCCCC DDDD", 3, 12,
		    "   AAAA BBBB|   CCCC DDDD" },
		{ "abcdef", 0, 1, "a|b|c|d|e|f" },
		{ "abcdef", 0, 0, "a|b|c|d|e|f" },
		{ "abcdefgh", 2, 4, "abcd|  ef|  gh" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_string_equal(broken(cases[i].text, cases[i].indent,
		    cases[i].columns), cases[i].wanted);
}

static void
page_stays_within_its_bounds(void **state)
{
	static char text[20001];
	unsigned columns;
	size_t i;

	(void)state;
	memset(text, 'x', 20000);
	for (columns = 0; columns < 400; columns += 7) {
		broken(text, columns / 2, columns);
		assert_in_range(lines.count, 1, PAGE_LINES);
		for (i = 0; i < lines.count; i++)
			assert_true(strlen(lines.line[i].text) <=
			    (columns == 0 ? 1 : columns));
	}
	for (i = 0; i < 20000; i += 2)
		text[i] = '\n';
	broken(text, 0, 80);
	assert_int_equal(lines.count, PAGE_LINES);
}

static void
page_takes_no_more_than_it_holds(void **state)
{
	struct page page = { .count = 0 };
	int i;

	(void)state;
	for (i = 0; i < 2 * PAGE_PARAGRAPHS; i++) {
		page_add(&page, PAGE_ALWAYS, 0, "x");
		page_add_strong(&page, "y");
	}
	assert_int_equal(page.count, PAGE_PARAGRAPHS);
	page.count = 0;
	page_add_strong(&page, NULL);
	page_add_strong(&page, "");
	assert_int_equal(page.count, 0);
}

static void
page_shows_text_for_its_case(void **state)
{
	struct page page = { .count = 0 };

	(void)state;
	page_add(&page, PAGE_WITH_CODE, 0, "with");
	page_add(&page, PAGE_WITHOUT_CODE, 0, "without");
	page_add_strong(&page, "both");
	page_break(&page, true, 80, &lines);
	assert_int_equal(lines.count, 2);
	assert_string_equal(lines.line[0].text, "with");
	assert_true(lines.line[1].strong);
	page_break(&page, false, 80, &lines);
	assert_int_equal(lines.count, 2);
	assert_string_equal(lines.line[0].text, "without");
	assert_false(lines.line[0].strong);
}

/* What it needs is enough, and a column or a row less is not. */
static void
page_needs_what_fits(void **state)
{
	static struct qr qr;
	struct page page = { .qr = &qr, .prompt = "Code: " };
	unsigned columns, rows, style, n;
	char text[200];

	(void)state;
	assert_true(qr_encode("otpauth://totp/web03:alice?secret="
	    "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=web03", &qr));
	for (style = QR_HALVES; style <= QR_SPACES; style++) {
		page.style = (enum qr_style)style;
		page.count = 0;
		for (n = 0; n < 12; n++) {
			memset(text, 'w', sizeof(text) - 1);
			text[n * 15] = '\0';
			page_add(&page, PAGE_ALWAYS, 0, text);
			page_needs(&page, &columns, &rows);
			assert_true(page_fits(&page, columns, rows));
			assert_false(page_fits(&page, columns - 1, rows));
			assert_false(page_fits(&page, columns, rows - 1));
			assert_true(page_fits(&page, columns + 9, rows + 9));
		}
	}
	assert_int_equal(qr_rows(&qr, QR_HALVES), 19);
	page.qr = NULL;
	assert_false(page_fits(&page, 1000, 1000));
	memset(&qr, 0, sizeof(qr));
	page.qr = &qr;
	assert_false(page_fits(&page, 1000, 1000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_breaks_between_words),
		cmocka_unit_test(page_stays_within_its_bounds),
		cmocka_unit_test(page_takes_no_more_than_it_holds),
		cmocka_unit_test(page_shows_text_for_its_case),
		cmocka_unit_test(page_needs_what_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
