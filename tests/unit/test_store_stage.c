/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a backup reads and where a restore writes, at the SQLite driver: all
 * accounts as of one moment, and rows beside those that are current.
 */
#include "tests/unit/store_staged.h"

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

/* --- Staging ---------------------------------------------------------- */

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

int
main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, scene_setup, scene_teardown)
	const struct CMUnitTest tests[] = {
		TEST(snapshot),
		TEST(two_of_a_kind),
		TEST(leftovers),
		TEST(room_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
