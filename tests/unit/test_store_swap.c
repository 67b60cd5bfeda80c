/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How staged accounts become current, at the SQLite driver: the swap, and
 * what is kept over it.
 */
#include "tests/unit/store_staged.h"

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
#define TEST(t) cmocka_unit_test_setup_teardown(t, scene_setup, scene_teardown)
	const struct CMUnitTest tests[] = {
		TEST(into_empty),
		TEST(steps_are_spent),
		TEST(occupied_is_refused),
		TEST(replace_keeps_what_denies),
		TEST(renamed_since),
		TEST(too_much_happened),
		TEST(passes_are_void),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
