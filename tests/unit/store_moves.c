/* SPDX-License-Identifier: BSD-2-Clause */
/* The conformance suite: accounts that get another name or uid, or go. */
#include "tests/unit/store_suite.h"

static struct store_event
by_root(const char *note)
{
	struct store_event e = sample_event(DOOR_ADMIN, OUT_DONE);

	e.service = e.rhost = e.tty = NULL;
	e.by_known = true;
	e.by = 1000;
	e.note = note;
	return e;
}

static struct store_who
who(struct store *s, const char *name, uid_t uid)
{
	struct failure f = { .path = "" };
	struct store_who w;

	suite_begin(s, STORE_READ);
	assert_int_equal(driver->who(s, name, uid, &w, &f), STORE_OK);
	driver->rollback(s);
	return w;
}

/* The newest event of the login door's ring. */
static struct store_record
newest(struct store *s)
{
	static struct store_record batch[STORE_RECORDS];
	struct failure f = { .path = "" };
	size_t n;

	assert_int_equal(driver->records(s, RING_LOGIN, 0, batch, &n, &f),
	    STORE_OK);
	assert_true(n > 0);
	return batch[n - 1];
}

/* Two people with all there can be, the first of whom is changed. */
static void
two(struct scene *sc, struct account *a, struct account *b)
{
	struct limiter l = { .consecutive = 3, .wait_start = SAMPLE_NOW };
	struct failure f = { .path = "" };

	sample_account(a, "alice", 1000, 8, 20);
	sample_write(driver, sc->store, a, EFFECT_ENROLL);
	sample_account(b, "bob", 1001, 2, 5);
	sample_write(driver, sc->store, b, EFFECT_ENROLL);
	sample_pass(&a->passes[PASS_LOGIN], 1);
	sample_pass(&a->passes[PASS_ENROLL], 2);
	sample_write(driver, sc->store, a, EFFECT_PASS);
	sample_pass(&b->passes[PASS_LOGIN], 3);
	sample_write(driver, sc->store, b, EFFECT_PASS);
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->save_password(sc->store, 1000, &l, &f),
	    STORE_OK);
	assert_int_equal(driver->save_password(sc->store, 1001, &l, &f),
	    STORE_OK);
	suite_commit(sc->store);
}

static int64_t
passwords(struct store *s, uid_t uid)
{
	struct failure f = { .path = "" };
	struct limiter l;

	suite_begin(s, STORE_READ);
	assert_int_equal(driver->load_password(s, uid, &l, &f), STORE_OK);
	driver->rollback(s);
	return l.consecutive;
}

void
suite_who(void **state)
{
	struct scene *sc = *state;
	struct account a, b;
	struct store_who w;

	two(sc, &a, &b);
	w = who(sc->store, "alice", 1000);
	assert_true(w.by_name && w.uid == 1000 && w.by_uid);
	assert_string_equal(w.name, "alice");
	w = who(sc->store, "alice", 1001);
	assert_true(w.by_name && w.uid == 1000 && w.by_uid);
	assert_string_equal(w.name, "bob");
	w = who(sc->store, "alic", 1000);
	assert_true(!w.by_name && w.by_uid);
	assert_string_equal(w.name, "alice");
	w = who(sc->store, "bob", (uid_t)-1);
	assert_true(w.by_name && w.uid == 1001 && !w.by_uid);
	assert_string_equal(w.name, "");
	w = who(sc->store, "", 7);
	assert_true(!w.by_name && !w.by_uid);
}

/* The name and the seals, nothing else: no step is moved by it. */
void
suite_renamed(void **state)
{
	struct store_event e = by_root("was alice");
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct account a, b, given;
	struct store_record r;
	size_t i;

	two(sc, &a, &b);
	strcpy(a.name, "alicia");
	for (i = 0; i < a.credential_count; i++) {
		memcpy(a.credentials[i].sealed.key_id, "89abcdef", 9);
		memset(a.credentials[i].sealed.nonce, 0x11, SEAL_NONCE);
		memset(a.credentials[i].sealed.data, 0x22,
		    a.credentials[i].sealed.len);
	}
	given = a;
	given.credentials[0].last_step = given.credentials[0].used_at = 0;
	memset(given.limiters, 0, sizeof(given.limiters));
	memset(&given.recovery, 0, sizeof(given.recovery));
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->rename(sc->store, &given, "alice", &e, &f),
	    STORE_OK);
	suite_commit(sc->store);
	suite_expect(sc->store, &a);
	suite_expect(sc->store, &b);
	assert_int_equal(suite_match(sc->store, "alice", 4), ACCOUNT_NONE);
	r = newest(sc->store);
	assert_int_equal(r.change, 13);
	assert_string_equal(r.name, "alicia");
	assert_string_equal(r.note, "was alice");
	assert_true(r.by_known && r.by == 1000);
	assert_int_equal(passwords(sc->store, 1000), 3);
}

