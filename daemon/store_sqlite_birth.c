/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store's birth: a file of ours from its first moment, the schema, space
 * for bad days, and last the row that makes it whole.  And whose it is.
 */
#include <sys/random.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store_sqlite.h"

#define STRING_(x) #x
#define STRING(x) STRING_(x)

static enum store_code
exec(struct store *s, const char *sql, struct failure *f)
{
	return lite_code(s, sqlite3_exec(s->db, sql, NULL, NULL, NULL),
	    "create", f);
}

/* Row 1 comes last: a store that names its key is whole. */
static enum store_code
name_store(struct store *s, const struct sealed *proof,
    const uint8_t *machine, struct failure *f)
{
	sqlite3_stmt *st = NULL;
	uint8_t id[16];
	int rc;

	if (getrandom(id, sizeof(id), 0) != sizeof(id))
		return lite_refuse(s, "no random bytes", f);
	rc = sqlite3_prepare_v2(s->db, "INSERT INTO store (n, id, key_id,"
	    " nonce, sealed, machine, touch) VALUES (1, ?, ?, ?, ?, ?, 0)", -1,
	    &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob(st, 1, id, sizeof(id), SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(st, 2, proof->key_id, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob(st, 3, proof->nonce, SEAL_NONCE,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob64(st, 4, proof->data, proof->len,
		    SQLITE_STATIC);
	/* NULL where nobody knows. */
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob(st, 5, machine, STORE_MACHINE,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	sqlite3_finalize(st);
	return lite_code(s, rc, "create", f);
}

static enum store_code
fill(struct store *s, const struct sealed *proof, const uint8_t *machine,
    struct failure *f)
{
	enum store_code code;

	code = exec(s, "PRAGMA page_size = " STRING(LITE_PAGE) ";"
	    "PRAGMA auto_vacuum = NONE; PRAGMA journal_mode = WAL", f);
	if (code == STORE_OK)
		code = lite_settings(s, f);
	if (code == STORE_OK)
		code = exec(s, "BEGIN IMMEDIATE", f);
	if (code == STORE_OK)
		code = lite_make_schema(s, f);
	if (code == STORE_OK)
		code = exec(s, "COMMIT", f);
	if (code == STORE_OK)
		code = lite_reserve(s, f);
	if (code == STORE_OK)
		code = name_store(s, proof, machine, f);
	if (code == STORE_OK)
		code = lite_checkpoint(s, SQLITE_CHECKPOINT_TRUNCATE, f);
	return code;
}

static void
discard(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	char name[PATH_MAX + 16];
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
}

/* The file is ours from its first moment, or it is somebody else's. */
static enum store_code
make_file(const char *path, struct failure *f)
{
	int error, fd;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd >= 0) {
		close(fd);
		return STORE_OK;
	}
	error = errno;
	failure_set(f, OUT_STORE, path, "create: %s", strerror(error));
	return error == EEXIST ? STORE_BROKEN : STORE_REFUSED;
}

enum store_code
lite_create(const char *path, const struct sealed *proof,
    const struct store_options *options, struct failure *f)
{
	struct store *s = NULL;
	enum store_code code;

	if ((code = make_file(path, f)) != STORE_OK)
		return code;
	code = lite_connect(path, options, &s, f);
	if (code == STORE_OK)
		code = fill(s, proof, options->machine, f);
	if (s != NULL)
		lite_close(s);
	if (code != STORE_OK)
		discard(path);
	return code;
}

enum store_code
lite_proof_at(const char *path, const struct store_options *options,
    struct sealed *proof, struct failure *f)
{
	struct store_options own = *options;
	char wal[PATH_MAX + 8];
	struct store *s = NULL;
	enum store_code code;
	struct stat st;
	bool used;

	memset(proof, 0, sizeof(*proof));
	own.role = STORE_SELF;
	snprintf(wal, sizeof(wal), "%s-wal", path);
	used = lstat(wal, &st) == 0;
	code = lite_open(path, &own, &s, f);
	/* A store in use keeps its WAL; beside a new one none is left. */
	if (code == STORE_OK && !used)
		code = lite_keep_files(s, false, f);
	if (code == STORE_OK)
		code = lite_begin(s, STORE_READ, f);
	if (code == STORE_OK)
		code = lite_load_proof(s, proof, f);
	if (s != NULL)
		lite_close(s);
	return code;
}
