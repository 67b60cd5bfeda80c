/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enrollment, one more authenticator, new recovery codes.  Until the last
 * line nothing is written: whoever leaves before leaves nothing behind.
 */
#include <string.h>

#include "common/text.h"
#include "daemon/locked.h"
#include "daemon/offer.h"
#include "daemon/seal.h"
#include "daemon/session.h"

/* What is being set up; wiped at the end, whatever came of it. */
struct enrollment {
	struct credential	credential;	/* the secret in the clear */
	struct sheet		sheet;
	int64_t			account_id;
	struct session		*session;
	enum outcome		sealing;	/* inside the transaction */
	struct failure		failure;	/* of that */
};

/*
 * In the transaction that writes it (site_seal).  What comes of a seal that
 * failed is no row: the commit is refused.
 */
static void
seal(struct enrollment *e, const struct account *a, struct credential *c)
{
	struct seal_row row = { e->account_id, a->name, c->id };

	e->sealing = site_seal(e->session->site, &row, &c->secret,
	    &c->sealed, &e->failure);
	secret_wipe(&c->secret);
}

/*
 * The account as it will be: one authenticator, new codes, no pass and no
 * ticket any more, and app codes no longer waiting or switched off, for the
 * ones that were guessed at are void.
 */
static void
change_enroll(struct account *a, int64_t now, void *arg)
{
	struct enrollment *e = arg;

	a->match = ACCOUNT_FOUND;
	a->id = e->account_id;
	a->enrolled_at = now;
	if (a->created_at == 0)
		a->created_at = now;
	a->credential_count = 1;
	a->credentials[0] = e->credential;
	seal(e, a, &a->credentials[0]);
	a->credentials[0].created_at = now;
	a->recovery = e->sheet.set;
	/* What stood for what there is now. */
	memset(a->passes, 0, sizeof(a->passes));
	memset(&a->limiters[LIMITER_TOTP_LOGIN], 0, sizeof(struct limiter));
	memset(&a->limiters[LIMITER_TOTP_PUBLIC], 0, sizeof(struct limiter));
}

/* One more: everything else stays, waits and caps too. */
static void
change_add(struct account *a, int64_t now, void *arg)
{
	struct enrollment *e = arg;
	struct credential *c = &a->credentials[a->credential_count];

	*c = e->credential;
	seal(e, a, c);
	c->created_at = now;
	a->credential_count++;
}

static enum outcome
may_add(const struct session *s)
{
	if (s->account.credential_count == 0)
		return OUT_NOT_ENROLLED;
	if (account_find_label(&s->account, s->label) <
	    s->account.credential_count)
		return OUT_NAME_TAKEN;
	return s->account.credential_count < ACCOUNT_CREDENTIALS_MAX ?
	    OUT_DONE : OUT_FULL;
}

static enum outcome
may_enroll(struct session *s)
{
	bool add = (s->flags & FLAG_ADD) != 0;
	bool ticket = (s->flags & FLAG_TICKET) != 0;
	enum outcome o;

	if (add && ((s->flags & FLAG_REPLACE) != 0 ||
	    !text_name(s->label, ACCOUNT_LABEL_MAX)))
		return OUT_PROTOCOL;
	/* Root proves nothing, and a ticket is for the first factor alone. */
	if (ticket && (add || (s->flags & FLAG_REPLACE) != 0 ||
	    s->caller->door != DOOR_PUBLIC))
		return OUT_PROTOCOL;
	if (s->account.match == ACCOUNT_CHANGED)
		return OUT_CHANGED;
	if (add && (o = may_add(s)) != OUT_DONE)
		return o;
	if (!add && s->account.credential_count > 0 &&
	    (s->flags & FLAG_REPLACE) == 0)
		return OUT_EXISTS;
	if (ticket && account_has_factor(&s->account))
		return OUT_EXISTS;
	return offer_ready(s);
}

static enum outcome
enroll_steps(struct session *s, struct enrollment *e)
{
	bool add = (s->flags & FLAG_ADD) != 0;
	enum outcome o;

	o = offer_run(s, add ? s->label : OFFER_LABEL, &e->credential);
	if (o == OUT_DONE && !add)
		o = session_sheet(s, &e->sheet);
	if (o == OUT_DONE)
		o = offer_ids(s, &e->credential, &e->account_id);
	if (o == OUT_DONE)
		o = session_commit(s, add ? EFFECT_ADD : EFFECT_ENROLL,
		    add ? change_add : change_enroll, e);
	if (e->sealing == OUT_DONE)
		return o;
	s->failure = e->failure;
	return e->sealing;
}

enum outcome
enroll_serve(struct session *s)
{
	struct enrollment *e;
	enum outcome o;

	o = may_enroll(s);
	if (o == OUT_DONE)
		o = session_prove(s);
	if (o == OUT_DONE)
		o = may_enroll(s);
	if (o != OUT_DONE)
		return o;
	e = locked_new(sizeof(*e));
	if (e == NULL)
		return OUT_MEMORY;
	e->session = s;
	e->sealing = OUT_DONE;
	o = enroll_steps(s, e);
	memset(&s->facts, 0, sizeof(s->facts));
	if (o == OUT_DONE)
		s->facts.left = (s->flags & FLAG_ADD) != 0 ?
		    (uint32_t)account_codes_left(&s->account) :
		    (uint32_t)e->sheet.set.count;
	locked_free(e, sizeof(*e));
	return o;
}

static void
change_codes(struct account *a, int64_t now, void *arg)
{
	const struct sheet *sheet = arg;

	(void)now;
	a->recovery = sheet->set;
}

/* CODES with FLAG_NEW: the old ones are void with the commit. */
enum outcome
codes_serve(struct session *s)
{
	struct sheet *sheet;
	enum outcome o;

	if (s->account.match == ACCOUNT_CHANGED)
		return OUT_CHANGED;
	if (!account_has_factor(&s->account))
		return OUT_NOT_ENROLLED;
	o = session_prove(s);
	if (o == OUT_DONE && !account_has_factor(&s->account))
		o = OUT_NOT_ENROLLED;
	if (o != OUT_DONE)
		return o;
	sheet = locked_new(sizeof(*sheet));
	if (sheet == NULL)
		return OUT_MEMORY;
	o = session_sheet(s, sheet);
	if (o == OUT_DONE)
		o = session_commit(s, EFFECT_NEW_CODES, change_codes, sheet);
	memset(&s->facts, 0, sizeof(s->facts));
	if (o == OUT_DONE)
		s->facts.left = (uint32_t)sheet->set.count;
	locked_free(sheet, sizeof(*sheet));
	return o;
}
