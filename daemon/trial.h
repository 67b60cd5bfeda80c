/* SPDX-License-Identifier: BSD-2-Clause */
/* How far an app's clock is off, told from two codes in a row.  Pure. */
#ifndef STEPUP_DAEMON_TRIAL_H
#define STEPUP_DAEMON_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/otpauth.h"
#include "daemon/account.h"

#define TRIAL_SECONDS (24 * 3600)

/* Two answers, digits alone, and when each came. */
struct trial {
	char	first[OTP_DIGITS_MAX + 1];
	char	second[OTP_DIGITS_MAX + 1];
	int64_t	at;		/* of the first */
};

/*
 * The credential both are codes of, of one step and the next within
 * TRIAL_SECONDS of `at`: its place, and *skew in seconds; credential_count:
 * none, and *skew is 0.  The secrets are open.  Every step is computed,
 * whatever fits.
 */
size_t trial_skew(const struct account *, const struct trial *,
    int64_t *skew);

#endif
