/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/peer.h"

static void
pair_is_ourselves(void **state)
{
	int fd[2];
	uid_t uid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	assert_true(peer_connected(fd[0]));
	assert_true(peer_uid(fd[0], &uid));
	assert_int_equal(uid, getuid());
	/* The other end going away changes nothing of who it was. */
	close(fd[1]);
	assert_true(peer_uid(fd[0], &uid));
	assert_int_equal(uid, getuid());
	close(fd[0]);
}

/* What is no connected socket of our kind has no peer. */
static void
others_refused(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd[10], pair[2], i, n = 0;
	uid_t uid;

	(void)state;
	assert_int_equal(pipe(pair), 0);
	fd[n++] = pair[0];
	fd[n++] = pair[1];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fd[n++] = pair[0];
	fd[n++] = pair[1];
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	fd[n++] = pair[0];
	fd[n++] = pair[1];
	fd[n++] = open("/dev/null", O_RDWR);
	fd[n++] = socket(AF_UNIX, SOCK_SEQPACKET, 0);	/* not connected */
	fd[n] = socket(AF_UNIX, SOCK_SEQPACKET, 0);	/* listening */
	assert_int_equal(bind(fd[n], (struct sockaddr *)&sa,
	    sizeof(sa.sun_family)), 0);
	assert_int_equal(listen(fd[n++], 1), 0);
	fd[n] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd[n++], (struct sockaddr *)&in, sizeof(in)),
	    0);
	for (i = 0; i < n; i++) {
		uid = 0;
		assert_true(fd[i] >= 0);
		assert_false(peer_connected(fd[i]));
		assert_false(peer_uid(fd[i], &uid));
		assert_int_equal(uid, (uid_t)-1);
		close(fd[i]);
	}
	assert_false(peer_uid(-1, &uid));
	assert_int_equal(uid, (uid_t)-1);
}

static void
names(void **state)
{
	char name[ACCOUNT_NAME_MAX + 1];
	struct failure f;

	(void)state;
	assert_int_equal(peer_name(0, name, &f), OUT_DONE);
	assert_string_equal(name, "root");
	assert_null(getpwuid(3999999999U));
	assert_int_equal(peer_name(3999999999U, name, &f), OUT_PEER);
	assert_string_equal(name, "");
	assert_string_equal(f.reason, "uid 3999999999 has no account");
	assert_int_equal(peer_name((uid_t)-1, name, &f), OUT_PEER);
}

/* Where the kernel knows SO_PASSRIGHTS, the sender of a descriptor is told;
 * everywhere it is not received. */
static void
rights_refused(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(sa);
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 1;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int l = socket(AF_UNIX, SOCK_SEQPACKET, 0), client, v = 1;
	socklen_t vlen = sizeof(v);
	bool known;

	(void)state;
	known = getsockopt(l, SOL_SOCKET, 83, &v, &vlen) == 0;
	assert_int_equal(bind(l, (struct sockaddr *)&sa,
	    sizeof(sa.sun_family)), 0);
	peer_refuse_rights(l);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&sa, &len), 0);
	client = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&sa, len), 0);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &client, sizeof(int));
	if (known) {
		assert_int_equal(sendmsg(client, &msg, 0), -1);
		assert_int_equal(errno, EPERM);
	} else
		assert_int_equal(sendmsg(client, &msg, 0), 1);
	close(client);
	close(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pair_is_ourselves),
		cmocka_unit_test(others_refused),
		cmocka_unit_test(names),
		cmocka_unit_test(rights_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
