/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One login as sshd, su or a screen locker makes it: a process of its own,
 * a PAM service file, real modules.  It waits at the first prompt until its
 * gate opens, answers once, gives up at a second prompt, and leaves its
 * figures in a slot that it shares with whoever started it.  The verdict is
 * what the person sees first: the second prompt, or the end.
 */
#ifndef STEPUP_TESTS_ATTACK_HOST_H
#define STEPUP_TESTS_ATTACK_HOST_H

#include <sys/types.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define HOST_WORD	256
#define HOST_DIED	(-1)	/* slot.pam of a process that ended early */

/* A line of a plan: TAG SERVICE USER UID ANSWER; the caller's uid. */
struct login {
	char	tag[HOST_WORD];
	char	service[HOST_WORD];
	char	user[HOST_WORD];
	uid_t	uid;
	char	answer[HOST_WORD];
};

/* In memory that both sides see, zeroed at first.  Times in ns. */
struct slot {
	_Atomic uint32_t gate;		/* futex; 1: answer */
	_Atomic uint32_t parked;	/* futex; 1: waits, or has ended */
	bool		 prompted;
	int		 pam;		/* of pam_authenticate */
	int64_t		 answered;	/* CLOCK_MONOTONIC */
	int64_t		 verdict;
	int64_t		 self;		/* CPU from answer to verdict */
	int64_t		 children;	/* the same, of reaped children */
	char		 text[128];	/* the last text that was shown */
};

/* False at the end of the plan; a line that is none ends the program. */
bool host_read(FILE *, struct login *);

/* Shared memory for n slots; NULL when there is none. */
struct slot *host_slots(size_t n);
void host_free(struct slot *, size_t n);

/*
 * Starts the process, which answers when the gate opens (one of its own or
 * one for many); its pid.  The program ends when that fails.
 */
pid_t host_start(const struct login *, struct slot *, _Atomic uint32_t *gate);
void host_open(_Atomic uint32_t *gate);

/* The same in this very process, without a gate; the PAM code. */
int host_here(const struct login *, struct slot *);

/* Until the process waits at its prompt or has ended; false: too long. */
bool host_parked(struct slot *);

/*
 * Reaps the process; *cpu is what its parent is charged with for it, with
 * all its children, from start to end.
 */
void host_end(pid_t, struct slot *, int64_t *cpu);

int64_t host_now(void);

/* TAG PAM PROMPTED ANSWER-TO-VERDICT SELF CHILDREN ALL TEXT, times in us */
void host_print(const struct login *, const struct slot *, int64_t cpu);

#endif
