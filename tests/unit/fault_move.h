/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An account that root moves: made anew where it was, and looked at
 * afterwards, row for row, by a way on which nothing fails.
 */
#ifndef STEPUP_TESTS_FAULT_MOVE_H
#define STEPUP_TESTS_FAULT_MOVE_H

#include "tests/unit/fault_way.h"

#include "daemon/store_sqlite.h"

#define MOVE_OLD	"stepup-old-name"
#define MOVE_ID	77
#define MOVE_SECRETS	2	/* each sealed for the name */
#define MOVE_ROWS	(MOVE_SECRETS + 4)

/* Who is moved, from where to where; to NULL: to nowhere. */
struct moving {
	const char	*name;
	uint8_t		 verb;
	const char	*from, *to;
	uid_t		 from_uid;
	unsigned	 change;	/* of its event */
	enum outcome	 again;		/* of a second one */
};

static char move_me[64];		/* as the name service has this test */
static const struct moving *moving;
static struct account move_before;	/* as it lay in the store */
static int64_t move_last;

static inline void
move_secret(size_t i, struct secret *secret)
{
	uint8_t bytes[20];

	memset(bytes, 'a' + (int)i, sizeof(bytes));
	assert_true(secret_set(secret, bytes, sizeof(bytes)));
}

static inline struct keyring *
move_ring(void)
{
	struct failure f = { .path = "" };
	struct keyring *ring = NULL;

	assert_int_equal(keyring_read(fault_paths.keyring, getuid(), &ring,
	    NULL, &f), OUT_DONE);
	return ring;
}

static inline struct account
move_load(const char *name, uid_t uid)
{
	struct failure f = { .path = "" };
	struct store *s = fault_store();
	struct account a;

	assert_int_equal(store_sqlite.begin(s, STORE_READ, &f), STORE_OK);
	assert_int_equal(store_sqlite.load(s, name, uid, &a, &f), STORE_OK);
	store_sqlite.rollback(s);
	store_sqlite.close(s);
	return a;
}

/* How many events of this change came behind move_last, which moves on. */
static inline unsigned
move_events(unsigned change)
{
	static struct store_record records[STORE_RECORDS];
	struct failure f = { .path = "" };
	struct store *s = fault_store();
	unsigned found = 0;
	size_t i, n;

	do {
		assert_int_equal(store_sqlite.records(s, RING_LOGIN,
		    move_last, records, &n, &f), STORE_OK);
		for (i = 0; i < n; i++) {
			move_last = records[i].id;
			found += records[i].change == change;
		}
	} while (n > 0);
	store_sqlite.close(s);
	return found;
}

/* Rows that belong to the account, by whatever name, or to its old uid. */
static inline int64_t
move_rows(void)
{
	struct store *s = fault_store();
	sqlite3_stmt *st = NULL;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(s->db, "SELECT"
	    " (SELECT count(*) FROM account WHERE id = ?1) +"
	    " (SELECT count(*) FROM credential WHERE account = ?1) +"
	    " (SELECT count(*) FROM recovery WHERE account = ?1) +"
	    " (SELECT count(*) FROM pass WHERE account = ?1) +"
	    " (SELECT count(*) FROM password WHERE uid = ?2)",
	    -1, &st, NULL), SQLITE_OK);
	sqlite3_bind_int64(st, 1, MOVE_ID);
	sqlite3_bind_int64(st, 2, moving->from_uid);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	store_sqlite.close(s);
	return n;
}

