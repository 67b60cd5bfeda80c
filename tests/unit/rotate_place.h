/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host with people whose secrets a rotation seals anew: birth, n accounts
 * of one authenticator and recovery codes each, and what must hold of ring
 * and store whatever happened to a rotation.
 */
#ifndef STEPUP_TESTS_ROTATE_PLACE_H
#define STEPUP_TESTS_ROTATE_PLACE_H

#include "tests/unit/unit.h"

#include "daemon/birth.h"
#include "daemon/clock.h"
#include "daemon/keyring.h"
#include "daemon/log.h"
#include "daemon/recovery.h"
#include "daemon/rotate.h"
#include "daemon/seal.h"
#include "daemon/site.h"
#include "tests/unit/place.h"

#define PEOPLE_UID	20000

static struct paths paths;
static struct settings settings;

static inline void
people_secret(unsigned n, struct secret *secret)
{
	uint8_t bytes[20];

	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, &n, sizeof(n));
	secret_set(secret, bytes, sizeof(bytes));
}

static inline void
people_name(unsigned n, char name[16])
{
	snprintf(name, 16, "p%u", n);
}

static inline void
born(void)
{
	struct failure f = { .path = "" };
	bool did;

	log_path("/nowhere/log");
	paths = place_paths();
	put("stepup.conf", "unenrolled = \"allow\"\n", 21, 0644);
	assert_int_equal(settings_read(&settings, &paths, &f), OUT_DONE);
	if (birth_of(&paths, &settings, &store_sqlite, &did, &f) != OUT_DONE)
		fail_msg("%s: %s", f.path, f.reason);
}

/* A site whose settings and store are open. */
static inline struct site *
site_at(enum store_role role, struct store **store)
{
	struct site *site = site_new(&paths, role);
	const struct settings *own;
	struct failure f = { .path = "" };

	assert_non_null(site);
	assert_int_equal(site_settings(site, 1, &own, &f), OUT_DONE);
	if (site_store(site, store, &f) != OUT_DONE)
		fail_msg("%s: %s", f.path, f.reason);
	return site;
}

/* As an enrollment writes it: sealed inside the transaction. */
static inline bool
people_write(struct site *site, struct store *store, unsigned n,
    const struct recovery_set *set)
{
	struct store_event event = { .at = clock_now(), .outcome = OUT_DONE,
		.door = DOOR_ADMIN };
	struct decision d = { .outcome = OUT_DONE, .effect_count = 1,
		.effects = { EFFECT_ENROLL } };
	struct failure f = { .path = "" };
	struct secret secret = { 0 };
	static struct account a;
	struct credential *c = &a.credentials[0];
	struct seal_row row;
	char name[16];

	memset(&a, 0, sizeof(a));
	people_name(n, name);
	people_secret(n, &secret);
	a.match = ACCOUNT_FOUND;
	a.id = store_sqlite.new_id(store);
	memcpy(a.name, name, sizeof(name));
	a.uid = PEOPLE_UID + n;
	a.created_at = a.enrolled_at = clock_now();
	a.credential_count = 1;
	*c = (struct credential){ .id = store_sqlite.new_id(store),
	    .kind = CREDENTIAL_TOTP, .algorithm = OTP_SHA1, .digits = 6,
	    .period = 30, .created_at = clock_now(), .last_step = 1 };
	a.recovery = *set;
	row = (struct seal_row){ a.id, a.name, c->id };
	if (site_seal(site, &row, &secret, &c->sealed, &f) != OUT_DONE)
		fail_msg("%s: %s", f.path, f.reason);
	return store_sqlite.apply(store, &a, &d, &event, &f) == STORE_OK;
}

static inline void
people(unsigned first, unsigned n)
{
	static struct recovery_set set;
	char codes[ACCOUNT_CODES_MAX][RECOVERY_LENGTH + 1];
	struct failure f = { .path = "" };
	struct store *store;
	struct site *site = site_at(STORE_ADMIN, &store);
	unsigned i;

	assert_true(recovery_make(&set, 5, clock_now(), codes));
	for (i = 0; i < n; i++) {
		if (i % 50 == 0) {
			assert_int_equal(store_sqlite.room(store, true, &f),
			    STORE_OK);
			assert_int_equal(store_sqlite.begin(store,
			    STORE_WRITE, &f), STORE_OK);
		}
		assert_true(people_write(site, store, first + i, &set));
		if (i % 50 == 49 || i + 1 == n)
			assert_int_equal(store_sqlite.commit(store, &f),
			    STORE_OK);
	}
	site_free(site);
}

