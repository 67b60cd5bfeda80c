/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tests spawn in place of stepupd.  It answers one packet: a CHECK, a
 * VERIFY of 123456, or a word:
 *	state	describes what it was started with
 *	stay	answers, and does not end when it should
 *	hang	never answers, never ends
 *	close	closes its end, never ends
 *	exit	ends with status 7
 *	signal	dies of SIGSEGV
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/outcome.h"
#include "common/wire.h"

static void
say(const char *text)
{
	if (send(0, text, strlen(text), MSG_NOSIGNAL) == -1)
		_exit(90);
}

/* `fds` as bits, whether 1 and 2 are /dev/null, words of the environment. */
static void
describe(int argc, char *argv[])
{
	char text[256];
	struct sigaction chld;
	struct stat null, one, two;
	unsigned long fds = 0;
	struct dirent *e;
	sigset_t mask;
	DIR *d = opendir("/proc/self/fd");
	int words = 0;

	if (d == NULL || stat("/dev/null", &null) == -1 ||
	    fstat(1, &one) == -1 || fstat(2, &two) == -1)
		_exit(91);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && atoi(e->d_name) != dirfd(d))
			fds |= 1UL << atoi(e->d_name);
	closedir(d);
	while (environ[words] != NULL)
		words++;
	sigaction(SIGCHLD, NULL, &chld);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	snprintf(text, sizeof(text), "fds=%lx null=%d env=%d args=%s,%s,%d "
	    "chld=%s blocked=%d", fds, one.st_rdev == null.st_rdev &&
	    two.st_rdev == null.st_rdev, words, argv[0], argv[1], argc,
	    chld.sa_handler == SIG_DFL ? "default" : "other",
	    sigismember(&mask, SIGTERM) && sigismember(&mask, SIGCHLD));
	say(text);
}

static void
answer(const struct wire_message *m)
{
	struct wire_writer w;
	struct secret typed;

	wire_start(&w, WIRE_VERSION, m->verb | WIRE_REPLY);
	if (m->verb == VERB_CHECK) {
		wire_put_uint(&w, TAG_OUTCOME, OUT_ASK);
		wire_put_uint(&w, TAG_KINDS, KIND_TOTP);
	} else if (wire_get_secret(m, TAG_ANSWER, &typed) &&
	    typed.len == 6 && memcmp(typed.data, "123456", 6) == 0)
		wire_put_uint(&w, TAG_OUTCOME, OUT_OK_TOTP);
	else
		_exit(7);
	if (send(0, w.data, w.len, MSG_NOSIGNAL) == -1)
		_exit(92);
}

static void
obey(const char *word, int argc, char *argv[])
{
	const struct sigaction by_default = { .sa_handler = SIG_DFL };
	sigset_t none;

	if (strcmp(word, "state") == 0)
		describe(argc, argv);
	if (strcmp(word, "stay") == 0)
		say("staying");
	if (strcmp(word, "exit") == 0)
		_exit(7);
	if (strcmp(word, "close") == 0)
		close(0);
	while (strcmp(word, "stay") == 0 || strcmp(word, "hang") == 0 ||
	    strcmp(word, "close") == 0)
		pause();
	if (strcmp(word, "signal") == 0) {
		sigemptyset(&none);
		sigaction(SIGSEGV, &by_default, NULL);
		sigprocmask(SIG_SETMASK, &none, NULL);
		raise(SIGSEGV);
	}
}

int
main(int argc, char *argv[])
{
	uint8_t buf[WIRE_PACKET_MAX + 1];
	struct wire_message m;
	ssize_t n;

	if (argc != 2 || strcmp(argv[1], "--login") != 0)
		return 93;
	n = recv(0, buf, sizeof(buf) - 1, 0);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	if (wire_read(buf, (size_t)n, &m))
		answer(&m);
	else
		obey((const char *)buf, argc, argv);
	/* Until the other side closes. */
	while (recv(0, buf, sizeof(buf), 0) > 0)
		;
	return 0;
}
