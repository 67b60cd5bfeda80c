/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A conversation with the service: an ordinary person's at the public
 * door, root's with a `stepupd --admin` of its own.  The client asks and
 * shows; what may be done is decided at the other end.
 */
#ifndef STEPUP_CLI_SESSION_H
#define STEPUP_CLI_SESSION_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/subcommands.h"
#include "common/outcome.h"
#include "common/wire.h"

/* Longest wait for an answer: a directory's password check takes its time. */
#define SESSION_ANSWER_MS (120 * 1000)
/* What a cancelled conversation is given to say how it ended. */
#define SESSION_CANCEL_MS (5 * 1000)

enum session_state {
	SESSION_OPEN = 0,
	SESSION_ABSENT,		/* no public door here */
	SESSION_UNREACHABLE,	/* it is there, but does not answer */
	SESSION_FOREIGN,	/* the listener is not root's */
	SESSION_NO_PROGRAM,	/* stepupd cannot be started */
	SESSION_GONE,		/* ended in the middle */
	SESSION_LATE,
	SESSION_MALFORMED,	/* a frame that cannot be */
	SESSION_CANCELLED	/* by the person */
};

struct session {
	int	fd;		/* -1: not open */
	pid_t	child;		/* `stepupd --admin`, 0: none */
	struct terminal *terminal;
	uint8_t	packet[WIRE_PACKET_MAX]; /* what came last; may be secret */
};

/* Connects and sends the request; close afterwards in any case. */
enum session_state session_open(struct session *, const struct call *,
    enum wire_verb, uint32_t flags);

/*
 * The same with a frame of one's own, which is wiped whatever comes of it:
 * for requests that are no conversation.
 */
enum session_state session_ask(struct session *, const struct call *,
    struct wire_writer *);

/* The next frame, which borrows from the session until the next call. */
enum session_state session_next(struct session *, struct wire_message *);

/* What the person typed.  False: nobody takes it any more. */
bool session_answer(struct session *, const char *text);

/*
 * Gives up.  What was already on its way may still be done: true with the
 * last frame in message when the service said how it ended.
 */
bool session_cancel(struct session *, struct wire_message *);

/* Ends the connection and waits for the child; wipes. */
void session_close(struct session *);

/*
 * On a new host root's first enrollment, import or restore makes key and
 * store (SPEC 1), and says so.  EXIT_DONE also where there is a key already.
 */
enum exit_status session_prepare(const struct call *);

#endif
