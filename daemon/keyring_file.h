/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keyring's file, replaced as a whole: a file beside it, synced, then
 * rename(2), then the folder synced.  Whoever is killed on the way leaves
 * the old ring or the new one, never half of one; what lies beside is
 * thrown away by the next.
 */
#ifndef STEPUP_DAEMON_KEYRING_FILE_H
#define STEPUP_DAEMON_KEYRING_FILE_H

#include <sys/types.h>

#include <stdbool.h>

#include "daemon/failure.h"
#include "daemon/keyring.h"

/* Behind the keyring's name while the next one is written. */
#define KEYRING_NEXT ".new"

/*
 * Holds the keyring's folder: births, rotations, restores, alone; with
 * `shared`, beside others of the kind, whoever keeps sealed secrets for
 * longer than a transaction.  Waits a tenth of a second at most: whoever
 * only looks holds it for a moment.  OUT_DONE and *dir, a descriptor whose
 * close(2) lets go; OUT_BUSY: somebody holds it; OUT_KEY: the folder is not
 * there or not to be trusted.  *dir is -1 then.
 */
enum outcome keyring_hold(const char *path, uid_t owner, bool shared,
    int *dir, struct failure *);

/*
 * Puts this ring in place of the one at path, whose folder is held, 0600.
 * OUT_DONE: it is there for good.  OUT_KEY: path and reason; the old one is
 * in place, or the new one is and may be lost with the power.
 */
enum outcome keyring_replace(const char *path, int dir,
    const struct keyring *, struct failure *);

/* Makes sure that the ring at path is there for good. */
enum outcome keyring_settle(const char *path, int dir, struct failure *);

#endif
