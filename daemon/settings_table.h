/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the files of settings_*.c: the table of keys, the values that
 * are text but mean numbers, the first look at a file.
 */
#ifndef STEPUP_DAEMON_SETTINGS_TABLE_H
#define STEPUP_DAEMON_SETTINGS_TABLE_H

#include <libconfig.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/settings.h"

struct setting_row;

/* Appends to a buffer; full once something did not fit. */
struct setting_text {
	char	*buf;
	size_t	 size, used;
	bool	 full;
};

struct setting_row {
	const char	*name;
	const char	*must;		/* what it must be, for the refusal */
	bool		(*set)(struct settings *, const struct setting_row *,
			    const config_setting_t *);
	/* The value alone; nothing appended: the key is left out. */
	void		(*print)(const struct settings *,
			    const struct setting_row *,
			    struct setting_text *);
	size_t		 offset;	/* of an unsigned in struct settings */
	unsigned	 min, max;	/* of that number */
};

enum {
	SETTING_ISSUER, SETTING_DIGITS, SETTING_PERIOD, SETTING_ALGORITHM,
	SETTING_WINDOW, SETTING_ATTEMPTS, SETTING_LOCK, SETTING_CAP,
	SETTING_CAP_YEAR, SETTING_RECOVERY_CODES, SETTING_SERVICES,
	SETTING_UNENROLLED, SETTING_HELP, SETTING_STORE,
	SETTING_AUDIT_EVENTS, SETTING_COUNT
};

extern const struct setting_row setting_rows[SETTING_COUNT];

/* Where a setting stands. */
struct setting_origin {
	unsigned	order;		/* 0: nowhere, it is the default */
	unsigned	line;
	char		file[sizeof(((struct failure *)NULL)->path)];
};

/*
 * Reads the whole set for where each of it stands: OUT_DONE, or as
 * settings_read, and every origin is 0.
 */
enum outcome settings_trace(struct setting_origin origins[SETTING_COUNT],
    const struct paths *, struct failure *);

/* "90s", "30m", "24h", "7d" in seconds; false for anything else. */
bool setting_duration(const char *text, uint32_t *seconds);
/* The same back, in the largest unit that is exact; size 16. */
void setting_duration_text(uint32_t seconds, char *buf, size_t size);

/*
 * "2026-12-31", a real day from 1970 to 9999: *end is the first second after it
 * in local time, whatever the clocks do that night.
 */
bool setting_day(const char *text, int64_t *end);
/* The day whose end that is; size 16. */
void setting_day_text(int64_t end, char *buf, size_t size);

/* No control character (ASCII's or the C1 set) and well-formed UTF-8. */
bool setting_plain(const char *text);

void setting_append(struct setting_text *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The first look, before libconfig sees a file: libconfig cuts text at NUL,
 * follows @include, lets 4294967306 be 10, takes an open comment for the
 * end and gives "syntax error" for a bare word.  NULL, or what is wrong in
 * *line.
 */
const char *setting_look(const char *data, size_t len, unsigned *line);

/*
 * Whether with the settings a more can be got than with b: the copy of an
 * earlier set must not outlive a stricter one.
 */
bool settings_laxer(const struct settings *a, const struct settings *b);

/*
 * Reads one file's text into s, over what is there, and holds the whole
 * against the cross checks: the accepted copy.
 */
enum outcome settings_parse(struct settings *s, const char *file,
    const char *data, size_t len, struct failure *);

#endif
