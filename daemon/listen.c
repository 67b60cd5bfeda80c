/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "daemon/listen.h"
#include "daemon/peer.h"

#define PASSED_FIRST	3	/* SD_LISTEN_FDS_START */
#define LOCK_WAIT_MS	2000
#define LOCK_STEP_MS	20

static enum outcome
fail(struct failure *f, const char *path)
{
	return failure_set(f, OUT_SERVICE, path, "%s", strerror(errno));
}

/*
 * Two starts at once take turns.  Anybody may open the folder and hold that
 * lock for ever: it is waited for, but not obeyed.
 */
static void
folder_lock(int fd)
{
	int waited;

	for (waited = 0; flock(fd, LOCK_EX | LOCK_NB) == -1 &&
	    waited < LOCK_WAIT_MS; waited += LOCK_STEP_MS)
		(void)poll(NULL, 0, LOCK_STEP_MS);
}

/* Opens the folder and holds its lock. */
static enum outcome
folder_open(const char *dir, int *fd, struct failure *f)
{
	struct stat st;

	*fd = -1;
	if (dir[0] != '/')
		return failure_set(f, OUT_SERVICE, dir,
		    "not an absolute path");
	if (mkdir(dir, 0755) == 0) {
		if (chmod(dir, 0755) == -1)
			return fail(f, dir);
	} else if (errno != EEXIST)
		return fail(f, dir);
	*fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd == -1 || fstat(*fd, &st) == -1)
		return fail(f, dir);
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return failure_set(f, OUT_SERVICE, dir,
		    "others may write there, or it is theirs");
	folder_lock(*fd);
	return OUT_DONE;
}

static bool
address(struct sockaddr_un *sa, const char *dir, const char *name)
{
	int n;

	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	n = snprintf(sa->sun_path, sizeof(sa->sun_path), "%s/%s", dir, name);
	return n > 0 && (size_t)n < sizeof(sa->sun_path);
}

/* A full queue is an answer, too. */
static bool
somebody_listens(const struct sockaddr_un *sa)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	bool yes;

	if (fd == -1)
		return true;
	yes = connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 ||
	    (errno != ECONNREFUSED && errno != ENOENT);
	close(fd);
	return yes;
}

static enum outcome
name_free(const struct sockaddr_un *sa, struct failure *f)
{
	struct stat st;

	if (lstat(sa->sun_path, &st) == -1)
		return errno == ENOENT ? OUT_DONE : fail(f, sa->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return failure_set(f, OUT_SERVICE, sa->sun_path,
		    "is there and no socket");
	if (somebody_listens(sa))
		return failure_set(f, OUT_SERVICE, sa->sun_path,
		    "another service answers there");
	return OUT_DONE;
}

static bool
listen_up(struct listener *l, int queue)
{
	int flags = fcntl(l->fd, F_GETFL);

	l->no_rights = peer_refuse_rights(l->fd);
	return flags != -1 &&
	    fcntl(l->fd, F_SETFL, flags | O_NONBLOCK) != -1 &&
	    fcntl(l->fd, F_SETFD, FD_CLOEXEC) != -1 &&
	    listen(l->fd, queue) == 0;
}

/* Bound under a name nobody asks for, ready, and only then renamed. */
static enum outcome
bind_and_rename(const struct sockaddr_un *temporary,
    const struct sockaddr_un *real, mode_t mode, int queue,
    struct listener *l, struct failure *f)
{
	struct stat st;
	mode_t mask;
	int e;

	(void)unlink(temporary->sun_path);
	mask = umask(0777 & ~mode);
	e = bind(l->fd, (const struct sockaddr *)temporary,
	    sizeof(*temporary));
	umask(mask);
	if (e == -1)
		return fail(f, temporary->sun_path);
	if (chmod(temporary->sun_path, mode) == -1 ||
	    !listen_up(l, queue) ||
	    lstat(temporary->sun_path, &st) == -1 ||
	    rename(temporary->sun_path, real->sun_path) == -1) {
		(void)fail(f, temporary->sun_path);
		(void)unlink(temporary->sun_path);
		return OUT_SERVICE;
	}
	memcpy(l->path, real->sun_path, sizeof(l->path));
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return OUT_DONE;
}

enum outcome
listen_bind(const char *dir, const char *name, mode_t mode, int queue,
    struct listener *l, struct failure *f)
{
	struct sockaddr_un real, temporary;
	char hidden[64];
	enum outcome o;
	int folder;

	memset(l, 0, sizeof(*l));
	l->fd = -1;
	snprintf(hidden, sizeof(hidden), ".%s.new", name);
	if ((o = folder_open(dir, &folder, f)) != OUT_DONE)
		goto out;
	o = OUT_SERVICE;
	if (!address(&real, dir, name) || !address(&temporary, dir, hidden)) {
		(void)failure_set(f, o, dir, "too long for a socket's name");
		goto out;
	}
	if (name_free(&real, f) != OUT_DONE)
		goto out;
	l->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (l->fd == -1) {
		(void)fail(f, dir);
		goto out;
	}
	o = bind_and_rename(&temporary, &real, mode, queue, l, f);
out:
	if (o != OUT_DONE && l->fd != -1) {
		close(l->fd);
		l->fd = -1;
	}
	if (folder != -1)
		close(folder);
	return o;
}

bool
listen_passed(void)
{
	const char *pid = getenv("LISTEN_PID");
	uint64_t v;

	return pid != NULL && getenv("LISTEN_FDS") != NULL &&
	    text_number(pid, 1, INT_MAX, &v) && (pid_t)v == getpid();
}

static bool
option_is(int fd, int name, int value)
{
	socklen_t len = sizeof(int);
	int v = -1;

	return getsockopt(fd, SOL_SOCKET, name, &v, &len) == 0 && v == value;
}

enum outcome
listen_take(int queue, struct listener *l, struct failure *f)
{
	const char *fds = getenv("LISTEN_FDS");
	uint64_t n;

	memset(l, 0, sizeof(*l));
	l->fd = PASSED_FIRST;
	if (fds == NULL || !text_number(fds, 1, 1, &n))
		return failure_set(f, OUT_SERVICE, NULL,
		    "LISTEN_FDS: exactly one socket is served");
	if (!option_is(l->fd, SO_DOMAIN, AF_UNIX) ||
	    !option_is(l->fd, SO_TYPE, SOCK_SEQPACKET) ||
	    !option_is(l->fd, SO_ACCEPTCONN, 1))
		return failure_set(f, OUT_SERVICE, NULL,
		    "descriptor 3 is no listening SOCK_SEQPACKET socket");
	return listen_up(l, queue) ? OUT_DONE : fail(f, NULL);
}

void
listen_unlink(const struct listener *l)
{
	struct stat st;

	if (l->path[0] != '\0' && lstat(l->path, &st) == 0 &&
	    S_ISSOCK(st.st_mode) && st.st_dev == l->dev &&
	    st.st_ino == l->ino)
		(void)unlink(l->path);
}
