/* SPDX-License-Identifier: BSD-2-Clause */
#include <poll.h>
#include <string.h>

#include "cli/upload.h"

void
upload_open(struct upload *u, struct session *s)
{
	memset(u, 0, sizeof(*u));
	u->session = s;
}

/* Until there is room, or the service has something to say. */
static enum session_state
wait_room(struct upload *u)
{
	int64_t deadline = wire_now_ms() + SESSION_ANSWER_MS;
	struct session *s = u->session;

	for (;;) {
		switch (terminal_wait_room(s->terminal, s->fd, deadline)) {
		case TERMINAL_PEER:
			u->answered = wire_wait(s->fd, POLLIN, 0);
			return SESSION_OPEN;
		case TERMINAL_CANCEL:
			return SESSION_CANCELLED;
		case TERMINAL_LATE:
			return SESSION_LATE;
		case TERMINAL_REDRAW:
		case TERMINAL_KEY:
			break;
		}
	}
}

/* Whoever has ended may have said why: that is read as an answer. */
static enum session_state
send_packet(struct upload *u, const struct wire_writer *w)
{
	enum session_state state;

	for (;;) {
		state = wait_room(u);
		if (state != SESSION_OPEN || u->answered)
			return state;
		switch (wire_send(u->session->fd, w)) {
		case WIRE_OK:
			return SESSION_OPEN;
		case WIRE_END:
			u->answered = true;
			return SESSION_OPEN;
		case WIRE_AGAIN:
			break;
		case WIRE_MALFORMED:
		case WIRE_ERROR:
			return SESSION_GONE;
		}
	}
}

static void
flush(struct upload *u, bool last)
{
	struct wire_writer w;

	wire_start(&w, WIRE_VERSION, VERB_UPLOAD);
	if (u->len > 0)
		wire_put_bytes(&w, TAG_ROWS, u->data, u->len);
	if (last)
		wire_put_uint(&w, TAG_LAST, 1);
	u->state = wire_done(&w) ? send_packet(u, &w) : SESSION_MALFORMED;
	wire_wipe(&w);
	explicit_bzero(u->data, u->len);
	u->len = 0;
}

bool
upload_put(struct upload *u, struct wire_writer *row)
{
	size_t len = row->len;

	if (!wire_done(row) || len + 2 > sizeof(u->data))
		u->state = SESSION_MALFORMED;
	else if (u->state == SESSION_OPEN && !u->answered &&
	    len + 2 > sizeof(u->data) - u->len)
		flush(u, false);
	if (u->state == SESSION_OPEN && !u->answered) {
		u->data[u->len++] = (uint8_t)(len >> 8);
		u->data[u->len++] = (uint8_t)len;
		memcpy(u->data + u->len, row->data, len);
		u->len += len;
	}
	wire_wipe(row);
	return u->state == SESSION_OPEN && !u->answered;
}

enum session_state
upload_close(struct upload *u, bool whole)
{
	enum session_state state;

	if (whole && u->state == SESSION_OPEN && !u->answered)
		flush(u, true);
	state = u->state;
	explicit_bzero(u, sizeof(*u));
	return state;
}
