/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What root reads: every account in short, and what happened.  Rows go out
 * in packets as full as they get, batch by batch: nothing is kept, and no
 * transaction is open while the client reads.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/pass.h"
#include "daemon/rows.h"
#include "daemon/session.h"

#define WEAK_BYTES	16	/* 128 bits */
#define FOLLOW_MS	500
#define ALIVE_MS	20000

/* The worse of both doors. */
static uint32_t
worse(const struct rows *r, const struct store_line *l, bool totp,
    uint32_t *flags)
{
	const enum limiter_name names[] = {
		totp ? LIMITER_TOTP_LOGIN : LIMITER_RECOVERY_LOGIN,
		totp ? LIMITER_TOTP_PUBLIC : LIMITER_RECOVERY_PUBLIC
	};
	uint32_t wait, longest = 0;
	int64_t now = clock_now();
	size_t i;

	for (i = 0; i < 2; i++) {
		if (limit_state(&l->limiters[names[i]],
		    &r->s->settings.limits, totp, true, now, &wait) ==
		    LIMIT_DISABLED)
			*flags |= FLAG_DISABLED;
		else if (wait > longest)
			longest = wait;
	}
	return longest;
}

static bool
put_line(const struct store_line *l, void *arg)
{
	struct rows *r = arg;
	uint32_t totp, recovery, flags = 0;
	int64_t now = clock_now();
	struct wire_writer w;

	totp = worse(r, l, true, &flags);
	recovery = worse(r, l, false, &flags);
	if (l->credential_count > 0 || l->codes_left > 0)
		flags |= FLAG_ENROLLED;
	if (l->locked)
		flags |= FLAG_ADMIN_LOCK;
	if (l->secret_least > 0 && l->secret_least < WEAK_BYTES)
		flags |= FLAG_WEAK;
	wire_start(&w, WIRE_VERSION, VERB_LIST);
	wire_put_string(&w, TAG_NAME, l->name);
	wire_put_uint(&w, TAG_UID, l->uid);
	if (l->enrolled_at != 0)
		wire_put_int64(&w, TAG_ENROLLED, l->enrolled_at);
	if (l->used_at != 0)
		wire_put_int64(&w, TAG_USED, l->used_at);
	wire_put_uint(&w, TAG_COUNT, (uint32_t)l->credential_count);
	wire_put_uint(&w, TAG_LEFT, (uint32_t)l->codes_left);
	wire_put_uint(&w, TAG_CODES_ALL, (uint32_t)l->codes_all);
	wire_put_uint(&w, TAG_FLAGS, flags);
	if (totp > 0)
		wire_put_uint(&w, TAG_WAIT_TOTP, totp);
	if (recovery > 0)
		wire_put_uint(&w, TAG_WAIT_RECOVERY, recovery);
	if (l->pass_until[PASS_LOGIN] > now)
		wire_put_int64(&w, TAG_EXPIRES, l->pass_until[PASS_LOGIN]);
	if (l->pass_until[PASS_ENROLL] > now)
		wire_put_int64(&w, TAG_EXPIRES_TICKET,
		    l->pass_until[PASS_ENROLL]);
	return rows_add(r, &w);
}

static bool
put_pass(const struct store_pass *p, void *arg)
{
	struct rows *r = arg;
	int64_t now = clock_now();
	uint32_t flags = p->which == PASS_ENROLL ? FLAG_TICKET : 0;
	struct wire_writer w;

	if (pass_state(&p->pass, clock_sound(now), now) == PASS_LIVE)
		flags |= FLAG_ENROLLED;
	wire_start(&w, WIRE_VERSION, VERB_LIST);
	wire_put_string(&w, TAG_NAME, p->name);
	wire_put_uint(&w, TAG_UID, p->uid);
	wire_put_uint(&w, TAG_FLAGS, flags);
	wire_put_int64(&w, TAG_CREATED, p->pass.created_at);
	wire_put_int64(&w, TAG_EXPIRES, p->pass.expires_at);
	if (p->pass.used_at != 0)
		wire_put_int64(&w, TAG_USED, p->pass.used_at);
	if (p->pass.service[0] != '\0')
		wire_put_string(&w, TAG_SERVICE, p->pass.service);
	if (p->pass.by_known)
		wire_put_uint(&w, TAG_BY, p->pass.by);
	wire_put_string(&w, TAG_REASON, p->pass.note);
	return rows_add(r, &w);
}

enum outcome
list_serve(struct session *s)
{
	struct rows r = { .s = s };
	struct store *store;
	enum outcome o;

	o = site_store(s->site, &store, &s->failure);
	if (o != OUT_DONE)
		return o;
	o = session_store_code(s, (s->flags & FLAG_PASSES) != 0 ?
	    site_driver(s->site)->passes(store, put_pass, &r, &s->failure) :
	    site_driver(s->site)->lines(store, put_line, &r, &s->failure));
	if (o == OUT_DONE && r.len > 0)
		rows_flush(&r);
	return r.gone ? OUT_NO_INPUT : o;
}

/* --- Events ---------------------------------------------------------------- */

