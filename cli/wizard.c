/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/mman.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "cli/json.h"
#include "cli/save.h"
#include "cli/show.h"
#include "cli/values.h"
#include "cli/verdict.h"
#include "cli/wizard.h"

/*
 * All that is secret, in one place that is locked in memory: the frame that
 * came, what was typed, what is shown.  The whole program is, as it stands,
 * where the person's limit allows; at least this.  It is never dumped, and
 * wiped at the end.  libqrencode's own buffers are freed without that: they
 * end with the process, which is about to.
 */
static struct {
	struct session	session;
	struct show	show;
	struct save	save;
	char		file[SHOW_SHEET_MAX];	/* what is saved */
	char		line[TERMINAL_LINE_MAX + 1];
	const char	*purpose;		/* not said yet; or NULL */
} vault;

/* How a round ended. */
enum round {
	ROUND_ON = 0,
	ROUND_ANSWER,		/* the service has said how it ended */
	ROUND_BROKEN,		/* the connection has */
	ROUND_CANCELLED
};

static enum round
broken(enum session_state *why, enum session_state state)
{
	*why = state;
	return state == SESSION_CANCELLED ? ROUND_CANCELLED : ROUND_BROKEN;
}

/*
 * What is going to be done is said with the first proof that is asked for:
 * who is refused before that is asked for nothing.
 */
static const char *
purpose(const struct call *call, enum wire_verb verb, uint32_t flags)
{
	if (verb != VERB_ENROLL || call->host->uid == 0)
		return NULL;
	if ((flags & FLAG_ADD) != 0)
		return "This sets up one more authenticator. Your password "
		    "first, and a code that works now.";
	return (flags & FLAG_TICKET) != 0 ?
	    "This sets up an authenticator app for your logins here. Your "
	    "ticket first." :
	    "This sets up an authenticator app for your logins here. Your "
	    "password first.";
}

/* Asks until there is a line; the peer may speak first. */
static enum round
prompt(const struct wire_message *m, enum session_state *why)
{
	char text[WIRE_STRING_MAX + 1];
	enum terminal_line got;
	uint32_t style;

	wire_get_uint(m, TAG_STYLE, &style);
	wire_get_string(m, TAG_TEXT, text);
	terminal_clean(text, text, sizeof(text));
	if (vault.purpose != NULL && style != STYLE_NEW_CODE) {
		say(vault.show.call, "%s", vault.purpose);
		vault.purpose = NULL;
	}
	do
		got = show_prompt(&vault.show, (enum wire_style)style, text,
		    vault.session.fd, vault.line);
	while (got == TERMINAL_TOO_LONG);
	if (got == TERMINAL_CANCELLED)
		return broken(why, SESSION_CANCELLED);
	/* The next frame says what is so urgent; a failure comes there too. */
	if (got == TERMINAL_TYPED && !session_answer(&vault.session,
	    vault.line) && !wire_wait(vault.session.fd, POLLIN, 0))
		return broken(why, SESSION_GONE);
	explicit_bzero(vault.line, sizeof(vault.line));
	return ROUND_ON;
}

/* The codes in a file: a line each, as they are shown. */
static bool
save_sheet(void)
{
	const struct show *s = &vault.show;
	size_t used = 0;
	unsigned i;
	bool ok;

	for (i = 0; i < s->codes; i++)
		used += (size_t)snprintf(vault.file + used,
		    sizeof(vault.file) - used, "%2u  %s\n", i + 1,
		    s->sheet[i]);
	ok = save_write(&vault.save, s->call, vault.file, used);
	explicit_bzero(vault.file, sizeof(vault.file));
	return ok;
}

/* One frame of the service. */
static enum round
round_step(const struct wire_message *m, enum wire_verb verb,
    enum session_state *why)
{
	char text[WIRE_STRING_MAX + 1];

