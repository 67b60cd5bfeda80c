/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/upload.h"

#define ROWS 5000	/* far more than a socket holds */

static int service;		/* the service's end */
static int null;
static struct terminal terminal;
static struct session session;
static struct upload u;

static int
up(void **state)
{
	struct terminal_facts facts;
	int fds[2];

	(void)state;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	facts = (struct terminal_facts){ .in = null, .out = null,
	    .err = null };
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    fds), 0);
	terminal_open(&terminal, &facts);
	service = fds[0];
	session = (struct session){ .fd = fds[1], .terminal = &terminal };
	upload_open(&u, &session);
	return 0;
}

static int
down(void **state)
{
	(void)state;
	terminal_close(&terminal);
	sigprocmask(SIG_SETMASK, &terminal.old_mask, NULL);
	close(session.fd);
	close(null);
	if (service != -1)
		close(service);
	return 0;
}

static bool
put(unsigned n)
{
	struct wire_writer w;
	char name[16];
	bool more;

	snprintf(name, sizeof(name), "user%05u", n);
	wire_start(&w, WIRE_VERSION, 21);
	wire_put_string(&w, TAG_NAME, name);
	more = upload_put(&u, &w);
	assert_int_equal(w.len, 0);
	assert_int_equal(w.data[5], 0);
	return more;
}

/* The service: takes n packets at most, counts rows, says something. */
static unsigned
take(int packets, bool *last)
{
	uint8_t packet[WIRE_PACKET_MAX];
	const struct wire_field *f;
	struct wire_message m;
	unsigned rows = 0;
	size_t len, at;

	for (*last = false; !*last && packets > 0; packets--) {
		while (wire_receive(service, packet, &len) == WIRE_AGAIN)
			if (!wire_wait(service, POLLIN, wire_now_ms() + 10000))
				return 0;
		if (!wire_read(packet, len, &m) || m.verb != VERB_UPLOAD)
			break;
		f = &m.field[TAG_ROWS];
		for (at = 0; at + 2 <= f->len; rows++)
			at += 2U + ((size_t)f->data[at] << 8 |
			    f->data[at + 1]);
		*last = wire_has(&m, TAG_LAST);
	}
	return rows;
}

static void
answer(void)
{
	struct wire_writer w;

	wire_start(&w, WIRE_VERSION, 21 | WIRE_REPLY);
	wire_put_uint(&w, TAG_OUTCOME, OUT_DONE);
	wire_put_uint(&w, TAG_LAST, 1);
	assert_int_equal(wire_send(service, &w), WIRE_OK);
}

static bool
answered(void)
{
	struct wire_message m;

	return session_next(&session, &m) == SESSION_OPEN &&
	    wire_has(&m, TAG_LAST);
}

/* The service in a process of its own; takes `packets`, then answers. */
static pid_t
serve(int packets, unsigned rows, bool whole)
{
	pid_t child = fork();
	bool last;

	assert_true(child != -1);
	if (child == 0) {
		close(session.fd);
		if (take(packets, &last) < rows || last != whole)
			_exit(1);
		answer();
		wire_wait(service, POLLHUP, wire_now_ms() + 60000);
		_exit(0);
	}
	close(service);
	service = -1;
	return child;
}

