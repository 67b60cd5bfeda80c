/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "daemon/peer.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

#define OVERFLOW_UID	65534	/* the kernel's, unless set otherwise */
#define NSS_BUFFER_MAX	(1024 * 1024)

/* Read once; it is the host's, not the caller's, to change. */
static uid_t
overflow_uid(void)
{
	static uid_t uid = (uid_t)-1;
	uint64_t v = OVERFLOW_UID;
	char buf[16];
	ssize_t n;
	int fd;

	if (uid != (uid_t)-1)
		return uid;
	fd = open("/proc/sys/kernel/overflowuid", O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		n = read(fd, buf, sizeof(buf) - 1);
		close(fd);
		if (n > 0) {
			buf[buf[n - 1] == '\n' ? n - 1 : n] = '\0';
			(void)text_number(buf, 0, (uid_t)-2, &v);
		}
	}
	return uid = (uid_t)v;
}

bool
peer_accepted(int fd, uid_t *uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	*uid = (uid_t)-1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1 ||
	    len != sizeof(peer) || peer.uid == (uid_t)-1 ||
	    peer.uid == OVERFLOW_UID || peer.uid == overflow_uid())
		return false;
	*uid = peer.uid;
	return true;
}

static bool
option_is(int fd, int name, int value)
{
	socklen_t len = sizeof(int);
	int v = -1;

	return getsockopt(fd, SOL_SOCKET, name, &v, &len) == 0 && v == value;
}

bool
peer_connected(int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	return option_is(fd, SO_DOMAIN, AF_UNIX) &&
	    option_is(fd, SO_TYPE, SOCK_SEQPACKET) &&
	    option_is(fd, SO_ACCEPTCONN, 0) &&
	    getpeername(fd, (struct sockaddr *)&sa, &len) == 0;
}

bool
peer_uid(int fd, uid_t *uid)
{
	*uid = (uid_t)-1;
	return peer_connected(fd) && peer_accepted(fd, uid);
}

static enum outcome
name_copy(const struct passwd *pw, char name[ACCOUNT_NAME_MAX + 1],
    struct failure *f)
{
	size_t len = strlen(pw->pw_name);

	if (len == 0 || len > ACCOUNT_NAME_MAX)
		return failure_set(f, OUT_PEER, NULL,
		    "the account's name does not fit");
	memcpy(name, pw->pw_name, len + 1);
	return OUT_DONE;
}

enum outcome
peer_name(uid_t uid, char name[ACCOUNT_NAME_MAX + 1], struct failure *f)
{
	struct passwd pw, *found = NULL;
	enum outcome o = OUT_SERVICE;
	char *buf = NULL, *more;
	size_t size = 4096;
	int e;

	name[0] = '\0';
	do {
		if ((more = realloc(buf, size)) == NULL) {
			o = failure_set(f, OUT_MEMORY, NULL, "out of memory");
			goto out;
		}
		buf = more;
		e = getpwuid_r(uid, &pw, buf, size, &found);
		size *= 2;
	} while (e == ERANGE && size <= NSS_BUFFER_MAX);
	if (e != 0)
		o = failure_set(f, OUT_SERVICE, NULL,
		    "the name service failed: %s", strerror(e));
	else if (found == NULL)
		o = failure_set(f, OUT_PEER, NULL, "uid %lu has no account",
		    (unsigned long)uid);
	else
		o = name_copy(found, name, f);
out:
	free(buf);
	return o;
}

bool
peer_refuse_rights(int listener)
{
	const int off = 0;

	return setsockopt(listener, SOL_SOCKET, SO_PASSRIGHTS, &off,
	    sizeof(off)) == 0;
}