	/* Nothing but a code that was taken leads on from there. */
	if (vault.show.asked == STYLE_FACTOR && (m->verb == VERB_OFFER ||
	    m->verb == VERB_SHEET))
		vault.show.proven = !call_has(vault.show.call, OPTION_TICKET);
	if (wire_refused(m))
		return ROUND_ANSWER;
	if (m->verb == ((uint8_t)verb | WIRE_REPLY))
		return wire_has(m, TAG_LAST) ? ROUND_ANSWER : ROUND_ON;
	switch (m->verb) {
	case VERB_PROMPT:
		return prompt(m, why);
	case VERB_NOTE:
		wire_get_string(m, TAG_TEXT, text);
		terminal_clean(text, text, sizeof(text));
		show_note(&vault.show, text);
		return ROUND_ON;
	case VERB_OFFER:
		if (show_offer(&vault.show, m))
			return ROUND_ON;
		break;
	case VERB_MISS:
		show_miss(&vault.show, m);
		return ROUND_ON;
	case VERB_SHEET:
		if (!show_sheet(&vault.show, m))
			break;
		return save_sheet() ? ROUND_ON :
		    broken(why, SESSION_CANCELLED);
	}
	return broken(why, SESSION_MALFORMED);
}

static enum round
converse(enum wire_verb verb, struct wire_message *m, enum session_state *why)
{
	enum round round = ROUND_ON;
	enum session_state state;

	while (round == ROUND_ON) {
		state = session_next(&vault.session, m);
		round = state == SESSION_OPEN ? round_step(m, verb, why) :
		    broken(why, state);
	}
	if (round == ROUND_CANCELLED && session_cancel(&vault.session, m) &&
	    m->verb == ((uint8_t)verb | WIRE_REPLY))
		return ROUND_ANSWER;
	return round;
}

/* Whatever becomes of the rest; a ticket is spent with the last answer. */
static void
tell_proven(const struct call *call)
{
	if (vault.show.proven)
		say(call, "The code that let you in here is used up all the "
		    "same.");
}

static void
tell_saved(const struct call *call, const char *perhaps)
{
	char path[256];

	if (vault.save.path == NULL)
		return;
	terminal_clean(vault.save.path, path, sizeof(path));
	say(call, "The codes are in %s%s. That file lies on the host that you "
	    "may be locked out of: keep them elsewhere too.", path, perhaps);
	if (call_has(call, OPTION_JSON))
		json_object_set_new(json_call(), "saved",
		    json_words(vault.save.path));
}

/* After the last question only the store knows whether it was saved. */
static bool
unsure(enum session_state why)
{
	return vault.show.last_asked && (why == SESSION_GONE ||
	    why == SESSION_LATE || why == SESSION_CANCELLED);
}

static enum exit_status
say_broken(const struct call *call, enum session_state why)
{
	static const char what[] = "The service ended before it said whether "
	    "this was saved.";
	char status[CALL_COMMAND_MAX];

	tell_proven(call);
	if (!unsure(why))
		return verdict_say(call, verdict_of_state(why), NULL);
	call_command(call, "status", NULL, status);
	if (call_has(call, OPTION_JSON))
		json_verdict(what, status);
	say(call, "%s", what);
	tell_saved(call, ", in case that they are in force");
	say(call, "Next: %s", status);
	return EXIT_UNAVAILABLE;
}

/* The codes of three different things may have been wrong. */
static const struct verdict *
refusal(enum outcome o)
{
	if (o == OUT_BAD_CODE && vault.show.asked == STYLE_NEW_CODE)
		return &verdict_new_code;
	if (o == OUT_BAD_CODE && vault.show.asked == STYLE_SHEET_CODE)
		return &verdict_sheet_code;
	return verdict_of_outcome(o);
}

/* What two codes told of the clocks, and how near the wait is. */
static void
tell_trial(const struct call *call, const struct wire_message *m)
{
	char text[SHOW_NOTICE_MAX];
	uint32_t count, limit, kind;
	int64_t skew;

	if (wire_get_int64(m, TAG_SKEW, &skew) && skew > -2 * 86400 &&
	    skew < 2 * 86400) {
		if (call_has(call, OPTION_JSON))
			json_object_set_new(json_call(), "skew",
			    json_integer(skew));
		show_skew(skew, text, sizeof(text));
		say(call, "%s", text);
	}
	wire_get_uint(m, TAG_KIND, &kind);
	if (kind != KIND_NONE && wire_get_uint(m, TAG_COUNT, &count) &&
	    wire_get_uint(m, TAG_LIMIT, &limit) && count > 0 && count < limit)
		say(call, "Wrong in a row: %u; a wait begins at %u.",
		    (unsigned)count, (unsigned)limit);
}

