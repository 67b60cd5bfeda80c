/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The standard output, through which all results go: result() of
 * subcommands.h, and the documents of json.h.  They are written at once,
 * for some are secret and a buffer would keep them; a command whose
 * results are many and none of them secret asks to have them held back,
 * and written in large pieces.  There is one output in a process.
 */
#ifndef STEPUP_CLI_OUTPUT_H
#define STEPUP_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/subcommands.h"

#define OUTPUT_HELD_MAX 65536

/* From now on results are held back: never secrets. */
void output_hold(void);
/* False: nobody takes it any more. */
bool output_write(const struct call *, const char *, size_t);
/* Writes what is held; messages do it first, so the order stays. */
bool output_flush(const struct call *);

/*
 * Whether writing has failed.  The reason has been said, but for a reader
 * that has simply gone (`| head`).
 */
bool output_gone(void);

#endif
