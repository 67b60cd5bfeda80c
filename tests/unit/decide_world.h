/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A random world for decide(): one person, settings, time and what is
 * typed.  The same is kept twice, as the naive model sees it and as an
 * account that decide() is given.  All of it follows from one seed.
 */
#ifndef STEPUP_TESTS_DECIDE_WORLD_H
#define STEPUP_TESTS_DECIDE_WORLD_H

#include "tests/unit/decide_naive.h"

struct world {
	uint64_t	 state;		/* of the generator */
	struct naive	 naive;
	struct account	 account;
	struct policy	 policy;
	int64_t		 now;
	unsigned	 guesses;	/* of 100 answers, how many are wrong */
	char		 last[NAIVE_CODE];	/* accepted last */
	char		 old[NAIVE_CODE];	/* a code of a former set */
	char		 gone[NAIVE_CODE];	/* a former pass or ticket */
	int		 passes;		/* how many there were */
	bool		 eager;		/* now a right code is wanted */
};

void world_start(struct world *, uint64_t seed);
/* 0..n-1 */
unsigned world_draw(struct world *, unsigned n);
bool world_chance(struct world *, unsigned percent);
/* Some recovery code. */
void world_code(struct world *, char code[NAIVE_CODE]);

/* Time, settings, keys, enrollments: everything but the answer. */
void world_turn(struct world *);
/* The next question; ask->typed is what was typed. */
void world_ask(struct world *, struct naive_ask *);

#endif
