/* SPDX-License-Identifier: BSD-2-Clause */
/* The set of files: none, many, untrusted, changed. */
#include "unit.h"

#include "settings_place.h"

static void
no_file_at_all(void **state)
{
	struct settings expected;
	struct paths paths = place_paths();

	(void)state;
	assert_int_equal(reads(), OUT_DONE);
	assert_string_equal(failure.reason, "");
	settings_default(&expected, &paths);
	assert_memory_equal(&settings, &expected, sizeof(expected));
	/* SPEC's column of defaults. */
	assert_string_equal(settings.issuer, "");
	assert_int_equal(settings.digits, 6);
	assert_int_equal(settings.period, 30);
	assert_int_equal(settings.algorithm, OTP_SHA1);
	assert_int_equal(settings.window, 1);
	assert_int_equal(settings.limits.attempts, 10);
	assert_int_equal(settings.limits.lock, 1800);
	assert_int_equal(settings.limits.cap, 50);
	assert_int_equal(settings.limits.cap_year, 100);
	assert_int_equal(settings.recovery_codes, 10);
	assert_int_equal(settings.service_count, 0);
	assert_int_equal(settings.unenrolled, UNENROLLED_DENY);
	assert_string_equal(settings.help, "");
	assert_string_equal(settings.store, at("lib/stepup.db"));
	assert_int_equal(settings.audit_events, 100000);
	/* Empty files and folders say nothing either. */
	put_text("stepup.conf", "");
	assert_int_equal(mkdir(at("stepup.conf.d"), 0755), 0);
	put_text("stepup.conf.d/a.conf", "# nothing");
	assert_int_equal(reads(), OUT_DONE);
	assert_memory_equal(&settings, &expected, sizeof(expected));
}

static void
merging(void **state)
{
	(void)state;
	put_text("stepup.conf", "window = 0\nperiod = 60\n"
	    "services = [\"a\", \"b\", \"c\"]\nhelp = \"first and long\"\n"
	    "unenrolled = \"allow-until 2030-01-01\"");
	assert_int_equal(mkdir(at("stepup.conf.d"), 0755), 0);
	/* Byte order: capitals, then small ones, then UTF-8. */
	put_text("stepup.conf.d/\303\234.conf", "attempts = 7");
	put_text("stepup.conf.d/a.conf", "attempts = 6");
	put_text("stepup.conf.d/Z.conf", "attempts = 5\nwindow = 2");
	put_text("stepup.conf.d/10.conf", "attempts = 3\nhelp = \"x\"");
	put_text("stepup.conf.d/9.conf", "attempts = 4\n"
	    "services = [\"d\"]\nunenrolled = \"deny\"");
	/* Not ours to read, whatever they say. */
	put_text("stepup.conf.d/z.conf~", "junk");
	put_text("stepup.conf.d/z.conf.bak", "junk");
	put_text("stepup.conf.d/.z.conf", "junk");
	put_text("stepup.conf.d/.conf", "junk");
	put_text("stepup.conf.d/conf", "junk");
	put_text("stepup.conf.d/z.CONF", "junk");
	assert_int_equal(mkfifo(at("stepup.conf.d/fifo"), 0600), 0);
	assert_int_equal(reads(), OUT_DONE);
	assert_int_equal(settings.limits.attempts, 7);
	assert_int_equal(settings.window, 2);
	assert_int_equal(settings.period, 60);
	assert_string_equal(settings.help, "x");
	assert_int_equal(settings.unenrolled, UNENROLLED_DENY);
	assert_int_equal(settings.allow_until, 0);
	prints("services = [\"d\"]");
	assert_int_equal(unlink(at("stepup.conf.d/\303\234.conf")), 0);
	assert_int_equal(reads(), OUT_DONE);
	assert_int_equal(settings.limits.attempts, 6);

	/* "*" after a list. */
	put_text("stepup.conf.d/a.conf", "services = \"*\"");
	assert_int_equal(reads(), OUT_DONE);
	assert_int_equal(settings.service_count, 0);
	assert_string_equal(settings.services[0], "");

	/* One bad file refuses the whole set. */
	put_text("stepup.conf.d/B.conf", "window = 1\n\nwindow = 2");
	refused_at("stepup.conf.d/B.conf", 3, "duplicate");
}

