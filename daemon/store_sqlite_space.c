/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The space that is kept for bad days: a WAL of working size, free pages in
 * the store, blocks under both.
 */
#include <stdio.h>

#include "daemon/store_sqlite.h"

#define BATCH		1024	/* pages a transaction */
#define SPARE		16	/* pages a batch may need besides */
#define SETTLE_TRIES	20

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
enum store_code
lite_lengthen_wal(struct store *s, struct failure *f)
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
		rc = write_zeroes(file, size, (pages + BATCH +
		    SPARE) * LITE_PAGE);
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

	for (tries = 0; tries < SETTLE_TRIES; tries++) {
		lite_patience(s, LITE_PATIENCE_SPACE);
		code = lite_checkpoint(s, SQLITE_CHECKPOINT_FULL, f);
		if (code == STORE_OK)
			code = lite_start(s, STORE_WRITE, f);
		if (code != STORE_OK)
			return code;
		lite_look_frames(s);
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
	lite_int(&c, BATCH * (LITE_PAGE - 4));
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
	for (i = 0; i * BATCH < LITE_RESERVE &&
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
