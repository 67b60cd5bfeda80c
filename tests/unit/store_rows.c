/* SPDX-License-Identifier: BSD-2-Clause */
/* The conformance suite: what is written, and what comes back. */
#include "tests/unit/store_suite.h"

/* Larger than any time, step or count will ever be. */
#define HUGE_NUMBER	(INT64_C(1) << 53)

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

/* Adding up to the bound, new codes, everything away and again. */
void
suite_changes(void **state)
{
	struct scene *sc = *state;
	struct account a;
	size_t i;

	sample_account(&a, "alice", 1000, 1, 10);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	for (i = 1; i < ACCOUNT_CREDENTIALS_MAX; i++) {
		sample_credential(&a.credentials[i], (unsigned)(20000 + i));
		a.credential_count++;
		sample_write(driver, sc->store, &a, EFFECT_ADD);
		suite_expect(sc->store, &a);
	}
	/* A ninth, by a caller that has lost count. */
	sample_credential(&a.credentials[7], 30000);
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(sample_apply(driver, sc->store, &a, EFFECT_ADD),
	    STORE_REFUSED);
	driver->rollback(sc->store);
	sample_credential(&a.credentials[7], 20007);
	sample_codes(&a.recovery, 99, 20);
	sample_write(driver, sc->store, &a, EFFECT_NEW_CODES);
	suite_expect(sc->store, &a);
	sample_write(driver, sc->store, &a, EFFECT_REMOVE);
	a.credential_count = 0;
	memset(a.credentials, 0, sizeof(a.credentials));
	memset(&a.recovery, 0, sizeof(a.recovery));
	suite_expect(sc->store, &a);
	sample_write(driver, sc->store, &a, EFFECT_REMOVE);
	sample_credential(&a.credentials[0], 5);
	sample_codes(&a.recovery, 3, 10);
	a.credential_count = 1;
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	suite_expect(sc->store, &a);
}

/* Takes credential i out of a. */
static void
take_out(struct account *a, size_t i)
{
	memmove(&a->credentials[i], &a->credentials[i + 1],
	    (ACCOUNT_CREDENTIALS_MAX - i - 1) * sizeof(a->credentials[0]));
	memset(&a->credentials[ACCOUNT_CREDENTIALS_MAX - 1], 0,
	    sizeof(a->credentials[0]));
	a->credential_count--;
}

/* One goes: the first, the last, one between; the others are as before. */
void
suite_removed_one(void **state)
{
	static const size_t which[] = { 0, 6, 3, 0, 0, 1, 0 };
	struct scene *sc = *state;
	struct account a, other;
	size_t i;

	sample_account(&other, "bob", 1001, 3, 10);
	sample_write(driver, sc->store, &other, EFFECT_ENROLL);
	sample_account(&a, "alice", 1000, 8, 20);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	for (i = 0; i < COUNT(which); i++) {
		take_out(&a, which[i]);
		sample_write(driver, sc->store, &a, EFFECT_REMOVE_ONE);
		suite_expect(sc->store, &a);
	}
	suite_expect(sc->store, &other);
	assert_int_equal(a.credential_count, 1);
	/* What is left works on, and makes room. */
	a.credentials[0].last_step += 2;
	a.recovery.codes[0].spent_at = SAMPLE_NOW + 1;
	sample_write(driver, sc->store, &a, EFFECT_CREDENTIALS);
	sample_write(driver, sc->store, &a, EFFECT_CODES);
	sample_credential(&a.credentials[1], 40000);
	a.credential_count = 2;
	sample_write(driver, sc->store, &a, EFFECT_ADD);
	suite_expect(sc->store, &a);
}

/* Nobody loses two at once, none, or the last one, this way. */
void
suite_removed_wrong(void **state)
{
	struct scene *sc = *state;
	struct account a, bad;
	size_t gone;

	sample_account(&a, "alice", 1000, 3, 10);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	for (gone = 0; gone <= 3; gone++) {
		bad = a;
		bad.credential_count -= gone;
		suite_begin(sc->store, STORE_WRITE);
		assert_int_equal(sample_apply(driver, sc->store, &bad,
		    EFFECT_REMOVE_ONE), gone == 1 ? STORE_OK : STORE_REFUSED);
		driver->rollback(sc->store);
		suite_expect(sc->store, &a);
	}
}

