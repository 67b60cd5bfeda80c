/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The n-th allocation of the thread that asks for it fails, once or from
 * then on: our own (malloc, calloc, realloc, strdup, mmap, fdopendir, wrapped
 * by the linker: FAULT_MEMORY_WRAPS), SQLite's and libcrypto's.
 * libconfig's are left alone: 1.5 looks at no result, 1.7 ends the process.
 */
#ifndef STEPUP_TESTS_FAULT_MEMORY_H
#define STEPUP_TESTS_FAULT_MEMORY_H

#include <stdbool.h>

/* Before SQLite or libcrypto are used at all. */
void fault_memory_start(void);

/* The n-th allocation from here on, n > 0. */
void fault_memory_arm(unsigned n, bool sticky);

/*
 * The next one of the thread that armed it, sticky; for a client that knows
 * what it will be asked to do.
 */
void fault_memory_now(void);

/* No more; how many failed. */
unsigned fault_memory_disarm(void);

#endif
