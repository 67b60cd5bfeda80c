/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conformance suite: what every store driver does alike.  Nothing here
 * knows what a store is made of.
 */
#include "tests/unit/store_sample.h"

#include <sys/wait.h>

#include <errno.h>
#include <time.h>

static const struct store_driver *const drivers[] = { &store_sqlite };
static const struct store_driver *driver;

struct scene {
	char		 dir[256];
	char		 path[300];
	struct store	*store;
};

static struct store *
open_store(const struct scene *sc, enum store_role role)
{
	struct store_options o = sample_options(role);
	struct failure f = { .path = "" };
	struct store *s = NULL;

	if (driver->open(sc->path, &o, &s, &f) != STORE_OK)
		fail_msg("%s: %s", f.path, f.reason);
	return s;
}

static int
setup(void **state)
{
	struct store_options o = sample_options(STORE_ADMIN);
	struct scene *sc = calloc(1, sizeof(*sc));
	struct failure f = { .path = "" };

	assert_non_null(sc);
	sample_folder(sc->dir);
	snprintf(sc->path, sizeof(sc->path), "%s/store", sc->dir);
	if (driver->create(sc->path, SAMPLE_KEY, &o, &f) != STORE_OK)
		fail_msg("%s: %s", f.path, f.reason);
	sc->store = open_store(sc, STORE_ADMIN);
	*state = sc;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *sc = *state;

	if (sc->store != NULL)
		driver->close(sc->store);
	sample_clear(sc->dir);
	free(sc);
	return 0;
}

static void
begin(struct store *s, enum store_mode mode)
{
	struct failure f = { .path = "" };

	if (driver->begin(s, mode, &f) != STORE_OK)
		fail_msg("begin: %s: %s", f.path, f.reason);
}

static void
commit(struct store *s)
{
	struct failure f = { .path = "" };

	if (driver->commit(s, &f) != STORE_OK)
		fail_msg("commit: %s: %s", f.path, f.reason);
}

static void
expect(struct store *s, const struct account *want)
{
	struct account got;

	sample_load(driver, s, want->name, want->uid, &got);
	assert_int_equal(got.match, ACCOUNT_FOUND);
	assert_memory_equal(&got, want, sizeof(got));
}

static enum account_match
match(struct store *s, const char *name, uid_t uid)
{
	struct account a, empty;

	sample_load(driver, s, name, uid, &a);
	if (a.match != ACCOUNT_FOUND) {
		memset(&empty, 0, sizeof(empty));
		empty.match = a.match;
		snprintf(empty.name, sizeof(empty.name), "%s", name);
		empty.uid = uid;
		assert_memory_equal(&a, &empty, sizeof(a));
	}
	return a.match;
}

/* Codes of the driver become outcomes, none of them a success. */
static void
codes(void **state)
{
	(void)state;
	assert_int_equal(store_outcome(STORE_OK), OUT_DONE);
	assert_int_equal(store_outcome(STORE_BUSY), OUT_BUSY);
	assert_int_equal(store_outcome(STORE_ABSENT), OUT_STORE);
	assert_int_equal(store_outcome(STORE_BROKEN), OUT_STORE);
	assert_int_equal(store_outcome(STORE_REFUSED), OUT_STORE);
	assert_int_equal(store_outcome(STORE_MEMORY), OUT_MEMORY);
	assert_int_equal(store_outcome((enum store_code)99), OUT_STORE);
}

/* A birth happens once, and says for which key it was. */
static void
birth(void **state)
{
	struct store_options o = sample_options(STORE_ADMIN);
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	char key[KEY_ID_LENGTH + 1] = "x";

	assert_int_equal(driver->create(sc->path, "ffffffff", &o, &f),
	    STORE_BROKEN);
	assert_string_not_equal(f.reason, "");
	assert_int_equal(driver->birth_key(sc->path, &o, key, &f), STORE_OK);
	assert_string_equal(key, SAMPLE_KEY);
	assert_int_equal(match(sc->store, "alice", 1000), ACCOUNT_NONE);
}

