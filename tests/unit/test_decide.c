/* SPDX-License-Identifier: BSD-2-Clause */
/* decide() by a table of cases; a model walks it by the million elsewhere. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "daemon/decide.h"
#include "daemon/recovery.h"
#include "daemon/totp.h"

#define NOW 1800000015		/* in the middle of a step of 30 s */
#define STEP (NOW / 30)

static const struct policy strict = {
	.limits = { 10, 1800, 50, 100 }, .window = 1, .covered = true,
	.key_ok = true, .clock_ok = true,
};

static const uint8_t seed[20] = "12345678901234567890";
static char codes[3][RECOVERY_LENGTH + 1];
static struct recovery_set set;

static int
make_codes(void **state)
{
	(void)state;
	return recovery_make(&set, COUNT(codes), NOW - 100, codes) ? 0 : -1;
}

/* alice: one authenticator, three recovery codes, nothing wrong yet. */
static struct account
alice(void)
{
	struct account a;

	memset(&a, 0, sizeof(a));
	a.match = ACCOUNT_FOUND;
	a.id = 1;
	a.uid = 1000;
	a.enrolled_at = NOW - 100;
	memcpy(a.name, "alice", 6);
	a.credential_count = 1;
	a.credentials[0] = (struct credential){ .id = 2,
	    .kind = CREDENTIAL_TOTP, .algorithm = OTP_SHA1, .digits = 6,
	    .period = 30, .last_step = STEP - 10, .opened = true };
	secret_set(&a.credentials[0].secret, seed, sizeof(seed));
	a.recovery = set;
	return a;
}

static void
code_at(int64_t step, char buf[OTP_DIGITS_MAX + 1])
{
	memset(buf, 0, OTP_DIGITS_MAX + 1);
	assert_true(totp_code(seed, sizeof(seed), OTP_SHA1, 6, step, buf));
}

/* A code that no step near NOW has. */
static const char *
wrong_code(void)
{
	static char wrong[OTP_DIGITS_MAX + 1];
	char near[OTP_DIGITS_MAX + 1];
	int64_t step;
	unsigned i;
	bool hit = true;

	for (i = 0; hit; i++) {
		snprintf(wrong, sizeof(wrong), "%06u", i);
		for (hit = false, step = STEP - 5; step <= STEP + 5; step++) {
			code_at(step, near);
			hit = hit || strcmp(near, wrong) == 0;
		}
	}
	return wrong;
}

static struct request
typed(const struct account *a, const char *text)
{
	struct request r = { .door = DOOR_LOGIN, .known = true };
	char code[ANSWER_CODE];

	answer_form(a, text, strlen(text), &r.answer, code);
	memcpy(r.answer.salt, a->recovery.salt, RECOVERY_SALT);
	if (r.answer.kind == KIND_RECOVERY)
		assert_true(recovery_hash(code, r.answer.salt,
		    RECOVERY_ROUNDS, r.answer.hash));
	return r;
}

static enum outcome
verify(struct account *a, const char *text, const struct policy *p,
    struct decision *d)
{
	struct request r = typed(a, text);

	return decide_verify(a, &r, p, NOW, d);
}

static bool
has(const struct decision *d, enum effect_kind kind)
{
	size_t i;

	for (i = 0; i < d->effect_count; i++)
		if (d->effects[i] == kind)
			return true;
	return false;
}

static void
window(void **state)
{
	static const struct { int off; unsigned window; enum outcome o; } rows[]
	    = {
		{ 0, 1, OUT_OK_TOTP }, { -1, 1, OUT_OK_TOTP },
		{ 1, 1, OUT_OK_TOTP }, { -2, 1, OUT_BAD_CODE },
		{ 2, 1, OUT_BAD_CODE }, { 0, 0, OUT_OK_TOTP },
		{ -1, 0, OUT_BAD_CODE }, { 1, 0, OUT_BAD_CODE },
		{ -2, 2, OUT_OK_TOTP }, { 2, 2, OUT_OK_TOTP },
		{ 3, 2, OUT_BAD_CODE }, { -3, 2, OUT_BAD_CODE },
	};
	char code[OTP_DIGITS_MAX + 1];
	struct policy p = strict;
	struct decision d;
	struct account a;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		a = alice();
		p.window = rows[i].window;
		code_at(STEP + rows[i].off, code);
		assert_int_equal(verify(&a, code, &p, &d), rows[i].o);
		assert_int_equal(a.credentials[0].last_step,
		    rows[i].o == OUT_OK_TOTP ? STEP + rows[i].off : STEP - 10);
	}
}

