/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/client.h"

static char folder[] = "/tmp/stepup-client-XXXXXX";
static char path[64];
static uid_t peer_uid;		/* whom the listener belongs to */
static volatile sig_atomic_t alarms;
static volatile int accept_at_alarm = -1;
static volatile int accepted = -1;

/* The kernel's word about the peer, with the uid a test wants. */
int
getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	int r = (int)syscall(SYS_getsockopt, fd, level, name, value, len);

	if (r == 0 && level == SOL_SOCKET && name == SO_PEERCRED)
		((struct ucred *)value)->uid = peer_uid;
	return r;
}

static int
open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static int
listener(int type, int backlog)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	assert_true(fd != -1);
	unlink(path);
	strcpy(sun.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	if (backlog >= 0)
		assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static void
on_alarm(int sig)
{
	int saved = errno;

	(void)sig;
	alarms++;
	if (accept_at_alarm != -1) {
		accepted = accept(accept_at_alarm, NULL, NULL);
		accept_at_alarm = -1;
	}
	errno = saved;
}

/* SIGALRM every `ms` without SA_RESTART: hosts do such things. */
static void
alarm_every(int ms)
{
	struct itimerval t = { .it_interval = { 0, ms * 1000 },
		.it_value = { 0, ms * 1000 } };
	struct sigaction sa = { .sa_handler = on_alarm };

	alarms = 0;
	assert_int_equal(sigaction(SIGALRM, &sa, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &t, NULL), 0);
}

static void
alarm_off(void)
{
	struct itimerval t = { .it_value = { 0, 0 } };

	assert_int_equal(setitimer(ITIMER_REAL, &t, NULL), 0);
}

static int
setup(void **state)
{
	(void)state;
	peer_uid = 0;
	unlink(path);
	return 0;
}

static void
absent_when_nobody_listens(void **state)
{
	int fd = 99, before = open_descriptors(), s;

	(void)state;
	assert_int_equal(client_connect(path, &fd), CLIENT_ABSENT);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(fd, -1);
	/* A socket that its owner left behind. */
	s = listener(SOCK_SEQPACKET, 5);
	close(s);
	assert_int_equal(client_connect(path, &fd), CLIENT_ABSENT);
	assert_int_equal(errno, ECONNREFUSED);
	/* Bound, not listening yet. */
	s = listener(SOCK_SEQPACKET, -1);
	assert_int_equal(client_connect(path, &fd), CLIENT_ABSENT);
	close(s);
	/* Not a socket at all. */
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(client_connect(path, &fd), CLIENT_ABSENT);
	assert_int_equal(fd, -1);
	assert_int_equal(open_descriptors(), before);
}

static void
errors_are_told(void **state)
{
	char longer[200];
	int fd = 99, before = open_descriptors(), s;

	(void)state;
	memset(longer, 'l', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(client_connect(longer, &fd), CLIENT_ERROR);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(client_connect("", &fd), CLIENT_ERROR);
	assert_int_equal(fd, -1);
	s = listener(SOCK_STREAM, 5);
	assert_int_equal(client_connect(path, &fd), CLIENT_ERROR);
	assert_int_equal(errno, EPROTOTYPE);
	assert_int_equal(fd, -1);
	close(s);
	assert_int_equal(open_descriptors(), before);
}

static void
connects_to_root(void **state)
{
	int fd, s = listener(SOCK_SEQPACKET, 5);

	(void)state;
	assert_int_equal(client_connect(path, &fd), CLIENT_OK);
	assert_true(fd >= 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	close(fd);
	close(s);
}

static void
sends_nothing_to_others(void **state)
{
	static const uid_t others[] = { 1, 1000, 65534, (uid_t)-1 };
	int fd, c, before = open_descriptors(), s;
	size_t i;
	char b;

	(void)state;
	s = listener(SOCK_SEQPACKET, 5);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		peer_uid = others[i];
		assert_int_equal(client_connect(path, &fd), CLIENT_NOT_ROOT);
		assert_int_equal(fd, -1);
		c = accept(s, NULL, NULL);
		assert_true(c != -1);
		assert_int_equal(recv(c, &b, 1, MSG_DONTWAIT), 0);
		close(c);
	}
	close(s);
	assert_int_equal(open_descriptors(), before);
}

/* Fills the queue of a listener that accepts nobody. */
static int
full_queue(int parked[], int n)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int s = listener(SOCK_SEQPACKET, 0), i;

	strcpy(sun.sun_path, path);
	for (i = 0; i < n; i++) {
		parked[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
		    SOCK_CLOEXEC, 0);
		if (connect(parked[i], (struct sockaddr *)&sun,
		    sizeof(sun)) == -1) {
			assert_int_equal(errno, EAGAIN);
			close(parked[i]);
			parked[i] = -1;
			return s;
		}
	}
	fail_msg("the queue takes %d and more", n);
	return -1;
}

static void
unpark(int s, const int parked[])
{
	for (; *parked != -1; parked++)
		close(*parked);
	close(s);
}

static void
full_queue_is_bounded(void **state)
{
	int parked[64], fd, s, with_alarms;
	int64_t start, took;

	(void)state;
	for (with_alarms = 0; with_alarms < 2; with_alarms++) {
		s = full_queue(parked, 64);
		if (with_alarms)
			alarm_every(20);
		start = wire_now_ms();
		assert_int_equal(client_connect(path, &fd), CLIENT_FULL);
		took = wire_now_ms() - start;
		alarm_off();
		assert_int_equal(fd, -1);
		/* A signal neither ends the wait nor makes it longer. */
		assert_in_range(took, CLIENT_CONNECT_MS - 5,
		    CLIENT_CONNECT_MS + 1500);
		assert_int_equal(alarms > 0, with_alarms);
		unpark(s, parked);
	}
}

/* Room comes while connect waits, by way of an interrupting handler. */
static void
full_queue_may_empty(void **state)
{
	int parked[64], fd, s = full_queue(parked, 64);

	(void)state;
	accepted = -1;
	accept_at_alarm = s;
	alarm_every(20);
	assert_int_equal(client_connect(path, &fd), CLIENT_OK);
	alarm_off();
	assert_true(accepted != -1);
	close(accepted);
	close(fd);
	unpark(s, parked);
}

/* fds[0] is the client's end. */
static void
pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    fds), 0);
}

