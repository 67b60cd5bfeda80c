/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/terminal.h"

/* A terminal and the person's end of it. */
struct desk {
	int	person, ours;
	struct terminal t;
	char	line[TERMINAL_LINE_MAX + 1];
};
static struct desk desk;

static void
sit_down(const char *term)
{
	struct terminal_facts facts = { .term = term, .codeset = "UTF-8" };
	struct winsize size = { .ws_row = 24, .ws_col = 80 };

	assert_int_equal(openpty(&desk.person, &desk.ours, NULL, NULL, &size),
	    0);
	facts.in = facts.out = facts.err = desk.ours;
	terminal_open(&desk.t, &facts);
}

static void
stand_up(void)
{
	struct termios now;

	terminal_close(&desk.t);
	terminal_close(&desk.t);
	assert_int_equal(tcgetattr(desk.ours, &now), 0);
	assert_int_equal(now.c_lflag, desk.t.sane.c_lflag);
	sigprocmask(SIG_SETMASK, &desk.t.old_mask, NULL);
	close(desk.person);
	close(desk.ours);
}

static void
types(const char *s)
{
	assert_int_equal(write(desk.person, s, strlen(s)), strlen(s));
}

/* What has come out so far. */
static const char *
seen(void)
{
	static char text[65536];
	size_t used = 0;
	ssize_t n;

	fcntl(desk.person, F_SETFL, O_NONBLOCK);
	while ((n = read(desk.person, text + used, sizeof(text) - 1 - used)) >
	    0)
		used += (size_t)n;
	text[used] = '\0';
	return text;
}

static bool
wiped(void)
{
	size_t i;

	for (i = 0; i < sizeof(desk.line); i++)
		if (desk.line[i] != '\0')
			return false;
	return true;
}

static void
terminal_clean_text(void **state)
{
	static const struct { const char *src, *wanted; } cases[] = {
		{ "", "" }, { "plain text ~!", "plain text ~!" },
		{ "a\nb\tc", "a b c" }, { "\033[2J", "?[2J" },
		{ "\177\200\377", "???" }, { "na\303\257ve", "na??ve" },
	};
	char buf[32];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		terminal_clean(cases[i].src, buf, sizeof(buf));
		assert_string_equal(buf, cases[i].wanted);
	}
	terminal_clean("abcdef", buf, 4);
	assert_string_equal(buf, "abc");
	terminal_clean("abcdef", buf, 1);
	assert_string_equal(buf, "");
	buf[0] = 'x';
	terminal_clean("abcdef", buf, 0);
	assert_int_equal(buf[0], 'x');
}

static void
terminal_knows_what_it_can(void **state)
{
	static const struct {
		const char *term;
		bool pages, exact, alternate;
	} cases[] = {
		{ "xterm", true, false, true },
		{ "xterm-256color", true, true, true },
		{ "xterm-direct", true, true, true },
		{ "vt220", true, false, true },
		{ "linux", true, false, false },
		{ "dumb", false, false, true },
		{ "unknown", false, false, true },
		{ "emacs", false, false, true },
		{ "", false, false, true },
		{ NULL, false, false, true },
	};
	struct terminal_facts facts = { .term = "xterm" };
	size_t i;
	int p[2];

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		sit_down(cases[i].term);
		assert_int_equal(desk.t.pages, cases[i].pages);
		assert_int_equal(desk.t.exact, cases[i].exact);
		assert_int_equal(desk.t.alternate, cases[i].alternate);
		assert_true(desk.t.utf8 && desk.t.strong);
		stand_up();
	}
	assert_int_equal(pipe(p), 0);
	facts.in = p[0];
	facts.out = facts.err = p[1];
	facts.no_color = "1";
	facts.codeset = "ANSI_X3.4-1968";
	terminal_open(&desk.t, &facts);
	assert_false(desk.t.pages || desk.t.utf8 || desk.t.strong);
	terminal_close(&desk.t);
	sigprocmask(SIG_SETMASK, &desk.t.old_mask, NULL);
	close(p[0]);
	close(p[1]);
}

