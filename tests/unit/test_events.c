/* SPDX-License-Identifier: BSD-2-Clause */
/* What happened, as root reads it: filters, the cursor, what was counted. */
#include "tests/unit/service_place.h"

#include "daemon/decide.h"

#define KEPT	1000		/* audit_events, the least */
#define NOW	1763720000	/* 20 minutes behind a full hour */
#define HOUR	(NOW / 3600)
#define ROWS	4096

/* A whole answer. */
struct events {
	size_t		 count;
	struct event {
		uint32_t ring, outcome, change, times, flags;
		int64_t	 id, at;
		char	 service[8];
	}		 rows[ROWS];
	int64_t		 after[3];	/* of the last packet */
	uint32_t	 lost, flags;
};

static struct events answer;

static int
place_small(void **state)
{
	const struct settings *settings;
	struct failure f = { 0 };
	char text[192];
	struct place *p;

	if (place_make(state) != 0)
		return -1;
	p = *state;
	snprintf(text, sizeof(text), "store = \"sqlite:%s/stepup.db\"\n"
	    "audit_events = %d\n", p->state, KEPT);
	write_file(p->conf, text);
	site_free(p->site);
	p->site = site_new(&p->paths, STORE_ADMIN);
	return p->site == NULL || site_settings(p->site, wire_now_ms(),
	    &settings, &f) != OUT_DONE || settings->audit_events != KEPT ?
	    -1 : 0;
}

/* --- Written as decisions write it -------------------------------------- */

static void
happens(struct place *p, int n, enum effect_kind kind, enum door door,
    enum outcome o, uid_t uid, const char *service, int64_t at)
{
	const struct store_driver *driver = site_driver(p->site);
	struct store_event e = { .at = at, .door = door, .outcome = o,
	    .kind = KIND_TOTP, .service = service };
	struct decision d = { .outcome = o, .effect_count = 1,
	    .effects = { kind } };
	struct failure f = { 0 };
	struct account a;
	struct store *store;

	memset(&a, 0, sizeof(a));
	a.uid = uid;
	memcpy(a.name, "somebody", 9);
	if (uid == (uid_t)-1)
		a.name[0] = '\0';
	assert_int_equal(site_store(p->site, &store, &f), OUT_DONE);
	assert_int_equal(driver->begin(store, STORE_WRITE, &f), STORE_OK);
	for (; n > 0; n--)
		assert_int_equal(driver->apply(store, &a, &d, &e, &f),
		    STORE_OK);
	assert_int_equal(driver->commit(store, &f), STORE_OK);
}

/* --- Read by a client in a thread --------------------------------------- */

static void
take_row(const uint8_t *data, size_t len)
{
	struct event *e = &answer.rows[answer.count++];
	char service[WIRE_STRING_MAX + 1];
	struct wire_message m;

	if (answer.count > ROWS || !wire_read(data, len, &m))
		abort();
	wire_get_uint(&m, TAG_RING, &e->ring);
	wire_get_uint(&m, TAG_OUTCOME, &e->outcome);
	wire_get_uint(&m, TAG_CHANGE, &e->change);
	wire_get_uint(&m, TAG_COUNT, &e->times);
	wire_get_uint(&m, TAG_FLAGS, &e->flags);
	wire_get_int64(&m, TAG_EVENT, &e->id);
	wire_get_int64(&m, TAG_CREATED, &e->at);
	wire_get_string(&m, TAG_SERVICE, service);
	snprintf(e->service, sizeof(e->service), "%.7s", service);
}

