/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recovery codes: 15 random symbols of Crockford's base32 and his check
 * symbol (mod 37), of which only the 32 ordinary ones occur.  75 bits.
 */
#ifndef STEPUP_DAEMON_RECOVERY_H
#define STEPUP_DAEMON_RECOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/account.h"

#define RECOVERY_LENGTH 16

/* A new code, NUL-terminated, from getrandom(2); false when that fails. */
bool recovery_generate(char code[RECOVERY_LENGTH + 1]);

/*
 * The canonical spelling of typed text: spaces and dashes out, upper case,
 * O as 0, I and L as 1.  False, and an empty code, unless it then has 16
 * symbols of the alphabet and the right check symbol.
 */
bool recovery_parse(const char *typed, size_t len,
    char code[RECOVERY_LENGTH + 1]);

/* PBKDF2-HMAC-SHA-256 of the canonical spelling. */
bool recovery_hash(const char code[RECOVERY_LENGTH + 1],
    const uint8_t salt[RECOVERY_SALT], unsigned rounds,
    uint8_t hash[RECOVERY_HASH]);

/*
 * A set of n codes: fills set (salt, hashes, created_at) and the codes in
 * the clear, which the caller shows once and wipes.
 */
bool recovery_make(struct recovery_set *set, size_t n, int64_t now,
    char codes[][RECOVERY_LENGTH + 1]);

/*
 * A set of one code that nobody knows and that is void: what stands beside
 * an authenticator whose owner has no recovery codes yet.
 */
bool recovery_void(struct recovery_set *set, int64_t now);

#endif
