/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside sshd, su or a threaded server, and nothing there may notice:
 * - The host's SIGCHLD stays quiet and its waitpid(-1) finds nothing: the
 *   child is cloned with exit signal 0, so that only __WCLONE sees it.  exec
 *   would set that signal back to SIGCHLD, hence a *middle* process that
 *   never execs and waits for the helper in its place.
 * - Hosts that ignore SIGCHLD would lose the helper's status: the middle
 *   sets its own copy to default.
 * - No atfork handler of the host runs, and no lock of the host is taken:
 *   raw clone, then nothing but async-signal-safe calls.
 * - No handler of the host runs in the child: all signals are blocked from
 *   before the clone; the helper gets the full mask and empties it itself.
 * - The helper sees nothing that the invoking user prepared: descriptors
 *   closed, environment empty, no argument but `--login`.
 * - A helper that hangs or is stopped is killed by the middle when its time
 *   is over; a middle that is stopped is woken for it, and killed if that
 *   does not help.
 */
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "common/wire.h"
#include "pam/spawn.h"

/* After its deadline the middle has this long to kill and to end. */
#define GRACE_MS	500

/* In the middle the descriptors are numbered anew. */
#define REPORT_FD	3

/*
 * Descriptors of the middle and of the helper: the socket on 0, /dev/null
 * on 1 and 2, the report on 3 (closed by exec), nothing else.  Both are
 * copied out of the way first: the host may have had 0..3 free.
 */
static bool
arrange_descriptors(int socket, int report)
{
	int null;

	socket = fcntl(socket, F_DUPFD_CLOEXEC, REPORT_FD + 1);
	report = fcntl(report, F_DUPFD_CLOEXEC, REPORT_FD + 1);
	null = open("/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (socket == -1 || report == -1 || null == -1)
		return false;
	null = fcntl(null, F_DUPFD_CLOEXEC, REPORT_FD + 1);
	if (null == -1 || dup2(null, 1) == -1 || dup2(null, 2) == -1 ||
	    dup2(socket, 0) == -1 ||
	    dup3(report, REPORT_FD, O_CLOEXEC) == -1)
		return false;
	return close_range(REPORT_FD + 1, ~0U, 0) == 0;
}

/* vfork shares our memory and stack: the child calls execve or _exit. */
static pid_t
start_helper(const char *path, char *const argv[], char *const envp[])
{
	pid_t pid = vfork();

	if (pid == 0) {
		execve(path, argv, envp);
		_exit(SPAWN_FAILED);
	}
	return pid;
}

/* Until the helper ends (SIGCHLD is blocked, so it waits for us) or late. */
static bool
await_helper(pid_t helper, int *status, int64_t deadline_ms)
{
	struct timespec ts;
	sigset_t chld;
	int64_t left;
	pid_t pid;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	while ((pid = waitpid(helper, status, WNOHANG)) == 0) {
		left = deadline_ms - wire_now_ms();
		if (left <= 0)
			return false;
		ts.tv_sec = (time_t)(left / 1000);
		ts.tv_nsec = (long)(left % 1000 * 1000000);
		sigtimedwait(&chld, NULL, &ts);
	}
	return pid == helper;
}

/* The middle process: async-signal-safe calls only, never returns. */
static void __attribute__((noreturn))
middle(const char *path, char *const argv[], char *const envp[], int socket,
    int report, int64_t deadline_ms)
{
	const struct sigaction by_default = { .sa_handler = SIG_DFL };
	int status = 0;
	pid_t helper;

	if (sigaction(SIGCHLD, &by_default, NULL) == -1 ||
	    !arrange_descriptors(socket, report))
		_exit(SPAWN_FAILED);
	helper = start_helper(path, argv, envp);
	if (helper == -1)
		_exit(SPAWN_FAILED);
	close_range(0, REPORT_FD - 1, 0);
	if (write(REPORT_FD, &helper, sizeof(helper)) != sizeof(helper) ||
	    !await_helper(helper, &status, deadline_ms)) {
		kill(helper, SIGKILL);
		while (waitpid(helper, &status, 0) == -1 && errno == EINTR)
			;
		kill(getpid(), SIGKILL);
	}
	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	kill(getpid(), SIGKILL);
	_exit(SPAWN_FAILED);
}

/* fork without exit signal, handlers and locks; both stacks are the same. */
static pid_t
clone_quietly(void)
{
	return (pid_t)syscall(SYS_clone, 0UL, 0UL, 0UL, 0UL, 0UL);
}

static void
close_both(const int fds[2])
{
	int saved = errno;

	if (fds[0] != -1)
		close(fds[0]);
	if (fds[1] != -1)
		close(fds[1]);
	errno = saved;
}

bool
spawn_start(struct spawn *s, const char *path, int64_t deadline_ms)
{
	char name[] = "stepupd", argument[] = "--login";
	char *const argv[] = { name, argument, NULL }, *const envp[] = { NULL };
	int sockets[2] = { -1, -1 }, report[2] = { -1, -1 };
	sigset_t all, before;
	int saved;

	*s = (struct spawn){ -1, -1, -1, deadline_ms };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    sockets) == -1 || pipe2(report, O_CLOEXEC) == -1) {
		close_both(sockets);
		return false;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	s->middle = clone_quietly();
	if (s->middle == 0)
		middle(path, argv, envp, sockets[1], report[1], deadline_ms);
	saved = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	if (s->middle == -1) {
		close_both(sockets);
		close_both(report);
		return false;
	}
	close(sockets[1]);
	close(report[1]);
	s->fd = sockets[0];
	s->report = report[0];
	return true;
}

/* True when the middle has ended, which closes the report. */
static bool
await_middle(const struct spawn *s, int64_t deadline_ms, pid_t *helper)
{
	ssize_t n;

	while (wire_wait(s->report, POLLIN, deadline_ms)) {
		n = read(s->report, helper, sizeof(*helper));
		if (n == 0)
			return true;
		if (n != sizeof(*helper) && !(n == -1 && errno == EINTR))
			break;
	}
	return false;
}

/*
 * The middle did not end in time, so it was stopped: it goes on, and does
 * what it is there for.  Stopped again, it is killed with its helper, whose
 * pid is still the helper's, since nobody else can have reaped it.
 */
static void
end_middle(const struct spawn *s, pid_t helper)
{
	kill(s->middle, SIGCONT);
	if (await_middle(s, wire_now_ms() + GRACE_MS, &helper))
		return;
	if (helper > 0)
		kill(helper, SIGKILL);
	kill(s->middle, SIGKILL);
}

int
spawn_end(struct spawn *s)
{
	pid_t helper = 0, pid;
	int status = 0;

	close(s->fd);
	if (!await_middle(s, s->deadline_ms + GRACE_MS, &helper))
		end_middle(s, helper);
	close(s->report);
	s->fd = s->report = -1;
	do
		pid = waitpid(s->middle, &status, __WCLONE);
	while (pid == -1 && errno == EINTR);
	if (pid == -1)
		return SPAWN_REAPED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : SPAWN_KILLED;
}