static void *
reader_main(void *arg)
{
	const int *fd = arg;
	uint8_t packet[WIRE_PACKET_MAX];
	const struct wire_field *f;
	struct wire_message m;
	size_t len, at, one;

	for (;;) {
		if (!wire_wait(*fd, POLLIN, wire_now_ms() + 20000) ||
		    wire_receive(*fd, packet, &len) != WIRE_OK ||
		    !wire_read(packet, len, &m) || wire_has(&m, TAG_LAST))
			return NULL;
		f = &m.field[TAG_ROWS];
		for (at = 0; at < f->len; at += 2 + one) {
			one = (size_t)f->data[at] << 8 | f->data[at + 1];
			take_row(f->data + at + 2, one);
		}
		wire_get_int64(&m, TAG_AFTER, &answer.after[0]);
		wire_get_int64(&m, TAG_AFTER_PUBLIC, &answer.after[1]);
		wire_get_int64(&m, TAG_AFTER_HOUR, &answer.after[2]);
		wire_get_uint(&m, TAG_COUNT, &answer.lost);
		wire_get_uint(&m, TAG_FLAGS, &answer.flags);
	}
}

/* The rows that a request brings; it goes on after `after`. */
static size_t
asked(struct place *p, const int64_t after[3], struct wire_writer *w)
{
	struct wire_message request;
	struct talk talk = { 0 };
	pthread_t thread;
	int fds[2];

	wire_put_int64(w, TAG_AFTER, after[0]);
	wire_put_int64(w, TAG_AFTER_PUBLIC, after[1]);
	wire_put_int64(w, TAG_AFTER_HOUR, after[2]);
	memset(&answer, 0, sizeof(answer));	/* after[] may be in it */
	assert_true(wire_done(w));
	assert_true(wire_read(w->data, w->len, &request));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	talk.fd = fds[1];
	assert_int_equal(pthread_create(&thread, NULL, reader_main, &fds[0]),
	    0);
	assert_int_equal(selfservice_serve(p->site, &admin, &request, &talk),
	    OUT_DONE);
	assert_int_equal(pthread_join(thread, NULL), 0);
	close(fds[0]);
	close(fds[1]);
	return answer.count;
}

static const int64_t start[3] = { 0, 0, 0 };

static size_t
after(struct place *p, const int64_t place[3])
{
	struct wire_writer w;

	wire_start(&w, 1, VERB_LOG);
	return asked(p, place, &w);
}

/* --- Tests ---------------------------------------------------------------- */

static void
some_events(struct place *p)
{
	happens(p, 1, EFFECT_EVENT, DOOR_LOGIN, OUT_OK_TOTP, 1000, "sshd",
	    NOW);
	happens(p, 2, EFFECT_EVENT, DOOR_LOGIN, OUT_BAD_CODE, 1001, "sudo",
	    NOW + 1);
	happens(p, 1, EFFECT_EVENT, DOOR_PUBLIC, OUT_BAD_CODE, 1000, NULL,
	    NOW + 2);
	happens(p, 3, EFFECT_TALLY, DOOR_LOGIN, OUT_BAD_FORMAT, 1000, "sshd",
	    NOW + 3);
	happens(p, 1, EFFECT_TALLY, DOOR_LOGIN, OUT_NO_USER, (uid_t)-1, "sshd",
	    NOW + 4);
	happens(p, 1, EFFECT_EVENT, DOOR_LOGIN, OUT_OK_TOTP, 1001, "sshd",
	    NOW + 3600);
	happens(p, 1, EFFECT_TALLY, DOOR_LOGIN, OUT_LOCKED, 1000, "sshd",
	    NOW + 3601);
}

