/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/ioctl.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/terminal.h"
#include "common/wire.h"

/* A stop has to leave the screen first, a going on has to draw it again. */
static volatile sig_atomic_t got_cancel, got_stop, got_continue, got_resize;

static const struct {
	int			 number;
	volatile sig_atomic_t	*flag;
} caught[] = {
	{ SIGINT, &got_cancel }, { SIGTERM, &got_cancel },
	{ SIGHUP, &got_cancel }, { SIGQUIT, &got_cancel },
	{ SIGTSTP, &got_stop }, { SIGCONT, &got_continue },
	{ SIGWINCH, &got_resize },
};
#define CAUGHT (sizeof(caught) / sizeof(caught[0]))

static void
on_signal(int number)
{
	size_t i;

	for (i = 0; i < CAUGHT; i++)
		if (caught[i].number == number)
			*caught[i].flag = 1;
}

/* What was ignored when we started (nohup) stays so, but for Ctrl-C. */
static void
signals_open(struct terminal *t)
{
	struct sigaction new = { .sa_handler = on_signal }, old;
	sigset_t ours;
	size_t i;

	sigemptyset(&ours);
	sigemptyset(&new.sa_mask);
	for (i = 0; i < CAUGHT; i++) {
		if (sigaction(caught[i].number, NULL, &old) == -1 ||
		    (old.sa_handler == SIG_IGN && caught[i].number != SIGINT))
			continue;
		sigaction(caught[i].number, &new, NULL);
		sigaddset(&ours, caught[i].number);
	}
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &ours, &t->old_mask);
	t->open_mask = t->old_mask;
	for (i = 0; i < CAUGHT; i++)
		sigdelset(&t->open_mask, caught[i].number);
}

static bool
starts_with(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

void
terminal_open(struct terminal *t, const struct terminal_facts *f)
{
	const char *term = f->term != NULL ? f->term : "";

	memset(t, 0, sizeof(*t));
	t->in = f->in;
	t->out = f->out;
	t->err = f->err;
	t->in_tty = isatty(f->in) == 1;
	t->out_tty = isatty(f->out) == 1;
	t->err_tty = isatty(f->err) == 1;
	t->have_sane = t->in_tty && tcgetattr(f->in, &t->sane) == 0;
	t->pages = t->have_sane && t->out_tty && *term != '\0' &&
	    strcmp(term, "dumb") != 0 && strcmp(term, "unknown") != 0 &&
	    !starts_with(term, "emacs");
	t->utf8 = f->codeset != NULL && (strcasecmp(f->codeset, "UTF-8") == 0 ||
	    strcasecmp(f->codeset, "utf8") == 0);
	t->strong = f->no_color == NULL || *f->no_color == '\0';
	t->exact = strstr(term, "256color") != NULL ||
	    strstr(term, "direct") != NULL ||
	    (f->colorterm != NULL && *f->colorterm != '\0');
	t->alternate = !starts_with(term, "linux");
	signals_open(t);
}

void
terminal_size(const struct terminal *t, unsigned *columns, unsigned *rows)
{
	struct winsize w;

	*columns = 80;
	*rows = 24;
	if (ioctl(t->out, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 &&
	    w.ws_row > 0) {
		*columns = w.ws_col;
		*rows = w.ws_row;
	}
}

/* --- Writing ----------------------------------------------------------- */

bool
terminal_write(int fd, const char *s, size_t len)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	ssize_t n;

	while (len > 0) {
		n = write(fd, s, len);
		if (n > 0) {
			s += n;
			len -= (size_t)n;
		} else if (n == -1 && errno == EAGAIN)
			poll(&p, 1, 1000);
		else if (n == 0 || errno != EINTR)
			return false;
	}
	return true;
}

static void
flush(struct terminal *t)
{
	if (!t->broken && !terminal_write(t->out, t->buffer, t->used))
		t->broken = true;
	explicit_bzero(t->buffer, t->used);
	t->used = 0;
}

void
terminal_put(struct terminal *t, const char *s)
{
	for (; *s != '\0'; s++) {
		if (t->used == sizeof(t->buffer))
			flush(t);
		t->buffer[t->used++] = *s;
	}
}

void
terminal_at(struct terminal *t, unsigned row, unsigned column)
{
	char s[32];

	snprintf(s, sizeof(s), "\033[%u;%uH", row + 1, column + 1);
	terminal_put(t, s);
}

void
terminal_erase(struct terminal *t)
{
	terminal_put(t, "\033[K");
}

void
terminal_strong(struct terminal *t, bool on)
{
	if (t->strong)
		terminal_put(t, on ? "\033[1m" : "\033[0m");
}

void
terminal_clean(const char *src, char *buf, size_t size)
{
	size_t i;

	if (size == 0)
		return;
	for (i = 0; i + 1 < size && src[i] != '\0'; i++) {
		if (src[i] == '\n' || src[i] == '\t')
			buf[i] = ' ';
		else
			buf[i] = src[i] >= 0x20 && src[i] <= 0x7e ? src[i] :
			    '?';
	}
	buf[i] = '\0';
}

/* --- Modes ------------------------------------------------------------- */

/* TCSAFLUSH drops what was typed too early: it was echoed, or is stale. */
static void
set_mode(struct terminal *t, tcflag_t off, bool drop)
{
	struct termios mode = t->sane;

	if (!t->have_sane)
		return;
	mode.c_lflag &= ~off;
	if ((off & ICANON) != 0) {
		mode.c_cc[VMIN] = 1;
		mode.c_cc[VTIME] = 0;
	} else if (off != 0)
		mode.c_lflag |= ECHONL;
	tcsetattr(t->in, drop ? TCSAFLUSH : TCSADRAIN, &mode);
}

void
terminal_enter(struct terminal *t, bool drop)
{
	if (!t->drawn && t->alternate)
		terminal_put(t, "\033[?1049h");
	set_mode(t, ICANON | ECHO | ECHONL, drop);
	t->drawn = true;
}

void
terminal_hide(struct terminal *t, bool on)
{
	if (on || t->hidden)
		set_mode(t, on ? ECHO : 0, on);
	t->hidden = on;
}

static void
screen_wipe(struct terminal *t)
{
	unsigned columns, rows, row;

	terminal_size(t, &columns, &rows);
	terminal_put(t, "\033[0m");
	for (row = 0; row < rows; row++) {
		terminal_at(t, row, 0);
		terminal_erase(t);
	}
	terminal_at(t, 0, 0);
}

/* The console has one screen alone: what stood there may have scrolled. */
static void
screen_leave(struct terminal *t)
{
	screen_wipe(t);
	terminal_put(t, t->alternate ? "\033[?1049l" : "\033[2J\033[3J");
	flush(t);
	t->drawn = false;
}

void
terminal_leave(struct terminal *t)
{
	if (!t->drawn)
		return;
	screen_leave(t);
	set_mode(t, 0, false);
}

void
terminal_close(struct terminal *t)
{
	terminal_leave(t);
	terminal_hide(t, false);
	explicit_bzero(t->buffer, sizeof(t->buffer));
}

/* --- Waiting ----------------------------------------------------------- */

/* Ctrl-Z: the shell gets its own terminal back, and we ours afterwards. */
static void
stop(struct terminal *t)
{
	struct sigaction ours, plain = { .sa_handler = SIG_DFL };
	bool drawn = t->drawn, hidden = t->hidden;
	sigset_t both;

	terminal_leave(t);
	terminal_hide(t, false);
	sigemptyset(&plain.sa_mask);
	sigemptyset(&both);
	sigaddset(&both, SIGTSTP);
	sigaddset(&both, SIGCONT);
	sigaction(SIGTSTP, &plain, &ours);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &both, NULL);	/* stops here */
	sigprocmask(SIG_BLOCK, &both, NULL);
	sigaction(SIGTSTP, &ours, NULL);
	if (drawn)
		terminal_enter(t, true);
	if (hidden)
		terminal_hide(t, true);
}

