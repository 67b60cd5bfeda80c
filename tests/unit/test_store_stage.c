/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Backup and restore at the SQLite driver: a snapshot, rows beside those
 * that are current, the swap, and what is kept over it.
 */
#include "tests/unit/store_lite.h"

#include "daemon/limit.h"

static struct account one;

static void
stricter(struct account *coming, const struct account *here)
{
	size_t i;

	coming->locked = coming->locked || here->locked;
	coming->enrolled_at = here->enrolled_at > coming->enrolled_at ?
	    here->enrolled_at : coming->enrolled_at;
	for (i = 0; i < LIMITERS; i++)
		coming->limiters[i] = limit_stricter(coming->limiters[i],
		    here->limiters[i]);
}

static void
enroll(struct store *s, const char *name, uid_t uid)
{
	sample_account(&one, name, uid, 1 + uid % 3, 10);
	sample_write(driver, s, &one, EFFECT_ENROLL);
}

static enum store_code
swap_at(struct store *s, bool replace, int64_t now, bool *occupied,
    uint64_t *lost)
{
	const struct store_swap swap = { .replace = replace, .window = 1,
	    .merge = stricter };
	struct store_event e = { .at = now, .door = DOOR_ADMIN,
	    .outcome = OUT_DONE, .by_known = true, .by = 1000 };
	struct failure f = { .path = "" };
	enum store_code code;

	assert_int_equal(driver->begin(s, STORE_WRITE, &f), STORE_OK);
	code = driver->stage_swap(s, &swap, &e, occupied, lost, &f);
	if (code != STORE_OK || *occupied)
		driver->rollback(s);
	else
		code = driver->commit(s, &f);
	if (code != STORE_OK)
		print_message("swap: %s\n", f.reason);
	return code;
}

/* n accounts, "newN" with uid 5000 + N, ids their own. */
static void
stage_new(struct store *s, size_t n)
{
	static struct account batch[LITE_STAGE_BATCH];
	struct failure f = { .path = "" };
	char name[32];
	size_t i, have = 0;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "new%zu", i);
		sample_account(&batch[have++], name, (uid_t)(5000 + i), 1, 10);
		if (have < LITE_STAGE_BATCH && i + 1 < n)
			continue;
		if (driver->stage(s, batch, have, &f) != STORE_OK)
			fail_msg("stage: %s", f.reason);
		have = 0;
	}
}

static void
restore(struct store *s, size_t n, bool replace, int64_t now, uint64_t *lost)
{
	struct failure f = { .path = "" };
	bool occupied;

	assert_int_equal(driver->stage_begin(s, &f), STORE_OK);
	stage_new(s, n);
	if (driver->stage_carry(s, stricter, &f) != STORE_OK)
		fail_msg("carry: %s", f.reason);
	assert_int_equal(swap_at(s, replace, now, &occupied, lost), STORE_OK);
	assert_false(occupied);
	if (driver->stage_end(s, &f) != STORE_OK)
		fail_msg("end: %s", f.reason);
}

