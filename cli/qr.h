/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QR codes (ISO/IEC 18004) as lines of text.
 *
 * Cameras want dark modules on a light ground, whatever the terminal's own
 * colours are.  So a line draws both: light modules in the foreground
 * colour, which is set to white, dark ones in the background colour, set to
 * black.  A terminal that knows no colours then still shows the code right
 * as long as it is light on dark, as those are.
 */
#ifndef STEPUP_CLI_QR_H
#define STEPUP_CLI_QR_H

#include <stdbool.h>
#include <stddef.h>

#define QR_MARGIN	2	/* modules of quiet zone on each side */
#define QR_SIZE_MAX	117	/* modules a side, version 25 */
/* Room for any line of any style, with its NUL. */
#define QR_LINE_MAX	((QR_SIZE_MAX + 2 * QR_MARGIN) * 12 + 64)

/* Holds what it encodes: wipe it like a secret. */
struct qr {
	unsigned	size;		/* modules a side, 0: none */
	bool		dark[QR_SIZE_MAX * QR_SIZE_MAX];
};

enum qr_style {
	QR_HALVES = 0,	/* half blocks: a column a module, two modules a row */
	QR_SPACES	/* ASCII: two columns a module, a row a module */
};

/*
 * The smallest code that holds text, with the best error correction that
 * this size has room for.  False, and size 0, when it would not fit in
 * QR_SIZE_MAX or memory is short.
 */
bool qr_encode(const char *text, struct qr *);

/* What it takes on the screen, margin included. */
unsigned qr_columns(const struct qr *, enum qr_style);
unsigned qr_rows(const struct qr *, enum qr_style);

/*
 * One line, row 0..qr_rows() - 1, qr_columns() wide, its colours set before
 * and reset after it.  `exact`: the terminal knows 256 colours, of which 231
 * and 232 are never changed by themes.  buf holds QR_LINE_MAX bytes.
 */
void qr_line(const struct qr *, enum qr_style, bool exact, unsigned row,
    char buf[QR_LINE_MAX]);

#endif
