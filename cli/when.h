/* SPDX-License-Identifier: BSD-2-Clause */
/* Times as an administrator types them. */
#ifndef STEPUP_CLI_WHEN_H
#define STEPUP_CLI_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * "90s", "30m", "2h", "7d", "4w": so long before now; "2026-11-21": its
 * first second, local time; "2026-11-21T10:00:00", local, or with "Z" or
 * "+01:00" behind (RFC 3339).  False for anything else.
 */
bool when_read(const char *text, int64_t now, int64_t *out);

/* "90s", "30m", "2h", "7d", "4w" in seconds; false for anything else. */
bool when_span(const char *text, int64_t *seconds);

#endif
