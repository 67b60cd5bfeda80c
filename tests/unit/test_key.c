/* SPDX-License-Identifier: BSD-2-Clause */
/* KEY: what root is told of ring and store, and of a rotation. */
#include "tests/unit/rotate_place.h"

#include <sys/socket.h>

#include "common/wire.h"
#include "daemon/keyring_file.h"
#include "daemon/round.h"
#include "daemon/selfservice.h"

#define PACKETS 64

/* One answer: the packets of keys, of people, and the last. */
struct answer_of_key {
	size_t		 keys, people, packets;
	char		 id[PACKETS][16], who[PACKETS][16];
	uint32_t	 secrets[PACKETS], stuck[PACKETS], flags[PACKETS];
	struct wire_message last;
	uint8_t		 data[WIRE_PACKET_MAX];
	uint32_t	 outcome, count, all_stuck, all_flags, why;
	char		 active[WIRE_STRING_MAX + 1];
	char		 path[WIRE_STRING_MAX + 1];
};

static void
cut(const struct wire_message *m, enum wire_tag tag, char out[16])
{
	char text[WIRE_STRING_MAX + 1];

	wire_get_string(m, tag, text);
	snprintf(out, 16, "%.15s", text);
}

static void
take(struct answer_of_key *a, const struct wire_message *m)
{
	size_t n = a->keys;

	a->packets++;
	if (wire_has(m, TAG_NAME))
		cut(m, TAG_NAME, a->who[a->people++]);
	else if (wire_has(m, TAG_KEY)) {
		cut(m, TAG_KEY, a->id[n]);
		wire_get_uint(m, TAG_COUNT, &a->secrets[n]);
		wire_get_uint(m, TAG_STUCK, &a->stuck[n]);
		wire_get_uint(m, TAG_FLAGS, &a->flags[n]);
		a->keys++;
	}
}

/* What happens once the ring was read, before the rows are. */
static void (*meanwhile)(void);

/* Asks; `says` is a packet that already lies there when it is read. */
static void
key(uint32_t flags, const char *reason, bool says, struct answer_of_key *a)
{
	const struct caller caller = { .door = DOOR_ADMIN };
	struct talk talk = { .fd = -1 };
	struct wire_message m;
	struct wire_writer w, cancel;
	struct store *store;
	struct site *site = site_at(STORE_ADMIN, &store);
	struct failure f;
	size_t len;
	int pair[2];

	if (meanwhile != NULL) {
		assert_non_null(site_keyring(site, &f));
		meanwhile();
	}
	memset(a, 0, sizeof(*a));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	talk.fd = pair[0];
	wire_start(&w, WIRE_VERSION, VERB_KEY);
	wire_put_uint(&w, TAG_FLAGS, flags);
	wire_put_string(&w, TAG_REASON, reason);
	assert_true(wire_done(&w));
	assert_true(wire_read(w.data, w.len, &m));
	wire_start(&cancel, WIRE_VERSION, VERB_CANCEL);
	if (says)
		assert_int_equal(wire_send(pair[1], &cancel), WIRE_OK);
	a->outcome = selfservice_serve(site, &caller, &m, &talk);
	while (wire_receive(pair[1], a->data, &len) == WIRE_OK) {
		assert_true(wire_read(a->data, len, &a->last));
		if (wire_has(&a->last, TAG_LAST))
			break;
		take(a, &a->last);
	}
	assert_true(wire_has(&a->last, TAG_LAST));
	wire_get_uint(&a->last, TAG_COUNT, &a->count);
	wire_get_uint(&a->last, TAG_STUCK, &a->all_stuck);
	wire_get_uint(&a->last, TAG_FLAGS, &a->all_flags);
	wire_get_uint(&a->last, TAG_WHY, &a->why);
	wire_get_string(&a->last, TAG_KEY, a->active);
	wire_get_string(&a->last, TAG_PATH, a->path);
	close(pair[0]);
	close(pair[1]);
	site_free(site);
}

static void
sound(void **state)
{
	static struct answer_of_key a, b;
	int dir;
	struct failure f;

	(void)state;
	born();
	people(0, 20);
	key(0, NULL, false, &a);
	assert_int_equal(a.outcome, OUT_DONE);
	assert_int_equal(a.keys, 1);
	assert_int_equal(a.people, 0);
	assert_string_equal(a.id[0], a.active);
	assert_int_equal(a.secrets[0], 20);
	assert_int_equal(a.stuck[0], 0);
	assert_int_equal(a.flags[0], FLAG_ACTIVE);
	assert_int_equal(a.count, 20);
	assert_int_equal(a.all_flags, 0);
	assert_int_equal(a.why, 0);
	assert_string_equal(a.path, paths.keyring);
	/* Looking takes no hold, and is told of one. */
	assert_int_equal(keyring_hold(paths.keyring, getuid(), false, &dir,
	    &f), OUT_DONE);
	key(0, NULL, false, &b);
	close(dir);
	assert_int_equal(b.outcome, OUT_DONE);
	assert_int_equal(b.all_flags, FLAG_HELD);
}

