/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <time.h>

#include "cli/when.h"

#define NOW INT64_C(1800000000)

static void
when_good(void **state)
{
	static const struct { const char *text; int64_t want; } cases[] = {
		{ "0s", NOW }, { "90s", NOW - 90 }, { "30m", NOW - 1800 },
		{ "2h", NOW - 7200 }, { "7d", NOW - 7 * 86400 },
		{ "4w", NOW - 28 * 86400 },
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-21T10:00:00Z", 1795255200 },
		{ "2026-11-21t10:00:00z", 1795255200 },
		{ "2026-11-21T11:30:00+01:30", 1795255200 },
		{ "2026-11-21T04:00:00-06:00", 1795255200 },
		{ "2026-11-21 10:00:00", 1795255200 },
		{ "2026-11-21", 1795255200 - 36000 },
		{ "2024-02-29", 1709164800 },
	};
	int64_t got;
	size_t i;

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	for (i = 0; i < COUNT(cases); i++) {
		if (!when_read(cases[i].text, NOW, &got) ||
		    got != cases[i].want)
			fail_msg("%s: %lld", cases[i].text, (long long)got);
	}
	setenv("TZ", "CET-1", 1);
	tzset();
	assert_true(when_read("2026-11-21", NOW, &got));
	assert_int_equal(got, 1795255200 - 36000 - 3600);
}

static void
when_bad(void **state)
{
	static const char *const bad[] = { "", "s", "5", "-5m", "05m", "5 m",
	    "1.5h", "99999999s", "5y", "yesterday", "2026-13-01",
	    "2026-00-01", "2026-11-31", "2025-02-29", "2026-1-1",
	    "26-11-21", "2026-11-21T", "2026-11-21T10:00",
	    "2026-11-21T24:00:00Z", "2026-11-21T10:60:00Z",
	    "2026-11-21T10:00:00.5Z", "2026-11-21T10:00:00ZZ",
	    "2026-11-21T10:00:00+1:00", "2026-11-21T10:00:00+01:60",
	    "2026-11-21T10:00:00*01:00", "2026-11-21T10:00:00+01:00x",
	    "2026-11-21x" };
	int64_t got;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		if (when_read(bad[i], NOW, &got))
			fail_msg("%s is taken", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(when_good),
		cmocka_unit_test(when_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
