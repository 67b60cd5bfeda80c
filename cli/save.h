/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --save: recovery codes in a new file, 0600, on disk before they are in
 * force.  Nothing that is there is ever written over.
 */
#ifndef STEPUP_CLI_SAVE_H
#define STEPUP_CLI_SAVE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/subcommands.h"

struct save {
	const char	*path;	/* NULL: nothing is saved */
	int		 fd;
	bool		 made;	/* the file is ours */
};

/* Makes the file, empty.  False: said why. */
bool save_start(struct save *, const struct call *);
/* All of it, then the folder's entry, down to the disk.  False: said why. */
bool save_write(struct save *, const struct call *, const char *, size_t);
/* Takes the file away again unless it is kept. */
void save_end(struct save *, bool keep);

#endif
