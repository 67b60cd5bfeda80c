/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who asks proves it: the password or a ticket, then the factor there is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ask.h"
#include "daemon/password.h"
#include "daemon/session.h"
#include "daemon/ticket.h"
#include "daemon/verify.h"

#define PROMPTS_MAX	5	/* in all */
#define CHARGED_MAX	3	/* wrong codes */

/* One CHECK or VERIFY of the person's own factor at this door. */
static void
factor_ask(struct session *s, struct ask *a, uint8_t verb)
{
	struct ask *one[] = { a };

	a->verb = verb;
	a->own = true;
	memcpy(a->name, s->name, sizeof(a->name));
	a->uid = s->uid;
	a->request.door = s->caller->door;
	a->request.known = true;
	a->outcome = OUT_INTERNAL;
	if (verb == VERB_CHECK)
		verify_checks(s->site, &s->settings, one, 1);
	else
		verify_answers(s->site, &s->settings, one, 1);
	s->facts = a->facts;
	s->failure = a->failure;
}

enum outcome
session_check(struct session *s, struct ask *a)
{
	factor_ask(s, a, VERB_CHECK);
	a->request.earlier = 0;
	return a->outcome;
}

enum outcome
session_factor(struct session *s, struct ask *a, enum outcome last,
    const char *prompt)
{
	char text[160], reason[80];
	struct secret typed = { 0 };
	unsigned earlier = a->request.earlier;
	enum outcome o;

	outcome_next(last, &s->facts, reason, sizeof(reason));
	snprintf(text, sizeof(text), "%s%s%s", reason,
	    reason[0] != '\0' ? " " : "",
	    outcome_follow(last, &s->facts) == FOLLOW_RECOVERY ?
	    "Recovery code: " : prompt);
	o = session_talk(talk_prompt(s->talk, STYLE_FACTOR, text, &typed));
	if (o == OUT_ASK) {
		ask_wipe(a);
		ask_typed(a, &typed);
		a->request.earlier = earlier;
		factor_ask(s, a, VERB_VERIFY);
		o = a->outcome;
	}
	secret_wipe(&typed);
	return o;
}

static bool
accepted(enum outcome o)
{
	return o == OUT_OK_TOTP || o == OUT_OK_RECOVERY || o == OUT_OK_PASS;
}

/* A current factor, by the same decision as every login's. */
static enum outcome
prove_factor(struct session *s)
{
	struct ask *a = calloc(1, sizeof(*a));
	int prompts, charged = 0;
	enum outcome o;

	if (a == NULL)
		return OUT_MEMORY;
	o = session_check(s, a);
	for (prompts = 0; prompts < PROMPTS_MAX && charged < CHARGED_MAX &&
	    (prompts == 0 ? o == OUT_ASK :
	    outcome_follow(o, &s->facts) != FOLLOW_NONE); prompts++) {
		o = session_factor(s, a, o, "Current code or recovery code: ");
		if (accepted(o))
			break;
		if (!outcome_row(o)->charged)
			continue;
		charged++;
		a->request.earlier += s->facts.kind == KIND_TOTP;
	}
	ask_wipe(a);
	free(a);
	if (accepted(o))
		return OUT_DONE;
	return o == OUT_ASK ? OUT_INTERNAL : o;
}

/*
 * The account once more, for what is left of it: still the one whose factor
 * was proved.  Between that commit and this look it may have been locked, or
 * enrolled anew because the factor was lost.
 */
static enum outcome
load_proved(struct session *s)
{
	struct account *proved = site_account(s->site);
	enum outcome o;

	if (proved == NULL)
		return OUT_MEMORY;
	*proved = s->account;
	o = session_load(s);
	if (o == OUT_DONE && s->account.locked)
		o = OUT_ADMIN_LOCK;
	else if (o == OUT_DONE && !session_same(&s->account, proved))
		o = session_changed(s);
	account_wipe(proved);
	return o;
}

enum outcome
session_prove(struct session *s)
{
	enum outcome o;

	if (s->caller->door == DOOR_ADMIN)
		return OUT_DONE;
	if (s->caller->door != DOOR_PUBLIC)
		return OUT_PEER;
	if (s->account.locked)
		return OUT_ADMIN_LOCK;
	o = s->verb == VERB_ENROLL && (s->flags & FLAG_TICKET) != 0 ?
	    ticket_prove(s) : password_check(s);
	if (o != OUT_DONE)
		return o;
	/* The factor asked for is the one that is there now. */
	o = session_load(s);
	if (o == OUT_DONE && s->account.locked)
		return OUT_ADMIN_LOCK;
	if (o != OUT_DONE || !account_has_factor(&s->account))
		return o;
	o = prove_factor(s);
	return o == OUT_DONE ? load_proved(s) : o;
}
