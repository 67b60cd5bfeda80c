/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conformance suite: what every store driver does alike.  Nothing here
 * knows what a store is made of.
 */
#include "tests/unit/store_suite.h"

static const struct store_driver *const drivers[] = { &store_sqlite };
const struct store_driver *driver;

struct store *
suite_open(const struct scene *sc, enum store_role role)
{
	struct store_options o = sample_options(role);
	struct failure f = { .path = "" };
	struct store *s = NULL;

	if (driver->open(sc->path, &o, &s, &f) != STORE_OK)
		fail_msg("%s: %s", f.path, f.reason);
	return s;
}

static int
setup(void **state)
{
	struct store_options o = sample_options(STORE_ADMIN);
	struct sealed proof = sample_proof(SAMPLE_KEY);
	struct scene *sc = calloc(1, sizeof(*sc));
	struct failure f = { .path = "" };

	assert_non_null(sc);
	sample_folder(sc->dir);
	snprintf(sc->path, sizeof(sc->path), "%s/store", sc->dir);
	if (driver->create(sc->path, &proof, &o, &f) != STORE_OK)
		fail_msg("%s: %s", f.path, f.reason);
	sc->store = suite_open(sc, STORE_ADMIN);
	*state = sc;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *sc = *state;

	if (sc->store != NULL)
		driver->close(sc->store);
	sample_clear(sc->dir);
	free(sc);
	return 0;
}

void
suite_begin(struct store *s, enum store_mode mode)
{
	struct failure f = { .path = "" };

	if (driver->begin(s, mode, &f) != STORE_OK)
		fail_msg("begin: %s: %s", f.path, f.reason);
}

void
suite_commit(struct store *s)
{
	struct failure f = { .path = "" };

	if (driver->commit(s, &f) != STORE_OK)
		fail_msg("commit: %s: %s", f.path, f.reason);
}

void
suite_expect(struct store *s, const struct account *want)
{
	struct account got;

	sample_load(driver, s, want->name, want->uid, &got);
	assert_int_equal(got.match, ACCOUNT_FOUND);
	assert_memory_equal(&got, want, sizeof(got));
}

enum account_match
suite_match(struct store *s, const char *name, uid_t uid)
{
	struct account a, empty;

	sample_load(driver, s, name, uid, &a);
	if (a.match != ACCOUNT_FOUND) {
		memset(&empty, 0, sizeof(empty));
		empty.match = a.match;
		snprintf(empty.name, sizeof(empty.name), "%s", name);
		empty.uid = uid;
		assert_memory_equal(&a, &empty, sizeof(a));
	}
	return a.match;
}

/* Codes of the driver become outcomes, none of them a success. */
static void
codes(void **state)
{
	(void)state;
	assert_int_equal(store_outcome(STORE_OK), OUT_DONE);
	assert_int_equal(store_outcome(STORE_BUSY), OUT_BUSY);
	assert_int_equal(store_outcome(STORE_ABSENT), OUT_STORE);
	assert_int_equal(store_outcome(STORE_BROKEN), OUT_STORE);
	assert_int_equal(store_outcome(STORE_REFUSED), OUT_STORE);
	assert_int_equal(store_outcome(STORE_MEMORY), OUT_MEMORY);
	assert_int_equal(store_outcome((enum store_code)99), OUT_STORE);
}

/* A birth happens once, and the proof of its ring comes back as it was. */
static void
birth(void **state)
{
	struct store_options o = sample_options(STORE_ADMIN);
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct sealed proof, other = sample_proof("ffffffff");

	assert_int_equal(driver->create(sc->path, &other, &o, &f),
	    STORE_BROKEN);
	assert_string_not_equal(f.reason, "");
	other = sample_proof(SAMPLE_KEY);
	assert_int_equal(driver->proof_at(sc->path, &o, &proof, &f),
	    STORE_OK);
	assert_memory_equal(&proof, &other, sizeof(proof));
	assert_int_equal(driver->load_proof(sc->store, &proof, &f),
	    STORE_REFUSED);
	assert_int_equal(proof.len, 0);
	assert_int_equal(driver->begin(sc->store, STORE_READ, &f), STORE_OK);
	assert_int_equal(driver->load_proof(sc->store, &proof, &f), STORE_OK);
	driver->rollback(sc->store);
	assert_memory_equal(&proof, &other, sizeof(proof));
	assert_int_equal(suite_match(sc->store, "alice", 1000), ACCOUNT_NONE);
}

