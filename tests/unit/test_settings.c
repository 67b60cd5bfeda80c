/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <time.h>

#include "settings_place.h"

#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16
#define X200 X64 X64 X64 "xxxxxxxx"

static void
good_values(void **state)
{
	static const struct { const char *text, *line; } rows[] = {
		{ "issuer = \"web03\"", NULL },
		{ "issuer = \"x\"", NULL },
		{ "issuer = \"" X64 "\"", NULL },
		{ "issuer = \"a b c\"", NULL },
		{ "issuer = \"\303\234n\303\257 \342\202\254\"", NULL },
		{ "issuer = \"a\\\"b\\\\c\"", NULL },
		{ "digits = 6", NULL }, { "digits = 8", NULL },
		{ "period = 15", NULL }, { "period = 120", NULL },
		{ "algorithm = \"SHA1\"", NULL },
		{ "algorithm = \"SHA256\"", NULL },
		{ "algorithm = \"SHA512\"", NULL },
		{ "window = 0", NULL }, { "window = 2", NULL },
		{ "attempts = 3", NULL }, { "attempts = 20", NULL },
		{ "lock = \"1m\"", NULL },
		{ "lock = \"60s\"", "lock = \"1m\"" },
		{ "lock = \"90s\"", NULL }, { "lock = \"24h\"",
		    "lock = \"1d\"" },
		{ "lock = \"1d\"", NULL }, { "lock = \"1440m\"",
		    "lock = \"1d\"" },
		{ "cap = 11", NULL }, { "cap = 50", NULL },
		{ "cap_year = 50", NULL }, { "cap_year = 1000", NULL },
		{ "recovery_codes = 5", NULL }, { "recovery_codes = 20", NULL },
		{ "services = \"*\"", NULL },
		{ "services = [\"sshd\"]", NULL },
		{ "services = [\"sshd\", \"sudo\"]", NULL },
		{ "services = (\"sshd\",\n\t\"sudo\")",
		    "services = [\"sshd\", \"sudo\"]" },
		{ "services = [\"SUDO-i\"]", "services = [\"sudo-i\"]" },
		{ "unenrolled = \"deny\"", NULL },
		{ "unenrolled = \"allow\"", NULL },
		{ "unenrolled = \"allow-until 2026-12-31\"", NULL },
		{ "unenrolled = \"allow-until 2028-02-29\"", NULL },
		{ "help = \"Ask at 555-0100; # is no comment // here\"", NULL },
		{ "help = \"" X200 "\"", NULL },
		{ "store = \"sqlite:/srv/x/s.db\"", NULL },
		{ "audit_events = 1000", NULL },
		{ "audit_events = 1000000", NULL },
		/* libconfig's other ways to write it */
		{ "window: 0;", "window = 0" },
		{ "# one\n// two\n/* three\n\"*/ window = 0 // four",
		    "window = 0" },
		{ "window = 0/**/", "window = 0" },
		{ "window =\n\n0", "window = 0" },
		{ "window = 0; period = 60", "period = 60" },
		{ "issuer = \"we\" \"b\"", "issuer = \"web\"" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		if (reads_text(rows[i].text) != OUT_DONE)
			fail_msg("%s: %s: %s", rows[i].text, failure.path,
			    failure.reason);
		prints(rows[i].line != NULL ? rows[i].line : rows[i].text);
	}
}

/* Each is line 3 of its file. */
static void
bad_values(void **state)
{
	static const struct { const char *text, *reason; } rows[] = {
		{ "isuer = \"x\"", "unknown setting isuer" },
		{ "Issuer = \"x\"", "unknown setting Issuer" },
		{ "* = 1", "unknown setting *" },
		{ "issuer = 5", "issuer must be a text" },
		{ "issuer = \"\"", "issuer must be" },
		{ "issuer = \"a:b\"", "issuer must be" },
		{ "issuer = \"" X64 "x\"", "issuer must be" },
		{ "issuer = \"a\\nb\"", "issuer must be" },
		{ "issuer = \"\377\"", "issuer must be" },
		{ "issuer = \"\303\"", "issuer must be" },
		{ "issuer = \"\302\233\"", "issuer must be" },
		{ "issuer = \"\355\240\200\"", "issuer must be" },
		{ "issuer = \"\300\257\"", "issuer must be" },
		{ "issuer = [\"x\"]", "issuer must be" },
		{ "digits = 5", "digits must be 6 or 8" },
		{ "digits = 7", "digits must be 6 or 8" },
		{ "digits = 9", "digits must be 6 or 8" },
		{ "digits = \"6\"", "digits must be 6 or 8" },
		{ "digits = 6.0", "stand in quotes" },
		{ "digits = true", "digits must be 6 or 8" },
		{ "period = 14", "period must be a number, 15..120" },
		{ "period = 121", "period must be" },
		{ "period = \"30s\"", "period must be" },
		{ "period = 30s", "stand in quotes" },
		{ "algorithm = \"SHA-1\"", "algorithm must be" },
		{ "algorithm = \"sha1\"", "algorithm must be" },
		{ "algorithm = \"MD5\"", "algorithm must be" },
		{ "algorithm = \"\"", "algorithm must be" },
		{ "algorithm = SHA1", "stand in quotes" },
		{ "algorithm = 1", "algorithm must be" },
		{ "window = -1", "window must be a number, 0..2" },
		{ "window = 3", "window must be" },
		{ "attempts = 2", "attempts must be a number, 3..20" },
		{ "attempts = 21", "attempts must be" },
		{ "attempts = -10", "attempts must be" },
		{ "attempts = 0", "attempts must be" },
		{ "attempts = ten", "stand in quotes" },
		{ "attempts = 1e1", "stand in quotes" },
		/* what libconfig reads as 10 */
		{ "attempts = 4294967306", "at most 9 digits" },
		{ "attempts = 18446744073709551626", "at most 9 digits" },
		{ "attempts = 010", "no leading 0" },
		{ "attempts = 10L", "stand in quotes" },
		{ "attempts = 0xA", "stand in quotes" },
		{ "attempts = 0x10000000A", "stand in quotes" },
		{ "attempts = -4294967286", "at most 9 digits" },
		{ "attempts = 999999999", "attempts must be" },
		{ "attempts = (10)", "attempts must be" },
		{ "attempts = { a = 10; }", "attempts must be" },
		{ "lock = 30", "lock must be a duration" },
		{ "lock = 30m", "stand in quotes" },
		{ "lock = \"30\"", "lock must be" },
		{ "lock = \"m\"", "lock must be" },
		{ "lock = \"\"", "lock must be" },
		{ "lock = \"30 m\"", "lock must be" },
		{ "lock = \"30M\"", "lock must be" },
		{ "lock = \"30min\"", "lock must be" },
		{ "lock = \"-30m\"", "lock must be" },
		{ "lock = \"030m\"", "lock must be" },
		{ "lock = \"1w\"", "lock must be" },
		{ "lock = \"59s\"", "lock must be" },
		{ "lock = \"0m\"", "lock must be" },
		{ "lock = \"86401s\"", "lock must be" },
		{ "lock = \"25h\"", "lock must be" },
		{ "lock = \"2d\"", "lock must be" },
		{ "lock = \"49711d\"", "lock must be" },
		{ "lock = \"9999999d\"", "lock must be" },
		{ "lock = \"71582790m\"", "lock must be" },
		{ "cap = 9", "cap must be a number, 10..50" },
		{ "cap = 51", "cap must be" },
		{ "cap_year = 9", "cap_year must be a number, 10..1000" },
		{ "cap_year = 1001", "cap_year must be" },
		{ "recovery_codes = 4", "recovery_codes must be" },
		{ "recovery_codes = 21", "recovery_codes must be" },
		{ "services = *", "stand in quotes" },
		{ "services = sshd", "stand in quotes" },
		{ "services = [sshd, sudo]", "stand in quotes" },
		{ "services = [\"sshd\", sudo]", "stand in quotes" },
		{ "services = \"sshd\"", "services must be" },
		{ "services = []", "services must be" },
		{ "services = [\"\"]", "services must be" },
		{ "services = [\"*\"]", "services must be" },
		{ "services = [\"sshd\", \"*\"]", "services must be" },
		{ "services = [\"a b\"]", "services must be" },
		{ "services = [\"../sshd\"]", "services must be" },
		{ "services = [\"ssh\303\234\"]", "services must be" },
		{ "services = [\"" X64 "x\"]", "services must be" },
		{ "services = [1, 2]", "services must be" },
		{ "services = ([\"sshd\"])", "services must be" },
		{ "services = true", "services must be" },
		{ "unenrolled = deny", "stand in quotes" },
		{ "unenrolled = \"Deny\"", "unenrolled must be" },
		{ "unenrolled = \"\"", "unenrolled must be" },
		{ "unenrolled = false", "unenrolled must be" },
		{ "unenrolled = \"allow-until\"", "unenrolled must be" },
		{ "unenrolled = \"allow-until \"", "unenrolled must be" },
		{ "unenrolled = \"allow-until 2026-12-31 \"",
		    "unenrolled must be" },
		{ "unenrolled = \"allow-until  2026-12-31\"",
		    "unenrolled must be" },
		{ "unenrolled = \"allow-until 2026-12-32\"",
		    "unenrolled must be" },
		{ "unenrolled = \"allow-until 2026-02-29\"",
		    "unenrolled must be" },
		{ "unenrolled = \"allow-until 2026-00-10\"",
		    "unenrolled must be" },
		{ "unenrolled = \"allow-until 2026-13-10\"",
		    "unenrolled must be" },
		{ "unenrolled = \"allow-until 2026-1-10\"",
		    "unenrolled must be" },
		{ "unenrolled = \"allow-until 26-01-10\"",
		    "unenrolled must be" },
		{ "unenrolled = \"allow-until 1969-12-31\"",
		    "unenrolled must be" },
		{ "unenrolled = \"allow-until 0000-00-00\"",
		    "unenrolled must be" },
		{ "unenrolled = allow-until 2026-12-31", "stand in quotes" },
		{ "help = \"\"", "help must be" },
		{ "help = \"a\\nb\"", "help must be" },
		{ "help = \"\303\234\"", "help must be" },
		{ "help = \"" X200 "x\"", "help must be" },
		{ "store = sqlite:/x", "stand in quotes" },
		{ "store = \"/x/y\"", "store must be" },
		{ "store = \"sqlite:x\"", "store must be" },
		{ "store = \"sqlite:\"", "store must be" },
		{ "store = \"sqlite:/\"", "store must be" },
		{ "store = \"sqlite:/x/\"", "store must be" },
		{ "store = \"SQLITE:/x\"", "store must be" },
		{ "store = \"postgres:/x\"", "store must be" },
		{ "store = \"sqlite:/x\\ny\"", "store must be" },
		{ "audit_events = 999", "audit_events must be" },
		{ "audit_events = 1000001", "audit_events must be" },
		{ "window = 1\nwindow = 1", "duplicate setting name" },
		{ "window 1", "syntax error" },
		{ "window = ;", "syntax error" },
		{ "window = 1;;", "syntax error" },
		{ "window = 1 ]", "syntax error" },
		{ "a { window = 1 }", "syntax error" },
		{ "a = { window = 1 }", "unknown setting a" },
		{ "help = \"x", "closing quote" },
		{ "help = \"x\ny\"", "closing quote" },
		{ "help = \"x\\", "closing quote" },
		{ "help = \"x\\\"", "closing quote" },
		{ "help = \"x\\x00y\"", "\\x in a text" },
		{ "help = \"x\\X41y\"", "\\x in a text" },
		{ "/* window = 1", "never closed" },
		{ "/*", "never closed" },
		{ "/*/", "never closed" },
		{ "@include \"x\"", "@include" },
		{ "  @include \"x\"", "@include" },
		{ "window = 1; @include \"x\"", "@include" },
		{ "window = 1 # \001", "control character" },
		{ "window = 1 # \033[2J", "control character" },
		{ "window = 1 # \177", "control character" },
		{ "window = 1\r", "carriage return" },
		{ "help = \"x\fy\"", "control character" },
	};
	char text[1024];
	size_t i;
	unsigned line;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), "# \"one\"\n/* two */\n%s\n",
		    rows[i].text);
		put_text("stepup.conf", text);
		line = strncmp(rows[i].reason, "duplicate", 9) == 0 ? 4 : 3;
		refused_at("stepup.conf", line, rows[i].reason);
	}
	put("stepup.conf", "\nwindow = 1\0", 12, 0644);
	refused_at("stepup.conf", 2, "a NUL byte");
	put("stepup.conf", "\n\nhelp = \"a\0b\"", 14, 0644);
	refused_at("stepup.conf", 3, "a NUL byte");
}

