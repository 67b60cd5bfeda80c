/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <sys/socket.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/upload.h"

/* The service's end, and the client's. */
static int fds[2];
static struct talk talk;
static struct upload u;
static struct wire_message row;

static int
up(void **state)
{
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    fds), 0);
	memset(&talk, 0, sizeof(talk));
	talk.fd = fds[0];
	upload_start(&u, &talk, 1000, 1 << 20);
	return 0;
}

static int
down(void **state)
{
	(void)state;
	close(fds[0]);
	if (fds[1] != -1)
		close(fds[1]);
	return 0;
}

static void
put_row(uint8_t *rows, size_t *len, const char *name)
{
	struct wire_writer w;

	wire_start(&w, WIRE_VERSION, 21);
	wire_put_string(&w, TAG_NAME, name);
	rows[(*len)++] = (uint8_t)(w.len >> 8);
	rows[(*len)++] = (uint8_t)w.len;
	memcpy(rows + *len, w.data, w.len);
	*len += w.len;
}

static void
packet(uint8_t verb, const uint8_t *rows, size_t len, unsigned last)
{
	struct wire_writer w;

	wire_start(&w, WIRE_VERSION, verb);
	if (len > 0)
		wire_put_bytes(&w, TAG_ROWS, rows, len);
	if (last > 0)
		wire_put_uint(&w, TAG_LAST, last);
	assert_true(wire_done(&w));
	assert_int_equal(wire_send(fds[1], &w), WIRE_OK);
}

static void
names(unsigned first, unsigned n, unsigned last)
{
	uint8_t rows[WIRE_ROWS_MAX];
	char name[16];
	size_t len = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "user%05u", first + i);
		put_row(rows, &len, name);
	}
	packet(VERB_UPLOAD, rows, len, last);
}

