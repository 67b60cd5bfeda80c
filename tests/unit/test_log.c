/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/wire.h"
#include "daemon/log.h"

static char folder[] = "/tmp/stepup-log-XXXXXX";
static char path[64];
static int log_socket = -1;

static int
setup(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	(void)state;
	if (path[0] == '\0') {
		if (mkdtemp(folder) == NULL)
			return -1;
		snprintf(path, sizeof(path), "%s/log", folder);
	}
	unlink(path);
	if (log_socket != -1)
		close(log_socket);
	memcpy(sa.sun_path, path, sizeof(path));
	log_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	log_silence(false);
	log_start("stepupd");
	log_path(path);
	return bind(log_socket, (struct sockaddr *)&sa, sizeof(sa));
}

static int
cleanup(void **state)
{
	(void)state;
	close(log_socket);
	unlink(path);
	return rmdir(folder);
}

/* The next line, without its head; "" when there is none. */
static const char *
next(int *priority)
{
	static char line[2048];
	ssize_t n = recv(log_socket, line, sizeof(line) - 1, MSG_DONTWAIT);
	char *p;

	if (n <= 0)
		return "";
	line[n] = '\0';
	if (priority != NULL)
		*priority = atoi(line + 1);
	p = strstr(line, "stepupd[");
	assert_non_null(p);
	p = strstr(p, "]: ");
	assert_non_null(p);
	return p + 3;
}

static void
form(void **state)
{
	char line[256], head[64];
	ssize_t n;
	int pri, pid, day, h, m, s, end = 0;
	char month[4];

	(void)state;
	log_line(LOG_WARNING, "hello %d", 7);
	n = recv(log_socket, line, sizeof(line) - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	line[n] = '\0';
	assert_int_equal(sscanf(line, "<%d>%3s %d %d:%d:%d %20[^[][%d]: %n",
	    &pri, month, &day, &h, &m, &s, head, &pid, &end), 8);
	assert_int_equal(pri, LOG_AUTHPRIV | LOG_WARNING);
	assert_string_equal(head, "stepupd");
	assert_int_equal(pid, getpid());
	assert_string_equal(line + end, "hello 7");
}

static void
printable(void **state)
{
	char longer[3000];

	(void)state;
	log_line(LOG_INFO, "%s", "a\nb\tc\033[0m\x7f\xc3\xa4 z");
	assert_string_equal(next(NULL), "a?b?c?[0m??? z");
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	log_line(LOG_INFO, "%s", longer);
	assert_int_equal(strlen(next(NULL)), 899);
}

static void
silent(void **state)
{
	(void)state;
	log_silence(true);
	log_line(LOG_CRIT, "nothing");
	log_silence(false);
	log_line(LOG_CRIT, "something");
	assert_string_equal(next(NULL), "something");
	assert_string_equal(next(NULL), "");
	assert_int_equal(log_lost(), 0);
}

/* A full queue costs no time; what was lost is counted and told. */
static void
never_waits(void **state)
{
	int64_t start = wire_now_ms();
	unsigned long lost, told;
	int i;

	(void)state;
	for (i = 0; i < 2000; i++)
		log_line(LOG_INFO, "line %d", i);
	assert_true(wire_now_ms() - start < 2000);
	lost = log_lost();
	assert_true(lost > 0 && lost < 2000);
	for (i = 0; next(NULL)[0] != '\0'; i++)
		;
	assert_int_equal(i, 2000 - (int)lost);
	log_line(LOG_INFO, "after");
	assert_int_equal(sscanf(next(NULL), "%lu lines lost", &told), 1);
	assert_int_equal(told, lost);
	assert_string_equal(next(NULL), "after");
	assert_int_equal(log_lost(), 0);
}

/* Without a syslog nothing fails, and one that comes back is found. */
static void
absent(void **state)
{
	(void)state;
	unlink(path);
	log_line(LOG_INFO, "to nobody");
	assert_int_equal(log_lost(), 1);
	assert_int_equal(setup(state), 0);
	log_line(LOG_INFO, "back");
	assert_string_equal(next(NULL), "1 lines lost, the log was full");
	assert_string_equal(next(NULL), "back");
}

static void
failures(void **state)
{
	struct failure f = { "/var/lib/stepup/stepup.db", "not \"ours\"" };
	int priority = 0;

	(void)state;
	log_failure(OUT_STORE, &f);
	assert_string_equal(next(&priority), "fail.store "
	    "path=/var/lib/stepup/stepup.db reason=\"not \\\"ours\\\"\"");
	assert_int_equal(priority, LOG_AUTHPRIV | LOG_CRIT);
	/* The same at once: said once. */
	log_failure(OUT_STORE, &f);
	assert_string_equal(next(NULL), "");
	log_failure(OUT_BUSY, NULL);
	assert_string_equal(next(&priority), "fail.busy");
	assert_int_equal(priority, LOG_AUTHPRIV | LOG_ERR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(form, setup),
		cmocka_unit_test_setup(printable, setup),
		cmocka_unit_test_setup(silent, setup),
		cmocka_unit_test_setup(never_waits, setup),
		cmocka_unit_test_setup(absent, setup),
		cmocka_unit_test_setup(failures, setup),
	};

	return cmocka_run_group_tests(tests, NULL, cleanup);
}
