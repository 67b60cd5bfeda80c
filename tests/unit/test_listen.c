/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/listen.h"

static char folder[] = "/tmp/stepup-listen-XXXXXX";
static char door[64];

static int
setup(void **state)
{
	(void)state;
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(door, sizeof(door), "%s/login", folder);
	return 0;
}

static int
cleanup(void **state)
{
	(void)state;
	unlink(door);
	return rmdir(folder);
}

static int
knock(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
binds(void **state)
{
	struct listener l;
	struct failure f;
	struct stat st;
	mode_t mask = umask(0);
	int fd;

	(void)state;
	umask(mask);
	assert_int_equal(listen_bind(folder, "login", 0600, 8, &l, &f),
	    OUT_DONE);
	assert_string_equal(l.path, door);
	assert_int_equal(lstat(door, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(umask(mask), mask);
	assert_true((fcntl(l.fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_true((fcntl(l.fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fd = knock(door)) != -1);
	close(fd);
	listen_unlink(&l);
	assert_int_equal(lstat(door, &st), -1);
	close(l.fd);
}

static void
mode_for_everybody(void **state)
{
	struct listener l;
	struct failure f;
	struct stat st;

	(void)state;
	assert_int_equal(listen_bind(folder, "login", 0666, 8, &l, &f),
	    OUT_DONE);
	assert_int_equal(lstat(door, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
	close(l.fd);
}

/* Left behind by a service that was killed. */
static void
stale_is_replaced(void **state)
{
	struct listener dead, l;
	struct failure f;
	int fd;

	(void)state;
	assert_int_equal(listen_bind(folder, "login", 0600, 8, &dead, &f),
	    OUT_DONE);
	close(dead.fd);
	assert_int_equal(knock(door), -1);
	assert_int_equal(listen_bind(folder, "login", 0600, 8, &l, &f),
	    OUT_DONE);
	assert_true((fd = knock(door)) != -1);
	close(fd);
	/* The dead one's end takes away nothing that is not its own. */
	listen_unlink(&dead);
	assert_true((fd = knock(door)) != -1);
	close(fd);
	close(l.fd);
}

static void
live_is_left_alone(void **state)
{
	struct listener first, second;
	struct failure f = { 0 };
	int fd;

	(void)state;
	assert_int_equal(listen_bind(folder, "login", 0600, 8, &first, &f),
	    OUT_DONE);
	assert_int_equal(listen_bind(folder, "login", 0600, 8, &second, &f),
	    OUT_SERVICE);
	assert_int_equal(second.fd, -1);
	assert_string_equal(f.path, door);
	assert_string_equal(f.reason, "another service answers there");
	assert_true((fd = knock(door)) != -1);
	close(fd);
	close(first.fd);
}

static void
refusals(void **state)
{
	struct listener l;
	struct failure f;
	char longer[200], missing[96];
	int fd;

	(void)state;
	fd = open(door, O_CREAT | O_WRONLY, 0600);
	assert_true(fd != -1);
	close(fd);
	assert_int_equal(listen_bind(folder, "login", 0600, 8, &l, &f),
	    OUT_SERVICE);
	assert_string_equal(f.reason, "is there and no socket");
	assert_int_equal(l.fd, -1);
	assert_int_equal(access(door, F_OK), 0);

	assert_int_equal(chmod(folder, 0777), 0);
	assert_int_equal(listen_bind(folder, "other", 0600, 8, &l, &f),
	    OUT_SERVICE);
	assert_string_equal(f.reason,
	    "others may write there, or it is theirs");
	assert_int_equal(chmod(folder, 0700), 0);

	assert_int_equal(listen_bind("relative", "login", 0600, 8, &l, &f),
	    OUT_SERVICE);
	assert_string_equal(f.reason, "not an absolute path");
	assert_int_equal(listen_bind(door, "login", 0600, 8, &l, &f),
	    OUT_SERVICE);
	snprintf(missing, sizeof(missing), "%s/a/b", folder);
	assert_int_equal(listen_bind(missing, "login", 0600, 8, &l, &f),
	    OUT_SERVICE);
	snprintf(longer, sizeof(longer), "%s/%0100d", folder, 0);
	assert_int_equal(listen_bind(longer, "login", 0600, 8, &l, &f),
	    OUT_SERVICE);
	assert_string_equal(f.reason, "too long for a socket's name");
	assert_int_equal(rmdir(longer), 0);
}

static void
folder_is_made(void **state)
{
	struct listener l;
	struct failure f;
	struct stat st;
	char dir[96];
	mode_t mask = umask(077);

	(void)state;
	snprintf(dir, sizeof(dir), "%s/run", folder);
	assert_int_equal(listen_bind(dir, "login", 0600, 8, &l, &f), OUT_DONE);
	umask(mask);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	listen_unlink(&l);
	close(l.fd);
	assert_int_equal(rmdir(dir), 0);
}

static int
a_socket(int type, bool listening)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	if (listening && (bind(fd, (struct sockaddr *)&sa,
	    sizeof(sa.sun_family)) == -1 || listen(fd, 1) == -1))
		_exit(9);
	return fd;
}

/* As systemd starts it, in a child; what came of it. */
static enum outcome
taken(const char *fds, int type, bool listening)
{
	char pid[16];
	struct listener l;
	struct failure f;
	pid_t child = fork();
	int status, fd;

	if (child == 0) {
		snprintf(pid, sizeof(pid), "%d", getpid());
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", fds, 1);
		fd = a_socket(type, listening);
		if (fd != 3 && (dup2(fd, 3) != 3))
			_exit(9);
		if (!listen_passed())
			_exit(8);
		_exit((int)listen_take(8, &l, &f));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return (enum outcome)WEXITSTATUS(status);
}

static void
systemd_hands_over(void **state)
{
	(void)state;
	assert_int_equal(taken("1", SOCK_SEQPACKET, true), OUT_DONE);
	assert_int_equal(taken("2", SOCK_SEQPACKET, true), OUT_SERVICE);
	assert_int_equal(taken("0", SOCK_SEQPACKET, true), OUT_SERVICE);
	assert_int_equal(taken("1x", SOCK_SEQPACKET, true), OUT_SERVICE);
	assert_int_equal(taken("", SOCK_SEQPACKET, true), OUT_SERVICE);
	assert_int_equal(taken("1", SOCK_STREAM, true), OUT_SERVICE);
	assert_int_equal(taken("1", SOCK_SEQPACKET, false), OUT_SERVICE);
	assert_int_equal(taken("1", SOCK_DGRAM, false), OUT_SERVICE);
}

/* Meant for another process, or for none. */
static void
not_for_us(void **state)
{
	char pid[16];

	(void)state;
	unsetenv("LISTEN_PID");
	setenv("LISTEN_FDS", "1", 1);
	assert_false(listen_passed());
	setenv("LISTEN_PID", "1", 1);
	assert_false(listen_passed());
	snprintf(pid, sizeof(pid), " %d", getpid());
	setenv("LISTEN_PID", pid, 1);
	assert_false(listen_passed());
	setenv("LISTEN_PID", pid + 1, 1);
	assert_true(listen_passed());
	unsetenv("LISTEN_FDS");
	assert_false(listen_passed());
	unsetenv("LISTEN_PID");
}

/* Any user may lock a folder that all may read: the door opens still. */
static void
lock_of_somebody(void **state)
{
	struct listener l;
	struct failure f;
	pid_t pid;
	int fd, i, status = -1;

	(void)state;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	if ((pid = fork()) == 0)
		_exit(listen_bind(folder, "login", 0600, 4, &l, &f));
	for (i = 0; i < 3000 && waitpid(pid, &status, WNOHANG) == 0; i++)
		poll(NULL, 0, 10);
	if (i == 3000) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), OUT_DONE);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(binds, setup, cleanup),
		cmocka_unit_test_setup_teardown(mode_for_everybody, setup,
		    cleanup),
		cmocka_unit_test_setup_teardown(stale_is_replaced, setup,
		    cleanup),
		cmocka_unit_test_setup_teardown(live_is_left_alone, setup,
		    cleanup),
		cmocka_unit_test_setup_teardown(refusals, setup, cleanup),
		cmocka_unit_test_setup_teardown(lock_of_somebody, setup,
		    cleanup),
		cmocka_unit_test_setup_teardown(folder_is_made, setup,
		    cleanup),
		cmocka_unit_test(systemd_hands_over),
		cmocka_unit_test(not_for_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
