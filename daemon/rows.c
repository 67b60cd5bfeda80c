/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "daemon/rows.h"

bool
rows_flush(struct rows *r)
{
	struct wire_writer w;

	wire_start(&w, WIRE_VERSION, r->s->verb | WIRE_REPLY);
	if (r->len > 0)
		wire_put_bytes(&w, TAG_ROWS, r->data, r->len);
	if (r->tail != NULL)
		r->tail(&w, r->arg);
	r->gone = r->gone || !talk_send(r->s->talk, &w);
	r->len = 0;
	r->sent_ms = wire_now_ms();
	return !r->gone;
}

bool
rows_add(struct rows *r, const struct wire_writer *w)
{
	if (!wire_done(w) || w->len + 2 > sizeof(r->data))
		return true;
	if (r->len + 2 + w->len > sizeof(r->data) && !rows_flush(r))
		return false;
	r->data[r->len++] = (uint8_t)(w->len >> 8);
	r->data[r->len++] = (uint8_t)w->len;
	memcpy(r->data + r->len, w->data, w->len);
	r->len += w->len;
	return true;
}
