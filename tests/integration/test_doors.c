/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doors as processes, on a site that was never born: every question
 * that is let in is answered OUT_STORE, and all else is about who is let
 * in.  The program starts itself as the service: `login DIR`, `public DIR`,
 * `spawned`, `--self`.
 */
#include "tests/unit/unit.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "common/client.h"
#include "daemon/login.h"
#include "daemon/public.h"
#include "daemon/self.h"
#include "daemon/children.h"
#include "daemon/log.h"
#include "tests/integration/shim.h"

#define NOWHERE TEST_BUILDDIR "/tests/nowhere"
#define PARKED	2000

static const struct paths paths = {
	.conf = NOWHERE "/stepup.conf",
	.conf_dir = NOWHERE "/stepup.conf.d",
	.keyring = NOWHERE "/keyring",
	.state = NOWHERE,
	.accepted = NOWHERE "/settings.accepted",
	.rundir = NOWHERE,
	.owner = 0,
};

static char folder[] = "/tmp/stepup-doors-XXXXXX";
static char door[64];
static pid_t service;

/* --- the service ------------------------------------------------------- */

static int
serve(const char *what, const char *dir)
{
	struct listener l;
	struct failure f;
	bool login = strcmp(what, "login") == 0;

	if (listen_bind(dir, what, login ? 0600 : 0666, &l, &f) != OUT_DONE)
		return 3;
	return login ? login_serve(&paths, &l) : public_serve(&l);
}

static int
run_as_service(int argc, char **argv)
{
	log_path(NOWHERE "/log");
	if (strcmp(argv[1], PUBLIC_SELF) == 0)
		return self_serve(&paths, argc > 2, argc > 3);
	if (strcmp(argv[1], "spawned") == 0)
		return login_spawned(&paths);
	return argc == 3 ? serve(argv[1], argv[2]) : 2;
}

/* --- helpers ----------------------------------------------------------- */

static pid_t
start_program(const char *what, const char *dir, int fd0)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (fd0 != -1)
		dup2(fd0, 0);
	execl("/proc/self/exe", "test_doors", what, dir, NULL);
	_exit(127);
}

/* Waits until it answers, never for a time. */
static void
start(const char *what, const char *peer)
{
	int64_t deadline = wire_now_ms() + 10000;
	int fd = -1;

	if (peer != NULL)
		setenv("STEPUP_SHIM_PEER", peer, 1);
	snprintf(door, sizeof(door), "%s/%s", folder, what);
	service = start_program(what, folder, -1);
	assert_true(service > 0);
	unsetenv("STEPUP_SHIM_PEER");
	while (access(door, F_OK) == -1 && wire_now_ms() < deadline)
		poll(NULL, 0, 1);
	assert_int_equal(client_connect(door, &fd), CLIENT_OK);
	close(fd);
}

static int
stop(int sig)
{
	int status;

	assert_int_equal(kill(service, sig), 0);
	assert_int_equal(waitpid(service, &status, 0), service);
	service = 0;
	return status;
}

static int
setup(void **state)
{
	(void)state;
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	return mkdtemp(folder) == NULL || chmod(folder, 0755) == -1 ? -1 : 0;
}

static int
cleanup(void **state)
{
	(void)state;
	if (service > 0)
		(void)stop(SIGKILL);
	unlink(door);
	return rmdir(folder);
}

static int
dial(void)
{
	int fd;

	assert_int_equal(client_connect(door, &fd), CLIENT_OK);
	return fd;
}

static void
say(int fd, uint8_t verb, bool named)
{
	struct wire_writer w;

	wire_start(&w, WIRE_VERSION, verb);
	if (named) {
		wire_put_string(&w, TAG_NAME, "alice");
		wire_put_uint(&w, TAG_UID, 1000);
	}
	if (verb == VERB_CHECK)
		wire_put_string(&w, TAG_SERVICE, "sshd");
	(void)client_send(fd, &w, wire_now_ms() + 5000);
}

/* The outcome of the answer; -1: ended without one. */
static int
hear(int fd, uint8_t *verb, char reason[WIRE_STRING_MAX + 1])
{
	uint8_t buf[WIRE_PACKET_MAX];
	struct wire_message m;
	uint32_t o;

	if (client_receive(fd, buf, &m, wire_now_ms() + 10000) != CLIENT_OK)
		return -1;
	if (verb != NULL)
		*verb = m.verb;
	if (reason != NULL)
		wire_get_string(&m, TAG_REASON, reason);
	return wire_get_uint(&m, TAG_OUTCOME, &o) ? (int)o : -2;
}