/* A lock is kept, lifted, and needs no factor; enrolling leaves it. */
void
suite_locked(void **state)
{
	struct scene *sc = *state;
	struct account a, stranger;

	sample_account(&a, "alice", 1000, 2, 10);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	a.locked = true;
	memset(a.lock_reason, 'r', ACCOUNT_REASON_MAX);
	sample_write(driver, sc->store, &a, EFFECT_LOCK);
	suite_expect(sc->store, &a);
	a.enrolled_at++;
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	suite_expect(sc->store, &a);
	a.locked = false;
	memset(a.lock_reason, 0, sizeof(a.lock_reason));
	memset(a.limiters, 0, sizeof(a.limiters));
	sample_write(driver, sc->store, &a, EFFECT_LOCK);
	suite_expect(sc->store, &a);

	sample_account(&stranger, "bob", 1001, 0, 0);
	stranger.enrolled_at = 0;
	stranger.locked = true;
	strcpy(stranger.lock_reason, "left the company");
	sample_write(driver, sc->store, &stranger, EFFECT_LOCK);
	suite_expect(sc->store, &stranger);
	suite_expect(sc->store, &a);
	/* The uid of one under the name of the other. */
	stranger.uid = 1000;
	stranger.id++;
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(sample_apply(driver, sc->store, &stranger,
	    EFFECT_LOCK), STORE_REFUSED);
	driver->rollback(sc->store);
}

struct passes {
	size_t	seen, stop;
	struct store_pass pass[80];
};

static bool
visit_pass(const struct store_pass *p, void *arg)
{
	struct passes *all = arg;

	assert_true(all->seen < COUNT(all->pass));
	all->pass[all->seen++] = *p;
	return all->seen != all->stop;
}

/* One of a kind; marks with every answer; gone with an enrollment. */
static void
passes_of_one(struct scene *sc)
{
	struct account a, other;

	sample_account(&a, "alice", 1000, 0, 0);
	a.enrolled_at = 0;
	sample_pass(&a.passes[PASS_LOGIN], 1);
	sample_write(driver, sc->store, &a, EFFECT_PASS);
	suite_expect(sc->store, &a);
	sample_pass(&a.passes[PASS_ENROLL], 6);
	memset(a.passes[PASS_LOGIN].service, 's', PASS_SERVICE_MAX);
	memset(a.passes[PASS_LOGIN].note, 'n', ACCOUNT_REASON_MAX);
	a.passes[PASS_LOGIN].by = (uid_t)-2;
	a.passes[PASS_LOGIN].by_known = true;
	a.passes[PASS_LOGIN].expires_at = a.passes[PASS_LOGIN].created_at +
	    PASS_TTL_MAX;
	sample_write(driver, sc->store, &a, EFFECT_PASS);
	suite_expect(sc->store, &a);
	a.passes[PASS_LOGIN].used_at = HUGE_NUMBER;
	a.passes[PASS_LOGIN].seen_at = HUGE_NUMBER + 1;
	sample_write(driver, sc->store, &a, EFFECT_CODES);
	a.passes[PASS_ENROLL].seen_at = 5;
	sample_write(driver, sc->store, &a, EFFECT_TICKET);
	suite_expect(sc->store, &a);
	/* Not the pass that was loaded. */
	other = a;
	other.passes[PASS_LOGIN].salt[0] ^= 1;
	other.passes[PASS_ENROLL].salt[0] ^= 1;
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(sample_apply(driver, sc->store, &other,
	    EFFECT_CODES), STORE_REFUSED);
	assert_int_equal(sample_apply(driver, sc->store, &other,
	    EFFECT_TICKET), STORE_REFUSED);
	driver->rollback(sc->store);
	memset(&a.passes[PASS_LOGIN], 0, sizeof(a.passes[PASS_LOGIN]));
	sample_write(driver, sc->store, &a, EFFECT_REVOKE);
	suite_expect(sc->store, &a);
	sample_credential(&a.credentials[0], 3);
	a.credential_count = 1;
	sample_codes(&a.recovery, 3, 10);
	memset(a.passes, 0, sizeof(a.passes));
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	suite_expect(sc->store, &a);
}

static void
passes_refused(struct scene *sc)
{
	struct account bad[8];
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		sample_account(&bad[i], "mallory", 1666, 0, 0);
		sample_pass(&bad[i].passes[PASS_LOGIN], 2);
	}
	bad[0].passes[0].expires_at = bad[0].passes[0].created_at;
	bad[1].passes[0].expires_at += PASS_TTL_MAX;
	bad[2].passes[0].note[0] = '\0';
	bad[3].passes[0].used_at = -1;
	bad[4].passes[0].seen_at = -1;
	bad[5].passes[0].created_at = -1;
	bad[6].passes[0].service[0] = '\n';
	bad[7].passes[0].rounds = 0;
	for (i = 0; i < COUNT(bad); i++) {
		suite_begin(sc->store, STORE_WRITE);
		assert_int_equal(sample_apply(driver, sc->store, &bad[i],
		    EFFECT_PASS), STORE_REFUSED);
		driver->rollback(sc->store);
	}
	assert_int_equal(suite_match(sc->store, "mallory", 1666),
	    ACCOUNT_NONE);
}

