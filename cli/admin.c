/* SPDX-License-Identifier: BSD-2-Clause */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "cli/admin.h"
#include "cli/output.h"
#include "cli/verdict.h"
#include "common/text.h"

void
admin_start(const struct call *call, enum wire_verb verb,
    struct wire_writer *w)
{
	uint64_t by;

	wire_start(w, WIRE_VERSION, (uint8_t)verb);
	if (call->named)
		wire_put_string(w, TAG_NAME, call->user);
	if (text_number(call->host->sudo_uid, 0, UINT32_MAX - 1, &by))
		wire_put_uint(w, TAG_BY, (uint32_t)by);
}

static bool
one_line(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

enum exit_status
admin_reason(const struct call *call, bool wanted, struct wire_writer *w)
{
	const char *reason = call->value[OPTION_REASON];
	char what[96], next[80];

	if (reason == NULL && !wanted)
		return EXIT_DONE;
	if (reason == NULL || *reason == '\0' ||
	    strlen(reason) > ADMIN_REASON_MAX || !one_line(reason)) {
		snprintf(next, sizeof(next), "stepup %s --help", call->name);
		snprintf(what, sizeof(what), "stepup: a reason is wanted: "
		    "--reason TEXT, one line of up to %d bytes",
		    ADMIN_REASON_MAX);
		return verdict_refuse(call, EXIT_USAGE, what, next);
	}
	wire_put_string(w, TAG_REASON, reason);
	return EXIT_DONE;
}

bool
admin_rows(const struct wire_message *m, admin_packet *each, void *arg)
{
	const struct wire_field *f = &m->field[TAG_ROWS];
	struct wire_message row;
	size_t at, len;

	for (at = 0; at + 2 <= f->len; at += 2 + len) {
		len = (size_t)f->data[at] << 8 | f->data[at + 1];
		if (len > f->len - at - 2 ||
		    !wire_read(f->data + at + 2, len, &row) ||
		    !each(&row, arg))
			return false;
	}
	return at == f->len;
}

static enum session_state
read_run(const struct call *call, struct session *s, uint8_t verb,
    admin_packet *each, void *arg, struct wire_message *last)
{
	enum session_state state;

	for (;;) {
		/* Whoever follows sees what there is before a wait. */
		if (call_has(call, OPTION_FOLLOW) &&
		    !wire_wait(s->fd, POLLIN, wire_now_ms()) &&
		    !output_flush(call))
			return SESSION_CANCELLED;
		state = session_next(s, last);
		if (state != SESSION_OPEN || wire_refused(last))
			return state;
		if (last->verb != (verb | WIRE_REPLY))
			return SESSION_MALFORMED;
		if (wire_has(last, TAG_LAST))
			return SESSION_OPEN;
		if (each == NULL || !each(last, arg))
			return SESSION_MALFORMED;
		if (output_gone())
			return SESSION_CANCELLED;
	}
}

enum exit_status
admin_ask(const struct call *call, struct wire_writer *w, struct session *s,
    admin_packet *each, void *arg, struct wire_message *last)
{
	enum wire_verb verb = w->data[1]; /* the frame is wiped when sent */

	return admin_answer(call, verb, s, session_ask(s, call, w), each, arg,
	    last);
}

enum exit_status
admin_answer(const struct call *call, enum wire_verb verb, struct session *s,
    enum session_state state, admin_packet *each, void *arg,
    struct wire_message *last)
{
	uint32_t outcome;

	/* Callers look into it whatever came of it. */
	memset(last, 0, sizeof(*last));
	if (state == SESSION_OPEN)
		state = read_run(call, s, (uint8_t)verb, each, arg, last);
	if (output_gone() || call->terminal->unread)
		return EXIT_UNAVAILABLE;
	if (state == SESSION_CANCELLED && call_has(call, OPTION_FOLLOW))
		return EXIT_DONE;	/* there is no other end */
	if (state != SESSION_OPEN)
		return verdict_say(call, verdict_of_state(state), NULL);
	if (!wire_get_uint(last, TAG_OUTCOME, &outcome) ||
	    outcome != OUT_DONE)
		return verdict_say(call,
		    verdict_of_outcome((enum outcome)outcome), last);
	return EXIT_DONE;
}