/* Where the reading of each ring stands. */
struct reader {
	int64_t			 after[2];
	struct store_record	*batch[2];	/* STORE_RECORDS each */
	size_t			 at[2], count[2];
	bool			 end[2];	/* the last batch was short */
};

static void
put_record(const struct store_record *e, struct wire_writer *w)
{
	wire_start(w, WIRE_VERSION, VERB_LOG);
	wire_put_uint(w, TAG_RING, e->ring);
	wire_put_int64(w, TAG_EVENT, e->id);
	wire_put_int64(w, TAG_CREATED, e->at);
	if (e->uid_known)
		wire_put_uint(w, TAG_UID, e->uid);
	if (e->name[0] != '\0')
		wire_put_string(w, TAG_NAME, e->name);
	wire_put_uint(w, TAG_OUTCOME, e->outcome);
	wire_put_uint(w, TAG_KIND, e->kind);
	wire_put_uint(w, TAG_CHANGE, e->change);
	if (e->service[0] != '\0')
		wire_put_string(w, TAG_SERVICE, e->service);
	if (e->rhost[0] != '\0')
		wire_put_string(w, TAG_RHOST, e->rhost);
	if (e->tty[0] != '\0')
		wire_put_string(w, TAG_TTY, e->tty);
	if (e->by_known)
		wire_put_uint(w, TAG_BY, e->by);
	if (e->note[0] != '\0')
		wire_put_string(w, TAG_REASON, e->note);
}

/* Reads on where a ring's batch is used up. */
static enum outcome
refill(struct session *s, struct reader *r)
{
	struct store *store;
	enum store_code code;
	enum outcome o;
	int i;

	o = site_store(s->site, &store, &s->failure);
	for (i = RING_LOGIN; i <= RING_PUBLIC && o == OUT_DONE; i++) {
		if (r->at[i] < r->count[i] || r->end[i])
			continue;
		r->at[i] = r->count[i] = 0;
		code = site_driver(s->site)->records(store,
		    (enum store_ring)i, r->after[i], r->batch[i],
		    &r->count[i], &s->failure);
		r->end[i] = r->count[i] < STORE_RECORDS;
		o = session_store_code(s, code);
	}
	return o;
}

/* Of the two rings the older event first; false: both are used up. */
static const struct store_record *
next(struct reader *r)
{
	const struct store_record *e[2] = { NULL, NULL };
	int i;

	for (i = RING_LOGIN; i <= RING_PUBLIC; i++)
		if (r->at[i] < r->count[i])
			e[i] = &r->batch[i][r->at[i]];
	i = e[RING_LOGIN] == NULL || (e[RING_PUBLIC] != NULL &&
	    e[RING_PUBLIC]->at < e[RING_LOGIN]->at);
	if (e[i] == NULL)
		return NULL;
	r->at[i]++;
	r->after[i] = e[i]->id;
	return e[i];
}

/* All there is now. */
static enum outcome
read_all(struct session *s, struct reader *r, struct rows *rows)
{
	const struct store_record *e;
	struct wire_writer w;
	enum outcome o;

	r->end[RING_LOGIN] = r->end[RING_PUBLIC] = false;
	for (;;) {
		o = refill(s, r);
		if (o != OUT_DONE)
			return o;
		e = next(r);
		if (e == NULL)
			break;
		put_record(e, &w);
		if (!rows_add(rows, &w))
			return OUT_NO_INPUT;
	}
	if (rows->len > 0)
		rows_flush(rows);
	return rows->gone ? OUT_NO_INPUT : OUT_DONE;
}

/* Whatever comes from the client, its end too, is the end. */
static enum outcome
follow(struct session *s, struct reader *r, struct rows *rows)
{
	enum outcome o = OUT_DONE;

	while (o == OUT_DONE &&
	    !wire_wait(s->talk->fd, POLLIN, wire_now_ms() + FOLLOW_MS)) {
		o = read_all(s, r, rows);
		if (o == OUT_DONE &&
		    wire_now_ms() - rows->sent_ms > ALIVE_MS &&
		    !rows_flush(rows))
			o = OUT_NO_INPUT;
	}
	return o;
}

enum outcome
events_serve(struct session *s)
{
	struct rows rows = { .s = s };
	struct reader r = { .at = { 0, 0 } };
	enum outcome o = OUT_MEMORY;

	wire_get_int64(s->request, TAG_AFTER, &r.after[RING_LOGIN]);
	wire_get_int64(s->request, TAG_AFTER_PUBLIC, &r.after[RING_PUBLIC]);
	r.batch[0] = calloc(STORE_RECORDS, sizeof(*r.batch[0]));
	r.batch[1] = calloc(STORE_RECORDS, sizeof(*r.batch[1]));
	if (r.batch[0] != NULL && r.batch[1] != NULL)
		o = read_all(s, &r, &rows);
	if (o == OUT_DONE && (s->flags & FLAG_FOLLOW) != 0)
		o = follow(s, &r, &rows);
	free(r.batch[0]);
	free(r.batch[1]);
	return o;
}
