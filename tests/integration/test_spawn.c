/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The spawned helper, called directly: how it starts, how it ends, and that
 * no kind of host notices.
 */
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/wire.h"
#include "pam/spawn.h"
#include "tests/unit/unit.h"

#define HELPER	TEST_BUILDDIR "/tests/integration/fake_stepupd"

static volatile sig_atomic_t signals;

static void
count_signal(int number)
{
	(void)number;
	signals++;
}

static int64_t
in(int64_t ms)
{
	return wire_now_ms() + ms;
}

/* Sends a word, reads the answer; its length, 0 for an end or none. */
static size_t
exchange(const struct spawn *s, const char *word, char *buf, size_t size)
{
	ssize_t n;

	buf[0] = '\0';
	assert_int_equal(send(s->fd, word, strlen(word), MSG_NOSIGNAL),
	    strlen(word));
	if (!wire_wait(s->fd, POLLIN, s->deadline_ms))
		return 0;
	n = recv(s->fd, buf, size - 1, 0);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	return (size_t)n;
}

static void
expect_no_child(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	assert_int_equal(errno, ECHILD);
}

/* The field after a process's name in its stat: state or parent. */
static const char *
stat_of(pid_t pid, char text[256])
{
	char path[64], *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return NULL;
	n = read(fd, text, 255);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	state = strrchr(text, ')');
	return state != NULL ? state + 2 : NULL;
}

/* Dead ones that nobody has buried yet do not count. */
static bool
alive(pid_t pid)
{
	char text[256];
	const char *state = stat_of(pid, text);

	return state != NULL && *state != 'Z' && *state != 'X';
}

/* The only child of a process. */
static pid_t
child_of(pid_t parent)
{
	const char *state;
	struct dirent *e;
	char text[256];
	pid_t pid = 0;
	DIR *d = opendir("/proc");

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		state = stat_of(atoi(e->d_name), text);
		if (state != NULL && atoi(state + 2) == parent)
			pid = atoi(e->d_name);
	}
	closedir(d);
	return pid;
}

static int
run(const char *word, char *buf, size_t size, int64_t ms)
{
	struct spawn s;

	assert_true(spawn_start(&s, HELPER, in(ms)));
	exchange(&s, word, buf, size);
	return spawn_end(&s);
}

#define STATE \
	"fds=7 null=1 env=0 args=stepupd,--login,2 chld=default blocked=1"