static void
sound(struct store *s)
{
	sqlite3_stmt *st = NULL;

	assert_int_equal(ask(s, "SELECT count(*) FROM sqlite_master WHERE"
	    " name LIKE 'stage%' OR name LIKE 'gone%'"), 0);
	assert_int_equal(sqlite3_prepare_v2(s->db, "PRAGMA integrity_check",
	    -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(st, 0), "ok");
	sqlite3_finalize(st);
	assert_int_equal(sqlite3_prepare_v2(s->db,
	    "PRAGMA foreign_key_check", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_DONE);
	sqlite3_finalize(st);
}

/* --- Snapshot --------------------------------------------------------- */

struct seen {
	struct store	*other;
	size_t		 count;
	int64_t		 last;
	size_t		 stop;
};

static bool
see(const struct account *a, void *arg)
{
	struct seen *seen = arg;

	assert_true(a->id > seen->last);
	assert_int_equal(a->match, ACCOUNT_FOUND);
	assert_int_equal(a->credential_count, 1 + a->uid % 3);
	seen->last = a->id;
	/* Somebody enrolls meanwhile: that is another moment. */
	if (seen->other != NULL && seen->count == 3)
		enroll(seen->other, "late", 900);
	return ++seen->count != seen->stop;
}

static void
snapshot(void **state)
{
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_ADMIN);
	struct store *other = scene_open(sc, STORE_SELF);
	struct seen seen = { .other = other };
	struct failure f = { .path = "" };
	char name[32];
	unsigned i;

	assert_int_equal(driver->snapshot(s, see, &seen, &f), STORE_OK);
	assert_int_equal(seen.count, 0);
	for (i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "u%u", i * 7 % 50);
		enroll(s, name, 100 + i * 7 % 50);
	}
	assert_int_equal(driver->snapshot(s, see, &seen, &f), STORE_OK);
	assert_int_equal(seen.count, 50);
	seen = (struct seen){ .stop = 20 };
	assert_int_equal(driver->snapshot(s, see, &seen, &f), STORE_OK);
	assert_int_equal(seen.count, 20);
	seen = (struct seen){ .stop = 0 };
	assert_int_equal(driver->snapshot(s, see, &seen, &f), STORE_OK);
	assert_int_equal(seen.count, 51);
	driver->close(other);
	driver->close(s);
}

/* --- Restore ---------------------------------------------------------- */

static void
into_empty(void **state)
{
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_ADMIN);
	struct store *login = scene_open(sc, STORE_SERVING);
	struct account want;
	uint64_t lost;

	sample_load(driver, login, "new1", 5001, &one);
	assert_int_equal(one.match, ACCOUNT_NONE);
	restore(s, 300, false, 1000, &lost);
	assert_int_equal(lost, 0);
	sound(s);
	/* Whoever has it open sees the new ones, all of each. */
	sample_account(&want, "new1", 5001, 1, 10);
	sample_load(driver, login, "new1", 5001, &one);
	assert_int_equal(one.match, ACCOUNT_FOUND);
	assert_int_equal(one.id, want.id);
	assert_memory_equal(one.limiters, want.limiters,
	    sizeof(want.limiters));
	assert_memory_equal(&one.recovery, &want.recovery,
	    sizeof(want.recovery));
	assert_memory_equal(&one.credentials[0].sealed,
	    &want.credentials[0].sealed, sizeof(struct sealed));
	assert_int_equal(ask(s, "SELECT count(*) FROM account"), 300);
	assert_int_equal(ask(s, "SELECT count(*) FROM event"
	    " WHERE change = 11 AND account = 0 AND actor = 1000"), 1);
	/* And writes to them. */
	sample_account(&want, "new1", 5001, 1, 10);
	sample_write(driver, login, &want, EFFECT_LIMITERS);
	driver->close(login);
	driver->close(s);
}

/* Steps up to the moment's and the window are spent, of every period. */
static void
steps_are_spent(void **state)
{
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_ADMIN);
	const int64_t now = INT64_C(60000000) * 120;
	uint64_t lost;
	size_t i;
	char name[32];

	restore(s, 20, false, now, &lost);
	for (i = 0; i < 20; i++) {
		struct credential *c = &one.credentials[0];

		snprintf(name, sizeof(name), "new%zu", i);
		sample_load(driver, s, name, (uid_t)(5000 + i), &one);
		assert_true(c->last_step >= now / c->period + 1);
		if (c->period < 100)
			assert_int_equal(c->last_step, now / c->period + 1);
	}
	/* Who enrolls afterwards logs in at once. */
	sample_account(&one, "later", 6000, 1, 10);
	one.credentials[0].created_at = now + 1;
	sample_write(driver, s, &one, EFFECT_ENROLL);
	sample_load(driver, s, "later", 6000, &one);
	assert_int_equal(one.credentials[0].last_step, 60000000 + 96000);
	sample_load(driver, s, "new19", 5019, &one);
	/* A later step stays later. */
	one.credentials[0].last_step += 5;
	sample_write(driver, s, &one, EFFECT_CREDENTIALS);
	i = (size_t)one.credentials[0].last_step;
	sample_load(driver, s, one.name, one.uid, &one);
	assert_int_equal(one.credentials[0].last_step, i);
	driver->close(s);
}

