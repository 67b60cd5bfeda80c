/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Login passes as root gives them and people use them: the doors, the store
 * and the conversations.
 */
#include "tests/unit/pass_place.h"

/* Without a factor, once; the older one is void; taken back. */
static void
given_once(void **state)
{
	struct place *p = *state;
	struct given first, g;

	assert_int_equal(give(p, 0, NULL, &first), OUT_DONE);
	assert_int_equal(first.flags, 0);
	assert_in_range(first.expires, clock_now() + TTL - 5,
	    clock_now() + TTL);
	assert_int_equal(give(p, 0, "SSHd", &g), OUT_DONE);
	assert_int_equal(g.flags, FLAG_REVOKE);
	assert_string_equal(g.service, "sshd");
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);
	assert_int_equal(ask(p, &root, VERB_VERIFY, first.code),
	    OUT_BAD_CODE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, g.code), OUT_OK_PASS);
	assert_int_equal(ask(p, &root, VERB_VERIFY, g.code), OUT_REPLAY);
	assert_int_equal(ask(p, &root, VERB_VERIFY, first.code),
	    OUT_MUST_ENROLL);
	assert_int_equal(give(p, 0, NULL, &g), OUT_DONE);
	assert_int_equal(g.flags, 0);	/* the used one was not in force */
	first = g;
	assert_int_equal(give(p, FLAG_REVOKE, NULL, &g), OUT_DONE);
	assert_int_equal(g.flags, FLAG_REVOKE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, first.code),
	    OUT_MUST_ENROLL);
	assert_int_equal(give(p, FLAG_REVOKE, NULL, &g), OUT_NO_PASS);
	assert_int_equal(give(p, FLAG_REVOKE | FLAG_TICKET, NULL, &g),
	    OUT_NO_PASS);
}

/* What is no time, no reason, no service makes nothing. */
static void
refused(void **state)
{
	static const struct {
		uint32_t ttl, flags;
		const char *reason, *service;
	} bad[] = {
		{ 59, 0, "why", NULL }, { 86401, 0, "why", NULL },
		{ UINT32_MAX, 0, "why", NULL }, { TTL, 0, "", NULL },
		{ TTL, 0, NULL, NULL }, { TTL, 0, "a\nb", NULL },
		{ TTL, 0, "why", "" }, { TTL, 0, "why", "a b" },
		{ TTL, 0, "why", "../su" },
		{ TTL, FLAG_TICKET, "why", "sshd" },
	};
	struct place *p = *state;
	struct wire_writer w;
	struct given g;
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		wire_start(&w, 1, VERB_PASS);
		wire_put_string(&w, TAG_NAME, p->user);
		wire_put_uint(&w, TAG_FLAGS, bad[i].flags);
		wire_put_string(&w, TAG_REASON, bad[i].reason);
		wire_put_uint(&w, TAG_TTL, bad[i].ttl);
		wire_put_string(&w, TAG_SERVICE, bad[i].service);
		assert_int_equal(pass_request(p, &w, &g), OUT_PROTOCOL);
	}
	wire_start(&w, 1, VERB_PASS);
	wire_put_string(&w, TAG_NAME, p->user);
	wire_put_string(&w, TAG_REASON, "why");
	assert_int_equal(pass_request(p, &w, &g), OUT_PROTOCOL);
	assert_int_equal(give(p, FLAG_REVOKE, NULL, &g), OUT_NO_PASS);
}

/* A new phone: it stands for the factor, and is void with the enrollment. */
static void
new_phone(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct given g, bound;
	struct client c = { .phone = &phone, .arg = &g, .type = type_given };

	fake_pam_stack(1, PAM_SUCCESS);
	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	assert_int_equal(give(p, FLAG_TICKET, NULL, &bound), OUT_EXISTS);
	assert_int_equal(give(p, 0, "sshd", &bound), OUT_DONE);
	c.arg = &bound;
	assert_int_equal(own(p, VERB_CODES, FLAG_NEW, &c), OUT_BAD_CODE);
	assert_int_equal(give(p, 0, NULL, &g), OUT_DONE);
	c = (struct client){ .phone = &phone, .arg = &g, .type = type_given };
	assert_int_equal(own(p, VERB_CODES, FLAG_NEW, &c), OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, g.code), OUT_REPLAY);
	assert_int_equal(give(p, 0, NULL, &g), OUT_DONE);
	c = (struct client){ .phone = &phone, .arg = &g, .type = type_given };
	assert_int_equal(own(p, VERB_TEST, 0, &c), OUT_OK_PASS);
	assert_int_equal(give(p, 0, NULL, &g), OUT_DONE);
	c = (struct client){ .phone = &phone, .arg = &g, .type = type_given };
	assert_int_equal(own(p, VERB_ENROLL, FLAG_REPLACE, &c), OUT_DONE);
	assert_int_equal(give(p, FLAG_REVOKE, NULL, &g), OUT_NO_PASS);
}

/* Frames of the WAL that one answer writes. */
static unsigned
written(struct place *p, const char *typed, enum outcome o)
{
	struct failure f = { 0 };
	struct store *store;
	unsigned before;

	assert_int_equal(site_store(p->site, &store, &f), OUT_DONE);
	before = site_driver(p->site)->frames(store);
	assert_int_equal(ask(p, &root, VERB_VERIFY, typed), o);
	assert_int_equal(site_store(p->site, &store, &f), OUT_DONE);
	return site_driver(p->site)->frames(store) - before;
}

/* Right, wrong, used: as many pages, with a factor and without. */
static void
same_writes(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct given g;
	char other[RECOVERY_LENGTH + 1];
	unsigned wrong;
	int i;

	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	assert_int_equal(give(p, 0, NULL, &g), OUT_DONE);
	assert_true(recovery_generate(other));
	wrong = written(p, other, OUT_BAD_CODE);
	assert_true(wrong >= 4);
	assert_int_equal(written(p, g.code, OUT_OK_PASS), wrong);
	for (i = 0; i < 3; i++) {
		assert_int_equal(written(p, g.code, OUT_REPLAY), wrong);
		assert_int_equal(written(p, phone.codes[i], OUT_OK_RECOVERY),
		    wrong);
		assert_int_equal(written(p, other, OUT_BAD_CODE), wrong);
	}
}

int
main(void)
{
#define PLACE(t) cmocka_unit_test_setup_teardown(t, place_make, place_drop)
	const struct CMUnitTest tests[] = {
		PLACE(given_once),
		PLACE(refused),
		PLACE(new_phone),
		PLACE(same_writes),
	};

	return cmocka_run_group_tests_name("pass_serve", tests, NULL, NULL);
}
