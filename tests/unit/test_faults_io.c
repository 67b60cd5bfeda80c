/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Logins while the store's n-th read, write, sync, lock, mapping ... fails,
 * once or from then on: a SQLite VFS between the driver and the disk, made
 * the default one.  Everything above it is what ships.
 */
#include "tests/unit/fault_site.h"

#include <errno.h>

/* Calls so far, the one that fails, whether all after it do. */
static struct {
	bool		 armed, on, sticky;
	unsigned	 calls, fail_at, failed;
	int		 code;		/* 0: what fits the call */
} faults;

struct shim_file {
	sqlite3_file	 base;
	sqlite3_file	*real;
};

static sqlite3_vfs *unix_vfs;

/* 0, or the error of this call. */
static int
fault(int fitting)
{
	if (!faults.armed)
		return SQLITE_OK;
	faults.calls++;
	if (faults.calls != faults.fail_at &&
	    !(faults.sticky && faults.fail_at > 0 &&
	    faults.calls > faults.fail_at))
		return SQLITE_OK;
	faults.failed++;
	errno = EIO;
	return faults.code != 0 ? faults.code : fitting;
}

#define REAL(f) (((struct shim_file *)(f))->real)
#define PASS(f, fitting, call) do {					\
	int rc = fault(fitting);					\
									\
	return rc != SQLITE_OK ? rc : REAL(f)->pMethods->call;		\
} while (0)

static int
shim_close(sqlite3_file *f)
{
	return REAL(f)->pMethods->xClose(REAL(f));
}

static int
shim_read(sqlite3_file *f, void *buf, int n, sqlite3_int64 at)
{
	PASS(f, SQLITE_IOERR_READ, xRead(REAL(f), buf, n, at));
}

static int
shim_write(sqlite3_file *f, const void *buf, int n, sqlite3_int64 at)
{
	PASS(f, SQLITE_IOERR_WRITE, xWrite(REAL(f), buf, n, at));
}

static int
shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	PASS(f, SQLITE_IOERR_TRUNCATE, xTruncate(REAL(f), size));
}

static int
shim_sync(sqlite3_file *f, int flags)
{
	PASS(f, SQLITE_IOERR_FSYNC, xSync(REAL(f), flags));
}

static int
shim_size(sqlite3_file *f, sqlite3_int64 *size)
{
	PASS(f, SQLITE_IOERR_FSTAT, xFileSize(REAL(f), size));
}

static int
shim_lock(sqlite3_file *f, int level)
{
	PASS(f, SQLITE_IOERR_LOCK, xLock(REAL(f), level));
}

static int
shim_unlock(sqlite3_file *f, int level)
{
	return REAL(f)->pMethods->xUnlock(REAL(f), level);
}

static int
shim_reserved(sqlite3_file *f, int *out)
{
	PASS(f, SQLITE_IOERR_CHECKRESERVEDLOCK,
	    xCheckReservedLock(REAL(f), out));
}

static int
shim_control(sqlite3_file *f, int what, void *arg)
{
	return REAL(f)->pMethods->xFileControl(REAL(f), what, arg);
}

static int
shim_sector(sqlite3_file *f)
{
	return REAL(f)->pMethods->xSectorSize(REAL(f));
}

static int
shim_kind(sqlite3_file *f)
{
	return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}

static int
shim_map(sqlite3_file *f, int page, int size, int extend,
    void volatile **out)
{
	PASS(f, SQLITE_IOERR_SHMMAP, xShmMap(REAL(f), page, size, extend,
	    out));
}

/* Giving a lock back does not fail. */
static int
shim_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	if ((flags & SQLITE_SHM_UNLOCK) != 0)
		return REAL(f)->pMethods->xShmLock(REAL(f), offset, n,
		    flags);
	PASS(f, SQLITE_IOERR_SHMLOCK, xShmLock(REAL(f), offset, n, flags));
}

static void
shim_barrier(sqlite3_file *f)
{
	REAL(f)->pMethods->xShmBarrier(REAL(f));
}

static int
shim_unmap(sqlite3_file *f, int drop)
{
	return REAL(f)->pMethods->xShmUnmap(REAL(f), drop);
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
	if ((rc = fault(SQLITE_CANTOPEN)) != SQLITE_OK)
		return rc;
	s->real = (sqlite3_file *)(s + 1);
	rc = unix_vfs->xOpen(unix_vfs, name, s->real, flags, out);
	if (s->real->pMethods != NULL)
		s->base.pMethods = &shim_methods;
	return rc;
}

static int
shim_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	int rc = fault(SQLITE_IOERR_DELETE);

	(void)vfs;
	return rc != SQLITE_OK ? rc : unix_vfs->xDelete(unix_vfs, name, sync);
}