static void
once(void **state)
{
	char code[OTP_DIGITS_MAX + 1], before[OTP_DIGITS_MAX + 1];
	struct account a = alice();
	struct decision d;

	(void)state;
	code_at(STEP, code);
	code_at(STEP - 1, before);
	assert_int_equal(verify(&a, code, &strict, &d), OUT_OK_TOTP);
	assert_int_equal(verify(&a, code, &strict, &d), OUT_REPLAY);
	assert_int_equal(d.facts.wait, 15);
	/* An older code of the window is spent with it. */
	assert_int_equal(verify(&a, before, &strict, &d), OUT_REPLAY);
	assert_int_equal(a.limiters[LIMITER_TOTP_LOGIN].consecutive, 0);
	code_at(STEP + 1, code);
	assert_int_equal(verify(&a, code, &strict, &d), OUT_OK_TOTP);
	assert_int_equal(verify(&a, code, &strict, &d), OUT_REPLAY);
	assert_int_equal(d.facts.wait, 45);
}

static void
recovery(void **state)
{
	struct account a = alice();
	struct decision d;
	char other[RECOVERY_LENGTH + 1];

	(void)state;
	assert_int_equal(verify(&a, codes[1], &strict, &d), OUT_OK_RECOVERY);
	assert_int_equal(d.facts.left, 2);
	assert_int_equal(a.recovery.codes[1].spent_at, NOW);
	assert_int_equal(verify(&a, codes[1], &strict, &d), OUT_REPLAY);
	assert_int_equal(a.limiters[LIMITER_RECOVERY_LOGIN].consecutive, 0);
	assert_true(recovery_generate(other));
	assert_int_equal(verify(&a, other, &strict, &d), OUT_BAD_CODE);
	assert_int_equal(a.limiters[LIMITER_RECOVERY_LOGIN].consecutive, 1);
	assert_int_equal(a.limiters[LIMITER_TOTP_LOGIN].consecutive, 0);
	assert_int_equal(d.facts.kind, KIND_RECOVERY);
	/* The set was made anew since its salt was read: nothing decided. */
	struct request r = typed(&a, codes[2]);
	r.answer.salt[0] ^= 1;
	decide_verify(&a, &r, &strict, NOW, &d);
	assert_true(d.stale_salt);
	assert_int_equal(d.effect_count, 0);
	assert_int_equal(a.recovery.codes[2].spent_at, 0);
}

/* Right, wrong and spent ask for the same effects. */
static void
same_effects(void **state)
{
	char code[OTP_DIGITS_MAX + 1];
	struct decision right, wrong, spent;
	struct account a = alice();

	(void)state;
	code_at(STEP, code);
	verify(&a, code, &strict, &right);
	verify(&a, code, &strict, &spent);
	verify(&a, wrong_code(), &strict, &wrong);
	assert_int_equal(right.effect_count, 3);
	assert_memory_equal(right.effects, wrong.effects,
	    sizeof(right.effects));
	assert_memory_equal(right.effects, spent.effects,
	    sizeof(right.effects));
	a = alice();
	verify(&a, codes[0], &strict, &right);
	verify(&a, codes[0], &strict, &spent);
	assert_memory_equal(right.effects, spent.effects,
	    sizeof(right.effects));
	assert_true(has(&right, EFFECT_CODES));
}

static void
form(void **state)
{
	static const struct { const char *text; unsigned kind; } rows[] = {
		{ "123456", KIND_TOTP }, { "123 456", KIND_TOTP },
		{ "123-456", KIND_TOTP }, { " 123456 ", KIND_TOTP },
		{ "", KIND_NONE }, { "   ", KIND_NONE }, { "-", KIND_NONE },
		{ "12345", KIND_NONE }, { "1234567", KIND_NONE },
		{ "12345678", KIND_NONE }, { "12345a", KIND_NONE },
		{ "123456\n", KIND_NONE }, { "+12345", KIND_NONE },
		{ "\b\n\r\177", KIND_NONE }, { "password", KIND_NONE },
		{ "1234567890123456", KIND_NONE },
	};
	struct account a = alice(), none;
	char code[ANSWER_CODE], text[40];
	struct answer answer;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		assert_int_equal(answer_form(&a, rows[i].text,
		    strlen(rows[i].text), &answer, code), rows[i].kind);
	assert_int_equal(answer_form(&a, "12\0" "456", 6, &answer, code),
	    KIND_NONE);
	snprintf(text, sizeof(text), "%.4s-%.4s %.4s-%.4s", codes[0],
	    codes[0] + 4, codes[0] + 8, codes[0] + 12);
	assert_int_equal(answer_form(&a, text, strlen(text), &answer, code),
	    KIND_RECOVERY);
	assert_string_equal(code, codes[0]);
	/* Who has 8 digits types 8; who has none is asked for 6. */
	a.credentials[0].digits = 8;
	assert_int_equal(answer_form(&a, "123456", 6, &answer, code),
	    KIND_NONE);
	assert_int_equal(answer_form(&a, "12345678", 8, &answer, code),
	    KIND_TOTP);
	memset(&none, 0, sizeof(none));
	assert_int_equal(answer_form(&none, "123456", 6, &answer, code),
	    KIND_TOTP);
}

