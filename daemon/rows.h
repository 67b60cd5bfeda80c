/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rows of an answer, in packets as full as they get.  Nothing is kept
 * of what was sent.
 */
#ifndef STEPUP_DAEMON_ROWS_H
#define STEPUP_DAEMON_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/wire.h"
#include "daemon/session.h"

/* A packet that fills; starts as { .s = session }. */
struct rows {
	struct session	*s;
	size_t		 len;
	bool		 gone;		/* nobody reads any more */
	int64_t		 sent_ms;	/* when the last packet went */
	uint8_t		 data[WIRE_ROWS_MAX];
};

/* One row more.  A row that cannot be is left out.  False: r->gone. */
bool rows_add(struct rows *, const struct wire_writer *);

/*
 * Sends what there is; without rows it says that the service is alive.
 * False: r->gone.
 */
bool rows_flush(struct rows *);

#endif
