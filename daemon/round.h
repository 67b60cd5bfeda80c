/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answering CHECK and VERIFY: a round of requests in one transaction, each
 * in a savepoint, the second seeing the first; answers only after the
 * commit, a refused commit is OUT_STORE for all of them.
 */
#ifndef STEPUP_DAEMON_ROUND_H
#define STEPUP_DAEMON_ROUND_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "common/wire.h"
#include "daemon/decide.h"
#include "daemon/site.h"

#define ROUND_MAX		64
#define ROUND_RECOVERY_MAX	8

/* Who asks, by the kernel's word and the way the process was started. */
struct caller {
	enum door	 door;
	uid_t		 uid;		/* of the peer */
	const char	*name;		/* public door: the uid's account name
					   by NSS; NULL at the others */
};

struct round_item {
	const uint8_t	*packet;	/* borrowed; the caller wipes it */
	size_t		 len;
	bool		 deferred;	/* out: put off to the next round (more
					   than ROUND_RECOVERY_MAX of that
					   shape); no reply */
	struct wire_writer reply;	/* out: exactly one frame */
	enum outcome	 outcome;	/* out: what the reply says */
	struct failure	 failure;	/* out: for the daemon's own log */
};

/*
 * Answers n <= ROUND_MAX packets of one door.  Every item gets a reply or
 * is deferred; malformed packets and verbs this door may not ask get
 * theirs (OUT_PROTOCOL, OUT_PEER) without touching the store.
 */
void round_answer(struct site *, const struct caller *, struct round_item *,
    size_t n);

/* A reply that only carries an outcome: refusals before any reading. */
void round_refuse(uint8_t verb, enum outcome, const struct failure *,
    struct wire_writer *);

#endif
