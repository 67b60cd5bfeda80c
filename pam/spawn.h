/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A helper of our own where nobody listens: `PATH --login` on a socketpair,
 * started from inside somebody else's program.
 */
#ifndef STEPUP_PAM_SPAWN_H
#define STEPUP_PAM_SPAWN_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

/* What spawn_end returns besides an exit status (0..255). */
#define SPAWN_REAPED	(-1)	/* the host took the status: unknown */
#define SPAWN_KILLED	(-2)	/* it did not end in time, or by a signal */
#define SPAWN_FAILED	127	/* exit status: the program was not started */

struct spawn {
	int	fd;		/* our end, for client_send and _receive */
	int	report;		/* the helper's pid, then its end */
	pid_t	middle;
	int64_t	deadline_ms;	/* wire_now_ms; then the helper is killed */
};

/*
 * Starts it.  False, errno set and nothing left behind, when there is no
 * process or descriptor to be had.  That the program itself cannot be
 * started shows as the end of fd and as SPAWN_FAILED.
 */
bool spawn_start(struct spawn *spawn, const char *path, int64_t deadline_ms);

/*
 * Closes fd, which tells the helper to end, waits for it and reaps it; kills
 * it when the deadline has passed.  Nothing of it is left afterwards.
 */
int spawn_end(struct spawn *spawn);

#endif
