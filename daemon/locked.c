/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/mman.h>

#include <string.h>

#include "daemon/locked.h"

/*
 * - MADV_DONTDUMP: a core of this process, should one ever be written,
 *   holds no secret.
 * - MADV_WIPEONFORK: PAM modules start helpers; what they inherit is empty.
 *   Unknown to some kernels in user space; the helpers are the site's own,
 *   so it may fail.
 * - mlock: may fail where a person's `ulimit -l 0` reaches a spawned
 *   stepupd, or a container's root lacks CAP_IPC_LOCK.
 */
void *
locked_new(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (madvise(p, size, MADV_DONTDUMP) == -1) {
		munmap(p, size);
		return NULL;
	}
	(void)madvise(p, size, MADV_WIPEONFORK);
	(void)mlock(p, size);
	return p;
}

void
locked_free(void *p, size_t size)
{
	if (p == NULL)
		return;
	explicit_bzero(p, size);
	munmap(p, size);
}
