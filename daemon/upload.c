/* SPDX-License-Identifier: BSD-2-Clause */
#include <poll.h>
#include <string.h>

#include "daemon/upload.h"

void
upload_start(struct upload *u, const struct talk *talk, uint64_t rows_max,
    uint64_t bytes_max)
{
	memset(u, 0, sizeof(*u));
	u->talk = talk;
	u->idle_ms = UPLOAD_IDLE_MS;
	u->deadline_ms = wire_now_ms() + UPLOAD_TOTAL_MS;
	u->rows_left = rows_max;
	u->bytes_left = bytes_max;
}

/* The rows of a packet; what it says besides, it must not. */
static enum upload_code
open_packet(struct upload *u, size_t len)
{
	const struct wire_field *rows;
	struct wire_message m;
	uint32_t last;

	if (!wire_read(u->packet, len, &m))
		return UPLOAD_MALFORMED;
	if (m.verb == VERB_CANCEL)
		return UPLOAD_CANCEL;
	rows = &m.field[TAG_ROWS];
	u->last = wire_get_uint(&m, TAG_LAST, &last) && last == 1;
	if (m.verb != VERB_UPLOAD || (!rows->present && !u->last))
		return UPLOAD_MALFORMED;
	if (len > u->bytes_left)
		return UPLOAD_TOO_MUCH;
	u->bytes_left -= len;
	u->rows = rows->data;
	u->len = rows->len;
	return UPLOAD_ROW;
}

static enum upload_code
receive(struct upload *u)
{
	int64_t deadline = wire_now_ms() + u->idle_ms;
	enum wire_io io;
	size_t len = 0;

	if (deadline > u->deadline_ms)
		deadline = u->deadline_ms;
	u->at = u->len = 0;
	while ((io = wire_receive(u->talk->fd, u->packet, &len)) ==
	    WIRE_AGAIN)
		if (!wire_wait(u->talk->fd, POLLIN, deadline))
			return UPLOAD_GONE;
	if (u->talk->alive != NULL)
		u->talk->alive(u->talk->arg);
	switch (io) {
	case WIRE_OK:
		return open_packet(u, len);
	case WIRE_MALFORMED:
		return UPLOAD_MALFORMED;
	case WIRE_END:
	case WIRE_AGAIN:
	case WIRE_ERROR:
		break;
	}
	return UPLOAD_GONE;
}

/* One row of the packet at hand. */
static enum upload_code
take_row(struct upload *u, struct wire_message *row)
{
	size_t len;

	if (u->len - u->at < 2)
		return UPLOAD_MALFORMED;
	len = (size_t)u->rows[u->at] << 8 | u->rows[u->at + 1];
	u->at += 2;
	if (len > u->len - u->at || !wire_read(u->rows + u->at, len, row))
		return UPLOAD_MALFORMED;
	u->at += len;
	if (u->rows_left == 0) {
		memset(row, 0, sizeof(*row));
		return UPLOAD_TOO_MUCH;
	}
	u->rows_left--;
	return UPLOAD_ROW;
}

enum upload_code
upload_next(struct upload *u, struct wire_message *row)
{
	memset(row, 0, sizeof(*row));
	while (u->ended == UPLOAD_ROW && u->at == u->len)
		u->ended = u->last ? UPLOAD_END : receive(u);
	if (u->ended == UPLOAD_ROW)
		u->ended = take_row(u, row);
	if (u->ended != UPLOAD_ROW)
		explicit_bzero(u->packet, sizeof(u->packet));
	return u->ended;
}

enum outcome
upload_outcome(enum upload_code code)
{
	switch (code) {
	case UPLOAD_ROW:
	case UPLOAD_END:
		return OUT_DONE;
	case UPLOAD_CANCEL:
	case UPLOAD_GONE:
		return OUT_NO_INPUT;
	case UPLOAD_MALFORMED:
	case UPLOAD_TOO_MUCH:
		break;
	}
	return OUT_PROTOCOL;
}

void
upload_wipe(struct upload *u)
{
	explicit_bzero(u, sizeof(*u));
	u->ended = UPLOAD_GONE;
}