/* Both rings by time; what was counted behind the events of its hour. */
static void
in_order(void **state)
{
	static const struct { uint32_t ring, outcome, times; } rows[] = {
		{ 0, OUT_OK_TOTP, 0 }, { 0, OUT_BAD_CODE, 0 },
		{ 0, OUT_BAD_CODE, 0 }, { 1, OUT_BAD_CODE, 0 },
		{ 2, OUT_NO_USER, 1 }, { 2, OUT_BAD_FORMAT, 3 },
		{ 0, OUT_OK_TOTP, 0 }, { 2, OUT_LOCKED, 1 },
	};
	struct place *p = *state;
	size_t i;

	assert_int_equal(after(p, start), 0);
	some_events(p);
	assert_int_equal(after(p, start), COUNT(rows));
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(answer.rows[i].ring, rows[i].ring);
		assert_int_equal(answer.rows[i].outcome, rows[i].outcome);
		assert_int_equal(answer.rows[i].times, rows[i].times);
		assert_int_equal(answer.rows[i].flags, 0);
	}
	assert_int_equal(answer.rows[4].id, HOUR);
	assert_int_equal(answer.rows[5].at, NOW + 3);
	assert_int_equal(answer.lost, 0);
	assert_int_equal(answer.flags, 0);
	/* And nothing twice. */
	assert_int_equal(after(p, answer.after), 0);
}

struct wanted {
	const char	*service;
	uint32_t	 uid;		/* 0: anybody */
	enum outcome	 outcome;	/* OUT_INTERNAL: any */
	uint32_t	 changes;
	int64_t		 since, until;	/* 0: not asked for */
	size_t		 count;
};

static size_t
wanted(struct place *p, const struct wanted *t)
{
	struct wire_writer w;

	wire_start(&w, 1, VERB_LOG);
	wire_put_string(&w, TAG_SERVICE, t->service);
	if (t->uid != 0)
		wire_put_uint(&w, TAG_UID, t->uid);
	if (t->outcome != OUT_INTERNAL)
		wire_put_int64(&w, TAG_OUTCOMES, INT64_C(1) << t->outcome);
	if (t->changes != 0)
		wire_put_uint(&w, TAG_CHANGES, t->changes);
	if (t->since != 0)
		wire_put_int64(&w, TAG_SINCE, t->since);
	if (t->until != 0)
		wire_put_int64(&w, TAG_UNTIL, t->until);
	return asked(p, start, &w);
}

/* Only what is wanted comes; the cursor passes over the rest. */
static void
filtered(void **state)
{
	static const struct wanted rows[] = {
		{ .service = "sshd", .count = 2 },
		{ .service = "ssh", .count = 0 },
		{ .uid = 1001, .count = 3 }, { .uid = 1000, .count = 4 },
		{ .uid = 4242, .count = 0 },
		{ .outcome = OUT_BAD_CODE, .count = 3 },
		{ .outcome = OUT_BAD_FORMAT, .count = 1 },
		{ .outcome = OUT_BAD_CODE, .uid = 1000, .count = 1 },
		{ .changes = 0xff, .count = 0 },
		{ .since = NOW + 1, .count = 7 },
		{ .since = NOW + 3600, .count = 2 },
		{ .until = NOW + 1, .count = 5 },
		{ .until = NOW - 3600, .count = 0 },
		{ .since = NOW + 5, .until = NOW + 3599, .count = 1 },
		{ .since = NOW + 2, .until = NOW + 2, .count = 3 },
	};
	struct place *p = *state;
	int64_t all[3];
	size_t i;

	some_events(p);
	after(p, start);
	memcpy(all, answer.after, sizeof(all));
	for (i = 0; i < COUNT(rows); i++) {
		if (wanted(p, &rows[i]) != rows[i].count)
			fail_msg("row %zu: %zu", i, answer.count);
		assert_memory_equal(answer.after, all, sizeof(all));
	}
}

