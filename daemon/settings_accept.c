/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy of the settings last accepted, so that a typing error does not
 * lock everybody out.
 *
 * - It is never laxer than what root last put in force.  Where a stricter
 *   set cannot be written down (a full disk), the copy is removed: a later
 *   cold start with refused files then denies.
 * - Processes accept at the same moment.  The new text is written under a
 *   lock, and whoever renamed looks at the files once more: a process that
 *   was stopped in between cannot leave an older set behind.
 * - The lock is a file's, taken without waiting: it dies with its holder
 *   and leaves one file that the next writer uses, however often processes
 *   are killed.
 */
#include <sys/types.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/settings_table.h"
#include "daemon/trusted.h"

#define HEADER	"# The settings last accepted. stepupd writes this file;\n" \
		"# edit stepup.conf.\n"
/* Every value at its longest, each byte of the path escaped. */
#define TEXT_MAX	(3 * PATH_MAX)
#define ROUNDS		3

/* The copy's place: its folder, its own and its next version's name. */
struct place {
	int		 dir;
	char		 path[PATH_MAX];
	const char	*name;
	char		 next[NAME_MAX + 1];
};

static bool
refuse(struct failure *f, const char *path)
{
	failure_set(f, OUT_CONFIG, path, "%s", strerror(errno));
	return false;
}

static size_t
print_copy(const struct settings *s, char *text, size_t size)
{
	size_t len, used = strlen(HEADER);

	memcpy(text, HEADER, used);
	len = settings_print(s, text + used, size - used);
	return len > 0 ? used + len : 0;
}

/* place->dir is the caller's to close unless it is -1. */
static bool
place_open(struct place *p, const struct paths *paths, bool *absent,
    struct failure *f)
{
	char *slash;

	p->dir = -1;
	*absent = false;
	if (strlen(paths->accepted) >= sizeof(p->path) ||
	    (slash = strrchr(strcpy(p->path, paths->accepted), '/')) == NULL ||
	    slash == p->path ||
	    snprintf(p->next, sizeof(p->next), "%s.new", slash + 1) >=
	    (int)sizeof(p->next)) {
		errno = ENAMETOOLONG;
		return refuse(f, paths->accepted);
	}
	*slash = '\0';
	p->name = slash + 1;
	p->dir = trusted_folder(p->path, paths->owner, absent, f);
	return p->dir != -1;
}

