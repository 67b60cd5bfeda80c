/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/wire.h"
#include "daemon/children.h"
#include "daemon/clean.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/peer.h"
#include "daemon/public.h"
#include "daemon/single.h"

#define PAUSE_FORK_MS	100	/* fork failed: the host is short of them */
#define PAUSE_GONE_MS	10	/* a child ended before it said anything */
#define POLL_FIXED	2	/* listener, signals; then the channels */
#define BYTES_MAX	16	/* read from a channel in a turn */
#define BATCH_MAX	64	/* refused by one child */
#define EARLY_MAX	4097	/* in a queue that systemd made */

struct public {
	int		 listener, signals;
	struct children	 children;
	struct child	*fresh;		/* accepts; only one does */
	bool		 fresh_told;	/* and has found somebody */
	int64_t		 fresh_until;
	bool		 no_rights;
	unsigned	 early;		/* who came before no_rights held */
	int64_t		 paused_until;	/* 0: forks when somebody comes */
	bool		 ended, failed;
};

/* --- in the child ------------------------------------------------------ */

/* Whoever is gone again needs no verdict. */
static bool
hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = 0 };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) != 0;
}

static bool
tell(int channel, const void *data, size_t len)
{
	return send(channel, data, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static enum verdict
verdict_ask(int channel, int fd)
{
	unsigned char verdict;
	uid_t uid;

	if (hung_up(fd))
		return tell(channel, "", 1) ? VERDICT_GONE : VERDICT_BUSY;
	(void)peer_accepted(fd, &uid);
	if (!tell(channel, &uid, sizeof(uid)) ||
	    recv(channel, &verdict, 1, 0) != 1)
		return VERDICT_BUSY;
	return verdict;
}

static void
become_self(int fd, int channel, bool silent)
{
	char name[] = "stepupd", self[] = PUBLIC_SELF, report[] =
	    PUBLIC_REPORT, quiet[] = PUBLIC_SILENT;
	char *const argv[] = { name, self, report, silent ? quiet : NULL,
	    NULL };
	char *const envp[] = { NULL };

	if (dup2(fd, STDIN_FILENO) == STDIN_FILENO &&
	    dup2(channel, STDOUT_FILENO) == STDOUT_FILENO)
		(void)execve("/proc/self/exe", argv, envp);
	log_line(LOG_CRIT, "public door: exec: %s", strerror(errno));
	single_refuse(fd, OUT_SERVICE, NULL);
}

/* Returns for the next one; who is let in is served here. */
static void
child_accept(int listener, int channel)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd == -1)
		_exit(0);
	switch (verdict_ask(channel, fd)) {
	case VERDICT_IN:
		become_self(fd, channel, false);
		_exit(1);
	case VERDICT_SILENT:
		become_self(fd, channel, true);
		_exit(1);
	case VERDICT_PEER:
		single_refuse(fd, OUT_PEER, NULL);
		break;
	case VERDICT_BUSY:
		single_refuse(fd, OUT_BUSY, NULL);
		break;
	case VERDICT_GONE:
		break;
	}
}

/*
 * What was refused stays open until the end: no close here, see above.
 * Without its acceptor it ends: the listening socket would look alive to
 * the next one, and its queue be refused.
 */
static _Noreturn void
child_run(int listener, int channel, unsigned batch)
{
	while (batch-- > 0 && !hung_up(channel))
		child_accept(listener, channel);
	_exit(0);
}

/* --- in the acceptor --------------------------------------------------- */

/* Its own pid alone: one that was waited for may be somebody else's. */
static void
child_kill(struct child *c, int sig)
{
	if (!c->reaped)
		(void)kill(c->pid, sig);
}

static void
reap(struct public *p)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		children_reaped(&p->children, pid);
}

static void
pause_for(struct public *p, int64_t ms)
{
	p->paused_until = wire_now_ms() + ms;
}

static void
child_gone(struct public *p, struct child *c)
{
	if (c == p->fresh) {
		p->fresh = NULL;
		if (!p->fresh_told)
			pause_for(p, PAUSE_GONE_MS);
	}
	close(c->channel);
	children_remove(c);
}

/*
 * How many a child may refuse one after another.  When it lets one in, exec
 * closes the others: that cannot linger where nothing could be passed.
 */
static unsigned
batch(const struct public *p)
{
	return p->no_rights && p->early == 0 ? BATCH_MAX : 1;
}

static void
child_start(struct public *p)
{
	int64_t now = wire_now_ms();
	int channel[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    channel) == -1) {
		pause_for(p, PAUSE_FORK_MS);
		return;
	}
	if ((pid = fork()) == 0) {
		close(channel[0]);
		child_run(p->listener, channel[1], batch(p));
	}
	close(channel[1]);
	if (pid == -1) {
		close(channel[0]);
		pause_for(p, PAUSE_FORK_MS);
		return;
	}
	p->fresh = children_add(&p->children, pid, channel[0], now);
	p->fresh_told = false;
	p->fresh_until = now + PUBLIC_REPORT_MS;
}