/* SIGSTOP cannot be caught, and a shell may have changed the modes since. */
static void
resume(struct terminal *t)
{
	if (t->drawn)
		terminal_enter(t, false);
	else if (t->hidden)
		terminal_hide(t, true);
}

static bool
signal_event(struct terminal *t, enum terminal_event *event)
{
	bool redraw = got_resize && t->drawn;

	got_resize = 0;
	if (got_cancel || t->broken) {
		got_cancel = 0;
		*event = TERMINAL_CANCEL;
		return true;
	}
	if (got_stop) {
		stop(t);
		redraw = true;
	} else if (got_continue) {
		resume(t);
		redraw = true;
	}
	got_stop = got_continue = 0;
	*event = TERMINAL_REDRAW;
	return redraw;
}

static enum terminal_event
wait_for(struct terminal *t, bool keys, int fd, short events,
    int64_t deadline_ms)
{
	struct pollfd p[3] = { { .fd = keys ? t->in : -1, .events = POLLIN },
	    { .fd = fd, .events = events },
	    { .fd = t->follow ? t->out : -1 } };
	struct timespec ts;
	enum terminal_event event;
	sigset_t closed;
	int64_t left;
	int n;

	flush(t);
	/* ppoll looks at signals only where no descriptor is ready. */
	sigprocmask(SIG_SETMASK, &t->open_mask, &closed);
	sigprocmask(SIG_SETMASK, &closed, NULL);
	if (signal_event(t, &event))
		return event;
	for (;;) {
		left = deadline_ms == -1 ? 0 : deadline_ms - wire_now_ms();
		if (left < 0)
			left = 0;
		ts = (struct timespec){ left / 1000, left % 1000 * 1000000 };
		n = ppoll(p, 3, deadline_ms == -1 ? NULL : &ts, &t->open_mask);
		if (signal_event(t, &event))
			return event;
		if (n == 0)
			return TERMINAL_LATE;
		t->unread = n > 0 && p[2].revents != 0;
		if (t->unread || (n == -1 && errno != EINTR))
			return TERMINAL_CANCEL;
		if (n > 0 && p[1].revents != 0)
			return TERMINAL_PEER;
		if (n > 0 && p[0].revents != 0)
			return TERMINAL_KEY;
	}
}

enum terminal_event
terminal_wait(struct terminal *t, bool keys, int fd, int64_t deadline_ms)
{
	return wait_for(t, keys, fd, POLLIN, deadline_ms);
}

enum terminal_event
terminal_wait_room(struct terminal *t, int fd, int64_t deadline_ms)
{
	return wait_for(t, false, fd, POLLIN | POLLOUT, deadline_ms);
}

/*
 * Ctrl-C empties the terminal's queue: a byte that was there when we waited
 * may be gone, and a read that waits with the signals blocked would never
 * end.  Open to them it ends with the next at the latest.
 */
enum terminal_byte
terminal_read(struct terminal *t, char *c)
{
	enum terminal_byte got = TERMINAL_AGAIN;
	sigset_t closed;
	ssize_t n;

	sigprocmask(SIG_SETMASK, &t->open_mask, &closed);
	if (!got_cancel && !got_stop && !got_continue && !got_resize) {
		n = read(t->in, c, 1);
		if (n == 1)
			got = TERMINAL_BYTE;
		else if (n == 0 || errno != EINTR)
			got = TERMINAL_END;
	}
	sigprocmask(SIG_SETMASK, &closed, NULL);
	return got;
}
