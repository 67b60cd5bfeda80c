/* SPDX-License-Identifier: BSD-2-Clause */
#include <netinet/in.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/neighbours/neighbour.h"

#define KEPT		256	/* far ends that stay open, unread */
#define LINGER_S	3600

static int listener = -1;
static struct sockaddr_in here;
static int kept[KEPT];
static unsigned next_kept;

static void
listen_here(void)
{
	const int small = 4096;
	socklen_t len = sizeof(here);

	here.sin_family = AF_INET;
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener == -1 || setsockopt(listener, SOL_SOCKET, SO_RCVBUF,
	    &small, sizeof(small)) == -1 ||
	    bind(listener, (struct sockaddr *)&here, sizeof(here)) == -1 ||
	    listen(listener, 64) == -1 ||
	    getsockname(listener, (struct sockaddr *)&here, &len) == -1)
		err(1, "TCP on loopback");
}

static void
linger(int fd, int seconds)
{
	const struct linger l = { .l_onoff = 1, .l_linger = seconds };

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)) == -1)
		err(1, "SO_LINGER");
}

/* The far end is not read and, for the next KEPT of them, not closed. */
static int
full_connection(void)
{
	const int small = 4096;
	char junk[4096] = { 0 };
	int near, far;

	if (listener == -1)
		listen_here();
	near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (near == -1 || setsockopt(near, SOL_SOCKET, SO_SNDBUF, &small,
	    sizeof(small)) == -1 || connect(near, (struct sockaddr *)&here,
	    sizeof(here)) == -1)
		err(1, "TCP");
	far = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (far == -1)
		err(1, "accept");
	if (kept[next_kept % KEPT] > 0)
		close(kept[next_kept % KEPT]);
	kept[next_kept++ % KEPT] = far;
	while (send(near, junk, sizeof(junk), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
	linger(near, LINGER_S);
	return near;
}

bool
pass_lingering(int fd, struct counts *c)
{
	union {
		struct cmsghdr	head;
		char		room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec byte = { .iov_base = control.room, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &byte, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof(control) };
	int near = full_connection();
	bool taken;

	memset(&control, 0, sizeof(control));
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &near, sizeof(near));
	taken = sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) != -1;
	if (taken)
		c->sent++;
	else {
		c->refused++;
		c->eperm += errno == EPERM;
		linger(near, 0);	/* ours is the last one */
	}
	close(near);
	return taken;
}