static void
absent(void **state)
{
	struct store_options o = sample_options(STORE_ADMIN);
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	char path[400], key[KEY_ID_LENGTH + 1] = "x";
	struct store *s = (struct store *)sc;
	struct stat st;

	snprintf(path, sizeof(path), "%s/none", sc->dir);
	assert_int_equal(driver->open(path, &o, &s, &f), STORE_ABSENT);
	assert_null(s);
	assert_string_equal(f.path, path);
	assert_string_not_equal(f.reason, "");
	assert_int_equal(driver->birth_key(path, &o, key, &f), STORE_ABSENT);
	assert_string_equal(key, "");
	assert_int_equal(stat(path, &st), -1);
	snprintf(path, sizeof(path), "%s/no/folder", sc->dir);
	assert_int_equal(driver->open(path, &o, &s, &f), STORE_ABSENT);
	driver->close(NULL);
}

/* A key id that is none makes no store. */
static void
unborn(void **state)
{
	static const char *const bad[] = { "", "0123abc", "0123ABCD",
	    "0123abcde", "0123abc'" };
	struct store_options o = sample_options(STORE_ADMIN);
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct store *s = NULL;
	char path[400];
	size_t i;

	snprintf(path, sizeof(path), "%s/other", sc->dir);
	for (i = 0; i < COUNT(bad); i++) {
		assert_int_equal(driver->create(path, bad[i], &o, &f),
		    STORE_REFUSED);
		assert_int_equal(driver->open(path, &o, &s, &f), STORE_ABSENT);
	}
}

/* Larger than any time, step or count will ever be. */
#define HUGE_NUMBER	(INT64_C(1) << 53)

/* What was written comes back, every field, at every bound. */
static void
whole(void **state)
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
		expect(sc->store, &a);
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
	expect(sc->store, &a);
}

/* Names are bytes; name and uid belong together. */
static void
identity(void **state)
{
	static const char *const others[] = { "Alice", "alice ", "alic",
	    "alice\xcc\x81", "m\xc3\xbcller", "m\xc3\xb6ller", "%", "alic_" };
	struct scene *sc = *state;
	struct account a;
	size_t i;

	sample_account(&a, "alice", 1000, 1, 10);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	assert_int_equal(match(sc->store, "alice", 1000), ACCOUNT_FOUND);
	assert_int_equal(match(sc->store, "alice", 1001), ACCOUNT_CHANGED);
	assert_int_equal(match(sc->store, "alice", (uid_t)-1),
	    ACCOUNT_CHANGED);
	for (i = 0; i < COUNT(others); i++) {
		assert_int_equal(match(sc->store, others[i], 2000),
		    ACCOUNT_NONE);
		assert_int_equal(match(sc->store, others[i], 1000),
		    ACCOUNT_CHANGED);
	}
	sample_account(&a, "m\xc3\xbcller", 1001, 1, 10);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	assert_int_equal(match(sc->store, "m\xc3\xb6ller", 1002),
	    ACCOUNT_NONE);
	/* Each half of it is somebody. */
	assert_int_equal(match(sc->store, "alice", 1001), ACCOUNT_CHANGED);
}

/* Steps, codes and limiters are written as the account says. */
static void
answers(void **state)
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
	begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->apply(sc->store, &a, &d, &e, &f), STORE_OK);
	commit(sc->store);
	expect(sc->store, &a);
	expect(sc->store, &bystander);
	/* A step is never moved back. */
	a.credentials[1].last_step -= 3;
	sample_write(driver, sc->store, &a, EFFECT_CREDENTIALS);
	a.credentials[1].last_step += 3;
	expect(sc->store, &a);
}

