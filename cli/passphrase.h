/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The passphrase of a backup: typed at a terminal, unseen, or the first
 * line that comes from --passphrase-fd.  It is never an argument, nor in
 * the environment: other people of the host can read both.
 */
#ifndef STEPUP_CLI_PASSPHRASE_H
#define STEPUP_CLI_PASSPHRASE_H

#include <stdbool.h>

#include "cli/subcommands.h"

/* Of a new backup; the service has the reason (daemon/archive.h). */
#define PASSPHRASE_MIN	12
#define PASSPHRASE_MAX	TERMINAL_LINE_MAX

/*
 * EXIT_DONE: it is there, 1..PASSPHRASE_MAX bytes; else it is empty and the
 * reason has been said.  `fresh`: for a new backup, with PASSPHRASE_MIN bytes
 * at least, typed twice.
 */
enum exit_status passphrase_get(const struct call *, bool fresh,
    char passphrase[PASSPHRASE_MAX + 1]);

/* Whether it was typed, and may be typed once more. */
bool passphrase_typed(const struct call *);

#endif