/* What stands in ring and store. */
struct look {
	size_t	keys;		/* in the ring */
	size_t	secrets, old, stuck;
	char	active[KEY_ID_LENGTH + 1];
	char	proof[KEY_ID_LENGTH + 1];
	size_t	events;		/* that the key was changed */
};

static inline void
look_events(struct store *store, struct look *l)
{
	static struct store_record records[STORE_RECORDS];
	struct failure f = { .path = "" };
	int64_t after = 0;
	size_t i, n;

	do {
		assert_int_equal(store_sqlite.records(store, RING_LOGIN,
		    after, records, &n, &f), STORE_OK);
		for (i = 0; i < n; i++) {
			after = records[i].id;
			l->events += records[i].change == 12;
		}
	} while (n > 0);
}

/* Every secret is opened with the ring's file as it is now. */
static inline struct look
look(void)
{
	static struct store_seal rows[STORE_SEALS];
	struct look l = { 0 };
	struct failure f = { .path = "" };
	struct secret secret = { 0 };
	struct keyring *ring;
	struct seal_row whose;
	struct sealed proof;
	struct store *store;
	struct site *site = site_at(STORE_SELF, &store);
	const char *id;
	int64_t after = 0;
	size_t i, n;

	assert_int_equal(keyring_read(paths.keyring, getuid(), &ring, NULL,
	    &f), OUT_DONE);
	l.keys = keyring_count(ring);
	keyring_active(ring, &id);
	memcpy(l.active, id, sizeof(l.active));
	assert_int_equal(store_sqlite.begin(store, STORE_READ, &f),
	    STORE_OK);
	assert_int_equal(store_sqlite.load_proof(store, &proof, &f),
	    STORE_OK);
	store_sqlite.rollback(store);
	assert_true(seal_proven(ring, &proof));
	memcpy(l.proof, proof.key_id, sizeof(l.proof));
	do {
		assert_int_equal(store_sqlite.seals(store, after, rows, &n,
		    &f), STORE_OK);
		for (i = 0; i < n; i++) {
			after = rows[i].credential_id;
			whose = (struct seal_row){ rows[i].account_id,
			    rows[i].name, rows[i].credential_id };
			l.secrets++;
			l.stuck += !seal_open(ring, &whose, &rows[i].sealed,
			    &secret);
			l.old += strcmp(rows[i].sealed.key_id, id) != 0;
		}
	} while (n > 0);
	look_events(store, &l);
	secret_wipe(&secret);
	keyring_free(ring);
	site_free(site);
	return l;
}

/* Called when the store is open. */
static void (*rotate_ready)(void);

static inline enum outcome
rotate(struct rotation *r, struct failure *f, rotate_step step, void *arg)
{
	struct store_event event = { .at = clock_now(), .outcome = OUT_DONE,
		.door = DOOR_ADMIN };
	struct store *store;
	struct site *site = site_at(STORE_ADMIN, &store);
	enum outcome o;

	memset(f, 0, sizeof(*f));
	if (rotate_ready != NULL)
		rotate_ready();
	o = rotate_run(site, &event, step, arg, r, f);
	site_tend(site, false);
	site_free(site);
	return o;
}

/* Finished: one key, which everything names and opens with. */
static inline void
whole(size_t secrets)
{
	struct look l = look();

	assert_int_equal(l.keys, 1);
	assert_int_equal(l.secrets, secrets);
	assert_int_equal(l.old, 0);
	assert_int_equal(l.stuck, 0);
	assert_string_equal(l.active, l.proof);
	assert_false(there("etc/keyring.new"));
}

/* In memory where there is such a place: thousands of synced commits. */
static inline int
people_setup(void **state)
{
	(void)state;
	alarm(300);
	umask(022);
	strcpy(place, "/dev/shm/stepup-test-XXXXXX");
	if (mkdtemp(place) != NULL)
		return 0;
	strcpy(place, "/tmp/stepup-test-XXXXXX");
	return mkdtemp(place) == NULL ? -1 : 0;
}

#define IN_MEMORY(test) \
	cmocka_unit_test_setup_teardown(test, people_setup, place_cleanup)

#endif