static int64_t
soon(void)
{
	return wire_now_ms() + 5000;
}

static void
exchange(void **state)
{
	uint8_t buf[WIRE_PACKET_MAX];
	struct wire_message m;
	struct wire_writer w;
	uint32_t v;
	size_t len;
	int fds[2];

	(void)state;
	pair(fds);
	wire_start(&w, WIRE_VERSION, VERB_CHECK);
	wire_put_string(&w, TAG_SERVICE, "sshd");
	assert_int_equal(client_send(fds[0], &w, soon()), CLIENT_OK);
	assert_int_equal(wire_receive(fds[1], buf, &len), WIRE_OK);
	assert_int_equal(len, w.len);
	assert_memory_equal(buf, w.data, len);
	wire_start(&w, WIRE_VERSION, VERB_CHECK | WIRE_REPLY);
	wire_put_uint(&w, TAG_OUTCOME, 10);
	assert_int_equal(wire_send(fds[1], &w), WIRE_OK);
	assert_int_equal(client_receive(fds[0], buf, &m, soon()), CLIENT_OK);
	assert_int_equal(m.verb, VERB_CHECK | WIRE_REPLY);
	assert_true(wire_get_uint(&m, TAG_OUTCOME, &v));
	assert_int_equal(v, 10);
	close(fds[0]);
	close(fds[1]);
}

