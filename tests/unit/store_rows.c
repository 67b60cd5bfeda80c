/* SPDX-License-Identifier: BSD-2-Clause */
/* The conformance suite: what is written, and what comes back. */
#include "tests/unit/store_suite.h"

/* What was written comes back, every field, at every bound. */
void
suite_whole(void **state)
{
	static const struct { uid_t uid; size_t credentials, codes; } rows[] = {
		{ 0, 1, 10 }, { 1, 1, 1 }, { 1000, 8, 20 },
		{ 4294967294u, 3, 19 },
	};
	struct scene *sc = *state;
	struct account a;
	char name[32];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		snprintf(name, sizeof(name), "person%zu", i);
		sample_account(&a, name, rows[i].uid, rows[i].credentials,
		    rows[i].codes);
		sample_write(driver, sc->store, &a, EFFECT_ENROLL);
		suite_expect(sc->store, &a);
	}
	sample_account(&a, "", 5, 2, 5);
	memset(a.name, 0xfe, ACCOUNT_NAME_MAX);
	memset(a.credentials[0].label, 'l', ACCOUNT_LABEL_MAX);
	a.credentials[0].label[ACCOUNT_LABEL_MAX] = '\0';
	a.credentials[1].label[0] = '\0';
	memset(a.credentials[1].label, 0, ACCOUNT_LABEL_MAX + 1);
	a.credentials[0].last_step = HUGE_NUMBER;
	a.credentials[0].sealed.len = SEAL_MAX;
	memset(a.credentials[0].sealed.data, 0, SEAL_MAX);
	a.recovery.codes[4].spent_at = HUGE_NUMBER;
	a.limiters[3].total = HUGE_NUMBER;
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	suite_expect(sc->store, &a);
}

/* Names are bytes; name and uid belong together. */
void
suite_identity(void **state)
{
	static const char *const others[] = { "Alice", "alice ", "alic",
	    "alice\xcc\x81", "m\xc3\xbcller", "m\xc3\xb6ller", "%", "alic_" };
	struct scene *sc = *state;
	struct account a;
	size_t i;

	sample_account(&a, "alice", 1000, 1, 10);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	assert_int_equal(suite_match(sc->store, "alice", 1000), ACCOUNT_FOUND);
	assert_int_equal(suite_match(sc->store, "alice", 1001),
	    ACCOUNT_CHANGED);
	assert_int_equal(suite_match(sc->store, "alice", (uid_t)-1),
	    ACCOUNT_CHANGED);
	for (i = 0; i < COUNT(others); i++) {
		assert_int_equal(suite_match(sc->store, others[i], 2000),
		    ACCOUNT_NONE);
		assert_int_equal(suite_match(sc->store, others[i], 1000),
		    ACCOUNT_CHANGED);
	}
	sample_account(&a, "m\xc3\xbcller", 1001, 1, 10);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	assert_int_equal(suite_match(sc->store, "m\xc3\xb6ller", 1002),
	    ACCOUNT_NONE);
	/* Each half of it is somebody. */
	assert_int_equal(suite_match(sc->store, "alice", 1001),
	    ACCOUNT_CHANGED);
}

/* Steps, codes and limiters are written as the account says. */
void
suite_answers(void **state)
{
	static const enum effect_kind kinds[] = { EFFECT_CREDENTIALS,
	    EFFECT_CODES, EFFECT_LIMITERS, EFFECT_EVENT };
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct store_event e = sample_event(DOOR_PUBLIC, OUT_OK_TOTP);
	struct decision d = sample_decision(OUT_OK_TOTP, 4, kinds);
	struct account a, bystander;

	sample_account(&bystander, "bob", 1001, 2, 10);
	sample_write(driver, sc->store, &bystander, EFFECT_ENROLL);
	sample_account(&a, "alice", 1000, 2, 10);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	a.credentials[1].last_step += 7;
	a.credentials[1].used_at = SAMPLE_NOW + 9;
	a.recovery.codes[0].spent_at = SAMPLE_NOW + 10;
	a.limiters[LIMITER_TOTP_PUBLIC].consecutive = 77;
	a.limiters[LIMITER_RECOVERY_PUBLIC].wait_length = 86400;
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->apply(sc->store, &a, &d, &e, &f), STORE_OK);
	suite_commit(sc->store);
	suite_expect(sc->store, &a);
	suite_expect(sc->store, &bystander);
	/* A step is never moved back. */
	a.credentials[1].last_step -= 3;
	sample_write(driver, sc->store, &a, EFFECT_CREDENTIALS);
	a.credentials[1].last_step += 3;
	suite_expect(sc->store, &a);
}

