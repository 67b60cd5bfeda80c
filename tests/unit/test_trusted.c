/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <limits.h>

#include "daemon/trusted.h"
#include "place.h"

static bool
reads(const char *path, int flags, struct failure *f, bool *absent)
{
	unsigned before = descriptors();
	char *data = (char *)1;
	size_t len = 1;
	bool done;

	memset(f, 0, sizeof(*f));
	done = trusted_read(path, getuid(), flags, &data, &len, absent, f);
	assert_int_equal(done, data != NULL);
	if (done) {
		assert_int_equal(data[len], '\0');
	} else {
		assert_int_equal(len, 0);
		assert_string_not_equal(f->path, "");
		assert_string_not_equal(f->reason, "");
	}
	free(data);
	assert_int_equal(descriptors(), before);
	return done;
}

static void
refused(const char *path, int flags, const char *reason)
{
	struct failure f;
	bool absent;

	if (reads(path, flags, &f, &absent))
		fail_msg("%s was read", path);
	assert_false(absent);
	if (strstr(f.reason, reason) == NULL)
		fail_msg("%s: %s, not %s", path, f.reason, reason);
}

static void
reads_all(void **state)
{
	static const char bytes[] = "one\0two\n";
	struct failure f;
	char *data;
	size_t len;
	bool absent = true;

	(void)state;
	put("file", bytes, sizeof(bytes) - 1, 0644);
	assert_true(trusted_read(at("file"), getuid(), 0, &data, &len,
	    &absent, &f));
	assert_false(absent);
	assert_int_equal(len, sizeof(bytes) - 1);
	assert_memory_equal(data, bytes, sizeof(bytes));
	free(data);

	put("file", "", 0, 0600);
	assert_true(reads(at("file"), TRUSTED_PRIVATE, &f, &absent));
}

static void
absence(void **state)
{
	struct failure f;
	bool absent = false;

	(void)state;
	assert_false(reads(at("none"), 0, &f, &absent));
	assert_true(absent);
	assert_string_equal(f.path, at("none"));
	assert_false(reads(at("no/folder/none"), TRUSTED_LINK, &f, &absent));
	assert_true(absent);
	/* Without interest in absence and reason. */
	assert_false(trusted_read(at("none"), getuid(), 0, &(char *){ NULL },
	    &(size_t){ 0 }, NULL, NULL));
}

static void
other_things(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int flags[] = { 0, TRUSTED_PRIVATE, TRUSTED_LINK, TRUSTED_REMARK };
	size_t i;

	(void)state;
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	assert_int_equal(mkdir(at("folder"), 0700), 0);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", at("socket"));
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	for (i = 0; i < COUNT(flags); i++) {
		refused(at("fifo"), flags[i], "not a regular file");
		refused(at("folder"), flags[i], "not a regular file");
		refused(at("socket"), flags[i], "not a regular file");
		/* A FIFO behind a link does not hang either. */
		unlink(at("link"));
		assert_int_equal(symlink("fifo", at("link")), 0);
		refused(at("link"), flags[i], (flags[i] & (TRUSTED_LINK |
		    TRUSTED_REMARK)) != 0 ? "not a regular file" :
		    "symbolic link");
	}
	refused("/dev/zero", 0, "not a regular file");
	refused("/dev/zero", TRUSTED_REMARK, "not a regular file");
	close(fd);
}

static void
owner_and_mode(void **state)
{
	static const struct { mode_t mode; int flags; bool sound; } modes[] = {
		{ 0600, TRUSTED_PRIVATE, true },
		{ 0400, TRUSTED_PRIVATE, true },
		{ 0640, TRUSTED_PRIVATE, false },
		{ 0604, TRUSTED_PRIVATE, false },
		{ 0610, TRUSTED_PRIVATE, false },
		{ 0644, 0, true }, { 0664, 0, false }, { 0646, 0, false },
		{ 0666, TRUSTED_PRIVATE, false }, { 0620, 0, false },
		{ 0644, TRUSTED_LINK, true }, { 0664, TRUSTED_LINK, false },
		{ 0602, TRUSTED_LINK, false },
	};
	struct failure f;
	bool absent;
	char *data;
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT(modes); i++) {
		put("file", "x", 1, modes[i].mode);
		assert_int_equal(reads(at("file"), modes[i].flags, &f,
		    &absent), modes[i].sound);
		if (!modes[i].sound)
			assert_non_null(strstr(f.reason, "by others"));
	}
	put("file", "x", 1, 0600);
	assert_false(trusted_read(at("file"), getuid() + 1, 0, &data, &len,
	    NULL, &f));
	assert_non_null(strstr(f.reason, "belongs to uid"));
}