static void
receives(int fd, enum client_code want, int64_t deadline)
{
	static const struct wire_message none;
	uint8_t buf[WIRE_PACKET_MAX];
	struct wire_message m;

	memset(&m, 0xaa, sizeof(m));
	assert_int_equal(client_receive(fd, buf, &m, deadline), want);
	assert_memory_equal(&m, &none, sizeof(m));
}

static void
gone_without_an_answer(void **state)
{
	struct wire_writer w;
	int fds[2];

	(void)state;
	wire_start(&w, WIRE_VERSION, VERB_CHECK);
	pair(fds);
	close(fds[1]);
	receives(fds[0], CLIENT_GONE, soon());
	assert_int_equal(client_send(fds[0], &w, soon()), CLIENT_OK);
	receives(fds[0], CLIENT_GONE, soon());
	close(fds[0]);
	/* ECONNRESET: the request was never read. */
	pair(fds);
	assert_int_equal(client_send(fds[0], &w, soon()), CLIENT_OK);
	close(fds[1]);
	receives(fds[0], CLIENT_GONE, soon());
	close(fds[0]);
	/* An empty packet is the end as well. */
	pair(fds);
	assert_int_equal(send(fds[1], "", 0, 0), 0);
	receives(fds[0], CLIENT_GONE, soon());
	close(fds[0]);
	close(fds[1]);
}

/*
 * Whoever refuses before anything was asked, or while a person types, ends
 * at once: its word is found whenever our request comes.
 */
static void
last_word_is_found(void **state)
{
	uint8_t buf[WIRE_PACKET_MAX];
	struct wire_message m;
	struct wire_writer w;
	int fds[2], late;

	(void)state;
	for (late = 0; late < 2; late++) {
		pair(fds);
		wire_start(&w, WIRE_VERSION, VERB_CHECK);
		if (!late)
			assert_int_equal(client_send(fds[0], &w, soon()),
			    CLIENT_OK);
		wire_start(&w, WIRE_VERSION, WIRE_REPLY);
		assert_int_equal(wire_send(fds[1], &w), WIRE_OK);
		close(fds[1]);
		if (late)
			assert_int_equal(client_send(fds[0], &w, soon()),
			    CLIENT_OK);
		assert_int_equal(client_receive(fds[0], buf, &m, soon()),
		    CLIENT_OK);
		assert_int_equal(m.verb, WIRE_REPLY);
		receives(fds[0], CLIENT_GONE, soon());
		close(fds[0]);
	}
}

static void
late_at_the_deadline(void **state)
{
	int64_t start, took;
	int fds[2];

	(void)state;
	pair(fds);
	alarm_every(15);
	start = wire_now_ms();
	receives(fds[0], CLIENT_LATE, start + 150);
	took = wire_now_ms() - start;
	alarm_off();
	assert_true(alarms > 0);
	assert_in_range(took, 145, 2000);
	/* A deadline that is over does not wait at all. */
	receives(fds[0], CLIENT_LATE, start);
	receives(fds[0], CLIENT_LATE, INT64_MIN / 2);
	close(fds[0]);
	close(fds[1]);
}

static void
late_when_nobody_takes_it(void **state)
{
	struct wire_writer w;
	enum client_code code;
	int fds[2], n = 0;

	(void)state;
	pair(fds);
	wire_start(&w, WIRE_VERSION, VERB_CHECK);
	while (wire_send(fds[0], &w) == WIRE_OK)
		assert_true(++n < 100000);
	code = client_send(fds[0], &w, wire_now_ms() + 50);
	assert_int_equal(code, CLIENT_LATE);
	close(fds[0]);
	close(fds[1]);
}

