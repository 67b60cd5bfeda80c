/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the SQLite driver share: a scene with a store, and raw
 * SQL beside the driver.
 */
#ifndef STEPUP_TESTS_STORE_LITE_H
#define STEPUP_TESTS_STORE_LITE_H

#include "tests/unit/store_sample.h"

#include "daemon/store_sqlite.h"

struct scene {
	char		 dir[256];
	char		 path[300];
	struct failure	 failure;
};

static const struct store_driver *const driver = &store_sqlite;

/* A store, closed. */
static inline int
scene_setup(void **state)
{
	struct store_options o = sample_options(STORE_ADMIN);
	struct sealed proof = sample_proof(SAMPLE_KEY);
	struct scene *sc = calloc(1, sizeof(*sc));

	assert_non_null(sc);
	sample_folder(sc->dir);
	snprintf(sc->path, sizeof(sc->path), "%s/store.db", sc->dir);
	if (driver->create(sc->path, &proof, &o, &sc->failure) != STORE_OK)
		fail_msg("%s: %s", sc->failure.path, sc->failure.reason);
	*state = sc;
	return 0;
}

static inline int
scene_teardown(void **state)
{
	struct scene *sc = *state;

	sample_clear(sc->dir);
	free(sc);
	return 0;
}

static inline enum store_code
scene_try(struct scene *sc, enum store_role role, struct store **s)
{
	struct store_options o = sample_options(role);

	memset(&sc->failure, 0, sizeof(sc->failure));
	return driver->open(sc->path, &o, s, &sc->failure);
}

static inline struct store *
scene_open(struct scene *sc, enum store_role role)
{
	struct store *s = NULL;

	if (scene_try(sc, role, &s) != STORE_OK)
		fail_msg("%s: %s", sc->failure.path, sc->failure.reason);
	return s;
}

/* Refused with this code, and a reason that names the path. */
static inline void
scene_refuses(struct scene *sc, enum store_code want)
{
	struct store *s = NULL;

	assert_int_equal(scene_try(sc, STORE_SERVING, &s), want);
	assert_null(s);
	assert_int_equal(strncmp(sc->failure.path, sc->path,
	    strlen(sc->path)), 0);
	assert_string_not_equal(sc->failure.reason, "");
}

/* Raw SQL on a connection of its own, without the driver's rules. */
static inline int
raw(const struct scene *sc, const char *sql)
{
	sqlite3 *db = NULL;
	int rc;

	assert_int_equal(sqlite3_open_v2(sc->path, &db,
	    SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	sqlite3_close(db);
	return rc;
}

/* The number a SELECT gives; on the handle of a store. */
static inline int64_t
ask(struct store *s, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(s->db, sql, -1, &st, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

/* Bytes of path + end; -1: there is no such file. */
static inline int64_t
scene_size(const struct scene *sc, const char *end)
{
	char name[400];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", sc->path, end);
	return lstat(name, &st) == 0 ? (int64_t)st.st_size : -1;
}

#endif
