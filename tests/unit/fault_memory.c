/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <sys/mman.h>
#include <sys/types.h>

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <sqlite3.h>

#include "tests/unit/fault_memory.h"

/* Of this thread alone: a client that is played beside it has memory. */
static _Thread_local bool armed;

static struct {
	bool		 sticky;
	unsigned	 calls, failed;
	atomic_uint	 at;
} memory;

static bool
fails(void)
{
	unsigned at;

	if (!armed)
		return false;
	memory.calls++;
	at = atomic_load(&memory.at);
	if (memory.calls != at && !(memory.sticky && memory.calls > at))
		return false;
	memory.failed++;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);
char *__wrap_strdup(const char *);
void *__wrap_mmap(void *, size_t, int, int, int, off_t);
DIR *__wrap_fdopendir(int);
void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
char *__real_strdup(const char *);
void *__real_mmap(void *, size_t, int, int, int, off_t);
DIR *__real_fdopendir(int);

void *
__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

char *
__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

void *
__wrap_mmap(void *p, size_t n, int prot, int flags, int fd, off_t at)
{
	return fails() ? MAP_FAILED : __real_mmap(p, n, prot, flags, fd, at);
}

DIR *
__wrap_fdopendir(int fd)
{
	return fails() ? NULL : __real_fdopendir(fd);
}

/* --- SQLite and libcrypto ------------------------------------------------ */

static sqlite3_mem_methods lite;

static void *
lite_malloc(int n)
{
	return fails() ? NULL : lite.xMalloc(n);
}

static void *
lite_realloc(void *p, int n)
{
	return fails() ? NULL : lite.xRealloc(p, n);
}

static void *
crypto_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return n == 0 || fails() ? NULL : __real_malloc(n);
}

static void *
crypto_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	if (n == 0) {
		free(p);
		return NULL;
	}
	return fails() ? NULL : __real_realloc(p, n);
}

static void
crypto_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

void
fault_memory_start(void)
{
	sqlite3_mem_methods mine;

	assert_int_equal(CRYPTO_set_mem_functions(crypto_malloc,
	    crypto_realloc, crypto_free), 1);
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &lite),
	    SQLITE_OK);
	mine = lite;
	mine.xMalloc = lite_malloc;
	mine.xRealloc = lite_realloc;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &mine),
	    SQLITE_OK);
}

void
fault_memory_arm(unsigned n, bool sticky)
{
	memory.calls = memory.failed = 0;
	memory.sticky = sticky;
	atomic_store(&memory.at, n);
	armed = true;
}

void
fault_memory_now(void)
{
	atomic_store(&memory.at, 0);
}

unsigned
fault_memory_disarm(void)
{
	armed = false;
	return memory.failed;
}