/* Nothing in 64 KB brings the reader down. */
static void
heavy_files(void **state)
{
	static const char *const bits[] = { "(", "a={", "[", "\"", "/*", "x",
		"9", "=", "\n", "services = (((", "\\", "a=1;", "{", "-" };
	static char text[65536];
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT(bits); i++) {
		for (len = 0; len + 16 < sizeof(text);)
			len += (size_t)snprintf(text + len,
			    sizeof(text) - len, "%s", bits[i]);
		assert_int_equal(reads_text(text), strcmp(bits[i], "\n") == 0 ?
		    OUT_DONE : OUT_CONFIG);
		for (len = (size_t)snprintf(text, 16, "a = ");
		    len + 16 < sizeof(text);)
			len += (size_t)snprintf(text + len,
			    sizeof(text) - len, "%s", bits[i]);
		assert_int_equal(reads_text(text), OUT_CONFIG);
	}
}

static void
many_services(void **state)
{
	char text[1024] = "services = [";
	unsigned i;

	(void)state;
	for (i = 0; i < SETTINGS_SERVICES_MAX; i++)
		sprintf(text + strlen(text), "%s\"s%u\"", i > 0 ? ", " : "",
		    i);
	strcat(text, "]");
	assert_int_equal(reads_text(text), OUT_DONE);
	assert_int_equal(settings.service_count, SETTINGS_SERVICES_MAX);
	strcpy(text + strlen(text) - 1, ", \"x\"]");
	put_text("stepup.conf", text);
	refused_at("stepup.conf", 1, "services must be");
}

