/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only decision.  Pure: one account, one request, the policy and a
 * time in; one outcome, the facts that go with it and a short list of
 * effects out.  No clock, no store, no log, no allocation.
 *
 * For one state of an account every well-formed answer takes the same way
 * through here and asks for effects of the same kinds, so that right and
 * wrong cannot be told apart before the commit.
 */
#ifndef STEPUP_DAEMON_DECIDE_H
#define STEPUP_DAEMON_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/outcome.h"
#include "daemon/account.h"
#include "daemon/answer.h"
#include "daemon/limit.h"

enum door { DOOR_LOGIN = 0, DOOR_PUBLIC, DOOR_ADMIN };

/* What the settings, the keyring and the clock say; values, no pointers. */
struct policy {
	struct limits	limits;
	unsigned	window;
	bool		covered;	/* the service is covered */
	bool		pass_unenrolled;/* allow, or allow-until and not over */
	bool		pass_once;	/* that is `allow-until`: not for an
					   account that once had a factor */
	bool		key_ok;		/* keyring there, knows every row's key;
					   for VERIFY of an app code: every
					   seal opened */
	bool		clock_ok;	/* not before the release */
};

struct request {
	enum door	 door;
	bool		 known;		/* NSS knows the person */
	unsigned	 earlier;	/* app codes charged before */
	const char	*service;	/* as it was asked, for a pass bound to
					   one; NULL: not known */
	struct answer	 answer;	/* VERIFY */
};

enum effect_kind {
	EFFECT_NONE = 0,
	/* An evaluated answer: the same rows whatever came of it. */
	EFFECT_CREDENTIALS,	/* write every credential: steps[], used_at */
	EFFECT_CODES,		/* write the recovery set: spent_at of codes;
				   and the login pass: used_at, seen_at */
	EFFECT_TICKET,		/* write the enrollment ticket: the same */
	EFFECT_LIMITERS,	/* write both limiters of the door */
	EFFECT_EVENT,		/* one event row */
	/* A refusal that changed nothing: one row an hour and outcome. */
	EFFECT_TALLY,
	/* Self-service and administration. */
	EFFECT_ENROLL,		/* account row if missing; all credentials
				   and codes of `account` replace what was,
				   passes too; limiters as in `account` */
	EFFECT_ADD,		/* the last credential of `account` is new */
	EFFECT_NEW_CODES,	/* the recovery set replaces what was */
	EFFECT_REMOVE,		/* no credentials, no codes; the row stays */
	EFFECT_REMOVE_ONE,	/* one credential less: those of `account`, at
				   least one, stay; so do the codes */
	EFFECT_LOCK,		/* account row if missing; locked, its reason
				   and limiters as in `account` */
	EFFECT_PASS,		/* account row if missing; the passes of
				   `account` replace what was: one is new */
	EFFECT_REVOKE,		/* the same: there are fewer */
	EFFECT_IMPORT		/* as ENROLL, of an authenticator that another
				   program had */
};

/* The effects of one decision; `account` below is the state to write. */
#define EFFECTS_MAX 6

struct decision {
	enum outcome	 outcome;
	struct outcome_facts facts;
	size_t		 effect_count;
	enum effect_kind effects[EFFECTS_MAX];
	/* Whether a salt (of the recovery set, of the pass) is not the one
	   the hash was made with: nothing was decided, hash again and ask
	   once more. */
	bool		 stale_salt;
};

/*
 * CHECK: may a code be asked for, which kinds.  Promises nothing, changes
 * nothing.
 */
enum outcome decide_check(const struct account *, const struct request *,
    const struct policy *, int64_t now, struct decision *);

/*
 * VERIFY.  *account is changed to what it is after the effects: the store
 * writes from it.  Its credentials have been opened where policy->key_ok
 * and the answer is an app code.
 */
enum outcome decide_verify(struct account *, const struct request *,
    const struct policy *, int64_t now, struct decision *);

/*
 * An enrollment ticket, typed at the public door by somebody who has no
 * factor: OUT_OK_TICKET, OUT_BAD_TICKET (wrong, or none is in force), or
 * what an answer comes to otherwise.  It counts at the recovery limiter and
 * is not yet spent: the enrollment does that.  answer.pass_hash was made
 * with the ticket's salt.
 */
enum outcome decide_ticket(struct account *, const struct request *,
    const struct policy *, int64_t now, struct decision *);

#endif
