/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sealing a secret for the store: AES-256-GCM with a random 96-bit nonce.
 * The additional data are seal format, account id, user name, credential
 * id and key id, each with its length, so that rows cannot be swapped.
 */
#ifndef STEPUP_DAEMON_SEAL_H
#define STEPUP_DAEMON_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/account.h"
#include "daemon/keyring.h"

/* Whose secret it is. */
struct seal_row {
	int64_t		 account_id;
	const char	*user;
	int64_t		 credential_id;
};

/* With the ring's active key.  False: out is zeroed. */
bool seal_close(const struct keyring *, const struct seal_row *,
    const struct secret *, struct sealed *out);

/*
 * A store's proof: sealed with the active key, for no account.  Whoever
 * opens it has a ring of this store, bytes and all, not only its ids.
 */
bool seal_prove(const struct keyring *, struct sealed *proof);
bool seal_proven(const struct keyring *, const struct sealed *proof);

/* False when the key is unknown or anything was changed; out is empty. */
bool seal_open(const struct keyring *, const struct seal_row *,
    const struct sealed *, struct secret *out);

/*
 * Opens every credential of the account.  False as soon as one does not
 * open (all of them are tried, the failure names the key id, never more).
 * Credentials with a known key have been opened even then.
 */
bool seal_open_account(const struct keyring *, struct account *,
    struct failure *);

#endif
