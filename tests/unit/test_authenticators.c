/* SPDX-License-Identifier: BSD-2-Clause */
/* Several authenticators, added and removed by name. */
#include "tests/unit/service_place.h"

static enum outcome
named(struct place *p, uint8_t verb, uint32_t flags, const char *name,
    struct phone *phone, int leave_at)
{
	enum outcome o;

	label = name;
	o = converse(p, verb, flags, phone, leave_at);
	label = NULL;
	return o;
}

/* Up to eight, each by its own codes; one goes, the others stay. */
static void
authenticators(void **state)
{
	static const char *const bad[] = { NULL, "", "a b", "-a", "\303\274" };
	struct place *p = *state;
	struct phone first = { 0 }, phones[ACCOUNT_CREDENTIALS_MAX] = { 0 };
	char name[ACCOUNT_LABEL_MAX + 2], code[9];
	size_t i;

	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &first, 0),
	    OUT_DONE);
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD, bad[i],
		    &phones[0], 0), OUT_PROTOCOL);
	memset(name, 'x', sizeof(name));
	name[ACCOUNT_LABEL_MAX + 1] = '\0';
	assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD, name, &phones[0], 0),
	    OUT_PROTOCOL);
	assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD | FLAG_REPLACE, "a",
	    &phones[0], 0), OUT_PROTOCOL);
	assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD, "phone", &phones[0],
	    0), OUT_NAME_TAKEN);
	/* Whoever leaves leaves nothing behind. */
	assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD, "p1", &phones[1], 1),
	    OUT_NO_INPUT);
	for (i = 1; i < ACCOUNT_CREDENTIALS_MAX; i++) {
		snprintf(name, sizeof(name), "p%zu", i);
		assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD, name,
		    &phones[i], 0), OUT_DONE);
	}
	assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD, "p8", &phones[0], 0),
	    OUT_FULL);
	assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD, "p7", &phones[0], 0),
	    OUT_NAME_TAKEN);
	assert_int_equal(named(p, VERB_REMOVE, 0, "p9", &first, 0),
	    OUT_NO_NAME);
	assert_int_equal(named(p, VERB_REMOVE, FLAG_ALL, "p1", &first, 0),
	    OUT_PROTOCOL);
	assert_int_equal(named(p, VERB_REMOVE, 0, NULL, &first, 0),
	    OUT_PROTOCOL);
	/* The first one: its code is nobody's now, all others' are good. */
	assert_int_equal(named(p, VERB_REMOVE, 0, "phone", &first, 0),
	    OUT_DONE);
	phone_code(&first, first.step + 1, code);
	assert_int_equal(ask(p, &root, VERB_VERIFY, code), OUT_BAD_CODE);
	for (i = 1; i < ACCOUNT_CREDENTIALS_MAX; i++) {
		phone_code(&phones[i], phones[i].step + 1, code);
		assert_int_equal(ask(p, &root, VERB_VERIFY, code),
		    OUT_OK_TOTP);
		assert_int_equal(ask(p, &root, VERB_VERIFY, code),
		    OUT_REPLAY);
	}
	assert_int_equal(ask(p, &root, VERB_VERIFY, first.codes[0]),
	    OUT_OK_RECOVERY);
	/* Root gives up, then means it. */
	assert_int_equal(named(p, VERB_REMOVE, FLAG_ALL, NULL, &first, 1),
	    OUT_NO_INPUT);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);
	assert_int_equal(named(p, VERB_REMOVE, FLAG_ALL, NULL, &first, 0),
	    OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, first.codes[1]),
	    OUT_MUST_ENROLL);
	assert_int_equal(named(p, VERB_REMOVE, FLAG_ALL, NULL, &first, 0),
	    OUT_NOT_ENROLLED);
	assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD, "a", &first, 0),
	    OUT_NOT_ENROLLED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(authenticators),
	};

	return cmocka_run_group_tests_name("authenticators", tests,
	    place_make, place_drop);
}