/* The cursor of a reader whom the ring overtook, or not. */
static void
ring_wraps(void **state)
{
	struct place *p = *state;
	int64_t place[3], last;
	size_t i, n;

	happens(p, KEPT / 2, EFFECT_EVENT, DOOR_LOGIN, OUT_BAD_CODE, 1000,
	    "sshd", NOW);
	assert_int_equal(after(p, start), KEPT / 2);
	memcpy(place, answer.after, sizeof(place));
	last = place[0];
	/* Not yet overtaken: each once, none lost. */
	for (i = 0; i < 3; i++) {
		happens(p, KEPT / 2, EFFECT_EVENT, DOOR_LOGIN, OUT_BAD_CODE,
		    1000, "sshd", NOW);
		assert_int_equal(after(p, place), KEPT / 2);
		assert_int_equal(answer.lost, 0);
		assert_int_equal(answer.rows[0].id, last + 1);
		last = answer.rows[answer.count - 1].id;
		assert_int_equal(answer.after[0], last);
		memcpy(place, answer.after, sizeof(place));
	}
	/* Overtaken: what is left, and how many are not. */
	happens(p, 2 * KEPT, EFFECT_EVENT, DOOR_LOGIN, OUT_BAD_CODE, 1000,
	    "sshd", NOW);
	happens(p, 1, EFFECT_EVENT, DOOR_PUBLIC, OUT_BAD_CODE, 1000, NULL,
	    NOW);
	n = after(p, place);
	assert_in_range(n, KEPT, 2 * KEPT);
	assert_int_equal(n - 1 + answer.lost, 2 * KEPT);
	assert_true(answer.lost > 0);
	for (i = 1; i < n; i++)
		assert_true(answer.rows[i].id == answer.rows[i - 1].id + 1 ||
		    answer.rows[i].ring != answer.rows[i - 1].ring);
	assert_int_equal(after(p, answer.after), 0);
	assert_int_equal(answer.lost, 0);
	/* The newest stays although all others went. */
	assert_int_equal(answer.after[1], 1);
	/* A place that this store has not reached is of another one. */
	place[0] = answer.after[0] + 1;
	assert_in_range(after(p, place), KEPT, 2 * KEPT);
	assert_int_equal(answer.flags, FLAG_ANEW);
	assert_int_equal(answer.lost, 0);
}

/*
 * What may still grow is told as it stands, and again when it is over.  An
 * hour that is to come runs as well: no test waits for one to end.
 */
static void
running_hour(void **state)
{
	struct place *p = *state;
	int64_t now = clock_now(), past = now - 7200, place[3];

	happens(p, 2, EFFECT_TALLY, DOOR_LOGIN, OUT_LOCKED, 1000, "sshd",
	    past);
	happens(p, 2, EFFECT_TALLY, DOOR_LOGIN, OUT_LOCKED, 1000, "sshd",
	    now + 7200);
	assert_int_equal(after(p, start), 2);
	assert_int_equal(answer.rows[0].flags, 0);
	assert_int_equal(answer.rows[1].flags, FLAG_RUNNING);
	assert_in_range(answer.after[2], past / 3600 + 1, now / 3600 + 1);
	memcpy(place, answer.after, sizeof(place));
	happens(p, 3, EFFECT_TALLY, DOOR_LOGIN, OUT_LOCKED, 1000, "sshd",
	    now + 7200);
	assert_int_equal(after(p, place), 1);
	assert_int_equal(answer.rows[0].times, 5);
	assert_int_equal(answer.rows[0].flags, FLAG_RUNNING);
	/* Read before an hour was over; now it is. */
	place[2] = past / 3600;
	assert_int_equal(after(p, place), 2);
	assert_int_equal(answer.rows[0].times, 2);
	assert_int_equal(answer.rows[0].flags, 0);
}

/* More than a batch in one hour. */
static void
many_counts(void **state)
{
	struct place *p = *state;
	size_t i;
	int n;

	for (n = 0; n < 200; n++)
		happens(p, 1, EFFECT_TALLY, DOOR_LOGIN, OUT_LOCKED,
		    (uid_t)(5000 - n), "sshd", NOW + n);
	assert_int_equal(after(p, start), 200);
	for (i = 0; i < 200; i++)
		assert_int_equal(answer.rows[i].at, NOW + 199 - (int64_t)i);
	assert_int_equal(after(p, answer.after), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, place_small, place_drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_order),
		TEST(filtered),
		TEST(ring_wraps),
		TEST(running_hour),
		TEST(many_counts),
	};

	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