/* The last day included, whatever the clocks do at its end. */
static void
days(void **state)
{
	static const struct { const char *tz, *day; int64_t end; } rows[] = {
		{ "UTC0", "1970-01-01", 86400 },
		{ "UTC0", "2026-12-31", 1798761600 },
		{ "UTC0", "2028-02-29", 1835481600 },
		{ "UTC0", "2038-01-19", INT64_C(2147558400) },
		{ "UTC0", "9999-12-31", INT64_C(253402300800) },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2026-12-31", 1798758000 },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2026-07-01", 1782943200 },
		/* 23 and 25 hours long */
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29", 1774821600 },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25", 1792969200 },
		/* no midnight after 3 November 2018, two after 17 February */
		{ "BRT3BRST,M11.1.0/0,M2.3.0/0", "2018-11-03", 1541300400 },
		{ "BRT3BRST,M11.1.0/0,M2.3.0/0", "2018-02-17", 1518922800 },
		{ "LINT-14", "2026-12-31", 1798711200 },
		{ "AOE12", "2026-12-31", 1798804800 },
	};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(setenv("TZ", rows[i].tz, 1), 0);
		snprintf(text, sizeof(text), "unenrolled = \"allow-until %s\"",
		    rows[i].day);
		assert_int_equal(reads_text(text), OUT_DONE);
		assert_int_equal(settings.unenrolled, UNENROLLED_UNTIL);
		if (settings.allow_until != rows[i].end)
			fail_msg("%s %s: %lld", rows[i].tz, rows[i].day,
			    (long long)settings.allow_until);
		prints(text);
	}
	unsetenv("TZ");
	tzset();
}

