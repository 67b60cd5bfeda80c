/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The write-ahead log and the space kept for a full disk: how long the WAL
 * is, when it starts anew, and that right and wrong answers write alike.
 */
#include <sys/resource.h>

#include <signal.h>

#include "tests/unit/store_lite.h"

#define WAL_FULL (LITE_WAL_HEADER + (int64_t)LITE_WAL_FRAMES * LITE_FRAME)

static int
enrolled(void **state)
{
	struct account a;
	struct store *s;

	scene_setup(state);
	s = scene_open(*state, STORE_SELF);
	sample_account(&a, "alice", 1000, 1, 10);
	sample_write(driver, s, &a, EFFECT_ENROLL);
	driver->close(s);
	return 0;
}

/* An evaluated answer in one transaction: one code, one event. */
static void
answer(struct store *s, struct account *a, enum outcome o)
{
	static const enum effect_kind kinds[] = { EFFECT_CREDENTIALS,
	    EFFECT_CODES, EFFECT_LIMITERS, EFFECT_EVENT };
	struct decision d = sample_decision(o, COUNT(kinds), kinds);
	struct store_event e = sample_event(DOOR_LOGIN, o);
	struct failure f = { .path = "" };

	assert_int_equal(driver->begin(s, STORE_WRITE, &f), STORE_OK);
	assert_int_equal(driver->load(s, "alice", 1000, a, &f), STORE_OK);
	switch (o) {
	case OUT_OK_TOTP:
		a->credentials[0].last_step++;
		a->credentials[0].used_at = SAMPLE_NOW + 100;
		a->limiters[LIMITER_TOTP_LOGIN].consecutive = 0;
		break;
	case OUT_OK_RECOVERY:
		a->recovery.codes[0].spent_at = SAMPLE_NOW + 200;
		break;
	case OUT_BAD_CODE:
		a->limiters[LIMITER_TOTP_LOGIN].consecutive++;
		a->limiters[LIMITER_TOTP_LOGIN].total++;
		break;
	default:		/* a replay changes nothing at all */
		break;
	}
	assert_int_equal(driver->apply(s, a, &d, &e, &f), STORE_OK);
	assert_int_equal(driver->commit(s, &f), STORE_OK);
}

static void
answers(struct store *s, int n)
{
	struct account a;

	while (n-- > 0)
		answer(s, &a, OUT_BAD_CODE);
}

/* A serving start has the WAL at its working size, and it stays. */
static void
working_size(void **state)
{
	struct scene *sc = *state;
	struct store *s;
	char wal[400];
	int i;

	assert_true(scene_size(sc, "-wal") < WAL_FULL);
	for (i = 0; i < 3; i++) {
		s = scene_open(sc, STORE_SERVING);
		assert_string_equal(sc->failure.reason, "");
		assert_true(scene_size(sc, "-wal") >= WAL_FULL);
		answers(s, 3);
		driver->close(s);
		assert_true(scene_size(sc, "-wal") >= WAL_FULL);
		assert_true(scene_size(sc, "-shm") > 0);
		driver->close(scene_open(sc, STORE_SELF));
		assert_true(scene_size(sc, "-wal") >= WAL_FULL);
	}
	/* What a serving start finds short it makes long again. */
	snprintf(wal, sizeof(wal), "%s-wal", sc->path);
	assert_int_equal(truncate(wal, 100 * 1000), 0);
	driver->close(scene_open(sc, STORE_ADMIN));
	assert_int_equal(scene_size(sc, "-wal"), 100 * 1000);
	driver->close(scene_open(sc, STORE_SERVING));
	assert_int_equal(scene_size(sc, "-wal"), WAL_FULL);
}

