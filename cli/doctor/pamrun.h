/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stack run as libpam runs it (libpam/pam_dispatch.c, 1.5), with answers
 * of modules that somebody assumes.
 */
#ifndef STEPUP_CLI_DOCTOR_PAMRUN_H
#define STEPUP_CLI_DOCTOR_PAMRUN_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/doctor/pamstack.h"

/*
 * What the module of this line answers, a PAM_* value; a module that is not
 * there answers PAM_MODULE_UNKNOWN.  Called for PAMLINE_MODULE only.
 */
typedef int pamrun_answer(void *arg, const struct pamline *, size_t index);

#define PAMRUN_NONE	((size_t)-1)

/* What happened; indices into the stack, or PAMRUN_NONE. */
struct pamrun {
	bool	 visited[PAMSTACK_LINES_MAX];	/* its answer was taken */
	int	 answered[PAMSTACK_LINES_MAX];	/* -1: not asked */
	size_t	 left_by[PAMSTACK_LINES_MAX];	/* not visited: the line that
						   jumped over it or ended
						   the stack before it */
	size_t	 granted;	/* the first that turned it to success */
	size_t	 refused;	/* the first that turned it to failure */
	size_t	 bad_jump;	/* a jump behind the end */
};

/*
 * pam_authenticate, pam_acct_mgmt ...: the answer of the whole stack;
 * PAM_PERM_DENIED for an empty one.
 */
int pamrun(const struct pamstack *, pamrun_answer *, void *arg,
    struct pamrun *);

/*
 * pam_setcred after a pam_authenticate that left this behind: `auth` says
 * which way it took, the modules are asked anew.
 */
int pamrun_setcred(const struct pamhost *, const struct pamstack *,
    pamrun_answer *, void *arg, const struct pamrun *auth);

#endif