/* Line by line, as it comes out of a pipe. */
static void
terminal_asks_a_pipe(void **state)
{
	static char longest[TERMINAL_LINE_MAX + 2];
	struct terminal_facts facts = { .term = "xterm" };
	int in[2], out[2];
	char said[64];

	(void)state;
	memset(longest, 'x', TERMINAL_LINE_MAX + 1);
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	facts.in = in[0];
	facts.out = facts.err = out[1];
	terminal_open(&desk.t, &facts);
	dprintf(in[1], "one\ntwo\r\n\n%s\n%s\nend", longest, longest + 1);
	close(in[1]);
	assert_int_equal(terminal_ask(&desk.t, "Q: ", true, -1, desk.line),
	    TERMINAL_TYPED);
	assert_string_equal(desk.line, "one");
	terminal_ask(&desk.t, "Q: ", false, -1, desk.line);
	assert_string_equal(desk.line, "two");
	assert_int_equal(terminal_ask(&desk.t, "", false, -1, desk.line),
	    TERMINAL_TYPED);
	assert_string_equal(desk.line, "");
	assert_int_equal(terminal_ask(&desk.t, "", false, -1, desk.line),
	    TERMINAL_TOO_LONG);
	assert_true(wiped());
	assert_int_equal(terminal_ask(&desk.t, "", false, -1, desk.line),
	    TERMINAL_TYPED);
	assert_string_equal(desk.line, longest + 1);
	/* The end of the input ends a line, and then there is none. */
	assert_int_equal(terminal_ask(&desk.t, "", false, -1, desk.line),
	    TERMINAL_TYPED);
	assert_string_equal(desk.line, "end");
	assert_int_equal(terminal_ask(&desk.t, "", false, -1, desk.line),
	    TERMINAL_CANCELLED);
	assert_true(wiped());
	memset(said, 0, sizeof(said));
	assert_true(read(out[0], said, sizeof(said) - 1) > 0);
	assert_string_equal(said, "Q: Q: \n");
	sigprocmask(SIG_SETMASK, &desk.t.old_mask, NULL);
	close(in[0]);
	close(out[0]);
	close(out[1]);
}

static void
terminal_hides_a_password(void **state)
{
	struct termios now;

	(void)state;
	sit_down("xterm");
	terminal_hide(&desk.t, true);
	tcgetattr(desk.ours, &now);
	assert_int_equal(now.c_lflag & (ECHO | ECHONL | ICANON | ISIG),
	    ECHONL | ICANON | ISIG);
	terminal_hide(&desk.t, false);
	tcgetattr(desk.ours, &now);
	assert_int_equal(now.c_lflag, desk.t.sane.c_lflag);
	stand_up();
}

/* Echo is back however the question ends. */
static void
terminal_shows_again_after_a_question(void **state)
{
	int peer[2];

	(void)state;
	assert_int_equal(pipe(peer), 0);
	sit_down("xterm");
	assert_int_equal(write(peer[1], "x", 1), 1);
	assert_int_equal(terminal_ask(&desk.t, "Password: ", true, peer[0],
	    desk.line), TERMINAL_INTERRUPTED);
	assert_true(wiped());
	stand_up();
	sit_down("xterm");
	raise(SIGINT);		/* waits until somebody looks */
	assert_int_equal(terminal_ask(&desk.t, "Password: ", true, -1,
	    desk.line), TERMINAL_CANCELLED);
	assert_string_equal(seen(), "Password: \r\n");
	stand_up();
	close(peer[0]);
	close(peer[1]);
}

static unsigned
draw_twenty(struct terminal *t, void *arg)
{
	unsigned *count = arg;

	(*count)++;
	terminal_at(t, 4, 0);
	terminal_put(t, "Code: ");
	return 20;
}

/* What is typed early waits: it is not echoed, and not lost. */
static enum terminal_line
page_with(const char *keys, int peer)
{
	unsigned count = 0;
	enum terminal_line got;

	sit_down("xterm");
	terminal_enter(&desk.t, true);
	types(keys);
	got = terminal_page(&desk.t, draw_twenty, &count, false, peer,
	    desk.line);
	assert_true(count >= 1);
	assert_non_null(strstr(seen(), "\033[?1049h"));
	terminal_leave(&desk.t);
	assert_non_null(strstr(seen(), "\033[?1049l"));
	stand_up();
	return got;
}

