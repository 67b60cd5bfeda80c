/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doors as processes, on a site that was never born: every question
 * that is let in is answered OUT_STORE, and all else is about who is let
 * in.  The test starts itself as the service: `login DIR`, `public DIR`,
 * `spawned`, `--self`.
 */
#ifndef STEPUP_TESTS_DOORS_H
#define STEPUP_TESTS_DOORS_H

#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "common/client.h"
#include "daemon/log.h"
#include "daemon/login.h"
#include "daemon/public.h"
#include "daemon/self.h"
#include "tests/integration/shim.h"

#define NOWHERE TEST_BUILDDIR "/tests/nowhere"

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

static inline int
serve(const char *what, const char *dir)
{
	struct listener l;
	struct failure f;
	bool login = strcmp(what, "login") == 0;

	if (listen_bind(dir, what, login ? 0600 : 0666, login ?
	    LISTEN_QUEUE_LOGIN : LISTEN_QUEUE_PUBLIC, &l, &f) != OUT_DONE)
		return 3;
	return login ? login_serve(&paths, &l) : public_serve(&l);
}

static inline int
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

static inline pid_t
start_program(const char *what, const char *dir, int fd0)
{
	char self[PATH_MAX] = "";
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (fd0 != -1)
		dup2(fd0, 0);
	if (under_valgrind() &&
	    readlink("/proc/self/exe", self, sizeof(self) - 1) > 0)
		execlp("valgrind", "valgrind", "-q", "--error-exitcode=99",
		    "--leak-check=full",
		    "--errors-for-leak-kinds=definite,indirect",
		    "--suppressions=" TEST_SRCDIR "/valgrind.supp", self,
		    what, dir, NULL);
	execl("/proc/self/exe", "test_doors", what, dir, NULL);
	_exit(127);
}

/* Waits until it answers, never for a time. */
static inline void
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

static inline int
stop(int sig)
{
	int status;

	assert_int_equal(kill(service, sig), 0);
	assert_int_equal(waitpid(service, &status, 0), service);
	service = 0;
	return status;
}

static inline int
setup(void **state)
{
	(void)state;
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	return mkdtemp(folder) == NULL || chmod(folder, 0755) == -1 ? -1 : 0;
}

static inline int
cleanup(void **state)
{
	(void)state;
	if (service > 0)
		(void)stop(SIGKILL);
	unlink(door);
	return rmdir(folder);
}

static inline int
dial(void)
{
	int fd;

	assert_int_equal(client_connect(door, &fd), CLIENT_OK);
	return fd;
}

static inline void
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
static inline int
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

static inline int
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

/*
 * Under a supervisor that watches: it hears of the start, and then again
 * and again although nobody asks.
 */
static inline void
start_watched(const char *what)
{
	static const char *const said[] = { "READY=1", "WATCHDOG=1",
	    "WATCHDOG=1", "WATCHDOG=1" };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char heard[32];
	size_t i;

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/notify", folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	setenv("NOTIFY_SOCKET", sa.sun_path, 1);
	setenv("WATCHDOG_USEC", "400000", 1);
	start(what, NULL);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	for (i = 0; i < COUNT(said); i++) {
		memset(heard, 0, sizeof(heard));
		if (wire_wait(fd, POLLIN, wire_now_ms() + 5000))
			(void)recv(fd, heard, sizeof(heard) - 1, 0);
		assert_string_equal(heard, said[i]);
	}
	unlink(sa.sun_path);
	close(fd);
}

/* Whether the other end is gone before the deadline. */
static inline bool
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

#endif
