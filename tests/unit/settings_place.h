/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the settings of the test's own folder. */
#ifndef STEPUP_TESTS_SETTINGS_PLACE_H
#define STEPUP_TESTS_SETTINGS_PLACE_H

#include "daemon/settings_table.h"
#include "place.h"

static struct settings settings;	/* too large for a careless stack */
static struct failure failure;

static inline enum outcome
reads(void)
{
	struct paths paths = place_paths();
	unsigned before = descriptors();
	enum outcome o;

	memset(&failure, 0, sizeof(failure));
	memset(&settings, 0x5a, sizeof(settings));
	o = settings_read(&settings, &paths, &failure);
	assert_int_equal(descriptors(), before);
	return o;
}

static inline enum outcome
reads_text(const char *text)
{
	put_text("stepup.conf", text);
	return reads();
}

/* Refused, FILE:LINE at the end of the path, this in the reason. */
static inline void
refused_at(const char *file, unsigned line, const char *reason)
{
	static struct settings untouched;
	char where[600];

	assert_int_equal(reads(), OUT_CONFIG);
	memset(&untouched, 0x5a, sizeof(untouched));
	assert_memory_equal(&settings, &untouched, sizeof(untouched));
	if (line > 0)
		snprintf(where, sizeof(where), "%s:%u", at(file), line);
	else
		snprintf(where, sizeof(where), "%s", at(file));
	if (strcmp(failure.path, where) != 0 ||
	    strstr(failure.reason, reason) == NULL)
		fail_msg("%s: %s, not %s: %s", failure.path, failure.reason,
		    where, reason);
}

/* Whether settings_print() has this line. */
static inline void
prints(const char *line)
{
	char text[16384], wanted[4500];
	size_t len = settings_print(&settings, text + 1, sizeof(text) - 1);

	text[0] = '\n';
	assert_int_equal(len, strlen(text + 1));
	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	if (len == 0 || strstr(text, wanted) == NULL)
		fail_msg("no line %s in:%s", line, text);
}

#endif
