/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server's side of a conversation: one frame out, one frame in, every
 * wait bounded.
 */
#ifndef STEPUP_DAEMON_TALK_H
#define STEPUP_DAEMON_TALK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/secret.h"
#include "common/wire.h"

#define TALK_IDLE_MS (10 * 60 * 1000)

/* The connection a conversation is held on. */
struct talk {
	int	fd;
	int64_t	idle_ms;	/* how long an answer may take; 0: ten minutes */
	/* Called after every packet that came in; NULL is fine (the public
	   door tells its acceptor that this connection is alive). */
	void	(*alive)(void *);
	void	*arg;
};

enum talk_code {
	TALK_OK = 0,
	TALK_CANCEL,	/* the person gave up */
	TALK_GONE,	/* the client ended, or idled too long */
	TALK_MALFORMED	/* not an answer */
};

/* False when the peer does not take it. */
bool talk_send(const struct talk *, const struct wire_writer *);

/* PROMPT, and what is answered.  *answer is the caller's to wipe. */
enum talk_code talk_prompt(const struct talk *, enum wire_style,
    const char *text, struct secret *answer);

/* NOTE.  Text is made printable and cut to one string. */
bool talk_note(const struct talk *, const char *text);

#endif
