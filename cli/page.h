/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A page of the wizard: a QR code with text beside it, and a prompt below
 * the text.  Where the window is too small for the code, the text that
 * stands for it takes its place.
 */
#ifndef STEPUP_CLI_PAGE_H
#define STEPUP_CLI_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/qr.h"
#include "cli/terminal.h"

#define PAGE_PARAGRAPHS	16
#define PAGE_LINES	64	/* more are not shown: the last ones stay */
#define PAGE_COLUMNS	160	/* wider windows are not filled */
#define PAGE_BESIDE	33	/* columns text needs beside a code */

enum page_when {
	PAGE_ALWAYS = 0,
	PAGE_WITH_CODE,		/* only beside the QR code */
	PAGE_WITHOUT_CODE	/* only when it cannot be shown */
};

struct paragraph {
	enum page_when	 when;
	bool		 strong;
	unsigned	 indent;	/* of the second and later lines */
	const char	*text;		/* printable ASCII and newlines, which
					   break lines; "": an empty line */
};

/* Everything borrowed: it lives as long as the page. */
struct page {
	const char	*title;		/* first row, where there is room */
	const struct qr	*qr;		/* NULL: none */
	enum qr_style	 style;
	size_t		 count;
	struct paragraph paragraphs[PAGE_PARAGRAPHS];
	const char	*prompt;
};

void page_add(struct page *, enum page_when, unsigned indent, const char *);
/* A paragraph that stands out; NULL and "" add nothing, not even a line. */
void page_add_strong(struct page *, const char *);

/*
 * The text broken into lines of at most `columns`; the result is how many
 * lines there are (PAGE_LINES at most, the first ones are dropped).
 */
struct page_lines {
	size_t	count;
	struct {
		bool	strong;
		char	text[PAGE_COLUMNS + 1];
	} line[PAGE_LINES];
};
void page_break(const struct page *, bool with_code, unsigned columns,
    struct page_lines *);

/* Whether the code and all text fit; how large a window it takes. */
bool page_fits(const struct page *, unsigned columns, unsigned rows);
void page_needs(const struct page *, unsigned *columns, unsigned *rows);

/* For terminal_page: arg is a struct page. */
unsigned page_draw(struct terminal *, void *arg);

#endif
