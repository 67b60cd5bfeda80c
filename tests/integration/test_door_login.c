/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/integration/doors.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <time.h>

#define PARKED	2000
#define WORST_US 50000	/* of a CHECK beside them */

static void
login_answers(void **state)
{
	(void)state;
	start("login", NULL);
	assert_int_equal(ask(VERB_CHECK, true), OUT_STORE);
	assert_int_equal(ask(VERB_STATUS, true), OUT_PEER);
	assert_int_equal(ask(VERB_ENROLL, true), OUT_PEER);
	assert_int_equal(ask(99, true), OUT_PROTOCOL);
	assert_int_equal(kill(service, SIGHUP), 0);
	assert_int_equal(ask(VERB_CHECK, true), OUT_STORE);
	assert_int_equal(stop(SIGTERM), 0);
	assert_int_equal(access(door, F_OK), -1);
}

static void
login_bad_packets(void **state)
{
	static uint8_t big[WIRE_PACKET_MAX + 1];
	static const struct { size_t len; int outcome; } rows[] = {
		{ 1, OUT_PROTOCOL }, { 2, OUT_PROTOCOL }, { 17, OUT_PROTOCOL },
		{ WIRE_PACKET_MAX, OUT_PROTOCOL },
		{ WIRE_PACKET_MAX + 1, OUT_PROTOCOL },
		{ 0, -1 },	/* an empty packet is the end */
	};
	size_t i;
	int fd;

	(void)state;
	start("login", NULL);
	memset(big, 1, sizeof(big));
	for (i = 0; i < COUNT(rows); i++) {
		fd = dial();
		assert_int_equal(send(fd, big, rows[i].len, MSG_NOSIGNAL),
		    rows[i].len);
		assert_int_equal(hear(fd, NULL, NULL), rows[i].outcome);
		close(fd);
	}
	/* Gone before the answer, and before the question. */
	for (i = 0; i < 100; i++) {
		fd = dial();
		if (i % 2 == 0)
			say(fd, VERB_CHECK, true);
		close(fd);
	}
	assert_int_equal(ask(VERB_CHECK, true), OUT_STORE);
	assert_int_equal(stop(SIGINT), 0);
}

/* Told so, although it has asked already, or cannot any more. */
static void
login_is_roots(void **state)
{
	uint8_t verb;
	int fd, i;

	(void)state;
	start("login", "1000");
	for (i = 0; i < 20; i++)
		assert_int_equal(ask(VERB_CHECK, true), OUT_PEER);
	fd = dial();
	assert_true(wire_wait(fd, POLLIN, wire_now_ms() + 5000));
	say(fd, VERB_CHECK, true);
	assert_int_equal(hear(fd, &verb, NULL), OUT_PEER);
	assert_int_equal(verb, WIRE_REPLY);
	close(fd);
}

/* More at once than a round holds. */
static void
login_many_at_once(void **state)
{
	int fd[200];
	size_t i;

	(void)state;
	start("login", NULL);
	assert_int_equal(kill(service, SIGSTOP), 0);
	for (i = 0; i < COUNT(fd); i++) {
		fd[i] = dial();
		say(fd[i], VERB_CHECK, true);
	}
	assert_int_equal(kill(service, SIGCONT), 0);
	for (i = 0; i < COUNT(fd); i++) {
		assert_int_equal(hear(fd[i], NULL, NULL), OUT_STORE);
		close(fd[i]);
	}
	assert_int_equal(stop(SIGTERM), 0);
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Median and worst of 201 round trips, in microseconds. */
static void
measure(const char *what, int64_t *median, int64_t *worst)
{
	int64_t t[201], begin;
	size_t i;

	for (i = 0; i < COUNT(t); i++) {
		begin = now_us();
		assert_int_equal(ask(VERB_CHECK, true), OUT_STORE);
		t[i] = now_us() - begin;
	}
	qsort(t, COUNT(t), sizeof(t[0]), compare);
	*median = t[COUNT(t) / 2];
	*worst = t[COUNT(t) - 1];
	print_message("%s: CHECK median %ld us, worst %ld us\n", what,
	    (long)*median, (long)*worst);
}

static size_t
park(int *fd, size_t max)
{
	struct rlimit r;
	size_t n;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
	r.rlim_cur = r.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &r), 0);
	for (n = 0; n < max && n + 64 < r.rlim_cur; n++)
		fd[n] = dial();
	return n;
}

/*
 * A user stops su between connect and send, 2000 times: nobody waits, and
 * after five seconds they are gone.
 */
