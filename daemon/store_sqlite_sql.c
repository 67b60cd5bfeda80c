/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text of every statement.
 */
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
	    " floor_window = ?, machine = ifnull(?, machine), touch = touch + 1"
	    " WHERE n = 1",
};
_Static_assert(sizeof(sql) / sizeof(sql[0]) == LITE_STATEMENTS,
    "every statement has its text");

const char *
lite_sql(enum lite_statement which)
{
	return sql[which];
}
