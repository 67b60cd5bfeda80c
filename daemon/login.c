/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One process for every login of the host, so it waits for nobody: not for
 * a peer (a user can stop su between connect and send, 2000 times), not
 * for the name service (a dead directory takes 30 s), not for the log (any
 * user can fill its queue).
 */
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

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
#include "daemon/peer.h"
#include "daemon/round.h"
#include "daemon/single.h"
#include "daemon/site.h"

#define EVENTS_MAX	(2 * ROUND_MAX)
#define ACCEPT_MAX	ROUND_MAX	/* new connections a turn */
#define PAUSE_MS	100		/* after accept found no room */
#define SPARE_FDS	32		/* store, log and the like */
#define SILENT_MS	250		/* may be dropped to make room */

/* A connection: waiting for its request, or put off with it. */
struct conn {
	int		 fd;
	int64_t		 deadline;
	uint8_t		*packet;	/* put off: a copy; else NULL */
	size_t		 len;
	TAILQ_ENTRY(conn) link;
};

TAILQ_HEAD(conns, conn);

struct login {
	struct site	*site;
	int		 listener, epoll, signals;
	struct conns	 waiting;	/* oldest first: one deadline for all */
	struct conns	 put_off;
	size_t		 open, open_max;
	int64_t		 paused_until;	/* accept rests; 0: it does not */
	int64_t		 tend_at;	/* 0: nothing to tend to */
	bool		 ended, failed;
	/* The round: what was received in this turn. */
	size_t		 count;
	struct conn	*who[ROUND_MAX];
	struct round_item items[ROUND_MAX];
	uint8_t		 packets[ROUND_MAX][WIRE_PACKET_MAX];
};

/* Closing takes it out of the epoll set as well. */
static void
conn_end(struct login *l, struct conn *c)
{
	close(c->fd);
	l->open--;
	if (c->packet != NULL) {
		explicit_bzero(c->packet, c->len);
		free(c->packet);
	}
	free(c);
}

static void
conn_drop(struct login *l, struct conn *c)
{
	TAILQ_REMOVE(&l->waiting, c, link);
	conn_end(l, c);
}

/* Into the round, out of the list it was in. */
static void
round_add(struct login *l, struct conn *c, size_t len)
{
	struct round_item *item = &l->items[l->count];

	item->packet = l->packets[l->count];
	item->len = len;
	item->deferred = false;
	item->outcome = OUT_INTERNAL;
	item->failure.path[0] = item->failure.reason[0] = '\0';
	l->who[l->count++] = c;
}

/* The request of one that waits, if it is there and there is room. */
static void
conn_receive(struct login *l, struct conn *c)
{
	size_t len;

	if (l->count == ROUND_MAX)
		return;
	switch (wire_receive(c->fd, l->packets[l->count], &len)) {
	case WIRE_OK:
		TAILQ_REMOVE(&l->waiting, c, link);
		round_add(l, c, len);
		break;
	case WIRE_AGAIN:
		break;
	case WIRE_MALFORMED:
		single_refuse(c->fd, OUT_PROTOCOL, NULL);
		conn_drop(l, c);
		break;
	case WIRE_END:
	case WIRE_ERROR:
		conn_drop(l, c);
		break;
	}
}

static bool
conn_watch(struct login *l, struct conn *c)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };

	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e) == 0;
}

/* Most requests are there by the time the connection is accepted. */
static void
conn_new(struct login *l, int fd)
{
	struct conn *c;
	uid_t uid;

	if (!peer_accepted(fd, &uid) || uid != 0) {
		log_line(LOG_WARNING, "login door: a peer that is not root, "
		    "uid %ld", (long)(int)uid);
		single_refuse(fd, OUT_PEER, NULL);
		close(fd);
		return;
	}
	if ((c = calloc(1, sizeof(*c))) == NULL) {
		single_refuse(fd, OUT_MEMORY, NULL);
		close(fd);
		return;
	}
	c->fd = fd;
	c->deadline = wire_now_ms() + LOGIN_REQUEST_MS;
	l->open++;
	TAILQ_INSERT_TAIL(&l->waiting, c, link);
	if (!conn_watch(l, c)) {
		single_refuse(fd, OUT_MEMORY, NULL);
		conn_drop(l, c);
		return;
	}
	conn_receive(l, c);
}

static void
listener_watch(struct login *l, bool on)
{
	struct epoll_event e = { .events = on ? EPOLLIN : 0,
	    .data.ptr = &l->listener };

	(void)epoll_ctl(l->epoll, EPOLL_CTL_MOD, l->listener, &e);
}

static void
accept_pause(struct login *l)
{
	l->paused_until = wire_now_ms() + PAUSE_MS;
	listener_watch(l, false);
}

static void
accept_resume(struct login *l)
{
	l->paused_until = 0;
	listener_watch(l, true);
}

/* When all places are taken, who has long said nothing makes room. */
static bool
make_room(struct login *l)
{
	struct conn *c = TAILQ_FIRST(&l->waiting);

	if (l->open < l->open_max)
		return true;
	if (c == NULL || c->deadline - LOGIN_REQUEST_MS + SILENT_MS >
	    wire_now_ms())
		return false;
	conn_drop(l, c);
	return true;
}

/* False: no more for now. */
static bool
accept_failed(struct login *l)
{
	switch (errno) {
	case EINTR:
	case ECONNABORTED:
	case EPERM:
		return true;
	case EAGAIN:
		return false;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		log_failure(OUT_MEMORY, &(struct failure){
		    .reason = "no room for another connection" });
		accept_pause(l);
		return false;
	default:
		log_line(LOG_CRIT, "login door: accept: %s", strerror(errno));
		l->ended = l->failed = true;
		return false;
	}
}

static void
accept_some(struct login *l)
{
	int i, fd;

	for (i = 0; i < ACCEPT_MAX; i++) {
		if (!make_room(l)) {
			accept_pause(l);
			return;
		}
		fd = accept4(l->listener, NULL, NULL,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd != -1)
			conn_new(l, fd);
		else if (!accept_failed(l))
			return;
	}
}

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
		explicit_bzero(c->packet, c->len);
		free(c->packet);
		c->packet = NULL;
		round_add(l, c, c->len);
	}
}

static void
round_put_off(struct login *l, struct conn *c, const struct round_item *item)
{
	if ((c->packet = malloc(item->len)) == NULL) {
		single_refuse(c->fd, OUT_MEMORY, NULL);
		conn_end(l, c);
		return;
	}
	memcpy(c->packet, item->packet, item->len);
	c->len = item->len;
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
		l->tend_at = 0;
		site_tend(l->site, true);
	}
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
			conn_receive(l, events[i].data.ptr);
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
	unsigned long max = clean_descriptors();
	sigset_t set;

	TAILQ_INIT(&l->waiting);
	TAILQ_INIT(&l->put_off);
	l->open_max = max > 2 * SPARE_FDS ? max - SPARE_FDS : SPARE_FDS;
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

int
login_serve(const struct paths *paths, struct listener *listener)
{
	struct login *l;
	struct failure f = { 0 };
	bool failed;

	if (clean_server(&listener->fd, &f) != OUT_DONE ||
	    (l = calloc(1, sizeof(*l))) == NULL) {
		log_failure(OUT_SERVICE, &f);
		return 1;
	}
	if (!login_open(l, paths, listener->fd)) {
		log_line(LOG_CRIT, "login door: %s", strerror(errno));
		return 1;
	}
	while (!l->ended)
		turn(l);
	listen_unlink(listener);
	failed = l->failed;
	site_free(l->site);
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
