/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --plan: the stacks as they would be with our line where pam-auth-update
 * puts an Additional module of priority 192: in common-auth, right after
 * the primary block.
 */
#ifndef STEPUP_CLI_DOCTOR_PLAN_H
#define STEPUP_CLI_DOCTOR_PLAN_H

#include <stdbool.h>

#include "cli/doctor/pamstack.h"

#define PLAN_FILE "/etc/pam.d/common-auth"
#define PLAN_LINE "auth\trequired\tpam_stepup.so\n"

enum plan_code {
	PLAN_PUT = 0,		/* the host has it from now on */
	PLAN_THERE,		/* the file has our line already */
	PLAN_NO_FILE,		/* no such file: no pam-auth-update */
	PLAN_FAILED		/* cannot be read, or no memory */
};

/* *text is the caller's to free; it lives as long as the host. */
enum plan_code plan_put(struct pamhost *, char **text);

#endif
