/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The login door: CHECK and VERIFY for anyone, asked by root alone.
 */
#ifndef STEPUP_DAEMON_LOGIN_H
#define STEPUP_DAEMON_LOGIN_H

#include "daemon/listen.h"
#include "daemon/paths.h"

/* A connection that has not sent its request by then is dropped. */
#define LOGIN_REQUEST_MS	5000
/* After so much silence the store is tended to. */
#define LOGIN_IDLE_MS		250
#define LOGIN_QUIET_MS		5000	/* then: the public door writes, too */

/*
 * Serves until SIGTERM or SIGINT; SIGHUP looks at the files again.
 * Returns the exit status: 0 after a signal, 1 when serving cannot go on.
 */
int login_serve(const struct paths *, struct listener *);

/*
 * Spawned: one request on descriptor 0, which is a connected socket of
 * root's (looked at here), then the end.  Returns the exit status.
 */
int login_spawned(const struct paths *);

#endif
