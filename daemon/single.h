/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection served by one process: spawned `--login`, `--self`,
 * `--admin`.  The process was cleaned before; the connection ends with it,
 * by _exit, and is never closed.
 */
#ifndef STEPUP_DAEMON_SINGLE_H
#define STEPUP_DAEMON_SINGLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/wire.h"
#include "daemon/failure.h"
#include "daemon/round.h"
#include "daemon/selfservice.h"
#include "daemon/site.h"

struct single {
	struct talk	 talk;
	struct caller	 caller;
	struct site	*site;		/* NULL: memory was short */
	/* Not OUT_DONE: every request gets this and nothing is evaluated. */
	enum outcome	 broken;
	struct failure	 failure;
	/* Told of every reply; NULL is fine. */
	void		 (*told)(const struct single *, uint8_t verb,
	    enum outcome, const struct failure *);
};

/*
 * Who is at descriptor 0.  False: nobody that may ask, and that was
 * answered (OUT_PEER) where there is somebody, or said on stderr.
 */
bool single_peer(bool root_only, uid_t *);

/*
 * Serves up to `requests` of them, each waited for at most idle_ms.  A
 * conversation is the last.  Returns whether anything was answered.
 */
bool single_serve(struct single *, unsigned requests, int64_t idle_ms);

/* A refusal before anything was read; whoever does not take it is lost. */
void single_refuse(int fd, enum outcome, const struct failure *);

#endif