static int
ask(uint8_t verb, bool named)
{
	uint8_t answered = 0;
	int fd = dial(), o;

	say(fd, verb, named);
	o = hear(fd, &answered, NULL);
	close(fd);
	if (o >= 0 && o != OUT_PEER && o != OUT_BUSY)
		assert_int_equal(answered, verb | WIRE_REPLY);
	return o;
}

/* Whether the other end is gone before the deadline. */
static bool
ended(int fd, int64_t deadline)
{
	uint8_t buf[WIRE_PACKET_MAX];
	size_t len;
	enum wire_io io;

	while ((io = wire_receive(fd, buf, &len)) == WIRE_AGAIN)
		if (!wire_wait(fd, POLLIN, deadline))
			return false;
	return io == WIRE_END;
}

/* --- the login door ---------------------------------------------------- */

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
	assert_true(worst[1] < 50000);
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
	if (prlimit(service, RLIMIT_NOFILE, &(struct rlimit){ 200, 200 },
	    NULL) == -1)
		skip();
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

/* --- the public door --------------------------------------------------- */

static void
public_answers(void **state)
{
	int fd, i;

	(void)state;
	start("public", NULL);
	for (i = 0; i < 20; i++)
		assert_int_equal(ask(VERB_CHECK, false), OUT_STORE);
	/* For themselves, and nobody else. */
	assert_int_equal(ask(VERB_CHECK, true), OUT_PEER);
	assert_int_equal(ask(99, false), OUT_PROTOCOL);
	/* Several questions on one connection, not any number. */
	fd = dial();
	for (i = 0; i < SELF_REQUESTS; i++) {
		say(fd, VERB_CHECK, false);
		assert_int_equal(hear(fd, NULL, NULL), OUT_STORE);
	}
	assert_true(ended(fd, wire_now_ms() + 5000));
	close(fd);
	assert_int_equal(stop(SIGTERM), 0);
	assert_int_equal(access(door, F_OK), -1);
}

/* Eight for one uid; who is refused is told; one that ends makes room. */
static void
public_eight(void **state)
{
	int fd[CHILDREN_PER_UID], i, o = -1;
	int64_t deadline;

	(void)state;
	start("public", NULL);
	for (i = 0; i < CHILDREN_PER_UID; i++) {
		fd[i] = dial();
		say(fd[i], VERB_CHECK, false);
		assert_int_equal(hear(fd[i], NULL, NULL), OUT_STORE);
	}
	for (i = 0; i < 50; i++)
		assert_int_equal(ask(VERB_CHECK, false), OUT_BUSY);
	close(fd[0]);
	deadline = wire_now_ms() + 5000;
	while ((o = ask(VERB_CHECK, false)) == OUT_BUSY &&
	    wire_now_ms() < deadline)
		;
	assert_int_equal(o, OUT_STORE);
	/* The others are as they were. */
	for (i = 1; i < CHILDREN_PER_UID; i++) {
		say(fd[i], VERB_CHECK, false);
		assert_int_equal(hear(fd[i], NULL, NULL), OUT_STORE);
	}
	/* They end with the service. */
	assert_int_equal(stop(SIGTERM), 0);
	for (i = 1; i < CHILDREN_PER_UID; i++) {
		assert_true(ended(fd[i], wire_now_ms() + 5000));
		close(fd[i]);
	}
}

/* The connection is the child's alone: the acceptor may die. */
static void
public_acceptor_holds_nothing(void **state)
{
	int fd;

	(void)state;
	start("public", NULL);
	fd = dial();
	say(fd, VERB_CHECK, false);
	assert_int_equal(hear(fd, NULL, NULL), OUT_STORE);
	(void)stop(SIGKILL);
	say(fd, VERB_CHECK, false);
	assert_int_equal(hear(fd, NULL, NULL), OUT_STORE);
	close(fd);
}

static void
public_turns_away(void **state)
{
	static const char *const uids[] = { "65534", "4294967295",
	    "3999999999" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(uids); i++) {
		start("public", uids[i]);
		assert_int_equal(ask(VERB_CHECK, false), OUT_PEER);
		assert_int_equal(stop(SIGTERM), 0);
	}
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
		cmocka_unit_test(spawned_answers_once),
		cmocka_unit_test(spawned_refuses),
		cmocka_unit_test_setup_teardown(public_answers, setup,
		    cleanup),
		cmocka_unit_test_setup_teardown(public_eight, setup, cleanup),
		cmocka_unit_test_setup_teardown(public_acceptor_holds_nothing,
		    setup, cleanup),
		cmocka_unit_test_setup_teardown(public_turns_away, setup,
		    cleanup),
	};

	shim_begin(argv);
	if (argc > 1)
		_exit(run_as_service(argc, argv));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
