/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is at the other end, by the kernel's word (SO_PEERCRED), never by
 * the frame's.  What it may do follows from this and from how the process
 * was started; both must fit.
 */
#ifndef STEPUP_DAEMON_PEER_H
#define STEPUP_DAEMON_PEER_H

#include <sys/types.h>

#include <stdbool.h>

#include "daemon/account.h"
#include "daemon/failure.h"

/*
 * The uid at the other end of a connected AF_UNIX SOCK_SEQPACKET socket.
 * False (and *uid (uid_t)-1) for any other descriptor, a listening one
 * included, and for the uids that mean "nobody can tell": (uid_t)-1 and
 * the overflow uid, which every peer of another user namespace has.
 */
bool peer_uid(int fd, uid_t *uid);

/* Its first half: such a socket, and connected. */
bool peer_connected(int fd);
/* Its second half: for a connection that accept(2) gave. */
bool peer_accepted(int fd, uid_t *uid);

/*
 * The account name of a uid.  OUT_DONE; OUT_PEER when NSS knows no such
 * uid (or its name does not fit); OUT_SERVICE when NSS failed; OUT_MEMORY.
 * May take as long as a dead directory server: `--self` alone calls it.
 */
enum outcome peer_name(uid_t, char name[ACCOUNT_NAME_MAX + 1],
    struct failure *);

/*
 * Passed descriptors are the sender's error where the kernel knows
 * SO_PASSRIGHTS (6.16): true.  Elsewhere they are simply never received.
 * Holds for connections made from now on.
 */
bool peer_refuse_rights(int listener);

#endif
