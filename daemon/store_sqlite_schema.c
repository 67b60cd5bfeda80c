/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The schema, and the way from one minor to the next.
 *
 * Types and ranges are checks of the tables (STRICT is younger than SQLite
 * 3.34).  What belongs together cannot be committed apart: a recovery set
 * needs a first authenticator, an authenticator a recovery set, both an
 * account; and an account's limiters lie in its own row.  The
 * foreign keys are deferred, so the order of writing is free.
 */
#include <stdio.h>

#include "daemon/store_sqlite.h"

#define STRING_(x) #x
#define STRING(x) STRING_(x)

#define BYTES(c, low, high)						\
	c " BLOB NOT NULL CHECK (typeof(" c ") = 'blob' AND length("	\
	c ") BETWEEN " low " AND " high ")"
#define INTEGER(c, low, high)						\
	c " INTEGER NOT NULL CHECK (typeof(" c ") = 'integer' AND "	\
	c " BETWEEN " low " AND " high ")"
#define MAX "9223372036854775807"
/*
 * Many columns in one check, because each process that opens the store
 * parses all of this: a text or blob is larger than any number, a sum with
 * a fraction (or one too large) is no integer.
 */
#define NUMBERS(least, list, sum)					\
	"CHECK (min(" list ") >= " least " AND max(" list ") <= " MAX	\
	" AND typeof(" sum ") = 'integer')"
#define PRINTABLE(c)							\
	c " TEXT CHECK (length(" c ") <= 255 AND typeof(" c ") <> 'blob'" \
	" AND " c " NOT GLOB '*[^!-~]*')"
#define KEY_ID								\
	"key_id TEXT NOT NULL CHECK (typeof(key_id) = 'text' AND"	\
	" length(key_id) = 8 AND key_id NOT GLOB '*[^0-9a-f]*')"
#define UID_MAX_TEXT "4294967294"

_Static_assert(LITE_LIMITERS == 160, "the schema says so");

/*
 * The tables of accounts, each under its name with p in front: those of a
 * restore are made beside the current ones, and then take their names.
 *
 * enrolled_at stays when factors go: once had one.  limiters: totp and
 * recovery of the login door, then of the public door; each has
 * consecutive, total, since, wait, length, of 8 bytes, big-endian.
 * hashes: 32 bytes each; spent: when, 8 bytes each, big-endian.
 * kind 1: TOTP; algorithm 1, 2, 3: SHA1, SHA256, SHA512.
 * Of a pass, which goes with its account, kind 1: for logins, 2: an
 * enrollment ticket; marks: used_at and the latest time an answer was held
 * against it, 8 bytes each, big-endian; service '': any.  A restore has
 * none.
 */
