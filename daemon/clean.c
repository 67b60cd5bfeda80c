/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/clean.h"

#define CPUS_MAX	8192
#define TIMER_SLACK_NS	50000	/* the kernel's own default */

#ifndef IOPRIO_WHO_PROCESS
#define IOPRIO_WHO_PROCESS 1
#endif

#define MIB ((rlim_t)1024 * 1024)

/*
 * Limits that could stop a commit half way, with what a request needs at
 * the least and what is asked for where it may be had.
 */
struct limit_row {
	const char	*name;
	int		 resource;
	rlim_t		 least;
	rlim_t		 wanted;
};

static const struct limit_row limits[] = {
	{ "descriptors", RLIMIT_NOFILE, 64, 4096 },
	{ "file size", RLIMIT_FSIZE, 1024 * MIB, RLIM_INFINITY },
	{ "address space", RLIMIT_AS, 512 * MIB, RLIM_INFINITY },
	{ "data", RLIMIT_DATA, 256 * MIB, RLIM_INFINITY },
	{ "stack", RLIMIT_STACK, MIB, 8 * MIB },
	{ "processor time", RLIMIT_CPU, 60, RLIM_INFINITY },
	{ "processes", RLIMIT_NPROC, 16, RLIM_INFINITY },
	{ "locked memory", RLIMIT_MEMLOCK, 0, RLIM_INFINITY },
	{ "resident set", RLIMIT_RSS, 0, RLIM_INFINITY },
	{ "pending signals", RLIMIT_SIGPENDING, 0, RLIM_INFINITY },
};

/* Raise what may be raised: both, or the soft one up to the hard one. */
static bool
limit_raise(const struct limit_row *row)
{
	struct rlimit r;

	if (getrlimit(row->resource, &r) == -1)
		return false;
	if (r.rlim_max < row->wanted || r.rlim_cur < row->wanted) {
		struct rlimit more = { row->wanted, row->wanted };

		if (r.rlim_max > row->wanted)
			more.rlim_max = r.rlim_max;
		if (setrlimit(row->resource, &more) == -1) {
			more.rlim_cur = more.rlim_max = r.rlim_max;
			(void)setrlimit(row->resource, &more);
		}
	}
	return getrlimit(row->resource, &r) == 0 && r.rlim_cur >= row->least;
}

static enum outcome
limits_raise(struct failure *f)
{
	const struct limit_row *low = NULL;
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (!limit_raise(&limits[i]) && low == NULL)
			low = &limits[i];
	if (low != NULL)
		return failure_set(f, OUT_STORE, NULL,
		    "the limit of %s is too small", low->name);
	return OUT_DONE;
}

