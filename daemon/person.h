/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who somebody is on this host, by the name service.  It may block for as
 * long as a directory does: never inside a transaction.
 */
#ifndef STEPUP_DAEMON_PERSON_H
#define STEPUP_DAEMON_PERSON_H

#include <sys/types.h>

#include <stdbool.h>

#include "daemon/account.h"
#include "daemon/failure.h"

struct person {
	bool	known;
	char	name[ACCOUNT_NAME_MAX + 1];	/* canonical */
	uid_t	uid;
};

/*
 * OUT_DONE; OUT_NO_USER: the name service says there is nobody, which a
 * directory that is down often says as well; OUT_SERVICE with its error, or
 * for a name that no account can have; OUT_MEMORY.  Only OUT_DONE sets known.
 */
enum outcome person_by_name(struct person *, const char *name,
    struct failure *);
enum outcome person_by_uid(struct person *, uid_t, struct failure *);

/*
 * Everybody the name service lists, to be asked many times: whoever is in
 * it is known, who is not may be known all the same.  NULL: no memory.
 */
struct roster;
struct roster *roster_new(void);
void roster_free(struct roster *);
bool roster_has(const struct roster *, const char *name, uid_t);

#endif
