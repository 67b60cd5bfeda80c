/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What root reads: every account in short, or every pass, batch by batch;
 * no transaction is open while the client reads.
 */
#include "daemon/clock.h"
#include "daemon/pass.h"
#include "daemon/rows.h"

#define WEAK_BYTES	16	/* 128 bits */

static bool
put_line(const struct store_line *l, void *arg)
{
	struct rows *r = arg;
	uint32_t totp, recovery, flags = 0;
	int64_t now = clock_now();
	struct wire_writer w;

	if (!lock_waits(r->s, l->limiters, true, &totp))
		flags |= FLAG_DISABLED;
	lock_waits(r->s, l->limiters, false, &recovery);
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