static void
together(void **state)
{
	static const struct {
		const char *first, *second;
		unsigned in, line;	/* which is at fault; 0: none */
		const char *reason;
	} rows[] = {
		{ "cap = 10", "", 1, 1, "attempts (10) must be less than cap" },
		{ "attempts = 9\ncap = 10", "", 0, 0, "" },
		{ "\nattempts = 20", "cap = 20", 2, 1, "attempts (20)" },
		{ "cap = 20", "\n\nattempts = 20", 2, 3, "attempts (20)" },
		{ "cap = 20", "attempts = 19", 0, 0, "" },
		{ "cap_year = 49", "", 1, 1, "cap (50) must not be more" },
		{ "cap_year = 50", "", 0, 0, "" },
		{ "cap_year = 30", "cap = 31", 2, 1, "cap (31)" },
		{ "cap = 31", "window = 1\ncap_year = 30", 2, 2, "cap (31)" },
		/* Only the whole set counts. */
		{ "cap = 10", "attempts = 5", 0, 0, "" },
		{ "cap_year = 10", "cap = 10\nattempts = 9", 0, 0, "" },
	};
	size_t i;

	(void)state;
	assert_int_equal(mkdir(at("stepup.conf.d"), 0755), 0);
	for (i = 0; i < COUNT(rows); i++) {
		put_text("stepup.conf", rows[i].first);
		put_text("stepup.conf.d/x.conf", rows[i].second);
		if (rows[i].in == 0)
			assert_int_equal(reads(), OUT_DONE);
		else
			refused_at(rows[i].in == 1 ? "stepup.conf" :
			    "stepup.conf.d/x.conf", rows[i].line,
			    rows[i].reason);
	}
}

static void
things_in_place_of(const char *name)
{
	unlink(at(name));
	assert_int_equal(mkfifo(at(name), 0644), 0);
	refused_at(name, 0, "not a regular file");
	assert_int_equal(unlink(at(name)), 0);
	assert_int_equal(mkdir(at(name), 0755), 0);
	refused_at(name, 0, "not a regular file");
	assert_int_equal(rmdir(at(name)), 0);
	assert_int_equal(symlink("/dev/zero", at(name)), 0);
	refused_at(name, 0, "not a regular file");
	assert_int_equal(unlink(at(name)), 0);
	put(name, "window = 1", 10, 0664);
	refused_at(name, 0, "writable by others");
	put(name, "window = 1", 10, 0666);
	refused_at(name, 0, "writable by others");
	put(name, "", 0, 0644);
	assert_int_equal(truncate(at(name), 100 * 1024 * 1024), 0);
	refused_at(name, 0, "larger");
	assert_int_equal(truncate(at(name), 5), 0);
	refused_at(name, 1, "NUL");
	if (getuid() == 0) {
		put(name, "window = 1", 10, 0644);
		assert_int_equal(chown(at(name), 1, 0), 0);
		refused_at(name, 0, "belongs to uid 1");
	}
	put(name, "window = 0", 10, 0644);
	assert_int_equal(reads(), OUT_DONE);
}

static void
untrusted(void **state)
{
	char name[64];
	unsigned i;

	(void)state;
	assert_int_equal(mkdir(at("stepup.conf.d"), 0755), 0);
	things_in_place_of("stepup.conf");
	things_in_place_of("stepup.conf.d/x.conf");

	/* A link that root made is fine, one to nowhere is not. */
	assert_int_equal(unlink(at("stepup.conf")), 0);
	put_text("elsewhere", "window = 2");
	assert_int_equal(symlink("elsewhere", at("stepup.conf")), 0);
	assert_int_equal(unlink(at("stepup.conf.d/x.conf")), 0);
	assert_int_equal(reads(), OUT_DONE);
	assert_int_equal(settings.window, 2);
	assert_int_equal(unlink(at("elsewhere")), 0);
	refused_at("stepup.conf", 0, "No such file");
	assert_int_equal(unlink(at("stepup.conf")), 0);

	assert_int_equal(chmod(at("stepup.conf.d"), 0775), 0);
	refused_at("stepup.conf.d", 0, "writable by others");
	assert_int_equal(chmod(at("stepup.conf.d"), 01777), 0);
	refused_at("stepup.conf.d", 0, "others may write");
	assert_int_equal(chmod(at("stepup.conf.d"), 0755), 0);
	if (getuid() == 0) {
		assert_int_equal(chown(at("stepup.conf.d"), 1, 0), 0);
		refused_at("stepup.conf.d", 0, "belongs to uid 1");
		assert_int_equal(chown(at("stepup.conf.d"), 0, 0), 0);
	}
	assert_int_equal(rename(at("stepup.conf.d"), at("real.d")), 0);
	put_text("real.d/a.conf", "window = 0");
	assert_int_equal(symlink("real.d", at("stepup.conf.d")), 0);
	assert_int_equal(reads(), OUT_DONE);
	assert_int_equal(settings.window, 0);
	for (i = 0; i < 64; i++) {
		snprintf(name, sizeof(name), "real.d/%u.conf", i);
		put_text(name, "");
	}
	refused_at("stepup.conf.d", 0, "more than 64 files");
	assert_int_equal(unlink(at("stepup.conf.d")), 0);
	put_text("stepup.conf.d", "");
	refused_at("stepup.conf.d", 0, "not a folder");
}

