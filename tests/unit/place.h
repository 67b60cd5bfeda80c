/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A folder of the test's own below /tmp, with the paths of a host in it;
 * trusted files belong to whoever runs the test.
 */
#ifndef STEPUP_TESTS_PLACE_H
#define STEPUP_TESTS_PLACE_H

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/paths.h"

static char place[64];

/* PLACE/NAME; eight of them may be in use at once. */
static inline const char *
at(const char *name)
{
	static char paths[8][512];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", place, name);
	return path;
}

static inline struct paths
place_paths(void)
{
	static char names[6][128];
	static const char *const ends[] = { "stepup.conf", "stepup.conf.d",
		"etc/keyring", "lib", "lib/settings.accepted", "run" };
	size_t i;

	for (i = 0; i < 6; i++)
		snprintf(names[i], sizeof(names[i]), "%s/%s", place, ends[i]);
	return (struct paths){ .conf = names[0], .conf_dir = names[1],
		.keyring = names[2], .state = names[3], .accepted = names[4],
		.rundir = names[5], .owner = getuid() };
}

static inline void
put(const char *name, const void *data, size_t len, mode_t mode)
{
	int fd;

	unlink(at(name));
	fd = open(at(name), O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static inline void
put_text(const char *name, const char *text)
{
	put(name, text, strlen(text), 0600);
}

static inline bool
there(const char *name)
{
	struct stat st;

	return lstat(at(name), &st) == 0;
}

static inline int
place_remove(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	return type == FTW_DP ? rmdir(path) : unlink(path);
}

/* How many descriptors are open: none may be left behind. */
static inline unsigned
descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* What hangs is killed, and so fails. */
static inline int
place_setup(void **state)
{
	(void)state;
	alarm(120);
	umask(022);
	strcpy(place, "/tmp/stepup-test-XXXXXX");
	return mkdtemp(place) == NULL ? -1 : 0;
}

static inline int
place_cleanup(void **state)
{
	(void)state;
	alarm(0);
	return nftw(place, place_remove, 8, FTW_DEPTH | FTW_PHYS);
}

#define IN_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, place_setup, place_cleanup)

#endif
