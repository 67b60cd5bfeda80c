/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Birth: key and store are made together, once, and by nothing else.
 *
 * The store is made first, under a temporary name, whole and synced; then
 * the key gets its name by link(2), then the store.  link(2) replaces
 * nothing, so what is there is never lost, and each state that a crash
 * leaves behind says how far it got:
 *
 *   neither name                  nothing was born: begin again
 *   key, unfinished store of it   link the store, go on
 *   key, store, both names of it  let the WAL grow, drop the temporary name
 *   key, store                    born
 *   one without the other         somebody lost a file: refused
 *
 * Two processes at once: the keyring's folder is locked.
 */
#ifndef STEPUP_DAEMON_BIRTH_H
#define STEPUP_DAEMON_BIRTH_H

#include <stdbool.h>

#include "daemon/failure.h"
#include "daemon/paths.h"
#include "daemon/settings.h"
#include "daemon/store.h"

/* Behind the name of store and keyring while they are made. */
#define BIRTH_SUFFIX	".birth"

/*
 * OUT_DONE: key and store are there and sound, *did tells whether anything
 * was made or finished, a failure with a reason what else went wrong and
 * is only worth a log line (settings.accepted).  OUT_KEY, OUT_STORE: one
 * without the other, unsound, or could not be made; file and remedy in the
 * failure.  OUT_BUSY: another process held the lock for 10 s.  OUT_MEMORY.
 */
enum outcome birth_of(const struct paths *, const struct settings *,
    const struct store_driver *, bool *did, struct failure *);

/* `stepupd --init`: with the settings in force and the driver they name. */
enum outcome birth(const struct paths *, struct failure *);

#endif
