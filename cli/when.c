/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/when.h"
#include "common/text.h"

bool
when_span(const char *text, int64_t *seconds)
{
	static const struct { char unit; int64_t seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 7 * 86400 },
	};
	char digits[8] = "";
	size_t i, len = strlen(text);
	uint64_t n;

	if (len < 2 || len > sizeof(digits))
		return false;
	memcpy(digits, text, len - 1);
	if (!text_number(digits, 0, 9999999, &n))
		return false;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].unit == text[len - 1]) {
			*seconds = (int64_t)n * units[i].seconds;
			return true;
		}
	return false;
}

/* Exactly that many digits; moves on. */
static bool
number(const char **p, size_t digits, int low, int high, int *out)
{
	size_t i;

	*out = 0;
	for (i = 0; i < digits; i++) {
		if ((*p)[i] < '0' || (*p)[i] > '9')
			return false;
		*out = *out * 10 + ((*p)[i] - '0');
	}
	*p += digits;
	return *out >= low && *out <= high;
}

static bool
sign(const char **p, const char *any)
{
	return **p != '\0' && strchr(any, *(*p)++) != NULL;
}

/* "Z", "+01:00", or nothing: local time. */
static bool
read_zone(const char *p, struct tm *tm, int64_t *out)
{
	int hours, minutes, east;

	if (*p == '\0') {
		tm->tm_isdst = -1;
		*out = mktime(tm);
		return true;
	}
	*out = timegm(tm);
	if (strcmp(p, "Z") == 0 || strcmp(p, "z") == 0)
		return true;
	east = *p == '+' ? 1 : -1;
	if (!sign(&p, "+-") || !number(&p, 2, 0, 23, &hours) ||
	    !sign(&p, ":") || !number(&p, 2, 0, 59, &minutes) || *p != '\0')
		return false;
	*out -= east * (hours * 3600 + minutes * 60);
	return true;
}

bool
when_read(const char *text, int64_t now, int64_t *out)
{
	struct tm tm = { .tm_isdst = -1 }, day;
	const char *p = text;

	if (when_span(text, out)) {
		*out = now - *out;
		return true;
	}
	if (!number(&p, 4, 1970, 9999, &tm.tm_year) || !sign(&p, "-") ||
	    !number(&p, 2, 1, 12, &tm.tm_mon) || !sign(&p, "-") ||
	    !number(&p, 2, 1, 31, &tm.tm_mday))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	day = tm;
	/* The 31st of a month that has none becomes another day. */
	if (timegm(&day) == -1 || day.tm_mday != tm.tm_mday)
		return false;
	if (*p == '\0')
		return read_zone(p, &tm, out);
	if (!sign(&p, "Tt ") || !number(&p, 2, 0, 23, &tm.tm_hour) ||
	    !sign(&p, ":") || !number(&p, 2, 0, 59, &tm.tm_min) ||
	    !sign(&p, ":") || !number(&p, 2, 0, 60, &tm.tm_sec))
		return false;
	return read_zone(p, &tm, out);
}
