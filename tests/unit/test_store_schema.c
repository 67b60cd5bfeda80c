/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The schema against those who write past the driver: half an enrollment
 * cannot be committed, no value leaves its range.  And how a schema grows.
 */
#include "tests/unit/store_lite.h"

/* alice, id 1001, and her only credential, id 17000. */
static int
enrolled(void **state)
{
	struct account a;
	struct store *s;

	scene_setup(state);
	s = scene_open(*state, STORE_ADMIN);
	sample_account(&a, "alice", 1000, 1, 10);
	sample_write(driver, s, &a, EFFECT_ENROLL);
	driver->close(s);
	return 0;
}

#define LIMITERS_SQL "zeroblob(160)"
#define ACCOUNT_SQL(id, name, uid)					\
	"INSERT INTO account VALUES (" id ", " name ", " uid		\
	", 1, 1, 0, x'', " LIMITERS_SQL ", 0);"
#define RECOVERY_SQL(account, count, hashes, spent)			\
	"INSERT INTO recovery VALUES (" account ", 1, 1000, 1, " count	\
	", zeroblob(16), " hashes ", " spent ", 0);"
#define CREDENTIAL_SQL(id, account, position)				\
	"INSERT INTO credential VALUES (" id ", " account ", " position	\
	", 1, x'', 1, 6, 30, 1, 1, 1, '0123abcd', zeroblob(12),"	\
	" zeroblob(36), 0);"
#define BOB ACCOUNT_SQL("5", "x'626f62'", "1001")
#define SET RECOVERY_SQL("5", "2", "zeroblob(64)", "zeroblob(16)")
#define PHONE CREDENTIAL_SQL("6", "5", "1")

/* Whole ones commit: so it is the missing part that the others lack. */
static void
whole(void **state)
{
	static const char *const good[] = {
		"BEGIN;" BOB "COMMIT",		/* all factors removed */
		"BEGIN;" SET PHONE "COMMIT",
		"BEGIN;" CREDENTIAL_SQL("7", "5", "8") "COMMIT",
		"BEGIN; DELETE FROM credential WHERE account = 5;"
		    "DELETE FROM recovery WHERE account = 5; COMMIT",
		"BEGIN;" PHONE SET "COMMIT",
	};
	size_t i;

	for (i = 0; i < COUNT(good); i++)
		assert_int_equal(raw(*state, good[i]), SQLITE_OK);
}

static void
half(void **state)
{
	static const char *const bad[] = {
		"BEGIN;" SET "COMMIT",
		"BEGIN;" PHONE "COMMIT",
		"BEGIN;" SET PHONE "COMMIT",
		"BEGIN;" BOB SET "COMMIT",
		"BEGIN;" BOB PHONE "COMMIT",
		"BEGIN;" BOB SET CREDENTIAL_SQL("6", "5", "2") "COMMIT",
		"BEGIN;" BOB SET PHONE CREDENTIAL_SQL("7", "5", "1") "COMMIT",
		"BEGIN;" BOB SET PHONE CREDENTIAL_SQL("7", "5", "9") "COMMIT",
		"BEGIN;" BOB SET PHONE CREDENTIAL_SQL("6", "5", "2") "COMMIT",
		"DELETE FROM credential WHERE account = 1001",
		"DELETE FROM recovery WHERE account = 1001",
		"DELETE FROM account WHERE id = 1001",
		"UPDATE credential SET account = 5",
		"UPDATE account SET id = 5",
	};
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		if (raw(*state, bad[i]) != SQLITE_CONSTRAINT)
			fail_msg("was written: %s", bad[i]);
}

