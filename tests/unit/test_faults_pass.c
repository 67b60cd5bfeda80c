/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A login pass while the n-th call of the disk or the n-th allocation fails:
 * given, typed, taken back.  Nobody is let in without a record that spent
 * it; after the failure it is unspent and good, or spent and on record, and
 * the next call works.
 */
#include "tests/unit/fault_pass.h"

static void
in_force(void)
{
	pass_fresh(PASS_LOGIN, &pass_old);
}

static void
used_up(void)
{
	struct pass used = pass_old;

	pass_use(&used, clock_now());
	pass_fresh(PASS_LOGIN, &used);
}

/* --- Given and taken back ----------------------------------------------- */

static enum outcome
give(void)
{
	return pass_admin(0);
}

/* What is in force lets in once; a new one can be given. */
static void
judge_given(enum outcome o)
{
	bool kept;

	pass_judge_given(PASS_LOGIN, o);
	kept = pass_has_code(&pass_look().passes[PASS_LOGIN], pass_old_code);
	if (o == OUT_DONE)
		assert_int_equal(pass_login(STORE_SPAWNED, pass_told),
		    OUT_OK_PASS);
	assert_int_equal(pass_login(STORE_SPAWNED, pass_old_code), kept ?
	    OUT_OK_PASS : o == OUT_DONE ? OUT_MUST_ENROLL : OUT_BAD_CODE);
	assert_int_equal(give(), OUT_DONE);
	assert_int_equal(pass_login(STORE_SPAWNED, pass_told), OUT_OK_PASS);
	assert_int_equal(pass_login(STORE_SPAWNED, pass_told), OUT_REPLAY);
}

static enum outcome
take_back(void)
{
	return pass_admin(FLAG_REVOKE);
}

static void
judge_revoked(enum outcome o)
{
	bool gone = pass_judge_revoked(PASS_LOGIN, o);

	assert_int_equal(take_back(), gone ? OUT_NO_PASS : OUT_DONE);
	assert_int_equal(pass_login(STORE_SPAWNED, pass_old_code),
	    OUT_MUST_ENROLL);
}

static void
given(void **state)
{
	const struct fault_run r = { "given", OUT_DONE, in_force, give,
	    judge_given };

	(void)state;
	fault_every_way(&r);
}

static void
revoked(void **state)
{
	const struct fault_run r = { "taken back", OUT_DONE, in_force,
	    take_back, judge_revoked };

	(void)state;
	fault_every_way(&r);
}

/* --- Typed --------------------------------------------------------------- */

static enum outcome
type_spawned(void)
{
	return pass_login(STORE_SPAWNED, pass_old_code);
}

static enum outcome
type_serving(void)
{
	return pass_login(STORE_SERVING, pass_old_code);
}

static enum outcome
type_wrong(void)
{
	return pass_login(STORE_SPAWNED, pass_other_code);
}

static enum outcome
look_only(void)
{
	return pass_login(STORE_SPAWNED, NULL);
}

/* Once in all, whoever was told what. */
static void
judge_typed(enum outcome o)
{
	struct account a = pass_look();
	const struct pass *p = &a.passes[PASS_LOGIN];
	bool used = p->used_at != 0;

	assert_true(o == OUT_OK_PASS || fault_is_trouble(o));
	assert_true(pass_same(p, &pass_old));
	assert_int_equal(a.limiters[LIMITER_RECOVERY_LOGIN].consecutive, 0);
	if (o == OUT_OK_PASS)
		assert_true(used);
	assert_int_equal(type_spawned(), used ? OUT_REPLAY : OUT_OK_PASS);
	assert_int_equal(type_spawned(), OUT_REPLAY);
}

/* Told "wrong", so it is charged; the right one is as good as before. */
static void
judge_wrong(enum outcome o)
{
	struct account a = pass_look();
	int64_t charged = a.limiters[LIMITER_RECOVERY_LOGIN].consecutive;

	assert_true(o == OUT_BAD_CODE || fault_is_trouble(o));
	assert_in_range(charged, o == OUT_BAD_CODE ? 1 : 0, 1);
	assert_int_equal(a.passes[PASS_LOGIN].used_at, 0);
	assert_int_equal(type_spawned(), OUT_OK_PASS);
}

/* Where its salt could not be read, its holder is told what else is true:
   there is no factor. */
static void
judge_replay(enum outcome o)
{
	assert_true(o == OUT_REPLAY || o == OUT_MUST_ENROLL ||
	    fault_is_trouble(o));
	assert_int_not_equal(pass_look().passes[PASS_LOGIN].used_at, 0);
	assert_int_equal(type_spawned(), OUT_REPLAY);
}

static void
judge_check(enum outcome o)
{
	assert_true(o == OUT_ASK || fault_is_trouble(o));
	assert_int_equal(pass_look().passes[PASS_LOGIN].used_at, 0);
	assert_int_equal(look_only(), OUT_ASK);
}

static void
typed(void **state)
{
	static const struct fault_run runs[] = {
		{ "asked for", OUT_ASK, in_force, look_only, judge_check },
		{ "typed", OUT_OK_PASS, in_force, type_spawned, judge_typed },
		{ "typed to the service", OUT_OK_PASS, in_force, type_serving,
		    judge_typed },
		{ "wrong", OUT_BAD_CODE, in_force, type_wrong, judge_wrong },
		{ "typed again", OUT_REPLAY, used_up, type_spawned,
		    judge_replay },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(runs); i++)
		fault_every_way(&runs[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(given),
		cmocka_unit_test(revoked),
		cmocka_unit_test(typed),
	};

	return cmocka_run_group_tests(tests, pass_setup, fault_cleanup);
}
