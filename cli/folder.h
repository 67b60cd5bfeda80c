/* SPDX-License-Identifier: BSD-2-Clause */
/* The folder that a path is in. */
#ifndef STEPUP_CLI_FOLDER_H
#define STEPUP_CLI_FOLDER_H

#include <limits.h>
#include <stdbool.h>

/* "/a" of "/a/b", "/" of "/b", "." of "b".  False: too long, and errno. */
bool folder_of(const char *path, char buf[PATH_MAX]);

/*
 * A descriptor (O_PATH) of it; *base: what stands behind the last slash of
 * the path.  -1: errno.
 */
int folder_open(const char *path, const char **base);

/* A file's entry in its folder, down to the disk.  False: errno. */
bool folder_sync(const char *path);

#endif