/* What policy and account say before any answer counts. */
static void
states(void **state)
{
	struct account a = alice(), none;
	struct policy p = strict;
	struct decision d;
	struct request r;

	(void)state;
	memset(&none, 0, sizeof(none));
	p.covered = false;
	assert_int_equal(verify(&a, "123456", &p, &d), OUT_NOT_COVERED);
	assert_int_equal(d.effect_count, 0);
	assert_int_equal(verify(&none, "123456", &strict, &d),
	    OUT_MUST_ENROLL);
	assert_true(has(&d, EFFECT_TALLY));
	r = typed(&none, "123456");
	r.known = false;
	assert_int_equal(decide_verify(&none, &r, &strict, NOW, &d),
	    OUT_NO_USER);
	assert_int_equal(decide_check(&none, &r, &strict, NOW, &d), OUT_ASK);
	r.known = true;
	assert_int_equal(decide_check(&none, &r, &strict, NOW, &d), OUT_ASK);

	p = strict;
	p.pass_unenrolled = true;
	assert_int_equal(decide_check(&none, &r, &p, NOW, &d),
	    OUT_NOT_ENROLLED);
	p.key_ok = false;
	assert_int_equal(decide_check(&none, &r, &p, NOW, &d), OUT_KEY);
	p.key_ok = p.pass_once = true;
	none.match = ACCOUNT_FOUND;
	assert_int_equal(decide_check(&none, &r, &p, NOW, &d),
	    OUT_NOT_ENROLLED);
	none.enrolled_at = 1;
	assert_int_equal(decide_check(&none, &r, &p, NOW, &d), OUT_ASK);
	assert_int_equal(decide_verify(&none, &r, &p, NOW, &d),
	    OUT_MUST_ENROLL);
	none.match = ACCOUNT_CHANGED;
	assert_int_equal(decide_check(&none, &r, &p, NOW, &d), OUT_CHANGED);
	assert_int_equal(decide_verify(&none, &r, &p, NOW, &d), OUT_CHANGED);
	a.locked = true;
	assert_int_equal(decide_check(&a, &r, &strict, NOW, &d),
	    OUT_ADMIN_LOCK);
	assert_int_equal(verify(&a, codes[0], &strict, &d), OUT_ADMIN_LOCK);
}

static void
wrong_to_locked(void **state)
{
	char code[OTP_DIGITS_MAX + 1];
	struct account a = alice();
	struct decision d;
	struct request r = typed(&a, "123456");
	uint32_t i;

	(void)state;
	for (i = 1; i <= 10; i++) {
		assert_int_equal(verify(&a, wrong_code(), &strict, &d),
		    OUT_BAD_CODE);
		assert_int_equal(d.facts.count, i);
		assert_int_equal(d.facts.limit, 10);
	}
	assert_int_equal(d.facts.kinds, KIND_RECOVERY);
	assert_int_equal(d.facts.why, OUT_LOCKED);
	assert_int_equal(d.facts.wait, 1800);
	code_at(STEP, code);
	assert_int_equal(verify(&a, code, &strict, &d), OUT_LOCKED);
	assert_true(has(&d, EFFECT_TALLY));
	assert_int_equal(decide_check(&a, &r, &strict, NOW, &d), OUT_ASK);
	assert_int_equal(d.facts.kinds, KIND_RECOVERY);
	/* The other door knows nothing of it. */
	r.door = DOOR_PUBLIC;
	assert_int_equal(decide_check(&a, &r, &strict, NOW, &d), OUT_ASK);
	assert_int_equal(d.facts.kinds, KIND_TOTP | KIND_RECOVERY);
	assert_int_equal(verify(&a, codes[0], &strict, &d), OUT_OK_RECOVERY);
	/* Which does not open app codes. */
	assert_int_equal(verify(&a, code, &strict, &d), OUT_LOCKED);
}