static void
occupied_is_refused(void **state)
{
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_ADMIN);
	struct failure f = { .path = "" };
	bool occupied = false;
	uint64_t lost;

	enroll(s, "alice", 10);
	assert_int_equal(driver->stage_begin(s, &f), STORE_OK);
	stage_new(s, 3);
	assert_int_equal(driver->stage_carry(s, stricter, &f), STORE_OK);
	assert_int_equal(swap_at(s, false, 1000, &occupied, &lost),
	    STORE_OK);
	assert_true(occupied);
	assert_int_equal(driver->stage_end(s, &f), STORE_OK);
	sound(s);
	sample_load(driver, s, "alice", 10, &one);
	assert_int_equal(one.credential_count, 2);
	assert_int_equal(ask(s, "SELECT count(*) FROM account"), 1);
	driver->close(s);
}

/* Counts, locks and "once had a factor" of who is here are kept. */
static void
replace_keeps_what_denies(void **state)
{
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_ADMIN);
	struct failure f = { .path = "" };
	bool occupied;
	uint64_t lost;

	enroll(s, "alice", 10);			/* not in the backup */
	sample_account(&one, "new1", 77, 1, 10);	/* another uid */
	one.limiters[0].consecutive = 40;
	one.limiters[0].wait_start = SAMPLE_NOW + 100;
	one.limiters[0].wait_length = 3600;
	one.locked = true;
	sample_write(driver, s, &one, EFFECT_ENROLL);
	sample_write(driver, s, &one, EFFECT_LOCK);
	sample_account(&one, "thief", 5002, 1, 10);	/* new2's uid */
	one.id = 9000;
	sample_write(driver, s, &one, EFFECT_ENROLL);

	assert_int_equal(driver->stage_begin(s, &f), STORE_OK);
	stage_new(s, 3);
	assert_int_equal(driver->stage_carry(s, stricter, &f), STORE_OK);
	/* Charged, and locked, after everybody was carried over. */
	sample_account(&one, "alice", 10, 2, 10);
	one.limiters[2].total = 99;
	sample_write(driver, s, &one, EFFECT_LIMITERS);
	sample_apply(driver, s, &one, EFFECT_EVENT);
	assert_int_equal(driver->begin(s, STORE_WRITE, &f), STORE_OK);
	assert_int_equal(sample_apply(driver, s, &one, EFFECT_EVENT),
	    STORE_OK);
	assert_int_equal(driver->commit(s, &f), STORE_OK);
	enroll(s, "bob", 20);

	assert_int_equal(swap_at(s, true, 1000, &occupied, &lost), STORE_OK);
	assert_int_equal(lost, 3);	/* alice, thief, bob */
	assert_int_equal(driver->stage_end(s, &f), STORE_OK);
	sound(s);
	sample_load(driver, s, "alice", 10, &one);
	assert_int_equal(one.match, ACCOUNT_FOUND);
	assert_int_equal(one.credential_count, 0);
	assert_int_equal(one.enrolled_at, SAMPLE_NOW);
	assert_int_equal(one.limiters[2].total, 99);
	sample_load(driver, s, "bob", 20, &one);
	assert_int_equal(one.match, ACCOUNT_FOUND);
	assert_int_equal(one.credential_count, 0);
	sample_load(driver, s, "new1", 5001, &one);
	assert_int_equal(one.match, ACCOUNT_FOUND);
	assert_true(one.locked);
	assert_int_equal(one.limiters[0].consecutive, 40);
	assert_int_equal(one.limiters[0].wait_length, 3600);
	assert_int_equal(one.limiters[1].consecutive, 1);
	assert_int_equal(one.credential_count, 1);
	sample_load(driver, s, "thief", 5002, &one);
	assert_int_equal(one.match, ACCOUNT_CHANGED);
	driver->close(s);
}