static void
malformed_answers(void **state)
{
	static const struct {
		const char	*data;
		size_t		 len;
	} rows[] = {
		{ "\1", 1 }, { "\0\x81", 2 }, { "\1\x81\x08\0\1", 5 },
		{ "\1\x81\x08\0\1\1\0", 7 }, { "\1\x81\x7f\0\0", 5 },
		{ "HTTP/1.1 400 Bad Request\r\n\r\n", 28 },
	};
	uint8_t longer[WIRE_PACKET_MAX + 1] = { 1, 0x81 };
	int fds[2];
	size_t i;

	(void)state;
	pair(fds);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(send(fds[1], rows[i].data, rows[i].len, 0),
		    rows[i].len);
		receives(fds[0], CLIENT_MALFORMED, soon());
	}
	assert_int_equal(send(fds[1], longer, sizeof(longer), 0),
	    sizeof(longer));
	receives(fds[0], CLIENT_MALFORMED, soon());
	close(fds[0]);
	close(fds[1]);
}

/* What a passed descriptor does to its holder must not be our trouble. */
static void
takes_no_descriptors(void **state)
{
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } c;
	uint8_t buf[WIRE_PACKET_MAX], frame[2] = { 1, 0x81 };
	struct iovec iov = { frame, sizeof(frame) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &c, .msg_controllen = sizeof(c) };
	struct wire_message m;
	int fds[2], before;

	(void)state;
	pair(fds);
	memset(&c, 0, sizeof(c));
	c.head.cmsg_level = SOL_SOCKET;
	c.head.cmsg_type = SCM_RIGHTS;
	c.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&c.head), &fds[1], sizeof(int));
	before = open_descriptors();
	assert_int_equal(sendmsg(fds[1], &msg, 0), sizeof(frame));
	assert_int_equal(client_receive(fds[0], buf, &m, soon()), CLIENT_OK);
	assert_int_equal(open_descriptors(), before);
	close(fds[0]);
	close(fds[1]);
}

static void
errors_in_an_exchange(void **state)
{
	struct wire_writer w;
	int fds[2];

	(void)state;
	wire_start(&w, WIRE_VERSION, VERB_CHECK);
	assert_int_equal(client_send(-1, &w, soon()), CLIENT_ERROR);
	receives(-1, CLIENT_ERROR, soon());
	/* What could not be written is not sent. */
	pair(fds);
	wire_put_uint(&w, TAG_EARLIER, 256);
	assert_false(wire_done(&w));
	assert_int_equal(client_send(fds[0], &w, soon()), CLIENT_ERROR);
	receives(fds[1], CLIENT_LATE, 0);
	close(fds[0]);
	close(fds[1]);
}

static void
every_code_has_a_reason(void **state)
{
	int i, k;

	(void)state;
	for (i = CLIENT_OK; i <= CLIENT_ERROR; i++) {
		assert_true(client_reason((enum client_code)i)[0] != '\0');
		for (k = 0; k < i; k++)
			assert_string_not_equal(
			    client_reason((enum client_code)i),
			    client_reason((enum client_code)k));
	}
	assert_string_equal(client_reason((enum client_code)99), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(absent_when_nobody_listens, setup),
		cmocka_unit_test_setup(errors_are_told, setup),
		cmocka_unit_test_setup(connects_to_root, setup),
		cmocka_unit_test_setup(sends_nothing_to_others, setup),
		cmocka_unit_test_setup(full_queue_is_bounded, setup),
		cmocka_unit_test_setup(full_queue_may_empty, setup),
		cmocka_unit_test(exchange),
		cmocka_unit_test(gone_without_an_answer),
		cmocka_unit_test(last_word_is_found),
		cmocka_unit_test(late_at_the_deadline),
		cmocka_unit_test(late_when_nobody_takes_it),
		cmocka_unit_test(malformed_answers),
		cmocka_unit_test(takes_no_descriptors),
		cmocka_unit_test(errors_in_an_exchange),
		cmocka_unit_test(every_code_has_a_reason),
	};
	int failed;

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/door", folder);
	failed = cmocka_run_group_tests_name("client", tests, NULL, NULL);
	unlink(path);
	rmdir(folder);
	return failed;
}
