/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CHECK and VERIFY against the store, many in one transaction.
 *
 * - A VERIFY is loaded, decided, written and committed in one write
 *   transaction; its outcome may be told only after this returned.
 * - What a recovery code or a login pass needs (salts, hashes: two for every
 *   answer of that form, whatever there is) is made before the transaction;
 *   if set or pass changed meanwhile, once more.
 * - A refused begin or commit is everybody's outcome and nothing of the
 *   round is on record or was decided.
 */
#ifndef STEPUP_DAEMON_VERIFY_H
#define STEPUP_DAEMON_VERIFY_H

#include <stddef.h>

#include "daemon/ask.h"
#include "daemon/site.h"

/* Fills outcome, facts and failure of every ask of that verb. */
void verify_checks(struct site *, const struct settings *,
    struct ask *const asks[], size_t n);
void verify_answers(struct site *, const struct settings *,
    struct ask *const asks[], size_t n);

/*
 * Whether every key the account's rows name is in the ring; a ring that
 * changed is read again.  False fills the failure.
 */
bool verify_keys_known(struct site *, const struct account *,
    struct failure *);

#endif