/* Two authenticators, a code spent, a pass, failures of every kind. */
static inline void
move_make(struct account *a)
{
	struct keyring *ring = move_ring();
	struct seal_row row = { MOVE_ID, a->name, 0 };
	struct secret secret = { 0 };
	size_t i;

	*a = fault_person;
	a->id = MOVE_ID;
	memset(a->name, 0, sizeof(a->name));
	memcpy(a->name, moving->from, strlen(moving->from));
	a->uid = moving->from_uid;
	a->credential_count = MOVE_SECRETS;
	for (i = 0; i < MOVE_SECRETS; i++) {
		a->credentials[i] = fault_person.credentials[0];
		a->credentials[i].id = row.credential_id = 90 + (int64_t)i;
		snprintf(a->credentials[i].label,
		    sizeof(a->credentials[i].label), "phone %zu", i);
		move_secret(i, &secret);
		assert_true(seal_close(ring, &row, &secret,
		    &a->credentials[i].sealed));
	}
	a->recovery.codes[1].spent_at = clock_now();
	for (i = 0; i < LIMITERS; i++) {
		a->limiters[i].consecutive = 1 + (int64_t)i;
		a->limiters[i].total = 5 + (int64_t)i;
		a->limiters[i].total_since = clock_now();
	}
	keyring_free(ring);
}

static inline void
move_forget(struct store *s, const char *name, uid_t uid,
    const struct store_event *e)
{
	struct failure f = { .path = "" };
	struct account a;

	assert_int_equal(store_sqlite.load(s, name, uid, &a, &f), STORE_OK);
	if (a.match == ACCOUNT_FOUND)
		assert_int_equal(store_sqlite.forget(s, &a, e, &f),
		    STORE_OK);
}

/* The account where it was, and nowhere else. */
static inline void
move_anew(void)
{
	struct store_event e = { .at = clock_now(), .outcome = OUT_DONE,
		.door = DOOR_ADMIN };
	struct decision d = { .outcome = OUT_DONE, .effect_count = 2,
		.effects = { EFFECT_ENROLL, EFFECT_LIMITERS } };
	struct limiter password = { .consecutive = 3 };
	struct failure f = { .path = "" };
	struct store *s = fault_store();
	struct account a;

	assert_int_equal(store_sqlite.begin(s, STORE_WRITE, &f), STORE_OK);
	move_forget(s, MOVE_OLD, getuid(), &e);
	move_forget(s, move_me, getuid(), &e);
	move_forget(s, move_me, getuid() + 1, &e);
	move_make(&a);
	if (store_sqlite.apply(s, &a, &d, &e, &f) != STORE_OK ||
	    store_sqlite.save_password(s, a.uid, &password, &f) != STORE_OK)
		fail_msg("%s: %s", f.path, f.reason);
	assert_int_equal(store_sqlite.commit(s, &f), STORE_OK);
	store_sqlite.tend(s, false);
	store_sqlite.close(s);
	move_before = move_load(moving->from, moving->from_uid);
	assert_int_equal(move_before.match, ACCOUNT_FOUND);
	assert_int_equal(move_before.credential_count, MOVE_SECRETS);
	assert_int_equal(move_rows(), MOVE_ROWS);
	move_events(0);
}

/* Row for row what it was, but for its place and the seals' bytes. */
static inline void
move_same(struct account now)
{
	struct keyring *ring = move_ring();
	struct failure f = { .path = "" };
	struct account was = move_before, open = now;
	struct secret secret = { 0 };
	size_t i;

	assert_int_equal(now.match, ACCOUNT_FOUND);
	memcpy(was.name, now.name, sizeof(was.name));
	was.uid = now.uid;
	for (i = 0; i < MOVE_SECRETS; i++) {
		memset(&was.credentials[i].sealed, 0, sizeof(struct sealed));
		memset(&now.credentials[i].sealed, 0, sizeof(struct sealed));
	}
	assert_memory_equal(&now, &was, sizeof(now));
	assert_true(seal_open_account(ring, &open, &f));
	for (i = 0; i < MOVE_SECRETS; i++) {
		move_secret(i, &secret);
		assert_int_equal(open.credentials[i].secret.len, secret.len);
		assert_memory_equal(open.credentials[i].secret.data,
		    secret.data, secret.len);
	}
	keyring_free(ring);
}

#endif
