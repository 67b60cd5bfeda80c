/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening a store: looked at before, opened without following links, looked
 * at again, so that what was looked at is what is open.
 *
 * Looks go through O_PATH: opening and closing the database a second time
 * in one process would drop SQLite's locks.  An empty file would be a sound
 * empty database to SQLite, a missing one be made: both would turn everybody
 * into "not enrolled", so neither is ever opened.
 */
#include <sys/random.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store_sqlite.h"
#include "daemon/trusted.h"

static enum store_code
look_error(const char *path, int error, struct failure *f)
{
	failure_set(f, OUT_STORE, path, "%s", strerror(error));
	switch (error) {
	case ENOENT:
		return STORE_ABSENT;
	case ENOMEM:
		return STORE_MEMORY;
	case EMFILE: case ENFILE: case EIO:
		return STORE_REFUSED;
	default:
		return STORE_BROKEN;
	}
}

static enum store_code
look(const char *path, uid_t owner, struct stat *st, struct failure *f)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	enum store_code code = STORE_BROKEN;

	memset(st, 0, sizeof(*st));
	if (fd < 0)
		return look_error(path, errno, f);
	if (fstat(fd, st) != 0)
		code = look_error(path, errno, f);
	else if (trusted_stat(path, st, owner, TRUSTED_PRIVATE, f))
		code = STORE_OK;
	close(fd);
	return code;
}

/* The files beside it: before the first read they may be missing; after it
   the index is mapped. */
static enum store_code
look_beside(struct store *s, bool there, struct failure *f)
{
	static const char *const ends[] = { "-wal", "-shm" };
	enum store_code code = STORE_OK;
	struct failure own = { .path = "" };
	char name[PATH_MAX + 8];
	struct stat st;
	size_t i;

	for (i = 0; i < 2 && code == STORE_OK; i++) {
		snprintf(name, sizeof(name), "%s%s", s->path, ends[i]);
		code = look(name, s->owner, &st, &own);
		if (code == STORE_ABSENT)
			code = there ? STORE_BROKEN : STORE_OK;
	}
	if (code == STORE_OK && there)
		lite_hold_index(s, &st);
	if (code != STORE_OK && f != NULL)
		*f = own;
	return code;
}

/* Before opening: path, folder and file are what they should be. */
static enum store_code
resolve(struct store *s, const char *path, struct failure *f)
{
	enum store_code code;
	struct stat st;

	if (!trusted_resolve(path, s->owner, s->path, sizeof(s->path), f))
		return lstat(path, &st) != 0 && errno == ENOENT ?
		    STORE_ABSENT : STORE_BROKEN;
	if ((code = look(s->path, s->owner, &st, f)) != STORE_OK)
		return code;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	s->empty = st.st_size < LITE_PAGE;
	return STORE_OK;
}

enum store_code
lite_same(struct store *s, struct failure *f)
{
	struct stat st;

	if (s->broken)
		return lite_break(s, "was found broken before", f);
	if (lstat(s->path, &st) != 0)
		return lite_break(s, "is gone from its place", f);
	if (st.st_dev != s->dev || st.st_ino != s->ino)
		return lite_break(s, "was replaced by another file", f);
	return STORE_OK;
}

enum store_code
lite_keep_files(struct store *s, bool keep, struct failure *f)
{
	int on = keep;

	return lite_code(s, sqlite3_file_control(s->db, "main",
	    SQLITE_FCNTL_PERSIST_WAL, &on), "persist", f);
}

static int
harden(sqlite3 *db)
{
	static const struct { int what, value; } switches[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
	};
	int rc = SQLITE_OK, got;
	size_t i;

	for (i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		got = !switches[i].value;
		rc = sqlite3_db_config(db, switches[i].what,
		    switches[i].value, &got);
		if (rc == SQLITE_OK && got != switches[i].value)
			rc = SQLITE_ERROR;
		if (rc != SQLITE_OK)
			break;
	}
	return rc;
}

enum store_code
lite_connect(const char *path, const struct store_options *options,
    struct store **out, struct failure *f)
{
	struct store *s = calloc(1, sizeof(*s));
	enum store_code code;
	int rc;

