/* SPDX-License-Identifier: BSD-2-Clause */
/* The conformance suite: what is read in order. */
#include "tests/unit/store_suite.h"

struct visit {
	char	last[ACCOUNT_NAME_MAX + 1];
	size_t	seen, stop;
	bool	sorted, sound;
};

static bool
visit(const struct account *a, void *arg)
{
	struct visit *v = arg;
	struct account want;

	sample_account(&want, a->name, a->uid, 1, 5);
	v->sorted = v->sorted && strcmp(v->last, a->name) < 0;
	v->sound = v->sound && memcmp(a, &want, sizeof(want)) == 0;
	memcpy(v->last, a->name, sizeof(v->last));
	return ++v->seen != v->stop;
}

void
suite_listed(void **state)
{
	static const size_t stops[] = { 0, 1, 16, 17, 50 };
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct visit v;
	struct account a;
	char name[32];
	size_t i;

	suite_begin(sc->store, STORE_WRITE);
	for (i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "%c%zu",
		    (int)('a' + (i * 7) % 26), i);
		sample_account(&a, name, (uid_t)(1000 + i), 1, 5);
		assert_int_equal(sample_apply(driver, sc->store, &a,
		    EFFECT_ENROLL), STORE_OK);
	}
	suite_commit(sc->store);
	for (i = 0; i < COUNT(stops); i++) {
		v = (struct visit){ .stop = stops[i], .sorted = true,
		    .sound = true };
		assert_int_equal(driver->list(sc->store, visit, &v, &f),
		    STORE_OK);
		assert_int_equal(v.seen, stops[i] == 0 ? 50 : stops[i]);
		assert_true(v.sorted && v.sound);
	}
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->list(sc->store, visit, &v, &f),
	    STORE_REFUSED);
	driver->rollback(sc->store);
}

static bool
visit_line(const struct store_line *l, void *arg)
{
	struct visit *v = arg;
	struct account want;
	int64_t used = 0;
	size_t i;

	sample_account(&want, l->name, l->uid, 2, 5);
	for (i = 0; i < 2; i++)
		if (want.credentials[i].used_at > used)
			used = want.credentials[i].used_at;
	for (i = 0; i < 5; i++)
		if (want.recovery.codes[i].spent_at > used)
			used = want.recovery.codes[i].spent_at;
	v->sorted = v->sorted && strcmp(v->last, l->name) < 0;
	v->sound = v->sound && l->credential_count == 2 &&
	    l->codes_all == 5 && !l->locked && l->used_at == used &&
	    l->codes_left == account_codes_left(&want) &&
	    l->enrolled_at == want.enrolled_at && l->secret_least >= 20 &&
	    memcmp(l->limiters, want.limiters, sizeof(want.limiters)) == 0;
	memcpy(v->last, l->name, sizeof(v->last));
	return ++v->seen != v->stop;
}

static bool
visit_one(const struct store_line *l, void *arg)
{
	*(struct store_line *)arg = *l;
	return true;
}

/* In short, and the same as whole; also who has no factor. */
void
suite_lines(void **state)
{
	static const size_t stops[] = { 0, 1, 256, 257, 600 };
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct store_line one;
	struct visit v;
	struct account a;
	char name[32];
	size_t i;

	memset(&one, 0xff, sizeof(one));
	sample_account(&a, "zoe", 9, 0, 0);
	a.locked = true;
	a.enrolled_at = 0;
	sample_write(driver, sc->store, &a, EFFECT_LOCK);
	sample_pass(&a.passes[PASS_LOGIN], 1);
	sample_pass(&a.passes[PASS_ENROLL], 2);
	a.passes[PASS_ENROLL].used_at = 1;
	sample_write(driver, sc->store, &a, EFFECT_PASS);
	assert_int_equal(driver->lines(sc->store, visit_one, &one, &f),
	    STORE_OK);
	assert_string_equal(one.name, "zoe");
	assert_true(one.locked && one.uid == 9 && one.credential_count == 0);
	assert_true(one.codes_all == 0 && one.codes_left == 0 &&
	    one.used_at == 0 && one.secret_least == 0);
	assert_int_equal(one.pass_until[PASS_LOGIN], SAMPLE_NOW + 3600);
	assert_int_equal(one.pass_until[PASS_ENROLL], 0);
	/* The shortest of all secrets; nobody else's. */
	sample_account(&a, "zoe", 9, 3, 5);
	a.credentials[1].sealed.len = SEAL_TAG + 10;
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	assert_int_equal(driver->lines(sc->store, visit_one, &one, &f),
	    STORE_OK);
	assert_int_equal(one.secret_least, 10);
	assert_int_equal(one.credential_count, 3);

	suite_begin(sc->store, STORE_WRITE);
	for (i = 0; i < 599; i++) {
		snprintf(name, sizeof(name), "%c%zu",
		    (int)('a' + (i * 7) % 25), i);
		sample_account(&a, name, (uid_t)(1000 + i), 2, 5);
		assert_int_equal(sample_apply(driver, sc->store, &a,
		    EFFECT_ENROLL), STORE_OK);
	}
	suite_commit(sc->store);
	for (i = 0; i < COUNT(stops); i++) {
		v = (struct visit){ .stop = stops[i] == 0 ? 599 : stops[i],
		    .sorted = true, .sound = true };
		assert_int_equal(driver->lines(sc->store, visit_line, &v, &f),
		    STORE_OK);
		assert_int_equal(v.seen, stops[i] == 0 ? 599 : stops[i]);
		assert_true(v.sorted && (v.sound || stops[i] == 600));
	}
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->lines(sc->store, visit_line, &v, &f),
	    STORE_REFUSED);
	driver->rollback(sc->store);
}

