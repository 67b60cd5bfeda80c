/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/notify.h"

static char folder[] = "/tmp/stepup-notify-XXXXXX";
static char path[64];
static int supervisor = -1;

static int
group_setup(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/notify", folder);
	return 0;
}

static int
group_teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static int
listen_at(const char *name)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t len = strlen(name);

	memcpy(sa.sun_path, name, len);
	if (name[0] == '@')
		sa.sun_path[0] = '\0';
	else
		unlink(name);
	supervisor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return bind(supervisor, (struct sockaddr *)&sa,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

static int
setup(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return listen_at(path);
}

static int
teardown(void **state)
{
	(void)state;
	return close(supervisor);
}

static void
hears(const char *what)
{
	char said[64] = "";

	(void)recv(supervisor, said, sizeof(said) - 1, MSG_DONTWAIT);
	assert_string_equal(said, what);
}

static void
watched(const char *usec)
{
	setenv("NOTIFY_SOCKET", path, 1);
	setenv("WATCHDOG_USEC", usec, 1);
	notify_start();
}

static void
test_nobody(void **state)
{
	(void)state;
	notify_start();
	assert_false(notify_ready());
	assert_int_equal(notify_next(), 0);
	assert_int_equal(notify_alive(1000), 0);
	setenv("WATCHDOG_USEC", "5000000", 1);
	notify_start();
	assert_int_equal(notify_alive(1000), 0);
	hears("");
}

static void
test_ready(void **state)
{
	(void)state;
	setenv("NOTIFY_SOCKET", path, 1);
	notify_start();
	assert_true(notify_ready());
	hears("READY=1");
	assert_int_equal(notify_alive(1000), 0);
	hears("");
}

/* At once, then at every quarter of the time, early questions free. */
static void
test_alive(void **state)
{
	(void)state;
	watched("5000000");
	assert_int_not_equal(notify_next(), 0);
	assert_int_equal(notify_alive(1000), 2250);
	hears("WATCHDOG=1");
	assert_int_equal(notify_alive(2249), 2250);
	hears("");
	assert_int_equal(notify_next(), 2250);
	assert_int_equal(notify_alive(2300), 3550);
	hears("WATCHDOG=1");
}

static void
test_abstract(void **state)
{
	char name[64];

	(void)state;
	close(supervisor);
	snprintf(name, sizeof(name), "@stepup-test-%ld", (long)getpid());
	assert_int_equal(listen_at(name), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	notify_start();
	assert_true(notify_ready());
	hears("READY=1");
}

/* For another process, or no number: nobody watches. */
static void
test_watchdog_refused(void **state)
{
	static const char *const bad[] = { "", "0", "3999", "-5", "5s",
	    "99999999999999999999", "5000000 ", "0x10000" };
	char pid[32];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		watched(bad[i]);
		assert_int_equal(notify_next(), 0);
	}
	setenv("WATCHDOG_PID", "1", 1);
	watched("5000000");
	assert_int_equal(notify_next(), getpid() == 1);
	setenv("WATCHDOG_PID", "me", 1);
	watched("5000000");
	assert_int_equal(notify_next(), 0);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	watched("5000000");
	assert_int_not_equal(notify_next(), 0);
}

static void
test_socket_refused(void **state)
{
	static const char *const bad[] = { "", "/", "@", "notify",
	    "vsock:2:1", "unix:/run/x" };
	char longer[200];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		setenv("NOTIFY_SOCKET", bad[i], 1);
		notify_start();
		assert_false(notify_ready());
	}
	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	setenv("NOTIFY_SOCKET", longer, 1);
	notify_start();
	assert_false(notify_ready());
}

/* Any user can fill it: nothing waits, and it is tried again soon. */
static void
test_queue_full(void **state)
{
	int64_t now = 1000, next = 0;
	int i;

	(void)state;
	watched("5000000");
	for (i = 0; i < 10000 && next != now + 100; i++) {
		now = next;
		next = notify_alive(now);
	}
	assert_int_equal(next, now + 100);
	hears("WATCHDOG=1");
	now = next;
	assert_int_equal(notify_alive(now), now + 1250);
	unlink(path);
	close(supervisor);
	now += 1250;
	assert_int_equal(notify_alive(now), now + 100);
	assert_int_equal(listen_at(path), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ready, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alive, setup, teardown),
		cmocka_unit_test_setup_teardown(test_abstract, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_watchdog_refused, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_socket_refused, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_queue_full, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
