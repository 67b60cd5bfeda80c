/* SPDX-License-Identifier: BSD-2-Clause */
/* Alice and Bob, what root gave them, and what they type. */
#ifndef STEPUP_TESTS_PASS_PEOPLE_H
#define STEPUP_TESTS_PASS_PEOPLE_H

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "daemon/pass.h"

#define NOW INT64_C(1800000015)
#define TTL 3600

static const struct policy strict = {
	.limits = { 10, 1800, 50, 100 }, .window = 1, .covered = true,
	.key_ok = true, .clock_ok = true,
};

static char pass_code[RECOVERY_LENGTH + 1], ticket_code[RECOVERY_LENGTH + 1],
    other_code[RECOVERY_LENGTH + 1], set_code[2][RECOVERY_LENGTH + 1];
static struct pass pass, ticket;
static struct recovery_set set;

static inline int
make_codes(void **state)
{
	(void)state;
	return pass_make(&pass, TTL, NOW, pass_code) &&
	    pass_make(&ticket, TTL, NOW, ticket_code) &&
	    recovery_generate(other_code) &&
	    recovery_make(&set, 2, NOW - 100, set_code) ? 0 : -1;
}

/* Bob has a row and no factor, and what root gave him. */
static inline struct account
bob(void)
{
	struct account a;

	memset(&a, 0, sizeof(a));
	a.match = ACCOUNT_FOUND;
	a.id = 7;
	a.uid = 1001;
	memcpy(a.name, "bob", 4);
	a.passes[PASS_LOGIN] = pass;
	a.passes[PASS_ENROLL] = ticket;
	return a;
}

/* Alice has a recovery code besides. */
static inline struct account
alice(void)
{
	struct account a = bob();

	a.enrolled_at = NOW - 100;
	a.recovery = set;
	return a;
}

static inline struct request
typed(const struct account *a, const char *text, enum pass_name which)
{
	struct request r = { .door = DOOR_LOGIN, .known = true,
	    .service = "sshd" };
	char code[ANSWER_CODE];

	answer_form(a, text, strlen(text), &r.answer, code);
	memcpy(r.answer.salt, a->recovery.salt, RECOVERY_SALT);
	memcpy(r.answer.pass_salt, a->passes[which].salt, RECOVERY_SALT);
	if (r.answer.kind == KIND_RECOVERY)
		assert_true(recovery_hash(code, r.answer.salt,
		    RECOVERY_ROUNDS, r.answer.hash) && recovery_hash(code,
		    r.answer.pass_salt, RECOVERY_ROUNDS, r.answer.pass_hash));
	return r;
}

static inline enum outcome
verify_at(struct account *a, const char *text, int64_t now,
    struct decision *d)
{
	struct request r = typed(a, text, PASS_LOGIN);

	return decide_verify(a, &r, &strict, now, d);
}

static inline enum outcome
check_at(const struct account *a, const struct policy *p, int64_t now,
    struct decision *d)
{
	struct request r = { .door = DOOR_LOGIN, .known = true,
	    .service = "sshd" };

	return decide_check(a, &r, p, now, d);
}

static inline enum outcome
ticket_at(struct account *a, const char *text, int64_t now,
    struct decision *d)
{
	struct request r = typed(a, text, PASS_ENROLL);

	r.door = DOOR_PUBLIC;
	return decide_ticket(a, &r, &strict, now, d);
}

static inline void
expect_rows(const struct decision *d, enum effect_kind first)
{
	assert_int_equal(d->effect_count, 3);
	assert_int_equal(d->effects[0], first);
	assert_int_equal(d->effects[1], EFFECT_LIMITERS);
	assert_int_equal(d->effects[2], EFFECT_EVENT);
}

#endif