static void
rotated(void **state)
{
	static struct answer_of_key before, r, after;
	static struct store_record records[STORE_RECORDS];
	struct failure f;
	struct store *store;
	struct site *site;
	size_t i, n, found = 0;

	(void)state;
	born();
	people(0, 20);
	key(0, NULL, false, &before);
	key(FLAG_NEW, "two\nlines", false, &r);
	assert_int_equal(r.outcome, OUT_PROTOCOL);
	key(FLAG_NEW, "yearly", false, &r);
	assert_int_equal(r.outcome, OUT_DONE);
	assert_int_equal(r.count, 20);
	assert_int_equal(r.keys, 1);
	assert_string_equal(r.id[0], before.active);
	assert_int_equal(r.flags[0], FLAG_ABSENT);
	assert_int_equal(r.all_flags, 0);
	key(0, NULL, false, &after);
	assert_string_equal(after.active, r.active);
	assert_string_not_equal(after.active, before.active);
	whole(20);
	site = site_at(STORE_SELF, &store);
	assert_int_equal(store_sqlite.records(store, RING_LOGIN, 0, records,
	    &n, &f), STORE_OK);
	for (i = 0; i < n; i++) {
		if (records[i].change != 12)
			continue;
		found++;
		assert_string_equal(records[i].note, "yearly");
		assert_false(records[i].uid_known);
	}
	assert_int_equal(found, 1);
	site_free(site);
}

static void
rotate_now(void)
{
	static struct answer_of_key r;

	meanwhile = NULL;
	key(FLAG_NEW, NULL, false, &r);
	assert_int_equal(r.outcome, OUT_DONE);
}

/* A rotation came in between: the ring is told of as it is at the end. */
static void
rotated_meanwhile(void **state)
{
	static struct answer_of_key before, a;

	(void)state;
	born();
	people(0, 20);
	key(0, NULL, false, &before);
	meanwhile = rotate_now;
	key(0, NULL, false, &a);
	assert_int_equal(a.outcome, OUT_DONE);
	assert_int_equal(a.keys, 1);
	assert_string_not_equal(a.id[0], before.active);
	assert_string_equal(a.id[0], a.active);
	assert_int_equal(a.flags[0], FLAG_ACTIVE);
	assert_int_equal(a.secrets[0], 20);
	assert_int_equal(a.all_flags, 0);
	assert_int_equal(a.why, 0);
}

/* Somebody at the other end says something: it is the end, as Ctrl-C. */
static void
stopped(void **state)
{
	static struct answer_of_key r;

	(void)state;
	born();
	people(0, 20);
	key(FLAG_NEW, NULL, true, &r);
	assert_int_equal(r.outcome, OUT_NO_INPUT);
	assert_int_equal(r.all_flags, FLAG_UNFINISHED);
	key(0, NULL, false, &r);
	assert_int_equal(r.outcome, OUT_DONE);
	assert_int_equal(r.keys, 2);
	assert_int_equal(r.all_flags, FLAG_UNFINISHED);
	assert_int_equal(r.secrets[0] + r.secrets[1], 20);
	key(FLAG_NEW, NULL, false, &r);
	assert_int_equal(r.outcome, OUT_DONE);
	assert_int_equal(r.all_flags, FLAG_RESUMED);
	whole(20);
}

/* Other bytes under the id, another id, no file: said, all counted. */
static void
foreign(void **state)
{
	static struct answer_of_key a, r;
	char line[128] = "";
	FILE *file;
	int how;

	(void)state;
	born();
	people(0, 20);
	file = fopen(paths.keyring, "r");
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	for (how = 0; how < 3; how++) {
		char other[128];

		memcpy(other, line, sizeof(other));
		if (how == 0)
			other[12] = other[12] == 'A' ? 'B' : 'A';
		else
			other[0] = other[0] == '0' ? '1' : '0';
		put_text("etc/keyring", other);
		if (how == 2)
			assert_int_equal(unlink(paths.keyring), 0);
		key(0, NULL, false, &a);
		assert_int_equal(a.outcome, OUT_DONE);
		assert_int_equal(a.why, OUT_KEY);
		assert_int_equal(a.count, 20);
		assert_int_equal(a.all_stuck, 20);
		assert_int_equal(a.people, 16);
		assert_string_equal(a.path, paths.keyring);
		assert_int_equal(a.keys, how == 1 ? 2 : 1);
		assert_int_equal(a.flags[a.keys - 1], how == 0 ?
		    FLAG_ACTIVE : FLAG_ABSENT);
		key(FLAG_NEW, NULL, false, &r);
		assert_int_equal(r.outcome, OUT_KEY);
		assert_int_equal(r.all_flags, 0);
	}
	put_text("etc/keyring", line);
	whole(20);
}

/* The verb is root's alone, and takes no name. */
static void
doors(void **state)
{
	const struct caller self = { .door = DOOR_PUBLIC, .uid = getuid(),
	    .name = "somebody" };
	const struct caller root = { .door = DOOR_LOGIN };
	struct round_item item = { 0 };
	struct wire_writer w;
	struct store *store;
	struct site *site;

	(void)state;
	born();
	site = site_at(STORE_SERVING, &store);
	wire_start(&w, WIRE_VERSION, VERB_KEY);
	item.packet = w.data;
	item.len = w.len;
	round_answer(site, &root, &item, 1);
	assert_int_equal(item.outcome, OUT_PROTOCOL);
	round_answer(site, &self, &item, 1);
	assert_int_equal(item.outcome, OUT_PROTOCOL);
	site_free(site);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MEMORY(sound), IN_MEMORY(rotated),
		IN_MEMORY(rotated_meanwhile), IN_MEMORY(stopped),
		IN_MEMORY(foreign), IN_MEMORY(doors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