/* Events come back as they were written, a ring at a time, from there on. */
void
suite_records(void **state)
{
	static const enum effect_kind kind = EFFECT_EVENT;
	static struct store_record got[STORE_RECORDS];
	struct store_event e = sample_event(DOOR_LOGIN, OUT_BAD_CODE);
	struct decision d = sample_decision(OUT_BAD_CODE, 1, &kind);
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct account a, nobody;
	size_t i, n = 99;

	assert_int_equal(driver->records(sc->store, RING_LOGIN, 0, got, &n,
	    &f), STORE_OK);
	assert_int_equal(n, 0);
	sample_account(&a, "alice", 1000, 1, 10);
	memset(&nobody, 0, sizeof(nobody));
	nobody.uid = (uid_t)-1;
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	suite_begin(sc->store, STORE_WRITE);
	for (i = 0; i < 70; i++)
		assert_int_equal(driver->apply(sc->store, &a, &d, &e, &f),
		    STORE_OK);
	assert_int_equal(driver->apply(sc->store, &nobody, &d, &e, &f),
	    STORE_OK);
	e = sample_event(DOOR_PUBLIC, OUT_OK_TOTP);
	assert_int_equal(driver->apply(sc->store, &a, &d, &e, &f), STORE_OK);
	e = sample_event(DOOR_ADMIN, OUT_DONE);
	e.service = e.rhost = e.tty = NULL;
	e.by_known = true;
	e.by = 1001;
	e.note = "left the company";
	assert_int_equal(driver->apply(sc->store, &a, &d, &e, &f), STORE_OK);
	suite_commit(sc->store);

	assert_int_equal(driver->records(sc->store, RING_LOGIN, 0, got, &n,
	    &f), STORE_OK);
	assert_int_equal(n, STORE_RECORDS);
	assert_int_equal(got[0].change, 1);
	assert_int_equal(got[1].change, 0);
	assert_string_equal(got[1].name, "alice");
	assert_int_equal(got[1].uid, 1000);
	assert_int_equal(got[1].outcome, OUT_BAD_CODE);
	assert_int_equal(got[1].at, SAMPLE_NOW);
	assert_string_equal(got[1].service, "sshd");
	assert_string_equal(got[1].rhost, "203.0.113.7");
	assert_string_equal(got[1].tty, "ssh");
	assert_false(got[1].by_known);
	assert_string_equal(got[1].note, "");
	for (i = 1; i < n; i++)
		assert_true(got[i].id > got[i - 1].id);
	assert_int_equal(driver->records(sc->store, RING_LOGIN,
	    got[n - 1].id, got, &n, &f), STORE_OK);
	assert_int_equal(n, 1 + 70 + 2 - STORE_RECORDS);
	assert_false(got[n - 2].uid_known);
	assert_string_equal(got[n - 2].name, "");
	assert_true(got[n - 1].by_known && got[n - 1].by == 1001);
	assert_string_equal(got[n - 1].note, "left the company");
	assert_int_equal(driver->records(sc->store, RING_PUBLIC, 0, got, &n,
	    &f), STORE_OK);
	assert_int_equal(n, 1);
	assert_int_equal(got[0].ring, RING_PUBLIC);
	assert_int_equal(got[0].outcome, OUT_OK_TOTP);
	suite_begin(sc->store, STORE_READ);
	assert_int_equal(driver->records(sc->store, RING_PUBLIC, 0, got, &n,
	    &f), STORE_REFUSED);
	driver->rollback(sc->store);
}
