/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a wizard says of codes that are not right: an app that ignores part
 * of what it was told, a clock that is off, a sheet that was not kept.
 */
#include "tests/unit/service_place.h"

/* How the app of a test reads the secret. */
struct app {
	enum otp_algorithm algorithm;
	unsigned	   digits, period;
	int64_t		   ahead;	/* s */
	int		   misses;	/* codes of it; right ones after them */
};

static void
app_code(const struct client *c, const struct app *app, struct secret *typed)
{
	char code[OTP_DIGITS_MAX + 1] = "";
	int64_t step = totp_step(clock_now() + app->ahead, app->period);

	assert_true(totp_code(c->phone->secret.data, c->phone->secret.len,
	    app->algorithm, app->digits, step, code));
	secret_set(typed, code, app->digits);
}

/* As `arg` reads it, then as it was told. */
static bool
type_code(struct client *c, uint32_t style, int n, struct secret *typed)
{
	static const struct app told = { OTP_SHA256, 8, 60, 0, 0 };
	const struct app *app = c->arg;

	if (style != STYLE_NEW_CODE)
		return false;
	app_code(c, n <= app->misses ? app : &told, typed);
	return true;
}

static void
configure(struct place *p, const char *more)
{
	char text[256];

	snprintf(text, sizeof(text), "store = \"sqlite:%s/stepup.db\"\n%s",
	    p->state, more);
	write_file(p->conf, text);
	site_reload(p->site);
}

static void
app_that_ignores(void **state)
{
	static const struct app apps[] = {
		{ OTP_SHA1, 8, 60, 0, 1 },
		{ OTP_SHA256, 6, 60, 0, 1 },
		{ OTP_SHA256, 8, 30, 0, 1 },
		{ OTP_SHA1, 6, 60, 0, 1 },
		{ OTP_SHA1, 6, 30, 0, 2 },
	};
	struct place *p = *state;
	struct phone phone = { 0 };
	struct client c;
	struct app app;
	size_t i;

	configure(p, "algorithm = \"SHA256\"\ndigits = 8\nperiod = 60\n");
	for (i = 0; i < COUNT(apps); i++) {
		app = apps[i];
		c = (struct client){ .phone = &phone, .type = type_code,
		    .arg = &app };
		assert_int_equal(converse_as(p, &admin, VERB_ENROLL,
		    FLAG_REPLACE, &c), OUT_DONE);
		assert_int_equal(c.misses, app.misses);
		assert_int_equal(c.miss_flags, FLAG_DEFAULTS);
		assert_false(c.miss_skewed);
	}
	configure(p, "");
}

/* Up to a day either way is told; what is further off is just wrong. */
static void
clock_that_is_off(void **state)
{
	static const int64_t ahead[] = { 7200, -7200, 86000, -86000 };
	struct place *p = *state;
	struct phone phone = { 0 };
	struct client c;
	struct app app;
	size_t i;

	configure(p, "algorithm = \"SHA256\"\ndigits = 8\nperiod = 60\n");
	for (i = 0; i < COUNT(ahead); i++) {
		app = (struct app){ OTP_SHA256, 8, 60, ahead[i], 1 };
		c = (struct client){ .phone = &phone, .type = type_code,
		    .arg = &app };
		assert_int_equal(converse_as(p, &admin, VERB_ENROLL,
		    FLAG_REPLACE, &c), OUT_DONE);
		assert_int_equal(c.misses, 1);
		assert_true(c.miss_skewed);
		assert_in_range(c.miss_skew - ahead[i] + 100, 0, 200);
	}
	/* Five tries, none of them charged, nothing saved. */
	app = (struct app){ OTP_SHA256, 8, 60, 3 * 86400, 99 };
	c = (struct client){ .phone = &phone, .type = type_code,
	    .arg = &app };
	assert_int_equal(converse_as(p, &admin, VERB_ENROLL, FLAG_REPLACE,
	    &c), OUT_BAD_CODE);
	assert_int_equal(c.misses, 5);
	assert_false(c.miss_skewed);
	configure(p, "");
}

/* --- The sheet ----------------------------------------------------------- */

static bool
other_number(struct client *c, uint32_t style, int n, struct secret *typed)
{
	int *right_at = c->arg;

	(void)n;
	if (style != STYLE_SHEET_CODE || --*right_at == 0)
		return false;
	return secret_set(typed, "0000-0000-0000-0000", 19);
}

static void
sheet_not_kept(void **state)
{
	struct place *p = *state;
	struct phone kept = { 0 }, phone = { 0 };
	struct client c = { .phone = &kept };
	int right_at = 0;

	assert_int_equal(converse_as(p, &admin, VERB_ENROLL, FLAG_REPLACE,
	    &c), OUT_DONE);
	c = (struct client){ .phone = &phone, .type = other_number,
	    .arg = &right_at };
	assert_int_equal(converse_as(p, &admin, VERB_CODES, FLAG_NEW, &c),
	    OUT_BAD_CODE);
	assert_int_equal(c.prompts, 5);
	assert_string_equal(c.note, "That is not the code with this number.");
	/* The codes of before are still the codes. */
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_BAD_CODE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, kept.codes[0]),
	    OUT_OK_RECOVERY);
	right_at = 5;
	c = (struct client){ .phone = &phone, .type = other_number,
	    .arg = &right_at };
	assert_int_equal(converse_as(p, &admin, VERB_CODES, FLAG_NEW, &c),
	    OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_OK_RECOVERY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(app_that_ignores),
		cmocka_unit_test(clock_that_is_off),
		cmocka_unit_test(sheet_not_kept),
	};

	return cmocka_run_group_tests_name("wizard", tests, place_make,
	    place_drop);
}