/* Growing keeps what others have committed and not yet checkpointed. */
static void
grown_beside(void **state)
{
	struct scene *sc = *state;
	struct store *other = scene_open(sc, STORE_SELF), *s;
	struct account a, got;

	sample_load(driver, other, "alice", 1000, &a);
	a.credentials[0].last_step += 9;
	sample_write(driver, other, &a, EFFECT_CREDENTIALS);
	/* A reader that keeps the WAL from starting anew. */
	assert_int_equal(driver->begin(other, STORE_READ, &sc->failure),
	    STORE_OK);
	assert_int_equal(driver->load(other, "alice", 1000, &got,
	    &sc->failure), STORE_OK);
	s = scene_open(sc, STORE_SERVING);
	assert_true(scene_size(sc, "-wal") >= WAL_FULL);
	sample_load(driver, s, "alice", 1000, &got);
	assert_memory_equal(&got, &a, sizeof(a));
	driver->rollback(other);
	a.credentials[0].last_step += 9;
	sample_write(driver, other, &a, EFFECT_CREDENTIALS);
	sample_load(driver, s, "alice", 1000, &got);
	assert_memory_equal(&got, &a, sizeof(a));
	driver->close(other);
	driver->close(s);
	s = scene_open(sc, STORE_SELF);
	sample_load(driver, s, "alice", 1000, &got);
	assert_memory_equal(&got, &a, sizeof(a));
	assert_int_equal(ask(s, "SELECT integrity_check = 'ok'"
	    " FROM pragma_integrity_check"), 1);
	driver->close(s);
}

/* Free pages for bad days: at birth, and again before they run out. */
static void
reserve(void **state)
{
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_SELF);

	assert_true(ask(s, "PRAGMA freelist_count") > LITE_RESERVE - 64);
	driver->close(s);
	assert_int_equal(raw(sc, "VACUUM"), SQLITE_OK);
	s = scene_open(sc, STORE_SELF);
	assert_int_equal(ask(s, "PRAGMA freelist_count"), 0);
	driver->close(s);
	s = scene_open(sc, STORE_SERVING);
	assert_string_equal(sc->failure.reason, "");
	assert_true(ask(s, "PRAGMA freelist_count") >= LITE_RESERVE);
	assert_int_equal(ask(s, "SELECT count(*) FROM store"), 1);
	assert_true(scene_size(sc, "-wal") >= WAL_FULL);
	assert_true(scene_size(sc, "-wal") < WAL_FULL * 3 / 2);
	driver->close(s);
	/* A process killed while it filled left its rows: they go. */
	assert_int_equal(raw(sc, "INSERT INTO store (n, filler)"
	    " VALUES (3, zeroblob(4100000))"), SQLITE_OK);
	s = scene_open(sc, STORE_SERVING);
	assert_string_equal(sc->failure.reason, "");
	assert_int_equal(ask(s, "SELECT count(*) FROM store"), 1);
	driver->close(s);
}

/* Serving: from 250 frames on when idle, from 1000 after the answers. */
static void
tend_serving(void **state)
{
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_SERVING);
	unsigned most = 0;
	int i;

	while (driver->frames(s) < LITE_TEND_IDLE - 10) {
		answers(s, 1);
		driver->tend(s, true);
		driver->tend(s, false);
	}
	assert_true(driver->frames(s) >= LITE_TEND_IDLE - 10);
	answers(s, 5);
	driver->tend(s, false);
	assert_true(driver->frames(s) >= LITE_TEND_IDLE);
	driver->tend(s, true);
	assert_int_equal(driver->frames(s), 0);
	for (i = 0; i < 1500; i++) {
		answers(s, 1);
		if (driver->frames(s) > most)
			most = driver->frames(s);
		driver->tend(s, false);
	}
	assert_true(most >= LITE_TEND_BUSY && most < LITE_TEND_BUSY + 50);
	assert_int_equal(scene_size(sc, "-wal"), WAL_FULL);
	driver->close(s);
}

/* What the public door's processes write is the serving one's to tend. */
static void
tend_for_others(void **state)
{
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_SERVING);
	struct store *self = scene_open(sc, STORE_SELF);

	answers(self, 100);
	driver->tend(self, true);
	assert_true(driver->frames(self) > LITE_TEND_IDLE);
	driver->tend(s, true);
	assert_int_equal(driver->frames(s), 0);
	answers(self, 1);
	assert_true(driver->frames(self) < 20);
	driver->close(self);
	driver->close(s);
}

