/* SPDX-License-Identifier: BSD-2-Clause */
/* What the value of an option can be, where it is one of a few words. */
#ifndef STEPUP_CLI_VALUES_H
#define STEPUP_CLI_VALUES_H

#include <stdbool.h>

#include "cli/subcommands.h"

/* They end with NULL; NULL: any text is taken. */
const char *const *values_of(enum option_name);

/* Whether this is one of them; a value that was not given is. */
bool values_know(enum option_name, const char *value);

#endif
