/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The person's terminal: what it can do, waiting for keys and signals,
 * one typed line, and a screen that leaves nothing behind.
 *
 * All signals that matter are blocked except while a wait is under way, so
 * they are seen at every wait and nowhere else: no call is cut short, and
 * Ctrl-C never ends the program without the terminal being put right.
 * There is one terminal in a process.
 *
 * Whatever the program dies of but SIGKILL, terminal_close has run.  On the
 * screen a line is erased before the screen is left: text that is erased
 * line by line never moves to a scrollback buffer.
 */
#ifndef STEPUP_CLI_TERMINAL_H
#define STEPUP_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <termios.h>

#define TERMINAL_LINE_MAX 128	/* bytes of a typed line, without its NUL */

/* What is known before anything is drawn. */
struct terminal_facts {
	int		 in, out, err;
	const char	*term;		/* TERM, or NULL */
	const char	*colorterm;	/* COLORTERM, or NULL */
	const char	*no_color;	/* NO_COLOR, or NULL */
	const char	*codeset;	/* nl_langinfo(CODESET) */
};

struct terminal {
	int		in, out, err;
	bool		in_tty, out_tty, err_tty;
	bool		pages;	/* both ends are a terminal that can be drawn
				   on; else everything is said line by line */
	bool		utf8;
	bool		strong;	/* headings may stand out */
	bool		exact;	/* 256 colours */
	bool		alternate; /* has a second screen */
	bool		follow;	/* set by the caller: a wait ends, cancelled,
				   when nobody reads the output any more; */
	bool		unread;	/* then this is set */
	/* Private from here. */
	bool		drawn;	/* the screen is ours */
	bool		broken;	/* writing failed: it is gone */
	bool		hidden;	/* echo is off */
	struct termios	sane;
	bool		have_sane;
	sigset_t	open_mask; /* the mask of a wait */
	sigset_t	old_mask;
	size_t		used;
	char		buffer[4096]; /* what is being drawn; may be secret */
};

enum terminal_event {
	TERMINAL_KEY = 0,	/* the input can be read */
	TERMINAL_PEER,		/* the watched descriptor can be read */
	TERMINAL_REDRAW,	/* new size, or back from a stop */
	TERMINAL_CANCEL,	/* SIGINT, SIGTERM, SIGHUP, SIGQUIT */
	TERMINAL_LATE		/* the deadline passed */
};

void terminal_open(struct terminal *, const struct terminal_facts *);
/* Puts everything right; twice is fine. */
void terminal_close(struct terminal *);

/* Of the window now; 80 by 24 where nobody knows. */
void terminal_size(const struct terminal *, unsigned *columns, unsigned *rows);

/*
 * Waits for a key (if keys) or for fd (if not -1), until deadline_ms
 * (wire_now_ms; -1: for ever).  Stopping and going on (Ctrl-Z) happens
 * inside and ends in TERMINAL_REDRAW.
 */
enum terminal_event terminal_wait(struct terminal *, bool keys, int fd,
    int64_t deadline_ms);
/* The same until fd can be read or written, either is TERMINAL_PEER. */
enum terminal_event terminal_wait_room(struct terminal *, int fd,
    int64_t deadline_ms);

enum terminal_line {
	TERMINAL_TYPED = 0,	/* line holds it */
	TERMINAL_TOO_LONG,	/* more than TERMINAL_LINE_MAX bytes; dropped */
	TERMINAL_INTERRUPTED,	/* the peer spoke first; nothing was kept */
	TERMINAL_CANCELLED
};

/*
 * Asks on the error output and reads one line of input, which the terminal
 * itself echoes, or not.  line is empty in all cases but TERMINAL_TYPED.
 */
enum terminal_line terminal_ask(struct terminal *, const char *prompt,
    bool hidden, int peer, char line[TERMINAL_LINE_MAX + 1]);

/*
 * The screen.  draw() puts the whole page, ending with the cursor where
 * typing begins, and returns how many columns there are for it; it is
 * called again whenever the window changes.  The line is edited here
 * (Backspace, Ctrl-U); Ctrl-D on an empty line cancels.  `fresh` drops what
 * was typed before the page was there.
 */
typedef unsigned terminal_draw(struct terminal *, void *arg);
enum terminal_line terminal_page(struct terminal *, terminal_draw *, void *arg,
    bool fresh, int peer, char line[TERMINAL_LINE_MAX + 1]);
/* The screen is ours (`drop`: with nothing typed before); a draw follows. */
void terminal_enter(struct terminal *, bool drop);
/* Erases the page and gives the old screen back; nothing if none is there. */
void terminal_leave(struct terminal *);

/* Typed text is not echoed; or is again. */
void terminal_hide(struct terminal *, bool);

/* Drawing: bytes, the cursor (from 0, 0), erasing to the end of the line. */
void terminal_put(struct terminal *, const char *);
void terminal_at(struct terminal *, unsigned row, unsigned column);
void terminal_erase(struct terminal *);
void terminal_strong(struct terminal *, bool);

/*
 * After TERMINAL_KEY, one byte: what follows belongs to the next question.
 * TERMINAL_AGAIN: a signal came first, wait again and it is told.
 */
enum terminal_byte { TERMINAL_BYTE, TERMINAL_AGAIN, TERMINAL_END };
enum terminal_byte terminal_read(struct terminal *, char *c);

/*
 * Writes all of s to fd, without stdio (whose buffers keep what they were
 * given).  False when it cannot.
 */
bool terminal_write(int fd, const char *s, size_t len);

/*
 * Text from elsewhere: bytes outside 0x20..0x7e become '?', newlines and
 * tabs a space.  Always terminates.
 */
void terminal_clean(const char *src, char *buf, size_t size);

#endif
