/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A child is given everything a user can set before su, cleans itself and
 * tells what it then is.
 */
#include "unit.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "daemon/clean.h"
#include "tests/integration/shim.h"

#define NICE	5
#define OOM	"500"

/* What the child became. */
struct report {
	enum outcome	outcome;
	struct failure	failure;
	int		first, second;
	bool		environment, session, dumpable;
	bool		signals, mask, second_same;
	mode_t		mask_files;
	char		folder[64];
	int		open_from;	/* first descriptor that is open
					   though it should not be; -1 */
	bool		null[3];	/* 0..2 are no sockets */
	rlim_t		files, size, core;
	int		cpus, cpus_before, niceness, ioprio;
	char		oom[16];
};

static void
set_limit(int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit r = { soft, hard };

	(void)setrlimit(resource, &r);
}

static int
cpu_count(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ?
	    CPU_COUNT(&set) : -1;
}

static void
oom_file(int flags, char *buf, size_t len)
{
	int fd = open("/proc/self/oom_score_adj", flags | O_CLOEXEC);
	ssize_t n = flags == O_RDONLY ? read(fd, buf, len - 1) :
	    write(fd, buf, len);

	if (flags == O_RDONLY)
		buf[n > 0 ? n : 0] = '\0';
	close(fd);
}

/* What a user sets before su. */
static void
be_nasty(struct report *r)
{
	struct sigaction sa;
	cpu_set_t one;
	sigset_t all;
	char oom[] = OOM;
	int fd;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_IGN;
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGCHLD, &sa, NULL);
	sigaction(SIGPIPE, &sa, NULL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	umask(0);
	if (chdir("/tmp") == -1)
		_exit(9);
	setenv("SQLITE_TMPDIR", "/tmp/mine", 1);
	setenv("TZ", ":/tmp/mine", 1);
	r->cpus_before = cpu_count();
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	setpriority(PRIO_PROCESS, 0, NICE);
	syscall(SYS_ioprio_set, 1, 0, 3 << 13);
	oom_file(O_WRONLY, oom, sizeof(oom) - 1);
	set_limit(RLIMIT_FSIZE, 0, RLIM_INFINITY);
	set_limit(RLIMIT_CORE, RLIM_INFINITY, RLIM_INFINITY);
	for (fd = 10; fd < 40; fd++)
		dup2(1, fd);
	set_limit(RLIMIT_NOFILE, 8, 4096);
}

static bool
is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static void
look(struct report *r, const char *second)
{
	struct rlimit lim;
	struct sigaction sa;
	sigset_t mask;
	char **env = environ;
	int i;

	r->environment = env == NULL || env[0] == NULL;
	r->session = getsid(0) == getpid();
	r->dumpable = prctl(PR_GET_DUMPABLE) != 0;
	r->signals = true;
	for (i = 1; i < SIGRTMAX; i++)
		if (sigaction(i, NULL, &sa) == 0 && sa.sa_handler != SIG_DFL)
			r->signals = false;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	r->mask = sigisemptyset(&mask);
	r->mask_files = umask(0);
	if (getcwd(r->folder, sizeof(r->folder)) == NULL)
		r->folder[0] = '\0';
	r->open_from = -1;
	for (i = second != NULL ? 5 : 4; i < 64; i++)
		if (r->open_from == -1 && fcntl(i, F_GETFD) != -1)
			r->open_from = i;
	for (i = 0; i <= 2; i++)
		r->null[i] = fcntl(i, F_GETFD) != -1 && !is_socket(i);
	if (second != NULL)
		r->second_same = send(r->second, second, 1, 0) == 1;
	getrlimit(RLIMIT_NOFILE, &lim);
	r->files = lim.rlim_cur;
	getrlimit(RLIMIT_FSIZE, &lim);
	r->size = lim.rlim_cur;
	getrlimit(RLIMIT_CORE, &lim);
	r->core = lim.rlim_max;
	r->cpus = cpu_count();
	r->niceness = getpriority(PRIO_PROCESS, 0);
	r->ioprio = (int)syscall(SYS_ioprio_get, 1, 0) >> 13;
	oom_file(O_RDONLY, r->oom, sizeof(r->oom));
}

/* Runs before() and then the clean in a child. */
static struct report
clean_child(void (*before)(struct report *), bool two)
{
	struct report r;
	int pair[2], channel[2], status;
	char byte = 0;
	pid_t pid;

	memset(&r, 0, sizeof(r));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel), 0);
	pid = fork();
	if (pid == 0) {
		dup2(pair[1], 0);
		if (two)
			dup2(channel[1], 1);
		if (before != NULL)
			before(&r);
		r.outcome = clean_process(&r.first, two ? &r.second : NULL,
		    &r.failure);
		look(&r, two ? "x" : NULL);
		_exit(send(r.first, &r, sizeof(r), 0) == -1);
	}
	assert_true(pid > 0);
	close(pair[1]);
	close(channel[1]);
	assert_int_equal(recv(pair[0], &r, sizeof(r), 0), sizeof(r));
	if (two) {
		assert_int_equal(recv(channel[0], &byte, 1, 0), 1);
		assert_int_equal(byte, 'x');
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(pair[0]);
	close(channel[0]);
	return r;
}

