/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a supervisor wants to hear (sd_notify(3)): that the door is open,
 * and then, again and again, that its loop still turns.  A datagram each,
 * never blocking; nothing is sent where nobody asked for it.
 */
#ifndef STEPUP_DAEMON_NOTIFY_H
#define STEPUP_DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID: before the
 * environment is emptied.  What makes no sense there is as good as absent.
 */
void notify_start(void);

/* READY=1: requests are answered from now on.  False: nobody was told. */
bool notify_ready(void);

/*
 * WATCHDOG=1 when it is time for it.  Returns when it will be next
 * (CLOCK_MONOTONIC milliseconds), 0 where nobody watches.
 */
int64_t notify_alive(int64_t now_ms);
/* The same without sending. */
int64_t notify_next(void);

#endif
