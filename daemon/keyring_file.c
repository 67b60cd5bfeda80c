/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/keyring_file.h"
#include "daemon/trusted.h"

#define HOLD_TRIES 5

static enum outcome
refuse(const char *path, struct failure *f)
{
	return failure_set(f, errno == ENOMEM ? OUT_MEMORY : OUT_KEY, path,
	    "%s", strerror(errno));
}

static const char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

enum outcome
keyring_hold(const char *path, uid_t owner, bool shared, int *dir,
    struct failure *f)
{
	char folder[PATH_MAX];
	struct timespec pause = { .tv_nsec = 20000000 };
	size_t len = (size_t)(name_of(path) - path);
	enum outcome o;
	int tries;

	*dir = -1;
	if (len < 2 || len > sizeof(folder))
		return failure_set(f, OUT_KEY, path, "not an absolute path");
	memcpy(folder, path, len - 1);
	folder[len - 1] = '\0';
	if ((*dir = trusted_folder(folder, owner, NULL, f)) == -1)
		return OUT_KEY;
	for (tries = 0; tries < HOLD_TRIES; tries++) {
		if (flock(*dir, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
			return OUT_DONE;
		if (errno != EWOULDBLOCK)
			break;
		nanosleep(&pause, NULL);
		errno = EWOULDBLOCK;
	}
	o = errno == EWOULDBLOCK ? failure_set(f, OUT_BUSY, path,
	    "a key rotate, restore, import, backup or stepupd --init is at "
	    "work") : refuse(path, f);
	close(*dir);
	*dir = -1;
	return o;
}

/* The text of the ring in a new file, synced. */
static bool
write_next(int dir, const char *next, const struct keyring *ring)
{
	char text[KEYRING_TEXT_MAX];
	size_t len = keyring_print(ring, text, sizeof(text));
	bool done = false;
	int fd, error;

	fd = openat(dir, next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd != -1) {
		errno = ENOSPC;		/* a short write says nothing */
		done = len > 0 && write(fd, text, len) == (ssize_t)len &&
		    fsync(fd) == 0;
		error = errno;
		close(fd);
		errno = error;
	}
	explicit_bzero(text, sizeof(text));
	return done;
}

enum outcome
keyring_replace(const char *path, int dir, const struct keyring *ring,
    struct failure *f)
{
	char next[NAME_MAX + 1];
	enum outcome o;

	if (snprintf(next, sizeof(next), "%s" KEYRING_NEXT, name_of(path)) >=
	    (int)sizeof(next)) {
		errno = ENAMETOOLONG;
		return refuse(path, f);
	}
	/* Whoever left one was killed: we hold the folder. */
	if (unlinkat(dir, next, 0) == -1 && errno != ENOENT)
		return refuse(path, f);
	if (write_next(dir, next, ring) &&
	    renameat(dir, next, dir, name_of(path)) == 0)
		return fsync(dir) == 0 ? OUT_DONE : refuse(path, f);
	o = refuse(path, f);
	(void)unlinkat(dir, next, 0);
	return o;
}

enum outcome
keyring_settle(const char *path, int dir, struct failure *f)
{
	int fd = openat(dir, name_of(path), O_RDONLY | O_NOFOLLOW |
	    O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool done;

	if (fd == -1)
		return refuse(path, f);
	done = fsync(fd) == 0 && fsync(dir) == 0;
	close(fd);
	return done ? OUT_DONE : refuse(path, f);
}