static void
coverage(void **state)
{
	(void)state;
	assert_int_equal(reads_text("services = [\"sshd\", \"Sudo\"]"),
	    OUT_DONE);
	assert_true(settings_covers(&settings, "sshd"));
	assert_true(settings_covers(&settings, "SSHD"));
	assert_true(settings_covers(&settings, "sudo"));
	assert_false(settings_covers(&settings, "su"));
	assert_false(settings_covers(&settings, "sudo-i"));
	assert_false(settings_covers(&settings, ""));
	assert_false(settings_covers(&settings, "*"));
	assert_int_equal(reads_text("services = \"*\""), OUT_DONE);
	assert_true(settings_covers(&settings, "anything"));
}

/* Every key is listed, what is printed reads back as the same. */
static void
printed(void **state)
{
	static struct settings again;
	char text[16384];
	size_t i, len;

	(void)state;
	assert_int_equal(reads_text("issuer = \"\\\"\\\\ x\"\ndigits = 8\n"
	    "period = 45\nalgorithm = \"SHA512\"\nwindow = 2\nattempts = 4\n"
	    "lock = \"61s\"\ncap = 12\ncap_year = 13\nrecovery_codes = 6\n"
	    "services = [\"b\", \"a\"]\n"
	    "unenrolled = \"allow-until 2031-05-06\"\n"
	    "help = \"say \\\"please\\\" \\\\o/ # // /* @include\"\n"
	    "store = \"sqlite:/a \\\"b/\303\234\"\naudit_events = 2000\n"),
	    OUT_DONE);
	len = settings_print(&settings, text, sizeof(text));
	assert_int_equal(len, strlen(text));
	for (i = 0; i < SETTING_COUNT; i++)
		assert_non_null(strstr(text, setting_rows[i].name));
	again = settings;
	assert_int_equal(reads_text(text), OUT_DONE);
	assert_memory_equal(&again, &settings, sizeof(again));
	/* One byte too few. */
	assert_int_equal(settings_print(&settings, text, len + 1), len);
	memset(text, 'x', 10);
	assert_int_equal(settings_print(&settings, text, len), 0);
	assert_string_equal(text, "");
	assert_int_equal(settings_print(&settings, text, 1), 0);
	assert_int_equal(settings_print(&settings, text, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(good_values), IN_PLACE(bad_values),
		IN_PLACE(heavy_files), IN_PLACE(many_services),
		IN_PLACE(days), IN_PLACE(coverage), IN_PLACE(printed),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