/* A commit that the schema refuses has changed nothing, and is over. */
static void
refused_commit(void **state)
{
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_ADMIN);

	assert_int_equal(driver->begin(s, STORE_WRITE, &sc->failure),
	    STORE_OK);
	assert_int_equal(sqlite3_exec(s->db, BOB SET "UPDATE account SET"
	    " locked = 1", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(driver->commit(s, &sc->failure), STORE_REFUSED);
	assert_string_not_equal(sc->failure.reason, "");
	assert_int_equal(driver->begin(s, STORE_WRITE, &sc->failure),
	    STORE_OK);
	assert_int_equal(ask(s, "SELECT count(*) + sum(locked) FROM account"),
	    1);
	assert_int_equal(driver->commit(s, &sc->failure), STORE_OK);
	driver->close(s);
}

/* A table's own bounds: every one of these would be a foreign value. */
static void
ranges(void **state)
{
	static const char *const bad[] = {
		ACCOUNT_SQL("0", "x'62'", "1"), ACCOUNT_SQL("-1", "x'62'", "1"),
		ACCOUNT_SQL("5", "'bob'", "1"), ACCOUNT_SQL("5", "x''", "1"),
		ACCOUNT_SQL("5", "zeroblob(2)", "1"),
		ACCOUNT_SQL("5", "CAST(printf('%.256c', 'n') AS BLOB)", "1"),
		ACCOUNT_SQL("5", "NULL", "1"),
		ACCOUNT_SQL("5", "x'616c696365'", "1"),
		ACCOUNT_SQL("5", "x'62'", "1000"),
		ACCOUNT_SQL("5", "x'62'", "-1"),
		ACCOUNT_SQL("5", "x'62'", "4294967295"),
		ACCOUNT_SQL("5", "x'62'", "'root'"),
		"UPDATE account SET created_at = -1",
		"UPDATE account SET enrolled_at = 'now'",
		"UPDATE account SET locked = 2",
		"UPDATE account SET locked = NULL",
		"UPDATE account SET lock_reason = 'text'",
		"UPDATE account SET lock_reason = zeroblob(201)",
		"UPDATE account SET limiters = zeroblob(159)",
		"UPDATE account SET limiters = zeroblob(161)",
		"UPDATE account SET limiters = NULL",
		"UPDATE account SET limiters = printf('%160s', '')",
		"UPDATE account SET touch = 9223372036854775807",
		"UPDATE account SET touch = 0.5",
		"UPDATE recovery SET rounds = 10000001",
		"UPDATE recovery SET rounds = 1.5",
		"UPDATE recovery SET touch = -1",
		"UPDATE credential SET created_at = x'00'",
		"UPDATE recovery SET count = 9",
		"UPDATE recovery SET count = 21",
		"UPDATE recovery SET hashes = zeroblob(319)",
		"UPDATE recovery SET spent = zeroblob(72)",
		"UPDATE recovery SET spent = NULL",
		"UPDATE recovery SET salt = zeroblob(15)",
		"UPDATE recovery SET rounds = 0",
		"UPDATE recovery SET created_at = 0",
		"UPDATE recovery SET first = 2",
		"UPDATE credential SET position = 0",
		"UPDATE credential SET kind = 0",
		"UPDATE credential SET label = zeroblob(65)",
		"UPDATE credential SET algorithm = 4",
		"UPDATE credential SET digits = 5",
		"UPDATE credential SET digits = '6 digits'",
		"UPDATE credential SET period = 14",
		"UPDATE credential SET period = 121",
		"UPDATE credential SET last_step = -1",
		"UPDATE credential SET last_step = 1.5",
		"UPDATE credential SET key_id = '0123abc'",
		"UPDATE credential SET key_id = '0123abcG'",
		"UPDATE credential SET key_id = x'3031323361626364'",
		"UPDATE credential SET nonce = zeroblob(11)",
		"UPDATE credential SET sealed = zeroblob(16)",
		"UPDATE credential SET sealed = zeroblob(81)",
		"UPDATE credential SET sealed = 'text of some length'",
		"INSERT INTO password VALUES (-1, 0, 0, 0)",
		"INSERT INTO password VALUES (1, -1, 0, 0)",
		"INSERT INTO tally VALUES (1, 1, -2, 1, 1, 1)",
		"INSERT INTO tally VALUES (1, 1, 0, 'one', 1, 1)",
		"INSERT INTO event VALUES (9, 1, -2, 1, 1, 1, 0, 0, '', '', '',"
		    " -1, NULL)",
		"INSERT INTO event VALUES (9, 1, 1, 1, 1.5, 1, 0, 0, '', '', '',"
		    " -1, NULL)",
		"INSERT INTO event VALUES (9, 1, 1, 1, 1, 'a', 0, 0, '', '', '',"
		    " -1, NULL)",
		"INSERT INTO event VALUES (9, 1, 1, 1, 1, 1, 0, 0, '', 'a b', '',"
		    " -1, NULL)",
		"INSERT INTO event VALUES (9, 1, 1, 1, 1, 1, 0, 0, x'', '', '',"
		    " -1, NULL)",
		"INSERT INTO event VALUES (9, 1, 1, 1, 1, 1, 0, 0, '', '', '',"
		    " -2, NULL)",
		"INSERT INTO event VALUES (9, 1, 1, 1, 1, 1, 0, 0, '', '', '',"
		    " -1, x'')",
		"INSERT INTO event VALUES (9, 1, 1, 1, 1, 1, 0, 0, '', '', '',"
		    " -1, 'text')",
		"UPDATE store SET id = zeroblob(15)",
		"UPDATE store SET key_id = NULL",
		"UPDATE store SET key_id = '0123ABCD'",
		"UPDATE store SET nonce = zeroblob(11)",
		"UPDATE store SET sealed = zeroblob(16)",
		"UPDATE store SET sealed = '0123456789012345678'",
		"UPDATE store SET filler = x'00'",
		"INSERT INTO store (n) VALUES (1)",
		"INSERT INTO store (n) VALUES (2)",
		"INSERT INTO store (n, filler) VALUES (65, x'00')",
	};
	int rc;
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		rc = raw(*state, bad[i]);
		if (rc != SQLITE_CONSTRAINT && rc != SQLITE_MISMATCH)
			fail_msg("%d: %s", rc, bad[i]);
	}
}