void
suite_passes(void **state)
{
	static struct passes all;
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct account a;
	char name[32];
	size_t i;

	passes_of_one(sc);
	passes_refused(sc);
	for (i = 0; i < 35; i++) {
		snprintf(name, sizeof(name), "p%zu", i);
		sample_account(&a, name, (uid_t)(2000 + i), 0, 0);
		sample_pass(&a.passes[PASS_LOGIN], (unsigned)(2 * i));
		sample_pass(&a.passes[PASS_ENROLL], (unsigned)(2 * i + 1));
		sample_write(driver, sc->store, &a, EFFECT_PASS);
	}
	memset(&all, 0, sizeof(all));
	assert_int_equal(driver->passes(sc->store, visit_pass, &all, &f),
	    STORE_OK);
	assert_int_equal(all.seen, 70);
	for (i = 0; i < 70; i++) {
		assert_int_equal(all.pass[i].uid, 2000 + i / 2);
		assert_int_equal(all.pass[i].which, i % 2);
		sample_pass(&a.passes[0], (unsigned)i);
		assert_memory_equal(&all.pass[i].pass, &a.passes[0],
		    sizeof(a.passes[0]));
	}
	all = (struct passes){ .stop = 33 };
	assert_int_equal(driver->passes(sc->store, visit_pass, &all, &f),
	    STORE_OK);
	assert_int_equal(all.seen, 33);
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->passes(sc->store, visit_pass, &all, &f),
	    STORE_REFUSED);
	driver->rollback(sc->store);
}

/* Why and by whom: any bytes, within bounds. */
void
suite_notes(void **state)
{
	static const enum effect_kind kind = EFFECT_EVENT;
	struct decision d = sample_decision(OUT_DONE, 1, &kind);
	struct store_event e = sample_event(DOOR_ADMIN, OUT_DONE);
	char longest[ACCOUNT_REASON_MAX + 2];
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct account a;

	memset(longest, 'n', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	sample_account(&a, "alice", 1000, 1, 10);
	suite_begin(sc->store, STORE_WRITE);
	e.by_known = true;
	e.by = (uid_t)-2;
	e.note = "m\xc3\xbc" "de, left";
	assert_int_equal(driver->apply(sc->store, &a, &d, &e, &f), STORE_OK);
	e.note = longest + 1;
	assert_int_equal(driver->apply(sc->store, &a, &d, &e, &f), STORE_OK);
	e.note = longest;
	assert_int_equal(driver->apply(sc->store, &a, &d, &e, &f),
	    STORE_REFUSED);
	driver->rollback(sc->store);
}

/* Nothing that a log could not print is an event. */
void
suite_bad_events(void **state)
{
	static const char *const bad[] = { "a b", "tab\t", "\xc3\xbc", "nl\n",
	    "\x7f", "bell\a" };
	static const enum effect_kind kind = EFFECT_EVENT;
	struct decision d = sample_decision(OUT_BAD_CODE, 1, &kind);
	struct store_event e = sample_event(DOOR_LOGIN, OUT_BAD_CODE);
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	char longest[257], fine[95];
	struct account a;
	size_t i;

	memset(longest, 'r', 256);
	longest[256] = '\0';
	sample_account(&a, "alice", 1000, 1, 10);
	for (i = 0; i < 94; i++)
		fine[i] = (char)(0x21 + i);
	fine[94] = '\0';
	suite_begin(sc->store, STORE_WRITE);
	e.tty = fine;
	e.service = "";
	assert_int_equal(driver->apply(sc->store, &a, &d, &e, &f), STORE_OK);
	e.rhost = longest + 1;
	assert_int_equal(driver->apply(sc->store, &a, &d, &e, &f), STORE_OK);
	e.rhost = longest;
	assert_int_equal(driver->apply(sc->store, &a, &d, &e, &f),
	    STORE_REFUSED);
	for (i = 0; i < COUNT(bad); i++) {
		e.rhost = bad[i];
		assert_int_equal(driver->apply(sc->store, &a, &d, &e, &f),
		    STORE_REFUSED);
	}
	driver->rollback(sc->store);
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

struct visit {
	char	last[ACCOUNT_NAME_MAX + 1];
	size_t	seen, stop;
	bool	sorted, sound;
};

static bool
visit(const struct account *a, void *arg)
{
	struct visit *v = arg;
	struct account want;

	sample_account(&want, a->name, a->uid, 1, 5);
	v->sorted = v->sorted && strcmp(v->last, a->name) < 0;
	v->sound = v->sound && memcmp(a, &want, sizeof(want)) == 0;
	memcpy(v->last, a->name, sizeof(v->last));
	return ++v->seen != v->stop;
}

void
suite_listed(void **state)
{
	static const size_t stops[] = { 0, 1, 16, 17, 50 };
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct visit v;
	struct account a;
	char name[32];
	size_t i;

	suite_begin(sc->store, STORE_WRITE);
	for (i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "%c%zu",
		    (int)('a' + (i * 7) % 26), i);
		sample_account(&a, name, (uid_t)(1000 + i), 1, 5);
		assert_int_equal(sample_apply(driver, sc->store, &a,
		    EFFECT_ENROLL), STORE_OK);
	}
	suite_commit(sc->store);
	for (i = 0; i < COUNT(stops); i++) {
		v = (struct visit){ .stop = stops[i], .sorted = true,
		    .sound = true };
		assert_int_equal(driver->list(sc->store, visit, &v, &f),
		    STORE_OK);
		assert_int_equal(v.seen, stops[i] == 0 ? 50 : stops[i]);
		assert_true(v.sorted && v.sound);
	}
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->list(sc->store, visit, &v, &f),
	    STORE_REFUSED);
	driver->rollback(sc->store);
}

