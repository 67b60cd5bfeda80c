/* SPDX-License-Identifier: BSD-2-Clause */
/* What a hostile process does at a door, again and again. */
#ifndef STEPUP_TESTS_NEIGHBOUR_H
#define STEPUP_TESTS_NEIGHBOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct counts {
	uint64_t	connected;	/* connections made */
	uint64_t	full;		/* connect: queue full */
	uint64_t	sent;		/* packets */
	uint64_t	refused;	/* packets that were not taken */
	uint64_t	eperm;		/* of those: SO_PASSRIGHTS says so */
};

/* Connected and non-blocking, or -1; counted. */
int knock(const char *door, bool wait, struct counts *);

/* One packet; false when it was not taken. */
bool say(int fd, const void *data, size_t len, struct counts *);

/*
 * A TCP connection of our own, its buffers full and nobody reading, set to
 * linger for an hour, is passed with a packet of one byte; our copy is
 * closed.  False when it was not taken.
 */
bool pass_lingering(int fd, struct counts *);

#endif