static void
spawn_starts_clean(void **state)
{
	char buf[256];
	int fds[8];
	size_t i;

	(void)state;
	/* What a user may have left open for it. */
	for (i = 0; i < COUNT(fds); i++)
		fds[i] = dup(0);
	setenv("LD_PRELOAD", "", 1);
	setenv("SQLITE_TMPDIR", "/tmp", 1);
	assert_int_equal(run("state", buf, sizeof(buf), 5000), 0);
	assert_string_equal(buf, STATE);
	for (i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	expect_no_child();
}

/* The host has none of 0, 1, 2: the helper has them all the same. */
static void
spawn_without_stdio(void **state)
{
	char buf[256] = "";
	int saved[3], i, status;

	(void)state;
	for (i = 0; i < 3; i++) {
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		assert_true(saved[i] != -1);
	}
	for (i = 0; i < 3; i++)
		close(i);
	status = run("state", buf, sizeof(buf), 5000);
	for (i = 0; i < 3; i++) {
		dup2(saved[i], i);
		close(saved[i]);
	}
	assert_int_equal(status, 0);
	assert_string_equal(buf, STATE);
}

static void
spawn_tells_status(void **state)
{
	char buf[256];
	struct spawn s;

	(void)state;
	assert_int_equal(run("exit", buf, sizeof(buf), 5000), 7);
	assert_int_equal(run("signal", buf, sizeof(buf), 5000), SPAWN_KILLED);
	assert_true(spawn_start(&s, "/nonexistent/stepupd", in(5000)));
	assert_int_equal(recv(s.fd, buf, sizeof(buf), 0), 0);
	assert_int_equal(spawn_end(&s), SPAWN_FAILED);
	/* Nothing was asked: it ends with the connection. */
	assert_true(spawn_start(&s, HELPER, in(5000)));
	assert_int_equal(spawn_end(&s), 0);
	expect_no_child();
}

/* No descriptor to be had: false, and nothing is left. */
static void
spawn_without_descriptors(void **state)
{
	struct rlimit before, few;
	int fds[64];
	size_t n = 0, k;
	struct spawn s;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = COUNT(fds);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (n < COUNT(fds) && (fds[n] = dup(0)) != -1)
		n++;
	/* None, one, two or three of the four that are needed. */
	for (k = 0; k < 4; k++) {
		assert_false(spawn_start(&s, HELPER, in(5000)));
		assert_int_equal(errno, EMFILE);
		close(fds[--n]);
	}
	/* As many as were closed again can be had again. */
	for (k = 0; k < 4; k++)
		assert_true((fds[n++] = dup(0)) != -1);
	assert_int_equal(dup(0), -1);
	while (n > 0)
		close(fds[--n]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	expect_no_child();
}

/* Answers, but does not end; never answers: killed when the time is over. */
static void
spawn_kills_late_helper(void **state)
{
	int64_t begin = wire_now_ms();
	char buf[256];

	(void)state;
	assert_int_equal(run("stay", buf, sizeof(buf), 800), SPAWN_KILLED);
	assert_string_equal(buf, "staying");
	assert_int_equal(run("hang", buf, sizeof(buf), 800), SPAWN_KILLED);
	assert_string_equal(buf, "");
	assert_in_range(wire_now_ms() - begin, 1500, 9000);
	expect_no_child();
}

/* The helper alone holds its end: closed is closed, though it lives on. */
static void
spawn_shows_the_end_at_once(void **state)
{
	struct spawn s;
	pid_t helper;
	char buf[8];

	(void)state;
	assert_true(spawn_start(&s, HELPER, in(20000)));
	assert_int_equal(send(s.fd, "close", 5, MSG_NOSIGNAL), 5);
	assert_true(wire_wait(s.fd, POLLIN, in(5000)));
	assert_int_equal(recv(s.fd, buf, sizeof(buf), 0), 0);
	assert_int_equal(read(s.report, &helper, sizeof(helper)),
	    sizeof(helper));
	assert_true(alive(helper));
	assert_int_equal(kill(helper, SIGKILL), 0);
	assert_int_equal(spawn_end(&s), SPAWN_KILLED);
	expect_no_child();
}

/* A user stops the helper, the middle, both: nothing is left afterwards. */
static void
spawn_kills_what_is_stopped(void **state)
{
	int64_t begin;
	pid_t helper;
	struct spawn s;
	char buf[256];
	int i;

	(void)state;
	for (i = 1; i <= 3; i++) {
		begin = wire_now_ms();
		assert_true(spawn_start(&s, HELPER, in(800)));
		assert_true(exchange(&s, "stay", buf, sizeof(buf)) > 0);
		assert_int_equal(read(s.report, &helper, sizeof(helper)),
		    sizeof(helper));
		assert_true(alive(helper));
		if (i & 1)
			assert_int_equal(kill(helper, SIGSTOP), 0);
		if (i & 2)
			assert_int_equal(kill(s.middle, SIGSTOP), 0);
		assert_int_equal(spawn_end(&s), SPAWN_KILLED);
		assert_in_range(wire_now_ms() - begin, 790, 9000);
		/* The middle has buried it. */
		assert_int_equal(kill(helper, 0), -1);
		expect_no_child();
	}
}

/*
 * The middle cannot be woken (held by ptrace, which SIGCONT does not end):
 * it is killed, and the helper with it.
 */
static void
spawn_kills_who_cannot_wake(void **state)
{
	struct spawn s;
	pid_t helper;
	int64_t end;

	(void)state;
	assert_true(spawn_start(&s, HELPER, in(800)));
	assert_int_equal(send(s.fd, "hang", 4, MSG_NOSIGNAL), 4);
	/* The pid stays in the report, for whoever needs it. */
	assert_true(wire_wait(s.report, POLLIN, in(5000)));
	helper = child_of(s.middle);
	assert_true(helper > 0);
	if (ptrace(PTRACE_SEIZE, s.middle, NULL, NULL) == -1) {
		print_message("no ptrace here\n");
		spawn_end(&s);
		skip();
	}
	assert_int_equal(ptrace(PTRACE_INTERRUPT, s.middle, NULL, NULL), 0);
	assert_true(waitpid(s.middle, NULL, __WALL) == s.middle);
	assert_int_equal(spawn_end(&s), SPAWN_KILLED);
	for (end = in(5000); alive(helper) && wire_now_ms() < end;)
		sched_yield();
	assert_false(alive(helper));
	expect_no_child();
}

/* Hosts: counting SIGCHLD, ignoring it, ignoring with SA_NOCLDWAIT. */
static void
spawn_host_notices_nothing(void **state)
{
	static const struct { void (*handler)(int); int flags; } rows[] = {
		{ count_signal, 0 }, { SIG_IGN, 0 }, { SIG_DFL, 0 },
		{ count_signal, SA_NOCLDWAIT }, { SIG_DFL, SA_NOCLDWAIT },
	};
	struct sigaction mine, before, after;
	sigset_t mask_before, mask_after;
	char buf[256];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		memset(&mine, 0, sizeof(mine));
		memset(&mask_before, 0, sizeof(mask_before));
		memset(&mask_after, 0, sizeof(mask_after));
		mine.sa_handler = rows[i].handler;
		mine.sa_flags = rows[i].flags;
		sigaction(SIGCHLD, &mine, &before);
		sigprocmask(SIG_BLOCK, NULL, &mask_before);
		signals = 0;
		assert_int_equal(run("exit", buf, sizeof(buf), 5000), 7);
		assert_int_equal(run("state", buf, sizeof(buf), 5000), 0);
		assert_string_equal(buf, STATE);
		sigprocmask(SIG_BLOCK, NULL, &mask_after);
		sigaction(SIGCHLD, &before, &after);
		assert_int_equal(signals, 0);
		assert_true(after.sa_handler == rows[i].handler);
		assert_memory_equal(&mask_before, &mask_after,
		    sizeof(mask_before));
		expect_no_child();
	}
}

static volatile bool reaping;

static void *
reap_everything(void *unused)
{
	(void)unused;
	while (reaping) {
		waitpid(-1, NULL, WNOHANG);
		sched_yield();
	}
	return NULL;
}

/* A thread that reaps all children does not get ours. */
static void
spawn_beside_a_reaper(void **state)
{
	pthread_t thread;
	char buf[256];
	int i;

	(void)state;
	reaping = true;
	assert_int_equal(pthread_create(&thread, NULL, reap_everything,
	    NULL), 0);
	for (i = 0; i < 20; i++)
		assert_int_equal(run("exit", buf, sizeof(buf), 5000), 7);
	reaping = false;
	pthread_join(thread, NULL);
	expect_no_child();
}

/* One that asks for clones as well may: the answer is what counts. */
static void
spawn_reaped_by_host(void **state)
{
	char buf[256];
	struct spawn s;

	(void)state;
	assert_true(spawn_start(&s, HELPER, in(5000)));
	assert_true(exchange(&s, "state", buf, sizeof(buf)) > 0);
	shutdown(s.fd, SHUT_WR);
	assert_true(waitpid(-1, NULL, __WALL) == s.middle);
	assert_int_equal(spawn_end(&s), SPAWN_REAPED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spawn_starts_clean),
		cmocka_unit_test(spawn_without_stdio),
		cmocka_unit_test(spawn_tells_status),
		cmocka_unit_test(spawn_without_descriptors),
		cmocka_unit_test(spawn_kills_late_helper),
		cmocka_unit_test(spawn_shows_the_end_at_once),
		cmocka_unit_test(spawn_kills_what_is_stopped),
		cmocka_unit_test(spawn_kills_who_cannot_wake),
		cmocka_unit_test(spawn_host_notices_nothing),
		cmocka_unit_test(spawn_beside_a_reaper),
		cmocka_unit_test(spawn_reaped_by_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
