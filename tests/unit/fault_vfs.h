/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A SQLite VFS between a driver and the disk whose n-th call fails, once or
 * from then on, or before whose n-th call the process dies.  Unlocking,
 * closing, and giving a lock of the shared memory back do not fail.
 */
#ifndef STEPUP_TESTS_FAULT_VFS_H
#define STEPUP_TESTS_FAULT_VFS_H

#include <stdbool.h>

#define FAULT_VFS	"faults"
#define FAULT_KILLED	9	/* what a process that died exits with */

struct fault_how {
	bool	 writes;	/* only writes, truncations and syncs count */
	bool	 sticky;	/* all after the n-th as well */
	bool	 kill;
	int	 code;		/* of SQLite; 0: what fits the call */
};

/* Above "unix", as FAULT_VFS; in everybody's way: the default one. */
void fault_vfs_register(bool everybody);

/* The n-th call from here on, n > 0. */
void fault_vfs_arm(unsigned n, const struct fault_how *);

/* No more; how many calls failed. */
unsigned fault_vfs_disarm(void);

#endif