/* The backup has somebody's older name: what denies them comes along. */
static void
renamed_since(void **state)
{
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_ADMIN);
	struct failure f = { .path = "" };
	bool occupied;
	uint64_t lost;

	sample_account(&one, "robert", 5001, 1, 10);	/* who was new1 */
	one.limiters[1].consecutive = 9;
	one.locked = true;
	sample_write(driver, s, &one, EFFECT_ENROLL);
	sample_write(driver, s, &one, EFFECT_LOCK);
	/* And somebody else has the name now. */
	sample_account(&one, "new1", 700, 1, 10);
	one.limiters[0].consecutive = 30;
	sample_write(driver, s, &one, EFFECT_ENROLL);

	assert_int_equal(driver->stage_begin(s, &f), STORE_OK);
	stage_new(s, 3);
	assert_int_equal(driver->stage_carry(s, stricter, &f), STORE_OK);
	assert_int_equal(swap_at(s, true, 1000, &occupied, &lost), STORE_OK);
	assert_int_equal(driver->stage_end(s, &f), STORE_OK);
	sound(s);
	sample_load(driver, s, "new1", 5001, &one);
	assert_int_equal(one.match, ACCOUNT_FOUND);
	assert_int_equal(one.credential_count, 1);
	assert_true(one.locked);
	assert_int_equal(one.limiters[1].consecutive, 9);
	assert_int_equal(one.limiters[0].consecutive, 30);
	driver->close(s);
}

/* More events than the ring keeps: everybody is carried over again. */
static void
too_much_happened(void **state)
{
	struct store_options o = sample_options(STORE_ADMIN);
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct store *s;
	bool occupied;
	uint64_t lost;
	int i;

	o.audit_events = 5;
	assert_int_equal(driver->open(sc->path, &o, &s, &f), STORE_OK);
	enroll(s, "alice", 10);
	assert_int_equal(driver->stage_begin(s, &f), STORE_OK);
	stage_new(s, 3);
	assert_int_equal(driver->stage_carry(s, stricter, &f), STORE_OK);
	for (i = 0; i < 20; i++)
		enroll(s, "alice", 10);
	assert_int_equal(swap_at(s, true, 1000, &occupied, &lost),
	    STORE_BUSY);
	sample_load(driver, s, "alice", 10, &one);
	assert_int_equal(one.credential_count, 2);
	assert_int_equal(driver->stage_carry(s, stricter, &f), STORE_OK);
	assert_int_equal(swap_at(s, true, 1000, &occupied, &lost), STORE_OK);
	assert_int_equal(lost, 1);
	assert_int_equal(driver->stage_end(s, &f), STORE_OK);
	sound(s);
	driver->close(s);
}

static void
two_of_a_kind(void **state)
{
	static struct account batch[2];
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_ADMIN);
	struct failure f = { .path = "" };
	int i;

	for (i = 0; i < 5; i++) {
		assert_int_equal(driver->stage_begin(s, &f), STORE_OK);
		sample_account(&batch[0], "a", 1, 1, 10);
		sample_account(&batch[1], "b", 2, 1, 10);
		if (i == 0)
			strcpy(batch[1].name, "a");
		else if (i == 1)
			batch[1].uid = 1;
		else if (i == 2)
			batch[1].id = batch[0].id;
		else if (i == 3)
			batch[1].credentials[0].id = batch[0].credentials[0].id;
		else
			batch[1].recovery.count = 0;
		assert_int_equal(driver->stage(s, batch, 2, &f),
		    STORE_REFUSED);
		assert_string_not_equal(f.reason, "");
		assert_int_equal(ask(s, "SELECT count(*) FROM stage_account"),
		    0);
	}
	assert_int_equal(driver->stage_end(s, &f), STORE_OK);
	sound(s);
	driver->close(s);
}

