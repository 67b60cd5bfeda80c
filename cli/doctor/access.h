/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who gets in by a service with what: its auth stack is run for every way
 * a login can be, for every place where the person may be known, and for
 * both answers of each condition.
 */
#ifndef STEPUP_CLI_DOCTOR_ACCESS_H
#define STEPUP_CLI_DOCTOR_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/doctor/pamrun.h"
#include "cli/doctor/world.h"

/* More conditions in one stack are taken for true. */
#define ACCESS_CONDITIONS_MAX	8
#define ACCESS_BYPASS_MAX	8	/* one for each who knows people */

enum access_way {
	WAY_RIGHT = 0,		/* enrolled: right password, right code */
	WAY_WRONG,		/* right password, wrong code */
	WAY_CANCEL,		/* right password, the prompt cancelled */
	WAY_DOWN,		/* right password, codes cannot be checked */
	WAY_CODE,		/* wrong password, right code */
	WAY_NOTHING,		/* both wrong */
	WAY_NEW,		/* not enrolled: right password */
	WAY_NEW_NOTHING,	/* not enrolled: wrong password */
	WAYS
};

enum access_state { ACCESS_NO = 0, ACCESS_SOME, ACCESS_YES };

/* Lines are indices into the auth stack; PAMRUN_NONE: no such thing. */
struct access {
	enum access_state in[WAYS];	/* SOME: under conditions */
	size_t	 ours;		/* our first line */
	bool	 asks;		/* it is reached with the right password */
	size_t	 bypass_count;
	size_t	 bypass[ACCESS_BYPASS_MAX];	/* what keeps ours from
						   being asked */
	size_t	 optional;	/* ours, and it lets refusals pass */
	size_t	 fails_open;	/* ours, and it lets errors pass */
	size_t	 no_password;	/* lets in without a right password */
	size_t	 trusted;	/* a condition that lets in with nothing */
	size_t	 exempt;	/* a condition under which no code is asked */
	size_t	 nobody;	/* refuses what is right */
	size_t	 led;		/* its jump leads to that line */
	size_t	 early;		/* ours, reached with a wrong password */
	size_t	 noted;		/* what only noted that, or PAMRUN_NONE */
	size_t	 twice;		/* ours, a second time */
	size_t	 jump;		/* behind the end */
};

/* Of a stack that lets nobody in, and of which nothing else is known. */
void access_none(struct access *);
/* The stack is not aborted.  False: no memory. */
bool access_of(const struct world *, const struct pamservice *,
    struct access *);

/*
 * The account stack for somebody whom all is well with: true, or *line
 * refuses under every condition.
 */
bool access_account(const struct world *, const struct pamservice *,
    size_t *line);

/* Whether the module of this line is there. */
bool access_installed(const struct world *, const struct pamline *);

/*
 * Whether our module takes the arguments of this line, as the module reads
 * them; lines of others are fine.  False fills why.
 */
bool access_arguments(const struct pamline *, char *why, size_t size);

#endif
