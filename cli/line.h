/* SPDX-License-Identifier: BSD-2-Clause */
/* One account as list shows it. */
#ifndef STEPUP_CLI_LINE_H
#define STEPUP_CLI_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/subcommands.h"
#include "common/wire.h"

/* Times are seconds since 1970, 0: never; waits are seconds. */
struct line {
	char		*name;
	uint32_t	 uid;
	int64_t		 enrolled, used;
	int64_t		 pass, ticket;	/* in force until then; 0: none */
	uint32_t	 apps, left, all, flags;
	uint32_t	 wait_totp, wait_recovery;
};

/* A row of LIST; the name is put into room.  False: it is malformed. */
bool line_read(const struct wire_message *, char room[WIRE_STRING_MAX + 1],
    struct line *);

/* As text, under a head before the first, or as a document. */
void line_tell(const struct call *, const struct line *, bool first);

#endif
