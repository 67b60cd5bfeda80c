/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * REMOVE: one authenticator by its name, or all.  With the last one the
 * recovery codes go: they stand in for an authenticator.  A person is not
 * let remove what the next login asks for; root is asked whether that is
 * meant.
 */
#include <string.h>

#include "daemon/clock.h"
#include "daemon/session.h"

/* Nothing is left afterwards. */
static bool
removes_all(const struct session *s)
{
	return (s->flags & FLAG_ALL) != 0 || s->account.credential_count == 1;
}

/* Whether somebody without a factor would be let in as if nothing was. */
static bool
would_be_denied(const struct session *s)
{
	struct policy p;

	site_policy(&s->settings, "", clock_now(), &p);
	/* `allow-until` is over for whoever once had a factor. */
	return !p.pass_unenrolled || p.pass_once;
}

static enum outcome
may_remove(const struct session *s)
{
	bool all = (s->flags & FLAG_ALL) != 0;

	if (all == (s->label[0] != '\0'))
		return OUT_PROTOCOL;
	if (s->account.match == ACCOUNT_CHANGED)
		return OUT_CHANGED;
	if (!account_has_factor(&s->account))
		return OUT_NOT_ENROLLED;
	if (!all && account_find_label(&s->account, s->label) ==
	    s->account.credential_count)
		return OUT_NO_NAME;
	if (s->caller->door != DOOR_ADMIN && removes_all(s) &&
	    would_be_denied(s))
		return OUT_LAST_FACTOR;
	return OUT_DONE;
}

/* Root's own decision, told what it means. */
static enum outcome
confirm(struct session *s)
{
	return session_confirm(s, would_be_denied(s) ? "That is the last "
	    "factor, and logins need one: nobody gets in with this account "
	    "before it is enrolled anew. Remove it?" : "That is the last "
	    "factor: a password alone lets in afterwards. Remove it?");
}

static void
change_remove_one(struct account *a, int64_t now, void *arg)
{
	const struct session *s = arg;
	size_t i = account_find_label(a, s->label);

	(void)now;
	a->credential_count--;
	memmove(&a->credentials[i], &a->credentials[i + 1],
	    (a->credential_count - i) * sizeof(a->credentials[0]));
	explicit_bzero(&a->credentials[a->credential_count],
	    sizeof(a->credentials[0]));
}

static void
change_remove_all(struct account *a, int64_t now, void *arg)
{
	(void)now;
	(void)arg;
	explicit_bzero(a->credentials, sizeof(a->credentials));
	explicit_bzero(&a->recovery, sizeof(a->recovery));
	a->credential_count = 0;
}

enum outcome
remove_serve(struct session *s)
{
	enum outcome o;
	bool all;

	o = may_remove(s);
	if (o == OUT_DONE)
		o = session_prove(s);
	if (o == OUT_DONE)
		o = may_remove(s);
	if (o == OUT_DONE && removes_all(s) && s->caller->door == DOOR_ADMIN)
		o = confirm(s);
	if (o != OUT_DONE)
		return o;
	all = removes_all(s);
	o = session_commit(s, all ? EFFECT_REMOVE : EFFECT_REMOVE_ONE,
	    all ? change_remove_all : change_remove_one, s);
	memset(&s->facts, 0, sizeof(s->facts));
	if (o == OUT_DONE && !all)
		s->facts.left = (uint32_t)account_codes_left(&s->account);
	return o;
}
