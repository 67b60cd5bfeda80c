/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trusted files: opened O_NOFOLLOW|O_CLOEXEC|O_NONBLOCK|O_NOCTTY and
 * checked on the descriptor.  Regular, the owner's, writable by nobody
 * else, at most TRUSTED_MAX bytes.  A FIFO, a device, a link, a folder or
 * a stranger's file is refused at once and nothing is repaired.
 */
#ifndef STEPUP_DAEMON_TRUSTED_H
#define STEPUP_DAEMON_TRUSTED_H

#include <sys/stat.h>
#include <stdbool.h>
#include <stddef.h>

#include "daemon/failure.h"

#define TRUSTED_MAX (64 * 1024)

#define TRUSTED_LINK	0x1	/* links are followed when each one and each
				   folder on the way is the owner's */
#define TRUSTED_PRIVATE	0x2	/* nobody else may read it either (0600),
				   nor put another into its folder */
#define TRUSTED_REMARK	0x4	/* wrong owner or mode only fills the failure
				   and links are followed: stepupd -t -f */

/*
 * Reads the whole file into *data (malloc'd, NUL-terminated, *len without
 * the NUL; the caller frees, wiping it if secret).  On false *data is NULL,
 * the failure names path and reason, and *absent (may be NULL) tells
 * whether there simply is no such file.
 */
bool trusted_read(const char *path, uid_t owner, int flags,
    char **data, size_t *len, bool *absent,
    struct failure *);

/*
 * The same checks on an open descriptor's stat, for files that are not
 * read here (store, WAL).  False fills the failure.
 */
bool trusted_stat(const char *path, const struct stat *, uid_t owner,
    int flags, struct failure *);

/*
 * Resolves the folder of path as realpath(3) does: every component a
 * folder, or a link, of the owner or of root, folders writable by nobody
 * else.  A sticky one (/tmp) may lie on the way, but not hold the file.
 * The file itself is not looked at.  buf holds PATH_MAX bytes and gets
 * FOLDER/NAME.
 */
bool trusted_resolve(const char *path, uid_t owner, char *buf, size_t size,
    struct failure *);

/*
 * Opens a folder after the same walk, to list it or to hold on to it; the
 * last component may be a link as well.  -1: the failure names path and
 * reason, *absent (may be NULL) tells whether there simply is none.
 */
int trusted_folder(const char *path, uid_t owner, bool *absent,
    struct failure *);

/* What tells one version of a file from the next. */
struct trusted_mark {
	dev_t		dev;
	ino_t		ino;
	off_t		size;
	struct timespec	mtim, ctim;
};

/* False (and a zeroed mark) when path cannot be looked at; of a link, the
 * link itself. */
bool trusted_mark(const char *path, struct trusted_mark *);
bool trusted_same(const struct trusted_mark *, const struct trusted_mark *);

#endif