static void
terminal_page_edits_a_line(void **state)
{
	static const struct { const char *keys, *wanted; } cases[] = {
		{ "123456\n", "123456" },
		{ "123 456\r", "123 456" },
		{ "\n", "" },
		{ "12\1773\n", "13" },
		{ "12\b\b\b3\n", "3" },
		{ "12\0253\n", "3" },		/* Ctrl-U */
		{ "12\0273\n", "3" },		/* Ctrl-W */
		{ "1\033[D2\033OA3\033[1;5C4\n", "1234" },
		{ "1\033" "2\n", "12" },	/* a lone Escape */
		{ "1\t\001\2002\377\n", "12" },
		{ "1\0042\n", "12" },		/* Ctrl-D within a line */
		{ "1234567890123456789012345\n", "1234567890123456789" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		assert_int_equal(page_with(cases[i].keys, -1),
		    TERMINAL_TYPED);
		assert_string_equal(desk.line, cases[i].wanted);
	}
}

static void
terminal_page_is_given_up(void **state)
{
	int peer[2];

	(void)state;
	memset(desk.line, 'x', sizeof(desk.line));
	assert_int_equal(page_with("\004", -1), TERMINAL_CANCELLED);
	assert_true(wiped());
	memset(desk.line, 'x', sizeof(desk.line));
	assert_int_equal(pipe(peer), 0);
	close(peer[1]);
	assert_int_equal(page_with("123", peer[0]), TERMINAL_INTERRUPTED);
	assert_true(wiped());
	close(peer[0]);
}

/* Line by line, so that nothing of it moves to a scrollback buffer. */
static void
terminal_leaves_an_empty_screen(void **state)
{
	unsigned count = 0, row;
	char wanted[32];
	const char *out;

	(void)state;
	sit_down("linux");
	terminal_enter(&desk.t, true);
	types("123456\n");
	assert_int_equal(terminal_page(&desk.t, draw_twenty, &count, false, -1,
	    desk.line), TERMINAL_TYPED);
	seen();
	terminal_leave(&desk.t);
	out = seen();
	for (row = 1; row <= 24; row++) {
		snprintf(wanted, sizeof(wanted), "\033[%u;1H\033[K", row);
		assert_non_null(strstr(out, wanted));
	}
	assert_non_null(strstr(out, "\033[3J"));
	terminal_leave(&desk.t);
	assert_string_equal(seen(), "");
	stand_up();
}

static void
terminal_page_follows_the_window(void **state)
{
	unsigned count = 0;

	(void)state;
	sit_down("xterm");
	terminal_enter(&desk.t, true);
	types("12\n");
	raise(SIGWINCH);
	assert_int_equal(terminal_page(&desk.t, draw_twenty, &count, false, -1,
	    desk.line), TERMINAL_TYPED);
	assert_int_equal(count, 2);
	assert_string_equal(desk.line, "12");
	stand_up();
}

/* Input that never ends does not keep a signal from being seen. */
static void
terminal_sees_signals_before_keys(void **state)
{
	(void)state;
	sit_down("xterm");
	types("typed\n");
	raise(SIGTERM);
	assert_int_equal(terminal_wait(&desk.t, true, -1, -1),
	    TERMINAL_CANCEL);
	assert_int_equal(terminal_wait(&desk.t, true, -1, -1), TERMINAL_KEY);
	stand_up();
}

/* Ctrl-C empties the queue between the waiting and the reading. */
static void
terminal_reads_nothing_that_is_gone(void **state)
{
	char c = 0;

	(void)state;
	sit_down("xterm");
	types("typed\n");
	assert_int_equal(terminal_wait(&desk.t, true, -1, -1), TERMINAL_KEY);
	assert_int_equal(tcflush(desk.ours, TCIFLUSH), 0);
	raise(SIGINT);
	assert_int_equal(terminal_read(&desk.t, &c), TERMINAL_AGAIN);
	assert_int_equal(terminal_wait(&desk.t, true, -1, -1),
	    TERMINAL_CANCEL);
	types("x\n");
	assert_int_equal(terminal_wait(&desk.t, true, -1, -1), TERMINAL_KEY);
	assert_int_equal(terminal_read(&desk.t, &c), TERMINAL_BYTE);
	assert_int_equal(c, 'x');
	stand_up();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terminal_clean_text),
		cmocka_unit_test(terminal_knows_what_it_can),
		cmocka_unit_test(terminal_asks_a_pipe),
		cmocka_unit_test(terminal_hides_a_password),
		cmocka_unit_test(terminal_shows_again_after_a_question),
		cmocka_unit_test(terminal_page_edits_a_line),
		cmocka_unit_test(terminal_page_is_given_up),
		cmocka_unit_test(terminal_leaves_an_empty_screen),
		cmocka_unit_test(terminal_page_follows_the_window),
		cmocka_unit_test(terminal_sees_signals_before_keys),
		cmocka_unit_test(terminal_reads_nothing_that_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
