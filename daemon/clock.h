/* SPDX-License-Identifier: BSD-2-Clause */
/* The wall clock, read at the door right after BEGIN and nowhere else. */
#ifndef STEPUP_DAEMON_CLOCK_H
#define STEPUP_DAEMON_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

static inline int64_t
clock_now(void)
{
	struct timespec ts = { 0, 0 };

	if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
		return 0;
	return ts.tv_sec;
}

/* Not before this version was released: codes can be computed. */
static inline bool
clock_sound(int64_t now)
{
	return now >= STEPUP_RELEASE_EPOCH;
}

#endif