/* Rows of somebody who switched the checks off are refused, not read. */
static void
past_the_checks(void **state)
{
	static const char *const damage[] = {
		"UPDATE credential SET kind = 2",
		"UPDATE credential SET sealed = zeroblob(200)",
		"UPDATE credential SET digits = 99",
		"UPDATE credential SET key_id = '01234567890'",
		"UPDATE credential SET label = x'610062'",
		"UPDATE credential SET key_id = '0123'",
		"UPDATE credential SET nonce = x''",
		"UPDATE credential SET sealed = zeroblob(16)",
		"UPDATE recovery SET salt = zeroblob(15)",
		"UPDATE recovery SET hashes = zeroblob(64)",
		"UPDATE recovery SET count = 5",
		"UPDATE recovery SET count = 4000000",
		"UPDATE recovery SET spent = zeroblob(8)",
		"UPDATE recovery SET spent = 'text'",
		"UPDATE recovery SET spent = randomblob(80) || x'00'",
		"UPDATE account SET locked = 'no'",
		"UPDATE account SET limiters = x''",
		/* consecutive negative; the last length over a day */
		"UPDATE account SET limiters = CAST(x'ff' || zeroblob(159)"
		    " AS BLOB)",
		"UPDATE account SET limiters = CAST(zeroblob(157) ||"
		    " x'015181' AS BLOB)",
		"UPDATE account SET lock_reason = zeroblob(5000)",
	};
	struct scene *sc = *state;
	char sql[256];
	struct account a;
	struct store *s;
	size_t i;

	for (i = 0; i < COUNT(damage); i++) {
		scene_teardown(state);
		enrolled(state);
		sc = *state;
		snprintf(sql, sizeof(sql), "PRAGMA ignore_check_constraints"
		    " = ON; %s", damage[i]);
		assert_int_equal(raw(sc, sql), SQLITE_OK);
		s = scene_open(sc, STORE_SELF);
		assert_int_equal(driver->begin(s, STORE_READ, &sc->failure),
		    STORE_OK);
		if (driver->load(s, "alice", 1000, &a, &sc->failure) !=
		    STORE_REFUSED)
			fail_msg("was read: %s", damage[i]);
		assert_int_equal(a.match, ACCOUNT_NONE);
		assert_int_equal(a.credential_count, 0);
		driver->close(s);
	}
}

