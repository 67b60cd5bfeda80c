/* SPDX-License-Identifier: BSD-2-Clause */
/* The conformance suite: changes of an account, each with its event. */
#include "tests/unit/store_suite.h"

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
