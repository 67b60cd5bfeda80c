/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server's side of an upload: the rows a client sends inside IMPORT and
 * RESTORE, pulled one by one.  One packet is in memory at a time; each wait
 * is bounded, and so is what comes in all.
 *
 * The client sets the pace: no transaction may be open across upload_next.
 * Nothing of an upload counts before UPLOAD_END was seen.
 */
#ifndef STEPUP_DAEMON_UPLOAD_H
#define STEPUP_DAEMON_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/outcome.h"
#include "common/wire.h"
#include "daemon/talk.h"

#define UPLOAD_IDLE_MS	(60 * 1000)	/* between two packets */
#define UPLOAD_TOTAL_MS	(60 * 60 * 1000)

enum upload_code {
	UPLOAD_ROW = 0,		/* the next row is there */
	UPLOAD_END,		/* the client said that this was all */
	UPLOAD_CANCEL,		/* the person gave up */
	UPLOAD_GONE,		/* the client ended, or took too long */
	UPLOAD_MALFORMED,	/* no upload, or a row that cannot be read */
	UPLOAD_TOO_MUCH		/* more rows or bytes than were allowed */
};

struct upload {
	const struct talk *talk;
	int64_t		 idle_ms;	/* between two packets */
	int64_t		 deadline_ms;	/* of all, wire_now_ms */
	uint64_t	 rows_left, bytes_left;
	/* Private from here. */
	enum upload_code ended;		/* UPLOAD_ROW: not yet */
	bool		 last;		/* this packet is the last */
	const uint8_t	*rows;		/* into packet */
	size_t		 at, len;
	uint8_t		 packet[WIRE_PACKET_MAX]; /* may hold secrets */
};

/* At most that many rows, and bytes in all packets together. */
void upload_start(struct upload *, const struct talk *, uint64_t rows_max,
    uint64_t bytes_max);

/*
 * The next row, whose fields borrow from the upload until the next call.
 * Anything but UPLOAD_ROW is the end: every further call says the same.
 */
enum upload_code upload_next(struct upload *, struct wire_message *row);

/* OUT_DONE for UPLOAD_ROW and UPLOAD_END; OUT_NO_INPUT, OUT_PROTOCOL. */
enum outcome upload_outcome(enum upload_code);

void upload_wipe(struct upload *);

#endif