	*out = NULL;
	if (s == NULL)
		return STORE_MEMORY;
	s->role = options->role;
	s->owner = options->owner;
	s->audit_events = options->audit_events > 0 ?
	    options->audit_events : 1;
	if (getrandom(&s->jitter, sizeof(s->jitter), GRND_NONBLOCK) !=
	    sizeof(s->jitter) || s->jitter == 0)
		s->jitter = (uint64_t)getpid() * 2654435761u + 1;
	lite_patience(s, LITE_PATIENCE);
	/* Counting memory costs a tenth of an open; too late once open. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	code = resolve(s, path, f);
	if (code == STORE_OK)
		code = look_beside(s, false, f);
	if (code == STORE_OK) {
		rc = sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE |
		    SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_PRIVATECACHE, options->vfs);
		if (rc == SQLITE_OK) {
			sqlite3_extended_result_codes(s->db, 1);
			rc = harden(s->db);
		}
		if (rc == SQLITE_OK)
			rc = sqlite3_busy_handler(s->db, lite_busy, s);
		code = lite_code(s, rc, "open", f);
	}
	if (code != STORE_OK) {
		lite_close(s);
		return code;
	}
	lite_watch(s);
	*out = s;
	return STORE_OK;
}

void
lite_close(struct store *s)
{
	if (s == NULL)
		return;
	lite_rollback(s);
	lite_patience(s, 0);
	lite_finalize(s);
	sqlite3_close(s->db);
	free(s);
}

/* The first column of the first row, as a number or a word. */
static int
ask(struct store *s, const char *sql, int64_t *number, char word[16])
{
	sqlite3_stmt *st = NULL;
	const unsigned char *text;
	int rc;

	*number = 0;
	word[0] = '\0';
	rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		*number = sqlite3_column_int64(st, 0);
		text = sqlite3_column_text(st, 0);
		snprintf(word, 16, "%s", text == NULL ? "" :
		    (const char *)text);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc;
}

/* The first read, before SQLite parses a line of a stranger's schema. */
static enum store_code
identify(struct store *s, struct failure *f)
{
	enum store_code code;
	int64_t number;
	char word[16];
	struct stat st;
	int version;

	code = lite_code(s, ask(s, "PRAGMA application_id", &number, word),
	    "first read", f);
	if (code != STORE_OK)
		return code;
	if (number != LITE_APPLICATION)
		return lite_break(s, "is not a store of stepup", f);
	code = lite_code(s, ask(s, "PRAGMA journal_mode", &number, word),
	    "first read", f);
	if (code == STORE_OK && strcmp(word, "wal") != 0)
		return lite_break(s, "is not in WAL mode", f);
	if (code == STORE_OK)
		code = look(s->path, s->owner, &st, f);
	if (code == STORE_OK)
		code = lite_same(s, f);
	if (code == STORE_OK)
		code = look_beside(s, true, f);
	if (code == STORE_OK)
		code = lite_version(s, &version, f);
	return code;
}

/*
 * secure_delete would write every page that becomes free; what is deleted
 * here was sealed or hashed, so only what costs no page is overwritten.
 */
enum store_code
lite_settings(struct store *s, struct failure *f)
{
	return lite_code(s, sqlite3_exec(s->db, "PRAGMA temp_store = MEMORY;"
	    "PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;"
	    "PRAGMA secure_delete = FAST", NULL, NULL, NULL), "settings", f);
}

enum store_code
lite_open(const char *path, const struct store_options *options,
    struct store **out, struct failure *f)
{
	struct store *s;
	enum store_code code;

	*out = NULL;
	failure_set(f, OUT_DONE, NULL, "%s", "");
	if ((code = lite_connect(path, options, &s, f)) != STORE_OK)
		return code;
	if (s->empty)
		code = lite_break(s, "is empty or cut off", f);
	if (code == STORE_OK)
		code = lite_keep_files(s, true, f);
	if (code == STORE_OK)
		code = identify(s, f);
	if (code == STORE_OK)
		code = lite_settings(s, f);
	if (code == STORE_OK)
		code = lite_ceiling(s, 1, f);
	if (code == STORE_OK && s->role == STORE_SERVING)
		code = lite_serve(s, f);
	if (code != STORE_OK) {
		lite_close(s);
		return code;
	}
	*out = s;
	return STORE_OK;
}
