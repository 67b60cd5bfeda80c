/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Self-service at the public door, libpam replaced: password, then a current
 * factor; who may ask; what happens meanwhile.
 */
#include "tests/unit/service_place.h"

#include "tests/unit/fake_pam.h"

static struct caller
self(const struct place *p)
{
	return (struct caller){ .door = DOOR_PUBLIC, .uid = getuid(),
	    .name = p->user };
}

/* The person's own conversation; PAM asks for one password, which is right. */
static enum outcome
own(struct place *p, uint8_t verb, uint32_t flags, struct client *c)
{
	struct caller person = self(p);

	if (fake_pam.meanwhile == NULL)
		fake_pam_stack(1, PAM_SUCCESS);
	return converse_as(p, &person, verb, flags, c);
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

/* Password alone at first; then password and factor; the old is void. */
static void
own_factor(void **state)
{
	static const uint32_t first[] = { STYLE_PASSWORD, STYLE_NEW_CODE,
		STYLE_SHEET_CODE };
	static const uint32_t again[] = { STYLE_PASSWORD, STYLE_FACTOR,
		STYLE_NEW_CODE, STYLE_SHEET_CODE };
	struct place *p = *state;
	struct phone old = { 0 }, phone = { 0 };
	struct client c = { .phone = &phone };

	assert_int_equal(own(p, VERB_ENROLL, 0, &c), OUT_DONE);
	assert_int_equal(c.prompts, COUNT(first));
	assert_memory_equal(c.styles, first, sizeof(first));
	assert_int_equal(fake_pam.asked, 1);
	assert_int_equal(own(p, VERB_ENROLL, 0, &c), OUT_EXISTS);

	/* The factor of before, for which recovery codes stand in. */
	old = phone;
	c = (struct client){ .phone = &phone };
	assert_int_equal(own(p, VERB_ENROLL, FLAG_REPLACE, &c), OUT_DONE);
	assert_int_equal(c.prompts, COUNT(again));
	assert_memory_equal(c.styles, again, sizeof(again));
	assert_int_equal(ask(p, &root, VERB_VERIFY, old.codes[1]),
	    OUT_BAD_CODE);

	old = phone;
	c = (struct client){ .phone = &phone };
	assert_int_equal(own(p, VERB_CODES, FLAG_NEW, &c), OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, old.codes[1]),
	    OUT_BAD_CODE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[1]),
	    OUT_OK_RECOVERY);
}

/* Wrong answers of well-formed kinds, none of the person's. */
static bool
wrong_factor(struct client *c, uint32_t style, int n, struct secret *typed)
{
	char code[RECOVERY_LENGTH + 1];

	(void)c;
	(void)n;
	if (style != STYLE_FACTOR || !recovery_generate(code))
		return false;
	return secret_set(typed, code, RECOVERY_LENGTH);
}

static bool
half_a_factor(struct client *c, uint32_t style, int n, struct secret *typed)
{
	(void)c;
	(void)n;
	return style == STYLE_FACTOR && secret_set(typed, "12345", 5);
}

/* Three wrong ones, charged; five that are none; then it is over. */
static void
factor_refused(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct client c = { .phone = &phone };

	assert_int_equal(own(p, VERB_ENROLL, 0, &c), OUT_DONE);
	c = (struct client){ .phone = &phone, .type = wrong_factor };
	assert_int_equal(own(p, VERB_CODES, FLAG_NEW, &c), OUT_BAD_CODE);
	assert_int_equal(c.prompts, 1 + 3);
	assert_memory_equal(c.text, "Wrong recovery code", 19);
	c = (struct client){ .phone = &phone, .type = half_a_factor };
	assert_int_equal(own(p, VERB_CODES, FLAG_NEW, &c), OUT_BAD_FORMAT);
	assert_int_equal(c.prompts, 1 + 5);
	/* Ten in all at this door: it waits, the other does not. */
	c = (struct client){ .phone = &phone, .type = wrong_factor };
	assert_int_equal(own(p, VERB_CODES, FLAG_NEW, &c), OUT_BAD_CODE);
	assert_int_equal(own(p, VERB_CODES, FLAG_NEW, &c), OUT_BAD_CODE);
	assert_int_equal(own(p, VERB_CODES, FLAG_NEW, &c), OUT_LOCKED);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_OK_RECOVERY);
}

