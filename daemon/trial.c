/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TEST: does my code work, and why not.  Rules, and the attack each stops:
 * - Both answers are VERIFYs of this door: charged, spent and refused as a
 *   login's are.  Whoever guesses here spends the same budget.
 * - One code alone is never searched for outside the window: an answer to
 *   "is this a code of any step of the day" makes each guess 5 760 times as
 *   good.  Two codes in a row are 12 digits: the chance that a pair of
 *   guesses fits anywhere in two days is 6 in 1 000 000 000, and a guess at
 *   a login is right 500 times as often.
 * - The search takes the same time whatever was typed, runs after both
 *   commits and outside of every transaction, and opens nothing for later:
 *   no skew is learned, what the person sets right is a clock.
 */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/ask.h"
#include "daemon/clock.h"
#include "daemon/keyring.h"
#include "daemon/seal.h"
#include "daemon/session.h"
#include "daemon/totp.h"
#include "daemon/trial.h"
#include "daemon/verify.h"

#define FREE_TRIES 3	/* incomplete or used ones, which cost nothing */

static bool
equal_code(const char *code, const char *typed)
{
	return text_equal(code, typed, OTP_DIGITS_MAX + 1);
}

/* The step nearest to `at` whose code is the first, the next the second. */
static bool
search(const struct credential *c, const struct trial *t, int64_t *away)
{
	int64_t at = totp_step(t->at, c->period);
	int64_t range = TRIAL_SECONDS / c->period, i, best = range + 1;
	char code[OTP_DIGITS_MAX + 1];
	bool first = false;

	for (i = -range; i <= range + 1; i++) {
		memset(code, 0, sizeof(code));
		if (!totp_code(c->secret.data, c->secret.len, c->algorithm,
		    c->digits, at + i, code))
			return false;
		if (first && equal_code(code, t->second) &&
		    llabs(i - 1) < llabs(best))
			best = i - 1;
		first = equal_code(code, t->first);
	}
	explicit_bzero(code, sizeof(code));
	*away = best;
	return best <= range;
}

size_t
trial_skew(const struct account *a, const struct trial *t, int64_t *skew)
{
	size_t i, found = a->credential_count;
	int64_t away;

	*skew = 0;
	for (i = 0; i < a->credential_count; i++) {
		if (!a->credentials[i].opened ||
		    !search(&a->credentials[i], t, &away))
			continue;
		found = i;
		*skew = away * a->credentials[i].period;
	}
	return found;
}

/* The account's secrets, for this one look. */
static void
tell_skew(struct session *s, const struct trial *t)
{
	const struct keyring *ring = site_keyring(s->site, &s->failure);
	size_t i;

	if (ring == NULL || session_load(s) != OUT_DONE ||
	    !verify_keys_known(s->site, &s->account, &s->failure) ||
	    (ring = site_keyring(s->site, &s->failure)) == NULL ||
	    !seal_open_account(ring, &s->account, &s->failure))
		return;
	i = trial_skew(&s->account, t, &s->skew);
	s->skew_known = i < s->account.credential_count;
	if (s->skew_known)
		memcpy(s->label, s->account.credentials[i].label,
		    sizeof(s->label));
	account_wipe(&s->account);
}

/* Until there is an answer that counts. */
static enum outcome
ask_once(struct session *s, struct ask *a, enum outcome last,
    const char *prompt, char digits[OTP_DIGITS_MAX + 1])
{
	enum outcome o = last;
	int i;

	for (i = 0; i < FREE_TRIES; i++) {
		o = session_factor(s, a, o, prompt);
		if ((o != OUT_BAD_FORMAT && o != OUT_REPLAY) ||
		    outcome_follow(o, &s->facts) == FOLLOW_NONE)
			break;
	}
	memcpy(digits, a->request.answer.digits, OTP_DIGITS_MAX + 1);
	return o;
}

static enum outcome
run(struct session *s, struct ask *a, struct trial *t)
{
	enum outcome o = session_check(s, a);

	if (o != OUT_ASK)
		return o;
	o = ask_once(s, a, o, "Code to test: ", t->first);
	t->at = clock_now();
	if (o != OUT_BAD_CODE || s->facts.kind != KIND_TOTP ||
	    outcome_follow(o, &s->facts) != FOLLOW_PROMPT)
		return o;
	if (!talk_note(s->talk, "That code is wrong. The code that comes next "
	    "in the app tells whether its clock is off: wait for it. It is "
	    "counted like the first."))
		return OUT_NO_INPUT;
	a->request.earlier = 1;
	o = ask_once(s, a, OUT_ASK, "The next code: ", t->second);
	if (o == OUT_BAD_CODE && s->facts.kind == KIND_TOTP)
		tell_skew(s, t);
	return o;
}

enum outcome
trial_serve(struct session *s)
{
	struct trial t = { .first = "" };
	struct ask *a;
	enum outcome o;

	if (s->account.match == ACCOUNT_CHANGED)
		return OUT_CHANGED;
	if (!account_has_factor(&s->account))
		return OUT_NOT_ENROLLED;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return OUT_MEMORY;
	o = run(s, a, &t);
	ask_wipe(a);
	free(a);
	explicit_bzero(&t, sizeof(t));
	return o;
}
