/* SPDX-License-Identifier: BSD-2-Clause */
/* stepup pass --list. */
#ifndef STEPUP_CLI_PASS_H
#define STEPUP_CLI_PASS_H

#include "cli/subcommands.h"

/* All on record, or those of the call's account. */
enum exit_status pass_list(const struct call *);

#endif
