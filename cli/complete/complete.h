/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Completions of bash, zsh and fish, made at build time from the table of
 * commands: what a command takes is read from its row, what its words and
 * values are from the synopsis and the help that people read.
 */
#ifndef STEPUP_CLI_COMPLETE_COMPLETE_H
#define STEPUP_CLI_COMPLETE_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/commands.h"

#define COMPLETE_WORDS_MAX	2048
#define COMPLETE_TEXT_MAX	160

/* What a word on the command line can be. */
enum complete_kind {
	COMPLETE_NOTHING = 0,	/* text of its own */
	COMPLETE_USER,
	COMPLETE_GROUP,
	COMPLETE_FILE,
	COMPLETE_WORDS
};

/* One option of one command. */
struct complete_option {
	enum option_name name;
	const char	*text;		/* "save" */
	char		 letter;	/* 's', or 0 */
	bool		 takes;		/* a value, */
	enum complete_kind kind;	/* which is that, */
	char		 words[COMPLETE_WORDS_MAX]; /* one of these */
	char		 about[COMPLETE_TEXT_MAX];	/* what it does */
};

/* The n-th of a row; false: there is none. */
bool complete_option(const struct command *, size_t n,
    struct complete_option *);

/* What the words beside the options are. */
struct complete_operands {
	char		 first[COMPLETE_WORDS_MAX]; /* the first is one of
					   these; "": it is like the rest */
	enum complete_kind rest;
};

void complete_operands(const struct command *, struct complete_operands *);

/* A script, to the standard output. */
void complete_bash(void);
void complete_zsh(void);
void complete_fish(void);

#endif
