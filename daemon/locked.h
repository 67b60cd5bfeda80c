/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for keys and opened secrets: whole pages of their own, zeroed,
 * kept out of core dumps, out of child processes (where the kernel can) and
 * out of the swap (where limits allow: only root reads swap, so that is no
 * reason to refuse everybody's login).
 */
#ifndef STEPUP_DAEMON_LOCKED_H
#define STEPUP_DAEMON_LOCKED_H

#include <stddef.h>

/* NULL when there is no memory, or it cannot be kept out of dumps. */
void *locked_new(size_t size);
/* Wiped first; NULL is fine.  size as it was asked for. */
void locked_free(void *, size_t size);

#endif
