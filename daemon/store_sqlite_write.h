/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to daemon/store_sqlite*.c: the rows of an account as an effect
 * writes them.  A row that is not there any more is STORE_REFUSED.
 */
#ifndef STEPUP_DAEMON_STORE_SQLITE_WRITE_H
#define STEPUP_DAEMON_STORE_SQLITE_WRITE_H

#include "daemon/store_sqlite.h"

/* What load would refuse is not written. */
bool lite_limiters_sound(const struct account *);
bool lite_spent_sound(const struct account *);

/* Step and use of each credential; a step is never moved back. */
enum store_code lite_set_credentials(struct store *, const struct account *,
    struct failure *);
/* All that one recovery-shaped answer may have been: set and login pass. */
enum store_code lite_set_codes(struct store *, const struct account *,
    struct failure *);
enum store_code lite_set_limiters(struct store *, const struct account *,
    struct failure *);

/* The account's row: changed where it is there, else new. */
enum store_code lite_set_enrolled(struct store *, const struct account *,
    struct failure *);
enum store_code lite_set_lock(struct store *, const struct account *,
    struct failure *);

/* Deletes all rows of the account that this statement names. */
enum store_code lite_drop(struct store *, enum lite_statement,
    const struct account *, int *dropped, struct failure *);

#endif
