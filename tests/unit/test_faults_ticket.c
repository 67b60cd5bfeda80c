/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An enrollment ticket while the n-th call of the disk or the n-th allocation
 * fails: given, taken back, typed in place of a password.  The enrollment
 * that it opens is there as a whole and has spent it, or is not there at all
 * and the ticket is as good as before.
 */
#include "tests/unit/fault_pass.h"

#include "tests/unit/fake_pam.h"

static void
in_force(void)
{
	pass_fresh(PASS_ENROLL, &pass_old);
}

/* --- The wizard -------------------------------------------------------- */

static struct phone phone;
static struct phone again;
static const char *ticket_typed;
static bool starving;		/* from the new code on */

static bool
type_ticket(struct client *c, uint32_t style, int n, struct secret *typed)
{
	(void)c;
	(void)n;
	if (starving && style == STYLE_NEW_CODE)
		fault_memory_now();
	return style == STYLE_FACTOR &&
	    secret_set(typed, ticket_typed, WIRE_CODE_LENGTH);
}

static enum outcome
enroll_with(const char *code, struct phone *with)
{
	struct caller self = { .door = DOOR_PUBLIC, .uid = getuid(),
	    .name = bob.user };
	struct client c = { .phone = with, .type = type_ticket };
	enum outcome o;

	memset(with, 0, sizeof(*with));
	ticket_typed = code;
	if (!pass_begin(STORE_SELF))
		return OUT_MEMORY;
	o = converse_as(&bob, &self, VERB_ENROLL, FLAG_TICKET, &c);
	pass_end();
	return o;
}

static enum outcome
enroll(void)
{
	return enroll_with(pass_old_code, &phone);
}

static enum outcome
enroll_wrong(void)
{
	return enroll_with(pass_other_code, &phone);
}

/* All of it, or none of it and the ticket. */
static bool
enrolled(void)
{
	struct account a = pass_look();
	const struct pass *ticket = &a.passes[PASS_ENROLL];
	bool is = a.enrolled_at != 0;

	assert_int_equal(a.match, ACCOUNT_FOUND);
	assert_int_equal(a.credential_count, is ? 1 : 0);
	assert_int_equal(a.recovery.count, is ? 5 : 0);
	assert_int_equal(account_codes_left(&a), is ? 5 : 0);
	assert_int_equal(ticket->created_at != 0, !is);
	if (is) {
		assert_int_equal(a.credentials[0].last_step, phone.step);
		return true;
	}
	assert_true(pass_same(ticket, &pass_old));
	assert_int_equal(ticket->used_at, 0);
	return false;
}

/* What is on record is what the phone and the sheet have. */
static void
gets_in(const struct phone *with)
{
	char code[9];

	phone_code(with, with->step, code);
	assert_int_equal(pass_login(STORE_SPAWNED, code), OUT_REPLAY);
	assert_int_equal(pass_login(STORE_SPAWNED, with->codes[0]),
	    OUT_OK_RECOVERY);
}

static void
judge_enrolled(enum outcome o)
{
	bool is = enrolled();

	assert_true(o == OUT_DONE || fault_is_trouble(o));
	if (o == OUT_DONE)
		assert_true(is);
	assert_int_equal(pass_look().limiters[LIMITER_RECOVERY_PUBLIC].
	    consecutive, 0);
	if (is)
		gets_in(&phone);
	assert_int_equal(enroll_with(pass_old_code, &again),
	    is ? OUT_EXISTS : OUT_DONE);
	if (!is)
		gets_in(&again);
}

/* Three wrong ones are charged before the last word is said. */
static void
judge_wrong(enum outcome o)
{
	struct account a = pass_look();

	assert_true(o == OUT_BAD_TICKET || fault_is_trouble(o));
	assert_false(enrolled());
	assert_in_range(a.limiters[LIMITER_RECOVERY_PUBLIC].consecutive,
	    o == OUT_BAD_TICKET ? 3 : 0, 3);
	assert_int_equal(enroll(), OUT_DONE);
}

static void
typed(void **state)
{
	const struct fault_run right = { "typed", OUT_DONE, in_force, enroll,
	    judge_enrolled };

	(void)state;
	fake_pam_stack(1, PAM_SUCCESS);
	fault_every_way(&right);
	assert_int_equal(fake_pam.asked, 0);
}

/* A code that memory did not suffice to compare is not called wrong. */
static void
compared(void **state)
{
	enum outcome o;

	(void)state;
	fake_pam_stack(1, PAM_SUCCESS);
	in_force();
	starving = true;
	fault_memory_arm(1000000, true);
	o = enroll();
	assert_true(fault_memory_disarm() > 0);
	starving = false;
	assert_int_equal(o, OUT_MEMORY);
	judge_enrolled(o);
}

static void
wrong(void **state)
{
	const struct fault_run r = { "wrong", OUT_BAD_TICKET, in_force,
	    enroll_wrong, judge_wrong };

	(void)state;
	fake_pam_stack(1, PAM_SUCCESS);
	fault_every_way(&r);
}

/* --- Given and taken back ----------------------------------------------- */

static enum outcome
give(void)
{
	return pass_admin(FLAG_TICKET);
}

static void
judge_given(enum outcome o)
{
	pass_judge_given(PASS_ENROLL, o);
	if (o != OUT_DONE)
		assert_int_equal(give(), OUT_DONE);
	assert_int_equal(pass_login(STORE_SPAWNED, pass_told),
	    OUT_MUST_ENROLL);
	assert_int_equal(enroll_with(pass_told, &again), OUT_DONE);
	gets_in(&again);
}

static enum outcome
take_back(void)
{
	return pass_admin(FLAG_REVOKE | FLAG_TICKET);
}

static void
judge_revoked(enum outcome o)
{
	bool gone = pass_judge_revoked(PASS_ENROLL, o);

	assert_int_equal(take_back(), gone ? OUT_NO_PASS : OUT_DONE);
	assert_int_equal(enroll(), OUT_BAD_TICKET);
}

static void
given(void **state)
{
	const struct fault_run r = { "given", OUT_DONE, in_force, give,
	    judge_given };

	(void)state;
	fake_pam_stack(1, PAM_SUCCESS);
	fault_every_way(&r);
}

static void
revoked(void **state)
{
	const struct fault_run r = { "taken back", OUT_DONE, in_force,
	    take_back, judge_revoked };

	(void)state;
	fake_pam_stack(1, PAM_SUCCESS);
	fault_every_way(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(typed),
		cmocka_unit_test(compared),
		cmocka_unit_test(wrong),
		cmocka_unit_test(given),
		cmocka_unit_test(revoked),
	};

	return cmocka_run_group_tests(tests, pass_setup, fault_cleanup);
}
