/* SPDX-License-Identifier: BSD-2-Clause */
/* Accounts as the name service knows them. */
#ifndef STEPUP_CLI_ACCOUNT_H
#define STEPUP_CLI_ACCOUNT_H

#include <sys/types.h>

/*
 * The account of a name, or of a uid where name is NULL: its own spelling,
 * its number, and its home where home is not NULL (the caller frees it).
 * 0, or errno; ENOENT, ESRCH: the name service knows nobody.
 */
int account_find(const char *name, uid_t uid, char user[256],
    uid_t *found, char **home);

#endif