static void
login_parked(void **state)
{
	/* Valgrind's own waits; less than what the parked ones may take. */
	const unsigned bound = rounds("microseconds a CHECK may take",
	    WORST_US, 2000000);
	static int fd[PARKED];
	int64_t median[2], worst[2], first;
	size_t i, n;

	(void)state;
	start("login", NULL);
	measure("nobody else", &median[0], &worst[0]);
	first = wire_now_ms();
	n = park(fd, PARKED);
	assert_true(n >= 500);
	measure("parked connections", &median[1], &worst[1]);
	print_message("%zu connections were parked\n", n);
	assert_true(worst[1] < bound);
	for (i = 0; i < n; i++) {
		assert_true(ended(fd[i],
		    wire_now_ms() + LOGIN_REQUEST_MS + 3000));
		if (i == 0)
			assert_true(wire_now_ms() - first >=
			    LOGIN_REQUEST_MS - 100);
		close(fd[i]);
	}
	assert_int_equal(ask(VERB_CHECK, true), OUT_STORE);
	assert_int_equal(stop(SIGTERM), 0);
}

/* More of them than descriptors: the longest silent makes room. */
static void
login_full(void **state)
{
	struct rlimit before, few = { 200, 200 };
	int fd[400];
	int64_t begin;
	size_t i;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	start("login", NULL);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	/* The service raises its own as far as it may. */
	assert_int_equal(prlimit(service, RLIMIT_NOFILE,
	    &(struct rlimit){ 200, 200 }, NULL), 0);
	for (i = 0; i < COUNT(fd); i++)
		fd[i] = dial();
	begin = wire_now_ms();
	assert_int_equal(ask(VERB_CHECK, true), OUT_STORE);
	assert_true(wire_now_ms() - begin < 3000);
	for (i = 0; i < COUNT(fd); i++)
		close(fd[i]);
	assert_int_equal(ask(VERB_CHECK, true), OUT_STORE);
	assert_int_equal(stop(SIGTERM), 0);
}

/* --- spawned ----------------------------------------------------------- */

static int
exit_status(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
spawned_answers_once(void **state)
{
	char reason[WIRE_STRING_MAX + 1];
	int pair[2];
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    pair), 0);
	pid = start_program("spawned", NULL, pair[1]);
	close(pair[1]);
	say(pair[0], VERB_CHECK, true);
	assert_int_equal(hear(pair[0], NULL, reason), OUT_STORE);
	assert_non_null(strstr(reason, "stepupd --init"));
	assert_true(ended(pair[0], wire_now_ms() + 5000));
	assert_int_equal(exit_status(pid), 0);
	close(pair[0]);
}

static void
spawned_refuses(void **state)
{
	int pair[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid;

	(void)state;
	assert_int_equal(exit_status(start_program("spawned", NULL, null)),
	    1);
	close(null);
	/* A peer that is not root's. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    pair), 0);
	setenv("STEPUP_SHIM_PEER", "1000", 1);
	pid = start_program("spawned", NULL, pair[1]);
	unsetenv("STEPUP_SHIM_PEER");
	close(pair[1]);
	assert_int_equal(hear(pair[0], NULL, NULL), OUT_PEER);
	assert_int_equal(exit_status(pid), 1);
	close(pair[0]);
	/* Nobody asks. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    pair), 0);
	pid = start_program("spawned", NULL, pair[1]);
	close(pair[1]);
	close(pair[0]);
	assert_int_equal(exit_status(pid), 1);
}

static void
login_is_watched(void **state)
{
	(void)state;
	start_watched("login");
	assert_int_equal(stop(SIGTERM), 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(login_answers, setup,
		    cleanup),
		cmocka_unit_test_setup_teardown(login_bad_packets, setup,
		    cleanup),
		cmocka_unit_test_setup_teardown(login_is_roots, setup,
		    cleanup),
		cmocka_unit_test_setup_teardown(login_many_at_once, setup,
		    cleanup),
		cmocka_unit_test_setup_teardown(login_full, setup, cleanup),
		cmocka_unit_test_setup_teardown(login_parked, setup,
		    cleanup),
		cmocka_unit_test_setup_teardown(login_is_watched, setup,
		    cleanup),
		cmocka_unit_test(spawned_answers_once),
		cmocka_unit_test(spawned_refuses),
	};

	shim_begin(argv);
	if (argc > 1)
		_exit(run_as_service(argc, argv));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