static void
absent(void **state)
{
	struct store_options o = sample_options(STORE_ADMIN);
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct sealed proof = sample_proof(SAMPLE_KEY);
	char path[400];
	struct store *s = (struct store *)sc;
	struct stat st;

	snprintf(path, sizeof(path), "%s/none", sc->dir);
	assert_int_equal(driver->open(path, &o, &s, &f), STORE_ABSENT);
	assert_null(s);
	assert_string_equal(f.path, path);
	assert_string_not_equal(f.reason, "");
	assert_int_equal(driver->proof_at(path, &o, &proof, &f), STORE_ABSENT);
	assert_int_equal(proof.len, 0);
	assert_string_equal(proof.key_id, "");
	assert_int_equal(stat(path, &st), -1);
	snprintf(path, sizeof(path), "%s/no/folder", sc->dir);
	assert_int_equal(driver->open(path, &o, &s, &f), STORE_ABSENT);
	driver->close(NULL);
}

/* A key id that is none makes no store. */
static void
unborn(void **state)
{
	static const char *const bad[] = { "", "0123abc", "0123ABCD",
	    "0123abc'" };
	struct store_options o = sample_options(STORE_ADMIN);
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct sealed proof;
	struct store *s = NULL;
	char path[400];
	size_t i;

	snprintf(path, sizeof(path), "%s/other", sc->dir);
	for (i = 0; i < COUNT(bad); i++) {
		proof = sample_proof(bad[i]);
		assert_int_equal(driver->create(path, &proof, &o, &f),
		    STORE_REFUSED);
		assert_int_equal(driver->open(path, &o, &s, &f), STORE_ABSENT);
	}
}

static void
ids(void **state)
{
	struct scene *sc = *state;
	int64_t id, last = 0;
	int i;

	for (i = 0; i < 1000; i++) {
		id = driver->new_id(sc->store);
		assert_true(id > 0 && id != last);
		last = id;
	}
}

/* Every role opens, reads, writes, tends and closes. */
static void
roles(void **state)
{
	static const enum store_role all[] = { STORE_SERVING, STORE_SPAWNED,
	    STORE_ADMIN, STORE_SELF };
	struct scene *sc = *state;
	struct account a;
	struct store *s;
	size_t i, k;

	sample_account(&a, "alice", 1000, 1, 10);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	for (i = 0; i < COUNT(all); i++) {
		s = suite_open(sc, all[i]);
		for (k = 0; k < 40; k++) {
			a.credentials[0].last_step++;
			sample_write(driver, s, &a, EFFECT_CREDENTIALS);
			driver->tend(s, k % 2 == 0);
		}
		suite_begin(s, STORE_WRITE);
		driver->tend(s, true);	/* not now */
		suite_commit(s);
		suite_expect(s, &a);
		driver->close(s);
		suite_expect(sc->store, &a);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define SCENE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
		cmocka_unit_test(codes),
		SCENE(birth),
		SCENE(absent),
		SCENE(unborn),
		SCENE(suite_whole),
		SCENE(suite_identity),
		SCENE(suite_answers),
		SCENE(suite_undone),
		SCENE(suite_round_of_two),
		SCENE(suite_refused_alone),
		SCENE(suite_order),
		SCENE(suite_bad_accounts),
		SCENE(suite_gone),
		SCENE(suite_replaced),
		SCENE(suite_changes),
		SCENE(suite_removed_one),
		SCENE(suite_removed_wrong),
		SCENE(suite_locked),
		SCENE(suite_passes),
		SCENE(suite_notes),
		SCENE(suite_bad_events),
		SCENE(suite_passwords),
		SCENE(suite_listed),
		SCENE(suite_lines),
		SCENE(suite_records),
		SCENE(suite_who),
		SCENE(suite_renamed),
		SCENE(suite_rebound),
		SCENE(suite_forgotten),
		SCENE(suite_moves_refused),
		SCENE(ids),
		SCENE(suite_two_handles),
		SCENE(suite_processes),
		SCENE(suite_killed),
		SCENE(roles),
	};
	int failed = 0;
	size_t i;

	for (i = 0; i < COUNT(drivers); i++) {
		driver = drivers[i];
		failed += cmocka_run_group_tests_name(driver->scheme, tests,
		    NULL, NULL);
	}
	return failed != 0;
}
