/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text of a PAM file, read as libpam 1.5 reads it: lines of at most
 * 1023 bytes (a longer one falls apart, and the rest is a line of its own),
 * `#` ends a line wherever it stands, a backslash before the end goes on
 * with the next line, `[...]` is one token.  What libpam makes of bad input
 * is part of the contract: this says what a host does, not what its
 * administrator meant.  Source: libpam/pam_handlers.c, pam_misc.c.
 */
#ifndef STEPUP_CLI_DOCTOR_PAMTEXT_H
#define STEPUP_CLI_DOCTOR_PAMTEXT_H

#include <stdbool.h>
#include <stddef.h>

#define PAMTEXT_LINE_MAX 1024	/* with the NUL, as libpam's buffer */

struct pamtext {
	const char	*data;
	size_t		 len, at;
	unsigned	 line;		/* newlines passed */
};

enum pamtext_line {
	PAMTEXT_END = 0,
	PAMTEXT_LINE,
	PAMTEXT_ABORT		/* libpam gives the whole file up */
};

void pamtext_open(struct pamtext *, const char *data, size_t len);

/*
 * The next line that holds something, comments gone, continuations joined.
 * *number is the line it begins on, from 1; *cut: it was too long, what
 * follows is read as another line.
 */
enum pamtext_line pamtext_next(struct pamtext *,
    char line[PAMTEXT_LINE_MAX], unsigned *number, bool *cut);

/*
 * The next token of *rest, changed in place; NULL (and *rest NULL) at the
 * end.  Of `[...]` the inside, `\]` being `]`.
 */
char *pamtext_token(char **rest);

/* What is done with a module's answer: a jump over n lines when n > 0. */
#define ACTION_IGNORE	0
#define ACTION_OK	(-1)
#define ACTION_DONE	(-2)
#define ACTION_BAD	(-3)
#define ACTION_DIE	(-4)
#define ACTION_RESET	(-5)
#define ACTION_UNDEF	(-6)

#define PAMTEXT_CODES	32	/* return values of libpam */

struct pamcontrol {
	int	actions[PAMTEXT_CODES];
};

/*
 * A control word, or the inside of `[...]`.  False: libpam takes every
 * answer for bad, and so does *out; *why says what it stumbled over.
 * `include` and `substack` are not for here.
 */
bool pamtext_control(const char *word, struct pamcontrol *out,
    const char **why);
/* Every answer the same. */
void pamtext_control_all(struct pamcontrol *, int action);

/* "auth_err"; "?" for a number out of range. */
const char *pamtext_code(int code);

#endif