static void
sizes(void **state)
{
	struct failure f;
	bool absent;

	(void)state;
	put("file", "", 0, 0600);
	assert_int_equal(truncate(at("file"), TRUSTED_MAX), 0);
	assert_true(reads(at("file"), 0, &f, &absent));
	assert_int_equal(truncate(at("file"), TRUSTED_MAX + 1), 0);
	refused(at("file"), 0, "larger");
	assert_int_equal(truncate(at("file"), 100 * 1024 * 1024), 0);
	refused(at("file"), 0, "larger");
	refused(at("file"), TRUSTED_LINK, "larger");
	refused(at("file"), TRUSTED_REMARK, "larger");
}

/* Longer than its size says: what it is now is not what was looked at. */
static void
growing(void **state)
{
	struct failure f;
	char *data;
	size_t len;

	(void)state;
	assert_false(trusted_read("/proc/version", 0, 0, &data, &len, NULL,
	    &f));
	assert_string_equal(f.reason, "changed while it was read");
}

static void
links(void **state)
{
	struct failure f;
	bool absent;

	(void)state;
	put("file", "x", 1, 0600);
	assert_int_equal(symlink("file", at("link")), 0);
	refused(at("link"), 0, "symbolic link");
	assert_true(reads(at("link"), TRUSTED_LINK, &f, &absent));
	/* Links to links, to folders, up and absolute. */
	assert_int_equal(mkdir(at("a"), 0755), 0);
	assert_int_equal(mkdir(at("a/b"), 0755), 0);
	assert_int_equal(symlink("../../link", at("a/b/up")), 0);
	assert_int_equal(symlink(at("a"), at("here")), 0);
	assert_true(reads(at("here/./b//up"), TRUSTED_LINK, &f, &absent));
	/* A file that is not there behind a folder that is a link. */
	assert_false(reads(at("here/none"), TRUSTED_LINK, &f, &absent));
	assert_true(absent);
	/* A link was meant to lead somewhere. */
	assert_int_equal(symlink("none", at("dangling")), 0);
	refused(at("dangling"), TRUSTED_LINK, "No such file");
	assert_int_equal(symlink("none/file", at("further")), 0);
	refused(at("further"), TRUSTED_LINK, "No such file");
	refused(at("further/file"), TRUSTED_LINK, "No such file");
	assert_int_equal(symlink("loop", at("loop")), 0);
	refused(at("loop"), TRUSTED_LINK, "Too many levels");
	refused(at("file/x"), TRUSTED_LINK, "not a folder");
}

static void
strangers_links(void **state)
{
	struct failure f;
	bool absent;

	(void)state;
	put("file", "x", 1, 0600);
	assert_int_equal(symlink("file", at("link")), 0);
	if (getuid() == 0) {
		assert_int_equal(lchown(at("link"), 1, 1), 0);
		refused(at("link"), TRUSTED_LINK, "belongs to uid 1,");
		assert_int_equal(mkdir(at("theirs"), 0755), 0);
		put("theirs/file", "x", 1, 0600);
		assert_int_equal(lchown(at("theirs"), 1, 1), 0);
		refused(at("theirs/file"), TRUSTED_LINK, "belongs to uid 1,");
	} else {
		/* What is mine is a stranger's to root. */
		char *data;
		size_t len;

		assert_false(trusted_read(at("link"), 0, TRUSTED_LINK, &data,
		    &len, &absent, &f));
		assert_non_null(strstr(f.reason, "belongs to uid"));
	}
}

static void
shared_folders(void **state)
{
	static const struct { mode_t mode; bool holds, on_the_way; } rows[] = {
		{ 0755, true, true }, { 0700, true, true },
		{ 0775, false, false }, { 0757, false, false },
		{ 0777, false, false }, { 01777, false, true },
		{ 01775, false, true }, { 02755, true, true },
	};
	char resolved[PATH_MAX];
	struct failure f;
	bool absent;
	size_t i;

	(void)state;
	assert_int_equal(mkdir(at("d"), 0755), 0);
	assert_int_equal(mkdir(at("d/e"), 0755), 0);
	put("d/file", "x", 1, 0600);
	put("d/e/file", "x", 1, 0600);
	assert_int_equal(symlink("e", at("d/link")), 0);
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(chmod(at("d"), rows[i].mode), 0);
		assert_int_equal(rows[i].holds,
		    reads(at("d/file"), TRUSTED_LINK, &f, &absent));
		assert_int_equal(rows[i].on_the_way,
		    reads(at("d/e/file"), TRUSTED_LINK, &f, &absent));
		assert_int_equal(rows[i].holds,
		    reads(at("d/link/file"), TRUSTED_LINK, &f, &absent));
		assert_int_equal(rows[i].holds, trusted_resolve(at("d/file"),
		    getuid(), resolved, sizeof(resolved), &f));
		assert_int_equal(rows[i].on_the_way,
		    trusted_resolve(at("d/e/none"), getuid(), resolved,
		    sizeof(resolved), &f));
	}
}

