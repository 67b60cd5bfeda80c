/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a backup reads and where a restore writes: all accounts as of one
 * moment, and a second set of tables.  Tables of a restore exist while one
 * is under way, or after one was killed; the next drops them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store_sqlite_row.h"

/* Pages that stay in memory while everybody is gone through, in KB: the
   indexes of a hundred thousand accounts. */
#define CACHE	"PRAGMA cache_size = -32768"

static enum store_code
exec(struct store *s, const char *sql, struct failure *f)
{
	return lite_code(s, sqlite3_exec(s->db, sql, NULL, NULL, NULL),
	    "restore", f);
}

/* Rows of accounts first: no load stands beside an open cursor. */
static enum store_code
snapshot_batch(struct store *s, int64_t after, struct account *batch,
    size_t *n, struct failure *f)
{
	enum store_code code;
	struct lite_call c;
	struct row r = { .ok = true };

	*n = 0;
	lite_call(&c, s, LITE_SNAPSHOT);
	lite_int(&c, after);
	lite_int(&c, LITE_LIST_BATCH);
	while (r.ok && *n < LITE_LIST_BATCH && lite_row(&c)) {
		memset(&batch[*n], 0, sizeof(batch[*n]));
		r.st = c.statement;
		r.next = 0;
		lite_row_account(&r, &batch[*n]);
		batch[(*n)++].match = ACCOUNT_FOUND;
	}
	code = lite_done(&c, f);
	return code == STORE_OK && !r.ok ? row_damaged(s, f) : code;
}

/* One read transaction. */
static enum store_code
snapshot(struct store *s, struct account *batch, store_visit visit,
    void *arg, struct failure *f)
{
	enum store_code code = STORE_OK;
	size_t i, n = LITE_LIST_BATCH;
	int64_t after = 0;
	bool more = true;

	while (code == STORE_OK && more && n == LITE_LIST_BATCH) {
		code = snapshot_batch(s, after, batch, &n, f);
		for (i = 0; i < n && code == STORE_OK && more; i++) {
			after = batch[i].id;
			code = lite_load_factors(s, &batch[i], f);
			if (code == STORE_OK)
				more = visit(&batch[i], arg);
		}
	}
	return code;
}

enum store_code
lite_snapshot(struct store *s, store_visit visit, void *arg,
    struct failure *f)
{
	struct account *batch = calloc(LITE_LIST_BATCH, sizeof(*batch));
	enum store_code code;

	if (batch == NULL)
		return STORE_MEMORY;
	code = exec(s, CACHE, f);
	if (code == STORE_OK)
		code = lite_begin(s, STORE_READ, f);
	if (code == STORE_OK)
		code = snapshot(s, batch, visit, arg, f);
	lite_rollback(s);
	free(batch);
	return code;
}

/* --- Staging ---------------------------------------------------------- */

/*
 * For batches, which are many: what they leave in the WAL goes out while
 * others may write, so that growing the file, which lets nobody write, finds
 * little to do.
 */
enum store_code
lite_stage_room(struct store *s, struct failure *f)
{
	enum store_code code = STORE_OK;

	if (s->frames >= LITE_TEND_IDLE) {
		lite_patience(s, 0);
		code = lite_checkpoint(s, SQLITE_CHECKPOINT_PASSIVE, f);
	}
	return code == STORE_OK || code == STORE_BUSY ?
	    lite_reserve(s, f) : code;
}

enum store_code
lite_stage_rings(struct store *s, struct failure *f)
{
	struct lite_call c;
	struct row r = { .ok = true };

	lite_call(&c, s, LITE_STAGE_RINGS);
	if (lite_row(&c)) {
		r.st = c.statement;
		s->stage_seen[RING_LOGIN] = row_int(&r, 0, INT64_MAX);
		s->stage_seen[RING_PUBLIC] = row_int(&r, 0, INT64_MAX);
	}
	return lite_done(&c, f);
}

enum store_code
lite_stage_begin(struct store *s, struct failure *f)
{
	enum store_code code = exec(s, CACHE, f);

	s->stage_lost = 0;
	if (code == STORE_OK)
		code = lite_stage_end(s, f);
	if (code == STORE_OK)
		code = lite_stage_room(s, f);
	if (code == STORE_OK)
		code = lite_begin(s, STORE_WRITE, f);
	if (code != STORE_OK)
		return code;
	code = exec(s, lite_stage_tables, f);
	if (code == STORE_OK)
		return lite_commit(s, f);
	lite_rollback(s);
	return code;
}

