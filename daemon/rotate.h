/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another key for the whole store.  The order is what makes it safe to be
 * killed anywhere, and to go on with logins and enrollments meanwhile:
 *
 *   1  the ring gets the new key, last: active.  Durable before any row
 *      names it: whoever meets such a row finds the key in the file.
 *   2  the store's proof is sealed with it.  Whoever writes a secret looks
 *      at the ring's file inside the transaction (site_seal): after this
 *      commit nobody seals with an old key any more.
 *   3  each secret is sealed anew, batch by batch, until a whole pass finds
 *      none left.  Opening and sealing is done outside of transactions; a
 *      row that changed meanwhile is left for the next pass.
 *   4  old keys that no row names leave the ring.  Whoever read the ring
 *      before has them in memory; whoever reads it now begins a transaction
 *      that sees step 3 done (a CHECK that began before asks once more).
 *
 * A ring with several keys is a rotation that was not finished: it is, to
 * the last of them; no third key is made.  A secret that does not open stays
 * as it is, and its key in the ring.
 */
#ifndef STEPUP_DAEMON_ROTATE_H
#define STEPUP_DAEMON_ROTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/keyring.h"
#include "daemon/site.h"

#define ROTATION_STUCK	16	/* of those that do not open, named */

struct stuck {
	char	name[ACCOUNT_NAME_MAX + 1];
	char	key_id[KEY_ID_LENGTH + 1];	/* "": the row is damaged */
};

struct rotation {
	bool		 resumed;	/* one that was not finished */
	bool		 unfinished;	/* the ring has old keys, or may */
	char		 active[KEY_ID_LENGTH + 1];
	int64_t		 sealed;	/* secrets sealed anew */
	size_t		 removed_count;	/* old keys, no longer in the ring */
	char		 removed[KEYRING_MAX][KEY_ID_LENGTH + 1];
	int64_t		 stuck_count;	/* secrets that do not open */
	struct stuck	 stuck[ROTATION_STUCK];
};

/* After each batch; false: whoever waits for it is gone, stop here. */
typedef bool (*rotate_step)(const struct rotation *, void *arg);

/*
 * `event` is who and when; its note, where there is none, says which key
 * came for which.  OUT_DONE: no secret that opens is sealed with an old key,
 * and *r says what was done.  Anything else: how far it got does not matter,
 * logins go on and another call finishes.  OUT_KEY: no sound ring of this
 * store, or it could not be written; OUT_BUSY: another rotation, or 2 s did
 * not suffice for the store; OUT_NO_INPUT: `step` said so; OUT_STORE,
 * OUT_MEMORY.
 */
enum outcome rotate_run(struct site *, const struct store_event *event,
    rotate_step step, void *arg, struct rotation *r, struct failure *);

#endif