static void
served(pid_t child)
{
	int status;

	shutdown(session.fd, SHUT_RDWR);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static bool
wiped(void)
{
	size_t i;

	for (i = 0; i < sizeof(u.data); i++)
		if (u.data[i] != 0)
			return false;
	return u.len == 0;
}

static void
more_than_a_socket_holds(void **state)
{
	pid_t child = serve(1000, ROWS, true);
	unsigned i;

	(void)state;
	for (i = 0; i < ROWS; i++) {
		assert_true(put(i));
		assert_true(u.len + 1 >= sizeof(u.data) ||
		    u.data[u.len + 1] == 0);
	}
	assert_int_equal(upload_close(&u, true), SESSION_OPEN);
	assert_true(wiped());
	assert_true(answered());
	served(child);
}

static void
nothing_at_all(void **state)
{
	bool last;

	(void)state;
	assert_int_equal(upload_close(&u, true), SESSION_OPEN);
	assert_int_equal(take(1, &last), 0);
	assert_true(last);
}

/* Nothing of it may count: no last mark. */
static void
not_whole(void **state)
{
	uint8_t packet[WIRE_PACKET_MAX];
	size_t len;

	(void)state;
	assert_true(put(1));
	assert_int_equal(upload_close(&u, false), SESSION_OPEN);
	assert_true(wiped());
	assert_int_equal(wire_receive(service, packet, &len), WIRE_AGAIN);
}

/* A refusal in the middle: we stop, and read it. */
static void
the_service_speaks(void **state)
{
	int64_t begun = wire_now_ms();
	pid_t child = serve(2, 1, false);
	unsigned i;

	(void)state;
	for (i = 0; i < 100 * ROWS && put(i); i++)
		;
	assert_true(i < 100 * ROWS);
	assert_int_equal(upload_close(&u, true), SESSION_OPEN);
	assert_true(answered());
	assert_true(wire_now_ms() - begun < 10000);
	served(child);
}

/* An answer that was there before the first packet. */
static void
refused_before(void **state)
{
	(void)state;
	answer();
	assert_true(put(1));	/* still in our hands */
	assert_int_equal(upload_close(&u, true), SESSION_OPEN);
	assert_true(answered());
}

static void
the_service_goes(void **state)
{
	struct wire_message m;
	unsigned i;

	(void)state;
	close(service);
	service = -1;
	for (i = 0; i < ROWS && put(i); i++)
		;
	assert_true(i < ROWS);
	assert_int_equal(upload_close(&u, true), SESSION_OPEN);
	assert_int_equal(session_next(&session, &m), SESSION_GONE);
}

/* Ctrl-C while the service does not read. */
static void
the_person_gives_up(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 300; i++)
		assert_true(put(i));
	raise(SIGINT);		/* blocked, until we wait */
	for (i = 0; i < 100 * ROWS && put(i); i++)
		;
	assert_true(i < 100 * ROWS);
	assert_int_equal(upload_close(&u, true), SESSION_CANCELLED);
	assert_true(wiped());
}

static void
rows_that_cannot_be(void **state)
{
	static struct wire_writer w;
	char text[WIRE_STRING_MAX + 1];
	int i;

	(void)state;
	memset(text, 't', WIRE_STRING_MAX);
	text[WIRE_STRING_MAX] = '\0';
	wire_start(&w, WIRE_VERSION, 21);
	for (i = 0; i < 16; i++)
		wire_put_string(&w, TAG_TEXT, text);
	assert_false(wire_done(&w));	/* no packet takes that */
	assert_false(upload_put(&u, &w));
	assert_int_equal(upload_close(&u, true), SESSION_MALFORMED);
	upload_open(&u, &session);
	wire_start(&w, WIRE_VERSION, 21);
	w.len = WIRE_ROWS_MAX - 1;	/* its length does not fit besides */
	assert_false(upload_put(&u, &w));
	assert_false(put(1));
	assert_int_equal(upload_close(&u, true), SESSION_MALFORMED);
	upload_open(&u, &session);
	wire_start(&w, WIRE_VERSION, 21);
	w.len = WIRE_ROWS_MAX - 2;
	assert_true(upload_put(&u, &w));
	assert_int_equal(upload_close(&u, true), SESSION_OPEN);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)

/* A passphrase in a request that is never sent stays nowhere. */
static void
the_request_is_wiped(void **state)
{
	static const struct host nobody = { .uid = 0,
	    .stepupd = "/nonexistent/stepupd" };
	const struct call call = { .host = &nobody, .terminal = &terminal };
	static const uint8_t zero[WIRE_PACKET_MAX];
	struct wire_writer w;
	struct session s;

	(void)state;
	wire_start(&w, WIRE_VERSION, VERB_BACKUP);
	wire_put_bytes(&w, TAG_ANSWER, "four random words", 17);
	assert_int_equal(session_ask(&s, &call, &w), SESSION_NO_PROGRAM);
	session_close(&s);
	assert_memory_equal(w.data, zero, sizeof(zero));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(more_than_a_socket_holds),
		TEST(nothing_at_all),
		TEST(not_whole),
		TEST(the_service_speaks),
		TEST(refused_before),
		TEST(the_service_goes),
		TEST(the_person_gives_up),
		TEST(rows_that_cannot_be),
		TEST(the_request_is_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
