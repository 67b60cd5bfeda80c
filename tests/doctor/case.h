/* SPDX-License-Identifier: BSD-2-Clause */
/* A case of tests/doctor/cases as a world; README says what is in it. */
#ifndef STEPUP_TESTS_DOCTOR_CASE_H
#define STEPUP_TESTS_DOCTOR_CASE_H

#include "cli/doctor/finding.h"
#include "cli/doctor/survey.h"
#include "cli/doctor/world.h"

#define CASE_FACTS_MAX	64

struct case_file {
	char		 path[256];
	bool		 there;
	mode_t		 mode;
	uid_t		 uid;
};

/* One case; everything borrowed lives as long as it does. */
struct doctor_case {
	char		 folder[PATH_MAX];	/* of the case */
	char		 root[PATH_MAX];	/* its root/ */
	char		 settings[64];	/* a folder of our own, for stepupd */
	struct world	 world;
	struct survey	*survey;	/* NULL before case_run */
	bool		 plan;
	char		*planned;
	size_t		 file_count;
	struct case_file files[CASE_FACTS_MAX];
	size_t		 missing_count;
	char		 missing[CASE_FACTS_MAX][64];	/* modules */
};

/* Reads it; a line nobody understands ends the test. */
void case_open(struct doctor_case *, const char *folder);
void case_close(struct doctor_case *);

/* doctor, but for its printing: the exit status. */
int case_run(struct doctor_case *, struct findings *);

/* Holds findings and status against `expect`; false: it has been printed. */
bool case_expect(const struct doctor_case *, const struct findings *,
    int status);

/* NULL is no word. */
bool case_is(const char *value, const char *word);
/*
 * Calls each for the words of every line of a file of the case, if there is
 * such a file; word[0] is there, what is not is NULL.
 */
void case_each_line(struct doctor_case *, const char *name,
    void (*each)(struct doctor_case *, char *const word[6]));

#endif
