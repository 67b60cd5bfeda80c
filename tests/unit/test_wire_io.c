/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/socket.h>

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/outcome.h"
#include "common/wire.h"

static void
long_frame(struct wire_writer *w)
{
	char text[WIRE_STRING_MAX + 1];
	int i;

	memset(text, 't', WIRE_STRING_MAX);
	text[WIRE_STRING_MAX] = '\0';
	wire_start(w, WIRE_VERSION, VERB_NOTE);
	for (i = 0; i < 10; i++)
		wire_put_string(w, TAG_TEXT, text);
	assert_true(wire_done(w));
}

static void
pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    fds), 0);
}

static void
packets_travel_whole(void **state)
{
	uint8_t buf[WIRE_PACKET_MAX];
	struct wire_writer w;
	size_t len = 99;
	int fds[2];

	(void)state;
	pair(fds);
	assert_int_equal(wire_receive(fds[0], buf, &len), WIRE_AGAIN);
	assert_int_equal(len, 0);
	long_frame(&w);
	assert_int_equal(wire_send(fds[1], &w), WIRE_OK);
	w.len = 2;
	assert_int_equal(wire_send(fds[1], &w), WIRE_OK);
	long_frame(&w);
	assert_int_equal(wire_receive(fds[0], buf, &len), WIRE_OK);
	assert_int_equal(len, w.len);
	assert_memory_equal(buf, w.data, len);
	assert_int_equal(wire_receive(fds[0], buf, &len), WIRE_OK);
	assert_int_equal(len, 2);
	assert_int_equal(wire_receive(fds[0], buf, &len), WIRE_AGAIN);
	close(fds[0]);
	close(fds[1]);
}

static void
packets_too_long(void **state)
{
	static uint8_t longer[3 * WIRE_PACKET_MAX] = { 1, 1 };
	uint8_t buf[WIRE_PACKET_MAX + 1];
	size_t len = 99;
	int fds[2];

	(void)state;
	pair(fds);
	buf[WIRE_PACKET_MAX] = 0xaa;
	assert_int_equal(send(fds[1], longer, WIRE_PACKET_MAX, 0),
	    WIRE_PACKET_MAX);
	assert_int_equal(wire_receive(fds[0], buf, &len), WIRE_OK);
	assert_int_equal(len, WIRE_PACKET_MAX);
	assert_int_equal(send(fds[1], longer, WIRE_PACKET_MAX + 1, 0),
	    WIRE_PACKET_MAX + 1);
	assert_int_equal(wire_receive(fds[0], buf, &len), WIRE_MALFORMED);
	assert_int_equal(len, 0);
	assert_int_equal(send(fds[1], longer, sizeof(longer), 0),
	    sizeof(longer));
	assert_int_equal(wire_receive(fds[0], buf, &len), WIRE_MALFORMED);
	/* What was cut off does not come as the next packet. */
	assert_int_equal(wire_receive(fds[0], buf, &len), WIRE_AGAIN);
	assert_int_equal(buf[WIRE_PACKET_MAX], 0xaa);
	close(fds[0]);
	close(fds[1]);
}

static void
the_end(void **state)
{
	uint8_t buf[WIRE_PACKET_MAX];
	struct wire_writer w;
	size_t len;
	int fds[2];

	(void)state;
	wire_start(&w, 1, 1);
	pair(fds);
	assert_int_equal(send(fds[1], "", 0, 0), 0);
	assert_int_equal(wire_receive(fds[0], buf, &len), WIRE_END);
	assert_int_equal(wire_send(fds[0], &w), WIRE_OK);
	close(fds[1]);			/* unread: ECONNRESET */
	assert_int_equal(wire_receive(fds[0], buf, &len), WIRE_END);
	assert_int_equal(wire_receive(fds[0], buf, &len), WIRE_END);
	assert_int_equal(wire_send(fds[0], &w), WIRE_END);
	close(fds[0]);
	assert_int_equal(wire_receive(-1, buf, &len), WIRE_ERROR);
	assert_int_equal(len, 0);
	assert_int_equal(wire_send(-1, &w), WIRE_ERROR);
}

/* A peer that does not read blocks nobody; a bad writer sends nothing. */
static void
sending_never_waits(void **state)
{
	uint8_t buf[WIRE_PACKET_MAX];
	struct wire_writer w;
	size_t len;
	int fds[2], n = 0;

	(void)state;
	pair(fds);
	wire_start(&w, 1, 1);
	wire_put_uint(&w, TAG_EARLIER, 256);
	assert_int_equal(wire_send(fds[0], &w), WIRE_ERROR);
	assert_int_equal(wire_receive(fds[1], buf, &len), WIRE_AGAIN);
	long_frame(&w);
	while (wire_send(fds[0], &w) == WIRE_OK)
		assert_true(++n < 100000);
	assert_int_equal(wire_send(fds[0], &w), WIRE_AGAIN);
	close(fds[0]);
	close(fds[1]);
}

static void
waiting_is_bounded(void **state)
{
	int64_t start = wire_now_ms(), took;
	int fds[2];

	(void)state;
	pair(fds);
	assert_false(wire_wait(fds[0], POLLIN, start + 60));
	took = wire_now_ms() - start;
	assert_in_range(took, 59, 2000);
	assert_false(wire_wait(fds[0], POLLIN, start - 1));
	assert_false(wire_wait(fds[0], POLLIN, INT64_MIN / 2));
	assert_true(wire_wait(fds[0], POLLOUT, start));
	assert_int_equal(send(fds[1], "x", 1, 0), 1);
	assert_true(wire_wait(fds[0], POLLIN, INT64_MAX / 2));
	close(fds[0]);
	close(fds[1]);
}

/* A refusal without a verb answers any; success never comes that way. */
static void
refused_unread(void **state)
{
	struct wire_writer w;
	struct wire_message m;
	uint32_t o;
	bool may;

	(void)state;
	for (o = 0; o < OUT_COUNT; o++) {
		may = o == OUT_MEMORY || o == OUT_CONFIG || o == OUT_SERVICE ||
		    o == OUT_PROTOCOL || o == OUT_BUSY || o == OUT_STORE ||
		    o == OUT_PEER;
		wire_start(&w, WIRE_VERSION, WIRE_REPLY);
		wire_put_uint(&w, TAG_OUTCOME, o);
		assert_true(wire_read(w.data, w.len, &m));
		assert_int_equal(wire_refused(&m), may);
		w.data[1] = VERB_CHECK | WIRE_REPLY;
		assert_true(wire_read(w.data, w.len, &m));
		assert_false(wire_refused(&m));
	}
	wire_start(&w, WIRE_VERSION, WIRE_REPLY);
	assert_true(wire_read(w.data, w.len, &m));
	assert_false(wire_refused(&m));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_unread),
		cmocka_unit_test(packets_travel_whole),
		cmocka_unit_test(packets_too_long),
		cmocka_unit_test(the_end),
		cmocka_unit_test(sending_never_waits),
		cmocka_unit_test(waiting_is_bounded),
	};

	return cmocka_run_group_tests_name("wire_io", tests, NULL, NULL);
}
