/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The module's arguments (SPEC 3.1).  An argument that is not in the table,
 * a value out of its range and an argument given twice are refused: the
 * login is denied and the log names the argument.
 */
#ifndef STEPUP_COMMON_OPTIONS_H
#define STEPUP_COMMON_OPTIONS_H

#include <stdbool.h>

#define OPTIONS_PROMPT		"Verification code: "
#define OPTIONS_PROMPT_MAX	30	/* bytes */
#define OPTIONS_TRIES		2
#define OPTIONS_TRIES_MAX	5

struct options {
	const char	*prompt;	/* as it is shown, nothing is added */
	const char	*rundir;	/* absolute, folder of both doors */
	unsigned	 tries;		/* charged answers in one call */
	bool		 noecho;
	bool		 quiet;		/* no PAM_TEXT_INFO */
	bool		 debug;
	/* The first argument that was refused, and why; NULL: none. */
	const char	*refused;
	const char	*why;
};

/*
 * Fills *options; its strings borrow from argv, which libpam keeps for the
 * whole call.  False when an argument was refused: what stands in the table
 * before and after it is filled in all the same.
 */
bool options_read(int argc, const char **argv, struct options *options);

#endif