/* What is not committed has not been. */
static void
undone(void **state)
{
	struct scene *sc = *state;
	struct account a;

	sample_account(&a, "alice", 1000, 1, 10);
	begin(sc->store, STORE_WRITE);
	assert_int_equal(sample_apply(driver, sc->store, &a, EFFECT_ENROLL),
	    STORE_OK);
	driver->rollback(sc->store);
	driver->rollback(sc->store);
	assert_int_equal(match(sc->store, "alice", 1000), ACCOUNT_NONE);
	begin(sc->store, STORE_WRITE);
	assert_int_equal(sample_apply(driver, sc->store, &a, EFFECT_ENROLL),
	    STORE_OK);
	driver->close(sc->store);
	sc->store = open_store(sc, STORE_ADMIN);
	assert_int_equal(match(sc->store, "alice", 1000), ACCOUNT_NONE);
}

/* Inside one transaction the second sees the first, unless undone. */
static void
round_of_two(void **state)
{
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct account a, b, got;

	sample_account(&a, "alice", 1000, 1, 10);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->mark(sc->store, &f), STORE_OK);
	a.credentials[0].last_step++;
	assert_int_equal(sample_apply(driver, sc->store, &a,
	    EFFECT_CREDENTIALS), STORE_OK);
	assert_int_equal(driver->keep(sc->store, &f), STORE_OK);
	assert_int_equal(driver->mark(sc->store, &f), STORE_OK);
	assert_int_equal(driver->load(sc->store, "alice", 1000, &got, &f),
	    STORE_OK);
	assert_memory_equal(&got, &a, sizeof(got));
	b = a;
	b.credentials[0].last_step += 100;
	assert_int_equal(sample_apply(driver, sc->store, &b,
	    EFFECT_CREDENTIALS), STORE_OK);
	driver->undo(sc->store);
	driver->undo(sc->store);
	commit(sc->store);
	expect(sc->store, &a);
}

/* One that is refused takes nobody with it. */
static void
refused_alone(void **state)
{
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct account a, thief, half;

	sample_account(&a, "alice", 1000, 1, 10);
	sample_account(&thief, "alice", 1001, 1, 10);
	sample_account(&half, "carol", 1002, 0, 10);
	begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->mark(sc->store, &f), STORE_OK);
	assert_int_equal(sample_apply(driver, sc->store, &a, EFFECT_ENROLL),
	    STORE_OK);
	assert_int_equal(driver->keep(sc->store, &f), STORE_OK);
	assert_int_equal(driver->mark(sc->store, &f), STORE_OK);
	assert_int_equal(sample_apply(driver, sc->store, &thief,
	    EFFECT_ENROLL), STORE_REFUSED);
	driver->undo(sc->store);
	assert_int_equal(driver->mark(sc->store, &f), STORE_OK);
	assert_int_equal(sample_apply(driver, sc->store, &half,
	    EFFECT_ENROLL), STORE_REFUSED);
	driver->undo(sc->store);
	commit(sc->store);
	expect(sc->store, &a);
	assert_int_equal(match(sc->store, "bob", 1001), ACCOUNT_NONE);
	assert_int_equal(match(sc->store, "carol", 1002), ACCOUNT_NONE);
}

/* Calls out of order are refused, and change nothing. */
static void
order(void **state)
{
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct limiter l = { 0 };
	struct account a, got;

	sample_account(&a, "alice", 1000, 1, 10);
	assert_int_equal(sample_apply(driver, sc->store, &a, EFFECT_ENROLL),
	    STORE_REFUSED);
	assert_int_equal(driver->load(sc->store, "alice", 1000, &got, &f),
	    STORE_REFUSED);
	assert_int_equal(driver->commit(sc->store, &f), STORE_REFUSED);
	assert_int_equal(driver->mark(sc->store, &f), STORE_REFUSED);
	assert_int_equal(driver->keep(sc->store, &f), STORE_REFUSED);
	driver->undo(sc->store);
	begin(sc->store, STORE_READ);
	assert_int_equal(driver->begin(sc->store, STORE_READ, &f),
	    STORE_REFUSED);
	assert_int_equal(sample_apply(driver, sc->store, &a, EFFECT_ENROLL),
	    STORE_REFUSED);
	assert_int_equal(driver->mark(sc->store, &f), STORE_REFUSED);
	assert_int_equal(driver->save_password(sc->store, 1000, &l, &f),
	    STORE_REFUSED);
	driver->rollback(sc->store);
	begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->keep(sc->store, &f), STORE_REFUSED);
	assert_int_equal(driver->mark(sc->store, &f), STORE_OK);
	assert_int_equal(driver->mark(sc->store, &f), STORE_REFUSED);
	driver->rollback(sc->store);
	assert_int_equal(match(sc->store, "alice", 1000), ACCOUNT_NONE);
}

