/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stepupd does to itself before it opens anything.  Whoever started
 * su or sudo chose limits, signals, niceness, processors, umask and
 * descriptors beforehand, and all of that reaches a process that is
 * spawned from there: with `ulimit -f 0` a guess would be evaluated and
 * never counted.
 */
#ifndef STEPUP_DAEMON_CLEAN_H
#define STEPUP_DAEMON_CLEAN_H

#include <stdbool.h>

#include "daemon/failure.h"

/* Before anything is opened: what is missing of 0 to 2 becomes /dev/null. */
bool clean_stdio(void);

/*
 * For the modes on descriptor 0, after the caller looked at euid and peer.
 * Descriptors 0 and, when `second` is not NULL, 1 are moved out of the way
 * (*first, *second, close-on-exec), 0 to 2 then are /dev/null, the rest is
 * closed; the environment is empty; ids, session, folder, umask, signals,
 * scheduling, limits as SPEC 3.3 says.  OUT_DONE, or OUT_STORE: something
 * that would keep an answer from being recorded could not be put right,
 * nothing may be evaluated, but *first can be answered on either way.
 */
enum outcome clean_process(int *first, int *second, struct failure *);

/*
 * For the serving modes, whose supervisor sets limits and session: `keep`
 * (the listening socket) stays, moved to *keep, everything from 3 on is
 * closed, the environment emptied, the limit of descriptors raised.
 * Dumps, folder, umask, signals as above; SIGPIPE ignored.
 */
enum outcome clean_server(int *keep, struct failure *);

/* Descriptors this process may have. */
unsigned long clean_descriptors(void);

#endif
