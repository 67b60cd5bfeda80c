/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/confirm.h"
#include "cli/verdict.h"

/* What is said to a question: "yes", or anything else. */
static enum session_state
answer(const struct call *call, struct session *s,
    const struct wire_message *m)
{
	char line[TERMINAL_LINE_MAX + 1] = "yes";
	char text[WIRE_STRING_MAX + 1], question[WIRE_STRING_MAX + 16];
	enum terminal_line got = TERMINAL_TYPED;

	wire_get_string(m, TAG_TEXT, text);
	terminal_clean(text, text, sizeof(text));
	snprintf(question, sizeof(question), "%s [y/N] ", text);
	if (!call_has(call, OPTION_YES))
		do
			got = terminal_ask(call->terminal, question, false,
			    s->fd, line);
		while (got == TERMINAL_TOO_LONG);
	if (got == TERMINAL_CANCELLED)
		return SESSION_CANCELLED;
	if (got != TERMINAL_TYPED)
		return SESSION_OPEN;	/* the next frame says why */
	return session_answer(s, strcasecmp(line, "y") == 0 ||
	    strcasecmp(line, "yes") == 0 ? "yes" : "no") ? SESSION_OPEN :
	    SESSION_GONE;
}

static enum session_state
converse(const struct call *call, struct session *s, uint8_t verb,
    struct wire_message *last)
{
	char text[WIRE_STRING_MAX + 1];
	enum session_state state;

	for (;;) {
		state = session_next(s, last);
		if (state != SESSION_OPEN || wire_refused(last) ||
		    (last->verb == (verb | WIRE_REPLY) &&
		    wire_has(last, TAG_LAST)))
			return state;
		if (last->verb == VERB_NOTE) {
			wire_get_string(last, TAG_TEXT, text);
			terminal_clean(text, text, sizeof(text));
			say(call, "%s", text);
		} else if (last->verb == VERB_PROMPT)
			state = answer(call, s, last);
		else
			state = SESSION_MALFORMED;
		if (state != SESSION_OPEN)
			return state;
	}
}

enum exit_status
confirm_ask(const struct call *call, struct wire_writer *w,
    struct session *s, struct wire_message *last, bool *stopped)
{
	uint8_t verb = w->data[1];	/* the frame is wiped when sent */
	enum session_state state;
	uint32_t outcome;

	if (stopped != NULL)
		*stopped = false;
	if (!call->terminal->in_tty && !call_has(call, OPTION_YES)) {
		memset(s, 0, sizeof(*s));
		s->fd = -1;
		return verdict_say(call, &verdict_yes, NULL);
	}
	state = session_ask(s, call, w);
	if (state == SESSION_OPEN)
		state = converse(call, s, verb, last);
	if (stopped != NULL)
		*stopped = state == SESSION_CANCELLED;
	/* What was on its way may have been done. */
	if (state == SESSION_CANCELLED && session_cancel(s, last) &&
	    last->verb == (verb | WIRE_REPLY))
		state = SESSION_OPEN;
	if (state != SESSION_OPEN)
		return verdict_say(call, verdict_of_state(state), NULL);
	if (!wire_get_uint(last, TAG_OUTCOME, &outcome))
		outcome = OUT_PROTOCOL;
	if (outcome != OUT_DONE)
		return verdict_say(call,
		    verdict_of_outcome((enum outcome)outcome), last);
	return EXIT_DONE;
}
