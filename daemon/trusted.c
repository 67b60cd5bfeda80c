/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file is first looked at through O_PATH|O_NOFOLLOW, which opens neither
 * device nor FIFO, and opened only when it is a regular file; the checks
 * are repeated on the descriptor that is read.  A FIFO in its place would
 * hang every login, opening a device can do anything (a tape rewinds).
 */
#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/trusted.h"
#include "daemon/walk.h"

static bool
refuse(struct failure *f, const char *path, const char *reason)
{
	failure_set(f, OUT_CONFIG, path, "%s", reason);
	return false;
}

static bool
check_owner(const char *path, const struct stat *st, uid_t owner,
    struct failure *f)
{
	if (st->st_uid == owner)
		return true;
	failure_set(f, OUT_CONFIG, path, "belongs to uid %lu, not to %lu",
	    (unsigned long)st->st_uid, (unsigned long)owner);
	return false;
}

static bool
check_mode(const char *path, const struct stat *st, int flags,
    struct failure *f)
{
	mode_t mode = st->st_mode & 07777;

	if ((mode & (S_IWGRP | S_IWOTH)) != 0) {
		failure_set(f, OUT_CONFIG, path,
		    "writable by others (mode %04o)", (unsigned)mode);
		return false;
	}
	if ((flags & TRUSTED_PRIVATE) != 0 &&
	    (mode & (S_IRWXG | S_IRWXO)) != 0) {
		failure_set(f, OUT_CONFIG, path,
		    "readable by others (mode %04o, must be 0600)",
		    (unsigned)mode);
		return false;
	}
	return true;
}

bool
trusted_stat(const char *path, const struct stat *st, uid_t owner, int flags,
    struct failure *f)
{
	bool sound;

	if (S_ISLNK(st->st_mode))
		return refuse(f, path, "is a symbolic link");
	if (!S_ISREG(st->st_mode))
		return refuse(f, path, "not a regular file");
	sound = check_owner(path, st, owner, f) &&
	    check_mode(path, st, flags, f);
	/* With TRUSTED_REMARK the failure has been filled, and that is all. */
	return sound || (flags & TRUSTED_REMARK) != 0;
}

bool
trusted_resolve(const char *path, uid_t owner, char *buf, size_t size,
    struct failure *f)
{
	struct walk w;
	bool absent = false, done;
	int len;

	if (size > 0)
		buf[0] = '\0';
	done = walk(&w, path, owner, 0, &absent, f);
	if (done) {
		len = snprintf(buf, size, "%s/%s", w.real, w.name);
		done = len > 0 && (size_t)len < size;
		if (!done) {
			refuse(f, path, strerror(ENAMETOOLONG));
			if (size > 0)
				buf[0] = '\0';
		}
	}
	if (w.dir != -1)
		close(w.dir);
	return done;
}

int
trusted_folder(const char *path, uid_t owner, bool *absent, struct failure *f)
{
	struct walk w;
	bool none = false;
	int fd = -1;

	if (walk(&w, path, owner, WALK_FOLLOW | WALK_INTO, &none, f)) {
		fd = openat(w.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd == -1)
			refuse(f, path, strerror(errno));
	}
	if (w.dir != -1)
		close(w.dir);
	if (absent != NULL)
		*absent = none;
	return fd;
}

/* Opens dir/name when it is what it should be; -1 otherwise. */
static int
open_checked(int dir, const char *name, const char *path, uid_t owner,
    int flags, struct stat *st, bool *absent, struct failure *f)
{
	int link = (flags & TRUSTED_REMARK) != 0 ? 0 : O_NOFOLLOW;
	int fd;

	fd = openat(dir, name, O_PATH | O_CLOEXEC | link);
	if (fd == -1 || fstat(fd, st) == -1) {
		*absent = errno == ENOENT;
		refuse(f, path, strerror(errno));
		goto fail;
	}
	if (!trusted_stat(path, st, owner, flags, f))
		goto fail;
	close(fd);
	fd = openat(dir, name,
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | link);
	if (fd == -1 || fstat(fd, st) == -1) {
		refuse(f, path, strerror(errno));
		goto fail;
	}
	if (trusted_stat(path, st, owner, flags, f))
		return fd;
fail:
	if (fd != -1)
		close(fd);
	return -1;
}

/* Reads until the end; a file that grows meanwhile is refused. */
static bool
read_whole(int fd, const char *path, off_t size, char **data, size_t *len,
    struct failure *f)
{
	size_t room, used = 0;
	ssize_t n = 0;
	char *buf;

	if (size > TRUSTED_MAX)
		return refuse(f, path, "larger than 64 KB");
	room = (size_t)size + 1;
	if ((buf = malloc(room)) == NULL)
		return refuse(f, path, strerror(ENOMEM));
	while (used < room) {
		n = read(fd, buf + used, room - used);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	if (n == -1 || used == room) {
		refuse(f, path, n == -1 ? strerror(errno) :
		    "changed while it was read");
		explicit_bzero(buf, room);
		free(buf);
		return false;
	}
	buf[used] = '\0';
	*data = buf;
	*len = used;
	return true;
}

bool
trusted_read(const char *path, uid_t owner, int flags, char **data,
    size_t *len, bool *absent, struct failure *f)
{
	struct walk w = { .dir = -1 };
	struct stat st;
	bool none = false, done = false;
	int fd = -1;

	*data = NULL;
	*len = 0;
	if ((flags & (TRUSTED_LINK | TRUSTED_PRIVATE)) == 0 ||
	    (flags & TRUSTED_REMARK) != 0)
		fd = open_checked(AT_FDCWD, path, path, owner, flags, &st,
		    &none, f);
	else if (walk(&w, path, owner, (flags & TRUSTED_LINK) != 0 ?
	    WALK_FOLLOW : 0, &none, f)) {
		fd = open_checked(w.dir, w.name, path, owner, flags, &st,
		    &none, f);
		none = none && !walk_in_target(&w);
	}
	if (fd != -1) {
		done = read_whole(fd, path, st.st_size, data, len, f);
		close(fd);
	}
	if (w.dir != -1)
		close(w.dir);
	if (absent != NULL)
		*absent = none;
	return done;
}

bool
trusted_mark(const char *path, struct trusted_mark *m)
{
	struct stat st;

	memset(m, 0, sizeof(*m));
	if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return false;
	m->dev = st.st_dev;
	m->ino = st.st_ino;
	m->size = st.st_size;
	m->mtim = st.st_mtim;
	m->ctim = st.st_ctim;
	return true;
}

bool
trusted_same(const struct trusted_mark *a, const struct trusted_mark *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	    a->mtim.tv_sec == b->mtim.tv_sec &&
	    a->mtim.tv_nsec == b->mtim.tv_nsec &&
	    a->ctim.tv_sec == b->ctim.tv_sec &&
	    a->ctim.tv_nsec == b->ctim.tv_nsec;
}
