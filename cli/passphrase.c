/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/passphrase.h"
#include "cli/verdict.h"
#include "common/text.h"

#define TRIES	3

bool
passphrase_typed(const struct call *call)
{
	return call->value[OPTION_PASSPHRASE_FD] == NULL;
}

/* --- From a descriptor ------------------------------------------------- */

/* Bytes up to the line's end; -1: too many, or it cannot be read. */
static ssize_t
read_line(const struct call *call, int fd, char *buf, size_t room)
{
	size_t used = 0;
	ssize_t n;

	for (;;) {
		if (terminal_wait(call->terminal, false, fd, -1) !=
		    TERMINAL_PEER)
			return -1;
		n = read(fd, buf + used, 1);
		if (n == 0 || (n == 1 && buf[used] == '\n'))
			return (ssize_t)used;
		if (n == 1 && ++used == room)
			return -1;
		if (n == -1 && errno != EINTR && errno != EAGAIN)
			return -1;
	}
}

static enum exit_status
read_fd(const struct call *call, bool fresh,
    char passphrase[PASSPHRASE_MAX + 1])
{
	uint64_t fd;
	ssize_t len;

	if (!text_number(call->value[OPTION_PASSPHRASE_FD], 0, 65535, &fd) ||
	    fcntl((int)fd, F_GETFD) == -1)
		return verdict_say(call, &verdict_passphrase_fd, NULL);
	len = read_line(call, (int)fd, passphrase, PASSPHRASE_MAX + 1);
	if (len > 0 && memchr(passphrase, '\0', (size_t)len) == NULL &&
	    (!fresh || len >= PASSPHRASE_MIN)) {
		passphrase[len] = '\0';
		return EXIT_DONE;
	}
	explicit_bzero(passphrase, PASSPHRASE_MAX + 1);
	return verdict_say(call, fresh ? &verdict_new_passphrase :
	    &verdict_bad_passphrase, NULL);
}

/* --- At the terminal --------------------------------------------------- */

static enum exit_status
ask(const struct call *call, const char *prompt,
    char line[PASSPHRASE_MAX + 1])
{
	switch (terminal_ask(call->terminal, prompt, true, -1, line)) {
	case TERMINAL_TYPED:
		return EXIT_DONE;
	case TERMINAL_TOO_LONG:
		say(call, "That is too long: 128 bytes at most.");
		return EXIT_USAGE;
	case TERMINAL_INTERRUPTED:
	case TERMINAL_CANCELLED:
		break;
	}
	return verdict_say(call, verdict_of_state(SESSION_CANCELLED), NULL);
}

/* EXIT_USAGE: said what is wrong with it, another may be typed. */
static enum exit_status
ask_fresh(const struct call *call, char passphrase[PASSPHRASE_MAX + 1])
{
	char again[PASSPHRASE_MAX + 1];
	enum exit_status status;
	bool same;

	status = ask(call, "New passphrase for this backup: ", passphrase);
	if (status != EXIT_DONE)
		return status;
	if (strlen(passphrase) < PASSPHRASE_MIN) {
		say(call, "That is too short: 12 characters at least. Four "
		    "random words are fine.");
		return EXIT_USAGE;
	}
	status = ask(call, "The same again: ", again);
	same = status == EXIT_DONE && strcmp(passphrase, again) == 0;
	explicit_bzero(again, sizeof(again));
	if (status != EXIT_DONE || same)
		return status;
	say(call, "These two were not the same.");
	return EXIT_USAGE;
}

enum exit_status
passphrase_get(const struct call *call, bool fresh,
    char passphrase[PASSPHRASE_MAX + 1])
{
	enum exit_status status = EXIT_USAGE;
	int i;

	/* As far as the limit allows: it is not swapped out. */
	if (mlockall(MCL_CURRENT) == -1)
		(void)mlock(passphrase, PASSPHRASE_MAX + 1);
	memset(passphrase, 0, PASSPHRASE_MAX + 1);
	if (!passphrase_typed(call))
		return read_fd(call, fresh, passphrase);
	if (!call->terminal->in_tty)
		return verdict_say(call, &verdict_passphrase, NULL);
	for (i = 0; i < TRIES && status == EXIT_USAGE; i++) {
		status = fresh ? ask_fresh(call, passphrase) :
		    ask(call, "Passphrase of the backup: ", passphrase);
		if (status == EXIT_DONE && *passphrase == '\0')
			status = EXIT_USAGE;
	}
	if (status == EXIT_USAGE)
		status = verdict_say(call, &verdict_no_passphrase, NULL);
	if (status != EXIT_DONE)
		explicit_bzero(passphrase, PASSPHRASE_MAX + 1);
	return status;
}
