/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "cli/page.h"

#define GAP	2	/* columns between the code and its text */

/* One page is drawn at a time; both may hold a secret and are wiped. */
static struct page_lines lines;
static char code_line[QR_LINE_MAX];

void
page_add(struct page *p, enum page_when when, unsigned indent,
    const char *text)
{
	if (p->count < PAGE_PARAGRAPHS)
		p->paragraphs[p->count++] = (struct paragraph){ .when = when,
		    .indent = indent, .text = text };
}

void
page_add_strong(struct page *p, const char *text)
{
	if (text == NULL || *text == '\0' || p->count == PAGE_PARAGRAPHS)
		return;
	page_add(p, PAGE_ALWAYS, 0, text);
	p->paragraphs[p->count - 1].strong = true;
}

static void
add_line(struct page_lines *l, bool strong, unsigned indent, const char *s,
    size_t len)
{
	if (l->count == PAGE_LINES) {
		memmove(&l->line[0], &l->line[1],
		    sizeof(l->line) - sizeof(l->line[0]));
		l->count--;
	}
	l->line[l->count].strong = strong;
	snprintf(l->line[l->count].text, sizeof(l->line[0].text), "%*s%.*s",
	    (int)indent, "", (int)len, s);
	l->count++;
}

/* How much of s stands in a line of `room`: whole words, or what fits. */
static size_t
line_length(const char *s, size_t room)
{
	size_t i, last = 0;

	for (i = 0; s[i] != '\0' && s[i] != '\n'; i++) {
		if (i <= room && s[i] == ' ')
			last = i;
		if (i == room)
			return last > 0 ? last : room;
	}
	return i;
}

static void
break_paragraph(const struct paragraph *p, unsigned columns,
    struct page_lines *l)
{
	unsigned indent = 0;
	const char *s = p->text;
	size_t n;

	do {
		if (indent >= columns)
			indent = 0;
		n = line_length(s, columns - indent);
		add_line(l, p->strong, indent, s, n);
		s += n;
		if (*s == '\n')
			s++;
		else
			while (*s == ' ')
				s++;
		indent = p->indent;
	} while (*s != '\0');
}

void
page_break(const struct page *p, bool with_code, unsigned columns,
    struct page_lines *l)
{
	const struct paragraph *one;
	size_t i;

	l->count = 0;
	if (columns > PAGE_COLUMNS)
		columns = PAGE_COLUMNS;
	if (columns == 0)
		columns = 1;
	for (i = 0; i < p->count; i++) {
		one = &p->paragraphs[i];
		if (one->when == PAGE_ALWAYS ||
		    (one->when == PAGE_WITH_CODE) == with_code)
			break_paragraph(one, columns, l);
	}
}

static unsigned
left_edge(const struct page *p)
{
	return qr_columns(p->qr, p->style) + GAP;
}

/* The prompt has a line of its own below the text. */
static unsigned
rows_beside(const struct page *p, unsigned columns)
{
	unsigned code = qr_rows(p->qr, p->style), text;

	page_break(p, true, columns, &lines);
	text = (unsigned)lines.count + 1;
	return text > code ? text : code;
}

bool
page_fits(const struct page *p, unsigned columns, unsigned rows)
{
	return p->qr != NULL && p->qr->size > 0 &&
	    columns >= left_edge(p) + PAGE_BESIDE &&
	    rows >= rows_beside(p, columns - left_edge(p));
}

void
page_needs(const struct page *p, unsigned *columns, unsigned *rows)
{
	*columns = left_edge(p) + PAGE_BESIDE;
	*rows = rows_beside(p, PAGE_BESIDE);
}

static void
draw_code(struct terminal *t, const struct page *p, unsigned top)
{
	unsigned row, count = qr_rows(p->qr, p->style);

	for (row = 0; row < count; row++) {
		terminal_at(t, top + row, 0);
		qr_line(p->qr, p->style, t->exact, row, code_line);
		terminal_put(t, code_line);
	}
	explicit_bzero(code_line, sizeof(code_line));
}

/*
 * The last `rows` of the text; below it the prompt, where typing begins.
 * What is missing then is said in the first row.
 */
static unsigned
draw_text(struct terminal *t, const struct page *p, unsigned top,
    unsigned left, unsigned columns, unsigned rows)
{
	size_t first = lines.count + 1 > rows ? lines.count + 1 - rows : 0, i;

	if (first > 0 && first < lines.count) {
		snprintf(lines.line[first].text, columns < PAGE_COLUMNS ?
		    columns + 1 : PAGE_COLUMNS + 1, "(%zu rows are needed for "
		    "all of this.)", lines.count + 1);
		lines.line[first].strong = true;
	}
	for (i = first; i < lines.count; i++) {
		terminal_at(t, top++, left);
		if (lines.line[i].strong)
			terminal_strong(t, true);
		terminal_put(t, lines.line[i].text);
		if (lines.line[i].strong)
			terminal_strong(t, false);
	}
	terminal_at(t, top, left);
	terminal_put(t, p->prompt);
	return strlen(p->prompt) < columns ?
	    columns - (unsigned)strlen(p->prompt) : 0;
}

static void
erase_all(struct terminal *t, unsigned rows)
{
	unsigned row;

	terminal_put(t, "\033[0m");
	for (row = 0; row < rows; row++) {
		terminal_at(t, row, 0);
		terminal_erase(t);
	}
}

/* The title takes the first row and leaves the second empty. */
static unsigned
draw_title(struct terminal *t, const struct page *p, unsigned columns,
    unsigned rows, unsigned needed)
{
	if (p->title == NULL || needed + 2 > rows ||
	    strlen(p->title) >= columns)
		return 0;
	terminal_at(t, 0, 0);
	terminal_strong(t, true);
	terminal_put(t, p->title);
	terminal_strong(t, false);
	return 2;
}

/* Says what is missing for the code, in front of all other text. */
static void
draw_without_code(const struct page *p, unsigned columns, unsigned rows)
{
	char remark[256] = "";
	unsigned want_columns, want_rows;
	struct page all = { .count = 0 };
	size_t i;

	if (p->qr != NULL && p->qr->size > 0) {
		page_needs(p, &want_columns, &want_rows);
		snprintf(remark, sizeof(remark), "The QR code needs a window "
		    "of %ux%u, this one is %ux%u. Next: make it larger and the "
		    "code appears, or type the key; %s.", want_columns,
		    want_rows, columns, rows, p->style == QR_SPACES ?
		    "--qr=utf8 is half as large, where this terminal can show "
		    "UTF-8" : "--qr=none leaves the code out");
		page_add(&all, PAGE_WITHOUT_CODE, 0, remark);
		page_add(&all, PAGE_WITHOUT_CODE, 0, "");
	}
	for (i = 0; i < p->count && all.count < PAGE_PARAGRAPHS; i++)
		all.paragraphs[all.count++] = p->paragraphs[i];
	page_break(&all, false, columns, &lines);
}

unsigned
page_draw(struct terminal *t, void *arg)
{
	const struct page *p = arg;
	unsigned columns, rows, left = 0, needed, top, room;

	terminal_size(t, &columns, &rows);
	erase_all(t, rows);
	if (page_fits(p, columns, rows)) {
		left = left_edge(p);
		needed = rows_beside(p, columns - left);
		top = draw_title(t, p, columns, rows, needed);
		draw_code(t, p, top);
	} else {
		draw_without_code(p, columns, rows);
		top = draw_title(t, p, columns, rows,
		    (unsigned)lines.count + 1);
	}
	room = draw_text(t, p, top, left, columns - left, rows - top);
	explicit_bzero(&lines, sizeof(lines));
	return room;
}