/* What a caller must not ask for. */
static void
bad_accounts(void **state)
{
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	char name[ACCOUNT_NAME_MAX + 2];
	struct account bad[12], got;
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
	for (i = 0; i < COUNT(bad); i++) {
		begin(sc->store, STORE_WRITE);
		assert_int_equal(sample_apply(driver, sc->store, &bad[i],
		    EFFECT_ENROLL), STORE_REFUSED);
		driver->rollback(sc->store);
	}
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	begin(sc->store, STORE_READ);
	assert_int_equal(driver->load(sc->store, name, 1, &got, &f),
	    STORE_REFUSED);
	assert_int_equal(driver->load(sc->store, "", 1, &got, &f),
	    STORE_REFUSED);
	driver->rollback(sc->store);
	assert_int_equal(match(sc->store, "alice", 1000), ACCOUNT_NONE);
}

/* Answers of an account that is not there, or not so any more. */
static void
gone(void **state)
{
	static const enum effect_kind kinds[] = { EFFECT_CREDENTIALS,
	    EFFECT_CODES, EFFECT_LIMITERS, EFFECT_ADD, EFFECT_NEW_CODES };
	struct scene *sc = *state;
	struct account a, other;
	size_t i;

	sample_account(&a, "alice", 1000, 1, 10);
	for (i = 0; i < COUNT(kinds); i++) {
		begin(sc->store, STORE_WRITE);
		assert_int_equal(sample_apply(driver, sc->store, &a, kinds[i]),
		    STORE_REFUSED);
		driver->rollback(sc->store);
	}
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	sample_write(driver, sc->store, &a, EFFECT_REMOVE);
	for (i = 0; i < COUNT(kinds); i++) {
		begin(sc->store, STORE_WRITE);
		assert_int_equal(sample_apply(driver, sc->store, &a, kinds[i]),
		    kinds[i] == EFFECT_LIMITERS ? STORE_OK : STORE_REFUSED);
		driver->rollback(sc->store);
	}
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	other = a;
	other.recovery.salt[0] ^= 1;
	begin(sc->store, STORE_WRITE);
	assert_int_equal(sample_apply(driver, sc->store, &other,
	    EFFECT_CODES), STORE_REFUSED);
	driver->rollback(sc->store);
	expect(sc->store, &a);
}

/* A new phone: the old ones are void, the account is the same. */
static void
replaced(void **state)
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
	expect(sc->store, &a);
}

/* Adding up to the bound, new codes, everything away and again. */
static void
changes(void **state)
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
		expect(sc->store, &a);
	}
	/* A ninth, by a caller that has lost count. */
	sample_credential(&a.credentials[7], 30000);
	begin(sc->store, STORE_WRITE);
	assert_int_equal(sample_apply(driver, sc->store, &a, EFFECT_ADD),
	    STORE_REFUSED);
	driver->rollback(sc->store);
	sample_credential(&a.credentials[7], 20007);
	sample_codes(&a.recovery, 99, 20);
	sample_write(driver, sc->store, &a, EFFECT_NEW_CODES);
	expect(sc->store, &a);
	sample_write(driver, sc->store, &a, EFFECT_REMOVE);
	a.credential_count = 0;
	memset(a.credentials, 0, sizeof(a.credentials));
	memset(&a.recovery, 0, sizeof(a.recovery));
	expect(sc->store, &a);
	sample_write(driver, sc->store, &a, EFFECT_REMOVE);
	sample_credential(&a.credentials[0], 5);
	sample_codes(&a.recovery, 3, 10);
	a.credential_count = 1;
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	expect(sc->store, &a);
}