/* A restore was killed: while it staged, and before it dropped the old. */
static void
leftovers(void **state)
{
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_ADMIN);
	struct failure f = { .path = "" };
	bool occupied;
	uint64_t lost;

	enroll(s, "alice", 10);
	assert_int_equal(driver->stage_begin(s, &f), STORE_OK);
	stage_new(s, 200);
	driver->close(s);
	s = scene_open(sc, STORE_SERVING);
	sample_load(driver, s, "alice", 10, &one);
	assert_int_equal(one.credential_count, 2);
	driver->close(s);
	s = scene_open(sc, STORE_ADMIN);
	assert_int_equal(driver->stage_begin(s, &f), STORE_OK);
	stage_new(s, 200);
	assert_int_equal(driver->stage_carry(s, stricter, &f), STORE_OK);
	assert_int_equal(swap_at(s, true, 1000, &occupied, &lost), STORE_OK);
	driver->close(s);
	s = scene_open(sc, STORE_ADMIN);
	restore(s, 3, true, 1000, &lost);
	assert_int_equal(lost, 197);
	sound(s);
	assert_int_equal(ask(s, "SELECT count(*) FROM account"), 201);
	assert_int_equal(ask(s, "SELECT count(*) FROM recovery"), 3);
	driver->close(s);
}

/* After many of them there is still room for a full disk's day. */
static void
room_stays(void **state)
{
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_ADMIN);
	uint64_t lost;

	restore(s, 4000, false, 1000, &lost);
	assert_true(ask(s, "PRAGMA freelist_count") >= LITE_RESERVE_LOW);
	driver->tend(s, false);
	driver->close(s);
	assert_true(scene_size(sc, "-wal") <= (int64_t)LITE_WAL_HEADER +
	    2 * (int64_t)LITE_WAL_FRAMES * LITE_FRAME);
}

/* What root gave before is in no copy; what comes after is as ever. */
static void
passes_are_void(void **state)
{
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_ADMIN);
	uint64_t lost;
	int round;

	enroll(s, "new1", 5001);
	sample_pass(&one.passes[PASS_LOGIN], 1);
	sample_write(driver, s, &one, EFFECT_PASS);
	for (round = 0; round < 2; round++) {
		assert_int_equal(ask(s, "SELECT count(*) FROM pass"), 1);
		restore(s, 3, true, 1000, &lost);
		sound(s);
		assert_int_equal(ask(s, "SELECT count(*) FROM pass"), 0);
		sample_load(driver, s, "new1", 5001, &one);
		assert_int_equal(one.passes[PASS_LOGIN].created_at, 0);
		sample_pass(&one.passes[PASS_LOGIN], 2);
		sample_write(driver, s, &one, EFFECT_PASS);
	}
	driver->close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(snapshot, scene_setup,
		    scene_teardown),
		cmocka_unit_test_setup_teardown(into_empty, scene_setup,
		    scene_teardown),
		cmocka_unit_test_setup_teardown(steps_are_spent, scene_setup,
		    scene_teardown),
		cmocka_unit_test_setup_teardown(occupied_is_refused,
		    scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(replace_keeps_what_denies,
		    scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(renamed_since, scene_setup,
		    scene_teardown),
		cmocka_unit_test_setup_teardown(too_much_happened,
		    scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(two_of_a_kind, scene_setup,
		    scene_teardown),
		cmocka_unit_test_setup_teardown(leftovers, scene_setup,
		    scene_teardown),
		cmocka_unit_test_setup_teardown(passes_are_void, scene_setup,
		    scene_teardown),
		cmocka_unit_test_setup_teardown(room_stays, scene_setup,
		    scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