#define ACCOUNTS(p)							\
	"CREATE TABLE " p "account (id INTEGER PRIMARY KEY CHECK (id > 0)," \
	" name BLOB NOT NULL UNIQUE CHECK (typeof(name) = 'blob'"	\
	"  AND length(name) BETWEEN 1 AND 255 AND instr(name, x'00') = 0)," \
	" uid INTEGER NOT NULL UNIQUE CHECK (typeof(uid) = 'integer'"	\
	"  AND uid BETWEEN 0 AND " UID_MAX_TEXT "),"			\
	" created_at INTEGER NOT NULL, enrolled_at INTEGER NOT NULL,"	\
	" locked INTEGER NOT NULL CHECK (locked IN (0, 1)), "		\
	BYTES("lock_reason", "0", "200") ", " BYTES("limiters", "160", "160") \
	", touch INTEGER NOT NULL, "					\
	NUMBERS("0", "created_at, enrolled_at, touch",			\
	    "created_at + enrolled_at + touch") ");"			\
	"CREATE TABLE " p "recovery (account INTEGER PRIMARY KEY" \
	"  REFERENCES " p "account (id) DEFERRABLE INITIALLY DEFERRED,"	\
	" first INTEGER NOT NULL DEFAULT 1 CHECK (first = 1),"		\
	" rounds INTEGER NOT NULL, created_at INTEGER NOT NULL, "	\
	INTEGER("count", "1", "20") ", " BYTES("salt", "16", "16") ","	\
	" hashes BLOB NOT NULL, spent BLOB NOT NULL, touch INTEGER NOT NULL, " \
	NUMBERS("1", "rounds, created_at, touch + 1",			\
	    "rounds + created_at + touch") ","				\
	" CHECK (rounds <= 10000000 AND typeof(hashes) = 'blob'"	\
	"  AND length(hashes) = 32 * count AND typeof(spent) = 'blob'"	\
	"  AND length(spent) = 8 * count),"				\
	" FOREIGN KEY (account, first) REFERENCES " p "credential"	\
	"  (account, position) DEFERRABLE INITIALLY DEFERRED);"		\
	"CREATE TABLE " p "credential (id INTEGER PRIMARY KEY CHECK (id > 0)," \
	" account INTEGER NOT NULL REFERENCES " p "recovery (account)"	\
	"  DEFERRABLE INITIALLY DEFERRED, "				\
	INTEGER("position", "1", "8") ", " INTEGER("kind", "1", "255") ", " \
	BYTES("label", "0", "64") ","					\
	" algorithm INTEGER NOT NULL CHECK (algorithm IN (1, 2, 3)),"	\
	" digits INTEGER NOT NULL CHECK (digits IN (6, 7, 8)), "	\
	INTEGER("period", "15", "120") ","				\
	" created_at INTEGER NOT NULL, used_at INTEGER NOT NULL,"	\
	" last_step INTEGER NOT NULL, " KEY_ID ", "			\
	BYTES("nonce", "12", "12") ", " BYTES("sealed", "17", "80") ","	\
	" touch INTEGER NOT NULL, "					\
	NUMBERS("0", "created_at, used_at, last_step, touch",		\
	    "created_at + used_at + last_step + touch") ","		\
	" UNIQUE (account, position));"					\
	"CREATE TABLE " p "pass (id INTEGER PRIMARY KEY,"		\
	" account INTEGER NOT NULL REFERENCES " p "account (id)"	\
	"  ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,"		\
	" kind INTEGER NOT NULL CHECK (kind IN (1, 2)),"		\
	" rounds INTEGER NOT NULL, created_at INTEGER NOT NULL,"	\
	" expires_at INTEGER NOT NULL, "				\
	BYTES("salt", "16", "16") ", " BYTES("hash", "32", "32") ", "	\
	BYTES("marks", "16", "16") ","					\
	" service TEXT NOT NULL CHECK (length(service) <= 64"		\
	"  AND typeof(service) = 'text' AND service NOT GLOB '*[^!-~]*')," \
	" actor INTEGER NOT NULL, " BYTES("note", "1", "200") ","	\
	" touch INTEGER NOT NULL, "					\
	NUMBERS("1", "rounds, created_at, expires_at, touch + 1, actor + 2", \
	    "rounds + created_at + touch + actor") ","			\
	" CHECK (rounds <= 10000000 AND expires_at > created_at"	\
	"  AND expires_at - created_at <= 86400),"			\
	" UNIQUE (account, kind));"

const char lite_stage_tables[] = ACCOUNTS("stage_");

