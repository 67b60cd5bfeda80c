/* SPDX-License-Identifier: BSD-2-Clause */
/* Login passes: their time, their place, one use. */
#include "tests/unit/pass_people.h"

static void
made(void **state)
{
	struct pass p;
	char code[RECOVERY_LENGTH + 1], again[RECOVERY_LENGTH + 1];
	uint8_t hash[RECOVERY_HASH];

	(void)state;
	assert_true(pass_make(&p, PASS_TTL_MIN, NOW, code));
	assert_true(recovery_parse(code, RECOVERY_LENGTH, again));
	assert_string_equal(code, again);
	assert_true(recovery_hash(code, p.salt, p.rounds, hash));
	assert_memory_equal(hash, p.hash, sizeof(hash));
	assert_int_equal(p.expires_at, NOW + PASS_TTL_MIN);
	assert_true(pass_make(&p, PASS_TTL_MAX, NOW, again));
	assert_string_not_equal(code, again);
	assert_false(pass_make(&p, PASS_TTL_MIN - 1, NOW, code));
	assert_string_equal(code, "");
	assert_int_equal(p.created_at, 0);
	assert_false(pass_make(&p, PASS_TTL_MAX + 1, NOW, code));
	assert_false(pass_make(&p, 0, NOW, code));
	assert_false(pass_make(&p, TTL, 0, code));
	assert_false(pass_make(&p, TTL, -1, code));
	assert_false(pass_make(&p, TTL, INT64_MAX, code));
}

static void
services(void **state)
{
	static const char *const bad[] = { "", "a b", "a/b", "\x7f", "s\tsh",
	    "m\xc3\xbc",
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "4" };
	char out[PASS_SERVICE_MAX + 1];
	struct pass p = pass;
	size_t i;

	(void)state;
	assert_true(pass_service("SSHd-2", out));
	assert_string_equal(out, "sshd-2");
	assert_true(pass_service(bad[6] + 1, out));
	for (i = 0; i < COUNT(bad); i++) {
		assert_false(pass_service(bad[i], out));
		assert_string_equal(out, "");
	}
	assert_true(pass_here(&p, DOOR_PUBLIC, NULL));
	memcpy(p.service, "sudo", 5);
	assert_true(pass_here(&p, DOOR_LOGIN, "sudo"));
	assert_false(pass_here(&p, DOOR_LOGIN, "sud"));
	assert_false(pass_here(&p, DOOR_LOGIN, "sudo-i"));
	assert_false(pass_here(&p, DOOR_LOGIN, ""));
	assert_false(pass_here(&p, DOOR_LOGIN, NULL));
	assert_false(pass_here(&p, DOOR_PUBLIC, "sudo"));
	assert_false(pass_here(&p, DOOR_ADMIN, "sudo"));
}

/* From its first second to the one before its end. */
static void
times(void **state)
{
	struct pass p = pass, none = { 0 };

	(void)state;
	assert_int_equal(pass_state(&none, true, NOW), PASS_NONE);
	assert_int_equal(pass_state(&p, true, NOW), PASS_LIVE);
	assert_int_equal(pass_state(&p, true, NOW - 1), PASS_OVER);
	assert_int_equal(pass_state(&p, true, 0), PASS_OVER);
	assert_int_equal(pass_state(&p, true, NOW + TTL - 1), PASS_LIVE);
	assert_int_equal(pass_state(&p, true, NOW + TTL), PASS_OVER);
	assert_int_equal(pass_state(&p, true, INT64_MAX), PASS_OVER);
	assert_int_equal(pass_state(&p, false, NOW), PASS_OVER);
	/* Once over, always over; the clock was set back. */
	pass_seen(&p, NOW + TTL);
	assert_int_equal(pass_state(&p, true, NOW), PASS_OVER);
	pass_seen(&p, NOW);
	assert_int_equal(p.seen_at, NOW + TTL);
	p = pass;
	p.expires_at = p.created_at + PASS_TTL_MAX + 1;
	assert_int_equal(pass_state(&p, true, NOW), PASS_OVER);
	p = pass;
	pass_use(&p, 0);
	assert_int_equal(pass_state(&p, true, NOW), PASS_USED);
	pass_seen(&none, NOW);
	assert_int_equal(none.seen_at, 0);
}

/* With and without a factor: once, at any second of its time. */
static void
once(void **state)
{
	static const int64_t at[] = { NOW, NOW + 1, NOW + TTL - 1 };
	struct account a;
	struct decision d;
	size_t i, who;

	(void)state;
	for (who = 0; who < 2; who++)
		for (i = 0; i < COUNT(at); i++) {
			a = who == 0 ? bob() : alice();
			a.limiters[LIMITER_RECOVERY_LOGIN].consecutive = 4;
			assert_int_equal(check_at(&a, &strict, at[i], &d),
			    OUT_ASK);
			assert_int_equal(d.facts.kinds, KIND_RECOVERY);
			assert_int_equal(verify_at(&a, pass_code, at[i], &d),
			    OUT_OK_PASS);
			assert_int_equal(d.facts.left, 2 * who);
			assert_int_equal(a.passes[PASS_LOGIN].used_at, at[i]);
			assert_int_equal(a.limiters
			    [LIMITER_RECOVERY_LOGIN].consecutive, 0);
			assert_int_equal(verify_at(&a, pass_code, at[i], &d),
			    OUT_REPLAY);
			assert_int_equal(verify_at(&a, pass_code,
			    at[i] + 100 * TTL, &d), OUT_REPLAY);
			assert_int_equal(a.limiters
			    [LIMITER_RECOVERY_LOGIN].consecutive, 0);
		}
}

