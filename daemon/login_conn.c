/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/clean.h"
#include "daemon/log.h"
#include "daemon/login_conn.h"
#include "daemon/peer.h"
#include "daemon/single.h"
#include "daemon/verbs.h"

#define ACCEPT_MAX	ROUND_MAX	/* new connections a turn */
#define PAUSE_MS	100		/* after accept found no room */
#define SPARE_FDS	32		/* store, log and the like */
#define SILENT_MS	250		/* may be dropped to make room */

bool
conn_keep(struct conn *c, const uint8_t *packet, size_t len)
{
	if ((c->packet = malloc(len)) == NULL)
		return false;
	memcpy(c->packet, packet, len);
	c->len = len;
	return true;
}

void
conn_forget(struct conn *c)
{
	if (c->packet != NULL)
		explicit_bzero(c->packet, c->len);
	free(c->packet);
	c->packet = NULL;
}

/* Closing takes it out of the epoll set as well. */
void
conn_end(struct login *l, struct conn *c)
{
	close(c->fd);
	l->open--;
	conn_forget(c);
	free(c);
}

void
conn_drop(struct login *l, struct conn *c)
{
	TAILQ_REMOVE(&l->waiting, c, link);
	conn_end(l, c);
}

/* Into the round, out of the list it was in. */
void
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

/* What another door answers is refused here, the rest is the round's. */
static enum conn_state
conn_asks(struct login *l, struct conn *c, size_t len)
{
	uint8_t *packet = l->packets[l->count];
	struct wire_writer w;
	enum outcome o;

	if (len < 2 || verb_handler(packet[1], DOOR_LOGIN, &o) ==
	    VERB_BY_ROUND) {
		TAILQ_REMOVE(&l->waiting, c, link);
		round_add(l, c, len);
		return CONN_ASKED;
	}
	round_refuse(packet[1], o, NULL, &w);
	(void)wire_send(c->fd, &w);
	explicit_bzero(packet, len);
	conn_drop(l, c);
	return CONN_GONE;
}

enum conn_state
conn_receive(struct login *l, struct conn *c)
{
	size_t len;

	if (l->count == ROUND_MAX)
		return CONN_WAITS;
	switch (wire_receive(c->fd, l->packets[l->count], &len)) {
	case WIRE_OK:
		return conn_asks(l, c, len);
	case WIRE_AGAIN:
		return CONN_WAITS;
	case WIRE_MALFORMED:
		single_refuse(c->fd, OUT_PROTOCOL, NULL);
		break;
	case WIRE_END:
	case WIRE_ERROR:
		break;
	}
	conn_drop(l, c);
	return CONN_GONE;
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
	(void)conn_receive(l, c);
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

void
accept_resume(struct login *l)
{
	l->paused_until = 0;
	listener_watch(l, true);
}

size_t
conn_places(void)
{
	unsigned long max = clean_descriptors();

	return max > 2 * SPARE_FDS ? max - SPARE_FDS : SPARE_FDS;
}

/* Who has long said nothing, and still does not, makes room. */
static bool
drop_silent(struct login *l)
{
	struct conn *c = TAILQ_FIRST(&l->waiting);

	if (l->count == ROUND_MAX || c == NULL || c->deadline -
	    LOGIN_REQUEST_MS + SILENT_MS > wire_now_ms())
		return false;
	switch (conn_receive(l, c)) {
	case CONN_ASKED:
		return false;
	case CONN_WAITS:
		conn_drop(l, c);
		return true;
	case CONN_GONE:
		return true;
	}
	return false;
}

/* False: not now; with a round to run there will be room after it. */
static bool
make_room(struct login *l)
{
	while (l->open >= l->open_max)
		if (!drop_silent(l))
			return false;
	return true;
}

/* Nothing is accepted until the round was run, or for a while. */
static void
accept_full(struct login *l)
{
	if (l->count == 0)
		accept_pause(l);
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
		l->open_max = conn_places();
		if (make_room(l) && drop_silent(l))
			return true;
		accept_full(l);
		return false;
	default:
		log_line(LOG_CRIT, "login door: accept: %s", strerror(errno));
		l->ended = l->failed = true;
		return false;
	}
}

void
accept_some(struct login *l)
{
	int i, fd;

	for (i = 0; i < ACCEPT_MAX; i++) {
		if (!make_room(l)) {
			accept_full(l);
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
