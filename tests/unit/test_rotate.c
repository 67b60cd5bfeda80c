/* SPDX-License-Identifier: BSD-2-Clause */
/* Another key for a store: what comes of it, and what it refuses. */
#include "tests/unit/rotate_place.h"

#include <sys/file.h>

#include "daemon/keyring_file.h"

static void
done(void **state)
{
	struct failure f;
	struct rotation r;
	struct look before, after;

	(void)state;
	born();
	people(0, 300);
	before = look();
	assert_int_equal(rotate(&r, &f, NULL, NULL), OUT_DONE);
	after = look();
	assert_int_equal(r.sealed, 300);
	assert_int_equal(r.stuck_count, 0);
	assert_false(r.resumed);
	assert_false(r.unfinished);
	assert_int_equal(r.removed_count, 1);
	assert_string_equal(r.removed[0], before.active);
	assert_string_equal(r.active, after.active);
	assert_string_not_equal(before.active, after.active);
	assert_int_equal(after.events, before.events + 1);
	whole(300);
	/* Nobody enrolled: the proof alone is sealed anew. */
	assert_int_equal(rotate(&r, &f, NULL, NULL), OUT_DONE);
	whole(300);
}

static void
nobody(void **state)
{
	struct failure f;
	struct rotation r;

	(void)state;
	born();
	assert_int_equal(rotate(&r, &f, NULL, NULL), OUT_DONE);
	assert_int_equal(r.sealed, 0);
	assert_int_equal(r.removed_count, 1);
	whole(0);
}

static bool
stops(const struct rotation *r, void *arg)
{
	(void)arg;
	assert_true(r->sealed > 0);
	return false;
}

/* Somebody gave up: two keys, everything opens, the next call finishes. */
static void
stopped(void **state)
{
	struct failure f;
	struct rotation r;
	struct look l;
	char active[KEY_ID_LENGTH + 1];

	(void)state;
	born();
	people(0, 300);
	assert_int_equal(rotate(&r, &f, stops, NULL), OUT_NO_INPUT);
	assert_true(r.unfinished);
	memcpy(active, r.active, sizeof(active));
	l = look();
	assert_int_equal(l.keys, 2);
	assert_int_equal(l.stuck, 0);
	assert_in_range(l.old, 1, 299);
	assert_int_equal(rotate(&r, &f, NULL, NULL), OUT_DONE);
	assert_true(r.resumed);
	assert_string_equal(r.active, active);
	assert_int_equal(r.sealed, l.old);
	assert_int_equal(look().events, l.events);
	whole(300);
}

/* Somebody else's hold: nothing is waited for, nothing done. */
static void
held(void **state)
{
	struct failure f;
	struct rotation r;
	struct look before, after;
	int dir, again;

	(void)state;
	born();
	people(0, 3);
	before = look();
	assert_int_equal(keyring_hold(paths.keyring, getuid(), false,
	    &dir, &f),
	    OUT_DONE);
	assert_int_equal(keyring_hold(paths.keyring, getuid(), false,
	    &again, &f),
	    OUT_BUSY);
	assert_int_equal(again, -1);
	assert_int_equal(keyring_hold(paths.keyring, getuid(), true, &again,
	    &f), OUT_BUSY);
	assert_int_equal(rotate(&r, &f, NULL, NULL), OUT_BUSY);
	assert_string_equal(f.path, paths.keyring);
	close(dir);
	after = look();
	assert_memory_equal(&before, &after, sizeof(before));
	/* Two that keep sealed secrets: beside each other, no rotation. */
	assert_int_equal(keyring_hold(paths.keyring, getuid(), true, &dir,
	    &f), OUT_DONE);
	assert_int_equal(keyring_hold(paths.keyring, getuid(), true, &again,
	    &f), OUT_DONE);
	close(again);
	assert_int_equal(rotate(&r, &f, NULL, NULL), OUT_BUSY);
	close(dir);
	assert_int_equal(rotate(&r, &f, NULL, NULL), OUT_DONE);
	whole(3);
}

/* A ring that is not this store's: rotating would lose everybody. */
static void
foreign(void **state)
{
	char text[256] = "", other[256];
	struct failure f;
	struct rotation r;
	FILE *file;

	(void)state;
	born();
	people(0, 3);
	file = fopen(paths.keyring, "r");
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	memcpy(other, text, sizeof(other));
	other[12] = other[12] == 'A' ? 'B' : 'A';
	put_text("etc/keyring", other);
	assert_int_equal(rotate(&r, &f, NULL, NULL), OUT_KEY);
	assert_string_equal(f.path, paths.keyring);
	assert_false(r.unfinished);
	file = fopen(paths.keyring, "r");
	assert_non_null(fgets(other, sizeof(other), file));
	assert_null(fgets(other, sizeof(other), file));
	fclose(file);
	put_text("etc/keyring", text);
	whole(3);
	assert_int_equal(unlink(paths.keyring), 0);
	assert_int_equal(rotate(&r, &f, NULL, NULL), OUT_KEY);
	assert_false(there("etc/keyring"));
}

