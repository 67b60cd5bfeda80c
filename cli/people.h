/* SPDX-License-Identifier: BSD-2-Clause */
/* The people of this host, as the name service lists them. */
#ifndef STEPUP_CLI_PEOPLE_H
#define STEPUP_CLI_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/subcommands.h"

/* Names in byte order; NULL: no group was asked for, anybody is one. */
struct members {
	char	**names;
	size_t	  count, room;
};

/*
 * Those whom --group names, and those whose first group it is.  EXIT_DONE,
 * or the reason has been said; the caller frees either way.
 */
enum exit_status members_find(struct members *, const struct call *);
bool members_has(const struct members *, const char *name);
void members_free(struct members *);

/* Whether somebody with this shell can log in. */
bool people_login_shell(const char *shell);

/*
 * Warns of each source of names that need not list the people it knows: a
 * directory, where who is not listed is no proof.
 */
void people_warn_hidden(const struct call *);

/*
 * Whether accounts come from anywhere but this host's own files; "sss, ldap"
 * in buf.  Also where that cannot be seen.
 */
bool people_sources(const struct call *, char *buf, size_t size);

#endif