static int
shim_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	int rc = fault(SQLITE_IOERR_ACCESS);

	(void)vfs;
	return rc != SQLITE_OK ? rc : unix_vfs->xAccess(unix_vfs, name, flags,
	    out);
}

static int
shim_path(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
	int rc = fault(SQLITE_CANTOPEN_FULLPATH);

	(void)vfs;
	return rc != SQLITE_OK ? rc : unix_vfs->xFullPathname(unix_vfs, name,
	    n, out);
}

static int
shim_setup(void **state)
{
	static sqlite3_vfs shim;

	if (fault_setup(state) != 0)
		return -1;
	unix_vfs = sqlite3_vfs_find("unix");
	assert_non_null(unix_vfs);
	shim = *unix_vfs;
	shim.zName = "faults";
	shim.szOsFile = (int)sizeof(struct shim_file) + unix_vfs->szOsFile;
	shim.xOpen = shim_open;
	shim.xDelete = shim_delete;
	shim.xAccess = shim_access;
	shim.xFullPathname = shim_path;
	assert_int_equal(sqlite3_vfs_register(&shim, 1), SQLITE_OK);
	return 0;
}

/* Every n until a login needs no n calls; how many were tried. */
static unsigned
every_call(enum store_role role, enum fault_question what, bool sticky,
    int code)
{
	unsigned n, fds = descriptors();
	enum outcome o;

	for (n = 1;; n += fault_stride(1)) {
		fault_refresh();
		fault_frame(what);
		memset(&faults, 0, sizeof(faults));
		faults.sticky = sticky;
		faults.code = code;
		faults.fail_at = n;
		faults.armed = true;
		o = fault_ask(role);
		faults.armed = false;
		fault_judge(what, o);
		assert_int_equal(descriptors(), fds);
		if (n % 32 == 0)
			fault_sound();
		if (faults.failed == 0)
			break;
		fault_tried++;
		assert_true(n < 2000);
	}
	/* The last one had no trouble: it is the answer without. */
	assert_int_equal(o, what == ASK_CHECK ? OUT_ASK :
	    what == ASK_RIGHT ? OUT_OK_TOTP :
	    what == ASK_WRONG ? OUT_BAD_CODE : OUT_OK_RECOVERY);
	assert_true(n > 10);
	fault_sound();
	return n - 1;
}

static void
spawned(void **state)
{
	unsigned what;

	(void)state;
	for (what = 0; what < ASK_QUESTIONS; what++) {
		every_call(STORE_SPAWNED, (enum fault_question)what, false, 0);
		every_call(STORE_SPAWNED, (enum fault_question)what, true, 0);
	}
}

static void
serving(void **state)
{
	(void)state;
	every_call(STORE_SERVING, ASK_RIGHT, false, 0);
	every_call(STORE_SERVING, ASK_RIGHT, true, 0);
	every_call(STORE_SERVING, ASK_CHECK, true, 0);
}

static void
self(void **state)
{
	(void)state;
	every_call(STORE_SELF, ASK_RECOVERY, false, 0);
	every_call(STORE_SELF, ASK_WRONG, true, 0);
}

/* The same calls with other errors: a full disk, a corrupt page, memory. */
static void
other_errors(void **state)
{
	static const int codes[] = { SQLITE_FULL, SQLITE_CORRUPT,
		SQLITE_IOERR_NOMEM };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(codes); i++) {
		every_call(STORE_SPAWNED, ASK_RIGHT, false, codes[i]);
		every_call(STORE_SPAWNED, ASK_WRONG, true, codes[i]);
	}
}

/* A commit that was refused but lies in the WAL is no second success. */
static void
next_login(void **state)
{
	struct fault_record r;
	enum outcome o;
	unsigned n;

	(void)state;
	for (n = 1;; n += fault_stride(1)) {
		fault_refresh();
		fault_frame(ASK_RECOVERY);
		memset(&faults, 0, sizeof(faults));
		faults.fail_at = n;
		faults.armed = true;
		o = fault_ask(STORE_SPAWNED);
		faults.armed = false;
		if (faults.failed == 0)
			break;
		fault_tried++;
		r = fault_look();
		assert_true(r.unspent < FAULT_CODES || o != OUT_OK_RECOVERY);
		assert_int_equal(fault_ask(STORE_SPAWNED),
		    r.unspent < FAULT_CODES ? OUT_REPLAY : OUT_OK_RECOVERY);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spawned),
		cmocka_unit_test(serving),
		cmocka_unit_test(self),
		cmocka_unit_test(other_errors),
		cmocka_unit_test(next_login),
	};

	return cmocka_run_group_tests(tests, shim_setup, fault_cleanup);
}
