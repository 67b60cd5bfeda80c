/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lies at the store's path: only a store of ours, looked at before
 * and after, is opened; nothing is made, repaired or followed.
 */
#include "tests/unit/store_lite.h"

#include <fcntl.h>
#include <time.h>

static void
put(const struct scene *sc, const char *end, const void *data, size_t len)
{
	char name[400];
	int fd;

	snprintf(name, sizeof(name), "%s%s", sc->path, end);
	unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
}

/* Overwrites `len` bytes of the store at `offset`. */
static void
patch(const struct scene *sc, off_t offset, const void *data, size_t len)
{
	int fd = open(sc->path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, len, offset), (ssize_t)len);
	close(fd);
}

static void
newborn(void **state)
{
	struct scene *sc = *state;
	struct stat st;

	assert_int_equal(stat(sc->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(st.st_size >= LITE_RESERVE * LITE_PAGE);
	assert_true(st.st_blocks * 512 >= LITE_RESERVE * LITE_PAGE);
	assert_int_equal(scene_size(sc, "-wal"), -1);
	assert_int_equal(scene_size(sc, "-shm"), -1);
	assert_int_equal(scene_size(sc, "-journal"), -1);
}

/* Asking whose birth it was leaves a new store as it is, and one in use. */
static void
proof_at(void **state)
{
	struct store_options o = sample_options(STORE_ADMIN);
	struct scene *sc = *state;
	struct sealed key;
	int64_t size;

	assert_int_equal(driver->proof_at(sc->path, &o, &key, &sc->failure),
	    STORE_OK);
	assert_int_equal(scene_size(sc, "-wal"), -1);
	assert_int_equal(scene_size(sc, "-shm"), -1);
	driver->close(scene_open(sc, STORE_SERVING));
	size = scene_size(sc, "-wal");
	assert_int_equal(driver->proof_at(sc->path, &o, &key, &sc->failure),
	    STORE_OK);
	assert_int_equal(scene_size(sc, "-wal"), size);
	assert_true(scene_size(sc, "-shm") >= 0);
	assert_int_equal(raw(sc, "DELETE FROM store"), SQLITE_OK);
	assert_int_equal(driver->proof_at(sc->path, &o, &key, &sc->failure),
	    STORE_BROKEN);
	assert_int_equal(key.len, 0);
}

/* Every setting that the contract names is in force on a handle. */
static void
settings(void **state)
{
	static const struct { const char *sql; int64_t value; } rows[] = {
		{ "PRAGMA synchronous", 2 }, { "PRAGMA temp_store", 2 },
		{ "PRAGMA foreign_keys", 1 }, { "PRAGMA trusted_schema", 0 },
		{ "PRAGMA cell_size_check", 1 }, { "PRAGMA secure_delete", 2 },
		{ "PRAGMA application_id", LITE_APPLICATION },
		{ "PRAGMA user_version", LITE_VERSION },
		{ "PRAGMA page_size", LITE_PAGE },
		{ "PRAGMA journal_size_limit", -1 },
		{ "PRAGMA auto_vacuum", 0 },
		{ "SELECT journal_mode = 'wal' FROM pragma_journal_mode", 1 },
		{ "SELECT locking_mode = 'normal' FROM pragma_locking_mode",
		    1 },
	};
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_SPAWNED);
	int on = -1;
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		assert_int_equal(ask(s, rows[i].sql), rows[i].value);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, -1, &on);
	assert_int_equal(on, 1);
	on = -1;
	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	assert_int_equal(on, 1);
	driver->close(s);
}

static void
rubbish(void **state)
{
	struct scene *sc = *state;
	char garbage[8192];
	size_t i;

	for (i = 0; i < sizeof(garbage); i++)
		garbage[i] = (char)(i * 7 + i / 251);
	put(sc, "", "", 0);
	scene_refuses(sc, STORE_BROKEN);
	assert_int_equal(scene_size(sc, ""), 0);
	put(sc, "", "x", 1);
	scene_refuses(sc, STORE_BROKEN);
	put(sc, "", garbage, 100);
	scene_refuses(sc, STORE_BROKEN);
	put(sc, "", garbage, sizeof(garbage));
	scene_refuses(sc, STORE_BROKEN);
	assert_int_equal(scene_size(sc, ""), sizeof(garbage));
	put(sc, "", "SQLite format 3", 16);
	scene_refuses(sc, STORE_BROKEN);
	unlink(sc->path);
	scene_refuses(sc, STORE_ABSENT);
	assert_int_equal(scene_size(sc, ""), -1);
}

