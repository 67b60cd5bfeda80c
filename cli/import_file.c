/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/account.h"
#include "cli/import.h"

enum import_why
import_account(const char *name, uid_t uid, char user[256], uid_t *found,
    char **home)
{
	int error = account_find(name, uid, user, found, home);

	if (error == 0)
		return IMPORT_FINE;
	user[0] = '\0';
	return error == ENOENT || error == ESRCH ? IMPORT_NO_USER :
	    IMPORT_NAME_SERVICE;
}

/* What is wrong with what was opened. */
static enum import_why
look(const struct stat *st, size_t max, struct import_entry *e)
{
	if (!S_ISREG(st->st_mode))
		return IMPORT_NOT_REGULAR;
	if (st->st_nlink != 1)
		return IMPORT_LINKS;
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return IMPORT_WRITABLE;
	if (st->st_size < 0 || (uint64_t)st->st_size > max)
		return IMPORT_TOO_LARGE;
	if ((st->st_mode & (S_IRGRP | S_IROTH)) != 0)
		e->notes |= IMPORT_READABLE;
	return IMPORT_FINE;
}

/* As much as there was when we looked; it may have grown since. */
static bool
read_all(int fd, char *text, size_t size, size_t *len)
{
	ssize_t n;

	for (*len = 0; *len < size; *len += (size_t)n) {
		do
			n = read(fd, text + *len, size - *len);
		while (n == -1 && errno == EINTR);
		if (n <= 0)
			return n == 0;
	}
	return true;
}

enum import_why
import_read(int dir, const char *base, size_t max, struct import_entry *e,
    uid_t *owner, char **text, size_t *len)
{
	enum import_why why = IMPORT_OPEN;
	struct stat st;
	int fd;

	*text = NULL;
	/* Opening a device may do something: that one is not opened. */
	if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		e->error = errno;
		return why;
	}
	if (!S_ISREG(st.st_mode))
		return IMPORT_NOT_REGULAR;
	fd = openat(dir, base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC |
	    O_NONBLOCK | O_NOCTTY);
	if (fd == -1 || fstat(fd, &st) == -1)
		goto out;
	why = look(&st, max, e);
	if (why != IMPORT_FINE)
		goto out;
	*owner = st.st_uid;
	*text = malloc((size_t)st.st_size + 1);
	if (*text == NULL || !read_all(fd, *text, (size_t)st.st_size, len)) {
		why = IMPORT_OPEN;
		goto out;
	}
out:
	if (why == IMPORT_OPEN)
		e->error = errno;
	if (why != IMPORT_FINE) {
		if (*text != NULL)
			explicit_bzero(*text, (size_t)st.st_size);
		free(*text);
		*text = NULL;
	}
	if (fd != -1)
		close(fd);
	return why;
}
