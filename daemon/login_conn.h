/* SPDX-License-Identifier: BSD-2-Clause */
/* Between login.c and login_conn.c: the connections of the login door. */
#ifndef STEPUP_DAEMON_LOGIN_CONN_H
#define STEPUP_DAEMON_LOGIN_CONN_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/wire.h"
#include "daemon/login.h"
#include "daemon/round.h"
#include "daemon/site.h"

/* A connection: waiting for its request, or put off with it. */
struct conn {
	int		 fd;
	int64_t		 deadline;
	uint8_t		*packet;	/* put off: a copy; else NULL */
	size_t		 len;
	TAILQ_ENTRY(conn) link;
};

TAILQ_HEAD(conns, conn);

struct login {
	struct site	*site;
	int		 listener, epoll, signals;
	struct conns	 waiting;	/* oldest first: one deadline for all */
	struct conns	 put_off;
	size_t		 open, open_max;
	int64_t		 paused_until;	/* accept rests; 0: it does not */
	int64_t		 tend_at;	/* 0: nothing to tend to */
	bool		 ended, failed;
	/* The round: what was received in this turn. */
	size_t		 count;
	struct conn	*who[ROUND_MAX];
	struct round_item items[ROUND_MAX];
	uint8_t		 packets[ROUND_MAX][WIRE_PACKET_MAX];
};

/* A copy of its request until it is forgotten, which wipes it.  False: no
 * memory. */
bool conn_keep(struct conn *, const uint8_t *packet, size_t len);
void conn_forget(struct conn *);

/* Closes, wipes, frees; it is in no list any more. */
void conn_end(struct login *, struct conn *);
/* The same for one that waits. */
void conn_drop(struct login *, struct conn *);
/* Takes the request of one that waits into the round: if it is there, and
 * if there is room.  Says what has become of it. */
enum conn_state {
	CONN_WAITS,
	CONN_ASKED,	/* it is in the round */
	CONN_GONE	/* refused or ended, and freed */
};
enum conn_state conn_receive(struct login *, struct conn *);

/* How many there may be: the limit of descriptors less what the store
 * and the log need. */
size_t conn_places(void);

/* Into the round: packets[count] holds its request. */
void round_add(struct login *, struct conn *, size_t len);

/* What the listening socket has, up to a bound. */
void accept_some(struct login *);
/* Accepts again after a pause. */
void accept_resume(struct login *);

#endif