/* Nothing that a log could not print is an event. */
static void
bad_events(void **state)
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
	begin(sc->store, STORE_WRITE);
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

static void
passwords(void **state)
{
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct limiter l = { .consecutive = 3, .wait_start = SAMPLE_NOW };
	struct limiter got;
	int i;

	for (i = 0; i < 2; i++) {
		l.consecutive += i;
		begin(sc->store, STORE_WRITE);
		assert_int_equal(driver->save_password(sc->store, 0, &l, &f),
		    STORE_OK);
		commit(sc->store);
		begin(sc->store, STORE_READ);
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
	begin(sc->store, STORE_WRITE);
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

static void
listed(void **state)
{
	static const size_t stops[] = { 0, 1, 16, 17, 50 };
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct visit v;
	struct account a;
	char name[32];
	size_t i;

	begin(sc->store, STORE_WRITE);
	for (i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "%c%zu",
		    (int)('a' + (i * 7) % 26), i);
		sample_account(&a, name, (uid_t)(1000 + i), 1, 5);
		assert_int_equal(sample_apply(driver, sc->store, &a,
		    EFFECT_ENROLL), STORE_OK);
	}
	commit(sc->store);
	for (i = 0; i < COUNT(stops); i++) {
		v = (struct visit){ .stop = stops[i], .sorted = true,
		    .sound = true };
		assert_int_equal(driver->list(sc->store, visit, &v, &f),
		    STORE_OK);
		assert_int_equal(v.seen, stops[i] == 0 ? 50 : stops[i]);
		assert_true(v.sorted && v.sound);
	}
	begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->list(sc->store, visit, &v, &f),
	    STORE_REFUSED);
	driver->rollback(sc->store);
}

static void
ids(void **state)
{
	struct scene *sc = *state;
	int64_t id, last = 0;
	int i;

	for (i = 0; i < 1000; i++) {
		id = driver->new_id(sc->store);
		assert_true(id > 0 && id != last);
		last = id;
	}
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A second writer waits two seconds and gives up; readers never wait. */
static void
two_handles(void **state)
{
	struct scene *sc = *state;
	struct store *other = open_store(sc, STORE_SELF);
	struct failure f = { .path = "" };
	struct account a, got;
	int64_t before, took;

	sample_account(&a, "alice", 1000, 1, 10);
	begin(sc->store, STORE_WRITE);
	assert_int_equal(sample_apply(driver, sc->store, &a, EFFECT_ENROLL),
	    STORE_OK);
	before = now_ms();
	assert_int_equal(driver->begin(other, STORE_WRITE, &f), STORE_BUSY);
	took = now_ms() - before;
	assert_true(took >= 1900 && took < 4000);
	before = now_ms();
	begin(other, STORE_READ);
	assert_int_equal(driver->load(other, "alice", 1000, &got, &f),
	    STORE_OK);
	assert_int_equal(got.match, ACCOUNT_NONE);
	commit(sc->store);
	/* It still reads what it began with. */
	assert_int_equal(driver->load(other, "alice", 1000, &got, &f),
	    STORE_OK);
	assert_int_equal(got.match, ACCOUNT_NONE);
	driver->rollback(other);
	assert_true(now_ms() - before < 1000);
	expect(other, &a);
	driver->close(other);
	expect(sc->store, &a);
}

#define PROCESSES	4
#define ROUNDS		50

/* One process of the contest: adds one to a limiter, again and again. */
static int
contest(const struct scene *sc)
{
	struct failure f = { .path = "" };
	struct store *s = open_store(sc, STORE_SELF);
	struct account a;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (driver->begin(s, STORE_WRITE, &f) != STORE_OK ||
		    driver->load(s, "alice", 1000, &a, &f) != STORE_OK)
			return 1;
		a.limiters[LIMITER_TOTP_LOGIN].total++;
		if (sample_apply(driver, s, &a, EFFECT_LIMITERS) != STORE_OK ||
		    driver->commit(s, &f) != STORE_OK)
			return 1;
	}
	driver->close(s);
	return 0;
}

