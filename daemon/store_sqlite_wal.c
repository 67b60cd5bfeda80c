/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The write-ahead log: how long it gets, when it starts anew, and the space
 * that is kept for bad days.
 *
 * Automatic checkpoints are off.  They would come in the middle of
 * somebody's login, and let a WAL pass the size that was reserved for it:
 * on a full disk the first frame beyond refuses every login.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <stdio.h>
#include <time.h>

#include "daemon/store_sqlite.h"

/*
 * The head of the WAL index, as https://sqlite.org/walformat.html has it:
 * the version, the last frame, how many of them are checkpointed.
 */
#define INDEX_SIZE	32768
#define INDEX_VERSION	3007000
#define INDEX_FRAMES	16
#define INDEX_DONE	96

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23	/* Linux 5.14 */
#endif

static int
count_frames(void *arg, sqlite3 *db, const char *schema, int frames)
{
	struct store *s = arg;

	(void)db;
	(void)schema;
	s->frames = frames < 0 ? 0 : (unsigned)frames;
	return SQLITE_OK;
}

void
lite_watch(struct store *s)
{
	sqlite3_wal_hook(s->db, count_frames, s);
}

unsigned
lite_frames(const struct store *s)
{
	return s->frames;
}

static uint32_t
index_word(volatile void *index, size_t offset)
{
	const volatile uint32_t *words = index;

	return words[offset / sizeof(*words)];
}

/* The WAL's index, as SQLite has mapped it; NULL: it has not. */
static volatile void *
map_index(struct store *s)
{
	volatile void *index = NULL;
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER,
	    &file) != SQLITE_OK || file == NULL || file->pMethods == NULL ||
	    file->pMethods->iVersion < 2 ||
	    file->pMethods->xShmMap(file, 0, INDEX_SIZE, 0, &index) !=
	    SQLITE_OK)
		return NULL;
	return index;
}

/*
 * The hook tells our own commits alone.  What others append to the same
 * WAL stands in the shared index that SQLite has mapped anyway; a value
 * read while somebody writes it is at worst an early or late checkpoint.
 * Returns how many frames the log has, checkpointed or not.
 */
static uint32_t
look_frames(struct store *s)
{
	volatile void *index = map_index(s);
	uint32_t frames, done;

	if (index == NULL || index_word(index, 0) != INDEX_VERSION)
		return s->frames;
	frames = index_word(index, INDEX_FRAMES);
	done = index_word(index, INDEX_DONE);
	s->frames = frames > done ? frames - done : 0;
	return frames;
}

/*
 * Whoever opens the store first cuts the index and writes one byte of each
 * 4096 anew: on blocks of 1024 three quarters of it are holes, and on a full
 * disk a write into one is SIGBUS.  They get their blocks now, from what the
 * cut has freed, before anything else takes it.  An older kernel or a
 * read-only disk cannot: then it is as SQLite left it.
 */
void
lite_hold_index(struct store *s, const struct stat *st)
{
	volatile void *index;

	if ((int64_t)st->st_blocks * 512 >= INDEX_SIZE)
		return;
	index = map_index(s);
	if (index != NULL)
		(void)madvise((void *)(uintptr_t)index, INDEX_SIZE,
		    MADV_POPULATE_WRITE);
}

enum store_code
lite_checkpoint(struct store *s, int mode, struct failure *f)
{
	int rc, frames = -1, done = -1;

	rc = sqlite3_wal_checkpoint_v2(s->db, "main", mode, &frames, &done);
	if (frames >= 0 && done >= 0)
		s->frames = (unsigned)(frames - done);
	return lite_code(s, rc, "checkpoint", f);
}

static int
write_zeroes(sqlite3_file *file, sqlite3_int64 size, sqlite3_int64 full)
{
	static const char zeroes[32768];
	int rc = SQLITE_OK, n;

	while (rc == SQLITE_OK && size < full) {
		n = full - size < (sqlite3_int64)sizeof(zeroes) ?
		    (int)(full - size) : (int)sizeof(zeroes);
		rc = file->pMethods->xWrite(file, zeroes, n, size);
		size += n;
	}
	return rc;
}

/*
 * Zeroes behind the last frame.  Only a writer appends, and we hold the
 * write lock; a frame of zeroes has no valid checksum, so readers and
 * recovery stop before it.
 */
