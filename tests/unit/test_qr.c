/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "cli/qr.h"

#define URI	"otpauth://totp/web03:alice?" \
	"secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=web03"

static struct qr qr;
static char line[QR_LINE_MAX];

/* After the SGR at s; *reverse follows SGR 7, 27 and 0. */
static const char *
skip_sgr(const char *s, bool *reverse)
{
	const char *end = strchr(s, 'm');

	assert_non_null(end);
	if (strncmp(s, "\033[7m", 4) == 0)
		*reverse = true;
	else if (strncmp(s, "\033[27m", 5) == 0 ||
	    strncmp(s, "\033[0", 3) == 0)
		*reverse = false;
	return end + 1;
}

struct cell { bool upper, lower; };	/* light or not */

/* One character of a line as light and dark. */
static const char *
read_cell(const char *s, bool reverse, struct cell *c)
{
	static const struct {
		const char *glyph;
		struct cell cell;
	} glyphs[] = {
		{ "\342\226\210", { true, true } },
		{ "\342\226\200", { true, false } },
		{ "\342\226\204", { false, true } },
		{ " ", { false, false } },
	};
	size_t i;

	for (i = 0; i < COUNT(glyphs); i++) {
		if (strncmp(s, glyphs[i].glyph, strlen(glyphs[i].glyph)) != 0)
			continue;
		*c = glyphs[i].cell;
		if (reverse)
			*c = (struct cell){ !c->upper, !c->lower };
		return s + strlen(glyphs[i].glyph);
	}
	fail_msg("a character that cannot be: %s", s);
	return NULL;
}

/* The whole line; how many columns it has. */
static unsigned
read_line(struct cell cells[2 * QR_SIZE_MAX + 16])
{
	bool reverse = false;
	const char *s = line;
	unsigned n = 0;

	while (*s != '\0') {
		if (*s == '\033') {
			s = skip_sgr(s, &reverse);
			continue;
		}
		assert_true(n < 2 * QR_SIZE_MAX + 16);
		s = read_cell(s, reverse, &cells[n++]);
	}
	assert_false(reverse);
	return n;
}

static bool
is_light(unsigned x, unsigned y)
{
	if (x < 2 || y < 2 || x - 2 >= qr.size || y - 2 >= qr.size)
		return true;
	return !qr.dark[(y - 2) * qr.size + (x - 2)];
}

static void
check_halves(void)
{
	static struct cell cells[2 * QR_SIZE_MAX + 16];
	unsigned row, x;

	for (row = 0; row < qr_rows(&qr, QR_HALVES); row++) {
		qr_line(&qr, QR_HALVES, row % 2 == 0, row, line);
		assert_int_equal(read_line(cells), qr_columns(&qr, QR_HALVES));
		for (x = 0; x < qr_columns(&qr, QR_HALVES); x++) {
			assert_int_equal(cells[x].upper, is_light(x, 2 * row));
			assert_int_equal(cells[x].lower,
			    is_light(x, 2 * row + 1));
		}
	}
}

static void
check_spaces(void)
{
	static struct cell cells[2 * QR_SIZE_MAX + 16];
	unsigned row, x;

	for (row = 0; row < qr_rows(&qr, QR_SPACES); row++) {
		qr_line(&qr, QR_SPACES, row % 2 == 0, row, line);
		assert_int_equal(read_line(cells), qr_columns(&qr, QR_SPACES));
		for (x = 0; x < qr_columns(&qr, QR_SPACES); x++) {
			assert_int_equal(cells[x].upper, cells[x].lower);
			assert_int_equal(cells[x].upper, is_light(x / 2, row));
		}
		for (x = 0; line[x] != '\0'; x++)
			assert_true((unsigned char)line[x] < 0x80);
	}
}

/* FACTS: web03:alice needs 19 rows. */
static void
qr_size_of_a_usual_name(void **state)
{
	(void)state;
	assert_true(qr_encode(URI, &qr));
	assert_int_equal(qr.size, 33);
	assert_int_equal(qr_rows(&qr, QR_HALVES), 19);
	assert_int_equal(qr_columns(&qr, QR_HALVES), 37);
	assert_int_equal(qr_rows(&qr, QR_SPACES), 37);
	assert_int_equal(qr_columns(&qr, QR_SPACES), 74);
}

