/* SPDX-License-Identifier: BSD-2-Clause */
/* A restore at the SQLite driver, for its tests: staged, carried, swapped. */
#ifndef STEPUP_TESTS_STORE_STAGED_H
#define STEPUP_TESTS_STORE_STAGED_H

#include "tests/unit/store_lite.h"

#include "daemon/limit.h"

static struct account one;

static inline void
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

static inline void
enroll(struct store *s, const char *name, uid_t uid)
{
	sample_account(&one, name, uid, 1 + uid % 3, 10);
	sample_write(driver, s, &one, EFFECT_ENROLL);
}

static inline enum store_code
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
static inline void
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

static inline void
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

static inline void
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

#endif
