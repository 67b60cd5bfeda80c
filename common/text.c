/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "common/text.h"

bool
text_number(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	unsigned digit;

	if (s == NULL || *s == '\0' || (s[0] == '0' && s[1] != '\0'))
		return false;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return false;
		digit = (unsigned)(*s - '0');
		if (v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	if (v < min || v > max)
		return false;
	*out = v;
	return true;
}

void
text_duration(uint32_t seconds, char *buf, size_t size)
{
	static const struct {
		uint32_t	 below;		/* s; 0: no limit */
		uint32_t	 unit;		/* s */
		const char	*name;
	} units[] = {
		{ 90, 1, "s" },
		{ 90 * 60, 60, "min" },
		{ 48 * 3600, 3600, "h" },
		{ 0, 24 * 3600, "days" },
	};
	size_t i = 0;

	while (units[i].below != 0 && seconds >= units[i].below)
		i++;
	snprintf(buf, size, "%u %s", (unsigned)(seconds / units[i].unit +
	    (seconds % units[i].unit != 0)), units[i].name);
}

void
text_printable(const char *src, size_t len, char *buf, size_t size)
{
	size_t i;

	if (size == 0)
		return;
	for (i = 0; i < len && i < size - 1; i++)
		buf[i] = src[i] >= 0x21 && src[i] <= 0x7e ? src[i] : '?';
	buf[i] = '\0';
}

static void
append(char *buf, size_t size, size_t *used, char c)
{
	if (*used + 1 < size)
		buf[(*used)++] = c;
}

void
text_field(char *buf, size_t size, size_t *used, const char *name,
    const char *value)
{
	bool quoted;

	if (*used >= size)
		return;
	buf[*used] = '\0';
	if (value == NULL)
		return;
	append(buf, size, used, ' ');
	for (; *name != '\0'; name++)
		append(buf, size, used, *name);
	append(buf, size, used, '=');
	quoted = *value == '\0' || strpbrk(value, " \"\\=") != NULL;
	if (quoted)
		append(buf, size, used, '"');
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			append(buf, size, used, '\\');
		append(buf, size, used,
		    *value >= 0x20 && *value <= 0x7e ? *value : '?');
	}
	if (quoted)
		append(buf, size, used, '"');
	buf[*used] = '\0';
}

bool
text_name(const char *s, size_t max)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+@";
	size_t len = strlen(s);

	return len > 0 && len <= max && *s != '-' && strspn(s, fine) == len;
}

bool
text_equal(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t different = 0;
	size_t i;

	for (i = 0; i < len; i++)
		different = (uint8_t)(different | (x[i] ^ y[i]));
	return different == 0;
}