/* The rings: the newest stay, a few old ones go with each new one. */
static void
rings(void **state)
{
	static const enum effect_kind kind = EFFECT_EVENT;
	struct decision d = sample_decision(OUT_BAD_CODE, 1, &kind);
	struct store_event e;
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_ADMIN);
	struct store_options o = sample_options(STORE_ADMIN);
	struct account a;
	int64_t before;
	int i;

	sample_account(&a, "alice", 1000, 1, 10);
	assert_int_equal(driver->begin(s, STORE_WRITE, &sc->failure),
	    STORE_OK);
	for (i = 0; i < SAMPLE_EVENTS + 50; i++) {
		e = sample_event(DOOR_LOGIN, OUT_BAD_CODE);
		e.at += i;
		assert_int_equal(driver->apply(s, &a, &d, &e, &sc->failure),
		    STORE_OK);
	}
	e = sample_event(DOOR_PUBLIC, OUT_BAD_CODE);
	assert_int_equal(driver->apply(s, &a, &d, &e, &sc->failure),
	    STORE_OK);
	assert_int_equal(driver->commit(s, &sc->failure), STORE_OK);
	assert_int_equal(ask(s, "SELECT count(*) FROM event"), SAMPLE_EVENTS);
	/* Row 1 is the enrollment. */
	assert_int_equal(ask(s, "SELECT min(at) FROM event"), SAMPLE_NOW + 50);
	assert_int_equal(ask(s, "SELECT count(*) FROM event_public"), 1);
	driver->close(s);
	o.audit_events = SAMPLE_EVENTS / 2;
	assert_int_equal(driver->open(sc->path, &o, &s, &sc->failure),
	    STORE_OK);
	e = sample_event(DOOR_ADMIN, OUT_BAD_CODE);
	assert_int_equal(driver->begin(s, STORE_WRITE, &sc->failure),
	    STORE_OK);
	for (i = 0; i < 400; i++) {
		before = sqlite3_total_changes(s->db);
		assert_int_equal(driver->apply(s, &a, &d, &e, &sc->failure),
		    STORE_OK);
		assert_true(sqlite3_total_changes(s->db) - before <= 5);
	}
	assert_int_equal(driver->commit(s, &sc->failure), STORE_OK);
	assert_int_equal(ask(s, "SELECT count(*) FROM event"),
	    SAMPLE_EVENTS / 2);
	driver->close(s);
}

/* A change is an event of its own, once, and says which. */
static void
change_events(void **state)
{
	static const enum effect_kind kinds[] = { EFFECT_NEW_CODES,
	    EFFECT_EVENT };
	struct decision d = sample_decision(OUT_DONE, 2, kinds);
	struct store_event e = sample_event(DOOR_PUBLIC, OUT_DONE);
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_ADMIN);
	struct account a;

	sample_account(&a, "alice", 1000, 1, 10);
	sample_credential(&a.credentials[1], 3);
	a.credential_count = 2;
	sample_write(driver, s, &a, EFFECT_ADD);
	assert_int_equal(driver->begin(s, STORE_WRITE, &sc->failure),
	    STORE_OK);
	assert_int_equal(driver->apply(s, &a, &d, &e, &sc->failure), STORE_OK);
	assert_int_equal(driver->commit(s, &sc->failure), STORE_OK);
	sample_write(driver, s, &a, EFFECT_REMOVE);
	a.locked = true;
	sample_write(driver, s, &a, EFFECT_LOCK);
	a.locked = false;
	sample_write(driver, s, &a, EFFECT_LOCK);
	assert_int_equal(ask(s, "SELECT group_concat(change, '') = '12467'"
	    " FROM event"), 1);
	assert_int_equal(ask(s, "SELECT min(change) = 3 AND count(*) = 1"
	    " FROM event_public"), 1);
	driver->close(s);
}

static void
tally(struct scene *sc, struct store *s, const struct account *a,
    enum door door, enum outcome outcome, int64_t at)
{
	static const enum effect_kind kind = EFFECT_TALLY;
	struct decision d = sample_decision(outcome, 1, &kind);
	struct store_event e = sample_event(door, outcome);

	e.at = at;
	assert_int_equal(driver->apply(s, a, &d, &e, &sc->failure), STORE_OK);
}