static bool
visit_line(const struct store_line *l, void *arg)
{
	struct visit *v = arg;
	struct account want;
	int64_t used = 0;
	size_t i;

	sample_account(&want, l->name, l->uid, 2, 5);
	for (i = 0; i < 2; i++)
		if (want.credentials[i].used_at > used)
			used = want.credentials[i].used_at;
	for (i = 0; i < 5; i++)
		if (want.recovery.codes[i].spent_at > used)
			used = want.recovery.codes[i].spent_at;
	v->sorted = v->sorted && strcmp(v->last, l->name) < 0;
	v->sound = v->sound && l->credential_count == 2 &&
	    l->codes_all == 5 && !l->locked && l->used_at == used &&
	    l->codes_left == account_codes_left(&want) &&
	    l->enrolled_at == want.enrolled_at && l->secret_least >= 20 &&
	    memcmp(l->limiters, want.limiters, sizeof(want.limiters)) == 0;
	memcpy(v->last, l->name, sizeof(v->last));
	return ++v->seen != v->stop;
}

static bool
visit_one(const struct store_line *l, void *arg)
{
	*(struct store_line *)arg = *l;
	return true;
}

/* In short, and the same as whole; also who has no factor. */
void
suite_lines(void **state)
{
	static const size_t stops[] = { 0, 1, 256, 257, 600 };
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct store_line one;
	struct visit v;
	struct account a;
	char name[32];
	size_t i;

	memset(&one, 0xff, sizeof(one));
	sample_account(&a, "zoe", 9, 0, 0);
	a.locked = true;
	a.enrolled_at = 0;
	sample_write(driver, sc->store, &a, EFFECT_LOCK);
	sample_pass(&a.passes[PASS_LOGIN], 1);
	sample_pass(&a.passes[PASS_ENROLL], 2);
	a.passes[PASS_ENROLL].used_at = 1;
	sample_write(driver, sc->store, &a, EFFECT_PASS);
	assert_int_equal(driver->lines(sc->store, visit_one, &one, &f),
	    STORE_OK);
	assert_string_equal(one.name, "zoe");
	assert_true(one.locked && one.uid == 9 && one.credential_count == 0);
	assert_true(one.codes_all == 0 && one.codes_left == 0 &&
	    one.used_at == 0 && one.secret_least == 0);
	assert_int_equal(one.pass_until[PASS_LOGIN], SAMPLE_NOW + 3600);
	assert_int_equal(one.pass_until[PASS_ENROLL], 0);
	/* The shortest of all secrets; nobody else's. */
	sample_account(&a, "zoe", 9, 3, 5);
	a.credentials[1].sealed.len = SEAL_TAG + 10;
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	assert_int_equal(driver->lines(sc->store, visit_one, &one, &f),
	    STORE_OK);
	assert_int_equal(one.secret_least, 10);
	assert_int_equal(one.credential_count, 3);

	suite_begin(sc->store, STORE_WRITE);
	for (i = 0; i < 599; i++) {
		snprintf(name, sizeof(name), "%c%zu",
		    (int)('a' + (i * 7) % 25), i);
		sample_account(&a, name, (uid_t)(1000 + i), 2, 5);
		assert_int_equal(sample_apply(driver, sc->store, &a,
		    EFFECT_ENROLL), STORE_OK);
	}
	suite_commit(sc->store);
	for (i = 0; i < COUNT(stops); i++) {
		v = (struct visit){ .stop = stops[i] == 0 ? 599 : stops[i],
		    .sorted = true, .sound = true };
		assert_int_equal(driver->lines(sc->store, visit_line, &v, &f),
		    STORE_OK);
		assert_int_equal(v.seen, stops[i] == 0 ? 599 : stops[i]);
		assert_true(v.sorted && (v.sound || stops[i] == 600));
	}
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->lines(sc->store, visit_line, &v, &f),
	    STORE_REFUSED);
	driver->rollback(sc->store);
}

