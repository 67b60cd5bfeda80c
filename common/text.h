/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text: numbers read strictly, durations written, bytes made printable,
 * and the one comparison that takes the same time for every content.
 */
#ifndef STEPUP_COMMON_TEXT_H
#define STEPUP_COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decimal number without sign, space or leading zero ("0" itself is fine),
 * min..max; anything else, trailing bytes included, is false and leaves
 * *out alone.
 */
bool text_number(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/*
 * "12 s", "28 min", "3 h", "2 days", rounded up so that the time told is
 * never too short.  Below 90 s seconds, below 90 min minutes, below 48 h
 * hours.  At most 16 bytes with the NUL.
 */
void text_duration(uint32_t seconds, char *buf, size_t size);

/*
 * Copies at most len bytes of src, each byte outside 0x21..0x7e as '?';
 * always terminates.  What service, rhost, tty and everything logged goes
 * through.
 */
void text_printable(const char *src, size_t len, char *buf, size_t size);

/*
 * Appends ` name=value` at buf[*used], value quoted when it is empty or
 * holds a space, '"', '\\' or '='; bytes outside 0x20..0x7e become '?'.
 * Stops quietly at the end of the buffer; always terminates.  A NULL value
 * appends nothing.
 */
void text_field(char *buf, size_t size, size_t *used, const char *name,
    const char *value);

/*
 * A name that people give and type: 1..max bytes, letters, digits and
 * . _ - + @, the first one no - (it is never an option, nor quoted).
 */
bool text_name(const char *s, size_t max);

/* True when both are equal; time depends on len alone. */
bool text_equal(const void *a, const void *b, size_t len);

#endif
