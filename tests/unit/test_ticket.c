/* SPDX-License-Identifier: BSD-2-Clause */
/* Enrollment tickets, and what is over for good: passes and tickets. */
#include "tests/unit/pass_people.h"

static void
tickets(void **state)
{
	struct account a = bob();
	struct limiter *m = &a.limiters[LIMITER_RECOVERY_PUBLIC];
	struct decision d;
	int i;

	(void)state;
	assert_int_equal(ticket_at(&a, other_code, NOW, &d), OUT_BAD_TICKET);
	expect_rows(&d, EFFECT_TICKET);
	assert_int_equal(m->consecutive, 1);
	assert_int_equal(d.facts.count, 1);
	/* Not spent by being typed: the enrollment does that. */
	assert_int_equal(ticket_at(&a, ticket_code, NOW, &d), OUT_OK_TICKET);
	expect_rows(&d, EFFECT_TICKET);
	assert_int_equal(m->consecutive, 0);
	assert_int_equal(a.passes[PASS_ENROLL].used_at, 0);
	assert_int_equal(ticket_at(&a, "123456", NOW, &d), OUT_BAD_FORMAT);
	assert_int_equal(ticket_at(&a, "", NOW, &d), OUT_BAD_FORMAT);
	assert_int_equal(d.effect_count, 0);
	/* A pass is no ticket. */
	assert_int_equal(ticket_at(&a, pass_code, NOW, &d), OUT_BAD_TICKET);
	for (i = 1; i < 10; i++)
		assert_int_equal(ticket_at(&a, other_code, NOW, &d),
		    OUT_BAD_TICKET);
	assert_int_equal(ticket_at(&a, ticket_code, NOW, &d), OUT_LOCKED);
	assert_int_equal(d.facts.wait, 1800);
	assert_int_equal(d.effect_count, 0);
	assert_int_equal(ticket_at(&a, ticket_code, NOW + 1800, &d),
	    OUT_OK_TICKET);
	/* None in force: not evaluated, not counted. */
	assert_int_equal(ticket_at(&a, ticket_code, NOW + TTL, &d),
	    OUT_BAD_TICKET);
	assert_int_equal(d.effect_count, 1);
	assert_int_equal(ticket_at(&a, ticket_code, NOW + TTL, &d),
	    OUT_BAD_TICKET);
	assert_int_equal(d.effect_count, 0);
	assert_int_equal(m->consecutive, 0);
}

/*
 * Over is over, also where an answer is held against nothing any more: the
 * first recovery-shaped one after its end leaves that on record, no later
 * one writes again, and a clock that is set back revives nothing.
 */
static void
over_for_good(void **state)
{
	struct account a = bob(), b = bob();
	struct decision d;
	struct request r;

	(void)state;
	assert_int_equal(verify_at(&a, "123456", NOW + TTL, &d),
	    OUT_MUST_ENROLL);
	assert_int_equal(a.passes[PASS_LOGIN].seen_at, 0);
	assert_int_equal(verify_at(&a, other_code, NOW + TTL, &d),
	    OUT_MUST_ENROLL);
	assert_int_equal(d.effect_count, 2);
	assert_int_equal(d.effects[0], EFFECT_TALLY);
	assert_int_equal(d.effects[1], EFFECT_CODES);
	assert_int_equal(verify_at(&a, other_code, NOW + TTL + 1, &d),
	    OUT_MUST_ENROLL);
	assert_int_equal(d.effect_count, 1);
	assert_int_equal(verify_at(&a, pass_code, NOW, &d), OUT_MUST_ENROLL);
	assert_int_equal(a.limiters[LIMITER_RECOVERY_LOGIN].total, 0);
	/* At the public door it is all that is written, once. */
	r = typed(&b, pass_code, PASS_LOGIN);
	r.door = DOOR_PUBLIC;
	assert_int_equal(decide_verify(&b, &r, &strict, NOW + TTL, &d),
	    OUT_MUST_ENROLL);
	assert_int_equal(d.effect_count, 1);
	assert_int_equal(d.effects[0], EFFECT_CODES);
	assert_int_equal(decide_verify(&b, &r, &strict, NOW + TTL, &d),
	    OUT_MUST_ENROLL);
	assert_int_equal(d.effect_count, 0);
	/* A ticket. */
	assert_int_equal(ticket_at(&b, other_code, NOW + TTL, &d),
	    OUT_BAD_TICKET);
	assert_int_equal(d.effect_count, 1);
	assert_int_equal(d.effects[0], EFFECT_TICKET);
	assert_int_equal(ticket_at(&b, ticket_code, NOW, &d), OUT_BAD_TICKET);
	assert_int_equal(d.effect_count, 0);
}

static void
ticket_states(void **state)
{
	struct account a = alice();
	struct request r;
	struct decision d;

	(void)state;
	assert_int_equal(ticket_at(&a, ticket_code, NOW, &d), OUT_EXISTS);
	a = bob();
	a.locked = true;
	assert_int_equal(ticket_at(&a, ticket_code, NOW, &d),
	    OUT_ADMIN_LOCK);
	a = bob();
	a.match = ACCOUNT_CHANGED;
	assert_int_equal(ticket_at(&a, ticket_code, NOW, &d), OUT_CHANGED);
	memset(&a, 0, sizeof(a));
	assert_int_equal(ticket_at(&a, ticket_code, NOW, &d),
	    OUT_BAD_TICKET);
	a = bob();
	r = typed(&a, ticket_code, PASS_ENROLL);
	assert_int_equal(decide_ticket(&a, &r, &strict, NOW, &d),
	    OUT_BAD_TICKET);	/* not at the login door */
	r.door = DOOR_PUBLIC;
	r.known = false;
	assert_int_equal(decide_ticket(&a, &r, &strict, NOW, &d),
	    OUT_NO_USER);
	r.known = true;
	r.answer.pass_salt[3] ^= 1;
	assert_int_equal(decide_ticket(&a, &r, &strict, NOW, &d), OUT_BUSY);
	assert_true(d.stale_salt);
	a.limiters[LIMITER_RECOVERY_PUBLIC] = (struct limiter){
	    .consecutive = 10, .wait_start = NOW + 500, .wait_length = 1800 };
	assert_int_equal(decide_ticket(&a, &r, &strict, NOW, &d), OUT_LOCKED);
	assert_int_equal(d.effect_count, 1);
	assert_int_equal(d.effects[0], EFFECT_LIMITERS);
	assert_int_equal(a.limiters[LIMITER_RECOVERY_PUBLIC].wait_start, NOW);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tickets),
		cmocka_unit_test(over_for_good),
		cmocka_unit_test(ticket_states),
	};

	return cmocka_run_group_tests_name("ticket", tests, make_codes, NULL);
}
