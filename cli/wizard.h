/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A conversation that asks and shows: enrolling, new recovery codes.  The
 * service speaks, the wizard answers with what the person types, until the
 * service says how it ended.
 *
 * On a terminal that can be drawn on, everything secret stands on a screen
 * that is erased afterwards.  Elsewhere it is said line by line: secrets on
 * the output, questions on the error output, answers from the input.
 *
 * Nothing is saved before the last answer; who gives up leaves nothing
 * behind.
 */
#ifndef STEPUP_CLI_WIZARD_H
#define STEPUP_CLI_WIZARD_H

#include "cli/session.h"
#include "cli/subcommands.h"

/* What was done, to be told after the screen is gone. */
struct wizard_done {
	char		issuer[WIRE_STRING_MAX + 1];	/* printable, or "" */
	uint32_t	left;		/* recovery codes in force */
	enum outcome	outcome;	/* EXIT_DONE: which success */
};

/*
 * Holds the conversation.  EXIT_DONE and *done filled, or the reason has
 * been said.  The screen is left and all secrets are wiped.
 */
enum exit_status wizard_run(const struct call *, enum wire_verb,
    uint32_t flags, struct wizard_done *done);

#endif
