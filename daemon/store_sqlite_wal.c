/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The write-ahead log: how long it gets, and when it starts anew.
 *
 * Automatic checkpoints are off.  They would come in the middle of
 * somebody's login, and let a WAL pass the size that was reserved for it:
 * on a full disk the first frame beyond refuses every login.
 */
#include <sys/mman.h>
#include <sys/stat.h>

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

#define ROOM		1500	/* frames a batch may leave; logins need more */
#define ROOM_TRIES	200	/* of 5 ms */

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
uint32_t
lite_look_frames(struct store *s)
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
		code = lite_lengthen_wal(s, f);
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
	lite_look_frames(s);
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
	for (tries = 0; tries < ROOM_TRIES; tries++) {
		length = lite_look_frames(s);
		lite_patience(s, 0);
		if (s->frames >= LITE_TEND_IDLE)
			lite_checkpoint(s, SQLITE_CHECKPOINT_PASSIVE, NULL);
		if (length < ROOM)
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