/* One row per account, outcome and hour; old ones go, few at a time. */
static void
tallies(void **state)
{
	const int64_t hour = SAMPLE_NOW / 3600 * 3600;
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_ADMIN);
	struct account a, nobody;
	int i;

	memset(&nobody, 0, sizeof(nobody));
	sample_account(&a, "alice", 1000, 1, 10);
	assert_int_equal(driver->begin(s, STORE_WRITE, &sc->failure),
	    STORE_OK);
	for (i = 0; i < 3; i++)
		tally(sc, s, &a, DOOR_LOGIN, OUT_LOCKED, hour + i * 1000);
	tally(sc, s, &a, DOOR_LOGIN, OUT_LOCKED, hour + 3600);
	tally(sc, s, &a, DOOR_LOGIN, OUT_BAD_FORMAT, hour);
	tally(sc, s, &nobody, DOOR_LOGIN, OUT_NO_USER, hour);
	nobody.uid = (uid_t)-1;
	snprintf(nobody.name, sizeof(nobody.name), "nobody");
	tally(sc, s, &nobody, DOOR_LOGIN, OUT_NO_USER, hour);
	tally(sc, s, &a, DOOR_PUBLIC, OUT_LOCKED, hour);
	assert_int_equal(ask(s, "SELECT count(*) FROM tally"), 4);
	assert_int_equal(ask(s, "SELECT max(count) FROM tally"), 3);
	assert_int_equal(ask(s, "SELECT count FROM tally WHERE uid = -1"), 2);
	for (i = 1; i < 200; i++)
		tally(sc, s, &a, DOOR_LOGIN, OUT_LOCKED,
		    hour + (int64_t)i * 24 * 3600);
	assert_true(ask(s, "SELECT count(*) FROM tally") <=
	    LITE_TALLY_DAYS + 2);
	/* However many hours and outcomes: never more than the ring's. */
	for (i = 0; i < 1200; i++)
		tally(sc, s, &a, DOOR_LOGIN, OUT_BAD_FORMAT,
		    hour + 200 * 24 * 3600 + (int64_t)i * 3600);
	assert_int_equal(ask(s, "SELECT count(*) FROM tally"), SAMPLE_EVENTS);
	driver->close(s);
}

/* How an older minor becomes a newer one: whole, or not at all. */
static void
upgrades(void **state)
{
	static const struct lite_upgrade table[] = {
		{ 100, "ALTER TABLE account ADD COLUMN one INTEGER" },
		{ 101, "ALTER TABLE account ADD COLUMN two INTEGER" },
		{ 102, "CREATE TABLE three (id); NOT SQL" },
	};
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_ADMIN);

	assert_int_equal(driver->begin(s, STORE_WRITE, &sc->failure),
	    STORE_OK);
	assert_int_equal(lite_upgrade(s, table, 2, 100, 102, &sc->failure),
	    STORE_OK);
	driver->rollback(s);
	assert_int_equal(ask(s, "PRAGMA user_version"), 100);
	assert_int_equal(driver->begin(s, STORE_WRITE, &sc->failure),
	    STORE_OK);
	assert_int_equal(lite_upgrade(s, table, 2, 100, 102, &sc->failure),
	    STORE_OK);
	assert_int_equal(driver->commit(s, &sc->failure), STORE_OK);
	assert_int_equal(ask(s, "PRAGMA user_version"), 102);
	assert_int_equal(ask(s, "SELECT count(*) FROM account WHERE one IS NULL"
	    " AND two IS NULL"), 1);
	assert_int_equal(driver->begin(s, STORE_WRITE, &sc->failure),
	    STORE_OK);
	assert_int_equal(lite_upgrade(s, table, 3, 102, 103, &sc->failure),
	    STORE_BROKEN);
	driver->close(s);
	s = scene_open(sc, STORE_ADMIN);
	assert_int_equal(ask(s, "PRAGMA user_version"), 102);
	assert_int_equal(ask(s, "SELECT count(*) FROM sqlite_master"
	    " WHERE name = 'three'"), 0);
	assert_int_equal(driver->begin(s, STORE_WRITE, &sc->failure),
	    STORE_OK);
	assert_int_equal(lite_upgrade(s, table, 2, 102, 103, &sc->failure),
	    STORE_BROKEN);	/* no row leads there */
	driver->close(s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define SCENE(t) cmocka_unit_test_setup_teardown(t, enrolled, scene_teardown)
		SCENE(whole), SCENE(half), SCENE(refused_commit),
		SCENE(ranges),
		SCENE(past_the_checks), SCENE(rings), SCENE(change_events),
		SCENE(tallies), SCENE(upgrades),
	};

	return cmocka_run_group_tests_name("store: schema", tests, NULL, NULL);
}
