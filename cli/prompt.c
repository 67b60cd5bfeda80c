/* SPDX-License-Identifier: BSD-2-Clause */
/* The wizard's questions: as pages, or line by line. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/json.h"
#include "cli/show.h"
#include "cli/verdict.h"

static void
start_page(struct show *s, const char *title)
{
	char user[sizeof(s->call->user)];

	terminal_clean(s->call->user, user, sizeof(user));
	snprintf(s->title, sizeof(s->title), "%.60s: %.60s", title, user);
	s->page = (struct page){ .title = s->title };
}

/* Formats paragraph i and adds it. */
static void __attribute__((format(printf, 5, 6)))
add(struct show *s, unsigned i, enum page_when when, unsigned indent,
    const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(s->text[i], sizeof(s->text[i]), format, ap);
	va_end(ap);
	page_add(&s->page, when, indent, s->text[i]);
}

static void
add_notice(struct show *s)
{
	if (s->notice[0] != '\0')
		page_add(&s->page, PAGE_ALWAYS, 0, "");
	page_add_strong(&s->page, s->notice);
	page_add(&s->page, PAGE_ALWAYS, 0, "");
}

static enum terminal_line
ask_page(struct show *s, bool fresh, int peer,
    char line[TERMINAL_LINE_MAX + 1])
{
	return terminal_page(s->call->terminal, page_draw, &s->page, fresh,
	    peer, line);
}

/* --- The code of the new secret ---------------------------------------- */

static void
offer_page(struct show *s)
{
	const char *choice = s->call->value[OPTION_QR];

	start_page(s, "Set up an authenticator app");
	s->page.qr = choice != NULL && *choice == 'n' ? NULL : &s->qr;
	s->page.style = choice != NULL ? (*choice == 'u' ? QR_HALVES :
	    QR_SPACES) : s->call->terminal->utf8 ? QR_HALVES : QR_SPACES;
	page_add(&s->page, PAGE_WITH_CODE, 3,
	    "1. Open your authenticator app and scan this code.");
	page_add(&s->page, PAGE_WITH_CODE, 0, "");
	page_add(&s->page, PAGE_WITH_CODE, 3,
	    "2. No camera? Type this key into the app:");
	page_add(&s->page, PAGE_WITHOUT_CODE, 3,
	    "1. Open your authenticator app, add an entry and type this key:");
	add(s, 0, PAGE_ALWAYS, 3, "   %s", s->key);
	add(s, 1, PAGE_ALWAYS, 9, "   Name: %s:%s", s->issuer, s->account);
	add(s, 2, PAGE_ALWAYS, 9, "   Kind: %s", s->kind);
	page_add(&s->page, PAGE_ALWAYS, 0, "");
	page_add(&s->page, PAGE_WITH_CODE, 3,
	    "3. Type the code that the app shows.");
	page_add(&s->page, PAGE_WITHOUT_CODE, 3,
	    "2. Type the code that the app shows.");
	page_add(&s->page, PAGE_ALWAYS, 3,
	    "   Ctrl-C stops, and nothing is saved.");
	add_notice(s);
	s->page.prompt = "Code: ";
}

/* Where there is no screen: the lines of the offer, once. */
static void
offer_lines(struct show *s)
{
	char text[OTPAUTH_MAX + SHOW_KEY_MAX + 1024], *c;
	int n;

	for (c = s->key; *c != '\0'; c++)
		if (*c == '\n')
			*c = ' ';
	n = snprintf(text, sizeof(text), "Open your authenticator app and add "
	    "an entry:\n  Name: %s:%s\n  Kind: %s\n  Key:  %s\n%s%s",
	    s->issuer, s->account, s->kind, s->key, s->uri,
	    s->uri[0] != '\0' ? "\n" : "");
	if (n > 0 && (size_t)n < sizeof(text))
		terminal_write(s->call->terminal->out, text, (size_t)n);
	explicit_bzero(text, sizeof(text));
	s->offered = false;
}

static enum terminal_line
ask_new_code(struct show *s, int peer, char line[TERMINAL_LINE_MAX + 1])
{
	enum terminal_line got;

	if (!s->call->terminal->pages) {
		if (s->offered && !call_has(s->call, OPTION_JSON))
			offer_lines(s);
		return terminal_ask(s->call->terminal,
		    "Code that the app shows: ", false, peer, line);
	}
	/* Enter alone costs no try. */
	do {
		offer_page(s);
		got = ask_page(s, false, peer, line);
	} while (got == TERMINAL_TYPED && line[0] == '\0');
	return got;
}

/* --- The sheet of recovery codes --------------------------------------- */

static void
sheet_page(struct show *s)
{
	start_page(s, "Recovery codes");
	page_add(&s->page, PAGE_ALWAYS, 0, "Each of these codes stands in for "
	    "the app once: when the phone is lost, broken or not at hand.");
	page_add(&s->page, PAGE_ALWAYS, 0, "Write them down, or keep them in "
	    "a password manager, and not on this host or that phone. They are "
	    "not shown again.");
	page_add(&s->page, PAGE_ALWAYS, 0, "");
	page_add(&s->page, PAGE_ALWAYS, 0, s->columns);
	page_add(&s->page, PAGE_ALWAYS, 0, "");
	s->page.prompt = "Enter when you have all of them: ";
}

static void
sheet_code_page(struct show *s)
{
	start_page(s, "Recovery codes");
	page_add(&s->page, PAGE_ALWAYS, 0, "The codes are off the screen. To "
	    "be sure that you have them, type the one with this number. It stays "
	    "unused.");
	page_add(&s->page, PAGE_ALWAYS, 0, "Enter alone shows them again.");
	add_notice(s);
	snprintf(s->text[0], sizeof(s->text[0]), "Code number %u: ",
	    s->number);
	s->page.prompt = s->text[0];
}