static bool
zeroes(const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* The end stays the end, no row is left, and nothing of the packet. */
static void
ends(enum upload_code code)
{
	int i;

	for (i = 0; i < 3; i++) {
		assert_int_equal(upload_next(&u, &row), code);
		assert_false(wire_has(&row, TAG_NAME));
		assert_true(zeroes(u.packet, sizeof(u.packet)));
	}
}

static void
has(unsigned n)
{
	char name[WIRE_STRING_MAX + 1], want[16];

	assert_int_equal(upload_next(&u, &row), UPLOAD_ROW);
	assert_true(wire_get_string(&row, TAG_NAME, name));
	snprintf(want, sizeof(want), "user%05u", n);
	assert_string_equal(name, want);
}

static void
rows_in_order(void **state)
{
	unsigned i;

	(void)state;
	names(0, 100, 0);
	names(100, 1, 0);
	names(101, 99, 1);
	for (i = 0; i < 200; i++)
		has(i);
	ends(UPLOAD_END);
}

static void
last_alone(void **state)
{
	(void)state;
	names(0, 1, 0);
	packet(VERB_UPLOAD, NULL, 0, 1);
	has(0);
	ends(UPLOAD_END);
}

static void
nothing_at_all(void **state)
{
	(void)state;
	packet(VERB_UPLOAD, NULL, 0, 1);
	ends(UPLOAD_END);
}

/* What comes behind the last is not looked at. */
static void
after_the_last(void **state)
{
	(void)state;
	names(0, 1, 1);
	names(1, 1, 1);
	has(0);
	ends(UPLOAD_END);
}

static void
the_client_goes(void **state)
{
	(void)state;
	names(0, 2, 0);
	close(fds[1]);
	fds[1] = -1;
	has(0);
	has(1);
	ends(UPLOAD_GONE);
}

static void
the_person_gives_up(void **state)
{
	(void)state;
	names(0, 1, 0);
	packet(VERB_CANCEL, NULL, 0, 0);
	has(0);
	ends(UPLOAD_CANCEL);
}

static void
the_client_idles(void **state)
{
	(void)state;
	u.idle_ms = 20;
	names(0, 1, 0);
	has(0);
	ends(UPLOAD_GONE);
}

/* A packet now and then does not go on for ever. */
static void
the_client_dawdles(void **state)
{
	int64_t begun;

	(void)state;
	names(0, 1, 0);
	has(0);
	u.deadline_ms = begun = wire_now_ms();
	ends(UPLOAD_GONE);
	assert_true(wire_now_ms() - begun < 10000);
}

static void
too_many_rows(void **state)
{
	(void)state;
	upload_start(&u, &talk, 3, 1 << 20);
	names(0, 4, 1);
	has(0);
	has(1);
	has(2);
	ends(UPLOAD_TOO_MUCH);
}

/* As many as allowed are not too many. */
static void
rows_to_the_brim(void **state)
{
	(void)state;
	upload_start(&u, &talk, 2, 1 << 20);
	names(0, 2, 1);
	has(0);
	has(1);
	ends(UPLOAD_END);
}

static void
too_many_bytes(void **state)
{
	unsigned i;

	(void)state;
	upload_start(&u, &talk, 1000, 2000);
	names(0, 100, 0);	/* 1500 bytes and a few */
	names(100, 100, 1);
	for (i = 0; i < 100; i++)
		has(i);
	ends(UPLOAD_TOO_MUCH);
}

/* Rows that are none, in one packet. */
static void
bad_rows(void **state)
{
	static const struct {
		uint8_t	bytes[8];
		size_t	len;
	} bad[] = {
		{ { 0, 9, 1, 21, 0, 0 }, 6 },	/* longer than the packet */
		{ { 0xff, 0xff, 1, 21 }, 4 },
		{ { 0, 0, 0, 0 }, 4 },		/* an empty one */
		{ { 0, 1, 1, 21 }, 4 },		/* no verb */
		{ { 0, 2, 0, 21 }, 4 },		/* version 0 */
		{ { 0, 2, 1, 21, 9 }, 5 },	/* half a length behind */
		{ { 0, 3, 1, 21, TAG_NAME }, 5 }, /* half a field */
		{ { 0, 6, 1, 21, TAG_NAME, 0, 1, 0 }, 8 }, /* a NUL */
		{ { 0, 5, 1, 21, 0x7f, 0, 0 }, 7 }, /* unknown */
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		upload_start(&u, &talk, 10, 1 << 20);
		packet(VERB_UPLOAD, bad[i].bytes, bad[i].len, 0);
		if (i == 5)	/* the one before it is sound */
			assert_int_equal(upload_next(&u, &row), UPLOAD_ROW);
		ends(UPLOAD_MALFORMED);
	}
}

/* What stands behind the rows in the packet is no part of them. */
static void
rows_end_with_their_field(void **state)
{
	static const uint8_t last[] = { 1, VERB_UPLOAD, TAG_ROWS, 0, 4,
	    0, 6, 1, 21, TAG_LAST, 0, 1, 1 };
	uint8_t behind[13 + 0x115] = { 1, VERB_UPLOAD, TAG_ROWS, 0, 5,
	    0, 2, 1, 21, 0, WIRE_IGNORABLE | 2, 0x01, 0x15,
	    TAG_NAME, 0, 125 };

	(void)state;
	memset(behind + 16, 'n', 125);
	assert_int_equal(send(fds[1], last, sizeof(last), 0), sizeof(last));
	ends(UPLOAD_MALFORMED);
	upload_start(&u, &talk, 10, 1 << 20);
	assert_int_equal(send(fds[1], behind, sizeof(behind), 0),
	    sizeof(behind));
	assert_int_equal(upload_next(&u, &row), UPLOAD_ROW);
	ends(UPLOAD_MALFORMED);
}

/* Packets that are no upload. */
static void
bad_packets(void **state)
{
	static const uint8_t junk[] = { 1, VERB_UPLOAD, TAG_ROWS, 0 };
	static const uint8_t longer[WIRE_PACKET_MAX + 1] = { 1, VERB_UPLOAD };
	uint8_t rows[WIRE_ROWS_MAX];
	size_t len = 0;

	(void)state;
	put_row(rows, &len, "alice");
	packet(VERB_ANSWER, rows, len, 0);
	ends(UPLOAD_MALFORMED);
	upload_start(&u, &talk, 10, 1 << 20);
	packet(VERB_UPLOAD, NULL, 0, 2);	/* a last mark is 1 */
	ends(UPLOAD_MALFORMED);
	upload_start(&u, &talk, 10, 1 << 20);
	packet(VERB_UPLOAD, NULL, 0, 0);
	ends(UPLOAD_MALFORMED);
	upload_start(&u, &talk, 10, 1 << 20);
	assert_int_equal(send(fds[1], junk, sizeof(junk), 0), sizeof(junk));
	ends(UPLOAD_MALFORMED);
	upload_start(&u, &talk, 10, 1 << 20);
	assert_int_equal(send(fds[1], longer, sizeof(longer), 0),
	    sizeof(longer));
	ends(UPLOAD_MALFORMED);
	upload_start(&u, &talk, 10, 1 << 20);
	assert_int_equal(send(fds[1], "", 0, 0), 0);
	ends(UPLOAD_GONE);
}

static void
outcomes(void **state)
{
	(void)state;
	assert_int_equal(upload_outcome(UPLOAD_ROW), OUT_DONE);
	assert_int_equal(upload_outcome(UPLOAD_END), OUT_DONE);
	assert_int_equal(upload_outcome(UPLOAD_CANCEL), OUT_NO_INPUT);
	assert_int_equal(upload_outcome(UPLOAD_GONE), OUT_NO_INPUT);
	assert_int_equal(upload_outcome(UPLOAD_MALFORMED), OUT_PROTOCOL);
	assert_int_equal(upload_outcome(UPLOAD_TOO_MUCH), OUT_PROTOCOL);
	names(0, 1, 1);
	has(0);
	upload_wipe(&u);
	ends(UPLOAD_GONE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_in_order),
		TEST(last_alone),
		TEST(nothing_at_all),
		TEST(after_the_last),
		TEST(the_client_goes),
		TEST(the_person_gives_up),
		TEST(the_client_idles),
		TEST(the_client_dawdles),
		TEST(too_many_rows),
		TEST(rows_to_the_brim),
		TEST(too_many_bytes),
		TEST(bad_rows),
		TEST(rows_end_with_their_field),
		TEST(bad_packets),
		TEST(outcomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
