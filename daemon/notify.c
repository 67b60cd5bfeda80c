/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/socket.h>
#include <sys/un.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "daemon/notify.h"

/* A quarter: a round that waits 2 s for the store is no hang. */
#define PARTS		4
#define AGAIN_MS	100	/* any user can fill that queue */
#define WATCHDOG_MAX	(UINT64_C(3600) * 1000000)	/* us */

static struct {
	struct sockaddr_un	sa;
	socklen_t		len;		/* 0: nobody listens */
	int64_t			interval_ms;	/* 0: nobody watches */
	int64_t			next_ms;
} supervisor;

/* An absolute path, or `@` and a name of the abstract kind. */
static void
read_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path != NULL ? strlen(path) : 0;

	if (len < 2 || len >= sizeof(supervisor.sa.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	supervisor.sa.sun_family = AF_UNIX;
	memcpy(supervisor.sa.sun_path, path, len);
	if (path[0] == '@')
		supervisor.sa.sun_path[0] = '\0';
	supervisor.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    len);
}

static void
read_watchdog(void)
{
	const char *pid = getenv("WATCHDOG_PID");
	const char *usec = getenv("WATCHDOG_USEC");
	uint64_t v;

	if (pid != NULL && (!text_number(pid, 1, INT32_MAX, &v) ||
	    (pid_t)v != getpid()))
		return;
	if (usec != NULL && text_number(usec, 1000 * PARTS, WATCHDOG_MAX, &v))
		supervisor.interval_ms = (int64_t)(v / 1000 / PARTS);
}

void
notify_start(void)
{
	memset(&supervisor, 0, sizeof(supervisor));
	read_socket();
	read_watchdog();
}

/* Opened anew each time: nothing stays for a child to inherit. */
static bool
tell(const char *what)
{
	bool sent;
	int fd;

	if (supervisor.len == 0)
		return false;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return false;
	sent = sendto(fd, what, strlen(what), MSG_DONTWAIT | MSG_NOSIGNAL,
	    (const struct sockaddr *)&supervisor.sa, supervisor.len) != -1;
	close(fd);
	return sent;
}

bool
notify_ready(void)
{
	return tell("READY=1");
}

int64_t
notify_next(void)
{
	if (supervisor.len == 0 || supervisor.interval_ms == 0)
		return 0;
	return supervisor.next_ms > 0 ? supervisor.next_ms : 1;
}

int64_t
notify_alive(int64_t now_ms)
{
	if (notify_next() == 0)
		return 0;
	if (supervisor.next_ms <= now_ms)
		supervisor.next_ms = now_ms + (tell("WATCHDOG=1") ?
		    supervisor.interval_ms : AGAIN_MS);
	return supervisor.next_ms;
}
