/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/folder.h"
#include "cli/save.h"

static bool
failed(const struct save *s, const struct call *call)
{
	const char *why = strerror(errno);
	char path[256];

	terminal_clean(s->path, path, sizeof(path));
	say(call, "%s: %s", path, why);
	return false;
}

bool
save_start(struct save *s, const struct call *call)
{
	*s = (struct save){ .path = call->value[OPTION_SAVE], .fd = -1 };
	if (s->path == NULL)
		return true;
	s->fd = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC | O_NOCTTY, 0600);
	s->made = s->fd != -1;
	return s->made || failed(s, call);
}

bool
save_write(struct save *s, const struct call *call, const char *text,
    size_t len)
{
	if (s->path == NULL)
		return true;
	if (fchmod(s->fd, 0600) == 0 && ftruncate(s->fd, 0) == 0 &&
	    lseek(s->fd, 0, SEEK_SET) == 0 &&
	    terminal_write(s->fd, text, len) && fsync(s->fd) == 0 &&
	    folder_sync(s->path))
		return true;
	return failed(s, call);
}

void
save_end(struct save *s, bool keep)
{
	if (s->made && !keep)
		unlink(s->path);
	if (s->fd != -1)
		close(s->fd);
	*s = (struct save){ .fd = -1 };
}
