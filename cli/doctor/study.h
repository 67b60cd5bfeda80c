/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stack under study: which modules may know the person, which lines are
 * conditions, and whether a login of some way opens it.  For access.c.
 */
#ifndef STEPUP_CLI_DOCTOR_STUDY_H
#define STEPUP_CLI_DOCTOR_STUDY_H

#include "cli/doctor/access.h"
#include "cli/doctor/known.h"

#define KNOWERS_MAX	8	/* modules that may know the person */

/* One login, as the modules answer it. */
struct login {
	const struct world *world;
	const char	*service;
	bool		 password;	/* it is right */
	bool		 factor;	/* other factors are there */
	int		 ours;		/* what pam_stepup.so answers */
	size_t		 knower;	/* which of the modules knows them; as
					   many as there are: all of them */
	unsigned	 mask;		/* answers of the conditions */
};

struct study {
	const struct world *world;
	const struct pamservice *service;
	const struct pamstack *stack;
	size_t		 knowers;
	const char	*knower[KNOWERS_MAX];
	unsigned	 conditions;
	/* Of a line: which condition it is, 0 for none, else one more. */
	unsigned char	 condition[PAMSTACK_LINES_MAX];
	bool		 refused[PAMSTACK_LINES_MAX];	/* our arguments */
	struct pamrun	 run, right;
	unsigned	 in[WAYS];
	struct login	 login;
};

/* Of a line that is no module, MODULE_QUIET. */
enum module_class study_class(const struct pamline *);
/* Finds knowers, conditions, and refused arguments; stack is set. */
void study_look(struct study *);
/* pamrun_answer for a study with its login filled. */
int study_answer(void *study, const struct pamline *, size_t index);
/*
 * Whether this way opens, by login's knower and mask; the run that opened,
 * else the last, in *out.
 */
bool study_opens(struct study *, enum access_way, struct pamrun *out);

#endif
