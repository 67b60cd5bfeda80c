/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One handle's statements, errors and waits.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/store_sqlite.h"

/*
 * Rows of accounts are made in the tables that are current and, with an S
 * in front of their names, in those of a restore.
 */
#define S "stage_"
#define ACCOUNT_COLUMNS							\
	"id, name, uid, created_at, enrolled_at, locked, lock_reason, limiters"
#define NEW_ACCOUNT(p)							\
	"INTO " p "account (id, name, uid, created_at,"			\
	" enrolled_at, locked, lock_reason, limiters, touch)"		\
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)"
/* The lowest free position, so that the ninth has none; never without a
   recovery set. */
#define NEW_CREDENTIAL(p)						\
	"INSERT INTO " p "credential (position, account,"		\
	" id, kind, label, algorithm, digits, period, created_at, used_at," \
	" last_step, key_id, nonce, sealed, touch) SELECT"		\
	" (SELECT min(n) FROM (SELECT 1 AS n UNION ALL SELECT position + 1" \
	" FROM " p "credential WHERE account = ?1) WHERE n NOT IN"	\
	" (SELECT position FROM " p "credential WHERE account = ?1)),"	\
	" ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 0"	\
	" WHERE EXISTS (SELECT 1 FROM " p "recovery WHERE account = ?1)"
#define NEW_RECOVERY(p)							\
	"INSERT INTO " p "recovery (account, rounds,"			\
	" created_at, count, salt, hashes, spent, touch)"		\
	" VALUES (?, ?, ?, ?, ?, ?, ?, 0)"

/* Few old rows go with a new one: bounded work, and rings that were made
   smaller shrink with use. */
#define OLDEST(table) "(SELECT min(id) FROM " table ") - 1 + "

/* When an unused pass of that kind ends; 0: there is none. */
#define LIVE(kind) "ifnull((SELECT expires_at FROM pass p WHERE"	\
	" p.account = a.id AND p.kind = " kind				\
	" AND substr(p.marks, 1, 8) = zeroblob(8)), 0)"

