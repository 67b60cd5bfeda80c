/* SPDX-License-Identifier: BSD-2-Clause */
#include <qrencode.h>

#include <string.h>

#include "cli/qr.h"

#define SGR_EXACT	"\033[0;38;5;231;48;5;232m"
#define SGR_BASIC	"\033[0;37;40m"
#define SGR_RESET	"\033[0m"

/* One attempt; the caller's qr is overwritten only by a code that fits. */
static bool
encode_at(const char *text, QRecLevel level, unsigned limit, struct qr *qr)
{
	QRcode *code = QRcode_encodeString(text, 0, level, QR_MODE_8, 1);
	unsigned side, i;

	if (code == NULL)
		return false;
	side = (unsigned)code->width;
	if (side <= limit) {
		qr->size = side;
		for (i = 0; i < side * side; i++)
			qr->dark[i] = (code->data[i] & 1) != 0;
	}
	explicit_bzero(code->data, (size_t)side * side);
	QRcode_free(code);
	return side <= limit;
}

bool
qr_encode(const char *text, struct qr *qr)
{
	static const QRecLevel better[] = { QR_ECLEVEL_M, QR_ECLEVEL_Q,
	    QR_ECLEVEL_H };
	size_t i;

	memset(qr, 0, sizeof(*qr));
	if (*text == '\0' || !encode_at(text, QR_ECLEVEL_L, QR_SIZE_MAX, qr))
		return false;
	for (i = 0; i < sizeof(better) / sizeof(better[0]); i++)
		if (!encode_at(text, better[i], qr->size, qr))
			break;
	return true;
}

unsigned
qr_columns(const struct qr *qr, enum qr_style style)
{
	unsigned side = qr->size + 2 * QR_MARGIN;

	return style == QR_HALVES ? side : 2 * side;
}

unsigned
qr_rows(const struct qr *qr, enum qr_style style)
{
	unsigned side = qr->size + 2 * QR_MARGIN;

	return style == QR_HALVES ? (side + 1) / 2 : side;
}

/* x and y count from the margin's corner; all around the code is light. */
static bool
light(const struct qr *qr, unsigned x, unsigned y)
{
	if (x < QR_MARGIN || y < QR_MARGIN || x >= qr->size + QR_MARGIN ||
	    y >= qr->size + QR_MARGIN)
		return true;
	return !qr->dark[(y - QR_MARGIN) * qr->size + (x - QR_MARGIN)];
}

/* U+2588 full, U+2580 upper half, U+2584 lower half block. */
static const char *
half_block(bool upper, bool lower)
{
	if (upper)
		return lower ? "\342\226\210" : "\342\226\200";
	return lower ? "\342\226\204" : " ";
}

static void
append(char buf[QR_LINE_MAX], size_t *used, const char *s)
{
	size_t n = strlen(s);

	if (n >= QR_LINE_MAX - *used)
		return;
	memcpy(buf + *used, s, n + 1);
	*used += n;
}

void
qr_line(const struct qr *qr, enum qr_style style, bool exact, unsigned row,
    char buf[QR_LINE_MAX])
{
	unsigned side = qr->size + 2 * QR_MARGIN, x;
	size_t used = 0;

	append(buf, &used, exact ? SGR_EXACT : SGR_BASIC);
	for (x = 0; x < side; x++) {
		if (style == QR_HALVES)
			append(buf, &used, half_block(light(qr, x, 2 * row),
			    light(qr, x, 2 * row + 1)));
		else
			append(buf, &used, light(qr, x, row) ?
			    "\033[7m  " : "\033[27m  ");
	}
	append(buf, &used, SGR_RESET);
}
