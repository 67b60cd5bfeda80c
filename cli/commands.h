/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of all commands: help, completions and the reading of arguments
 * are made from it.  A subcommand is a row here, a file of its own, and a
 * prototype in subcommands.h.
 */
#ifndef STEPUP_CLI_COMMANDS_H
#define STEPUP_CLI_COMMANDS_H

#include <getopt.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/subcommands.h"

/* Of struct command.flags. */
#define ROOTS	0x01u	/* administration: root's, takes no account by -u */
#define ACCOUNT	0x02u	/* its first word is an account of this host */
#define STORED	0x04u	/* root's account may be one of the store alone */
#define ASKS	0x08u	/* it only ever asks, and changes nothing */

struct command {
	const char	*name;
	subcommand	*run;
	unsigned	 flags;
	uint64_t	 options;	/* OPTION_BIT of those it takes; --help
					   is everybody's */
	unsigned	 words_min;	/* operands: least, */
	unsigned	 words_max;	/* and most */
	const char	*synopsis;
	const char	*summary;	/* one line */
	const char	*help;		/* the rest, lines of 78 columns */
};

/* In the order of the help; NULL: there is no such row. */
const struct command *command_at(size_t);
const struct command *command_find(const char *name);

/* For getopt_long(3); ends with an empty row. */
extern const struct option command_options[];
/* Of what getopt returned; OPTIONS: none. */
enum option_name command_option(int c);

/*
 * Reads what stands behind the command's name (argv[0]) into the call, and
 * says what is wrong with it.  Operands may stand before, between and
 * behind options; argv is written to.  EXIT_DONE: go on.
 */
enum exit_status arguments_read(struct call *, const struct command *,
    int argc, char *argv[]);

/* The call as it was made, without -u; a shell takes it. */
void arguments_again(const struct call *, char buf[CALL_COMMAND_MAX]);

/* EXIT_USAGE, said. */
enum exit_status usage(const struct call *, const char *what,
    const char *word);
/* The same, for a command of several forms: these are what comes next. */
enum exit_status usage_forms(const struct call *, const char *what);

#endif
