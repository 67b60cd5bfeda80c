/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In libpam's place: a stack that says what the test wrote down.  A test
 * program that links fake_pam.c has these pam_* and not libpam's.
 */
#ifndef STEPUP_TESTS_FAKE_PAM_H
#define STEPUP_TESTS_FAKE_PAM_H

#include <stdbool.h>

#include <security/pam_appl.h>

struct fake_pam {
	/* What the test says beforehand. */
	int		 start;		/* of pam_start */
	int		 prompts;	/* calls of the conversation */
	struct pam_message message;	/* of each; default: a password's */
	int		 messages;	/* in each call; 0: one */
	int		 result, account;
	bool		 account_asks;	/* the message is account's, too */
	const char	*renamed;	/* PAM_USER afterwards; NULL: the same */
	void		(*meanwhile)(void *);	/* before the first prompt */
	void		*arg;
	/* What came of it. */
	int		 asked;		/* calls that were answered */
	int		 conversed;	/* what the last call returned */
	char		 last[256];	/* the last answer */
	const struct pam_conv *conv;
	const char	*user;
};

extern struct fake_pam fake_pam;

/* A stack that asks for `prompts` passwords and says `result`. */
void fake_pam_stack(int prompts, int result);

#endif
