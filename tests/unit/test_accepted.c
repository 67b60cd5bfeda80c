/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings.accepted: what a starting process uses when the files are
 * refused.  flock(2) and renameat(2) are wrapped by the linker, so that
 * things happen at the worst moment.
 */
#include "unit.h"

#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>

#include "daemon/settings_table.h"
#include "place.h"

static struct paths paths;
static struct failure failure;
static bool fell_back, copy_failed;

/* Called once, right before the copy gets its name. */
static void (*before_rename)(void);
static int rename_error;

int __real_renameat(int, const char *, int, const char *);
int __wrap_renameat(int, const char *, int, const char *);

int
__wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	void (*hook)(void) = before_rename;

	before_rename = NULL;
	if (hook != NULL)
		hook();
	if (rename_error != 0) {
		errno = rename_error;
		return -1;
	}
	return __real_renameat(from_dir, from, to_dir, to);
}

static void (*before_lock)(void);

int __real_flock(int, int);
int __wrap_flock(int, int);

int
__wrap_flock(int fd, int what)
{
	void (*hook)(void) = before_lock;

	before_lock = NULL;
	if (hook != NULL)
		hook();
	return __real_flock(fd, what);
}

static int
setup(void **state)
{
	if (place_setup(state) != 0 || mkdir(at("lib"), 0700) != 0)
		return -1;
	paths = place_paths();
	before_rename = before_lock = NULL;
	rename_error = 0;
	return 0;
}

/* The files as they are in the folder of the state: names, one a word. */
static void
state_has(const char *names)
{
	char found[1024] = "";
	struct dirent **list;
	int i, n = scandir(at("lib"), &list, NULL, alphasort);

	assert_true(n >= 2);
	for (i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.')
			snprintf(found + strlen(found), sizeof(found) -
			    strlen(found), "%s%s", found[0] ? " " : "",
			    list[i]->d_name);
		free(list[i]);
	}
	free(list);
	assert_string_equal(found, names);
}

static unsigned
starts_with_attempts(void)
{
	static struct settings s;
	unsigned before = descriptors();
	enum outcome o;

	memset(&failure, 0, sizeof(failure));
	o = settings_start(&s, &paths, &fell_back, &copy_failed, &failure);
	assert_int_equal(descriptors(), before);
	if (o != OUT_DONE) {
		assert_int_equal(o, OUT_CONFIG);
		assert_false(fell_back);
		return 0;
	}
	return s.limits.attempts;
}

/* What the copy alone says; 0 without a good one. */
static unsigned
copy_says(void)
{
	struct paths broken = paths;
	struct settings s;
	bool fell, failed;

	broken.conf = "/dev/null";
	broken.conf_dir = "/dev/null";
	return settings_start(&s, &broken, &fell, &failed, NULL) == OUT_DONE ?
	    s.limits.attempts : 0;
}