static void
no_kind_left(void **state)
{
	struct account a = alice();
	struct request r = typed(&a, "123456");
	struct limiter *totp = &a.limiters[LIMITER_TOTP_LOGIN];
	struct limiter *rec = &a.limiters[LIMITER_RECOVERY_LOGIN];
	struct policy p = strict;
	struct decision d;

	(void)state;
	*totp = (struct limiter){ .consecutive = 10, .total = 10,
	    .total_since = 1, .wait_start = NOW - 100, .wait_length = 1800 };
	*rec = (struct limiter){ .consecutive = 10, .total = 10,
	    .total_since = 1, .wait_start = NOW - 50, .wait_length = 1000 };
	assert_int_equal(decide_check(&a, &r, &p, NOW, &d), OUT_LOCKED);
	assert_int_equal(d.facts.wait, 950);
	totp->consecutive = 50;		/* one disabled, one waiting */
	assert_int_equal(decide_check(&a, &r, &p, NOW, &d), OUT_LOCKED);
	assert_int_equal(d.facts.wait, 950);
	a.recovery.count = 0;
	assert_int_equal(decide_check(&a, &r, &p, NOW, &d), OUT_DISABLED);
	totp->consecutive = 0;
	totp->wait_length = 0;
	p.key_ok = false;
	assert_int_equal(decide_check(&a, &r, &p, NOW, &d), OUT_KEY);
	p.key_ok = true;
	p.clock_ok = false;
	assert_int_equal(decide_check(&a, &r, &p, NOW, &d), OUT_CLOCK);
}

/* Trouble with key or clock: no app code is evaluated, recovery works. */
static void
key_and_clock(void **state)
{
	char code[OTP_DIGITS_MAX + 1];
	struct policy p = strict;
	struct account a = alice();
	struct decision d;

	(void)state;
	code_at(STEP, code);
	p.key_ok = false;
	assert_int_equal(verify(&a, code, &p, &d), OUT_KEY);
	assert_int_equal(a.credentials[0].last_step, STEP - 10);
	assert_int_equal(d.facts.kinds, KIND_RECOVERY);
	assert_int_equal(d.facts.why, OUT_KEY);
	assert_int_equal(verify(&a, wrong_code(), &p, &d), OUT_KEY);
	assert_int_equal(a.limiters[LIMITER_TOTP_LOGIN].total, 0);
	assert_int_equal(verify(&a, codes[0], &p, &d), OUT_OK_RECOVERY);
	p = strict;
	p.clock_ok = false;
	assert_int_equal(verify(&a, code, &p, &d), OUT_CLOCK);
	assert_int_equal(verify(&a, codes[1], &p, &d), OUT_OK_RECOVERY);
}

static void
future_wait(void **state)
{
	struct account a = alice();
	struct limiter *m = &a.limiters[LIMITER_TOTP_LOGIN];
	struct request r = typed(&a, "123456");
	struct decision d;

	(void)state;
	*m = (struct limiter){ .consecutive = 10, .total = 10,
	    .total_since = 1, .wait_start = NOW + 500, .wait_length = 1800 };
	assert_int_equal(decide_check(&a, &r, &strict, NOW, &d), OUT_ASK);
	assert_true((d.facts.kinds & KIND_TOTP) != 0);
	assert_int_equal(verify(&a, "123456", &strict, &d), OUT_LOCKED);
	assert_int_equal(m->wait_start, NOW);
	assert_true(has(&d, EFFECT_LIMITERS));
}

/* `earlier` comes off the total, whichever kind succeeds. */
static void
earlier(void **state)
{
	char code[OTP_DIGITS_MAX + 1];
	struct account a = alice();
	struct request r;
	struct decision d;
	int i;

	(void)state;
	for (i = 0; i < 3; i++)
		verify(&a, wrong_code(), &strict, &d);
	code_at(STEP, code);
	r = typed(&a, code);
	r.earlier = 2;
	assert_int_equal(decide_verify(&a, &r, &strict, NOW, &d), OUT_OK_TOTP);
	assert_int_equal(a.limiters[LIMITER_TOTP_LOGIN].total, 1);
	assert_int_equal(a.limiters[LIMITER_TOTP_LOGIN].consecutive, 0);
	for (i = 0; i < 2; i++)
		verify(&a, wrong_code(), &strict, &d);
	r = typed(&a, codes[0]);
	r.earlier = 2;
	assert_int_equal(decide_verify(&a, &r, &strict, NOW, &d),
	    OUT_OK_RECOVERY);
	assert_int_equal(a.limiters[LIMITER_TOTP_LOGIN].total, 1);
	assert_int_equal(a.limiters[LIMITER_TOTP_LOGIN].consecutive, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(window),
		cmocka_unit_test(once),
		cmocka_unit_test(recovery),
		cmocka_unit_test(same_effects),
		cmocka_unit_test(form),
		cmocka_unit_test(states),
		cmocka_unit_test(wrong_to_locked),
		cmocka_unit_test(no_kind_left),
		cmocka_unit_test(key_and_clock),
		cmocka_unit_test(future_wait),
		cmocka_unit_test(earlier),
	};

	return cmocka_run_group_tests_name("decide", tests, make_codes, NULL);
}
