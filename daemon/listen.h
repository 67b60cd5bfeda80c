/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listening sockets: made here under any supervisor, or handed over by
 * systemd (sd_listen_fds(3)).  Always AF_UNIX SOCK_SEQPACKET,
 * close-on-exec, non-blocking, no passed descriptors.
 */
#ifndef STEPUP_DAEMON_LISTEN_H
#define STEPUP_DAEMON_LISTEN_H

#include <sys/types.h>

#include <stdbool.h>

#include "daemon/failure.h"

/*
 * Root's door has room for everybody.  At the other one a short queue is a
 * short wait: who floods it is refused as fast as the acceptor can, and who
 * finds it full waits in connect(2), in turn.
 */
#define LISTEN_QUEUE_LOGIN	4096
#define LISTEN_QUEUE_PUBLIC	128

struct listener {
	int	fd;
	/* The kernel refuses passed descriptors; for systemd's socket those
	   who came before us excepted. */
	bool	no_rights;
	/* What we made and will take away: "" for systemd's. */
	char	path[108];
	dev_t	dev;
	ino_t	ino;
};

/*
 * Binds DIR/NAME with this mode.  DIR (absolute) is made 0755 when it is
 * not there; it must be ours and nobody else's to write.  A socket that
 * nobody listens on is replaced, atomically; one that answers is left
 * alone.  OUT_DONE, or OUT_SERVICE with path and reason.
 */
enum outcome listen_bind(const char *dir, const char *name, mode_t mode,
    int queue, struct listener *, struct failure *);

/* Whether the environment says that systemd left descriptors for us. */
bool listen_passed(void);
/* Exactly one listening socket of our kind, or OUT_SERVICE. */
enum outcome listen_take(int queue, struct listener *, struct failure *);

/* Takes away the name we made, if it still is ours; fd stays as it is. */
void listen_unlink(const struct listener *);

#endif