static void
foreign(void **state)
{
	struct scene *sc = *state;

	unlink(sc->path);
	put(sc, "", "", 0);
	assert_int_equal(raw(sc, "CREATE TABLE account (id)"), SQLITE_OK);
	scene_refuses(sc, STORE_BROKEN);
	assert_non_null(strstr(sc->failure.reason, "not a store"));
	/* Ours by name, but not in WAL mode; then without the tables. */
	assert_int_equal(raw(sc, "PRAGMA application_id = 1398035792; "
	    "PRAGMA user_version = 100"), SQLITE_OK);
	scene_refuses(sc, STORE_BROKEN);
	assert_non_null(strstr(sc->failure.reason, "WAL"));
}

static void
versions(void **state)
{
	static const struct { int version; bool fine; const char *says; }
	rows[] = {
		{ 0, false, "0.00" }, { 99, false, "0.99" },
		{ 100, true, "" }, { 101, true, "" }, { 199, true, "" },
		{ 200, false, "2.00" }, { 12345, false, "123.45" },
	};
	struct scene *sc = *state;
	struct account a;
	struct store *s;
	char sql[64];
	size_t i;

	sample_account(&a, "alice", 1000, 1, 10);
	for (i = 0; i < COUNT(rows); i++) {
		snprintf(sql, sizeof(sql), "PRAGMA user_version = %d",
		    rows[i].version);
		assert_int_equal(raw(sc, sql), SQLITE_OK);
		if (!rows[i].fine) {
			scene_refuses(sc, STORE_BROKEN);
			assert_non_null(strstr(sc->failure.reason,
			    rows[i].says));
			assert_non_null(strstr(sc->failure.reason, "1.00"));
			continue;
		}
		s = scene_open(sc, STORE_ADMIN);
		sample_write(driver, s, &a, EFFECT_ENROLL);
		assert_int_equal(ask(s, "PRAGMA user_version"),
		    rows[i].version);
		driver->close(s);
	}
}

/* The version is read in each transaction, not at the start alone. */
static void
upgraded_meanwhile(void **state)
{
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_SPAWNED);

	assert_int_equal(driver->begin(s, STORE_READ, &sc->failure), STORE_OK);
	driver->rollback(s);
	assert_int_equal(raw(sc, "PRAGMA user_version = 200"), SQLITE_OK);
	assert_int_equal(driver->begin(s, STORE_READ, &sc->failure),
	    STORE_BROKEN);
	assert_non_null(strstr(sc->failure.reason, "2.00"));
	assert_int_equal(driver->begin(s, STORE_WRITE, &sc->failure),
	    STORE_BROKEN);
	driver->close(s);
}

/* Links, FIFOs, folders, devices and wrong modes are refused at once. */
static void
places(void **state)
{
	struct scene *sc = *state;
	struct timespec before, after;
	char other[400];

	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(chmod(sc->path, 0644), 0);
	scene_refuses(sc, STORE_BROKEN);
	assert_int_equal(chmod(sc->path, 0620), 0);
	scene_refuses(sc, STORE_BROKEN);
	assert_int_equal(chmod(sc->path, 0600), 0);
	snprintf(other, sizeof(other), "%s/real", sc->dir);
	assert_int_equal(rename(sc->path, other), 0);
	assert_int_equal(symlink(other, sc->path), 0);
	scene_refuses(sc, STORE_BROKEN);
	unlink(sc->path);
	assert_int_equal(symlink("nowhere", sc->path), 0);
	scene_refuses(sc, STORE_BROKEN);
	unlink(sc->path);
	assert_int_equal(mkfifo(sc->path, 0600), 0);
	scene_refuses(sc, STORE_BROKEN);
	unlink(sc->path);
	assert_int_equal(mkdir(sc->path, 0700), 0);
	scene_refuses(sc, STORE_BROKEN);
	rmdir(sc->path);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 2);
}

static void
owner(void **state)
{
	struct store_options o = sample_options(STORE_SELF);
	struct scene *sc = *state;
	struct store *s = NULL;

	o.owner += 1;
	assert_int_equal(driver->open(sc->path, &o, &s, &sc->failure),
	    STORE_BROKEN);
	assert_null(s);
	assert_int_equal(chmod(sc->dir, 0770), 0);
	assert_int_equal(scene_try(sc, STORE_SERVING, &s), STORE_BROKEN);
	assert_null(s);
	assert_int_equal(chmod(sc->dir, 0700), 0);
}

