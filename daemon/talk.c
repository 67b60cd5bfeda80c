/* SPDX-License-Identifier: BSD-2-Clause */
#include <poll.h>
#include <string.h>

#include "daemon/talk.h"

#define SEND_MS 5000

bool
talk_send(const struct talk *t, const struct wire_writer *w)
{
	int64_t deadline = wire_now_ms() + SEND_MS;
	enum wire_io io;

	while ((io = wire_send(t->fd, w)) == WIRE_AGAIN)
		if (!wire_wait(t->fd, POLLOUT, deadline))
			return false;
	return io == WIRE_OK;
}

/* Text of a PAM module: one line of printable ASCII, blanks kept. */
static void
put_text(struct wire_writer *w, const char *text)
{
	char line[WIRE_STRING_MAX + 1];
	size_t i;

	for (i = 0; i < WIRE_STRING_MAX && text[i] != '\0'; i++)
		line[i] = text[i] < 0x20 || text[i] > 0x7e ? ' ' : text[i];
	line[i] = '\0';
	wire_put_string(w, TAG_TEXT, line);
}

static enum talk_code
receive_answer(const struct talk *t, struct secret *answer)
{
	int64_t deadline = wire_now_ms() +
	    (t->idle_ms > 0 ? t->idle_ms : TALK_IDLE_MS);
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_message m;
	enum talk_code code = TALK_MALFORMED;
	enum wire_io io;
	size_t len = 0;

	while ((io = wire_receive(t->fd, packet, &len)) == WIRE_AGAIN)
		if (!wire_wait(t->fd, POLLIN, deadline))
			return TALK_GONE;
	if (t->alive != NULL)
		t->alive(t->arg);
	if (io == WIRE_END || io == WIRE_ERROR)
		code = TALK_GONE;
	else if (io == WIRE_OK && wire_read(packet, len, &m)) {
		if (m.verb == VERB_CANCEL)
			code = TALK_CANCEL;
		else if (m.verb == VERB_ANSWER &&
		    wire_get_secret(&m, TAG_ANSWER, answer))
			code = TALK_OK;
	}
	explicit_bzero(packet, sizeof(packet));
	return code;
}

enum talk_code
talk_prompt(const struct talk *t, enum wire_style style, const char *text,
    struct secret *answer)
{
	struct wire_writer w;

	secret_wipe(answer);
	wire_start(&w, WIRE_VERSION, VERB_PROMPT);
	wire_put_uint(&w, TAG_STYLE, style);
	put_text(&w, text);
	if (!talk_send(t, &w))
		return TALK_GONE;
	return receive_answer(t, answer);
}

bool
talk_note(const struct talk *t, const char *text)
{
	struct wire_writer w;

	wire_start(&w, WIRE_VERSION, VERB_NOTE);
	put_text(&w, text);
	return talk_send(t, &w);
}
