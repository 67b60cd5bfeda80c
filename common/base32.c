/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "common/base32.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

bool
base32_encode(const uint8_t *data, size_t len, char *buf, size_t size)
{
	unsigned bits = 0, have = 0;
	size_t i, n = 0;

	if (size > 0)
		buf[0] = '\0';
	if (len > SIZE_MAX / 8 - 1 || size < BASE32_LENGTH(len) + 1)
		return false;
	for (i = 0; i < len; i++) {
		bits = (bits << 8 | data[i]) & 0xfff;
		for (have += 8; have >= 5; have -= 5)
			buf[n++] = alphabet[bits >> (have - 5) & 31];
	}
	if (have > 0)
		buf[n++] = alphabet[bits << (5 - have) & 31];
	buf[n] = '\0';
	return true;
}

static int
value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= '2' && c <= '7')
		return c - '2' + 26;
	return -1;
}

/* What follows the n symbols: nothing, or just the padding they lack. */
static bool
tail_fits(const char *tail, size_t n)
{
	size_t pad = strspn(tail, "=");

	if (n % 8 == 1 || n % 8 == 3 || n % 8 == 6 || tail[pad] != '\0')
		return false;
	return pad == 0 || (n % 8 != 0 && pad == 8 - n % 8);
}

bool
base32_decode(const char *s, uint8_t *buf, size_t size, size_t *len)
{
	unsigned bits = 0, have = 0;
	size_t i, n = 0;

	*len = 0;
	for (i = 0; value(s[i]) != -1; i++) {
		bits = (bits << 5 | (unsigned)value(s[i])) & 0xfff;
		have += 5;
		if (have < 8)
			continue;
		if (n == size)
			goto refuse;
		have -= 8;
		buf[n++] = (uint8_t)(bits >> have);
	}
	if (!tail_fits(s + i, i) || (bits & ((1u << have) - 1)) != 0)
		goto refuse;
	*len = n;
	return true;
refuse:
	explicit_bzero(buf, n);
	return false;
}
