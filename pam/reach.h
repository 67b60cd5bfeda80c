/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking stepupd.  One connection per request, 5 s each; nothing is held
 * afterwards.  Root asks at the login door, and starts a helper of its own
 * where nobody listens there; everybody else asks at the public door.
 */
#ifndef STEPUP_PAM_REACH_H
#define STEPUP_PAM_REACH_H

#include <stdbool.h>

#include "common/outcome.h"
#include "common/secret.h"
#include "common/wire.h"
#include "pam/person.h"

struct reach {
	const char	*rundir;
	const char	*helper;	/* started with --login, by root */
	bool		 root;		/* euid is 0 */
};

/* What came of a request; every outcome is one that the verb may have. */
struct reply {
	enum outcome	 outcome;
	struct outcome_facts facts;
	char		 path[WIRE_STRING_MAX + 1];	/* for the log, or "" */
	char		 reason[WIRE_STRING_MAX + 1];	/* the same */
	char		 help[WIRE_STRING_MAX + 1];	/* for the person */
};

/*
 * Both fill *reply whatever happens.  Besides what stepupd answers:
 *   OUT_SERVICE	unreachable, late, gone, not root's
 *   OUT_PROTOCOL	an answer that cannot be read, of an unknown outcome,
 *			or of one that has no place there; a request that
 *			cannot be written
 * `help` stays what it was when no new one comes.
 */
void reach_check(const struct reach *, const struct person *,
    struct reply *reply);

/*
 * nobody: the answer is asked about as one of a name that nobody has.
 * earlier: app codes charged before in this call.
 */
void reach_verify(const struct reach *, const struct person *, bool nobody,
    const struct secret *typed, unsigned earlier, struct reply *reply);

#endif
