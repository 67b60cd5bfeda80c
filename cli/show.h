/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the wizard shows and asks: pages on a terminal, lines elsewhere.
 */
#ifndef STEPUP_CLI_SHOW_H
#define STEPUP_CLI_SHOW_H

#include <stdbool.h>

#include "cli/page.h"
#include "cli/subcommands.h"
#include "common/otpauth.h"
#include "common/wire.h"

#define SHOW_NOTICE_MAX	320
/* Base32 of the longest secret in groups of four. */
#define SHOW_KEY_MAX	136
/* Rows of recovery codes as they are shown. */
#define SHOW_SHEET_MAX	1024

/* Holds secrets: wipe it whole. */
struct show {
	const struct call *call;
	char		notice[SHOW_NOTICE_MAX];  /* what just happened */
	/* The offer. */
	bool		offered;
	char		issuer[WIRE_STRING_MAX + 1];
	char		account[WIRE_STRING_MAX + 1];	/* printable */
	char		uri[OTPAUTH_MAX];
	char		key[SHOW_KEY_MAX];
	char		kind[80];	/* "time based, 6 digits, 30 s" */
	struct qr	qr;
	/* The sheet. */
	unsigned	codes;
	unsigned	number;		/* the one asked for, 0: none */
	bool		sheet_seen;
	char		sheet[WIRE_CODES_MAX][WIRE_CODE_LENGTH + 4];
	char		columns[SHOW_SHEET_MAX];
	enum wire_style	asked;		/* last */
	bool		adding;		/* no sheet follows the new code */
	bool		last_asked;	/* the answer that saves was given */
	bool		proven;		/* with a code, which is used up */
	struct page	page;
	char		title[128];
	char		text[6][256];	/* paragraphs of the page */
};

void show_start(struct show *, const struct call *);

/* Frames.  False: the frame cannot be; nothing is shown of it. */
bool show_offer(struct show *, const struct wire_message *);
bool show_sheet(struct show *, const struct wire_message *);
void show_miss(struct show *, const struct wire_message *);
/* text is printable. */
void show_note(struct show *, const char *text);

/* How far the clocks are apart, and which one may be wrong. */
void show_skew(int64_t skew, char *buf, size_t size);

/*
 * Asks what the service wants to know; text is its own question.  The line
 * is wiped by the caller.  TERMINAL_TOO_LONG: that was said, ask again.
 */
enum terminal_line show_prompt(struct show *, enum wire_style,
    const char *text, int peer, char line[TERMINAL_LINE_MAX + 1]);

#endif