/* A wrong password ends it before anything of the factor is asked. */
static void
password_refused(void **state)
{
	struct place *p = *state;
	struct caller person = self(p);
	struct phone phone = { 0 };
	struct client c = { .phone = &phone };
	int i;

	assert_int_equal(own(p, VERB_ENROLL, 0, &c), OUT_DONE);
	c = (struct client){ .phone = &phone };
	fake_pam_stack(1, PAM_AUTH_ERR);
	assert_int_equal(converse_as(p, &person, VERB_CODES, FLAG_NEW, &c),
	    OUT_BAD_PASSWORD);
	assert_int_equal(c.prompts, 3);
	for (i = 0; i < c.prompts; i++)
		assert_int_equal(c.styles[i], STYLE_PASSWORD);
	assert_string_equal(c.note, "Wrong password.");
}

/* Who may ask what about whom: the process and the peer say so. */
static void
authority(void **state)
{
	struct place *p = *state;
	struct caller login = { .door = DOOR_LOGIN };
	struct caller other = { .door = DOOR_PUBLIC, .uid = getuid() + 1,
	    .name = "somebody" };
	struct caller nobody = { .door = DOOR_PUBLIC, .uid = getuid() };
	struct phone phone = { 0 };
	struct client c = { .phone = &phone };
	static const uint8_t verbs[] = { VERB_STATUS, VERB_ENROLL, VERB_CODES,
		VERB_REMOVE, VERB_TEST };
	size_t i;

	for (i = 0; i < COUNT(verbs); i++) {
		assert_int_equal(converse_as(p, &login, verbs[i], 0, &c),
		    OUT_PEER);
		assert_int_equal(converse_as(p, &other, verbs[i], 0, &c),
		    OUT_PEER);
		assert_int_equal(converse_as(p, &nobody, verbs[i], 0, &c),
		    OUT_PEER);
	}
	assert_int_equal(converse_as(p, &admin, VERB_CHECK, 0, &c),
	    OUT_PROTOCOL);
	assert_int_equal(converse_as(p, &admin, 255 & ~WIRE_REPLY, 0, &c),
	    OUT_PROTOCOL);
	assert_int_equal(c.prompts, 0);
}

/* The last factor goes only where a login does without. */
static void
last_factor(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct client c = { .phone = &phone };

	assert_int_equal(own(p, VERB_REMOVE, FLAG_ALL, &c), OUT_NOT_ENROLLED);
	assert_int_equal(own(p, VERB_CODES, 0, &c), OUT_NOT_ENROLLED);
	assert_int_equal(own(p, VERB_CODES, FLAG_NEW, &c), OUT_NOT_ENROLLED);
	assert_int_equal(own(p, VERB_TEST, 0, &c), OUT_NOT_ENROLLED);
	assert_int_equal(own(p, VERB_ENROLL, 0, &c), OUT_DONE);
	assert_int_equal(own(p, VERB_REMOVE, FLAG_ALL, &c), OUT_LAST_FACTOR);
	configure(p, "unenrolled = \"allow-until 2099-12-31\"\n");
	assert_int_equal(own(p, VERB_REMOVE, FLAG_ALL, &c), OUT_LAST_FACTOR);
	configure(p, "unenrolled = \"allow\"\n");
	c = (struct client){ .phone = &phone };
	assert_int_equal(own(p, VERB_REMOVE, FLAG_ALL, &c), OUT_DONE);
	assert_int_equal(c.prompts, 2);
	assert_int_equal(c.styles[0], STYLE_PASSWORD);
	assert_int_equal(c.styles[1], STYLE_FACTOR);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_NOT_ENROLLED);
	configure(p, "");
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[2]),
	    OUT_MUST_ENROLL);
}

/* --- Meanwhile ----------------------------------------------------------- */

/* Root enrolls the same person from another process. */
static bool
enrolled_meanwhile(struct client *c, uint32_t style, int n,
    struct secret *typed)
{
	struct place other = *(struct place *)c->arg;
	struct phone phone = { 0 };

	(void)n;
	(void)typed;
	if (style != STYLE_SHEET_CODE)
		return false;
	other.site = site_new(&other.paths, STORE_ADMIN);
	assert_non_null(other.site);
	assert_int_equal(converse(&other, VERB_ENROLL, FLAG_REPLACE, &phone,
	    0), OUT_DONE);
	site_free(other.site);
	return false;
}

static bool
store_gone(struct client *c, uint32_t style, int n, struct secret *typed)
{
	struct place *p = c->arg;
	char path[128], aside[160];

	(void)n;
	(void)typed;
	if (style != STYLE_SHEET_CODE)
		return false;
	snprintf(path, sizeof(path), "%s/stepup.db", p->state);
	snprintf(aside, sizeof(aside), "%s.aside", path);
	assert_int_equal(rename(path, aside), 0);
	return false;
}

