/* SPDX-License-Identifier: BSD-2-Clause */
/* TOTP of RFC 6238 over HOTP of RFC 4226. */
#ifndef STEPUP_DAEMON_TOTP_H
#define STEPUP_DAEMON_TOTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/otpauth.h"

/*
 * The code of one step (T of RFC 6238 4.2) as `digits` (6..8) decimal
 * digits with a NUL.  False, and an empty buf, when the HMAC fails
 * (memory) or an argument is out of range.
 */
bool totp_code(const uint8_t *secret, size_t len, enum otp_algorithm,
    unsigned digits, int64_t step, char buf[OTP_DIGITS_MAX + 1]);

/* The step a time falls into; times before 1970 give -1. */
int64_t totp_step(int64_t now, unsigned period);

#endif