/* No picture of this process, by dump, ptrace or /proc. */
static void
hide(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static void
signals_default(void)
{
	struct sigaction sa;
	sigset_t none;
	int i;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	for (i = 1; i < NSIG; i++)
		(void)sigaction(i, &sa, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
processors_all(void)
{
	cpu_set_t *all = CPU_ALLOC(CPUS_MAX);
	size_t size = CPU_ALLOC_SIZE(CPUS_MAX);
	int i;

	if (all == NULL)
		return;
	CPU_ZERO_S(size, all);
	for (i = 0; i < CPUS_MAX; i++)
		CPU_SET_S((size_t)i, size, all);
	(void)sched_setaffinity(0, size, all);
	CPU_FREE(all);
}

/* Best effort: a container may forbid any of it, and none of it decides. */
static void
scheduling_plain(void)
{
	const struct sched_param param = { 0 };
	int fd;

	if (sched_getscheduler(0) != SCHED_OTHER)
		(void)sched_setscheduler(0, SCHED_OTHER, &param);
	errno = 0;
	if (getpriority(PRIO_PROCESS, 0) != 0 || errno != 0)
		(void)setpriority(PRIO_PROCESS, 0, 0);
	processors_all();
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, 0);
	(void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0);
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd != -1) {
		if (write(fd, "0", 1) == -1)
			errno = 0;
		close(fd);
	}
}

static bool
ids_root(void)
{
	uid_t u[3];
	gid_t g[3];

	if (getgroups(0, NULL) != 0)
		(void)setgroups(0, NULL);
	if (getresgid(&g[0], &g[1], &g[2]) == -1 ||
	    ((g[0] | g[1] | g[2]) != 0 && setresgid(0, 0, 0) == -1))
		return false;
	return getresuid(&u[0], &u[1], &u[2]) == 0 &&
	    ((u[0] | u[1] | u[2]) == 0 || setresuid(0, 0, 0) == 0);
}

/* A terminal's stop, hangup and interrupt are not meant for us. */
static bool
session_own(void)
{
	return getsid(0) == getpid() || setsid() != -1;
}

/* What stands in for /dev/null where there is none: no write succeeds. */
static int
open_null(void)
{
	int fd = open("/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC);

	return fd != -1 ? fd : open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool
null_from_to(int first, int last)
{
	int fd = open_null(), i;
	bool ok = fd != -1;

	for (i = first; ok && i <= last; i++)
		ok = fd == i ? fcntl(fd, F_SETFD, 0) != -1 : dup2(fd, i) == i;
	if (fd > last)
		close(fd);
	return ok;
}

static bool
close_from(unsigned first)
{
	return close_range(first, ~0U, 0) == 0;
}

/* fd at exactly `to`, close-on-exec, nothing else changed. */
static int
move(int fd, int to)
{
	return dup3(fd, to, O_CLOEXEC);
}

/*
 * Programs that a password check starts inherit 0 to 2: the connection
 * must be none of them, or it would outlive this process.
 */
static bool
descriptors_plain(int *first, int *second)
{
	int high = second != NULL ? 5 : 4;

	if (move(0, 3) != 3)
		return false;
	*first = 3;
	if (second != NULL) {
		if (move(1, 4) != 4)
			return false;
		*second = 4;
	}
	return close_from((unsigned)high) && null_from_to(0, 2);
}

bool
clean_stdio(void)
{
	int i;

	for (i = 0; i <= 2; i++)
		if (fcntl(i, F_GETFD) == -1 && !null_from_to(i, i))
			return false;
	return true;
}

enum outcome
clean_process(int *first, int *second, struct failure *f)
{
	enum outcome o;

	*first = 0;
	if (second != NULL)
		*second = 1;
	o = limits_raise(f);	/* first: descriptors are needed below */
	signals_default();
	hide();
	(void)clearenv();
	umask(077);
	if (!descriptors_plain(first, second))
		o = failure_set(f, OUT_STORE, NULL, "descriptors: %s",
		    strerror(errno));
	if (chdir("/") == -1)
		o = failure_set(f, OUT_STORE, "/", "%s", strerror(errno));
	if (!ids_root())
		o = failure_set(f, OUT_STORE, NULL, "ids: %s",
		    strerror(errno));
	if (!session_own())
		o = failure_set(f, OUT_STORE, NULL, "no session: %s",
		    strerror(errno));
	scheduling_plain();
	return o;
}

/* Every connection is a descriptor. */
static void
descriptors_raise(void)
{
	const struct limit_row many =
	    { "descriptors", RLIMIT_NOFILE, 64, 65536 };

	(void)limit_raise(&many);
}

enum outcome
clean_server(int *keep, struct failure *f)
{
	struct sigaction ignore;

	descriptors_raise();
	signals_default();
	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &ignore, NULL);
	hide();
	(void)clearenv();
	umask(077);
	if (chdir("/") == -1)
		return failure_set(f, OUT_SERVICE, "/", "%s",
		    strerror(errno));
	if (*keep != 3) {
		if (move(*keep, 3) != 3)
			return failure_set(f, OUT_SERVICE, NULL,
			    "descriptors: %s", strerror(errno));
		*keep = 3;
	}
	if (fcntl(3, F_SETFD, FD_CLOEXEC) == -1 || !close_from(4))
		return failure_set(f, OUT_SERVICE, NULL, "descriptors: %s",
		    strerror(errno));
	return OUT_DONE;
}

unsigned long
clean_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		return 64;
	return r.rlim_cur > 1 << 20 ? 1UL << 20 : (unsigned long)r.rlim_cur;
}