static const char *const sql[] = {
	[LITE_BEGIN_READ] = "BEGIN",
	[LITE_BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[LITE_COMMIT] = "COMMIT",
	[LITE_ROLLBACK] = "ROLLBACK",
	[LITE_MARK] = "SAVEPOINT mark",
	[LITE_KEEP] = "RELEASE mark",
	[LITE_UNDO] = "ROLLBACK TO mark",
	[LITE_USER_VERSION] = "PRAGMA user_version",

	[LITE_LOAD_ACCOUNT] = "SELECT " ACCOUNT_COLUMNS
	    " FROM account WHERE name = ? OR uid = ?",
	[LITE_LOAD_CREDENTIALS] = "SELECT id, kind, label, algorithm, digits,"
	    " period, created_at, used_at, last_step, key_id, nonce, sealed,"
	    " (SELECT floor_at FROM store WHERE n = 1),"
	    " (SELECT floor_window FROM store WHERE n = 1)"
	    " FROM credential WHERE account = ? ORDER BY position",
	[LITE_LOAD_RECOVERY] = "SELECT rounds, created_at, count, salt,"
	    " hashes, spent FROM recovery WHERE account = ?",
	[LITE_LOAD_PASSES] = "SELECT kind, rounds, created_at, expires_at,"
	    " salt, hash, marks, service, actor, note FROM pass"
	    " WHERE account = ? ORDER BY kind",
	[LITE_LOAD_PASSWORD] = "SELECT failures, since FROM password"
	    " WHERE uid = ?",
	[LITE_LOAD_PROOF] = "SELECT key_id, nonce, sealed FROM store"
	    " WHERE n = 1",
	[LITE_SAVE_PROOF] = "UPDATE store SET key_id = ?, nonce = ?,"
	    " sealed = ?, touch = touch + 1 WHERE n = 1",
	[LITE_SEALS] = "SELECT c.id, c.account, ifnull(a.name, x''),"
	    " c.key_id, c.nonce, c.sealed FROM credential c"
	    " LEFT JOIN account a ON a.id = c.account"
	    " WHERE c.id > ? ORDER BY c.id LIMIT ?",
	/* As long as the old one: overwritten in its place. */
	[LITE_RESEAL] = "UPDATE credential SET key_id = ?, nonce = ?,"
	    " sealed = ?, touch = touch + 1 WHERE id = ? AND account = ?"
	    " AND key_id = ? AND nonce = ? AND sealed = ?",
	[LITE_LIST] = "SELECT name, uid FROM account WHERE name > ?"
	    " ORDER BY name LIMIT ?",

	/* Both groups come in the order of an index: nothing is sorted. */
	[LITE_LINES] = "SELECT a.name, a.uid, a.enrolled_at, a.locked,"
	    " a.limiters, count(c.id), ifnull(max(c.used_at), 0),"
	    " ifnull(min(length(c.sealed)), 0), ifnull(r.count, 0),"
	    " ifnull(r.spent, x''), " LIVE("1") ", " LIVE("2") " FROM account a"
	    " LEFT JOIN recovery r ON r.account = a.id"
	    " LEFT JOIN credential c ON c.account = a.id"
	    " WHERE a.name > ? GROUP BY a.name ORDER BY a.name LIMIT ?",
	[LITE_PASSES] = "SELECT p.id, a.name, a.uid, p.kind, p.rounds,"
	    " p.created_at, p.expires_at, p.salt, p.hash, p.marks, p.service,"
	    " p.actor, p.note FROM pass p JOIN account a ON a.id = p.account"
	    " WHERE p.id > ? ORDER BY p.id LIMIT ?",
	[LITE_RECORDS_LOGIN] = "SELECT e.id, e.at, e.uid, ifnull(a.name, x''),"
	    " e.outcome, e.kind, e.change, ifnull(e.service, ''),"
	    " ifnull(e.rhost, ''), ifnull(e.tty, ''), e.actor,"
	    " ifnull(e.note, x'') FROM event e"
	    " LEFT JOIN account a ON a.id = e.account"
	    " WHERE e.id > ? ORDER BY e.id LIMIT ?",
	[LITE_RECORDS_PUBLIC] = "SELECT e.id, e.at, e.uid,"
	    " ifnull(a.name, x''), e.outcome, e.kind, e.change, '', '', '',"
	    " -1, x'' FROM event_public e"
	    " LEFT JOIN account a ON a.id = e.account"
	    " WHERE e.id > ? ORDER BY e.id LIMIT ?",
	/* In the order of the index. */
	[LITE_TALLIES] = "SELECT t.hour, t.uid, ifnull(a.name, x''),"
	    " t.outcome, t.count, t.last_at FROM tally t"
	    " LEFT JOIN account a ON a.uid = t.uid"
	    " WHERE (t.hour, t.uid, t.outcome) > (?, ?, ?)"
	    " ORDER BY t.hour, t.uid, t.outcome LIMIT ?",

	/* A step is never moved back, whatever the caller thinks. */
	[LITE_SET_CREDENTIAL] = "UPDATE credential SET"
	    " last_step = max(last_step, ?), used_at = ?, touch = touch + 1"
	    " WHERE id = ? AND account = ?",
	[LITE_SET_SPENT] = "UPDATE recovery SET spent = ?, touch = touch + 1"
	    " WHERE account = ? AND salt = ?",
	[LITE_SET_LIMITERS] = "UPDATE account SET limiters = ?,"
	    " touch = touch + 1 WHERE id = ?",
	[LITE_SET_ENROLLED] = "UPDATE account SET enrolled_at = ?,"
	    " limiters = ?, touch = touch + 1"
	    " WHERE id = ? AND name = ? AND uid = ?",
	[LITE_SET_LOCK] = "UPDATE account SET locked = ?, lock_reason = ?,"
	    " limiters = ?, touch = touch + 1"
	    " WHERE id = ? AND name = ? AND uid = ?",
	[LITE_SET_NAME] = "UPDATE account SET name = ?, touch = touch + 1"
	    " WHERE id = ? AND name = ? AND uid = ?",
	[LITE_SET_UID] = "UPDATE account SET uid = ?, touch = touch + 1"
	    " WHERE id = ? AND name = ? AND uid = ?",
	[LITE_SET_SEAL] = "UPDATE credential SET key_id = ?, nonce = ?,"
	    " sealed = ?, touch = touch + 1 WHERE id = ? AND account = ?",
	[LITE_NEW_ACCOUNT] = "INSERT " NEW_ACCOUNT(""),
	[LITE_NEW_CREDENTIAL] = NEW_CREDENTIAL(""),
	[LITE_NEW_RECOVERY] = NEW_RECOVERY(""),
	[LITE_DROP_CREDENTIALS] = "DELETE FROM credential WHERE account = ?",
	[LITE_DROP_RECOVERY] = "DELETE FROM recovery WHERE account = ?",
	[LITE_DROP_ACCOUNT] = "DELETE FROM account"
	    " WHERE id = ? AND name = ? AND uid = ?",
	[LITE_DROP_PASSWORD] = "DELETE FROM password WHERE uid = ?",
	[LITE_SET_PASS] = "UPDATE pass SET marks = ?, touch = touch + 1"
	    " WHERE account = ? AND kind = ? AND salt = ?",
	[LITE_NEW_PASS] = "INSERT INTO pass (account, kind, rounds,"
	    " created_at, expires_at, salt, hash, marks, service, actor, note,"
	    " touch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
	[LITE_DROP_PASSES] = "DELETE FROM pass WHERE account = ?",
	[LITE_SAVE_PASSWORD] = "INSERT INTO password (uid, failures, since,"
	    " touch) VALUES (?, ?, ?, 0) ON CONFLICT (uid) DO UPDATE SET"
	    " failures = excluded.failures, since = excluded.since,"
	    " touch = touch + 1",

	[LITE_EVENT_LOGIN] = "INSERT INTO event (at, uid, account, outcome,"
	    " kind, change, door, service, rhost, tty, actor, note)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[LITE_EVENT_PUBLIC] = "INSERT INTO event_public (at, uid, account,"
	    " outcome, kind, change) VALUES (?, ?, ?, ?, ?, ?)",
	[LITE_RING_LOGIN] = "DELETE FROM event WHERE id <="
	    " min(?, " OLDEST("event") "?)",
	[LITE_RING_PUBLIC] = "DELETE FROM event_public WHERE id <="
	    " min(?, " OLDEST("event_public") "?)",
	[LITE_TALLY] = "INSERT INTO tally (hour, uid, outcome, count, last_at)"
	    " VALUES (?, ?, ?, 1, ?) ON CONFLICT (hour, uid, outcome)"
	    " DO UPDATE SET count = count + 1, last_at = excluded.last_at",
	[LITE_TALLY_OLD] = "DELETE FROM tally WHERE id <= "
	    OLDEST("tally") "4 AND (hour < ?"
	    " OR id <= (SELECT max(id) FROM tally) - ?)",

	[LITE_TOUCH] = "UPDATE store SET touch = touch + 1 WHERE n = 1",
	[LITE_FREE_PAGES] = "PRAGMA freelist_count",
	[LITE_PAGES] = "PRAGMA page_count",
	[LITE_FILL] = "INSERT INTO store (n, filler) VALUES (?, zeroblob(?))",
	[LITE_UNFILL] = "DELETE FROM store WHERE n > 1",

	[LITE_SNAPSHOT] = "SELECT " ACCOUNT_COLUMNS " FROM account"
	    " WHERE id > ? ORDER BY id LIMIT ?",
	[LITE_STAGE_ACCOUNT] = "INSERT " NEW_ACCOUNT(S),
	[LITE_STAGE_CREDENTIAL] = NEW_CREDENTIAL(S),
	[LITE_STAGE_RECOVERY] = NEW_RECOVERY(S),
	/* Whose id, name or uid is another's by now has no row of his. */
	[LITE_STAGE_KEEP] = "INSERT OR IGNORE " NEW_ACCOUNT(S),
	[LITE_STAGE_MERGE] = "UPDATE stage_account SET enrolled_at = ?,"
	    " locked = ?, lock_reason = ?, limiters = ? WHERE id = ?",
	[LITE_STAGE_THERE] = "SELECT " ACCOUNT_COLUMNS " FROM stage_account"
	    " WHERE id = ? OR name = ?",
	[LITE_STAGE_HERE] = "SELECT " ACCOUNT_COLUMNS ", EXISTS (SELECT 1"
	    " FROM credential c WHERE c.account = a.id) FROM account a"
	    " WHERE id > ? ORDER BY id LIMIT ?",
	[LITE_STAGE_RINGS] = "SELECT ifnull((SELECT max(id) FROM event), 0),"
	    " ifnull((SELECT max(id) FROM event_public), 0)",
	[LITE_STAGE_CHANGED_LOGIN] = "SELECT id, account FROM event"
	    " WHERE id > ? ORDER BY id LIMIT ?",
	[LITE_STAGE_CHANGED_PUBLIC] = "SELECT id, account FROM event_public"
	    " WHERE id > ? ORDER BY id LIMIT ?",
	[LITE_STAGE_OCCUPIED] = "SELECT EXISTS (SELECT 1 FROM credential)",
	[LITE_LOAD_MACHINE] = "SELECT ifnull(machine, x'') FROM store"
	    " WHERE n = 1",
	[LITE_STAGE_FLOOR] = "UPDATE store SET floor_at = ?,"
	    " floor_window = ?, machine = ifnull(?, machine), touch = touch + 1 WHERE n = 1",
};
_Static_assert(sizeof(sql) / sizeof(sql[0]) == LITE_STATEMENTS,
    "every statement has its text");

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
		c->rc = sqlite3_prepare_v3(s->db, sql[which], -1,
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
