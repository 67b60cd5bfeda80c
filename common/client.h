/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's side of a door: connect, look who listens, one exchange.
 * Every wait is bounded; no signal handler, no static state, no descriptor
 * left behind.  Used inside other people's programs.
 */
#ifndef STEPUP_COMMON_CLIENT_H
#define STEPUP_COMMON_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "common/wire.h"

#define CLIENT_CONNECT_MS	500
#define CLIENT_REQUEST_MS	5000

enum client_code {
	CLIENT_OK = 0,
	CLIENT_ABSENT,		/* nobody listens: ENOENT, ECONNREFUSED */
	CLIENT_GONE,		/* ended without an answer: asking again is
				   safe */
	CLIENT_FULL,		/* the queue stayed full for 500 ms */
	CLIENT_LATE,		/* no answer before the deadline */
	CLIENT_NOT_ROOT,	/* the listener is not root's; nothing sent */
	CLIENT_MALFORMED,	/* the answer cannot be read */
	CLIENT_ERROR		/* anything else; errno tells */
};

/* A short English sentence for the log; never NULL. */
const char *client_reason(enum client_code);

/*
 * Connects to the SOCK_SEQPACKET socket at path (blocking connect with
 * SO_SNDTIMEO) and holds its SO_PEERCRED against uid 0.  *fd is the
 * connected descriptor (close-on-exec), or -1.
 */
enum client_code client_connect(const char *path, int *fd);

/*
 * Sends one frame; receives one.  Both until deadline_ms (wire_now_ms).
 * A peer that has ended may have said why before it did: sending to it is
 * CLIENT_OK, and client_receive finds its last word or CLIENT_GONE.
 */
enum client_code client_send(int fd, const struct wire_writer *,
    int64_t deadline_ms);
/*
 * reply borrows from buf.  The caller wipes buf where it may hold a
 * secret.
 */
enum client_code client_receive(int fd, uint8_t buf[WIRE_PACKET_MAX],
    struct wire_message *reply, int64_t deadline_ms);

#endif