/* What a caller must not ask for. */
void
suite_bad_accounts(void **state)
{
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	char name[ACCOUNT_NAME_MAX + 2];
	struct account bad[14], got;
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		sample_account(&bad[i], "alice", 1000, 2, 10);
	bad[0].id = 0;
	bad[1].credential_count = 0;
	bad[2].credential_count = ACCOUNT_CREDENTIALS_MAX + 1;
	bad[3].recovery.count = 0;
	bad[4].recovery.count = ACCOUNT_CODES_MAX + 1;
	bad[5].recovery.created_at = 0;
	bad[6].name[0] = '\0';
	bad[7].uid = (uid_t)-1;
	bad[8].credentials[1].id = bad[8].credentials[0].id;
	bad[9].credentials[0].sealed.len = SEAL_TAG;
	bad[10].credentials[0].sealed.key_id[3] = 'X';
	bad[11].limiters[2].wait_length = -1;
	bad[12].limiters[3].wait_length = LIMIT_WAIT_MAX + 1;
	bad[13].recovery.codes[9].spent_at = -1;
	for (i = 0; i < COUNT(bad); i++) {
		suite_begin(sc->store, STORE_WRITE);
		assert_int_equal(sample_apply(driver, sc->store, &bad[i],
		    EFFECT_ENROLL), STORE_REFUSED);
		driver->rollback(sc->store);
	}
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	suite_begin(sc->store, STORE_READ);
	assert_int_equal(driver->load(sc->store, name, 1, &got, &f),
	    STORE_REFUSED);
	assert_int_equal(driver->load(sc->store, "", 1, &got, &f),
	    STORE_REFUSED);
	driver->rollback(sc->store);
	assert_int_equal(suite_match(sc->store, "alice", 1000), ACCOUNT_NONE);
}

/* Answers of an account that is not there, or not so any more. */
void
suite_gone(void **state)
{
	static const enum effect_kind kinds[] = { EFFECT_CREDENTIALS,
	    EFFECT_CODES, EFFECT_LIMITERS, EFFECT_ADD, EFFECT_NEW_CODES,
	    EFFECT_REMOVE_ONE };
	struct scene *sc = *state;
	struct account a, other;
	size_t i;

	sample_account(&a, "alice", 1000, 1, 10);
	for (i = 0; i < COUNT(kinds); i++) {
		suite_begin(sc->store, STORE_WRITE);
		assert_int_equal(sample_apply(driver, sc->store, &a, kinds[i]),
		    STORE_REFUSED);
		driver->rollback(sc->store);
	}
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	sample_write(driver, sc->store, &a, EFFECT_REMOVE);
	for (i = 0; i < COUNT(kinds); i++) {
		suite_begin(sc->store, STORE_WRITE);
		assert_int_equal(sample_apply(driver, sc->store, &a, kinds[i]),
		    kinds[i] == EFFECT_LIMITERS ? STORE_OK : STORE_REFUSED);
		driver->rollback(sc->store);
	}
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	other = a;
	other.recovery.salt[0] ^= 1;
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(sample_apply(driver, sc->store, &other,
	    EFFECT_CODES), STORE_REFUSED);
	driver->rollback(sc->store);
	suite_expect(sc->store, &a);
}

/* A new phone: the old ones are void, the account is the same. */
void
suite_replaced(void **state)
{
	struct scene *sc = *state;
	struct account a;

	sample_account(&a, "alice", 1000, 8, 20);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	a.enrolled_at += 1000;
	a.credential_count = 1;
	memset(&a.credentials[1], 0, 7 * sizeof(a.credentials[0]));
	sample_credential(&a.credentials[0], 4711);
	a.credentials[0].last_step = 5;
	sample_codes(&a.recovery, 9, 5);
	memset(a.limiters, 0, sizeof(a.limiters));
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	suite_expect(sc->store, &a);
}

void
suite_passwords(void **state)
{
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct limiter l = { .consecutive = 3, .wait_start = SAMPLE_NOW };
	struct limiter got;
	int i;

	for (i = 0; i < 2; i++) {
		l.consecutive += i;
		suite_begin(sc->store, STORE_WRITE);
		assert_int_equal(driver->save_password(sc->store, 0, &l, &f),
		    STORE_OK);
		suite_commit(sc->store);
		suite_begin(sc->store, STORE_READ);
		assert_int_equal(driver->load_password(sc->store, 0, &got,
		    &f), STORE_OK);
		assert_memory_equal(&got, &l, sizeof(l));
		assert_int_equal(driver->load_password(sc->store, 1, &got,
		    &f), STORE_OK);
		assert_int_equal(got.consecutive, 0);
		assert_int_equal(got.wait_start, 0);
		driver->rollback(sc->store);
	}
	l.consecutive = -1;
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->save_password(sc->store, 0, &l, &f),
	    STORE_REFUSED);
	driver->rollback(sc->store);
}