/* The WAL and its index beside it are looked at, too. */
static void
beside(void **state)
{
	static const char *const ends[] = { "-wal", "-shm" };
	struct scene *sc = *state;
	char name[400], other[400];
	size_t i;

	snprintf(other, sizeof(other), "%s/other", sc->dir);
	for (i = 0; i < COUNT(ends); i++) {
		snprintf(name, sizeof(name), "%s%s", sc->path, ends[i]);
		assert_int_equal(symlink(other, name), 0);
		scene_refuses(sc, STORE_BROKEN);
		assert_string_equal(sc->failure.path, name);
		assert_int_equal(access(other, F_OK), -1);
		unlink(name);
		assert_int_equal(mkfifo(name, 0600), 0);
		scene_refuses(sc, STORE_BROKEN);
		unlink(name);
		put(sc, ends[i], "", 0);
		assert_int_equal(chmod(name, 0666), 0);
		scene_refuses(sc, STORE_BROKEN);
		unlink(name);
	}
	driver->close(scene_open(sc, STORE_SERVING));
}

/* Another file under our name: noticed before the next transaction. */
static void
replaced(void **state)
{
	struct store_options o = sample_options(STORE_ADMIN);
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_SERVING);
	struct sealed proof = sample_proof("ffffffff");
	char other[400], saved[400];
	struct account a;

	sample_account(&a, "alice", 1000, 1, 10);
	snprintf(other, sizeof(other), "%s/other", sc->dir);
	snprintf(saved, sizeof(saved), "%s/saved", sc->dir);
	assert_int_equal(driver->create(other, &proof, &o, &sc->failure),
	    STORE_OK);
	assert_int_equal(link(sc->path, saved), 0);
	assert_int_equal(rename(other, sc->path), 0);
	assert_int_equal(driver->begin(s, STORE_WRITE, &sc->failure),
	    STORE_BROKEN);
	assert_string_equal(sc->failure.path, sc->path);
	/* Not even when the old one is back. */
	assert_int_equal(rename(saved, sc->path), 0);
	assert_int_equal(driver->begin(s, STORE_READ, &sc->failure),
	    STORE_BROKEN);
	driver->close(s);
	s = scene_open(sc, STORE_SERVING);
	assert_int_equal(unlink(sc->path), 0);
	assert_int_equal(driver->begin(s, STORE_READ, &sc->failure),
	    STORE_BROKEN);
	driver->close(s);
}

/* A damaged page is found, and the handle is not used again. */
static void
damaged(void **state)
{
	struct scene *sc = *state;
	struct account a;
	char zeroes[LITE_PAGE] = { 0 };
	struct store *s = scene_open(sc, STORE_ADMIN);
	int64_t page;

	sample_account(&a, "alice", 1000, 1, 10);
	sample_write(driver, s, &a, EFFECT_ENROLL);
	page = ask(s, "SELECT rootpage FROM sqlite_master"
	    " WHERE name = 'credential'");
	driver->close(s);
	memset(zeroes, 0x55, sizeof(zeroes));
	patch(sc, (page - 1) * LITE_PAGE, zeroes, sizeof(zeroes));
	/* What the WAL still holds of it would hide the damage. */
	put(sc, "-wal", "", 0);
	s = scene_open(sc, STORE_ADMIN);
	assert_int_equal(driver->begin(s, STORE_READ, &sc->failure), STORE_OK);
	assert_int_equal(driver->load(s, "alice", 1000, &a, &sc->failure),
	    STORE_BROKEN);
	assert_int_equal(a.match, ACCOUNT_NONE);
	assert_string_equal(sc->failure.path, sc->path);
	driver->rollback(s);
	assert_int_equal(driver->begin(s, STORE_READ, &sc->failure),
	    STORE_BROKEN);
	driver->close(s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define SCENE(t) cmocka_unit_test_setup_teardown(t, scene_setup, scene_teardown)
		SCENE(newborn), SCENE(proof_at), SCENE(settings),
		SCENE(rubbish), SCENE(foreign), SCENE(versions),
		SCENE(upgraded_meanwhile), SCENE(places), SCENE(owner),
		SCENE(beside), SCENE(replaced), SCENE(damaged),
	};

	return cmocka_run_group_tests_name("store: files", tests, NULL, NULL);
}