static enum store_code
lengthen(struct store *s, struct failure *f)
{
	const sqlite3_int64 full = LITE_WAL_HEADER +
	    (sqlite3_int64)LITE_WAL_FRAMES * LITE_FRAME;
	sqlite3_file *wal = NULL;
	sqlite3_int64 size = 0;
	int rc;

	rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER,
	    &wal);
	if (rc == SQLITE_OK && (wal == NULL || wal->pMethods == NULL))
		return lite_refuse(s, "the WAL is not open", f);
	if (rc == SQLITE_OK)
		rc = wal->pMethods->xFileSize(wal, &size);
	if (rc == SQLITE_OK)
		rc = write_zeroes(wal, size, full);
	/* Not a statement's error: SQLite has no message for it. */
	if (rc != SQLITE_OK)
		failure_set(f, OUT_STORE, s->path, "growing the WAL: %s",
		    sqlite3_errstr(rc));
	return rc == SQLITE_OK ? STORE_OK : STORE_REFUSED;
}

/*
 * The commit makes the longer file durable, and gives the WAL that RESTART
 * emptied the header that says so: else the next process would recover all
 * its old frames.
 */
static enum store_code
grow(struct store *s, struct failure *f)
{
	enum store_code code;

	if ((code = lite_start(s, STORE_WRITE, f)) != STORE_OK)
		return code;
	code = lengthen(s, f);
	if (code == STORE_OK)
		code = lite_run(s, LITE_TOUCH, f);
	if (code == STORE_OK)
		return lite_commit(s, f);
	lite_rollback(s);
	return code;
}

enum store_code
lite_ceiling(struct store *s, int64_t pages, struct failure *f)
{
	char text[64];

	snprintf(text, sizeof(text), "PRAGMA max_page_count = %lld",
	    (long long)pages);
	return lite_code(s, sqlite3_exec(s->db, text, NULL, NULL, NULL),
	    "ceiling", f);
}

/*
 * Blocks for a batch more, before a commit needs them.  A commit goes to
 * the WAL, which has room; the checkpoint that then finds none for a page
 * behind the end of the file never gets done, the WAL never starts anew,
 * and once it is full every login is refused.
 *
 * We hold the write lock and the WAL has nothing to be copied: a checkpoint
 * that does nothing does not cut the file to its old size either.
 */
static enum store_code
extend(struct store *s, struct failure *f)
{
	sqlite3_file *file = NULL;
	sqlite3_int64 size = 0;
	enum store_code code;
	int64_t pages;
	int rc;

	if ((code = lite_number(s, LITE_PAGES, &pages, f)) != STORE_OK)
		return code;
	rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER,
	    &file);
	if (rc == SQLITE_OK && (file == NULL || file->pMethods == NULL))
		return lite_refuse(s, "the store is not open", f);
	if (rc == SQLITE_OK)
		rc = file->pMethods->xFileSize(file, &size);
	if (rc == SQLITE_OK && size < pages * LITE_PAGE)
		return lite_refuse(s, "growing the store: it is short", f);
	if (rc == SQLITE_OK)
		rc = write_zeroes(file, size, (pages + LITE_RESERVE_BATCH +
		    LITE_RESERVE_SPARE) * LITE_PAGE);
	if (rc == SQLITE_OK)
		return STORE_OK;
	failure_set(f, OUT_STORE, s->path, "growing the store: %s",
	    sqlite3_errstr(rc));
	if (file != NULL && file->pMethods != NULL)
		file->pMethods->xTruncate(file, pages * LITE_PAGE);
	return STORE_REFUSED;
}

/*
 * The write lock, and nothing in the WAL that is not in the file.  FULL
 * lets nobody write meanwhile, so that only the moment until the lock is
 * ours again counts.
 */
static enum store_code
start_settled(struct store *s, struct failure *f)
{
	enum store_code code;
	int tries;

	for (tries = 0; tries < LITE_SETTLE_TRIES; tries++) {
		lite_patience(s, LITE_PATIENCE_SPACE);
		code = lite_checkpoint(s, SQLITE_CHECKPOINT_FULL, f);
		if (code == STORE_OK)
			code = lite_start(s, STORE_WRITE, f);
		if (code != STORE_OK)
			return code;
		look_frames(s);
		if (s->frames == 0)
			return STORE_OK;
		lite_rollback(s);
	}
	return lite_refuse(s, "growing the store: others write", f);
}

static enum store_code
fill_batch(struct store *s, int n, struct failure *f)
{
	enum store_code code;
	struct lite_call c;

	if ((code = start_settled(s, f)) != STORE_OK)
		return code;
	if ((code = extend(s, f)) != STORE_OK) {
		lite_rollback(s);
		return code;
	}
	lite_call(&c, s, LITE_FILL);
	lite_int(&c, 2 + n);
	/* An overflow page holds four bytes less than a page. */
	lite_int(&c, LITE_RESERVE_BATCH * (LITE_PAGE - 4));
	code = lite_write(&c, NULL, f);
	if (code == STORE_OK)
		return lite_commit(s, f);
	lite_rollback(s);
	return code;
}