/* Spawned and admin: a RESTART that the next process remembers. */
static void
tend_short(void **state)
{
	static const enum store_role roles[] = { STORE_SPAWNED, STORE_ADMIN };
	struct scene *sc = *state;
	struct store *keep = scene_open(sc, STORE_SELF), *s;
	int64_t size = 0;
	size_t i, k;

	for (i = 0; i < COUNT(roles); i++) {
		s = scene_open(sc, roles[i]);
		answers(s, 1);
		driver->tend(s, true);
		assert_true(driver->frames(s) > 1);
		while (driver->frames(s) < LITE_TEND_SHORT)
			answers(s, 1);
		driver->tend(s, false);
		assert_int_equal(driver->frames(s), 1);
		driver->close(s);
	}
	driver->close(keep);
	/* Alone on the host, a process a login: the WAL stays short. */
	for (k = 0; k < 100; k++) {
		s = scene_open(sc, STORE_SPAWNED);
		answers(s, 1);
		driver->tend(s, false);
		driver->close(s);
		if (k == 20)
			size = scene_size(sc, "-wal");
	}
	assert_int_equal(scene_size(sc, "-wal"), size);
	assert_true(size < LITE_WAL_HEADER + 64 * LITE_FRAME);
}

/* Somebody reading is not waited for, nor is anything spoilt. */
static void
tend_beside_reader(void **state)
{
	struct scene *sc = *state;
	struct store *reader = scene_open(sc, STORE_SELF);
	struct store *s = scene_open(sc, STORE_SPAWNED);
	struct account a;

	assert_int_equal(driver->begin(reader, STORE_READ, &sc->failure),
	    STORE_OK);
	assert_int_equal(driver->load(reader, "alice", 1000, &a,
	    &sc->failure), STORE_OK);
	answers(s, 20);
	driver->tend(s, false);
	assert_true(driver->frames(s) >= LITE_TEND_SHORT);
	answers(s, 1);
	driver->rollback(reader);
	driver->tend(s, false);
	assert_int_equal(driver->frames(s), 1);
	driver->close(reader);
	driver->close(s);
}

struct written {
	int64_t changes, frames;
};

static struct written
cost(struct store *s, enum outcome o)
{
	struct written w;
	struct account a;

	w.changes = sqlite3_total_changes(s->db);
	w.frames = driver->frames(s);
	answer(s, &a, o);
	w.changes = sqlite3_total_changes(s->db) - w.changes;
	w.frames = driver->frames(s) - w.frames;
	return w;
}

/* Right, wrong, spent: the same rows and the same number of pages. */
static void
alike(void **state)
{
	static const enum outcome outcomes[] = { OUT_OK_TOTP, OUT_BAD_CODE,
	    OUT_REPLAY, OUT_OK_RECOVERY, OUT_BAD_CODE, OUT_OK_TOTP };
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_SELF);
	int64_t sum[COUNT(outcomes)] = { 0 };
	struct written w;
	size_t i, k;

	/* Events fill a page now and then, whatever they tell: each outcome
	   has every place in the order once. */
	for (k = 0; k < 42; k++)
		for (i = 0; i < COUNT(outcomes); i++) {
			w = cost(s, outcomes[(i + k) % COUNT(outcomes)]);
			assert_int_equal(w.changes, 4);
			assert_in_range(w.frames, 4, 16);
			sum[(i + k) % COUNT(outcomes)] += w.frames == 4;
		}
	for (i = 0; i < COUNT(outcomes); i++)
		assert_true(sum[i] >= 30);
	driver->close(s);
}

/* A line of nearly a page. */
static enum store_code
long_line(struct store *s, struct account *a)
{
	static const enum effect_kind kinds[] = { EFFECT_LIMITERS,
	    EFFECT_EVENT };
	struct decision d = sample_decision(OUT_REPLAY, COUNT(kinds), kinds);
	struct store_event e = sample_event(DOOR_LOGIN, OUT_REPLAY);
	struct failure f = { .path = "" };
	enum store_code code;
	char text[256];

	memset(text, 'x', 255);
	text[255] = '\0';
	e.service = e.rhost = e.tty = text;
	assert_int_equal(driver->begin(s, STORE_WRITE, &f), STORE_OK);
	assert_int_equal(driver->load(s, "alice", 1000, a, &f), STORE_OK);
	code = driver->apply(s, a, &d, &e, &f);
	if (code == STORE_OK)
		return driver->commit(s, &f);
	driver->rollback(s);
	return code;
}

/* Nothing but the reserve makes the file longer: no commit may promise a
   page that a later checkpoint finds no block for. */
