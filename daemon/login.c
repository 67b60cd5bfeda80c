/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One process for every login of the host, so it waits for nobody: not for
 * a peer (a user can stop su between connect and send, 2000 times), not
 * for the name service (a dead directory takes 30 s), not for the log (any
 * user can fill its queue).
 */
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/wire.h"
#include "daemon/clean.h"
#include "daemon/log.h"
#include "daemon/login.h"
#include "daemon/login_conn.h"
#include "daemon/notify.h"
#include "daemon/round.h"
#include "daemon/single.h"
#include "daemon/site.h"

#define EVENTS_MAX	(2 * ROUND_MAX)

static void
signal_take(struct login *l)
{
	struct signalfd_siginfo si;

	while (read(l->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGHUP)
			site_reload(l->site);
		else
			l->ended = true;
	}
}

/* Those put off go first; all of them are recovery codes. */
static void
round_resume(struct login *l)
{
	struct conn *c;

	while (l->count < ROUND_RECOVERY_MAX &&
	    (c = TAILQ_FIRST(&l->put_off)) != NULL) {
		TAILQ_REMOVE(&l->put_off, c, link);
		memcpy(l->packets[l->count], c->packet, c->len);
		conn_forget(c);
		round_add(l, c, c->len);
	}
}

static void
round_put_off(struct login *l, struct conn *c, const struct round_item *item)
{
	if (!conn_keep(c, item->packet, item->len)) {
		single_refuse(c->fd, OUT_MEMORY, NULL);
		conn_end(l, c);
		return;
	}
	(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, c->fd, NULL);
	TAILQ_INSERT_TAIL(&l->put_off, c, link);
}

/* Answers go out after the commit; who does not take its own is dropped. */
static void
round_run(struct login *l)
{
	static const struct caller root = { .door = DOOR_LOGIN, .uid = 0 };
	size_t i;

	round_answer(l->site, &root, l->items, l->count);
	for (i = 0; i < l->count; i++) {
		struct round_item *item = &l->items[i];

		if (item->deferred)
			round_put_off(l, l->who[i], item);
		else {
			(void)wire_send(l->who[i]->fd, &item->reply);
			conn_end(l, l->who[i]);
			wire_wipe(&item->reply);
		}
		explicit_bzero(l->packets[i], item->len);
	}
	l->count = 0;
	site_tend(l->site, false);
	l->tend_at = wire_now_ms() + LOGIN_IDLE_MS;
}

/* What only time brings. */
static void
time_pass(struct login *l)
{
	int64_t now = wire_now_ms();
	struct conn *c;

	while ((c = TAILQ_FIRST(&l->waiting)) != NULL && c->deadline <= now)
		conn_drop(l, c);
	if (l->paused_until != 0 && l->paused_until <= now)
		accept_resume(l);
	if (l->tend_at != 0 && l->tend_at <= now) {
		site_tend(l->site, true);
		l->tend_at = now + LOGIN_QUIET_MS;
	}
	(void)notify_alive(now);
}

static void
sooner(int64_t *first, int64_t when)
{
	if (when != 0 && (*first == 0 || when < *first))
		*first = when;
}

static int
timeout(const struct login *l)
{
	const struct conn *c = TAILQ_FIRST(&l->waiting);
	int64_t first = 0, left;

	if (!TAILQ_EMPTY(&l->put_off))
		return 0;
	sooner(&first, c != NULL ? c->deadline : 0);
	sooner(&first, l->paused_until);
	sooner(&first, l->tend_at);
	sooner(&first, notify_next());
	if (first == 0)
		return -1;
	left = first - wire_now_ms();
	return left < 0 ? 0 : (int)left;
}

static void
turn(struct login *l)
{
	struct epoll_event events[EVENTS_MAX];
	int n, i;

	n = epoll_wait(l->epoll, events, EVENTS_MAX, timeout(l));
	if (n == -1 && errno != EINTR) {
		log_line(LOG_CRIT, "login door: poll: %s", strerror(errno));
		l->ended = l->failed = true;
	}
	round_resume(l);
	/* Accepting may drop one of those that are still to come. */
	for (i = 0; i < n; i++)
		if (events[i].data.ptr != &l->listener &&
		    events[i].data.ptr != &l->signals)
			(void)conn_receive(l, events[i].data.ptr);
	for (i = 0; i < n; i++) {
		if (events[i].data.ptr == &l->signals)
			signal_take(l);
		else if (events[i].data.ptr == &l->listener)
			accept_some(l);
	}
	if (l->count > 0)
		round_run(l);
	time_pass(l);
}

static bool
watch(struct login *l, int *fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = fd };

	return *fd != -1 && epoll_ctl(l->epoll, EPOLL_CTL_ADD, *fd, &e) == 0;
}

static bool
login_open(struct login *l, const struct paths *paths, int listener)
{
	sigset_t set;

	TAILQ_INIT(&l->waiting);
	TAILQ_INIT(&l->put_off);
	l->signals = l->epoll = -1;
	l->open_max = conn_places();
	l->listener = listener;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return false;
	l->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->site = site_new(paths, STORE_SERVING);
	return l->epoll != -1 && l->site != NULL &&
	    watch(l, &l->listener) && watch(l, &l->signals);
}

/* Who was not answered just ends: nothing of theirs was done. */
static void
login_close(struct login *l)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&l->waiting)) != NULL)
		conn_drop(l, c);
	while ((c = TAILQ_FIRST(&l->put_off)) != NULL) {
		TAILQ_REMOVE(&l->put_off, c, link);
		conn_end(l, c);
	}
	if (l->signals != -1)
		close(l->signals);
	if (l->epoll != -1)
		close(l->epoll);
	site_free(l->site);
	free(l);
}

int
login_serve(const struct paths *paths, struct listener *listener)
{
	struct login *l;
	struct failure f = { 0 };
	bool failed = true;

	notify_start();
	if (clean_server(&listener->fd, &f) != OUT_DONE ||
	    (l = calloc(1, sizeof(*l))) == NULL) {
		log_failure(OUT_SERVICE, &f);
		return 1;
	}
	if (login_open(l, paths, listener->fd)) {
		site_open(l->site);
		(void)notify_ready();
		while (!l->ended)
			turn(l);
		listen_unlink(listener);
		failed = l->failed;
	} else
		log_line(LOG_CRIT, "login door: %s", strerror(errno));
	login_close(l);
	return failed ? 1 : 0;
}

int
login_spawned(const struct paths *paths)
{
	struct single s = { .caller = { .door = DOOR_LOGIN } };
	bool answered;
	uid_t uid;

	if (!single_peer(true, &uid))
		return 1;
	s.broken = clean_process(&s.talk.fd, NULL, &s.failure);
	s.site = site_new(paths, STORE_SPAWNED);
	answered = single_serve(&s, 1, LOGIN_REQUEST_MS);
	if (s.site != NULL)
		site_tend(s.site, false);
	site_free(s.site);
	return answered ? 0 : 1;
}