/* A connection that has to go ends with its process. */
static void
child_report(struct public *p, struct child *c, uid_t uid)
{
	struct child *victim;
	unsigned char verdict;

	verdict = children_admit(&p->children, c, uid, wire_now_ms(),
	    &victim);
	if (c->state == CHILD_IN)
		p->fresh = NULL;
	else
		c->state = CHILD_NEW;	/* it looks for the next one */
	(void)send(c->channel, &verdict, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (victim != NULL)
		child_kill(victim, SIGKILL);
}

/* The one that accepts found somebody; n is 1 if who came is gone. */
static void
child_found(struct public *p, struct child *c, const void *data, size_t n)
{
	uid_t uid;

	p->fresh_told = true;
	p->fresh_until = wire_now_ms() + PUBLIC_REPORT_MS;
	if (p->early > 0)
		p->early--;
	if (n != sizeof(uid))
		return;
	memcpy(&uid, data, sizeof(uid));
	child_report(p, c, uid);
}

static void
child_hear(struct public *p, struct child *c)
{
	unsigned char data[sizeof(uid_t)];
	ssize_t n;
	int i;

	for (i = 0; i < BYTES_MAX; i++) {
		n = recv(c->channel, data, sizeof(data), MSG_DONTWAIT);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			child_gone(p, c);
			return;
		}
		c->active = wire_now_ms();
		if (c->state == CHILD_NEW)
			child_found(p, c, data, (size_t)n);
	}
}

static void
signal_take(struct public *p)
{
	struct signalfd_siginfo si;

	while (read(p->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT)
			p->ended = true;
	}
	reap(p);
}

static void
time_pass(struct public *p)
{
	int64_t now = wire_now_ms();
	struct child *c;

	if (p->paused_until != 0 && p->paused_until <= now)
		p->paused_until = 0;
	if (p->fresh != NULL && p->fresh_until <= now) {
		child_kill(p->fresh, SIGKILL);
		p->fresh_until = now + PUBLIC_REPORT_MS;
	}
	while ((c = children_idle(&p->children, now)) != NULL)
		child_kill(c, SIGKILL);
	(void)notify_alive(now);
}

static int
timeout(const struct public *p)
{
	int64_t first = children_next(&p->children), left;
	int64_t notify = notify_next();

	if (p->fresh != NULL && (first == 0 || p->fresh_until < first))
		first = p->fresh_until;
	if (p->paused_until != 0 && (first == 0 || p->paused_until < first))
		first = p->paused_until;
	if (notify != 0 && (first == 0 || notify < first))
		first = notify;
	if (first == 0)
		return -1;
	left = first - wire_now_ms();
	return left < 0 ? 0 : (int)left;
}

/* Whom each entry after the fixed ones belongs to. */
static nfds_t
poll_fill(struct public *p, struct pollfd *fds, struct child **whose)
{
	nfds_t n = POLL_FIXED;
	size_t i, places = 0;

	for (i = 0; i < CHILDREN_MAX; i++) {
		struct child *c = &p->children.child[i];

		if (c->state == CHILD_FREE) {
			places++;
			continue;
		}
		whose[n] = c;
		fds[n++] = (struct pollfd){ .fd = c->channel,
		    .events = POLLIN };
	}
	fds[0] = (struct pollfd){ .fd = p->fresh == NULL && places > 0 &&
	    p->paused_until == 0 ? p->listener : -1, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = p->signals, .events = POLLIN };
	return n;
}

static void
turn(struct public *p)
{
	struct pollfd fds[POLL_FIXED + CHILDREN_MAX];
	struct child *whose[POLL_FIXED + CHILDREN_MAX];
	nfds_t n, i;
	int r;

	n = poll_fill(p, fds, whose);
	r = poll(fds, n, timeout(p));
	if (r == -1 && errno != EINTR) {
		log_line(LOG_CRIT, "public door: poll: %s", strerror(errno));
		p->ended = p->failed = true;
	}
	if (r > 0) {
		for (i = POLL_FIXED; i < n; i++)
			if (fds[i].revents != 0)
				child_hear(p, whose[i]);
		if (fds[1].revents != 0)
			signal_take(p);
		if (fds[0].revents != 0 && !p->ended)
			child_start(p);
	}
	time_pass(p);
}

static bool
public_open(struct public *p, const struct listener *listener)
{
	sigset_t set;

	p->listener = listener->fd;
	p->no_rights = listener->no_rights;
	p->early = listener->path[0] != '\0' ? 0 : EARLY_MAX;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);	/* every --self reads its own */
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return false;
	p->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return p->signals != -1;
}

int
public_serve(struct listener *listener)
{
	struct public p = { .ended = false };
	struct failure f = { 0 };
	size_t i;

	notify_start();
	if (clean_server(&listener->fd, &f) != OUT_DONE) {
		log_failure(OUT_SERVICE, &f);
		return 1;
	}
	if (!public_open(&p, listener)) {
		log_line(LOG_CRIT, "public door: %s", strerror(errno));
		return 1;
	}
	(void)notify_ready();
	while (!p.ended)
		turn(&p);
	listen_unlink(listener);
	for (i = 0; i < CHILDREN_MAX; i++)
		if (p.children.child[i].state != CHILD_FREE)
			child_kill(&p.children.child[i], SIGTERM);
	return p.failed ? 1 : 0;
}