static const char schema[] =
	/*
	 * Row 1 is the store: the proof of its keyring, the machine it was
	 * made on (a hash; NULL: unknown), and what a restore declared spent:
	 * steps up to floor_at's and floor_window more.  Others hold free
	 * space while it is made.
	 */
	"CREATE TABLE store (n INTEGER PRIMARY KEY, id BLOB, key_id TEXT,"
	" nonce BLOB, sealed BLOB, machine BLOB, touch INTEGER, filler BLOB,"
	" floor_at INTEGER NOT NULL DEFAULT 0,"
	" floor_window INTEGER NOT NULL DEFAULT 0,"
	" CHECK (typeof(floor_at) = 'integer' AND floor_at >= 0"
	"  AND typeof(floor_window) = 'integer'"
	"  AND floor_window BETWEEN 0 AND " STRING(LITE_FLOOR_WINDOW) "),"
	" CHECK (machine IS NULL OR (typeof(machine) = 'blob'"
	"  AND length(machine) = " STRING(STORE_MACHINE) ")),"
	" CHECK (CASE n WHEN 1 THEN"
	"  typeof(id) = 'blob' AND length(id) = 16"
	"  AND typeof(key_id) = 'text' AND length(key_id) = 8"
	"  AND key_id NOT GLOB '*[^0-9a-f]*'"
	"  AND typeof(nonce) = 'blob' AND length(nonce) = 12"
	"  AND typeof(sealed) = 'blob' AND length(sealed) BETWEEN 17 AND 80"
	"  AND typeof(touch) = 'integer'"
	"  AND filler IS NULL ELSE n BETWEEN 2 AND 64 AND id IS NULL"
	"  AND key_id IS NULL AND nonce IS NULL AND sealed IS NULL"
	"  AND typeof(filler) = 'blob' END));"

	ACCOUNTS("")

	/* Wrong passwords in self-service: the hour's begin and how many. */
	"CREATE TABLE password (uid INTEGER PRIMARY KEY,"
	" failures INTEGER NOT NULL, since INTEGER NOT NULL,"
	" touch INTEGER NOT NULL, "
	NUMBERS("0", "uid, failures, since, touch",
	    "uid + failures + since + touch") ");"

	/*
	 * Events: outcome is the number of enum outcome; change is 0 for an
	 * answer, 1 enrolled, 2 added, 3 new codes, 4 all removed, 5 one
	 * removed, 6 locked, 7 unlocked, 8 pass made, 9 pass revoked, 10
	 * imported, 11 restored, 12 another key, 13 renamed, 14 rebound, 15
	 * pruned (whose name stands in the note alone), 16 backed up;
	 * account 0 is none; uid -1 is somebody NSS does not know; actor is
	 * who asked root for it, -1 unknown; note is why.
	 */
	"CREATE TABLE event (id INTEGER PRIMARY KEY, at INTEGER NOT NULL,"
	" uid INTEGER NOT NULL, account INTEGER NOT NULL,"
	" outcome INTEGER NOT NULL, kind INTEGER NOT NULL,"
	" change INTEGER NOT NULL, door INTEGER NOT NULL, "
	PRINTABLE("service") ", " PRINTABLE("rhost") ", " PRINTABLE("tty") ","
	" actor INTEGER NOT NULL, note BLOB CHECK (note IS NULL OR"
	"  (typeof(note) = 'blob' AND length(note) BETWEEN 1 AND 200)), "
	NUMBERS("-1", "at, uid, account, outcome, kind, change, door, actor",
	    "at + uid + outcome + kind + change + door + actor") ");"
	"CREATE TABLE event_public (id INTEGER PRIMARY KEY,"
	" at INTEGER NOT NULL, uid INTEGER NOT NULL, account INTEGER NOT NULL,"
	" outcome INTEGER NOT NULL, kind INTEGER NOT NULL,"
	" change INTEGER NOT NULL, "
	NUMBERS("-1", "at, uid, account, outcome, kind, change",
	    "at + uid + outcome + kind + change") ");"
	"CREATE TABLE tally (id INTEGER PRIMARY KEY, hour INTEGER NOT NULL,"
	" uid INTEGER NOT NULL, outcome INTEGER NOT NULL,"
	" count INTEGER NOT NULL, last_at INTEGER NOT NULL, "
	NUMBERS("-1", "hour, uid, outcome, count, last_at",
	    "hour + uid + outcome + count + last_at") ","
	" UNIQUE (hour, uid, outcome));"

	"PRAGMA application_id = " STRING(LITE_APPLICATION) ";";

/*
 * One row per minor after the first: user_version before, and the SQL that
 * leads to the next.  A reader may meet the older minor until somebody has
 * written, so statements must not name what the first minor has not got
 * unless begin() upgrades for readers too.
 */
const struct lite_upgrade lite_upgrades[] = {
	{ 0, NULL }
};

enum store_code
lite_version(struct store *s, int *version, struct failure *f)
{
	enum store_code code;
	int64_t found;

	*version = 0;
	code = lite_number(s, LITE_USER_VERSION, &found, f);
	if (code != STORE_OK)
		return code;
	if (found / 100 == LITE_MAJOR) {
		*version = (int)found;
		return STORE_OK;
	}
	s->broken = true;
	failure_set(f, OUT_STORE, s->path, "schema %lld.%02lld, this program "
	    "knows %d.%02d", (long long)(found / 100),
	    (long long)(found % 100), LITE_MAJOR, LITE_MINOR);
	return STORE_BROKEN;
}

static enum store_code
set_version(struct store *s, int version, struct failure *f)
{
	char set[64];

	snprintf(set, sizeof(set), "PRAGMA user_version = %d", version);
	return lite_code(s, sqlite3_exec(s->db, set, NULL, NULL, NULL),
	    "user_version", f);
}

enum store_code
lite_upgrade(struct store *s, const struct lite_upgrade *table, size_t n,
    int version, int target, struct failure *f)
{
	size_t i;
	int rc;

	for (i = 0; i < n && version < target; i++) {
		if (table[i].from != version)
			continue;
		rc = sqlite3_exec(s->db, table[i].sql, NULL, NULL, NULL);
		if (rc != SQLITE_OK)
			return lite_code(s, rc, "upgrade", f);
		version++;
	}
	if (version != target)
		return lite_break(s, "no way to this program's schema", f);
	return set_version(s, target, f);
}

enum store_code
lite_upgrade_all(struct store *s, int version, struct failure *f)
{
	return lite_upgrade(s, lite_upgrades,
	    sizeof(lite_upgrades) / sizeof(lite_upgrades[0]) - 1, version,
	    LITE_VERSION, f);
}

enum store_code
lite_make_schema(struct store *s, struct failure *f)
{
	enum store_code code;

	code = lite_code(s, sqlite3_exec(s->db, schema, NULL, NULL, NULL),
	    "create", f);
	return code == STORE_OK ? set_version(s, LITE_VERSION, f) : code;
}