/* Used, over or elsewhere it is as if there were none. */
static void
unenrolled(void **state)
{
	struct policy p = strict;
	struct account a = bob(), fresh = bob();
	struct decision d;

	(void)state;
	assert_int_equal(verify_at(&a, other_code, NOW, &d), OUT_BAD_CODE);
	assert_int_equal(a.limiters[LIMITER_RECOVERY_LOGIN].consecutive, 1);
	assert_int_equal(verify_at(&a, "123456", NOW, &d), OUT_BAD_CODE);
	assert_int_equal(a.limiters[LIMITER_TOTP_LOGIN].consecutive, 1);
	assert_int_equal(verify_at(&a, pass_code, NOW + TTL, &d),
	    OUT_MUST_ENROLL);
	assert_int_equal(check_at(&a, &strict, NOW + TTL, &d), OUT_ASK);
	assert_int_equal(d.facts.kinds, KIND_TOTP | KIND_RECOVERY);
	assert_int_equal(verify_at(&a, pass_code, NOW - 1, &d),
	    OUT_MUST_ENROLL);
	memcpy(a.passes[PASS_LOGIN].service, "sudo", 5);
	assert_int_equal(verify_at(&a, pass_code, NOW, &d), OUT_MUST_ENROLL);
	a.locked = true;
	assert_int_equal(verify_at(&a, pass_code, NOW, &d), OUT_ADMIN_LOCK);
	/* Where people without a factor get in, nobody is asked. */
	p.pass_unenrolled = true;
	assert_int_equal(check_at(&fresh, &p, NOW, &d), OUT_NOT_ENROLLED);
	p.pass_once = true;
	assert_int_equal(check_at(&fresh, &p, NOW, &d), OUT_NOT_ENROLLED);
	p.key_ok = false;
	assert_int_equal(check_at(&fresh, &p, NOW, &d), OUT_ASK);
	assert_int_equal(check_at(&fresh, &p, NOW + TTL, &d), OUT_KEY);
	p.clock_ok = false;
	assert_int_equal(check_at(&fresh, &p, NOW, &d), OUT_KEY);
	assert_false(account_has_factor(&fresh));
}

/* What is over or bound elsewhere is a wrong code: charged, no oracle. */
static void
wrong(void **state)
{
	struct account a = alice();
	struct decision d;
	int i;

	(void)state;
	assert_int_equal(verify_at(&a, pass_code, NOW + TTL, &d),
	    OUT_BAD_CODE);
	assert_int_equal(a.limiters[LIMITER_RECOVERY_LOGIN].consecutive, 1);
	assert_int_equal(verify_at(&a, pass_code, NOW, &d), OUT_BAD_CODE);
	a = alice();
	memcpy(a.passes[PASS_LOGIN].service, "sudo", 5);
	assert_int_equal(verify_at(&a, pass_code, NOW, &d), OUT_BAD_CODE);
	assert_int_equal(verify_at(&a, ticket_code, NOW, &d), OUT_BAD_CODE);
	/* K evaluations and no more, of whatever kind of wrong. */
	for (i = 2; i < 10; i++)
		assert_int_equal(verify_at(&a, i % 2 ? pass_code : other_code,
		    NOW, &d), OUT_BAD_CODE);
	memset(a.passes[PASS_LOGIN].service, 0, 5);
	assert_int_equal(verify_at(&a, pass_code, NOW, &d), OUT_LOCKED);
	assert_int_equal(a.passes[PASS_LOGIN].used_at, 0);
	assert_int_equal(verify_at(&a, pass_code, NOW + 1800, &d),
	    OUT_OK_PASS);
}

/* Every recovery-shaped answer leaves the same rows, and its time. */
static void
same_rows(void **state)
{
	const char *const texts[] = { pass_code, other_code, set_code[0],
	    pass_code, set_code[0] };
	static const enum outcome outcomes[] = { OUT_OK_PASS, OUT_BAD_CODE,
	    OUT_OK_RECOVERY, OUT_REPLAY, OUT_REPLAY };
	struct account a = alice();
	struct decision d;
	struct request r;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++) {
		assert_int_equal(verify_at(&a, texts[i], NOW + (int)i, &d),
		    outcomes[i]);
		expect_rows(&d, EFFECT_CODES);
		assert_int_equal(a.passes[PASS_LOGIN].seen_at, NOW + (int)i);
	}
	/* Another pass since the salt was read: nothing decided. */
	a = alice();
	r = typed(&a, pass_code, PASS_LOGIN);
	r.answer.pass_salt[0] ^= 1;
	decide_verify(&a, &r, &strict, NOW, &d);
	assert_true(d.stale_salt);
	assert_int_equal(d.effect_count, 0);
	assert_int_equal(a.passes[PASS_LOGIN].used_at, 0);
}

/* In self-service it stands for the factor, unless bound to a service. */
static void
self_service(void **state)
{
	struct account a = alice();
	struct request r = typed(&a, pass_code, PASS_LOGIN);
	struct decision d;

	(void)state;
	r.door = DOOR_PUBLIC;
	r.service = "";
	assert_int_equal(decide_verify(&a, &r, &strict, NOW, &d),
	    OUT_OK_PASS);
	a = alice();
	memcpy(a.passes[PASS_LOGIN].service, "sshd", 5);
	r.service = "sshd";
	assert_int_equal(decide_verify(&a, &r, &strict, NOW, &d),
	    OUT_BAD_CODE);
	assert_int_equal(a.limiters[LIMITER_RECOVERY_PUBLIC].consecutive, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made),
		cmocka_unit_test(services),
		cmocka_unit_test(times),
		cmocka_unit_test(once),
		cmocka_unit_test(unenrolled),
		cmocka_unit_test(wrong),
		cmocka_unit_test(same_rows),
		cmocka_unit_test(self_service),
	};

	return cmocka_run_group_tests_name("pass", tests, make_codes, NULL);
}