/* `stepupd -t -f FILE`: what is wrong with owner and mode is a remark. */
static void
one_file(void **state)
{
	struct paths paths = place_paths();

	(void)state;
	put_text("stepup.conf", "junk");
	put("file", "window = 0", 10, 0666);
	assert_int_equal(settings_read_file(&settings, &paths, at("file"),
	    &failure), OUT_DONE);
	assert_int_equal(settings.window, 0);
	assert_int_equal(settings.period, 30);
	assert_non_null(strstr(failure.reason, "writable by others"));
	paths.owner = getuid() + 1;
	put("file", "window = 0", 10, 0644);
	assert_int_equal(settings_read_file(&settings, &paths, at("file"),
	    &failure), OUT_DONE);
	assert_non_null(strstr(failure.reason, "belongs to uid"));
	paths.owner = getuid();
	assert_int_equal(settings_read_file(&settings, &paths, at("file"),
	    &failure), OUT_DONE);
	assert_string_equal(failure.reason, "");
	put_text("file", "\ncap = 10");
	assert_int_equal(settings_read_file(&settings, &paths, at("file"),
	    &failure), OUT_CONFIG);
	assert_non_null(strstr(failure.path, "/file:2"));
	assert_int_equal(settings_read_file(&settings, &paths, at("none"),
	    &failure), OUT_CONFIG);
	assert_non_null(strstr(failure.reason, "No such file"));
	assert_int_equal(unlink(at("file")), 0);
	assert_int_equal(mkfifo(at("file"), 0600), 0);
	assert_int_equal(settings_read_file(&settings, &paths, at("file"),
	    &failure), OUT_CONFIG);
}

static uint64_t
look(void)
{
	struct paths paths = place_paths();
	struct settings_mark mark;

	settings_look(&paths, &mark);
	return mark.digest;
}

static void
differs(uint64_t *mark)
{
	uint64_t now = look();

	assert_true(now != *mark);
	assert_true(now == look());
	*mark = now;
}

static void
changes_seen(void **state)
{
	uint64_t mark = look();

	(void)state;
	put_text("stepup.conf", "window = 1");
	differs(&mark);
	assert_int_equal(chmod(at("stepup.conf"), 0666), 0);
	differs(&mark);
	put_text("next", "window = 2");
	assert_int_equal(rename(at("next"), at("stepup.conf")), 0);
	differs(&mark);
	assert_int_equal(mkdir(at("stepup.conf.d"), 0755), 0);
	differs(&mark);
	put_text("stepup.conf.d/a.conf", "window = 1");
	differs(&mark);
	put_text("stepup.conf.d/a.conf", "window = 11");
	differs(&mark);
	put_text("real", "window = 1");
	assert_int_equal(unlink(at("stepup.conf.d/a.conf")), 0);
	assert_int_equal(symlink("../real", at("stepup.conf.d/a.conf")), 0);
	differs(&mark);
	/* Behind the link. */
	put_text("real", "window = 11");
	differs(&mark);
	assert_int_equal(unlink(at("real")), 0);
	differs(&mark);
	assert_int_equal(chmod(at("stepup.conf.d"), 0777), 0);
	differs(&mark);
	assert_int_equal(unlink(at("stepup.conf")), 0);
	differs(&mark);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(no_file_at_all), IN_PLACE(merging),
		IN_PLACE(together), IN_PLACE(untrusted), IN_PLACE(one_file),
		IN_PLACE(changes_seen),
	};

	return cmocka_run_group_tests_name("settings_files", tests, NULL,
	    NULL);
}