/* Events come back as they were written, a ring at a time, from there on. */
void
suite_records(void **state)
{
	static const enum effect_kind kind = EFFECT_EVENT;
	static struct store_record got[STORE_RECORDS];
	struct store_event e = sample_event(DOOR_LOGIN, OUT_BAD_CODE);
	struct decision d = sample_decision(OUT_BAD_CODE, 1, &kind);
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct account a, nobody;
	size_t i, n = 99;

	assert_int_equal(driver->records(sc->store, RING_LOGIN, 0, got, &n,
	    &f), STORE_OK);
	assert_int_equal(n, 0);
	sample_account(&a, "alice", 1000, 1, 10);
	memset(&nobody, 0, sizeof(nobody));
	nobody.uid = (uid_t)-1;
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	suite_begin(sc->store, STORE_WRITE);
	for (i = 0; i < 70; i++)
		assert_int_equal(driver->apply(sc->store, &a, &d, &e, &f),
		    STORE_OK);
	assert_int_equal(driver->apply(sc->store, &nobody, &d, &e, &f),
	    STORE_OK);
	e = sample_event(DOOR_PUBLIC, OUT_OK_TOTP);
	assert_int_equal(driver->apply(sc->store, &a, &d, &e, &f), STORE_OK);
	e = sample_event(DOOR_ADMIN, OUT_DONE);
	e.service = e.rhost = e.tty = NULL;
	e.by_known = true;
	e.by = 1001;
	e.note = "left the company";
	assert_int_equal(driver->apply(sc->store, &a, &d, &e, &f), STORE_OK);
	suite_commit(sc->store);

	assert_int_equal(driver->records(sc->store, RING_LOGIN, 0, got, &n,
	    &f), STORE_OK);
	assert_int_equal(n, STORE_RECORDS);
	assert_int_equal(got[0].change, 1);
	assert_int_equal(got[1].change, 0);
	assert_string_equal(got[1].name, "alice");
	assert_int_equal(got[1].uid, 1000);
	assert_int_equal(got[1].outcome, OUT_BAD_CODE);
	assert_int_equal(got[1].at, SAMPLE_NOW);
	assert_string_equal(got[1].service, "sshd");
	assert_string_equal(got[1].rhost, "203.0.113.7");
	assert_string_equal(got[1].tty, "ssh");
	assert_false(got[1].by_known);
	assert_string_equal(got[1].note, "");
	for (i = 1; i < n; i++)
		assert_true(got[i].id > got[i - 1].id);
	assert_int_equal(driver->records(sc->store, RING_LOGIN,
	    got[n - 1].id, got, &n, &f), STORE_OK);
	assert_int_equal(n, 1 + 70 + 2 - STORE_RECORDS);
	assert_false(got[n - 2].uid_known);
	assert_string_equal(got[n - 2].name, "");
	assert_true(got[n - 1].by_known && got[n - 1].by == 1001);
	assert_string_equal(got[n - 1].note, "left the company");
	assert_int_equal(driver->records(sc->store, RING_PUBLIC, 0, got, &n,
	    &f), STORE_OK);
	assert_int_equal(n, 1);
	assert_int_equal(got[0].ring, RING_PUBLIC);
	assert_int_equal(got[0].outcome, OUT_OK_TOTP);
	suite_begin(sc->store, STORE_READ);
	assert_int_equal(driver->records(sc->store, RING_PUBLIC, 0, got, &n,
	    &f), STORE_REFUSED);
	driver->rollback(sc->store);
}
