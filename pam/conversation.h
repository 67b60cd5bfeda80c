/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Talking to the person through the program's conversation function: one
 * prompt, one answer; one message.  The program's copy of an answer is
 * wiped here, ours belongs to the caller.
 */
#ifndef STEPUP_PAM_CONVERSATION_H
#define STEPUP_PAM_CONVERSATION_H

#include <stdbool.h>

#include <security/pam_modules.h>

#include "common/outcome.h"
#include "common/secret.h"

/* Columns of one line, reason and prompt together. */
#define CONVERSATION_COLUMNS	78

#define CONVERSATION_RECOVERY	"Recovery code: "

enum answer {
	/* No answer: cancelled, or a program that cannot ask. */
	ANSWER_NONE = 0,
	/* To be sent.  One longer than SECRET_MAX is empty: as little a code
	   as before. */
	ANSWER_TYPED,
	/* The password, which must never be sent: what a program gives that
	   answers every prompt with it. */
	ANSWER_PASSWORD,
	/* Not typed by anybody: what sshd gives for people who may not log
	   in, `\b \n \r \177` and more, as long as the true answer.  Whoever
	   answers so is to be nobody (OUT_NO_USER). */
	ANSWER_JUNK
};

/*
 * The line to ask with: reason ("" for none), a space and the prompt that
 * follows (FOLLOW_PROMPT: `prompt`, FOLLOW_RECOVERY: `Recovery code: `).
 * A reason with which the line would be too long is left out.
 */
void conversation_line(const char *reason, const char *prompt,
    enum outcome_follow follow, char line[CONVERSATION_COLUMNS + 1]);

/* Asks.  *typed is set for ANSWER_TYPED alone; the caller wipes it. */
enum answer conversation_ask(pam_handle_t *pamh, const char *line, bool echo,
    struct secret *typed);

/* Shows one line; style is PAM_ERROR_MSG or PAM_TEXT_INFO.  Printable
   ASCII, anything else is shown as `?`. */
void conversation_say(pam_handle_t *pamh, int style, const char *text);

#endif