static enum store_code
unfill(struct store *s, struct failure *f)
{
	enum store_code code;

	lite_patience(s, LITE_PATIENCE_SPACE);
	if ((code = lite_start(s, STORE_WRITE, f)) != STORE_OK)
		return code;
	code = lite_run(s, LITE_UNFILL, f);
	if (code == STORE_OK)
		return lite_commit(s, f);
	lite_rollback(s);
	return code;
}

/*
 * Fills rows with zeroes and drops them: the pages stay, free.  Each batch
 * is checkpointed, so that the WAL keeps its size and the file gets blocks.
 */
enum store_code
lite_reserve(struct store *s, struct failure *f)
{
	enum store_code code, freed;
	int64_t left;
	int i;

	code = lite_number(s, LITE_FREE_PAGES, &left, f);
	if (code != STORE_OK || left >= LITE_RESERVE_LOW)
		return code;
	code = unfill(s, f);	/* what a killed process may have left */
	if (code == STORE_OK)
		code = lite_ceiling(s, INT32_MAX, f);
	for (i = 0; i * LITE_RESERVE_BATCH < LITE_RESERVE &&
	    code == STORE_OK; i++)
		code = fill_batch(s, i, f);
	freed = unfill(s, code == STORE_OK ? f : NULL);
	if (freed == STORE_OK)
		freed = lite_checkpoint(s, SQLITE_CHECKPOINT_PASSIVE,
		    code == STORE_OK ? f : NULL);
	lite_patience(s, LITE_PATIENCE);
	if (lite_ceiling(s, 1, NULL) != STORE_OK)
		return lite_break(s, "no ceiling", f);
	return code == STORE_OK ? freed : code;
}

/* Trouble with space is told, not refused; a broken store is refused. */
enum store_code
lite_serve(struct store *s, struct failure *f)
{
	enum store_code code;

	lite_patience(s, LITE_PATIENCE_SPACE);
	code = lite_checkpoint(s, SQLITE_CHECKPOINT_RESTART, f);
	if (code != STORE_BROKEN)
		code = lite_reserve(s, f);
	if (code != STORE_BROKEN) {
		lite_patience(s, LITE_PATIENCE_SPACE);
		code = grow(s, f);
	}
	return code == STORE_BROKEN ? STORE_BROKEN : STORE_OK;
}

/*
 * A RESTART right before the end would be forgotten: it is the next commit
 * that writes it down.  If others are busy, they will tend it.
 */
static void
tend_short(struct store *s)
{
	if (s->frames < LITE_TEND_SHORT)
		return;
	lite_reserve(s, NULL);
	lite_patience(s, 0);
	if (lite_checkpoint(s, SQLITE_CHECKPOINT_RESTART, NULL) != STORE_OK ||
	    lite_start(s, STORE_WRITE, NULL) != STORE_OK)
		return;
	if (lite_run(s, LITE_TOUCH, NULL) == STORE_OK)
		lite_commit(s, NULL);
	lite_rollback(s);
}

static void
tend_serving(struct store *s, bool idle)
{
	look_frames(s);
	if (s->frames < (idle ? LITE_TEND_IDLE : LITE_TEND_BUSY))
		return;
	lite_patience(s, 0);
	if (lite_checkpoint(s, SQLITE_CHECKPOINT_PASSIVE, NULL) == STORE_OK)
		lite_reserve(s, NULL);
}

/*
 * A long work's batches come faster than others tend the log, and beyond
 * its working size a full disk refuses everybody.  The copying is PASSIVE's,
 * which keeps nobody waiting; RESTART then finds little to do, and gives up
 * at once where a reader is in its way.
 */
enum store_code
lite_room(struct store *s, bool pages, struct failure *f)
{
	struct timespec pause = { .tv_nsec = 5000000 };
	enum store_code code;
	uint32_t length;
	int tries;

	if (s->state != LITE_IDLE)
		return lite_refuse(s, "a transaction is open", f);
	if (pages && (code = lite_reserve(s, f)) != STORE_OK)
		return code;
	for (tries = 0; tries < LITE_ROOM_TRIES; tries++) {
		length = look_frames(s);
		lite_patience(s, 0);
		if (s->frames >= LITE_TEND_IDLE)
			lite_checkpoint(s, SQLITE_CHECKPOINT_PASSIVE, NULL);
		if (length < LITE_ROOM)
			return STORE_OK;
		code = lite_checkpoint(s, SQLITE_CHECKPOINT_RESTART, f);
		if (code != STORE_BUSY)
			return code;
		nanosleep(&pause, NULL);
	}
	return STORE_BUSY;
}

void
lite_tend(struct store *s, bool idle)
{
	if (s->broken || s->state != LITE_IDLE)
		return;
	switch (s->role) {
	case STORE_SERVING:
		tend_serving(s, idle);
		break;
	case STORE_SPAWNED:
	case STORE_ADMIN:
		tend_short(s);
		break;
	case STORE_SELF:
		break;
	}
}
