/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor/pamstack.h"

bool
pamhost_path(const struct pamhost *host, const char *path,
    char buf[PATH_MAX])
{
	int n = snprintf(buf, PATH_MAX, "%s%s", host->root, path);

	return n >= 0 && n < PATH_MAX;
}

bool
pamhost_is_folder(const struct pamhost *host, const char *path)
{
	char buf[PATH_MAX];
	struct stat st;

	return pamhost_path(host, path, buf) && stat(buf, &st) == 0 &&
	    S_ISDIR(st.st_mode);
}

/* All of fd, one byte more than max telling that there is more. */
static char *
read_all(int fd, size_t max, size_t *len)
{
	char *data = malloc(max + 2);
	ssize_t n = 1;

	*len = 0;
	while (data != NULL && *len <= max && n > 0) {
		n = read(fd, data + *len, max + 1 - *len);
		if (n == -1 && errno == EINTR)
			n = 1;
		else if (n > 0)
			*len += (size_t)n;
	}
	if (data == NULL || n == -1 || *len > max) {
		if (data != NULL && n >= 0)
			errno = EFBIG;
		free(data);
		return NULL;
	}
	data[*len] = '\0';
	return data;
}

char *
pamhost_read(const struct pamhost *host, const char *path, size_t max,
    size_t *len)
{
	char buf[PATH_MAX], *data = NULL;
	struct stat st;
	int fd, error;

	*len = 0;
	if (host->planned != NULL && strcmp(host->planned, path) == 0) {
		*len = strlen(host->planned_text);
		return strdup(host->planned_text);
	}
	errno = ENAMETOOLONG;
	if (!pamhost_path(host, path, buf))
		return NULL;
	fd = open(buf, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return NULL;
	errno = EINVAL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		data = read_all(fd, max, len);
	error = errno;
	close(fd);
	errno = error;
	return data;
}
