/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection of the public door, served by a process of its own: its
 * name service, its password check and its passed descriptors are nobody
 * else's wait.
 */
#ifndef STEPUP_DAEMON_SELF_H
#define STEPUP_DAEMON_SELF_H

#include <stdbool.h>

#include "daemon/paths.h"

/* CHECK and VERIFY that one connection may ask. */
#define SELF_REQUESTS	32

/*
 * Descriptor 0 is the connection; 1, with `report`, the acceptor's
 * channel.  Returns the exit status; the caller ends by _exit.
 */
int self_serve(const struct paths *, bool report, bool silent);

#endif