static enum store_code
stage_one(struct store *s, const struct account *a, struct failure *f)
{
	enum store_code code;
	size_t i;

	if (a->id <= 0 || a->name[0] == '\0' || a->uid == (uid_t)-1 ||
	    a->credential_count > ACCOUNT_CREDENTIALS_MAX ||
	    a->recovery.count > ACCOUNT_CODES_MAX ||
	    (a->credential_count == 0) != (a->recovery.count == 0))
		return lite_refuse(s, "this account cannot be written", f);
	code = lite_new_account(s, LITE_STAGE_ACCOUNT, a, NULL, f);
	if (code == STORE_OK && a->recovery.count > 0)
		code = lite_new_recovery(s, LITE_STAGE_RECOVERY, a, f);
	for (i = 0; i < a->credential_count && code == STORE_OK; i++)
		code = lite_new_credential(s, LITE_STAGE_CREDENTIAL, a,
		    &a->credentials[i], f);
	return code;
}

enum store_code
lite_stage(struct store *s, const struct account *accounts, size_t n,
    struct failure *f)
{
	enum store_code code;
	size_t i;

	if (n > LITE_STAGE_BATCH)
		return lite_refuse(s, "too many at once", f);
	code = lite_stage_room(s, f);
	if (code == STORE_OK)
		code = lite_begin(s, STORE_WRITE, f);
	if (code != STORE_OK)
		return code;
	for (i = 0; i < n && code == STORE_OK; i++)
		code = stage_one(s, &accounts[i], f);
	if (code == STORE_OK)
		return lite_commit(s, f);
	lite_rollback(s);
	return code;
}

/* --- Dropping --------------------------------------------------------- */

static enum store_code
number(struct store *s, const char *sql, int64_t *out, struct failure *f)
{
	sqlite3_stmt *st = NULL;
	int rc;

	*out = 0;
	rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return lite_code(s, rc == SQLITE_ROW ? SQLITE_OK : rc, "restore", f);
}

/* Inside a transaction: the next accounts; *left: there may be more. */
static enum store_code
drop_rows(struct store *s, const char *prefix, bool *left, struct failure *f)
{
	enum store_code code;
	char sql[400];
	int64_t last;

	snprintf(sql, sizeof(sql), "SELECT ifnull(max(id), 0) FROM (SELECT id"
	    " FROM %saccount ORDER BY id LIMIT %d)", prefix,
	    LITE_STAGE_BATCH);
	code = number(s, sql, &last, f);
	*left = last > 0;
	if (code != STORE_OK || !*left)
		return code;
	snprintf(sql, sizeof(sql),
	    "DELETE FROM %spass WHERE account <= %lld;"
	    "DELETE FROM %scredential WHERE account <= %lld;"
	    "DELETE FROM %srecovery WHERE account <= %lld;"
	    "DELETE FROM %saccount WHERE id <= %lld",
	    prefix, (long long)last, prefix, (long long)last, prefix,
	    (long long)last, prefix, (long long)last);
	return exec(s, sql, f);
}

static enum store_code
drop_tables(struct store *s, const char *prefix, struct failure *f)
{
	char sql[200];

	snprintf(sql, sizeof(sql), "DROP TABLE %spass;"
	    "DROP TABLE %scredential; DROP TABLE %srecovery;"
	    "DROP TABLE %saccount", prefix, prefix, prefix, prefix);
	return exec(s, sql, f);
}

/* One transaction of it; *left: there was something. */
static enum store_code
drop_some(struct store *s, const char *prefix, bool *left, struct failure *f)
{
	enum store_code code;
	char sql[200];
	int64_t there;
	bool rows;

	*left = false;
	if ((code = lite_begin(s, STORE_WRITE, f)) != STORE_OK)
		return code;
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM sqlite_master"
	    " WHERE name = '%saccount'", prefix);
	code = number(s, sql, &there, f);
	if (code == STORE_OK && there > 0) {
		*left = true;
		code = drop_rows(s, prefix, &rows, f);
		if (code == STORE_OK && !rows)
			code = drop_tables(s, prefix, f);
	}
	if (code == STORE_OK && *left)
		return lite_commit(s, f);
	lite_rollback(s);
	return code;
}

enum store_code
lite_stage_end(struct store *s, struct failure *f)
{
	static const char *const prefixes[] = { "stage_", "gone_" };
	enum store_code code = STORE_OK;
	bool left;
	size_t i;

	for (i = 0; i < 2 && code == STORE_OK; i++)
		do {
			code = drop_some(s, prefixes[i], &left, f);
			if (code == STORE_OK && left)
				code = lite_stage_room(s, f);
		} while (code == STORE_OK && left);
	return code;
}