static void
typing_error(void **state)
{
	struct stat st;

	(void)state;
	put_text("stepup.conf", "attempts = 5");
	assert_int_equal(starts_with_attempts(), 5);
	assert_false(fell_back);
	assert_false(copy_failed);
	state_has("settings.accepted");
	assert_int_equal(stat(paths.accepted, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	put_text("stepup.conf", "attempts = 3\nwindow = x");
	assert_int_equal(starts_with_attempts(), 5);
	assert_true(fell_back);
	assert_string_equal(failure.path, at("stepup.conf:2"));
	/* Untrusted is refused as well. */
	put("stepup.conf", "attempts = 3", 12, 0666);
	assert_int_equal(starts_with_attempts(), 5);
	assert_true(fell_back);
	put_text("stepup.conf", "attempts = 4");
	assert_int_equal(starts_with_attempts(), 4);
	assert_false(fell_back);
	assert_int_equal(copy_says(), 4);
	/* No file at all is a set, too. */
	assert_int_equal(unlink(at("stepup.conf")), 0);
	assert_int_equal(starts_with_attempts(), 10);
	assert_int_equal(copy_says(), 10);
	state_has("settings.accepted");
}

static void
no_good_copy(void **state)
{
	static const char good[] = "attempts = 5\n";

	(void)state;
	put_text("stepup.conf", "attempts = five");
	assert_int_equal(starts_with_attempts(), 0);
	assert_string_equal(failure.path, at("stepup.conf:1"));
	assert_non_null(strstr(failure.reason, "no accepted copy either"));
	state_has("");
	put_text("lib/settings.accepted", good);
	assert_int_equal(starts_with_attempts(), 5);
	/* The copy is held to the same rules, and is nobody else's to read. */
	put("lib/settings.accepted", good, sizeof(good) - 1, 0644);
	assert_int_equal(starts_with_attempts(), 0);
	put_text("lib/settings.accepted", "attempts = 5\ncap_year = 20");
	assert_int_equal(starts_with_attempts(), 0);
	put_text("lib/settings.accepted", "attempts = 5\njunk = 1");
	assert_int_equal(starts_with_attempts(), 0);
	put("lib/settings.accepted", "attempts = 5\n\0", 14, 0600);
	assert_int_equal(starts_with_attempts(), 0);
	put("lib/settings.accepted", "", 0, 0600);
	assert_int_equal(truncate(paths.accepted, 100 * 1024 * 1024), 0);
	assert_int_equal(starts_with_attempts(), 0);
	assert_int_equal(unlink(paths.accepted), 0);
	assert_int_equal(mkfifo(paths.accepted, 0600), 0);
	assert_int_equal(starts_with_attempts(), 0);
	assert_int_equal(unlink(paths.accepted), 0);
	put_text("real", good);
	assert_int_equal(symlink("../real", paths.accepted), 0);
	assert_int_equal(starts_with_attempts(), 0);
	assert_int_equal(unlink(paths.accepted), 0);
	assert_int_equal(mkdir(paths.accepted, 0700), 0);
	assert_int_equal(starts_with_attempts(), 0);
}

/* The same set again: nothing is written. */
static void
written_once(void **state)
{
	struct stat a, b;

	(void)state;
	put_text("stepup.conf", "attempts = 5");
	assert_int_equal(starts_with_attempts(), 5);
	assert_int_equal(stat(paths.accepted, &a), 0);
	put_text("stepup.conf", "# other words\nattempts = 5\nwindow = 1");
	assert_int_equal(starts_with_attempts(), 5);
	assert_int_equal(stat(paths.accepted, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	/* Somebody edited the copy: the files count. */
	put_text("lib/settings.accepted", "attempts = 20");
	assert_int_equal(starts_with_attempts(), 5);
	assert_int_equal(copy_says(), 5);
}

static void
before_birth(void **state)
{
	(void)state;
	assert_int_equal(rmdir(at("lib")), 0);
	put_text("stepup.conf", "attempts = 5");
	assert_int_equal(starts_with_attempts(), 5);
	assert_false(copy_failed);
	assert_false(there("lib"));
}

/* Where the new set cannot be written, a laxer copy does not survive. */
static void
never_laxer(void **state)
{
	static const struct { const char *old, *now; bool stays; } rows[] = {
		{ "attempts = 5", "attempts = 4", false },
		{ "attempts = 4", "attempts = 5", true },
		{ "lock = \"10m\"", "lock = \"11m\"", false },
		{ "lock = \"11m\"", "lock = \"10m\"", true },
		{ "cap = 40", "cap = 39", false },
		{ "cap = 39", "cap = 40", true },
		{ "cap_year = 60", "cap_year = 59", false },
		{ "window = 1", "window = 0", false },
		{ "window = 0", "window = 2", true },
		{ "period = 60", "period = 30", false },
		{ "digits = 6", "digits = 8", false },
		{ "digits = 8", "digits = 6", true },
		{ "unenrolled = \"allow\"", "unenrolled = \"deny\"", false },
		{ "unenrolled = \"deny\"", "unenrolled = \"allow\"", true },
		{ "unenrolled = \"allow\"",
		    "unenrolled = \"allow-until 2030-01-01\"", false },
		{ "unenrolled = \"allow-until 2030-01-01\"",
		    "unenrolled = \"deny\"", false },
		{ "unenrolled = \"allow-until 2030-01-02\"",
		    "unenrolled = \"allow-until 2030-01-01\"", false },
		{ "unenrolled = \"allow-until 2030-01-01\"",
		    "unenrolled = \"allow-until 2030-01-02\"", true },
		{ "services = [\"sshd\"]", "services = \"*\"", false },
		{ "services = \"*\"", "services = [\"sshd\"]", true },
		{ "services = [\"sshd\"]", "services = [\"sshd\", \"su\"]",
		    false },
		{ "services = [\"sshd\", \"su\"]", "services = [\"su\"]",
		    true },
		{ "store = \"sqlite:/a\"", "store = \"sqlite:/b\"", false },
		{ "help = \"a\"", "help = \"b\"", true },
		{ "recovery_codes = 20\naudit_events = 5000\nissuer = \"a\"",
		    "recovery_codes = 5", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		put_text("stepup.conf", rows[i].old);
		assert_int_not_equal(starts_with_attempts(), 0);
		assert_false(copy_failed);
		put_text("stepup.conf", rows[i].now);
		rename_error = ENOSPC;
		assert_int_not_equal(starts_with_attempts(), 0);
		rename_error = 0;
		assert_true(copy_failed);
		assert_string_equal(failure.path, paths.accepted);
		assert_string_equal(failure.reason, strerror(ENOSPC));
		if (there("lib/settings.accepted") != rows[i].stays)
			fail_msg("%s, then %s", rows[i].old, rows[i].now);
	}
	/* As soon as it can be written it is. */
	assert_int_not_equal(starts_with_attempts(), 0);
	assert_false(copy_failed);
	state_has("settings.accepted");
}

/* A real refusal of the disk, in a process that may not write a byte. */
static void
no_room(void **state)
{
	struct rlimit none = { 0, 0 };
	int status;
	pid_t pid;

	(void)state;
	put_text("stepup.conf", "attempts = 5");
	assert_int_equal(starts_with_attempts(), 5);
	put_text("stepup.conf", "attempts = 4");
	if ((pid = fork()) == 0) {
		signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &none) != 0)
			_exit(2);
		_exit(starts_with_attempts() == 4 && copy_failed ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(there("lib/settings.accepted"));
	assert_int_equal(starts_with_attempts(), 4);
	assert_int_equal(copy_says(), 4);
}

static void
things_in_the_way(void **state)
{
	(void)state;
	put_text("stepup.conf", "attempts = 5");
	assert_int_equal(mkfifo(at("lib/settings.accepted.new"), 0600), 0);
	assert_int_equal(starts_with_attempts(), 5);
	assert_true(copy_failed);
	assert_string_equal(failure.reason, "not a regular file");
	assert_int_equal(unlink(at("lib/settings.accepted.new")), 0);
	put_text("real", "mine");
	assert_int_equal(symlink("../real",
	    at("lib/settings.accepted.new")), 0);
	assert_int_equal(starts_with_attempts(), 5);
	assert_true(copy_failed);
	assert_int_equal(unlink(at("lib/settings.accepted.new")), 0);
	put("lib/settings.accepted.new", "x", 1, 0644);
	assert_int_equal(starts_with_attempts(), 5);
	assert_true(copy_failed);
	/* What a killed writer left is used, however long it is. */
	put("lib/settings.accepted.new", "", 0, 0600);
	assert_int_equal(truncate(at("lib/settings.accepted.new"), 70000), 0);
	assert_int_equal(starts_with_attempts(), 5);
	assert_false(copy_failed);
	assert_int_equal(copy_says(), 5);
	state_has("settings.accepted");
	assert_int_equal(chmod(at("lib"), 0777), 0);
	put_text("stepup.conf", "attempts = 4");
	assert_int_equal(starts_with_attempts(), 4);
	assert_true(copy_failed);
}

/* Another process, from reading to the end; its exit status. */
static int
another_process(const char *conf)
{
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		if (conf != NULL)
			put_text("stepup.conf", conf);
		_exit((int)starts_with_attempts() + (copy_failed ? 100 : 0));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int other_said;

static void
root_edits(void)
{
	other_said = another_process("attempts = 3");
}

static void
root_edits_badly(void)
{
	other_said = another_process("attempts = three");
}

/*
 * A process that was stopped between reading and renaming never leaves the
 * older set behind.
 */
static void
stopped_writer(void **state)
{
	static struct settings s;

	(void)state;
	put_text("stepup.conf", "attempts = 20");
	before_rename = root_edits;
	memset(&failure, 0, sizeof(failure));
	assert_int_equal(settings_renew(&s, &paths, &copy_failed, &failure),
	    OUT_DONE);
	/* The other one could not write: it was ours to do. */
	assert_int_equal(other_said, 103);
	assert_int_equal(s.limits.attempts, 3);
	assert_false(copy_failed);
	assert_int_equal(copy_says(), 3);
	state_has("settings.accepted");

	/* The set was good when it was read: accepted, the later one not. */
	put_text("stepup.conf", "attempts = 5");
	before_rename = root_edits_badly;
	assert_int_equal(starts_with_attempts(), 5);
	assert_int_equal(other_said, 3);
	assert_true(fell_back);
}

/*
 * Between opening the next version and locking it, that file became the
 * copy: it is not written a second time.
 */
static void
renamed_before(void **state)
{
	static struct settings s;
	char text[4096];
	ssize_t len;
	int fd;

	(void)state;
	put_text("stepup.conf", "attempts = 5");
	before_lock = root_edits;
	fd = open(at("lib/settings.accepted.new"), O_RDWR | O_CREAT, 0600);
	assert_int_equal(settings_renew(&s, &paths, &copy_failed, &failure),
	    OUT_DONE);
	assert_int_equal(other_said, 3);
	assert_int_equal(s.limits.attempts, 3);
	assert_false(copy_failed);
	assert_int_equal(copy_says(), 3);
	state_has("settings.accepted");
	/* Nobody wrote into theirs: a reader may be in the middle of it. */
	len = pread(fd, text, sizeof(text) - 1, 0);
	assert_true(len > 0);
	text[len] = '\0';
	assert_non_null(strstr(text, "attempts = 3"));
	close(fd);
}

static void
die(void)
{
	raise(SIGKILL);
}

static void
killed_writer(void **state)
{
	int status, i;
	pid_t pid;

	(void)state;
	put_text("stepup.conf", "attempts = 5");
	assert_int_equal(starts_with_attempts(), 5);
	put_text("stepup.conf", "attempts = 4");
	for (i = 0; i < 20; i++) {
		if ((pid = fork()) == 0) {
			before_rename = die;
			starts_with_attempts();
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(copy_says(), 5);
		state_has("settings.accepted settings.accepted.new");
	}
	assert_int_equal(starts_with_attempts(), 4);
	assert_int_equal(copy_says(), 4);
	state_has("settings.accepted");
}

/* While another one writes nothing is written, and nothing removed. */
static void
busy(void **state)
{
	int fd;

	(void)state;
	put_text("stepup.conf", "attempts = 5");
	assert_int_equal(starts_with_attempts(), 5);
	fd = open(at("lib/settings.accepted.new"), O_RDWR | O_CREAT, 0600);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	put_text("stepup.conf", "attempts = 4");
	assert_int_equal(starts_with_attempts(), 4);
	assert_true(copy_failed);
	assert_int_equal(copy_says(), 5);
	close(fd);
	assert_int_equal(starts_with_attempts(), 4);
	assert_int_equal(copy_says(), 4);
}

/* Eight processes accept while root edits: the last word is root's. */
static void
crowd(void **state)
{
	char text[32];
	pid_t pids[8];
	int status, i, round;

	(void)state;
	for (round = 0; round < 10; round++) {
		put_text("stepup.conf", "attempts = 4");
		for (i = 0; i < 8; i++)
			if ((pids[i] = fork()) == 0) {
				while (starts_with_attempts() != 3)
					if (fell_back)
						_exit(1);
				_exit(0);
			}
		for (i = 20; i >= 3; i--) {
			snprintf(text, sizeof(text), "attempts = %d", i);
			put_text("next", text);
			assert_int_equal(rename(at("next"),
			    at("stepup.conf")), 0);
		}
		for (i = 0; i < 8; i++) {
			assert_int_equal(waitpid(pids[i], &status, 0),
			    pids[i]);
			assert_int_equal(status, 0);
		}
		assert_int_equal(copy_says(), 3);
		state_has("settings.accepted");
	}
}

#define TEST(test) \
	cmocka_unit_test_setup_teardown(test, setup, place_cleanup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(typing_error), TEST(no_good_copy), TEST(written_once),
		TEST(before_birth), TEST(never_laxer), TEST(no_room),
		TEST(things_in_the_way), TEST(stopped_writer),
		TEST(renamed_before),
		TEST(killed_writer), TEST(busy), TEST(crowd),
	};

	return cmocka_run_group_tests_name("accepted", tests, NULL, NULL);
}
