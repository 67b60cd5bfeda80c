/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A restore whose n-th write, sync or truncation fails, or that is killed
 * there: the store is as before or as after, and the next restore works and
 * drops what was left.  Every one of them with FAULTS_EVERY set, else some.
 */
#include "tests/unit/store_lite.h"

#include <sys/wait.h>

#include <errno.h>

#include "daemon/limit.h"

#define NEW	70	/* two batches */
#define HERE	3
#define SOME	7	/* of so many, one */

static struct {
	bool		 armed, sticky, kill;
	unsigned	 calls, fail_at, failed;
	int		 code;
} faults;

struct shim_file {
	sqlite3_file	 base;
	sqlite3_file	*real;
};

static sqlite3_vfs *unix_vfs;
static struct account one, batch[LITE_STAGE_BATCH];

static int
fault(void)
{
	if (!faults.armed)
		return SQLITE_OK;
	faults.calls++;
	if (faults.calls != faults.fail_at && !(faults.sticky &&
	    faults.fail_at > 0 && faults.calls > faults.fail_at))
		return SQLITE_OK;
	if (faults.kill)
		_exit(9);
	faults.failed++;
	errno = ENOSPC;
	return faults.code;
}

#define REAL(f) (((struct shim_file *)(f))->real)
#define PASS(name, call) REAL(f)->pMethods->name call

static int
shim_close(sqlite3_file *f)
{
	return PASS(xClose, (REAL(f)));
}

static int
shim_read(sqlite3_file *f, void *buf, int n, sqlite3_int64 at)
{
	return PASS(xRead, (REAL(f), buf, n, at));
}

static int
shim_write(sqlite3_file *f, const void *buf, int n, sqlite3_int64 at)
{
	int rc = fault();

	return rc != SQLITE_OK ? rc : PASS(xWrite, (REAL(f), buf, n, at));
}

static int
shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc = fault();

	return rc != SQLITE_OK ? rc : PASS(xTruncate, (REAL(f), size));
}

static int
shim_sync(sqlite3_file *f, int flags)
{
	int rc = fault();

	return rc != SQLITE_OK ? rc : PASS(xSync, (REAL(f), flags));
}

static int
shim_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return PASS(xFileSize, (REAL(f), size));
}

static int
shim_lock(sqlite3_file *f, int level)
{
	return PASS(xLock, (REAL(f), level));
}

static int
shim_unlock(sqlite3_file *f, int level)
{
	return PASS(xUnlock, (REAL(f), level));
}

static int
shim_reserved(sqlite3_file *f, int *out)
{
	return PASS(xCheckReservedLock, (REAL(f), out));
}

static int
shim_control(sqlite3_file *f, int what, void *arg)
{
	return PASS(xFileControl, (REAL(f), what, arg));
}

static int
shim_sector(sqlite3_file *f)
{
	return PASS(xSectorSize, (REAL(f)));
}

static int
shim_kind(sqlite3_file *f)
{
	return PASS(xDeviceCharacteristics, (REAL(f)));
}

static int
shim_map(sqlite3_file *f, int page, int size, int extend,
    void volatile **out)
{
	return PASS(xShmMap, (REAL(f), page, size, extend, out));
}

static int
shim_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return PASS(xShmLock, (REAL(f), offset, n, flags));
}

static void
shim_barrier(sqlite3_file *f)
{
	PASS(xShmBarrier, (REAL(f)));
}

static int
shim_unmap(sqlite3_file *f, int drop)
{
	return PASS(xShmUnmap, (REAL(f), drop));
}

static const sqlite3_io_methods shim_methods = {
	.iVersion = 2,
	.xClose = shim_close, .xRead = shim_read, .xWrite = shim_write,
	.xTruncate = shim_truncate, .xSync = shim_sync,
	.xFileSize = shim_size, .xLock = shim_lock, .xUnlock = shim_unlock,
	.xCheckReservedLock = shim_reserved, .xFileControl = shim_control,
	.xSectorSize = shim_sector, .xDeviceCharacteristics = shim_kind,
	.xShmMap = shim_map, .xShmLock = shim_shm_lock,
	.xShmBarrier = shim_barrier, .xShmUnmap = shim_unmap,
};

static int
shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
    int *out)
{
	struct shim_file *s = (struct shim_file *)f;
	int rc;

	(void)vfs;
	s->base.pMethods = NULL;
	s->real = (sqlite3_file *)(s + 1);
	rc = unix_vfs->xOpen(unix_vfs, name, s->real, flags, out);
	if (s->real->pMethods != NULL)
		s->base.pMethods = &shim_methods;
	return rc;
}

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
	struct scene *sc = *state;
	unsigned n, before = 0, after = 0;
	int status = 9 << 8;
	pid_t child;

	for (n = 1; status == 9 << 8; n += stride) {
		refresh(sc);
		child = fork();
		if (child == 0) {
			memset(&faults, 0, sizeof(faults));
			faults.kill = true;
			faults.fail_at = n;
			faults.armed = true;
			_exit(restore(sc->path, "faults") ? 0 : 1);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		if (judge(sc))
			after++;
		else
			before++;
		if (n % SOME != 1 && status == 9 << 8)
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
	unsigned n, failures = 0;
	bool said;

	for (n = 1;; n += stride) {
		refresh(sc);
		memset(&faults, 0, sizeof(faults));
		faults.fail_at = n;
		faults.code = code;
		faults.sticky = sticky;
		faults.armed = true;
		said = restore(sc->path, "faults");
		faults.armed = false;
		if (faults.failed == 0)
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
	static sqlite3_vfs shim;

	stride = getenv("FAULTS_EVERY") != NULL ? 1 :
	    rounds("from one write to the next", SOME, 7 * SOME);
	alarm(stride == 1 ? 3600 : 900);
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	unix_vfs = sqlite3_vfs_find("unix");
	assert_non_null(unix_vfs);
	shim = *unix_vfs;
	shim.zName = "faults";
	shim.szOsFile = (int)sizeof(struct shim_file) + unix_vfs->szOsFile;
	shim.xOpen = shim_open;
	assert_int_equal(sqlite3_vfs_register(&shim, 0), SQLITE_OK);
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