static void
qr_lines_show_every_module(void **state)
{
	static const size_t lengths[] = { 1, 20, 79, 200, 500, 1000, 1023 };
	char text[1024];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(lengths); i++) {
		memset(text, 'a', lengths[i]);
		text[lengths[i]] = '\0';
		assert_true(qr_encode(text, &qr));
		check_halves();
		check_spaces();
	}
}

/* Three finder patterns, at the corners where they belong. */
static void
qr_finder_patterns(void **state)
{
	static const char *const pattern[7] = { "#######", "#     #",
	    "# ### #", "# ### #", "# ### #", "#     #", "#######" };
	unsigned x, y, far;
	bool dark;

	(void)state;
	assert_true(qr_encode(URI, &qr));
	far = qr.size - 7;
	for (y = 0; y < 7; y++) {
		for (x = 0; x < 7; x++) {
			dark = pattern[y][x] == '#';
			assert_int_equal(qr.dark[y * qr.size + x], dark);
			assert_int_equal(qr.dark[y * qr.size + far + x], dark);
			assert_int_equal(qr.dark[(far + y) * qr.size + x],
			    dark);
		}
	}
}

/*
 * ISO/IEC 18004, 7.9: the two bits of the error correction level begin the
 * format information at row 8, masked with 10; L 01, M 00, Q 11, H 10.
 */
static unsigned
level_bits(void)
{
	return ((unsigned)qr.dark[8 * qr.size] << 1 |
	    (unsigned)qr.dark[8 * qr.size + 1]) ^ 2U;
}

static void
qr_uses_the_room_for_correction(void **state)
{
	static const struct { size_t len; unsigned size, level; } cases[] = {
		{ 7, 21, 2 },	/* 7 bytes: still H in version 1 */
		{ 8, 21, 3 },	/* Q holds 11 */
		{ 12, 21, 0 },	/* M holds 14 */
		{ 15, 21, 1 },	/* L holds 17 */
		{ 18, 25, 3 },	/* version 2: Q holds 20 */
	};
	char text[32];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		memset(text, 'a', cases[i].len);
		text[cases[i].len] = '\0';
		assert_true(qr_encode(text, &qr));
		assert_int_equal(qr.size, cases[i].size);
		assert_int_equal(level_bits(), cases[i].level);
	}
}

static void
qr_refuses_what_has_no_room(void **state)
{
	static char text[4001];

	(void)state;
	assert_false(qr_encode("", &qr));
	assert_int_equal(qr.size, 0);
	memset(text, 'a', 1300);
	assert_false(qr_encode(text, &qr));	/* beyond version 25 */
	assert_int_equal(qr.size, 0);
	memset(text, 'a', 4000);
	assert_false(qr_encode(text, &qr));	/* beyond every version */
	assert_int_equal(qr.size, 0);
}

/* Both colours are said, whatever the terminal's own are. */
static void
qr_lines_set_and_reset_colours(void **state)
{
	size_t n;

	(void)state;
	assert_true(qr_encode(URI, &qr));
	qr_line(&qr, QR_HALVES, false, 3, line);
	assert_memory_equal(line, "\033[0;37;40m", 10);
	qr_line(&qr, QR_HALVES, true, 3, line);
	assert_memory_equal(line, "\033[0;38;5;231;48;5;232m", 22);
	n = strlen(line);
	assert_string_equal(line + n - 4, "\033[0m");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qr_size_of_a_usual_name),
		cmocka_unit_test(qr_lines_show_every_module),
		cmocka_unit_test(qr_finder_patterns),
		cmocka_unit_test(qr_uses_the_room_for_correction),
		cmocka_unit_test(qr_refuses_what_has_no_room),
		cmocka_unit_test(qr_lines_set_and_reset_colours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