static void
everything_put_right(void **state)
{
	struct report r = clean_child(be_nasty, false);

	(void)state;
	assert_string_equal(r.failure.reason, "");
	assert_int_equal(r.outcome, OUT_DONE);
	assert_int_equal(r.first, 3);
	assert_true(r.environment);
	assert_true(r.session);
	assert_false(r.dumpable);
	assert_true(r.signals);
	assert_true(r.mask);
	assert_int_equal(r.mask_files, 077);
	assert_string_equal(r.folder, "/");
	assert_int_equal(r.open_from, -1);
	assert_true(r.null[0] && r.null[1] && r.null[2]);
	assert_true(r.files >= 4096);
	assert_true(r.size == RLIM_INFINITY);
	assert_int_equal(r.core, 0);
	assert_int_equal(r.cpus, r.cpus_before);
	assert_int_equal(r.ioprio, 0);
}

/* What needs privileges: nobody is denied for want of it, root gets it. */
static void
priorities(void **state)
{
	struct report r = clean_child(be_nasty, false);
	bool root = syscall(SYS_getuid) == 0;

	(void)state;
	assert_int_equal(r.outcome, OUT_DONE);
	if (root) {
		assert_int_equal(r.niceness, 0);
		assert_string_equal(r.oom, "0\n");
	} else {
		assert_int_equal(r.niceness, NICE);
		assert_true(strcmp(r.oom, "0\n") == 0 ||
		    strcmp(r.oom, OOM "\n") == 0);
	}
}

static void
second_descriptor(void **state)
{
	struct report r = clean_child(be_nasty, true);

	(void)state;
	assert_int_equal(r.outcome, OUT_DONE);
	assert_int_equal(r.first, 3);
	assert_int_equal(r.second, 4);
	assert_true(r.second_same);
	assert_int_equal(r.open_from, -1);
	assert_true(r.null[0] && r.null[1] && r.null[2]);
}

/* So that even root cannot raise what follows. */
static void
resources_fixed(void)
{
	struct { uint32_t version; int pid; } head = { 0x20080522, 0 };
	struct { uint32_t effective, permitted, inheritable; } caps[2];

	if (syscall(SYS_capget, &head, caps) == -1)
		_exit(9);
	/* CAP_SYS_RESOURCE */
	caps[0].permitted &= ~(1U << 24);
	caps[0].effective &= caps[0].permitted;
	if (syscall(SYS_capset, &head, caps) == -1)
		_exit(9);
}

static void
small_file_size(struct report *r)
{
	(void)r;
	set_limit(RLIMIT_FSIZE, 0, 0);
	resources_fixed();
}

static void
small_descriptors(struct report *r)
{
	(void)r;
	set_limit(RLIMIT_NOFILE, 32, 32);
	resources_fixed();
}

#ifndef __SANITIZE_ADDRESS__
static void
small_space(struct report *r)
{
	(void)r;
	set_limit(RLIMIT_AS, 100 << 20, 100 << 20);
	resources_fixed();
}
#endif

static void
small_time(struct report *r)
{
	(void)r;
	set_limit(RLIMIT_CPU, 5, 5);
	resources_fixed();
}

/* Nothing may be evaluated, and the peer can still be told. */
static void
small_limits_refuse(void **state)
{
	static const struct {
		void		(*before)(struct report *);
		const char	*reason;
	} rows[] = {
		{ small_file_size, "the limit of file size is too small" },
		{ small_descriptors, "the limit of descriptors is too small" },
#ifndef __SANITIZE_ADDRESS__	/* its shadow alone takes terabytes */
		{ small_space, "the limit of address space is too small" },
#endif
		{ small_time, "the limit of processor time is too small" },
	};
	struct report r;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		r = clean_child(rows[i].before, false);
		assert_int_equal(r.outcome, OUT_STORE);
		assert_string_equal(r.failure.reason, rows[i].reason);
		assert_int_equal(r.first, 3);
	}
}

/* Missing 0..2 are filled before anything else can take their place. */
static void
stdio_filled(void **state)
{
	int status, i;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		close(0);
		close(2);
		if (!clean_stdio())
			_exit(1);
		for (i = 0; i <= 2; i++)
			if (fcntl(i, F_GETFD) == -1)
				_exit(2);
		_exit(open("/", O_RDONLY) > 2 ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
server_keeps_its_socket(void **state)
{
	int pair[2], status;
	struct failure f;
	char c = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		int keep = dup2(pair[1], 50), i;

		setenv("LISTEN_FDS", "1", 1);
		if (clean_server(&keep, &f) != OUT_DONE || keep != 3)
			_exit(1);
		for (i = 4; i < 64; i++)
			if (fcntl(i, F_GETFD) != -1)
				_exit(2);
		if (environ != NULL && environ[0] != NULL)
			_exit(3);
		_exit(send(3, "y", 1, 0) == 1 && umask(0) == 077 ? 0 : 4);
	}
	close(pair[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(recv(pair[0], &c, 1, 0), 1);
	assert_int_equal(c, 'y');
	close(pair[0]);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_put_right),
		cmocka_unit_test(priorities),
		cmocka_unit_test(second_descriptor),
		cmocka_unit_test(small_limits_refuse),
		cmocka_unit_test(stdio_filled),
		cmocka_unit_test(server_keeps_its_socket),
	};

	(void)argc;
	shim_begin(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
