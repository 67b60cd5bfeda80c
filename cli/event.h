/* SPDX-License-Identifier: BSD-2-Clause */
/* What happened, as log lists it: one event, and the names of all. */
#ifndef STEPUP_CLI_EVENT_H
#define STEPUP_CLI_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/subcommands.h"
#include "common/outcome.h"
#include "common/wire.h"

/*
 * One event; or, with a count, how often somebody was refused in an hour:
 * id is that hour since 1970, at the last time.
 */
struct event {
	uint32_t	ring;		/* 0: login and admin door, 1: public,
					   WIRE_RING_TALLY */
	int64_t		id, at;
	uint32_t	count;
	bool		running;	/* the hour is not over */
	bool		uid_known, by_known;
	uint32_t	uid, by;
	uint32_t	outcome, change, kind;
	char		name[WIRE_STRING_MAX + 1];
	char		service[WIRE_STRING_MAX + 1];
	char		rhost[WIRE_STRING_MAX + 1];
	char		tty[WIRE_STRING_MAX + 1];
	char		reason[WIRE_STRING_MAX + 1];
};

/* A row of LOG.  False: it is malformed. */
bool event_read(const struct wire_message *, struct event *);

/*
 * As text, under a head before the first, or as a document with the cursor
 * behind it.
 */
void event_tell(const struct call *, const struct event *, bool first,
    const char *cursor);

/*
 * "change.locked" of what an event changed, as the store numbers it; of an
 * answer (change 0) the outcome's own name.
 */
const char *event_name(uint32_t outcome, uint32_t change);

/* The name of change n; NULL: there is no such row. */
const char *event_change(uint32_t n);

/* A bit for each number that a filter names. */
struct event_mask {
	uint64_t	outcomes;	/* of answers */
	uint32_t	changes;
};
_Static_assert(OUT_COUNT <= 63, "a bit for each");

/*
 * A whole name, or what stands before a dot of one ("deny").  False: no
 * event has such a name.
 */
bool event_match(const char *name, struct event_mask *);

#endif
