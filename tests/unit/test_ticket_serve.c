/* SPDX-License-Identifier: BSD-2-Clause */
/* Enrollment tickets, by the daemon's inside: in place of the password. */
#include "tests/unit/pass_place.h"

/* A ticket in place of the password: PAM's stack is never asked. */
static void
ticket(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct given g;
	struct client c = { .phone = &phone, .arg = &g, .type = type_given };

	fake_pam_stack(1, PAM_SUCCESS);
	assert_int_equal(give(p, FLAG_TICKET, NULL, &g), OUT_DONE);
	/* It opens nothing else. */
	assert_int_equal(ask(p, &root, VERB_VERIFY, g.code),
	    OUT_MUST_ENROLL);
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET | FLAG_REPLACE, &c),
	    OUT_PROTOCOL);
	assert_int_equal(converse(p, VERB_ENROLL, FLAG_TICKET, &phone, 0),
	    OUT_PROTOCOL);
	/* Left at any prompt, it is still good. */
	c.leave_at = 2;
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c), OUT_NO_INPUT);
	c = (struct client){ .phone = &phone, .arg = &g, .type = type_given };
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c), OUT_DONE);
	assert_int_equal(c.styles[0], STYLE_FACTOR);
	assert_int_equal(c.prompts, 3);
	assert_int_equal(fake_pam.asked, 0);
	assert_int_equal(give(p, FLAG_REVOKE | FLAG_TICKET, NULL, &g),
	    OUT_NO_PASS);
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c), OUT_EXISTS);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_OK_RECOVERY);
}

static bool
type_wrong(struct client *c, uint32_t style, int n, struct secret *typed)
{
	char code[RECOVERY_LENGTH + 1];

	(void)c;
	if (style != STYLE_FACTOR || !recovery_generate(code))
		return false;
	return secret_set(typed, code, n == 1 ? 5 : WIRE_CODE_LENGTH);
}

/* One half, three wrong: over, and counted; the same where there is none. */
static void
ticket_refused(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct given g;
	struct client c;
	int i;

	fake_pam_stack(1, PAM_SUCCESS);
	c = (struct client){ .phone = &phone, .type = type_wrong };
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c),
	    OUT_BAD_TICKET);
	assert_int_equal(c.prompts, 4);
	assert_string_equal(c.text, "That ticket is not in force. "
	    "Enrollment ticket: ");
	assert_int_equal(give(p, FLAG_TICKET, NULL, &g), OUT_DONE);
	for (i = 0; i < 3; i++) {
		c = (struct client){ .phone = &phone, .type = type_wrong };
		assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c),
		    OUT_BAD_TICKET);
		assert_int_equal(c.prompts, 4);
	}
	c = (struct client){ .phone = &phone, .type = type_wrong };
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c), OUT_LOCKED);
	assert_int_equal(c.prompts, 3);
	c = (struct client){ .phone = &phone, .arg = &g, .type = type_given };
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c), OUT_LOCKED);
	assert_int_equal(fake_pam.asked, 0);
}

/* The account's own checks are done, and nothing is asked for them. */
static void
ticket_account(void **state)
{
	static const struct { int result; enum outcome o; } rows[] = {
		{ PAM_ACCT_EXPIRED, OUT_PEER }, { PAM_PERM_DENIED, OUT_PEER },
		{ PAM_NEW_AUTHTOK_REQD, OUT_PEER },
		{ PAM_USER_UNKNOWN, OUT_PEER },
		{ PAM_SERVICE_ERR, OUT_SERVICE },
		{ PAM_IGNORE, OUT_SERVICE }, { PAM_ABORT, OUT_SERVICE },
	};
	struct place *p = *state;
	struct phone phone = { 0 };
	struct given g;
	struct client c;
	size_t i;

	assert_int_equal(give(p, FLAG_TICKET, NULL, &g), OUT_DONE);
	for (i = 0; i < COUNT(rows); i++) {
		fake_pam_stack(1, PAM_SUCCESS);
		fake_pam.account = rows[i].result;
		c = (struct client){ .phone = &phone, .arg = &g,
		    .type = type_given };
		assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c),
		    rows[i].o);
		assert_int_equal(c.prompts, 1);
	}
	fake_pam_stack(1, PAM_SUCCESS);
	fake_pam.renamed = "somebody";
	c = (struct client){ .phone = &phone, .arg = &g, .type = type_given };
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c), OUT_PEER);
	fake_pam_stack(1, PAM_SUCCESS);
	fake_pam.start = PAM_SYSTEM_ERR;
	c = (struct client){ .phone = &phone, .arg = &g, .type = type_given };
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c), OUT_SERVICE);
	/* A text passes, a question has nobody to answer it. */
	for (i = 0; i < 2; i++) {
		fake_pam_stack(1, PAM_SUCCESS);
		fake_pam.account_asks = true;
		fake_pam.message.msg_style = i == 0 ? PAM_TEXT_INFO :
		    PAM_PROMPT_ECHO_OFF;
		fake_pam.message.msg = "Account text";
		c = (struct client){ .phone = &phone, .arg = &g,
		    .type = type_given, .leave_at = 2 };
		assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c),
		    i == 0 ? OUT_NO_INPUT : OUT_SERVICE);
		if (i == 0)
			assert_string_equal(c.note, "Account text");
	}
}

struct meanwhile {
	struct place	*place;
	struct given	 given;
	uint32_t	 flags;
};

static bool
type_then(struct client *c, uint32_t style, int n, struct secret *typed)
{
	struct meanwhile *m = c->arg;
	struct site *site = m->place->site;
	struct given other;

	(void)n;
	if (style == STYLE_FACTOR)
		return secret_set(typed, m->given.code, WIRE_CODE_LENGTH);
	if (style == STYLE_NEW_CODE) {
		/* Another process of root's. */
		m->place->site = site_new(&m->place->paths, STORE_ADMIN);
		if (m->place->site == NULL || give(m->place, m->flags, NULL,
		    &other) != OUT_DONE)
			abort();
		site_free(m->place->site);
		m->place->site = site;
	}
	return false;
}

/* Root takes it back, or gives another: nothing is enrolled. */
static void
ticket_meanwhile(void **state)
{
	static const uint32_t flags[] = { FLAG_TICKET | FLAG_REVOKE,
		FLAG_TICKET };
	struct meanwhile m = { .place = *state };
	struct phone phone = { 0 };
	struct client c;
	size_t i;

	for (i = 0; i < COUNT(flags); i++) {
		fake_pam_stack(1, PAM_SUCCESS);
		assert_int_equal(give(m.place, FLAG_TICKET, NULL, &m.given),
		    OUT_DONE);
		m.flags = flags[i];
		c = (struct client){ .phone = &phone, .arg = &m,
		    .type = type_then };
		assert_int_equal(own(m.place, VERB_ENROLL, FLAG_TICKET, &c),
		    OUT_BUSY);
		assert_int_equal(ask(m.place, &root, VERB_VERIFY, "123456"),
		    OUT_MUST_ENROLL);
	}
}

int
main(void)
{
#define PLACE(t) cmocka_unit_test_setup_teardown(t, place_make, place_drop)
	const struct CMUnitTest tests[] = {
		PLACE(ticket),
		PLACE(ticket_refused),
		PLACE(ticket_account),
		PLACE(ticket_meanwhile),
	};

	return cmocka_run_group_tests_name("ticket_serve", tests, NULL, NULL);
}
