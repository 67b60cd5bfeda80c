/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "common/client.h"

const char *
client_reason(enum client_code code)
{
	switch (code) {
	case CLIENT_OK:
		return "answered";
	case CLIENT_ABSENT:
		return "nobody listens";
	case CLIENT_GONE:
		return "ended without an answer";
	case CLIENT_FULL:
		return "queue full";
	case CLIENT_LATE:
		return "no answer in time";
	case CLIENT_NOT_ROOT:
		return "the listener is not root's";
	case CLIENT_MALFORMED:
		return "answer malformed";
	case CLIENT_ERROR:
		return "socket error";
	}
	return "unknown";
}

/* One attempt that ends at the deadline. */
static enum client_code
connect_until(int fd, const struct sockaddr_un *sun, int64_t deadline)
{
	struct timeval tv;
	int64_t left = deadline - wire_now_ms();

	if (left <= 0)
		return CLIENT_FULL;
	tv.tv_sec = (time_t)(left / 1000);
	tv.tv_usec = (suseconds_t)(left % 1000 * 1000);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == -1)
		return CLIENT_ERROR;
	if (connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0)
		return CLIENT_OK;
	switch (errno) {
	case ENOENT:
	case ECONNREFUSED:
		return CLIENT_ABSENT;
	case EAGAIN:
	case ETIMEDOUT:
		return CLIENT_FULL;
	default:
		return CLIENT_ERROR;
	}
}

static enum client_code
peer_is_root(int fd)
{
	struct ucred peer = { .pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1 };
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1 ||
	    len != sizeof(peer))
		return CLIENT_ERROR;
	return peer.uid == 0 ? CLIENT_OK : CLIENT_NOT_ROOT;
}

enum client_code
client_connect(const char *path, int *fd)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	enum client_code code;
	size_t len = strlen(path);
	int64_t deadline;
	int saved;

	*fd = -1;
	if (len == 0 || len >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return CLIENT_ERROR;
	}
	memcpy(sun.sun_path, path, len + 1);
	*fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (*fd == -1)
		return CLIENT_ERROR;
	deadline = wire_now_ms() + CLIENT_CONNECT_MS;
	do
		code = connect_until(*fd, &sun, deadline);
	while (code == CLIENT_ERROR && errno == EINTR);
	if (code == CLIENT_OK)
		code = peer_is_root(*fd);
	if (code != CLIENT_OK) {
		saved = errno;
		close(*fd);
		errno = saved;
		*fd = -1;
	}
	return code;
}

/* What a step over the wire means here; WIRE_AGAIN waits for events. */
static enum client_code
io_code(int fd, enum wire_io io, short events, int64_t deadline_ms)
{
	switch (io) {
	case WIRE_OK:
		return CLIENT_OK;
	case WIRE_END:
		return CLIENT_GONE;
	case WIRE_AGAIN:
		return wire_wait(fd, events, deadline_ms) &&
		    wire_now_ms() < deadline_ms ? CLIENT_OK : CLIENT_LATE;
	case WIRE_MALFORMED:
		return CLIENT_MALFORMED;
	case WIRE_ERROR:
		return CLIENT_ERROR;
	}
	return CLIENT_ERROR;
}

enum client_code
client_send(int fd, const struct wire_writer *w, int64_t deadline_ms)
{
	enum client_code code;
	enum wire_io io;

	do {
		io = wire_send(fd, w);
		code = io_code(fd, io, POLLOUT, deadline_ms);
	} while (io == WIRE_AGAIN && code == CLIENT_OK);
	return io == WIRE_END ? CLIENT_OK : code;
}

enum client_code
client_receive(int fd, uint8_t buf[WIRE_PACKET_MAX],
    struct wire_message *reply, int64_t deadline_ms)
{
	enum client_code code;
	enum wire_io io;
	size_t len;

	memset(reply, 0, sizeof(*reply));
	do {
		io = wire_receive(fd, buf, &len);
		code = io_code(fd, io, POLLIN, deadline_ms);
	} while (io == WIRE_AGAIN && code == CLIENT_OK);
	if (code == CLIENT_OK && !wire_read(buf, len, reply))
		code = CLIENT_MALFORMED;
	return code;
}
