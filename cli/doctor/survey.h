/* SPDX-License-Identifier: BSD-2-Clause */
/* Every service of a host: its stacks, and who gets in. */
#ifndef STEPUP_CLI_DOCTOR_SURVEY_H
#define STEPUP_CLI_DOCTOR_SURVEY_H

#include "cli/doctor/access.h"
#include "cli/doctor/known.h"
#include "cli/doctor/world.h"

#define SURVEY_MAX	512	/* services; more are told as unseen */

struct surveyed {
	struct pamservice *service;
	enum service_kind kind;
	bool		 part;		/* only there to be taken in */
	bool		 asks;		/* a code, when all is well */
	bool		 shut;		/* the account stack refuses all */
	size_t		 shut_by;	/* its line, or PAMRUN_NONE */
	struct access	 access;	/* of an aborted service: none */
};

struct survey {
	size_t		 count;
	struct surveyed	 all[SURVEY_MAX];
};

/* NULL: no memory, or no PAM here (world_unseen says so). */
struct survey *survey_make(struct world *);
void survey_free(struct survey *);

/* NULL: there is no such service. */
const struct surveyed *survey_find(const struct survey *, const char *name);

#endif
