/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A backup on its way into the store.  Private to restore.c and
 * restore_stage.c.
 */
#ifndef STEPUP_DAEMON_RESTORE_H
#define STEPUP_DAEMON_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/account.h"
#include "daemon/archive.h"
#include "daemon/keyring.h"
#include "daemon/record.h"
#include "daemon/session.h"
#include "daemon/store.h"
#include "daemon/upload.h"

#define RESTORE_BATCH	64	/* accounts a transaction */

/* In locked memory. */
struct restore {
	struct session	*s;
	struct store	*store;
	const struct keyring *ring;
	char		 key_id[KEY_ID_LENGTH + 1]; /* that sealed them */
	int64_t		 now;		/* not before the backup was made */
	uint8_t		 machine[STORE_MACHINE];
	bool		 machine_known, replace;
	struct record_head head;
	bool		 headed, ended, staging;
	uint64_t	 accounts, said;	/* that came; by the last record */
	uint64_t	 lost;		/* who had a factor and does not come */
	enum outcome	 refused;	/* why a record was not taken */
	struct account	*batch;		/* RESTORE_BATCH, sealed */
	size_t		 n;
	struct account	 account;	/* secrets are open here alone */
	struct secret	 passphrase;	/* on its way into the archive */
	struct archive	 archive;
	struct record_reader reader;
	struct upload	 upload;
};

/*
 * Reads the whole file and stages its accounts, sealed; head and accounts
 * are filled.  OUT_DONE: it is sound to its end, nothing is current yet.
 * OUT_BAD_FILE, OUT_BAD_PASSPHRASE, OUT_CLOCK (made later than it is now),
 * OUT_KEY, OUT_MEMORY, what the upload ended with, or the store.
 */
enum outcome restore_stage(struct restore *);

#endif
