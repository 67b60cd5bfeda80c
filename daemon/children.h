/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is in at the public door: bookkeeping only, no descriptor is read
 * and no process ended here.  At most CHILDREN_PER_UID for one uid and
 * CHILDREN_ADMITTED in all; times are CLOCK_MONOTONIC milliseconds.
 */
#ifndef STEPUP_DAEMON_CHILDREN_H
#define STEPUP_DAEMON_CHILDREN_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHILDREN_PER_UID	8
#define CHILDREN_ADMITTED	64
#define CHILDREN_MAX		96	/* with those on their way out */
#define CHILDREN_IDLE_MS	(10 * 60 * 1000)
#define CHILDREN_MINUTE_MS	(60 * 1000)
#define CHILDREN_LOUD		10	/* connections a minute with a log */
#define CHILDREN_UIDS		256	/* counted at a time */

enum child_state {
	CHILD_FREE = 0,
	CHILD_NEW,		/* accepts: nobody is in with it */
	CHILD_IN,		/* admitted: counts */
	CHILD_OUT		/* refused or sent away, not yet gone */
};

struct child {
	enum child_state state;
	pid_t	pid;
	bool	reaped;		/* the pid is no longer its own */
	int	channel;
	uid_t	uid;
	int64_t	active;		/* when it was last heard of */
};

/* Connections of a uid in the minute that began with `since`. */
struct child_minute {
	uid_t	uid;
	int64_t	since;
	unsigned count;		/* 0: free */
};

struct children {
	struct child	child[CHILDREN_MAX];
	struct child_minute minute[CHILDREN_UIDS];
};

/* The verdict, one byte on the channel. */
enum verdict {
	VERDICT_BUSY = 'b',	/* no room */
	VERDICT_PEER = 'p',	/* nobody whom the kernel can name */
	VERDICT_IN = 'i',
	VERDICT_SILENT = 's',	/* in, but write no log */
	VERDICT_GONE = 'g'	/* nobody there any more; never sent */
};

/* A free place, or NULL when CHILDREN_MAX are there. */
struct child *children_add(struct children *, pid_t, int channel,
    int64_t now);

/*
 * c told its uid ((uid_t)-1: nobody).  The verdict; where it lets c in and
 * all places were taken, *victim is who has to go (CHILD_OUT from now on),
 * else NULL.  Where one uid would only change places with another, the
 * verdict is VERDICT_BUSY.
 */
enum verdict children_admit(struct children *, struct child *c, uid_t,
    int64_t now, struct child **victim);

/* One that is in and has been idle too long, or NULL; CHILD_OUT then. */
struct child *children_idle(struct children *, int64_t now);
/* When the next one will be; 0: nobody is in. */
int64_t children_next(const struct children *);

/* The process was waited for. */
void children_reaped(struct children *, pid_t);
/* Its channel ended: the place is free. */
void children_remove(struct child *);

#endif