static void
processes(void **state)
{
	struct scene *sc = *state;
	pid_t children[PROCESSES];
	struct account a;
	int i, status;

	sample_account(&a, "alice", 1000, 1, 10);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	driver->close(sc->store);
	sc->store = NULL;
	for (i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			_exit(contest(sc));
	}
	for (i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(children[i], &status, 0),
		    children[i]);
		assert_int_equal(status, 0);
	}
	sc->store = open_store(sc, STORE_ADMIN);
	a.limiters[LIMITER_TOTP_LOGIN].total += PROCESSES * ROUNDS;
	expect(sc->store, &a);
}

/* A process killed in a transaction has changed nothing, blocks nobody. */
static void
killed(void **state)
{
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct account a;
	int ready[2], status;
	char byte = 0;
	pid_t child;

	sample_account(&a, "alice", 1000, 1, 10);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	driver->close(sc->store);
	sc->store = NULL;
	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct store *s = open_store(sc, STORE_SPAWNED);

		a.credentials[0].last_step += 50;
		if (driver->begin(s, STORE_WRITE, &f) != STORE_OK ||
		    sample_apply(driver, s, &a, EFFECT_CREDENTIALS) !=
		    STORE_OK || write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	close(ready[0]);
	close(ready[1]);
	sc->store = open_store(sc, STORE_ADMIN);
	expect(sc->store, &a);
	a.credentials[0].last_step++;
	sample_write(driver, sc->store, &a, EFFECT_CREDENTIALS);
	expect(sc->store, &a);
}

/* Every role opens, reads, writes, tends and closes. */
static void
roles(void **state)
{
	static const enum store_role all[] = { STORE_SERVING, STORE_SPAWNED,
	    STORE_ADMIN, STORE_SELF };
	struct scene *sc = *state;
	struct account a;
	struct store *s;
	size_t i, k;

	sample_account(&a, "alice", 1000, 1, 10);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	for (i = 0; i < COUNT(all); i++) {
		s = open_store(sc, all[i]);
		for (k = 0; k < 40; k++) {
			a.credentials[0].last_step++;
			sample_write(driver, s, &a, EFFECT_CREDENTIALS);
			driver->tend(s, k % 2 == 0);
		}
		begin(s, STORE_WRITE);
		driver->tend(s, true);	/* not now */
		commit(s);
		expect(s, &a);
		driver->close(s);
		expect(sc->store, &a);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes),
		cmocka_unit_test_setup_teardown(birth, setup, teardown),
		cmocka_unit_test_setup_teardown(absent, setup, teardown),
		cmocka_unit_test_setup_teardown(unborn, setup, teardown),
		cmocka_unit_test_setup_teardown(whole, setup, teardown),
		cmocka_unit_test_setup_teardown(identity, setup, teardown),
		cmocka_unit_test_setup_teardown(answers, setup, teardown),
		cmocka_unit_test_setup_teardown(undone, setup, teardown),
		cmocka_unit_test_setup_teardown(round_of_two, setup, teardown),
		cmocka_unit_test_setup_teardown(refused_alone, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(order, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_accounts, setup, teardown),
		cmocka_unit_test_setup_teardown(gone, setup, teardown),
		cmocka_unit_test_setup_teardown(replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(changes, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_events, setup, teardown),
		cmocka_unit_test_setup_teardown(passwords, setup, teardown),
		cmocka_unit_test_setup_teardown(listed, setup, teardown),
		cmocka_unit_test_setup_teardown(ids, setup, teardown),
		cmocka_unit_test_setup_teardown(two_handles, setup, teardown),
		cmocka_unit_test_setup_teardown(processes, setup, teardown),
		cmocka_unit_test_setup_teardown(killed, setup, teardown),
		cmocka_unit_test_setup_teardown(roles, setup, teardown),
	};
	int failed = 0;
	size_t i;

	for (i = 0; i < COUNT(drivers); i++) {
		driver = drivers[i];
		failed += cmocka_run_group_tests_name(driver->scheme, tests,
		    NULL, NULL);
	}
	return failed != 0;
}
