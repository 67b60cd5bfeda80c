/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/text.h"
#include "daemon/settings_table.h"

#define DAY_SECONDS	(24 * 3600)

static const struct unit {
	char	 letter;
	uint32_t seconds;
} units[] = {
	{ 'd', DAY_SECONDS }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 },
};

#define UNITS	(sizeof(units) / sizeof(units[0]))

bool
setting_duration(const char *text, uint32_t *seconds)
{
	size_t len = strlen(text), i;
	uint64_t count;
	char digits[8];

	if (len < 2 || len > sizeof(digits))
		return false;
	memcpy(digits, text, len - 1);
	digits[len - 1] = '\0';
	/* Seven digits of days are within 64 bits, but not within 32. */
	if (!text_number(digits, 0, 9999999, &count))
		return false;
	for (i = 0; i < UNITS; i++)
		if (units[i].letter == text[len - 1])
			break;
	if (i == UNITS || count * units[i].seconds > UINT32_MAX)
		return false;
	*seconds = (uint32_t)(count * units[i].seconds);
	return true;
}

void
setting_duration_text(uint32_t seconds, char *buf, size_t size)
{
	size_t i = 0;

	while (i < UNITS - 1 && seconds % units[i].seconds != 0)
		i++;
	snprintf(buf, size, "%u%c", (unsigned)(seconds / units[i].seconds),
	    units[i].letter);
}

/* A number that orders days. */
static int64_t
day_number(const struct tm *tm)
{
	return ((int64_t)tm->tm_year * 16 + tm->tm_mon) * 32 + tm->tm_mday;
}

static bool
parse_day(const char *text, struct tm *tm)
{
	static const char shape[] = "dddd-dd-dd";
	size_t i;

	memset(tm, 0, sizeof(*tm));
	if (strlen(text) != strlen(shape))
		return false;
	for (i = 0; shape[i] != '\0'; i++)
		if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' :
		    text[i] != shape[i])
			return false;
	return sscanf(text, "%4d-%2d-%2d", &tm->tm_year, &tm->tm_mon,
	    &tm->tm_mday) == 3;
}

bool
setting_day(const char *text, int64_t *end)
{
	struct tm day, noon, tm;
	time_t low, high, middle;

	if (!parse_day(text, &day) || day.tm_year < 1970)
		return false;
	day.tm_year -= 1900;
	day.tm_mon -= 1;
	day.tm_hour = 12;
	day.tm_isdst = -1;
	noon = day;
	low = mktime(&noon);
	/* mktime() turns 31 February into 3 March: not a real day. */
	if (low == (time_t)-1 || day_number(&noon) != day_number(&day))
		return false;
	/*
	 * Midnight is left out or comes twice in some places and years: look
	 * for the first second that belongs to a later day.
	 */
	high = low + 2 * DAY_SECONDS;
	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (localtime_r(&middle, &tm) == NULL)
			return false;
		if (day_number(&tm) > day_number(&day))
			high = middle;
		else
			low = middle;
	}
	*end = high;
	return true;
}

void
setting_day_text(int64_t end, char *buf, size_t size)
{
	time_t last = (time_t)end - 1;
	struct tm tm;

	if (localtime_r(&last, &tm) == NULL ||
	    strftime(buf, size, "%Y-%m-%d", &tm) == 0)
		buf[0] = '\0';
}

/* What follows a byte of UTF-8; -1 when no sequence begins with it. */
static int
utf8_more(unsigned char c)
{
	if (c < 0x80)
		return 0;
	if (c >= 0xc2 && c <= 0xdf)
		return 1;
	if (c >= 0xe0 && c <= 0xef)
		return 2;
	return c >= 0xf0 && c <= 0xf4 ? 3 : -1;
}

bool
setting_plain(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	int more;

	for (; *c != '\0'; c++) {
		if (*c < 0x20 || *c == 0x7f || (more = utf8_more(*c)) == -1)
			return false;
		if ((*c == 0xc2 && c[1] < 0xa0) ||
		    (*c == 0xe0 && c[1] < 0xa0) ||
		    (*c == 0xed && c[1] > 0x9f) ||
		    (*c == 0xf0 && c[1] < 0x90) ||
		    (*c == 0xf4 && c[1] > 0x8f))
			return false;
		for (; more > 0; more--)
			if ((*++c & 0xc0) != 0x80)
				return false;
	}
	return true;
}
