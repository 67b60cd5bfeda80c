/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules, and what each one stops:
 * - The same question and the same text whether a ticket is in force or
 *   not: what a person types is wrong, used, revoked, over or never was.
 * - Its hash is made before the transaction, with zeroes for a salt where
 *   there is no ticket: the same work.
 * - Wrong ones count at the recovery limiter of the public door, in the
 *   transaction that evaluated them.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/answer.h"
#include "daemon/clock.h"
#include "daemon/password.h"
#include "daemon/pass.h"
#include "daemon/ticket.h"

#define TICKET_PROMPTS	5	/* in all */
#define TICKET_TRIES	3	/* wrong ones */

/* What was typed, hashed with the salt that is there now. */
static enum outcome
prepare(struct session *s, const struct secret *typed, struct request *r)
{
	char code[ANSWER_CODE];
	enum outcome o = session_load(s);

	if (o != OUT_DONE)
		return o;
	memset(r, 0, sizeof(*r));
	r->door = s->caller->door;
	r->known = true;
	if (recovery_parse((const char *)typed->data, typed->len, code))
		r->answer.kind = KIND_RECOVERY;
	memcpy(r->answer.pass_salt, s->account.passes[PASS_ENROLL].salt,
	    RECOVERY_SALT);
	if (r->answer.kind == KIND_RECOVERY && !recovery_hash(code,
	    r->answer.pass_salt, RECOVERY_ROUNDS, r->answer.pass_hash))
		o = OUT_MEMORY;
	explicit_bzero(code, sizeof(code));
	return o;
}

/* Loads, decides, writes, in an open transaction; *d says what to tell. */
static enum store_code
evaluate(struct session *s, struct store *store, const struct request *r,
    struct decision *d)
{
	const struct store_driver *driver = site_driver(s->site);
	struct account *a = &s->account;
	struct store_event event = { .at = clock_now(), .door = r->door,
	    .kind = KIND_RECOVERY };
	struct policy p;
	enum store_code code;

	site_policy(&s->settings, SITE_OWN_SERVICE, event.at, &p);
	p.clock_ok = clock_sound(event.at);
	code = driver->load(store, s->name, s->uid, a, &s->failure);
	if (code != STORE_OK)
		return code;
	event.outcome = decide_ticket(a, r, &p, event.at, d);
	return d->effect_count == 0 ? STORE_OK :
	    driver->apply(store, a, d, &event, &s->failure);
}

static enum outcome
verify(struct session *s, const struct request *r, struct decision *d)
{
	const struct store_driver *driver = site_driver(s->site);
	enum store_code code;
	struct store *store;
	enum outcome o;

	memset(d, 0, sizeof(*d));
	o = session_begin(s, STORE_WRITE, &store);
	if (o != OUT_DONE)
		return o;
	code = evaluate(s, store, r, d);
	if (code == STORE_OK)
		code = driver->commit(store, &s->failure);
	else
		driver->rollback(store);
	return code == STORE_OK ? d->outcome : session_store_code(s, code);
}

/* One ticket; hashed once more when another took its place meanwhile. */
static enum outcome
try_once(struct session *s, const struct secret *typed)
{
	struct request r;
	struct decision d = { .stale_salt = true };
	enum outcome o = OUT_BUSY;
	int tries;

	for (tries = 0; tries < 2 && d.stale_salt; tries++) {
		o = prepare(s, typed, &r);
		if (o != OUT_DONE)
			break;
		o = verify(s, &r, &d);
	}
	if (o == OUT_OK_TICKET) {
		s->ticket_used = true;
		memcpy(s->ticket_salt, r.answer.pass_salt, RECOVERY_SALT);
	}
	s->facts = d.facts;
	explicit_bzero(&r, sizeof(r));
	return o;
}

static enum outcome
ask(struct session *s)
{
	struct secret typed = { 0 };
	char text[160], reason[80] = "";
	enum outcome o = OUT_BAD_FORMAT;
	int prompts, wrong = 0;

	for (prompts = 0; prompts < TICKET_PROMPTS && wrong < TICKET_TRIES &&
	    (o == OUT_BAD_FORMAT || o == OUT_BAD_TICKET); prompts++) {
		if (prompts > 0)
			outcome_next(o, &s->facts, reason, sizeof(reason));
		snprintf(text, sizeof(text), "%s%sEnrollment ticket: ", reason,
		    reason[0] != '\0' ? " " : "");
		o = session_talk(talk_prompt(s->talk, STYLE_FACTOR, text,
		    &typed));
		if (o == OUT_ASK)
			o = try_once(s, &typed);
		secret_wipe(&typed);
		wrong += o == OUT_BAD_TICKET;
	}
	return o;
}

enum outcome
ticket_prove(struct session *s)
{
	enum outcome o;

	if (s->caller->door != DOOR_PUBLIC)
		return OUT_PEER;
	o = ask(s);
	return o == OUT_OK_TICKET ? password_account(s) : o;
}
