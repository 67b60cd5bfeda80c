/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which file and why: goes with every outcome that is a failure, up to the
 * log line.  Never holds a secret, a typed answer or an unknown name.
 */
#ifndef STEPUP_DAEMON_FAILURE_H
#define STEPUP_DAEMON_FAILURE_H

#include "common/outcome.h"

struct failure {
	char	path[256];
	char	reason[256];
};

/*
 * Fills f (NULL is fine) and returns o, so that a check can say
 * `return failure_set(f, OUT_STORE, path, "not a regular file");`.
 * Long values are cut; path may be NULL.
 */
enum outcome failure_set(struct failure *f, enum outcome o, const char *path,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
