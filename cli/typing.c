/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading one line: as the terminal gives it, or key by key on a page. */
#include <string.h>

#include "cli/terminal.h"

#define CONTROL(c)	((c) & 0x1f)
#define DELETE		0x7f
#define ESCAPE		0x1b

/* Broken at blanks where the window is narrower; printable ASCII. */
static void
prompt_line(struct terminal *t, const char *prompt)
{
	size_t len = strlen(prompt), cut;
	unsigned columns, rows;

	terminal_size(t, &columns, &rows);
	while (len > columns) {
		for (cut = columns; cut > 0 && prompt[cut] != ' '; cut--)
			;
		if (cut == 0 || cut + 1 == len)
			break;
		terminal_write(t->err, prompt, cut);
		terminal_write(t->err, "\n", 1);
		prompt += cut + 1;
		len -= cut + 1;
	}
	terminal_write(t->err, prompt, len);
}

/*
 * Bytes up to the newline.  The end of the input ends a line that has
 * begun, and cancels an empty one.
 */
static enum terminal_line
ask_bytes(struct terminal *t, const char *prompt, int peer,
    char line[TERMINAL_LINE_MAX + 1])
{
	size_t len = 0;
	char c;

	for (;;) {
		switch (terminal_wait(t, true, peer, -1)) {
		case TERMINAL_PEER:
			return TERMINAL_INTERRUPTED;
		case TERMINAL_CANCEL:
		case TERMINAL_LATE:
			return TERMINAL_CANCELLED;
		case TERMINAL_REDRAW:
			prompt_line(t, prompt);
			continue;
		case TERMINAL_KEY:
			break;
		}
		switch (terminal_read(t, &c)) {
		case TERMINAL_BYTE:
			break;
		case TERMINAL_AGAIN:
			continue;
		case TERMINAL_END:
			if (len == 0)
				return TERMINAL_CANCELLED;
			c = '\n';
		}
		if (c == '\n')
			break;
		if (len < TERMINAL_LINE_MAX)
			line[len] = c;
		len++;
	}
	if (len > TERMINAL_LINE_MAX)
		return TERMINAL_TOO_LONG;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	return TERMINAL_TYPED;
}

enum terminal_line
terminal_ask(struct terminal *t, const char *prompt, bool hidden, int peer,
    char line[TERMINAL_LINE_MAX + 1])
{
	enum terminal_line result;

	terminal_leave(t);
	if (hidden)
		terminal_hide(t, true);
	prompt_line(t, prompt);
	result = ask_bytes(t, prompt, peer, line);
	if (result != TERMINAL_TYPED)
		explicit_bzero(line, TERMINAL_LINE_MAX + 1);
	/* Nobody's Enter ended the line. */
	if (result == TERMINAL_CANCELLED || result == TERMINAL_INTERRUPTED)
		terminal_write(t->err, "\n", 1);
	if (hidden)
		terminal_hide(t, false);
	return result;
}

/* A line being typed on a page. */
struct typing {
	char	*line;
	size_t	 len;
	size_t	 room;		/* columns there are for it */
	enum { KEYS, AFTER_ESCAPE, IN_SEQUENCE } state;
};

/* Arrow keys and their like send ESC [ ... letter: swallowed whole. */
static bool
swallowed(struct typing *y, char c)
{
	switch (y->state) {
	case KEYS:
		if (c != ESCAPE)
			return false;
		y->state = AFTER_ESCAPE;
		return true;
	case AFTER_ESCAPE:
		y->state = c == '[' || c == 'O' ? IN_SEQUENCE : KEYS;
		return y->state == IN_SEQUENCE;
	case IN_SEQUENCE:
		if (c >= 0x40 && c <= 0x7e)
			y->state = KEYS;
		return true;
	}
	return false;
}

static void
rub_out(struct terminal *t, struct typing *y, size_t count)
{
	for (; count > 0 && y->len > 0; count--) {
		y->line[--y->len] = '\0';
		terminal_put(t, "\b \b");
	}
}

static void
type(struct terminal *t, struct typing *y, char c)
{
	const char echo[2] = { c, '\0' };

	if (y->len + 1 >= y->room || y->len == TERMINAL_LINE_MAX) {
		terminal_put(t, "\a");
		return;
	}
	y->line[y->len++] = c;
	y->line[y->len] = '\0';
	terminal_put(t, echo);
}

/* True when the line is finished, one way or the other. */
static bool
key(struct terminal *t, struct typing *y, char c, enum terminal_line *result)
{
	if (swallowed(y, c))
		return false;
	if (c == '\n' || c == '\r') {
		*result = TERMINAL_TYPED;
		return true;
	}
	if (c == CONTROL('D') && y->len == 0) {
		*result = TERMINAL_CANCELLED;
		return true;
	}
	if (c == DELETE || c == '\b')
		rub_out(t, y, 1);
	else if (c == CONTROL('U') || c == CONTROL('W'))
		rub_out(t, y, y->len);
	else if (c >= 0x20 && c < DELETE)
		type(t, y, c);
	return false;
}

static void
redraw(struct terminal *t, struct typing *y, terminal_draw *draw, void *arg)
{
	y->room = draw(t, arg);
	/* A window that shrank takes back what has no room any more. */
	if (y->len >= y->room)
		y->len = y->room > 0 ? y->room - 1 : 0;
	y->line[y->len] = '\0';
	terminal_put(t, y->line);
}

enum terminal_line
terminal_page(struct terminal *t, terminal_draw *draw, void *arg, bool fresh,
    int peer, char line[TERMINAL_LINE_MAX + 1])
{
	struct typing y = { .line = line };
	enum terminal_line result = TERMINAL_CANCELLED;
	enum terminal_byte read;
	bool finished = false;
	char c;

	terminal_enter(t, fresh);
	redraw(t, &y, draw, arg);
	while (!finished) {
		switch (terminal_wait(t, true, peer, -1)) {
		case TERMINAL_REDRAW:
			redraw(t, &y, draw, arg);
			break;
		case TERMINAL_KEY:
			read = terminal_read(t, &c);
			finished = read == TERMINAL_END ||
			    (read == TERMINAL_BYTE &&
			    key(t, &y, c, &result));
			break;
		case TERMINAL_PEER:
			result = TERMINAL_INTERRUPTED;
			finished = true;
			break;
		case TERMINAL_CANCEL:
		case TERMINAL_LATE:
			finished = true;
			break;
		}
	}
	if (result != TERMINAL_TYPED)
		explicit_bzero(line, TERMINAL_LINE_MAX + 1);
	return result;
}
