/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one process of stepupd works with: settings, keyring, store, each
 * with its trouble remembered.  Nothing is opened before the first request
 * asks for it.  Long-lived processes look again when files changed, at
 * most once a second, and after site_reload().
 */
#ifndef STEPUP_DAEMON_SITE_H
#define STEPUP_DAEMON_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/decide.h"
#include "daemon/failure.h"
#include "daemon/paths.h"
#include "daemon/settings.h"
#include "daemon/store.h"

/* The PAM service by which self-service checks a password. */
#define SITE_OWN_SERVICE "stepup"

struct site;
struct seal_row;

/* NULL when memory is short.  paths are borrowed. */
struct site *site_new(const struct paths *, enum store_role);
void site_free(struct site *);

/*
 * Opens settings and store now: a serving start grows the WAL, which no
 * login should wait for.  What is not there yet is logged and tried again
 * with the first request.
 */
void site_open(struct site *);

/* SIGHUP: the next request looks at the files again. */
void site_reload(struct site *);

/*
 * Settings in force.  OUT_DONE or OUT_CONFIG (no accepted copy either),
 * OUT_MEMORY.  now_ms is CLOCK_MONOTONIC: the once-a-second look.
 */
enum outcome site_settings(struct site *, int64_t now_ms,
    const struct settings **, struct failure *);

/*
 * The store, opened at the first call, opened anew after it was replaced
 * or broke.  OUT_DONE, OUT_STORE, OUT_KEY (store without key), OUT_BUSY,
 * OUT_MEMORY.
 */
enum outcome site_store(struct site *, struct store **, struct failure *);
/* After STORE_BROKEN or STORE_REFUSED: close; the next call opens anew. */
void site_drop_store(struct site *);

/* NULL when there is no sound keyring: the failure says why. */
const struct keyring *site_keyring(struct site *, struct failure *);
/* Reads the keyring again if it changed: a row names an unknown key. */
void site_look_keyring(struct site *);

/*
 * Whether the ring opens the proof of the store at hand.  Who has no row in
 * the store of another host is not thereby unenrolled here, and a ring with
 * other bytes under the right id is another host's, too.  For policies that
 * let people pass, and before anything is sealed.  Inside a transaction;
 * asked once for each opening of the store and reading of the ring, a
 * refusal each time anew.
 */
bool site_own_store(struct site *, struct failure *);

/*
 * Seals with the active key, inside the write transaction that writes it
 * (rotate.h, step 2): the ring's file is looked at now, and is this store's.
 * What was sealed before the transaction began may name a key that a
 * rotation has taken out of the ring since.  OUT_DONE, OUT_KEY, OUT_MEMORY.
 */
enum outcome site_seal(struct site *, const struct seal_row *,
    const struct secret *, struct sealed *, struct failure *);

/*
 * Whether the store was made, or restored, on another machine.  False where
 * either is not known.
 */
bool site_moved(struct site *);

/*
 * Room for one account with opened secrets, in locked memory: the caller
 * wipes it after use; one use at a time.  NULL when memory is short.
 */
struct account *site_account(struct site *);

const struct store_driver *site_driver(const struct site *);
const struct paths *site_paths(const struct site *);

/* For the serving loop: checkpoints (store_driver.tend). */
void site_tend(struct site *, bool idle);

/*
 * What the settings say about one service at one time.  key_ok and clock_ok
 * are filled by the caller's further looks.
 */
void site_policy(const struct settings *, const char *service, int64_t now,
    struct policy *);

#endif
