/* SPDX-License-Identifier: BSD-2-Clause */
/* What doctor says, in 80 columns. */
#ifndef STEPUP_CLI_DOCTOR_REPORT_H
#define STEPUP_CLI_DOCTOR_REPORT_H

#include "cli/doctor/finding.h"
#include "cli/doctor/survey.h"
#include "cli/doctor/world.h"
#include "cli/subcommands.h"

/* The table: per service who gets in with what. */
void report_access(const struct call *, const struct world *,
    const struct survey *, bool plan);
/* Every finding: what, where, what to do; problems before notes. */
void report_findings(const struct call *, const struct findings *);
/* What could not be seen, and how it ended. */
void report_end(const struct call *, const struct world *,
    const struct findings *);
/* All of it as the document of --json; v may be NULL. */
void report_json(const struct call *, const struct world *,
    const struct survey *, const struct findings *);

#endif
