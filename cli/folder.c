/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/folder.h"

bool
folder_of(const char *path, char buf[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL || slash == path ? 1 :
	    (size_t)(slash - path);

	if (len >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return false;
	}
	snprintf(buf, PATH_MAX, "%.*s", (int)len, slash == NULL ? "." : path);
	return true;
}

int
folder_open(const char *path, const char **base)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];

	*base = slash != NULL ? slash + 1 : path;
	return folder_of(path, folder) ? open(folder, O_PATH | O_DIRECTORY |
	    O_CLOEXEC) : -1;
}

bool
folder_sync(const char *path)
{
	char folder[PATH_MAX];
	int fd = -1;
	bool ok;

	if (folder_of(path, folder))
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = fd != -1 && fsync(fd) == 0;
	if (fd != -1)
		close(fd);
	return ok;
}
