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

/* What else each packet says, as it goes. */
typedef void rows_tail(struct wire_writer *, const void *arg);

/* A packet that fills; starts as { .s = session }, perhaps with a tail. */
struct rows {
	struct session	*s;
	rows_tail	*tail;
	const void	*arg;
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
