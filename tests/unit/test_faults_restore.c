/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A restore whose n-th write, sync or truncation fails, or that is killed
 * there: the store is as before or as after, and the next restore works and
 * drops what was left.  Every one of them with FAULTS_EVERY set, else some.
 */
#include "tests/unit/store_lite.h"

#include <sys/wait.h>

#include "daemon/limit.h"
#include "tests/unit/fault_vfs.h"

#define NEW	70	/* two batches */
#define HERE	3
#define SOME	7	/* of so many, one */

static struct account one, batch[LITE_STAGE_BATCH];

/* --- One restore ------------------------------------------------------ */

static void
stricter(struct account *coming, const struct account *here)
{
	coming->limiters[0] = limit_stricter(coming->limiters[0],
	    here->limiters[0]);
}

static enum store_code
stage_all(struct store *s, struct failure *f)
{
	enum store_code code = driver->stage_begin(s, f);
	size_t i, n = 0;
	char name[32];

	for (i = 0; i < NEW && code == STORE_OK; i++) {
		snprintf(name, sizeof(name), "new%zu", i);
		sample_account(&batch[n++], name, (uid_t)(5000 + i), 1, 10);
		if (n == LITE_STAGE_BATCH || i + 1 == NEW) {
			code = driver->stage(s, batch, n, f);
			n = 0;
		}
	}
	return code;
}

static enum store_code
swap(struct store *s, struct failure *f)
{
	const struct store_swap how = { .replace = true, .window = 1,
	    .merge = stricter };
	struct store_event e = { .at = SAMPLE_NOW, .door = DOOR_ADMIN,
	    .outcome = OUT_DONE };
	enum store_code code;
	bool occupied;
	uint64_t lost;

	code = driver->begin(s, STORE_WRITE, f);
	if (code != STORE_OK)
		return code;
	code = driver->stage_swap(s, &how, &e, &occupied, &lost, f);
	if (code == STORE_OK)
		return driver->commit(s, f);
	driver->rollback(s);
	return code;
}

/* Whether it said that the new ones are current. */
static bool
restore(const char *path, const char *vfs)
{
	struct store_options o = sample_options(STORE_ADMIN);
	struct failure f = { .path = "" };
	struct store *s = NULL;
	enum store_code code;
	bool done;

	o.vfs = vfs;
	if (driver->open(path, &o, &s, &f) != STORE_OK)
		return false;
	code = stage_all(s, &f);
	if (code == STORE_OK)
		code = driver->stage_carry(s, stricter, &f);
	if (code == STORE_OK)
		code = swap(s, &f);
	done = code == STORE_OK;
	(void)driver->stage_end(s, &f);
	driver->tend(s, false);
	driver->close(s);
	return done;
}

/* --- What is there afterwards ----------------------------------------- */

static struct store *
look(const struct scene *sc)
{
	struct store_options o = sample_options(STORE_SELF);
	struct failure f = { .path = "" };
	struct store *s = NULL;

	o.vfs = "unix";
	if (driver->open(sc->path, &o, &s, &f) != STORE_OK)
		fail_msg("%s: %s", f.path, f.reason);
	return s;
}

/* As before: false; as after: true; nothing else. */
static bool
judge(const struct scene *sc)
{
	struct store *s = look(sc);
	char name[32];
	bool after;
	size_t i;

	sample_load(driver, s, "new0", 5000, &one);
	after = one.match == ACCOUNT_FOUND;
	for (i = 0; i < NEW; i++) {
		snprintf(name, sizeof(name), "new%zu", i);
		sample_load(driver, s, name, (uid_t)(5000 + i), &one);
		assert_int_equal(one.match == ACCOUNT_FOUND, after);
		assert_int_equal(one.credential_count, after ? 1 : 0);
	}
	for (i = 0; i < HERE; i++) {
		snprintf(name, sizeof(name), "here%zu", i);
		sample_load(driver, s, name, (uid_t)(10 + i), &one);
		assert_int_equal(one.match, ACCOUNT_FOUND);
		assert_int_equal(one.credential_count, after ? 0 : 2);
		assert_int_equal(one.limiters[0].total, 10);
	}
	driver->close(s);
	return after;
}