/* Whether recovery codes may stand on the output. */
static bool
shown(const struct show *s)
{
	return s->call->terminal->out_tty ||
	    call_has(s->call, OPTION_PRINT_SECRET);
}

/* For a program: the codes, which it has then. */
static bool
sheet_event(struct show *s)
{
	json_t *j = json_call() != NULL ? json_object() : NULL;
	json_t *codes = json_array();
	unsigned i;
	bool ok = true;

	for (i = 0; i < s->codes; i++)
		ok = ok && json_array_append_new(codes,
		    json_string(s->sheet[i])) == 0;
	s->sheet_seen = true;
	if (json_object_set_new(j, "codes", codes) == 0 && ok)
		return json_event(s->call, "codes", j);
	json_decref(j);
	return false;
}

static void
sheet_lines(struct show *s)
{
	char text[64];
	unsigned i;
	int n;

	s->sheet_seen = true;
	if (!shown(s))
		return;
	say(s->call, "Recovery codes: each stands in for the app once. Keep "
	    "them away from this host.");
	for (i = 0; i < s->codes; i++) {
		n = snprintf(text, sizeof(text), "%2u  %s\n", i + 1,
		    s->sheet[i]);
		terminal_write(s->call->terminal->out, text, (size_t)n);
	}
	explicit_bzero(text, sizeof(text));
}

/*
 * Who asked for a document has the codes with it, or in the file: the one
 * that is asked for goes back without a word.
 */
static enum terminal_line
answer_sheet(struct show *s, char line[TERMINAL_LINE_MAX + 1])
{
	line[0] = '\0';
	if (s->number == 0 || s->number > s->codes ||
	    (!s->sheet_seen && shown(s) && !sheet_event(s)))
		return TERMINAL_CANCELLED;
	memcpy(line, s->sheet[s->number - 1], sizeof(s->sheet[0]));
	return TERMINAL_TYPED;
}

/* One code by its number; an empty line goes back to the sheet. */
static enum terminal_line
ask_sheet_code(struct show *s, int peer, char line[TERMINAL_LINE_MAX + 1])
{
	enum terminal_line got = TERMINAL_TYPED;
	char text[64];

	if (call_has(s->call, OPTION_JSON))
		return answer_sheet(s, line);
	if (!s->call->terminal->pages) {
		if (!s->sheet_seen)
			sheet_lines(s);
		snprintf(text, sizeof(text), "Recovery code number %u: ",
		    s->number);
		return terminal_ask(s->call->terminal, text, false, peer,
		    line);
	}
	line[0] = '\0';
	while (got == TERMINAL_TYPED && line[0] == '\0') {
		if (!s->sheet_seen) {
			sheet_page(s);
			got = ask_page(s, true, peer, line);
			explicit_bzero(line, TERMINAL_LINE_MAX + 1);
			s->sheet_seen = got == TERMINAL_TYPED;
			continue;
		}
		sheet_code_page(s);
		got = ask_page(s, false, peer, line);
		if (got == TERMINAL_TYPED && line[0] == '\0') {
			s->sheet_seen = false;
			s->notice[0] = '\0';
		}
	}
	return got;
}

/* --- Other questions --------------------------------------------------- */

static enum terminal_line
ask_confirm(struct show *s, const char *text, int peer,
    char line[TERMINAL_LINE_MAX + 1])
{
	char question[WIRE_STRING_MAX + 16];
	enum terminal_line got = TERMINAL_TYPED;

	if (call_has(s->call, OPTION_YES)) {
		snprintf(line, TERMINAL_LINE_MAX + 1, "yes");
		return got;
	}
	if (!s->call->terminal->in_tty) {
		verdict_say(s->call, &verdict_yes, NULL);
		return TERMINAL_CANCELLED;
	}
	snprintf(question, sizeof(question), "%s [y/N] ", text);
	got = terminal_ask(s->call->terminal, question, false, peer, line);
	if (got == TERMINAL_TYPED)
		snprintf(line, TERMINAL_LINE_MAX + 1, "%s",
		    strcasecmp(line, "y") == 0 ||
		    strcasecmp(line, "yes") == 0 ? "yes" : "no");
	return got;
}

enum terminal_line
show_prompt(struct show *s, enum wire_style style, const char *text, int peer,
    char line[TERMINAL_LINE_MAX + 1])
{
	enum terminal_line got = TERMINAL_CANCELLED;

	s->asked = style;
	switch (style) {
	case STYLE_PASSWORD:
		got = terminal_ask(s->call->terminal, *text != '\0' ? text :
		    "Password: ", true, peer, line);
		break;
	case STYLE_SHOWN:
	case STYLE_FACTOR:
		got = terminal_ask(s->call->terminal, *text != '\0' ? text :
		    "Current code or recovery code: ", false, peer, line);
		break;
	case STYLE_NEW_CODE:
		got = ask_new_code(s, peer, line);
		s->last_asked = s->adding && got == TERMINAL_TYPED;
		break;
	case STYLE_SHEET_CODE:
		got = ask_sheet_code(s, peer, line);
		s->last_asked = got == TERMINAL_TYPED;
		break;
	case STYLE_CONFIRM:
		got = ask_confirm(s, text, peer, line);
		break;
	}
	if (got == TERMINAL_TOO_LONG)
		say(s->call, "That is too long.");
	return got;
}