static void
remarks(void **state)
{
	struct failure f;
	bool absent;
	char old[PATH_MAX];

	(void)state;
	put("file", "x", 1, 0666);
	assert_true(reads(at("file"), TRUSTED_REMARK, &f, &absent));
	assert_non_null(strstr(f.reason, "writable by others"));
	put("file", "x", 1, 0644);
	assert_true(reads(at("file"), TRUSTED_REMARK, &f, &absent));
	assert_string_equal(f.reason, "");
	assert_int_equal(symlink("file", at("link")), 0);
	assert_true(reads(at("link"), TRUSTED_REMARK, &f, &absent));
	assert_non_null(getcwd(old, sizeof(old)));
	assert_int_equal(chdir(place), 0);
	assert_true(reads("file", TRUSTED_REMARK, &f, &absent));
	refused("file", TRUSTED_LINK, "absolute");
	assert_int_equal(chdir(old), 0);
}

static void
resolving(void **state)
{
	char buf[PATH_MAX], small[16], longer[PATH_MAX + 8];
	struct failure f;

	(void)state;
	assert_int_equal(mkdir(at("d"), 0700), 0);
	assert_int_equal(symlink("d", at("link")), 0);
	assert_true(trusted_resolve(at("link/../link/./name"), getuid(), buf,
	    sizeof(buf), &f));
	assert_string_equal(buf, at("d/name"));
	/* The name itself is nobody's business here. */
	assert_int_equal(symlink("/", at("d/name")), 0);
	assert_true(trusted_resolve(at("link/name"), getuid(), buf,
	    sizeof(buf), &f));
	assert_string_equal(buf, at("d/name"));

	assert_false(trusted_resolve(at("none/name"), getuid(), buf,
	    sizeof(buf), &f));
	assert_string_equal(buf, "");
	assert_string_equal(f.path, at("none"));
	assert_false(trusted_resolve("d/name", getuid(), buf, sizeof(buf),
	    &f));
	assert_false(trusted_resolve("", getuid(), buf, sizeof(buf), &f));
	assert_false(trusted_resolve("/", getuid(), buf, sizeof(buf), &f));
	assert_false(trusted_resolve(at("d/.."), getuid(), buf, sizeof(buf),
	    &f));
	assert_false(trusted_resolve(at("d/name"), getuid(), small,
	    sizeof(small), &f));
	assert_string_equal(small, "");
	memset(longer, 'x', sizeof(longer));
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	assert_false(trusted_resolve(longer, getuid(), buf, sizeof(buf), &f));
	longer[NAME_MAX + 8] = '\0';
	assert_false(trusted_resolve(longer, getuid(), buf, sizeof(buf), &f));
	assert_string_equal(f.reason, strerror(ENAMETOOLONG));
}

static void
folders(void **state)
{
	struct failure f;
	bool absent = true;
	int fd;

	(void)state;
	assert_int_equal(mkdir(at("d"), 0700), 0);
	assert_int_equal(symlink("d", at("link")), 0);
	put("file", "x", 1, 0600);
	fd = trusted_folder(at("link/"), getuid(), &absent, &f);
	assert_int_not_equal(fd, -1);
	assert_false(absent);
	assert_int_not_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	close(fd);
	assert_int_equal(trusted_folder(at("none"), getuid(), &absent, &f),
	    -1);
	assert_true(absent);
	assert_int_equal(trusted_folder(at("file"), getuid(), &absent, &f),
	    -1);
	assert_false(absent);
	assert_string_equal(f.reason, "not a folder");
	assert_int_equal(chmod(at("d"), 01777), 0);
	assert_int_equal(trusted_folder(at("d"), getuid(), &absent, &f), -1);
}

static void
marks(void **state)
{
	struct trusted_mark a, b, none;

	(void)state;
	put("file", "x", 1, 0600);
	assert_true(trusted_mark(at("file"), &a));
	assert_true(trusted_mark(at("file"), &b));
	assert_true(trusted_same(&a, &b));
	put("file", "xy", 2, 0600);
	assert_true(trusted_mark(at("file"), &b));
	assert_false(trusted_same(&a, &b));
	put("other", "xy", 2, 0600);
	assert_int_equal(rename(at("other"), at("file")), 0);
	assert_true(trusted_mark(at("file"), &a));
	assert_false(trusted_same(&a, &b));
	assert_false(trusted_mark(at("none"), &none));
	assert_false(trusted_same(&a, &none));
	/* A link is looked at itself. */
	assert_int_equal(symlink("file", at("link")), 0);
	assert_true(trusted_mark(at("link"), &b));
	assert_false(trusted_same(&a, &b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(reads_all), IN_PLACE(absence),
		IN_PLACE(other_things), IN_PLACE(owner_and_mode),
		IN_PLACE(sizes), IN_PLACE(growing), IN_PLACE(links),
		IN_PLACE(strangers_links), IN_PLACE(shared_folders),
		IN_PLACE(remarks), IN_PLACE(resolving), IN_PLACE(folders),
		IN_PLACE(marks),
	};

	return cmocka_run_group_tests_name("trusted", tests, NULL, NULL);
}