static void
sound(const struct scene *sc)
{
	struct store *s = look(sc);
	sqlite3_stmt *st = NULL;

	assert_int_equal(ask(s, "SELECT count(*) FROM sqlite_master WHERE"
	    " name LIKE 'stage%' OR name LIKE 'gone%'"), 0);
	assert_int_equal(sqlite3_prepare_v2(s->db, "PRAGMA integrity_check",
	    -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(st, 0), "ok");
	sqlite3_finalize(st);
	driver->close(s);
}

/* --- Every write ------------------------------------------------------ */

/* A store with three people, anew. */
static void
refresh(struct scene *sc)
{
	struct store_options o = sample_options(STORE_ADMIN);
	static const char *const ends[] = { "", "-wal", "-shm" };
	struct sealed proof = sample_proof(SAMPLE_KEY);
	struct failure f = { .path = "" };
	struct store *s;
	char name[400];
	size_t i;

	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", sc->path, ends[i]);
		unlink(name);
	}
	o.vfs = "unix";
	assert_int_equal(driver->create(sc->path, &proof, &o, &f), STORE_OK);
	assert_int_equal(driver->open(sc->path, &o, &s, &f), STORE_OK);
	for (i = 0; i < HERE; i++) {
		snprintf(name, sizeof(name), "here%zu", i);
		sample_account(&one, name, (uid_t)(10 + i), 2, 10);
		sample_write(driver, s, &one, EFFECT_ENROLL);
	}
	driver->close(s);
}

static unsigned stride;

/* What `some` of them give, of as many as are tried. */
static unsigned
share(unsigned some)
{
	return some * SOME / stride;
}

static void
killed(void **state)
{
	const struct fault_how how = { .writes = true, .kill = true };
	struct scene *sc = *state;
	unsigned n, before = 0, after = 0;
	int status = FAULT_KILLED << 8;
	pid_t child;

	for (n = 1; status == FAULT_KILLED << 8; n += stride) {
		refresh(sc);
		child = fork();
		if (child == 0) {
			fault_vfs_arm(n, &how);
			_exit(restore(sc->path, FAULT_VFS) ? 0 : 1);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		if (judge(sc))
			after++;
		else
			before++;
		if (n % SOME != 1 && status == FAULT_KILLED << 8)
			continue;
		assert_true(restore(sc->path, "unix"));
		assert_true(judge(sc));
		sound(sc);
	}
	assert_int_equal(status, 0);
	assert_true(before > share(10) && after > share(3));
	print_message("killed: %u as before, %u as after\n", before, after);
}

static void
every_fault(struct scene *sc, int code, bool sticky)
{
	const struct fault_how how = { .writes = true, .sticky = sticky,
	    .code = code };
	unsigned n, failures = 0;
	bool said;

	for (n = 1;; n += stride) {
		refresh(sc);
		fault_vfs_arm(n, &how);
		said = restore(sc->path, FAULT_VFS);
		if (fault_vfs_disarm() == 0)
			break;
		failures += !said;
		/* What was said to be current is. */
		assert_true(judge(sc) || !said);
		if (n % SOME != 1)
			continue;
		assert_true(restore(sc->path, "unix"));
		assert_true(judge(sc));
		sound(sc);
	}
	assert_true(said && failures > share(5));
	sound(sc);
}

static void
failing(void **state)
{
	every_fault(*state, SQLITE_IOERR_WRITE, false);
	every_fault(*state, SQLITE_FULL, true);
}

static int
setup(void **state)
{
	stride = getenv("FAULTS_EVERY") != NULL ? 1 :
	    rounds("from one write to the next", SOME, 7 * SOME);
	alarm(stride == 1 ? 3600 : 900);
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	fault_vfs_register(false);
	return scene_setup(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(killed, setup,
		    scene_teardown),
		cmocka_unit_test_setup_teardown(failing, setup,
		    scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
