/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "tests/unit/fault_vfs.h"

/* Calls so far, the one that fails. */
static struct {
	bool		 armed;
	unsigned	 calls, at, failed;
	struct fault_how how;
} faults;

struct shim_file {
	sqlite3_file	 base;
	sqlite3_file	*real;
};

static sqlite3_vfs *unix_vfs;

/* SQLITE_OK, or the error of this call. */
static int
fault(int fitting, bool writes)
{
	if (!faults.armed || (faults.how.writes && !writes))
		return SQLITE_OK;
	faults.calls++;
	if (faults.calls != faults.at &&
	    !(faults.how.sticky && faults.calls > faults.at))
		return SQLITE_OK;
	if (faults.how.kill)
		_exit(FAULT_KILLED);
	faults.failed++;
	errno = faults.how.code == SQLITE_FULL ? ENOSPC : EIO;
	return faults.how.code != 0 ? faults.how.code : fitting;
}

#define REAL(f) (((struct shim_file *)(f))->real)
#define PASS(f, fitting, writes, call) do {				\
	int rc = fault(fitting, writes);				\
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
	PASS(f, SQLITE_IOERR_READ, false, xRead(REAL(f), buf, n, at));
}

static int
shim_write(sqlite3_file *f, const void *buf, int n, sqlite3_int64 at)
{
	PASS(f, SQLITE_IOERR_WRITE, true, xWrite(REAL(f), buf, n, at));
}

static int
shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	PASS(f, SQLITE_IOERR_TRUNCATE, true, xTruncate(REAL(f), size));
}

static int
shim_sync(sqlite3_file *f, int flags)
{
	PASS(f, SQLITE_IOERR_FSYNC, true, xSync(REAL(f), flags));
}

static int
shim_size(sqlite3_file *f, sqlite3_int64 *size)
{
	PASS(f, SQLITE_IOERR_FSTAT, false, xFileSize(REAL(f), size));
}

static int
shim_lock(sqlite3_file *f, int level)
{
	PASS(f, SQLITE_IOERR_LOCK, false, xLock(REAL(f), level));
}

static int
shim_unlock(sqlite3_file *f, int level)
{
	return REAL(f)->pMethods->xUnlock(REAL(f), level);
}

static int
shim_reserved(sqlite3_file *f, int *out)
{
	PASS(f, SQLITE_IOERR_CHECKRESERVEDLOCK, false,
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
	PASS(f, SQLITE_IOERR_SHMMAP, false, xShmMap(REAL(f), page, size,
	    extend, out));
}

/* Giving a lock back does not fail. */
static int
shim_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	if ((flags & SQLITE_SHM_UNLOCK) != 0)
		return REAL(f)->pMethods->xShmLock(REAL(f), offset, n,
		    flags);
	PASS(f, SQLITE_IOERR_SHMLOCK, false, xShmLock(REAL(f), offset, n,
	    flags));
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
	if ((rc = fault(SQLITE_CANTOPEN, false)) != SQLITE_OK)
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
	int rc = fault(SQLITE_IOERR_DELETE, false);

	(void)vfs;
	return rc != SQLITE_OK ? rc : unix_vfs->xDelete(unix_vfs, name, sync);
}

static int
shim_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	int rc = fault(SQLITE_IOERR_ACCESS, false);

	(void)vfs;
	return rc != SQLITE_OK ? rc : unix_vfs->xAccess(unix_vfs, name, flags,
	    out);
}

static int
shim_path(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
	int rc = fault(SQLITE_CANTOPEN_FULLPATH, false);

	(void)vfs;
	return rc != SQLITE_OK ? rc : unix_vfs->xFullPathname(unix_vfs, name,
	    n, out);
}

void
fault_vfs_register(bool everybody)
{
	static sqlite3_vfs shim;

	if (unix_vfs != NULL)
		return;
	unix_vfs = sqlite3_vfs_find("unix");
	assert_non_null(unix_vfs);
	shim = *unix_vfs;
	shim.zName = FAULT_VFS;
	shim.szOsFile = (int)sizeof(struct shim_file) + unix_vfs->szOsFile;
	shim.xOpen = shim_open;
	shim.xDelete = shim_delete;
	shim.xAccess = shim_access;
	shim.xFullPathname = shim_path;
	assert_int_equal(sqlite3_vfs_register(&shim, everybody), SQLITE_OK);
}

void
fault_vfs_arm(unsigned n, const struct fault_how *how)
{
	memset(&faults, 0, sizeof(faults));
	faults.how = *how;
	faults.at = n;
	faults.armed = true;
}

unsigned
fault_vfs_disarm(void)
{
	faults.armed = false;
	return faults.failed;
}