void
suite_rebound(void **state)
{
	struct store_event e = by_root("was user number 1000");
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct account a, b, given;
	struct store_record r;

	two(sc, &a, &b);
	a.uid = 4294967294u;
	given = a;
	given.credentials[0].last_step = 0;
	memset(given.limiters, 0, sizeof(given.limiters));
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->rebind(sc->store, &given, 1000, &e, &f),
	    STORE_OK);
	suite_commit(sc->store);
	suite_expect(sc->store, &a);
	suite_expect(sc->store, &b);
	assert_int_equal(suite_match(sc->store, "carol", 1000),
	    ACCOUNT_NONE);
	r = newest(sc->store);
	assert_int_equal(r.change, 14);
	assert_true(r.uid == 4294967294u);
	assert_int_equal(passwords(sc->store, 1000), 3);
	assert_int_equal(passwords(sc->store, 4294967294u), 0);
}

/* Gone with all that is theirs; what happened stays, the name in a note. */
void
suite_forgotten(void **state)
{
	struct store_event e = by_root("alice: left");
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct account a, b, again;
	struct store_record r;

	two(sc, &a, &b);
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->forget(sc->store, &a, &e, &f), STORE_OK);
	suite_commit(sc->store);
	assert_int_equal(suite_match(sc->store, "alice", 1000),
	    ACCOUNT_NONE);
	suite_expect(sc->store, &b);
	r = newest(sc->store);
	assert_int_equal(r.change, 15);
	assert_true(r.uid_known && r.uid == 1000);
	assert_string_equal(r.name, "");
	assert_string_equal(r.note, "alice: left");
	assert_int_equal(passwords(sc->store, 1000), 0);
	assert_int_equal(passwords(sc->store, 1001), 3);
	/* Who gets name and uid next begins with nothing. */
	sample_account(&again, "alice", 1000, 1, 1);
	sample_write(driver, sc->store, &again, EFFECT_ENROLL);
	suite_expect(sc->store, &again);
	/* Somebody locked, who never enrolled. */
	sample_account(&a, "carol", 1002, 0, 0);
	a.locked = true;
	sample_write(driver, sc->store, &a, EFFECT_LOCK);
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->forget(sc->store, &a, &e, &f), STORE_OK);
	suite_commit(sc->store);
	assert_int_equal(suite_match(sc->store, "carol", 1002),
	    ACCOUNT_NONE);
}

/* What root may not do to the rows, whatever the caller thinks. */
void
suite_moves_refused(void **state)
{
	struct store_event e = by_root(NULL);
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct account a, b, bad[6];
	size_t i;

	two(sc, &a, &b);
	for (i = 0; i < COUNT(bad); i++)
		bad[i] = a;
	bad[0].id = 0;
	bad[1].name[0] = '\0';
	bad[2].uid = (uid_t)-1;
	bad[3].credential_count = ACCOUNT_CREDENTIALS_MAX + 1;
	bad[4].credentials[7].sealed.len = SEAL_TAG;
	bad[5].credentials[0].sealed.len = SEAL_MAX + 1;
	suite_begin(sc->store, STORE_READ);
	assert_int_equal(driver->forget(sc->store, &a, &e, &f),
	    STORE_REFUSED);
	driver->rollback(sc->store);
	for (i = 0; i < COUNT(bad); i++) {
		suite_begin(sc->store, STORE_WRITE);
		assert_int_equal(driver->rename(sc->store, &bad[i], "alice",
		    &e, &f), STORE_REFUSED);
		assert_int_equal(driver->rebind(sc->store, &bad[i], 1000, &e,
		    &f), STORE_REFUSED);
		assert_int_equal(driver->forget(sc->store, &bad[i], &e, &f),
		    STORE_REFUSED);
		driver->rollback(sc->store);
	}
	for (i = 0; i < 7; i++) {
		struct account wrong = a;
		enum store_code code = STORE_OK;

		suite_begin(sc->store, STORE_WRITE);
		switch (i) {
		case 0:		/* the name is somebody's */
			strcpy(wrong.name, "bob");
			code = driver->rename(sc->store, &wrong, "alice", &e,
			    &f);
			break;
		case 1:		/* it was another name */
			strcpy(wrong.name, "alicia");
			code = driver->rename(sc->store, &wrong, "alic", &e,
			    &f);
			break;
		case 2:		/* a credential that is not there */
			strcpy(wrong.name, "alicia");
			wrong.credentials[1].id = 99;
			code = driver->rename(sc->store, &wrong, "alice", &e,
			    &f);
			break;
		case 3:		/* the uid is somebody's */
			wrong.uid = 1001;
			code = driver->rebind(sc->store, &wrong, 1000, &e,
			    &f);
			break;
		case 4:		/* it was another uid */
			wrong.uid = 1005;
			code = driver->rebind(sc->store, &wrong, 1004, &e,
			    &f);
			break;
		case 5:		/* name and uid belong together */
			wrong.uid = 1001;
			code = driver->forget(sc->store, &wrong, &e, &f);
			break;
		case 6:		/* another row has that name */
			wrong.id = b.id;
			code = driver->forget(sc->store, &wrong, &e, &f);
			break;
		}
		assert_int_equal(code, STORE_REFUSED);
		driver->rollback(sc->store);
		suite_expect(sc->store, &a);
		suite_expect(sc->store, &b);
	}
}
