/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One handle: what its errors mean, how it waits, its statements on their
 * way.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/store_sqlite.h"

/* CANTOPEN and IOERR: is it the disk, or what lies there. */
static enum store_code
code_by_errno(int error)
{
	switch (error) {
	case ENOSPC: case EDQUOT: case EROFS: case EIO: case EFBIG:
	case EMFILE: case ENFILE:
		return STORE_REFUSED;
	case ENOMEM:
		return STORE_MEMORY;
	default:
		return STORE_BROKEN;
	}
}

static enum store_code
code_of(sqlite3 *db, int rc)
{
	switch (rc) {
	case SQLITE_IOERR_NOMEM:
		return STORE_MEMORY;
	case SQLITE_READONLY_DBMOVED:
		return STORE_BROKEN;
	}
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return STORE_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:		/* lost the race to start the WAL */
		return STORE_BUSY;
	case SQLITE_NOMEM:
		return STORE_MEMORY;
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CONSTRAINT:
	case SQLITE_TOOBIG:
	case SQLITE_ABORT:
	case SQLITE_INTERRUPT:
		return STORE_REFUSED;
	case SQLITE_CANTOPEN:
		return code_by_errno(sqlite3_system_errno(db));
	default:		/* CORRUPT, NOTADB, a foreign schema, a bug */
		return STORE_BROKEN;
	}
}

enum store_code
lite_code(struct store *s, int rc, const char *doing, struct failure *f)
{
	enum store_code code = code_of(s->db, rc);

	if (code == STORE_OK)
		return code;
	if (code == STORE_BROKEN)
		s->broken = true;
	failure_set(f, OUT_STORE, s->path, "%s: %s (SQLite %d)", doing,
	    s->db != NULL ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc), rc);
	return code;
}

enum store_code
lite_refuse(struct store *s, const char *why, struct failure *f)
{
	failure_set(f, OUT_STORE, s->path, "%s", why);
	return STORE_REFUSED;
}

enum store_code
lite_break(struct store *s, const char *why, struct failure *f)
{
	s->broken = true;
	failure_set(f, OUT_STORE, s->path, "%s", why);
	return STORE_BROKEN;
}

uint8_t *
lite_put(uint8_t *out, int64_t value)
{
	int i;

	for (i = 0; i < 8; i++)
		out[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
	return out + 8;
}

const uint8_t *
lite_get(const uint8_t *in, int64_t *value)
{
	uint64_t v = 0;
	int i;

	for (i = 0; i < 8; i++)
		v = v << 8 | in[i];
	*value = (int64_t)v;
	return in + 8;
}

static int64_t
monotonic_us(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void
lite_patience(struct store *s, int64_t us)
{
	s->patience = us;
	s->wait_until = 0;
}

/*
 * SQLite's own handler sleeps in growing steps that starve whoever waits
 * longest; short steps of random length do not.
 */
int
lite_busy(void *arg, int count)
{
	struct store *s = arg;
	struct timespec t = { 0 };
	int64_t now;

	(void)count;
	if (s->patience == 0)
		return 0;
	now = monotonic_us();
	if (s->wait_until == 0)
		s->wait_until = now + s->patience;
	if (now >= s->wait_until)
		return 0;
	s->jitter ^= s->jitter << 13;
	s->jitter ^= s->jitter >> 7;
	s->jitter ^= s->jitter << 17;
	t.tv_nsec = 1000 * (LITE_STEP_MIN +
	    (long)(s->jitter % (LITE_STEP_MAX - LITE_STEP_MIN + 1)));
	nanosleep(&t, NULL);
	return 1;
}

enum store_code
lite_within(struct store *s, enum lite_state state, struct failure *f)
{
	if (s->broken)
		return lite_break(s, "was found broken before", f);
	if (s->state < state)
		return lite_refuse(s, "no such transaction is open", f);
	/* After some errors SQLite rolls back by itself: what comes next
	   would be a transaction of its own. */
	if (s->lost || sqlite3_get_autocommit(s->db))
		return lite_refuse(s, "the transaction was lost", f);
	return STORE_OK;
}

void
lite_call(struct lite_call *c, struct store *s, enum lite_statement which)
{
	memset(c, 0, sizeof(*c));
	c->store = s;
	if (s->statements[which] == NULL)
		c->rc = sqlite3_prepare_v3(s->db, lite_sql(which), -1,
		    SQLITE_PREPARE_PERSISTENT, &s->statements[which], NULL);
	c->statement = s->statements[which];
}

void
lite_int(struct lite_call *c, int64_t value)
{
	if (c->rc == SQLITE_OK)
		c->rc = sqlite3_bind_int64(c->statement, ++c->next, value);
}

void
lite_blob(struct lite_call *c, const void *data, size_t len)
{
	if (c->rc == SQLITE_OK)
		c->rc = sqlite3_bind_blob64(c->statement, ++c->next,
		    data != NULL && len == 0 ? "" : data, len, SQLITE_STATIC);
}

void
lite_text(struct lite_call *c, const char *text)
{
	if (c->rc == SQLITE_OK)
		c->rc = sqlite3_bind_text(c->statement, ++c->next, text, -1,
		    SQLITE_STATIC);
}

bool
lite_row(struct lite_call *c)
{
	if (c->rc == SQLITE_OK || c->rc == SQLITE_ROW)
		c->rc = sqlite3_step(c->statement);
	return c->rc == SQLITE_ROW;
}

enum store_code
lite_done(struct lite_call *c, struct failure *f)
{
	enum store_code code;
	const char *text = NULL;

	if (c->statement != NULL)
		text = sqlite3_sql(c->statement);
	/* The reason names the verb and the table, never a value. */
	code = c->rc == SQLITE_OK ? STORE_OK : lite_code(c->store, c->rc,
	    text == NULL ? "prepare" : text[0] == 'S' ? "read" :
	    text[0] == 'B' ? "begin" : text[0] == 'C' ? "commit" : "write", f);
	if (c->statement != NULL) {
		sqlite3_reset(c->statement);
		sqlite3_clear_bindings(c->statement);
	}
	return code;
}

enum store_code
lite_write(struct lite_call *c, int *changed, struct failure *f)
{
	while (lite_row(c))
		;
	if (changed != NULL)
		*changed = c->rc == SQLITE_DONE ?
		    sqlite3_changes(c->store->db) : 0;
	return lite_done(c, f);
}

enum store_code
lite_write_one(struct lite_call *c, struct failure *f)
{
	struct store *s = c->store;
	enum store_code code;
	int changed;

	code = lite_write(c, &changed, f);
	if (code == STORE_OK && changed != 1)
		return lite_refuse(s, "an account's row is gone", f);
	return code;
}

enum store_code
lite_run(struct store *s, enum lite_statement which, struct failure *f)
{
	struct lite_call c;

	lite_call(&c, s, which);
	return lite_write(&c, NULL, f);
}

enum store_code
lite_number(struct store *s, enum lite_statement which, int64_t *out,
    struct failure *f)
{
	struct lite_call c;

	*out = 0;
	lite_call(&c, s, which);
	if (lite_row(&c))
		*out = sqlite3_column_int64(c.statement, 0);
	return lite_done(&c, f);
}

void
lite_finalize(struct store *s)
{
	size_t i;

	for (i = 0; i < LITE_STATEMENTS; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
}