static enum exit_status
finish(const struct call *call, enum wire_verb verb,
    const struct wire_message *m, struct wizard_done *done)
{
	uint32_t outcome;

	if (!wire_get_uint(m, TAG_OUTCOME, &outcome))
		outcome = OUT_PROTOCOL;
	/* What was wrong with the last try stood on no page any more. */
	if (outcome == OUT_BAD_CODE && vault.show.notice[0] != '\0')
		say(call, "%s", vault.show.notice);
	if (verb == VERB_TEST)
		tell_trial(call, m);
	done->outcome = (enum outcome)outcome;
	if (call_has(call, OPTION_JSON))
		json_object_set_new(json_call(), "outcome",
		    json_string(outcome_row(done->outcome)->audit));
	if (outcome != OUT_DONE && !(verb == VERB_TEST &&
	    (outcome == OUT_OK_TOTP || outcome == OUT_OK_RECOVERY ||
	    outcome == OUT_OK_PASS))) {
		tell_proven(call);
		return verdict_say(call, verb == VERB_TEST ?
		    verdict_of_test((enum outcome)outcome, wire_has(m,
		    TAG_SKEW)) : refusal((enum outcome)outcome), m);
	}
	wire_get_uint(m, TAG_LEFT, &done->left);
	if (call_has(call, OPTION_JSON) && (verb != VERB_TEST ||
	    outcome == OUT_OK_RECOVERY))
		json_object_set_new(json_call(), "left",
		    json_integer(done->left));
	terminal_clean(vault.show.issuer, done->issuer, sizeof(done->issuer));
	return EXIT_DONE;
}

/*
 * What would be asked or shown where nobody answers or everybody reads is
 * refused before anything is asked.  NULL: go on.
 */
static const struct verdict *
out_of_place(const struct call *call, enum wire_verb verb, uint32_t flags)
{
	const struct terminal *t = call->terminal;
	bool root = call->host->uid == 0;
	bool alone = root && (verb == VERB_REMOVE || (verb == VERB_CODES &&
	    call_has(call, OPTION_JSON)));
	bool codes = verb == VERB_CODES || (verb == VERB_ENROLL &&
	    (flags & FLAG_ADD) == 0);

	if (!values_know(OPTION_QR, call->value[OPTION_QR]))
		return &verdict_qr;
	if (!t->out_tty && !call_has(call, OPTION_PRINT_SECRET) &&
	    (verb == VERB_ENROLL || (codes && call->value[OPTION_SAVE] ==
	    NULL)))
		return &verdict_secret;
	if (t->in_tty)
		return NULL;
	if ((!root && verb != VERB_TEST && (flags & FLAG_TICKET) == 0 &&
	    !call_has(call, OPTION_PASSWORD_STDIN)) ||
	    (!alone && !call_has(call, OPTION_CODE_STDIN)))
		return &verdict_stdin;
	return NULL;
}

static void
end(bool keep)
{
	save_end(&vault.save, keep);
	session_close(&vault.session);
	explicit_bzero(&vault, sizeof(vault));
	vault.session.fd = vault.save.fd = -1;
}

enum exit_status
wizard_run(const struct call *call, enum wire_verb verb, uint32_t flags,
    struct wizard_done *done)
{
	const struct verdict *refused = out_of_place(call, verb, flags);
	enum session_state why;
	struct wire_message m;
	enum exit_status status;
	enum round round;

	memset(done, 0, sizeof(*done));
	if (refused != NULL)
		return verdict_say(call, refused, NULL);
	if (mlockall(MCL_CURRENT) == -1)
		(void)mlock(&vault, sizeof(vault));
	if (!save_start(&vault.save, call))
		return verdict_say(call, &verdict_file, NULL);
	show_start(&vault.show, call);
	vault.show.adding = (flags & FLAG_ADD) != 0;
	vault.purpose = purpose(call, verb, flags);
	if (call_has(call, OPTION_JSON))
		call->terminal->pages = false;
	why = session_open(&vault.session, call, verb, flags);
	round = why == SESSION_OPEN ? converse(verb, &m, &why) : ROUND_BROKEN;
	terminal_leave(call->terminal);
	if (round == ROUND_ANSWER)
		status = finish(call, verb, &m, done);
	else
		status = say_broken(call, why);
	if (status == EXIT_DONE)
		tell_saved(call, "");
	end(status == EXIT_DONE || (round != ROUND_ANSWER && unsure(why)));
	return status;
}
