/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/futex.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <security/pam_appl.h>

#include "tests/attack/host.h"

#define PARK_SECONDS	60

/* What the conversation is told; one login a process. */
struct talker {
	const struct login	*login;
	struct slot		*slot;
	_Atomic uint32_t	*gate;		/* NULL: none */
	int64_t			 self, children;	/* CPU at the answer */
};

static int64_t
nanoseconds(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) == -1)
		err(1, "clock_gettime");
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t
host_now(void)
{
	return nanoseconds(CLOCK_MONOTONIC);
}

static int64_t
usage_ns(const struct rusage *u)
{
	return ((int64_t)u->ru_utime.tv_sec + u->ru_stime.tv_sec) *
	    1000000000 + ((int64_t)u->ru_utime.tv_usec +
	    u->ru_stime.tv_usec) * 1000;
}

static int64_t
children_ns(void)
{
	struct rusage u;

	if (getrusage(RUSAGE_CHILDREN, &u) == -1)
		err(1, "getrusage");
	return usage_ns(&u);
}

/* Waits while *word is 0; false when that took too long. */
static bool
futex_wait(_Atomic uint32_t *word)
{
	struct timespec limit = { .tv_sec = PARK_SECONDS };

	while (atomic_load(word) == 0)
		if (syscall(SYS_futex, word, FUTEX_WAIT, 0, &limit, NULL, 0)
		    == -1 && errno == ETIMEDOUT)
			return false;
	return true;
}

static void
futex_wake(_Atomic uint32_t *word)
{
	atomic_store(word, 1);
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

bool
host_parked(struct slot *s)
{
	return futex_wait(&s->parked);
}

void
host_open(_Atomic uint32_t *gate)
{
	futex_wake(gate);
}

bool
host_read(FILE *f, struct login *l)
{
	char line[5 * HOST_WORD], uid[HOST_WORD];
	int n;

	memset(l, 0, sizeof(*l));
	if (fgets(line, sizeof(line), f) == NULL)
		return false;
	n = sscanf(line, "%255s %255s %255s %255s %255s", l->tag, l->service,
	    l->user, uid, l->answer);
	if (n != 5)
		errx(2, "not a line of a plan: %s", line);
	l->uid = (uid_t)strtoul(uid, NULL, 10);
	return true;
}

struct slot *
host_slots(size_t n)
{
	void *p = mmap(NULL, n * sizeof(struct slot), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void
host_free(struct slot *s, size_t n)
{
	munmap(s, n * sizeof(*s));
}

/* At the first prompt: wait for the gate, and begin to count. */
static bool
park(struct talker *t)
{
	t->slot->prompted = true;
	if (t->gate != NULL) {
		futex_wake(&t->slot->parked);
		if (!futex_wait(t->gate))
			return false;
	}
	t->children = children_ns();
	t->self = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
	t->slot->answered = host_now();
	return true;
}

/* What the person waited for is here: counting ends. */
static void
verdict(struct talker *t)
{
	struct slot *s = t->slot;

	if (s->verdict != 0)
		return;
	s->verdict = host_now();
	if (!s->prompted)
		return;
	s->self = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - t->self;
	s->children = children_ns() - t->children;
}

static int
converse(int count, const struct pam_message **messages,
    struct pam_response **responses, void *data)
{
	struct talker *t = data;
	struct pam_response *r;
	int i;

	r = calloc((size_t)count, sizeof(*r));
	if (r == NULL)
		return PAM_BUF_ERR;
	for (i = 0; i < count; i++) {
		snprintf(t->slot->text, sizeof(t->slot->text), "%s",
		    messages[i]->msg);
		if (messages[i]->msg_style != PAM_PROMPT_ECHO_OFF &&
		    messages[i]->msg_style != PAM_PROMPT_ECHO_ON)
			continue;
		if (t->slot->prompted)
			verdict(t);
		if (t->slot->verdict != 0 || !park(t)) {
			free(r);
			return PAM_CONV_ERR;
		}
		r[i].resp = strdup(t->login->answer);
	}
	*responses = r;
	return PAM_SUCCESS;
}

static int
authenticate(struct talker *t)
{
	struct pam_conv conv = { converse, t };
	pam_handle_t *pamh = NULL;
	int result;

	result = pam_start(t->login->service, t->login->user, &conv, &pamh);
	if (result != PAM_SUCCESS)
		return result;
	result = pam_authenticate(pamh, 0);
	verdict(t);
	pam_end(pamh, result);
	return result;
}

int
host_here(const struct login *l, struct slot *s)
{
	struct talker t = { .login = l, .slot = s };

	s->pam = authenticate(&t);
	return s->pam;
}

static void
become(uid_t uid)
{
	struct passwd *p;

	if (uid == 0)
		return;
	p = getpwuid(uid);
	if (p == NULL || setgroups(0, NULL) == -1 ||
	    setresgid(p->pw_gid, p->pw_gid, p->pw_gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		errx(1, "cannot become uid %u", (unsigned)uid);
}

pid_t
host_start(const struct login *l, struct slot *s, _Atomic uint32_t *gate)
{
	struct talker t = { .login = l, .slot = s, .gate = gate };
	pid_t pid;

	s->pam = HOST_DIED;
	fflush(NULL);
	pid = fork();
	if (pid == -1)
		err(1, "fork");
	if (pid > 0)
		return pid;
	become(l->uid);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	s->pam = authenticate(&t);
	/* Who was refused without a prompt is waited for as well. */
	futex_wake(&s->parked);
	_exit(0);
}

void
host_end(pid_t pid, struct slot *s, int64_t *cpu)
{
	struct rusage u;
	int status;

	while (wait4(pid, &status, 0, &u) == -1)
		if (errno != EINTR)
			err(1, "wait4");
	*cpu = usage_ns(&u);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		s->pam = HOST_DIED;
}

void
host_print(const struct login *l, const struct slot *s, int64_t cpu)
{
	double took = s->prompted ? (double)(s->verdict - s->answered) : 0;

	printf("%s %d %d %.3f %.3f %.3f %.3f %s\n", l->tag, s->pam,
	    s->prompted, took / 1e3, (double)s->self / 1e3,
	    (double)s->children / 1e3, (double)cpu / 1e3, s->text);
}
