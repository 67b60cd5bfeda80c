/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * enroll_fast STEPUPD NAME...
 *
 * Enrolls people as root's `stepup enroll` does, without its terminal: the
 * conversation of common/wire.h over a socketpair with `STEPUPD --admin`.
 * The oldest code that may count is typed, so two fresh ones are left.
 * Prints a line each: NAME SECRET LAST_STEP CODE...
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base32.h"
#include "common/client.h"
#include "common/outcome.h"
#include "common/wire.h"
#include "daemon/totp.h"

#define ANSWER_MS 10000

struct person {
	const char	*name;
	uint8_t		 secret[OTP_SECRET_MAX];
	size_t		 secret_len;
	uint32_t	 algorithm, digits, period;
	int64_t		 step;		/* typed last */
	uint8_t		 codes[WIRE_CODES_MAX * WIRE_CODE_LENGTH];
	size_t		 codes_len;
	uint32_t	 number;	/* of the code that is typed back */
};

static pid_t
start(const char *stepupd, int *fd)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		err(1, "socketpair");
	fflush(NULL);
	pid = fork();
	if (pid == -1)
		err(1, "fork");
	if (pid == 0) {
		if (dup2(pair[1], 0) == 0)
			execl(stepupd, stepupd, "--admin", (char *)NULL);
		err(127, "%s", stepupd);
	}
	close(pair[1]);
	*fd = pair[0];
	return pid;
}

static void
tell(int fd, const struct wire_writer *w, const char *name)
{
	if (client_send(fd, w, wire_now_ms() + ANSWER_MS) != CLIENT_OK)
		errx(1, "%s: not sent", name);
}

static size_t
bytes(const struct wire_message *m, enum wire_tag tag, uint8_t *out,
    size_t size)
{
	const struct wire_field *f = &m->field[tag];

	if (!f->present || f->len > size)
		return 0;
	memcpy(out, f->data, f->len);
	return f->len;
}

static void
take_offer(struct person *p, const struct wire_message *m)
{
	p->secret_len = bytes(m, TAG_SECRET, p->secret, sizeof(p->secret));
	if (p->secret_len == 0 ||
	    !wire_get_uint(m, TAG_ALGORITHM, &p->algorithm) ||
	    !wire_get_uint(m, TAG_DIGITS, &p->digits) ||
	    !wire_get_uint(m, TAG_PERIOD, &p->period))
		errx(1, "%s: not an offer", p->name);
	p->step = totp_step(time(NULL), p->period) - 2;
}

/* The answer to a prompt; a miss before it meant that a step has ended. */
static void
answer(int fd, struct person *p, const struct wire_message *m)
{
	char code[WIRE_CODE_LENGTH + 1] = "";
	struct wire_writer w;
	uint32_t style = 0;

	wire_get_uint(m, TAG_STYLE, &style);
	if (style == STYLE_NEW_CODE) {
		if (!totp_code(p->secret, p->secret_len,
		    (enum otp_algorithm)p->algorithm, p->digits, ++p->step,
		    code))
			errx(1, "%s: no code", p->name);
	} else if (style == STYLE_SHEET_CODE && p->number >= 1 &&
	    p->number * WIRE_CODE_LENGTH <= p->codes_len)
		memcpy(code, p->codes + (p->number - 1) * WIRE_CODE_LENGTH,
		    WIRE_CODE_LENGTH);
	else
		errx(1, "%s: asked for something else (%u)", p->name, style);
	wire_start(&w, WIRE_VERSION, VERB_ANSWER);
	wire_put_bytes(&w, TAG_ANSWER, code, strlen(code));
	tell(fd, &w, p->name);
}

/* One frame of the server; false after its last. */
static bool
listen_once(int fd, struct person *p)
{
	uint8_t buf[WIRE_PACKET_MAX];
	struct wire_message m;
	uint32_t outcome;

	if (client_receive(fd, buf, &m, wire_now_ms() + ANSWER_MS) !=
	    CLIENT_OK)
		errx(1, "%s: no answer", p->name);
	switch (m.verb) {
	case VERB_PROMPT:
		answer(fd, p, &m);
		return true;
	case VERB_NOTE:
	case VERB_MISS:
		return true;
	case VERB_OFFER:
		take_offer(p, &m);
		return true;
	case VERB_SHEET:
		p->codes_len = bytes(&m, TAG_CODES, p->codes,
		    sizeof(p->codes));
		wire_get_uint(&m, TAG_NUMBER, &p->number);
		return true;
	case VERB_ENROLL | WIRE_REPLY:
		if (!wire_get_uint(&m, TAG_OUTCOME, &outcome) ||
		    outcome != OUT_DONE)
			errx(1, "%s: %s", p->name,
			    outcome_row((enum outcome)outcome)->audit);
		return false;
	default:
		errx(1, "%s: verb %u", p->name, m.verb);
	}
}

static void
enroll(const char *stepupd, const char *name)
{
	char secret[BASE32_LENGTH(OTP_SECRET_MAX) + 1];
	struct person p = { .name = name };
	struct wire_writer w;
	size_t i;
	pid_t pid;
	int fd, status;

	pid = start(stepupd, &fd);
	wire_start(&w, WIRE_VERSION, VERB_ENROLL);
	wire_put_string(&w, TAG_NAME, name);
	wire_put_uint(&w, TAG_FLAGS, FLAG_REPLACE);
	tell(fd, &w, name);
	while (listen_once(fd, &p))
		;
	close(fd);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		errx(1, "%s: stepupd ended with status %d", name, status);
	if (!base32_encode(p.secret, p.secret_len, secret, sizeof(secret)))
		errx(1, "%s: no secret", name);
	printf("%s %s %" PRId64, name, secret, p.step);
	for (i = 0; i < p.codes_len; i += WIRE_CODE_LENGTH)
		printf(" %.*s", WIRE_CODE_LENGTH, (char *)p.codes + i);
	printf("\n");
}

int
main(int argc, char **argv)
{
	int i;

	if (argc < 3)
		errx(2, "usage: enroll_fast STEPUPD NAME...");
	for (i = 2; i < argc; i++)
		enroll(argv[1], argv[i]);
	return fflush(stdout) == 0 ? 0 : 1;
}
