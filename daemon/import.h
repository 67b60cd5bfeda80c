/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Factors of other modules, on their way into the store.  Private to
 * import.c and import_stage.c.
 *
 * What comes in is sealed at once: what is staged holds no secret, only a
 * keyed digest by which equal ones are found.
 */
#ifndef STEPUP_DAEMON_IMPORT_H
#define STEPUP_DAEMON_IMPORT_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/account.h"
#include "daemon/session.h"
#include "daemon/upload.h"

#define IMPORT_ROWS_MAX	 100000
#define IMPORT_BYTES_MAX (64u << 20)
#define IMPORT_SECRET_MIN 10	/* bytes: 80 bits */
#define IMPORT_MARK	 32
/*
 * How many steps ahead of now another module may have taken a code: its
 * widest window (100 steps, half of them ahead).  More is no step.
 */
#define IMPORT_AHEAD	 50

/* One row of the upload. */
struct import_item {
	char		*name;
	uid_t		 uid;
	int64_t		 account_id;
	int64_t		 after;		/* steps up to it are used up */
	uint8_t		 mark[IMPORT_MARK];
	struct credential credential;	/* sealed, no secret */
	enum outcome	 outcome;	/* OUT_ASK: to be written */
};

/* What is open, in locked memory: a packet of the upload, one secret. */
struct import_open {
	struct upload	upload;
	struct secret	secret;
};

struct import {
	struct session	*s;
	bool		 dry;		/* nothing is written */
	bool		 blank;		/* and there is no store to ask */
	uint8_t		 key[IMPORT_MARK];
	size_t		 count, room;
	struct import_item *items;	/* in the order of the upload */
	struct import_item **sorted;	/* the same, for looking up */
	struct account	*account;	/* room for one */
	struct import_open *open;
	int		 ring_dir;	/* the ring is held; -1: not */
};

/*
 * Reads the whole upload.  OUT_DONE: every item has OUT_ASK, or why it is
 * not for us.  The caller frees in any case.
 */
enum outcome import_stage(struct import *);
void import_free(struct import *);

#endif