static void
ceiling(void **state)
{
	struct scene *sc = *state;
	struct account a;
	struct store *s;
	int64_t pages;
	int i;

	assert_int_equal(raw(sc, "VACUUM"), SQLITE_OK);
	s = scene_open(sc, STORE_SELF);
	pages = ask(s, "PRAGMA page_count");
	assert_int_equal(ask(s, "PRAGMA freelist_count"), 0);
	for (i = 0; i < 4 && long_line(s, &a) == STORE_OK; i++)
		;
	assert_in_range(i, 0, 3);
	assert_int_equal(ask(s, "PRAGMA page_count"), pages);
	driver->close(s);
	/* Where the disk has room, the next serving start makes some. */
	s = scene_open(sc, STORE_SERVING);
	assert_true(ask(s, "PRAGMA freelist_count") >= LITE_RESERVE);
	answers(s, 200);
	driver->close(s);
}

/* Spawned processes alone: one of them makes the reserve anew. */
static void
reserve_spawned(void **state)
{
	struct scene *sc = *state;
	struct store *s;

	assert_int_equal(raw(sc, "INSERT INTO store (n, filler)"
	    " VALUES (2, zeroblob(3400 * 1020))"), SQLITE_OK);
	s = scene_open(sc, STORE_SPAWNED);
	assert_true(ask(s, "PRAGMA freelist_count") < LITE_RESERVE_LOW);
	while (driver->frames(s) < LITE_TEND_SHORT)
		answers(s, 1);
	driver->tend(s, false);
	assert_true(ask(s, "PRAGMA freelist_count") >= LITE_RESERVE);
	assert_int_equal(driver->frames(s), 1);
	driver->close(s);
}

/*
 * A disk that gives no block more (here: no byte more than the file has).
 * Filling up by rows of a page each, then for ever: answers are written,
 * the oldest lines go, the file and its WAL stay as long as they are.
 */
static void
full_disk(void **state)
{
	struct store_options o = sample_options(STORE_SERVING);
	struct scene *sc = *state;
	struct rlimit all, now;
	struct account a;
	int64_t size, wal;
	struct store *s;
	int i;

	assert_int_equal(raw(sc, "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL"
	    " SELECT n + 1 FROM c WHERE n < 80000) INSERT INTO event"
	    " (at, uid, account, outcome, kind, change, door, actor)"
	    " SELECT 1790000000, n, 1 << 62, 16, 1, 0, 0, -1 FROM c"), SQLITE_OK);
	s = scene_open(sc, STORE_SERVING);
	assert_string_equal(sc->failure.reason, "");
	assert_in_range(ask(s, "PRAGMA freelist_count"),
	    LITE_RESERVE_TIGHT, 2 * LITE_RESERVE_LOW);
	driver->close(s);
	wal = scene_size(sc, "-wal");
	size = scene_size(sc, "");
	o.audit_events = 1000000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
	now = all;
	now.rlim_cur = (rlim_t)size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
	assert_int_equal(driver->open(sc->path, &o, &s, &sc->failure),
	    STORE_OK);
	for (i = 0; i < 900; i++) {
		assert_int_equal(long_line(s, &a), STORE_OK);
		driver->tend(s, i % 100 == 0);
	}
	assert_in_range(ask(s, "PRAGMA freelist_count"),
	    LITE_RESERVE_TIGHT - 64, LITE_RESERVE_LOW);
	assert_in_range(ask(s, "SELECT count(*) FROM event"), 30000, 80000);
	assert_int_equal(ask(s, "SELECT max(id) FROM event"),
	    sqlite3_last_insert_rowid(s->db));
	assert_int_equal(scene_size(sc, ""), size);
	assert_int_equal(scene_size(sc, "-wal"), wal);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	driver->tend(s, true);
	driver->close(s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define SCENE(t) cmocka_unit_test_setup_teardown(t, enrolled, scene_teardown)
		SCENE(working_size), SCENE(grown_beside), SCENE(reserve),
		SCENE(tend_serving), SCENE(tend_for_others),
		SCENE(tend_short), SCENE(tend_beside_reader), SCENE(alike),
		SCENE(ceiling), SCENE(reserve_spawned), SCENE(full_disk),
	};

	return cmocka_run_group_tests_name("store: space", tests, NULL, NULL);
}
