/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/walk.h"

#define LINKS_MAX	40	/* as the kernel's own limit */
#define OTHERS_WRITE	(S_IWGRP | S_IWOTH)

static bool
refuse(struct failure *f, const char *path, const char *reason)
{
	failure_set(f, OUT_CONFIG, path, "%s", reason);
	return false;
}

static bool
check_owner(const char *at, const struct stat *st, uid_t owner,
    struct failure *f)
{
	if (st->st_uid == 0 || st->st_uid == owner)
		return true;
	failure_set(f, OUT_CONFIG, at, "belongs to uid %lu, not to root",
	    (unsigned long)st->st_uid);
	return false;
}

/* One folder of the way, or the folder that is asked for. */
static bool
check_folder(const char *path, const struct stat *st, uid_t owner,
    bool *shared, struct failure *f)
{
	if (!S_ISDIR(st->st_mode))
		return refuse(f, path, "not a folder");
	if (!check_owner(path, st, owner, f))
		return false;
	*shared = (st->st_mode & OTHERS_WRITE) != 0;
	if (!*shared || (st->st_mode & S_ISVTX) != 0)
		return true;
	failure_set(f, OUT_CONFIG, path, "folder writable by others"
	    " (mode %04o)", (unsigned)(st->st_mode & 07777));
	return false;
}

bool
walk_in_target(const struct walk *w)
{
	return w->links > 0 && strlen(w->rest) > w->tail;
}

static bool
walk_root(struct walk *w)
{
	struct stat st;

	if (w->dir != -1)
		close(w->dir);
	w->real[0] = '\0';
	w->dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (w->dir == -1 || fstat(w->dir, &st) == -1)
		return refuse(w->failure, "/", strerror(errno));
	return check_folder("/", &st, w->owner, &w->shared, w->failure);
}

/*
 * Takes the next component off the rest into name; false at its end.
 * Slashes and single dots mean nothing.
 */
static bool
walk_next(struct walk *w, bool *fits)
{
	const char *start = w->rest;
	size_t len;

	*fits = true;
	w->name[0] = '\0';
	for (;;) {
		start += strspn(start, "/");
		len = strcspn(start, "/");
		if (len != 1 || start[0] != '.')
			break;
		start++;
	}
	if (len > NAME_MAX) {
		*fits = false;
		return true;
	}
	memcpy(w->name, start, len);
	w->name[len] = '\0';
	memmove(w->rest, start + len, strlen(start + len) + 1);
	return len > 0;
}

/* Puts the target of a link in front of the rest. */
static bool
walk_link(struct walk *w, int fd, const struct stat *st, const char *at)
{
	char target[PATH_MAX];
	ssize_t len;

	if (!check_owner(at, st, w->owner, w->failure))
		return false;
	if (w->shared)
		return refuse(w->failure, at,
		    "a link in a folder that others may write");
	if (!walk_in_target(w))
		w->tail = strlen(w->rest);
	if (++w->links > LINKS_MAX)
		return refuse(w->failure, w->path, strerror(ELOOP));
	len = readlinkat(fd, "", target, sizeof(target) - 1);
	if (len <= 0)
		return refuse(w->failure, at,
		    strerror(len == 0 ? ENOENT : errno));
	target[len] = '\0';
	if ((size_t)len + 1 + strlen(w->rest) >= sizeof(w->rest))
		return refuse(w->failure, w->path, strerror(ENAMETOOLONG));
	memmove(w->rest + len + 1, w->rest, strlen(w->rest) + 1);
	memcpy(w->rest, target, (size_t)len);
	w->rest[len] = '/';
	return target[0] != '/' || walk_root(w);
}

/* Steps into the folder fd, which the walk then owns, even on failure. */
static bool
walk_enter(struct walk *w, int fd, const struct stat *st, const char *at)
{
	size_t used = strlen(w->real), len = strlen(w->name);
	char *slash;

	close(w->dir);
	w->dir = fd;
	if (strcmp(w->name, "..") == 0) {
		if ((slash = strrchr(w->real, '/')) != NULL)
			*slash = '\0';
	} else {
		if (used + 1 + len >= sizeof(w->real))
			return refuse(w->failure, w->path,
			    strerror(ENAMETOOLONG));
		w->real[used] = '/';
		memcpy(w->real + used + 1, w->name, len + 1);
	}
	return check_folder(at, st, w->owner, &w->shared, w->failure);
}

/* Looks at one component that is not the last, or is a link. */
static bool
walk_step(struct walk *w, bool *absent)
{
	char at[PATH_MAX + NAME_MAX + 2];
	struct stat st;
	bool done;
	int fd;

	snprintf(at, sizeof(at), "%s/%s", w->real, w->name);
	fd = openat(w->dir, w->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1) {
		/* A link to nowhere was meant to lead somewhere. */
		*absent = errno == ENOENT && !walk_in_target(w);
		refuse(w->failure, at, strerror(errno));
		if (fd != -1)
			close(fd);
		return false;
	}
	if (!S_ISLNK(st.st_mode))
		return walk_enter(w, fd, &st, at);
	done = walk_link(w, fd, &st, at);
	close(fd);
	return done;
}

static bool
is_link(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(st.st_mode);
}

bool
walk(struct walk *w, const char *path, uid_t owner, int flags, bool *absent,
    struct failure *f)
{
	bool into = (flags & WALK_INTO) != 0;
	bool follow = (flags & WALK_FOLLOW) != 0;
	bool fits, last;

	memset(w, 0, sizeof(*w));
	w->path = path;
	w->owner = owner;
	w->failure = f;
	w->dir = -1;
	*absent = false;
	if (path[0] != '/')
		return refuse(f, path, "not an absolute path");
	if (strlen(path) >= sizeof(w->rest))
		return refuse(f, path, strerror(ENAMETOOLONG));
	strcpy(w->rest, path);
	if (!walk_root(w))
		return false;
	while (walk_next(w, &fits)) {
		if (!fits)
			return refuse(f, path, strerror(ENAMETOOLONG));
		last = w->rest[strspn(w->rest, "/")] == '\0';
		if (last && !into && strcmp(w->name, "..") != 0 &&
		    !(follow && is_link(w->dir, w->name)))
			break;
		if (!walk_step(w, absent))
			return false;
	}
	if (!into && w->name[0] == '\0')
		return refuse(f, path, "not a regular file");
	if (w->shared)
		return refuse(f, w->real[0] == '\0' ? "/" : w->real,
		    "a folder that others may write, sticky or not");
	return true;
}
