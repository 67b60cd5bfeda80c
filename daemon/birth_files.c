/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/types.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/birth_files.h"
#include "daemon/trusted.h"

#define LOCK_WAIT_MS	10000
#define LOCK_STEP_MS	50
#define KEY_TEXT	128	/* one line of a keyring */

enum outcome
birth_refuse(const struct birth *b, enum outcome o, const char *path)
{
	return failure_set(b->failure, errno == ENOMEM ? OUT_MEMORY : o, path,
	    "%s", strerror(errno));
}

/* The folder of a path, which is absolute. */
static void
folder_of(const char *path, char *buf, size_t size)
{
	size_t len = (size_t)(strrchr(path, '/') - path);

	snprintf(buf, size, "%.*s", len == 0 ? 1 : (int)len, path);
}

static bool
sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool done;

	if (fd == -1)
		return false;
	done = fsync(fd) == 0;
	close(fd);
	return done;
}

/* One of our two folders: made 0700 where it is missing. */
static enum outcome
make_folder(const struct birth *b, const char *path, enum outcome o)
{
	char folder[PATH_MAX], parent[PATH_MAX];

	if (access(path, F_OK) == 0)
		return OUT_DONE;	/* the walk to the file checks it */
	if (!trusted_resolve(path, b->paths->owner, folder, sizeof(folder),
	    b->failure))
		return o;
	folder_of(folder, parent, sizeof(parent));
	if (mkdir(folder, 0700) == -1 && errno != EEXIST)
		return birth_refuse(b, o, folder);
	if (!sync_folder(parent))
		return birth_refuse(b, o, parent);
	return OUT_DONE;
}

/* Fills name, its temporary name and a descriptor of its folder. */
static bool
find_place(const struct birth *b, const char *path, char *name,
    char *temporary, int *dir)
{
	char folder[PATH_MAX];

	if (!trusted_resolve(path, b->paths->owner, name, PATH_MAX,
	    b->failure))
		return false;
	snprintf(temporary, PATH_MAX + sizeof(BIRTH_SUFFIX),
	    "%s" BIRTH_SUFFIX, name);
	folder_of(name, folder, sizeof(folder));
	*dir = trusted_folder(folder, b->paths->owner, NULL, b->failure);
	return *dir != -1;
}

enum outcome
birth_find(struct birth *b)
{
	char folder[PATH_MAX];
	enum outcome o;

	folder_of(b->paths->keyring, folder, sizeof(folder));
	if ((o = make_folder(b, folder, OUT_KEY)) != OUT_DONE ||
	    (o = make_folder(b, b->paths->state, OUT_STORE)) != OUT_DONE)
		return o;
	if (!find_place(b, b->paths->keyring, b->key, b->key_new,
	    &b->key_dir))
		return OUT_KEY;
	if (!find_place(b, b->settings->store, b->store, b->store_new,
	    &b->store_dir))
		return OUT_STORE;
	return OUT_DONE;
}

enum outcome
birth_lock(const struct birth *b)
{
	struct timespec step = { .tv_nsec = LOCK_STEP_MS * 1000000L };
	int waited = 0;

	while (flock(b->key_dir, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return birth_refuse(b, OUT_KEY, b->key);
		if (waited >= LOCK_WAIT_MS)
			return failure_set(b->failure, OUT_BUSY, b->key,
			    "another stepupd --init is at work");
		nanosleep(&step, NULL);
		waited += LOCK_STEP_MS;
	}
	return OUT_DONE;
}

enum outcome
birth_look(const struct birth *b, const char *path, enum outcome o, bool *there)
{
	struct stat st;

	*there = lstat(path, &st) == 0;
	if (!*there && errno != ENOENT)
		return birth_refuse(b, o, path);
	return OUT_DONE;
}

bool
birth_same(const char *a, const char *b)
{
	struct stat x, y;

	return lstat(a, &x) == 0 && lstat(b, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* What SQLite leaves beside a store. */
static const char *const beside[] = { "-wal", "-shm", "-journal" };

#define BESIDE	(sizeof(beside) / sizeof(beside[0]))

void
birth_discard(const struct birth *b)
{
	char name[sizeof(b->store_new) + 16];
	size_t i;

	unlink(b->store_new);
	unlink(b->key_new);
	for (i = 0; i < BESIDE; i++) {
		snprintf(name, sizeof(name), "%s%s", b->store_new, beside[i]);
		unlink(name);
	}
}

enum outcome
birth_check_beside(const struct birth *b)
{
	char name[sizeof(b->store) + 16];
	enum outcome o = OUT_DONE;
	bool there;
	size_t i;

	for (i = 0; i < BESIDE && o == OUT_DONE; i++) {
		snprintf(name, sizeof(name), "%s%s", b->store, beside[i]);
		o = birth_look(b, name, OUT_STORE, &there);
		if (o == OUT_DONE && there)
			o = failure_set(b->failure, OUT_STORE, name,
			    "left over from a store that is gone: move it"
			    " away and run stepupd --init again");
	}
	return o;
}

enum outcome
birth_write_key(const struct birth *b)
{
	char text[KEY_TEXT];
	size_t len = keyring_print(b->ring, text, sizeof(text));
	bool done;
	int fd;

	fd = open(b->key_new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1) {
		explicit_bzero(text, sizeof(text));
		return birth_refuse(b, OUT_KEY, b->key_new);
	}
	errno = ENOSPC;		/* a short write says nothing */
	done = len > 0 && write(fd, text, len) == (ssize_t)len &&
	    fsync(fd) == 0;
	explicit_bzero(text, sizeof(text));
	close(fd);
	return done ? OUT_DONE : birth_refuse(b, OUT_KEY, b->key_new);
}

enum outcome
birth_sync_store(const struct birth *b)
{
	int fd = open(b->store_new, O_RDONLY | O_NOFOLLOW | O_CLOEXEC |
	    O_NONBLOCK | O_NOCTTY);
	bool done;

	if (fd == -1)
		return birth_refuse(b, OUT_STORE, b->store_new);
	done = fsync(fd) == 0 && fsync(b->store_dir) == 0;
	close(fd);
	return done ? OUT_DONE : birth_refuse(b, OUT_STORE, b->store_new);
}
