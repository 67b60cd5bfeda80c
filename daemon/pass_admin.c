/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PASS: root gives somebody a login pass or an enrollment ticket, or takes
 * it back.  One of a kind is in force: a new one makes the older void.  The
 * code is told after the commit, once; nobody can tell it again.
 */
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "daemon/clock.h"
#include "daemon/locked.h"
#include "daemon/pass.h"
#include "daemon/session.h"

/* What a change is given, and what it leaves. */
struct grant {
	struct pass	 pass;
	char		 code[RECOVERY_LENGTH + 1];	/* to be shown, once */
	enum pass_name	 which;
	int64_t		 id;		/* of a new row */
	bool		 voided;	/* one that was in force */
};

/* The one that was has an end: it was in force until now. */
static void
put_in_place(struct account *a, int64_t now, struct grant *g)
{
	struct pass *p = &a->passes[g->which];

	g->voided = pass_state(p, clock_sound(now), now) == PASS_LIVE;
	*p = g->pass;
}

static void
change_make(struct account *a, int64_t now, void *arg)
{
	struct grant *g = arg;

	if (a->match == ACCOUNT_NONE) {
		a->match = ACCOUNT_FOUND;
		a->id = g->id;
		a->created_at = now;
	}
	put_in_place(a, now, g);
}

static void
change_revoke(struct account *a, int64_t now, void *arg)
{
	struct grant *g = arg;

	memset(&g->pass, 0, sizeof(g->pass));
	put_in_place(a, now, g);
}

static bool
send_code(const struct session *s, const struct grant *g)
{
	struct wire_writer w;
	bool ok;

	wire_start(&w, WIRE_VERSION, VERB_SHEET);
	wire_put_bytes(&w, TAG_CODES, g->code, WIRE_CODE_LENGTH);
	ok = talk_send(s->talk, &w);
	wire_wipe(&w);
	return ok;
}

/* TTL and SERVICE of the request; a ticket is bound to self-service. */
static enum outcome
read_terms(struct session *s, const struct grant *g, uint32_t *ttl)
{
	char service[WIRE_STRING_MAX + 1];
	bool bound = wire_get_string(s->request, TAG_SERVICE, service);

	if (!wire_get_uint(s->request, TAG_TTL, ttl) || *ttl < PASS_TTL_MIN ||
	    *ttl > PASS_TTL_MAX)
		return failure_set(&s->failure, OUT_PROTOCOL, NULL,
		    "a pass lasts %d..%d s", PASS_TTL_MIN, PASS_TTL_MAX);
	if (bound && (g->which == PASS_ENROLL ||
	    !pass_service(service, s->bound_to)))
		return failure_set(&s->failure, OUT_PROTOCOL, NULL,
		    g->which == PASS_ENROLL ? "a ticket is for no service" :
		    "that is no service of PAM");
	return OUT_DONE;
}

static const char *
kind_name(enum pass_name which)
{
	return which == PASS_ENROLL ? "enroll" : "login";
}

static void
tell_made(const struct session *s, const struct grant *g, uint32_t ttl)
{
	char more[2 * PASS_SERVICE_MAX + 64] = "", seconds[16];
	size_t used = 0;

	snprintf(seconds, sizeof(seconds), "%lu", (unsigned long)ttl);
	text_field(more, sizeof(more), &used, "kind", kind_name(g->which));
	text_field(more, sizeof(more), &used, "ttl", seconds);
	text_field(more, sizeof(more), &used, "service",
	    s->bound_to[0] != '\0' ? s->bound_to : NULL);
	session_tell_more(s, "change.pass", more);
}

static enum outcome
make(struct session *s, struct grant *g)
{
	struct store *store = NULL;
	enum outcome o;
	uint32_t ttl;

	o = read_terms(s, g, &ttl);
	if (o == OUT_DONE)
		o = session_note(s, true);
	if (o == OUT_DONE && g->which == PASS_ENROLL &&
	    account_has_factor(&s->account))
		o = OUT_EXISTS;
	if (o == OUT_DONE && !clock_sound(clock_now()))
		o = OUT_CLOCK;
	if (o == OUT_DONE)
		o = site_store(s->site, &store, &s->failure);
	if (o != OUT_DONE)
		return o;
	g->id = site_driver(s->site)->new_id(store);
	if (!pass_make(&g->pass, ttl, clock_now(), g->code))
		return OUT_MEMORY;
	memcpy(g->pass.service, s->bound_to, sizeof(g->pass.service));
	memcpy(g->pass.note, s->note, sizeof(g->pass.note));
	g->pass.by_known = s->by_known;
	g->pass.by = s->by_known ? s->by : 0;
	o = session_commit(s, EFFECT_PASS, change_make, g);
	if (o != OUT_DONE)
		return o;
	tell_made(s, g, ttl);
	s->account.passes[g->which] = g->pass;
	return send_code(s, g) ? OUT_DONE : OUT_NO_INPUT;
}

static enum outcome
revoke(struct session *s, struct grant *g)
{
	char more[32] = "";
	size_t used = 0;
	enum outcome o;

	if (s->account.match != ACCOUNT_FOUND ||
	    s->account.passes[g->which].created_at == 0)
		return OUT_NO_PASS;
	o = session_note(s, false);
	if (o == OUT_DONE)
		o = session_commit(s, EFFECT_REVOKE, change_revoke, g);
	if (o != OUT_DONE)
		return o;
	text_field(more, sizeof(more), &used, "kind", kind_name(g->which));
	session_tell_more(s, "change.revoked", more);
	return OUT_DONE;
}

enum outcome
pass_serve(struct session *s)
{
	struct grant *g;
	enum outcome o;

	if (s->account.match == ACCOUNT_CHANGED)
		return OUT_CHANGED;
	g = locked_new(sizeof(*g));
	if (g == NULL)
		return OUT_MEMORY;
	g->which = (s->flags & FLAG_TICKET) != 0 ? PASS_ENROLL : PASS_LOGIN;
	o = (s->flags & FLAG_REVOKE) != 0 ? revoke(s, g) : make(s, g);
	s->voided = g->voided;
	locked_free(g, sizeof(*g));
	return o;
}

void
pass_put(const struct session *s, struct wire_writer *w)
{
	bool ticket = (s->flags & FLAG_TICKET) != 0;
	const struct pass *p =
	    &s->account.passes[ticket ? PASS_ENROLL : PASS_LOGIN];

	wire_put_uint(w, TAG_FLAGS, s->voided ? FLAG_REVOKE : 0);
	if ((s->flags & FLAG_REVOKE) != 0)
		return;
	wire_put_int64(w, TAG_EXPIRES, p->expires_at);
	if (p->service[0] != '\0')
		wire_put_string(w, TAG_SERVICE, p->service);
}

void
pass_put_live(const struct account *a, int64_t now, struct wire_writer *w)
{
	const struct pass *login = &a->passes[PASS_LOGIN];
	const struct pass *ticket = &a->passes[PASS_ENROLL];
	bool sound = clock_sound(now);

	if (pass_state(login, sound, now) == PASS_LIVE) {
		wire_put_int64(w, TAG_EXPIRES, login->expires_at);
		if (login->service[0] != '\0')
			wire_put_string(w, TAG_SERVICE, login->service);
	}
	if (pass_state(ticket, sound, now) == PASS_LIVE &&
	    !account_has_factor(a))
		wire_put_int64(w, TAG_EXPIRES_TICKET, ticket->expires_at);
}
