/* SPDX-License-Identifier: BSD-2-Clause */
/* What root does to accounts and reads of them: lock, unlock, list, log. */
#include "tests/unit/service_place.h"

/* Ten wrong ones of either kind, at this door. */
static void
guess(struct place *p, const struct caller *caller)
{
	char code[RECOVERY_LENGTH + 1];
	int i;

	for (i = 0; i < 10; i++) {
		assert_true(recovery_generate(code));
		assert_int_equal(ask(p, caller, VERB_VERIFY, code),
		    OUT_BAD_CODE);
	}
	assert_int_equal(ask(p, caller, VERB_VERIFY, code), OUT_LOCKED);
}

/* A lock refuses right codes at every door; unlocking clears all. */
static void
locks(void **state)
{
	static const char *const bad[] = { NULL, "", "two\nlines", "\x7f" };
	struct place *p = *state;
	struct caller self = { .door = DOOR_PUBLIC, .uid = getuid(),
	    .name = p->user };
	struct phone phone = { 0 };
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_message last;
	char longest[202], text[WIRE_STRING_MAX + 1];
	uint32_t n;
	size_t i;

	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_DONE);
	memset(longest, 'r', 201);
	longest[201] = '\0';
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(lock(p, VERB_LOCK, bad[i], packet, &last),
		    OUT_PROTOCOL);
	assert_int_equal(lock(p, VERB_LOCK, longest, packet, &last),
	    OUT_PROTOCOL);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);
	guess(p, &root);
	guess(p, &self);
	assert_int_equal(lock(p, VERB_LOCK, longest + 1, packet, &last),
	    OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ADMIN_LOCK);
	assert_int_equal(ask(p, &self, VERB_CHECK, NULL), OUT_ADMIN_LOCK);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_ADMIN_LOCK);
	/* A new phone does not open it. */
	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_ADMIN_LOCK);

	assert_int_equal(lock(p, VERB_UNLOCK, NULL, packet, &last), OUT_DONE);
	wire_get_uint(&last, TAG_FLAGS, &n);
	assert_int_equal(n, FLAG_ADMIN_LOCK);
	wire_get_uint(&last, TAG_COUNT, &n);
	assert_int_equal(n, 20);
	wire_get_uint(&last, TAG_WAIT_RECOVERY, &n);
	assert_in_range(n, 1700, 1800);
	wire_get_string(&last, TAG_TEXT, text);
	assert_string_equal(text, longest + 1);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_OK_RECOVERY);
	assert_int_equal(ask(p, &self, VERB_VERIFY, phone.codes[1]),
	    OUT_OK_RECOVERY);
	assert_int_equal(lock(p, VERB_UNLOCK, "again", packet, &last),
	    OUT_DONE);
	wire_get_uint(&last, TAG_FLAGS, &n);
	assert_int_equal(n, 0);
	wire_get_uint(&last, TAG_COUNT, &n);
	assert_int_equal(n, 0);
}

/* Whoever has not enrolled can be locked before; it outlives enrolling. */
static void
lock_before_enrolling(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_message last;

	assert_int_equal(lock(p, VERB_UNLOCK, NULL, packet, &last),
	    OUT_NOT_ENROLLED);
	assert_int_equal(lock(p, VERB_LOCK, "why", packet, &last), OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ADMIN_LOCK);
	assert_int_equal(ask(p, &root, VERB_VERIFY, "123456"),
	    OUT_ADMIN_LOCK);
	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ADMIN_LOCK);
	assert_int_equal(lock(p, VERB_UNLOCK, NULL, packet, &last), OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_OK_RECOVERY);
}

/* The rows of one small answer. */
static size_t
rows_of(struct place *p, uint8_t verb, int64_t after,
    uint8_t packet[WIRE_PACKET_MAX], struct wire_message rows[16])
{
	struct talk talk = { 0 };
	struct wire_message m, request;
	struct wire_writer w;
	const struct wire_field *f = &m.field[TAG_ROWS];
	size_t len, at, one, n = 0;
	int fds[2];

	wire_start(&w, 1, verb);
	if (after > 0)
		wire_put_int64(&w, TAG_AFTER, after);
	assert_true(wire_read(w.data, w.len, &request));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	talk.fd = fds[1];
	assert_int_equal(selfservice_serve(p->site, &admin, &request, &talk),
	    OUT_DONE);
	assert_int_equal(wire_receive(fds[0], packet, &len), WIRE_OK);
	assert_true(wire_read(packet, len, &m));
	for (at = 0; at < f->len; at += 2 + one) {
		one = (size_t)f->data[at] << 8 | f->data[at + 1];
		assert_true(n < 16 && at + 2 + one <= f->len);
		assert_true(wire_read(f->data + at + 2, one, &rows[n++]));
	}
	close(fds[0]);
	close(fds[1]);
	return n;
}

/* What root reads: an account in a line, and what was done to it. */
static void
listed(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_message rows[16], last;
	char text[WIRE_STRING_MAX + 1];
	uint32_t v;
	int64_t id;
	size_t n;

	assert_int_equal(rows_of(p, VERB_LIST, 0, packet, rows), 0);
	assert_int_equal(rows_of(p, VERB_LOG, 0, packet, rows), 0);
	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_OK_RECOVERY);
	guess(p, &root);
	assert_int_equal(lock(p, VERB_LOCK, "why not", packet, &last),
	    OUT_DONE);
	assert_int_equal(rows_of(p, VERB_LIST, 0, packet, rows), 1);
	wire_get_string(&rows[0], TAG_NAME, text);
	assert_string_equal(text, p->user);
	wire_get_uint(&rows[0], TAG_FLAGS, &v);
	assert_int_equal(v, FLAG_ENROLLED | FLAG_ADMIN_LOCK);
	wire_get_uint(&rows[0], TAG_LEFT, &v);
	assert_int_equal(v, 9);
	wire_get_uint(&rows[0], TAG_WAIT_RECOVERY, &v);
	assert_in_range(v, 1700, 1800);
	assert_true(wire_has(&rows[0], TAG_USED));
	n = rows_of(p, VERB_LOG, 0, packet, rows);
	/* The refusal behind the ten guesses is only counted. */
	assert_int_equal(n, 1 + 1 + 10 + 1 + 1);
	n--;
	wire_get_uint(&rows[n], TAG_OUTCOME, &v);
	assert_int_equal(v, OUT_LOCKED);
	wire_get_uint(&rows[n], TAG_COUNT, &v);
	assert_int_equal(v, 1);
	wire_get_uint(&rows[0], TAG_CHANGE, &v);
	assert_int_equal(v, 1);
	wire_get_uint(&rows[1], TAG_OUTCOME, &v);
	assert_int_equal(v, OUT_OK_RECOVERY);
	wire_get_string(&rows[1], TAG_SERVICE, text);
	assert_string_equal(text, "sshd");
	wire_get_string(&rows[n - 1], TAG_REASON, text);
	assert_string_equal(text, "why not");
	wire_get_int64(&rows[n - 2], TAG_EVENT, &id);
	assert_int_equal(rows_of(p, VERB_LOG, id, packet, rows), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locks),
		cmocka_unit_test_setup_teardown(lock_before_enrolling, place_make,
		    place_drop),
		cmocka_unit_test_setup_teardown(listed, place_make,
		    place_drop),
	};

	return cmocka_run_group_tests_name("admin", tests, place_make,
	    place_drop);
}
