/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of what happened, as log lists it. */
#ifndef STEPUP_CLI_EVENT_H
#define STEPUP_CLI_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/outcome.h"

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
