/* SPDX-License-Identifier: BSD-2-Clause */
/* What other programs say: sshd -T, stepupd -t. */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor/look.h"
#include "common/wire.h"

static _Noreturn void
become(char *const argv[], int out, int err)
{
	char *const env[] = { NULL };
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	if (null == -1 || dup2(null, 0) == -1 || dup2(out, 1) == -1 ||
	    dup2(err, 2) == -1 || close_range(3, ~0U, 0) == -1)
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(argv[0], argv, env);
	_exit(127);
}

/* Waits until the deadline, then ends it; its exit status or -1. */
static int
wait_for(pid_t child)
{
	int64_t deadline = wire_now_ms() + LOOK_RUN_MS;
	int fd = (int)syscall(SYS_pidfd_open, child, 0), status;

	if (fd == -1 || !wire_wait(fd, POLLIN, deadline))
		kill(child, SIGKILL);
	if (fd != -1)
		close(fd);
	while (waitpid(child, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What was written there; NULL: too much, or no memory. */
static char *
content(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text;

	if (size < 0 || size > LOOK_OUTPUT_MAX)
		return NULL;
	text = calloc(1, (size_t)size + 1);
	if (text != NULL && pread(fd, text, (size_t)size, 0) != size) {
		free(text);
		return NULL;
	}
	return text;
}

int
look_run(char *const argv[], char **out, char **err)
{
	int fds[2], status = -1;
	pid_t child;

	*out = *err = NULL;
	fds[0] = memfd_create("out", MFD_CLOEXEC);
	fds[1] = memfd_create("err", MFD_CLOEXEC);
	child = fds[0] == -1 || fds[1] == -1 ? -1 : fork();
	if (child == 0)
		become(argv, fds[0], fds[1]);
	if (child > 0)
		status = wait_for(child);
	if (status >= 0 && status != 127) {
		*out = content(fds[0]);
		*err = content(fds[1]);
	}
	if (*out == NULL || *err == NULL)
		status = -1;
	if (fds[0] != -1)
		close(fds[0]);
	if (fds[1] != -1)
		close(fds[1]);
	return status;
}

void
look_sshd(struct world *w)
{
	static char paths[][32] = { "/usr/sbin/sshd", "/usr/local/sbin/sshd",
	    "/sbin/sshd" };
	static char test[] = "-T", with[] = "-C",
	    who[] = "user=root,host=localhost,addr=127.0.0.1";
	char *argv[] = { NULL, test, with, who, NULL }, *err = NULL;
	size_t i;
	int status;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (argv[0] == NULL && access(paths[i], X_OK) == 0)
			argv[0] = paths[i];
	w->sshd = argv[0] != NULL;
	if (!w->sshd)
		return;
	if (w->euid != 0) {
		world_unseen(w, "sshd -T: only root may run it");
		return;
	}
	status = look_run(argv, &w->sshd_text, &err);
	/* Other troubles than its configuration's are not for us to judge. */
	w->sshd_failed = status > 0 && strstr(err, "_config") != NULL;
	w->sshd_seen = status == 0 || w->sshd_failed;
	if (!w->sshd_seen)
		world_unseen(w, "sshd -T: %.*s", err != NULL ?
		    (int)strcspn(err, "\r\n") : 14,
		    err != NULL ? err : "it failed");
	free(err);
}

void
look_settings(const struct call *call, struct world *w)
{
	static char test[] = "-t";
	char *argv[] = { strdup(call->host->stepupd), test, NULL };
	char *out = NULL, *err = NULL;
	int status = -1;

	if (argv[0] != NULL)
		status = look_run(argv, &out, &err);
	if (status == 0)
		world_read_settings(w, out);
	else if (status > 0)
		world_refuse_settings(w, err);
	else
		world_unseen(w, "settings: %s -t cannot be run",
		    call->host->stepupd);
	free(argv[0]);
	free(out);
	free(err);
}
