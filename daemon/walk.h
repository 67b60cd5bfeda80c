/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A walk to a file, component by component on descriptors, so that nothing
 * can be exchanged between look and use.  Inside of trusted.c.
 *
 * Every folder and every link on the way belongs to the owner or to root.
 * Who can write a folder of the way could put another of root's files
 * there: refused.  A folder with the sticky bit (/tmp) may lie on the way
 * to a trusted one: what root owns in it is renamed by root alone.  It can
 * hold neither a trusted file nor a link: others could put files beside
 * the first (a WAL) and make hard links to links of root's.
 */
#ifndef STEPUP_DAEMON_WALK_H
#define STEPUP_DAEMON_WALK_H

#include <sys/types.h>

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "daemon/failure.h"

struct walk {
	const char	*path;		/* as asked for; in failures */
	uid_t		 owner;
	struct failure	*failure;
	int		 dir;		/* O_PATH, the folder reached so far */
	bool		 shared;	/* it is sticky and others may write */
	unsigned	 links;		/* followed so far */
	size_t		 tail;		/* of rest, behind a link's target */
	char		 rest[PATH_MAX];/* still to go */
	char		 real[PATH_MAX];/* gone so far; "" is the root */
	char		 name[NAME_MAX + 1]; /* last component */
};

/* What the last component may be. */
#define WALK_FOLLOW	0x1	/* a link: it is followed */
#define WALK_INTO	0x2	/* a folder: the walk ends in it */

/*
 * Walks to the last component of path, which is absolute: w->dir is its
 * folder, w->real that folder's name, w->name its own name (not looked at,
 * perhaps absent).  False: the failure names path and reason, *absent
 * tells whether a folder simply is not there.  w->dir is the caller's to
 * close, on failure too, unless it is -1.
 */
bool walk(struct walk *w, const char *path, uid_t owner, int flags,
    bool *absent, struct failure *);

/*
 * Whether w->name is what a link leads to: then its absence is no mere
 * absence, the link was meant to lead somewhere.
 */
bool walk_in_target(const struct walk *w);

#endif
