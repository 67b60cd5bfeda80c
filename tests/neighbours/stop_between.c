/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stop_between DOOR UID COMMAND [ARGUMENT...]
 *
 * Runs COMMAND (su) as user UID, stops it (SIGSTOP) right after it has
 * connected to DOOR and before it has sent anything, prints `stopped PID`
 * and leaves it there, untraced, for whoever reads that.
 * Followed by ptrace(2), which a setuid program bears when root traces.
 */
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <linux/ptrace.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPTIONS	(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)

static pid_t
start(uid_t uid, char **argv)
{
	pid_t pid = fork();

	if (pid == -1)
		err(1, "fork");
	if (pid != 0)
		return pid;
	/* Traced first: what root traces stays setuid. */
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1 ||
	    raise(SIGSTOP) != 0 || setresgid(uid, uid, uid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		err(1, "uid %u", (unsigned)uid);
	execv(argv[0], argv);
	err(127, "%s", argv[0]);
}

static bool
names(pid_t pid, uint64_t address, const char *door)
{
	struct sockaddr_un sa = { .sun_family = AF_UNSPEC };
	struct iovec mine = { .iov_base = &sa, .iov_len = sizeof(sa) };
	struct iovec theirs = { .iov_base = (void *)(uintptr_t)address,
	    .iov_len = sizeof(sa) };

	if (process_vm_readv(pid, &mine, 1, &theirs, 1, 0) == -1)
		return false;
	sa.sun_path[sizeof(sa.sun_path) - 1] = '\0';
	return sa.sun_family == AF_UNIX && strcmp(sa.sun_path, door) == 0;
}

/* Through its system calls, until connect(DOOR) has succeeded. */
static void
follow(pid_t pid, const char *door)
{
	struct ptrace_syscall_info info;
	bool knocking = false;
	int status, sig = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, (long)sig) == -1 ||
		    waitpid(pid, &status, 0) != pid)
			err(1, "tracing");
		if (!WIFSTOPPED(status))
			errx(1, "ended before it had connected");
		sig = WSTOPSIG(status);
		if (sig == SIGTRAP)
			sig = 0;	/* exec */
		if (sig != (SIGTRAP | 0x80))
			continue;
		sig = 0;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info),
		    &info) <= 0)
			err(1, "no system call");
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
			knocking = info.entry.nr == SYS_connect &&
			    names(pid, info.entry.args[1], door);
		else if (knocking && info.exit.rval == 0)
			return;
	}
}

int
main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 4)
		errx(2, "usage: stop_between DOOR UID COMMAND [ARGUMENT...]");
	pid = start((uid_t)strtoul(argv[2], NULL, 10), argv + 3);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, OPTIONS) == -1)
		err(1, "not traced");
	follow(pid, argv[1]);
	/* Stopped as a user stops it: no tracer is needed any more. */
	if (ptrace(PTRACE_DETACH, pid, NULL, SIGSTOP) == -1)
		err(1, "detach");
	printf("stopped %ld\n", (long)pid);
	return fflush(stdout) == 0 ? 0 : 1;
}