/* Whether the name still leads to this descriptor. */
static bool
still_there(int dir, const char *name, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 &&
	    fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/*
 * Opens the next version's file and locks it; -1 with *busy while another
 * process writes.
 */
static int
open_next(const struct place *p, const struct paths *paths, bool *busy,
    struct failure *f)
{
	struct stat st;
	int fd = -1, round;

	for (round = 0; round < ROUNDS; round++) {
		fd = openat(p->dir, p->next, O_RDWR | O_CREAT | O_NOFOLLOW |
		    O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
		if (fd == -1 || fstat(fd, &st) == -1) {
			refuse(f, p->next);
			break;
		}
		if (!trusted_stat(p->next, &st, paths->owner,
		    TRUSTED_PRIVATE, f))
			break;
		if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
			*busy = errno == EWOULDBLOCK;
			refuse(f, p->next);
			break;
		}
		/* Renamed by the holder before: it is the copy now. */
		if (still_there(p->dir, p->next, fd))
			return fd;
		close(fd);
		fd = -1;
	}
	if (round == ROUNDS) {
		*busy = true;
		failure_set(f, OUT_CONFIG, p->next,
		    "other processes write it");
	}
	if (fd != -1)
		close(fd);
	return -1;
}

static bool
write_whole(int fd, const char *text, size_t len)
{
	ssize_t n;

	if (ftruncate(fd, 0) == -1)
		return false;
	while (len > 0) {
		n = write(fd, text, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

static bool
write_copy(const struct place *p, const struct paths *paths,
    const char *text, size_t len, bool *busy, struct failure *f)
{
	bool done;
	int fd;

	if ((fd = open_next(p, paths, busy, f)) == -1)
		return false;
	done = write_whole(fd, text, len) &&
	    renameat(p->dir, p->next, p->dir, p->name) == 0 &&
	    fsync(p->dir) == 0;
	if (!done)
		refuse(f, paths->accepted);
	close(fd);
	return done;
}

static enum outcome
read_copy(struct settings *s, const struct paths *paths, struct failure *f)
{
	enum outcome o;
	char *data;
	size_t len;

	settings_default(s, paths);
	if (!trusted_read(paths->accepted, paths->owner, TRUSTED_PRIVATE,
	    &data, &len, NULL, f))
		return OUT_CONFIG;
	o = settings_parse(s, paths->accepted, data, len, f);
	free(data);
	return o;
}

/* A copy that cannot be read serves nobody and may stay to be looked at. */
static void
drop_laxer(const struct place *p, const struct settings *now,
    const struct paths *paths)
{
	struct settings old;

	if (read_copy(&old, paths, NULL) == OUT_DONE &&
	    settings_laxer(&old, now)) {
		unlinkat(p->dir, p->name, 0);
		fsync(p->dir);
	}
}

bool
settings_accept(const struct settings *s, const struct paths *paths,
    struct failure *f)
{
	bool done = false, busy = false, absent;
	char text[TEXT_MAX];
	struct place p;
	size_t len;

	if (!place_open(&p, paths, &absent, f))
		return false;
	if ((len = print_copy(s, text, sizeof(text))) == 0)
		failure_set(f, OUT_CONFIG, paths->accepted, "too long");
	else
		done = write_copy(&p, paths, text, len, &busy, f);
	/* Another writer looks at the files after us. */
	if (!done && !busy)
		drop_laxer(&p, s, paths);
	close(p.dir);
	return done;
}

/* Whether the copy already says this, byte for byte. */
static bool
copy_is(const struct settings *s, const struct paths *paths)
{
	char text[TEXT_MAX], *data;
	size_t len, wanted;
	bool same;

	if (!trusted_read(paths->accepted, paths->owner, TRUSTED_PRIVATE,
	    &data, &len, NULL, NULL))
		return false;
	wanted = print_copy(s, text, sizeof(text));
	same = wanted > 0 && wanted == len && memcmp(text, data, len) == 0;
	free(data);
	return same;
}

/* Before birth there is no folder, and nothing to write: --init does. */
static bool
has_place(const struct paths *paths)
{
	struct place p;
	bool absent;

	if (place_open(&p, paths, &absent, NULL))
		close(p.dir);
	return !absent;
}

enum outcome
settings_renew(struct settings *out, const struct paths *paths,
    bool *copy_failed, struct failure *f)
{
	struct settings_mark before, after;
	struct settings next;
	enum outcome o;
	int round;

	*copy_failed = false;
	for (round = 0; round < ROUNDS; round++) {
		settings_look(paths, &before);
		if ((o = settings_read(&next, paths, f)) != OUT_DONE)
			return o;
		*copy_failed = false;
		if (copy_is(&next, paths) || !has_place(paths))
			break;
		*copy_failed = !settings_accept(&next, paths, f);
		settings_look(paths, &after);
		if (memcmp(&before, &after, sizeof(before)) == 0)
			break;
	}
	*out = next;
	return OUT_DONE;
}

enum outcome
settings_start(struct settings *out, const struct paths *paths,
    bool *fell_back, bool *copy_failed, struct failure *f)
{
	struct failure copy = { .path = "" };
	struct settings old;
	enum outcome o;

	*fell_back = false;
	o = settings_renew(out, paths, copy_failed, f);
	if (o != OUT_CONFIG)
		return o;
	if (read_copy(&old, paths, &copy) != OUT_DONE) {
		/* What is wrong with the files comes first. */
		if (f != NULL)
			snprintf(f->reason + strlen(f->reason),
			    sizeof(f->reason) - strlen(f->reason),
			    "; no accepted copy either: %.80s", copy.reason);
		return OUT_CONFIG;
	}
	*out = old;
	*fell_back = true;
	return OUT_DONE;
}
