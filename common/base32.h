/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Base32 of RFC 4648, section 6: unpadded out, padded or not in, case
 * ignored.  Refused: 0, 1, 8, 9 and every other foreign byte, padding in
 * the wrong place or number, impossible lengths, non-zero trailing bits.
 */
#ifndef STEPUP_COMMON_BASE32_H
#define STEPUP_COMMON_BASE32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters needed for n bytes, without the NUL. */
#define BASE32_LENGTH(n) (((n) * 8 + 4) / 5)

/* False when size < BASE32_LENGTH(len) + 1; then buf is empty. */
bool base32_encode(const uint8_t *data, size_t len, char *buf, size_t size);

/* False and *len = 0 when s is no base32 or gives more than size bytes. */
bool base32_decode(const char *s, uint8_t *buf, size_t size, size_t *len);

#endif