static void
changed_meanwhile(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct client c = { .phone = &phone, .arg = p,
	    .type = enrolled_meanwhile };
	char path[128], aside[160];

	assert_int_equal(own(p, VERB_ENROLL, 0, &c), OUT_BUSY);
	/* What the other saved stands; nothing of this one does. */
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_BAD_CODE);
	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_DONE);
	c = (struct client){ .phone = &phone, .arg = p,
	    .type = enrolled_meanwhile };
	assert_int_equal(own(p, VERB_CODES, FLAG_NEW, &c), OUT_BUSY);

	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_DONE);
	c = (struct client){ .phone = &phone, .arg = p, .type = store_gone };
	assert_int_equal(own(p, VERB_CODES, FLAG_NEW, &c), OUT_STORE);
	assert_int_equal(own(p, VERB_STATUS, 0, &c), OUT_STORE);
	snprintf(path, sizeof(path), "%s/stepup.db", p->state);
	snprintf(aside, sizeof(aside), "%s.aside", path);
	assert_int_equal(rename(aside, path), 0);
	assert_int_equal(own(p, VERB_STATUS, 0, &c), OUT_DONE);
}

static void
lock_person(void *arg)
{
	struct wire_message last;
	uint8_t packet[WIRE_PACKET_MAX];

	assert_int_equal(lock(arg, VERB_LOCK, "why", packet, &last),
	    OUT_DONE);
}

/* Locked while the password was typed: the person changes nothing more. */
static void
locked_meanwhile(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct client c = { .phone = &phone };

	fake_pam_stack(1, PAM_SUCCESS);
	fake_pam.meanwhile = lock_person;
	fake_pam.arg = p;
	assert_int_equal(own(p, VERB_ENROLL, 0, &c), OUT_ADMIN_LOCK);
	assert_int_equal(fake_pam.asked, 1);
	assert_int_equal(c.prompts, 1);
	fake_pam.meanwhile = NULL;
	/* Locked before: not even the password is asked for. */
	c = (struct client){ .phone = &phone };
	assert_int_equal(own(p, VERB_ENROLL, 0, &c), OUT_ADMIN_LOCK);
	assert_int_equal(c.prompts, 0);
}

/* --- TEST ---------------------------------------------------------------- */

/* An app whose clock is an hour ahead. */
static bool
ahead(struct client *c, uint32_t style, int n, struct secret *typed)
{
	char code[9];

	if (style != STYLE_FACTOR)
		return false;
	phone_code(c->phone, c->phone->step + 120 + n, code);
	return secret_set(typed, code, 6);
}

static void
trial(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct client c = { .phone = &phone };

	assert_int_equal(own(p, VERB_ENROLL, 0, &c), OUT_DONE);
	/* A recovery code is one, and is spent. */
	c = (struct client){ .phone = &phone };
	assert_int_equal(own(p, VERB_TEST, 0, &c), OUT_OK_RECOVERY);
	assert_int_equal(c.prompts, 1);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_REPLAY);
	/* Two codes in a row tell the clocks apart. */
	c = (struct client){ .phone = &phone, .type = ahead };
	assert_int_equal(own(p, VERB_TEST, 0, &c), OUT_BAD_CODE);
	assert_int_equal(c.prompts, 2);
	assert_true(c.skewed);
	assert_in_range(c.skew, 3600 - 60, 3600 + 60);
	/* Cancelled between the two; incomplete three times. */
	c = (struct client){ .phone = &phone, .type = ahead, .leave_at = 2 };
	assert_int_equal(own(p, VERB_TEST, 0, &c), OUT_NO_INPUT);
	c = (struct client){ .phone = &phone, .type = half_a_factor };
	assert_int_equal(own(p, VERB_TEST, 0, &c), OUT_BAD_FORMAT);
	assert_int_equal(c.prompts, 3);
	assert_false(c.skewed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(own_factor, place_make,
		    place_drop),
		cmocka_unit_test_setup_teardown(factor_refused, place_make,
		    place_drop),
		cmocka_unit_test_setup_teardown(password_refused, place_make,
		    place_drop),
		cmocka_unit_test(authority),
		cmocka_unit_test_setup_teardown(last_factor, place_make,
		    place_drop),
		cmocka_unit_test_setup_teardown(changed_meanwhile, place_make,
		    place_drop),
		cmocka_unit_test_setup_teardown(locked_meanwhile, place_make,
		    place_drop),
		cmocka_unit_test_setup_teardown(trial, place_make,
		    place_drop),
	};

	return cmocka_run_group_tests_name("selfservice", tests, place_make,
	    place_drop);
}