/* One secret was spoilt: it stays, its key too, everybody else moves. */
static void
spoilt(void **state)
{
	static struct store_seal rows[STORE_SEALS];
	struct failure f;
	struct rotation r;
	struct sealed bad;
	struct store *store;
	struct site *site;
	struct look l;
	bool changed;
	size_t n;

	(void)state;
	born();
	people(0, 10);
	site = site_at(STORE_ADMIN, &store);
	assert_int_equal(store_sqlite.seals(store, 0, rows, &n, &f),
	    STORE_OK);
	bad = rows[4].sealed;
	bad.data[0] ^= 1;
	assert_int_equal(store_sqlite.begin(store, STORE_WRITE, &f),
	    STORE_OK);
	assert_int_equal(store_sqlite.reseal(store, &rows[4], &bad, &changed,
	    &f), STORE_OK);
	assert_true(changed);
	/* What was read is not there any more. */
	assert_int_equal(store_sqlite.reseal(store, &rows[4], &bad, &changed,
	    &f), STORE_OK);
	assert_false(changed);
	assert_int_equal(store_sqlite.commit(store, &f), STORE_OK);
	site_free(site);
	assert_int_equal(rotate(&r, &f, NULL, NULL), OUT_DONE);
	assert_int_equal(r.sealed, 9);
	assert_int_equal(r.stuck_count, 1);
	assert_string_equal(r.stuck[0].name, rows[4].name);
	assert_string_equal(r.stuck[0].key_id, bad.key_id);
	assert_int_equal(r.removed_count, 0);
	assert_true(r.unfinished);
	l = look();
	assert_int_equal(l.keys, 2);
	assert_int_equal(l.stuck, 1);
	assert_int_equal(l.old, 1);
	/* Mended, it is finished: still no third key. */
	site = site_at(STORE_ADMIN, &store);
	n = rows[4].sealed.len;
	assert_int_equal(store_sqlite.begin(store, STORE_WRITE, &f),
	    STORE_OK);
	{
		struct store_seal now = rows[4];

		now.sealed = bad;
		assert_int_equal(store_sqlite.reseal(store, &now,
		    &rows[4].sealed, &changed, &f), STORE_OK);
		assert_true(changed);
	}
	assert_int_equal(store_sqlite.commit(store, &f), STORE_OK);
	site_free(site);
	assert_int_equal(rotate(&r, &f, NULL, NULL), OUT_DONE);
	assert_true(r.resumed);
	assert_int_equal(r.removed_count, 1);
	whole(10);
}

static bool
keep_all(const char *id, void *arg)
{
	(void)id;
	(void)arg;
	return true;
}

/* 32 keys: no room for another one, and it is said; a rotation of such a
   ring finishes, it needs none. */
static void
full(void **state)
{
	struct keyring *ring, *grown;
	struct failure f;
	struct rotation r;
	int dir;

	(void)state;
	born();
	people(0, 3);
	assert_int_equal(keyring_read(paths.keyring, getuid(), &ring, NULL,
	    &f), OUT_DONE);
	while (keyring_count(ring) < KEYRING_MAX) {
		assert_int_equal(keyring_grow(ring, &grown), OUT_DONE);
		assert_int_equal(keyring_count(grown),
		    keyring_count(ring) + 1);
		keyring_free(ring);
		ring = grown;
	}
	assert_int_equal(keyring_grow(ring, &grown), OUT_KEY);
	assert_null(grown);
	assert_int_equal(keyring_prune(ring, keep_all, NULL, &grown),
	    OUT_DONE);
	assert_int_equal(keyring_count(grown), KEYRING_MAX);
	keyring_free(grown);
	assert_null(keyring_id(ring, KEYRING_MAX));
	assert_int_equal(keyring_hold(paths.keyring, getuid(), false,
	    &dir, &f),
	    OUT_DONE);
	assert_int_equal(keyring_replace(paths.keyring, dir, ring, &f),
	    OUT_DONE);
	close(dir);
	keyring_free(ring);
	assert_int_equal(look().keys, KEYRING_MAX);
	assert_int_equal(rotate(&r, &f, NULL, NULL), OUT_DONE);
	assert_true(r.resumed);
	assert_int_equal(r.removed_count, KEYRING_MAX - 1);
	whole(3);
}

/* The file is as before: its mode, and nothing beside it. */
static void
file(void **state)
{
	struct keyring *ring;
	struct failure f;
	struct stat st;
	unsigned fds;
	int dir;

	(void)state;
	born();
	fds = descriptors();
	put_text("etc/keyring.new", "left over");
	umask(0);
	assert_int_equal(keyring_make(&ring), OUT_DONE);
	assert_int_equal(keyring_hold(paths.keyring, getuid(), false,
	    &dir, &f),
	    OUT_DONE);
	assert_int_equal(keyring_replace(paths.keyring, dir, ring, &f),
	    OUT_DONE);
	assert_int_equal(keyring_settle(paths.keyring, dir, &f), OUT_DONE);
	close(dir);
	umask(022);
	assert_int_equal(lstat(paths.keyring, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_false(there("etc/keyring.new"));
	keyring_free(ring);
	assert_int_equal(chmod(at("etc"), 0777), 0);
	assert_int_equal(keyring_hold(paths.keyring, getuid(), false,
	    &dir, &f),
	    OUT_KEY);
	assert_int_equal(chmod(at("etc"), 0700), 0);
	assert_int_equal(keyring_hold("/nowhere/at/all", getuid(), true,
	    &dir, &f),
	    OUT_KEY);
	assert_int_equal(keyring_hold("keyring", getuid(), true, &dir, &f),
	    OUT_KEY);
	assert_int_equal(descriptors(), fds);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MEMORY(done), IN_MEMORY(nobody), IN_MEMORY(stopped),
		IN_MEMORY(held), IN_MEMORY(foreign), IN_MEMORY(spoilt),
		IN_MEMORY(full), IN_MEMORY(file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
