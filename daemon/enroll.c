/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enrollment and new recovery codes.  Until the last line nothing is
 * written: whoever leaves before leaves nothing behind.
 */
#include <sys/random.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "daemon/clock.h"
#include "daemon/keyring.h"
#include "daemon/seal.h"
#include "daemon/session.h"
#include "daemon/totp.h"

#define CODE_TRIES	5
#define SEARCH_SECONDS	(24 * 3600)

/* What is being set up; wiped at the end, whatever came of it. */
struct enrollment {
	struct credential	credential;	/* with the secret in the clear */
	struct sheet		sheet;
	int64_t			account_id;
};

/* Whether the code is that of one step under this reading of the secret. */
static bool
code_is(const struct credential *c, enum otp_algorithm algorithm,
    unsigned digits, int64_t step, const struct secret *typed)
{
	char code[OTP_DIGITS_MAX + 1] = { 0 };
	bool same;

	same = totp_code(c->secret.data, c->secret.len, algorithm, digits,
	    step, code) && typed->len == digits &&
	    text_equal(code, typed->data, digits);
	explicit_bzero(code, sizeof(code));
	return same;
}

/* Searches the window; true sets last_step, which is thereby spent. */
static bool
new_code_right(struct enrollment *e, unsigned window,
    const struct secret *typed, int64_t now)
{
	struct credential *c = &e->credential;
	int64_t step, at = totp_step(now, c->period);
	bool right = false;

	for (step = at - window; step <= at + window; step++) {
		if (!code_is(c, c->algorithm, c->digits, step, typed))
			continue;
		c->last_step = step;
		right = true;
	}
	return right;
}

/*
 * How far the phone's clock is off, in seconds, when the code fits within
 * a day; the nearest fit counts.
 */
static bool
new_code_skew(const struct enrollment *e, const struct secret *typed,
    int64_t now, int64_t *skew)
{
	const struct credential *c = &e->credential;
	int64_t away, at = totp_step(now, c->period);

	for (away = 1; away <= SEARCH_SECONDS / c->period; away++) {
		if (code_is(c, c->algorithm, c->digits, at - away, typed)) {
			*skew = -away * c->period;
			return true;
		}
		if (code_is(c, c->algorithm, c->digits, at + away, typed)) {
			*skew = away * c->period;
			return true;
		}
	}
	return false;
}

/* An app that ignored algorithm, digits and period of the URI. */
static bool
new_code_defaults(const struct enrollment *e, const struct secret *typed,
    int64_t now)
{
	const struct credential *c = &e->credential;
	int64_t away, at = totp_step(now, 30);

	if (c->algorithm == OTP_SHA1 && c->digits == 6 && c->period == 30)
		return false;
	for (away = -1; away <= 1; away++)
		if (code_is(c, OTP_SHA1, 6, at + away, typed))
			return true;
	return false;
}

static bool
send_miss(struct session *s, const struct enrollment *e, unsigned tries,
    const struct secret *typed, int64_t now)
{
	struct wire_writer w;
	int64_t skew;

	wire_start(&w, WIRE_VERSION, VERB_MISS);
	wire_put_uint(&w, TAG_TRIES, tries);
	if (new_code_defaults(e, typed, now))
		wire_put_uint(&w, TAG_FLAGS, FLAG_DEFAULTS);
	else if (new_code_skew(e, typed, now, &skew))
		wire_put_int64(&w, TAG_SKEW, skew);
	return talk_send(s->talk, &w);
}

/* Blanks and dashes out, as in every answer. */
static void
squeeze(struct secret *typed)
{
	size_t i, n = 0;

	for (i = 0; i < typed->len; i++)
		if (typed->data[i] != ' ' && typed->data[i] != '-')
			typed->data[n++] = typed->data[i];
	explicit_bzero(typed->data + n, sizeof(typed->data) - n);
	typed->len = n;
}

/* A code of the new secret; wrong ones are not charged. */
static enum outcome
ask_new_code(struct session *s, struct enrollment *e)
{
	struct secret typed = { 0 };
	enum outcome o = OUT_BAD_CODE;
	unsigned left;
	int64_t now;

	for (left = CODE_TRIES; left > 0 && o == OUT_BAD_CODE; left--) {
		o = session_talk(talk_prompt(s->talk, STYLE_NEW_CODE,
		    "Code in your app: ", &typed));
		if (o != OUT_ASK)
			break;
		squeeze(&typed);
		now = clock_now();
		if (new_code_right(e, s->settings.window, &typed, now))
			o = OUT_DONE;
		else
			o = send_miss(s, e, left - 1, &typed, now) ?
			    OUT_BAD_CODE : OUT_NO_INPUT;
	}
	secret_wipe(&typed);
	return o;
}

static void
issuer_of(const struct settings *settings, char buf[64 + 1])
{
	char host[256] = "";
	size_t i;

	if (settings->issuer[0] != '\0') {
		memcpy(buf, settings->issuer, 64 + 1);
		return;
	}
	if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0')
		memcpy(host, "localhost", 10);
	for (i = 0; i < 64 && host[i] != '\0' && host[i] != '.'; i++)
		buf[i] = host[i] == ':' || host[i] < 0x21 || host[i] > 0x7e ?
		    '-' : host[i];
	buf[i] = '\0';
}

static bool
send_offer(struct session *s, const struct credential *c)
{
	char issuer[64 + 1];
	struct wire_writer w;
	bool ok;

	issuer_of(&s->settings, issuer);
	wire_start(&w, WIRE_VERSION, VERB_OFFER);
	wire_put_bytes(&w, TAG_SECRET, c->secret.data, c->secret.len);
	wire_put_string(&w, TAG_ISSUER, issuer);
	wire_put_string(&w, TAG_NAME, s->name);
	wire_put_uint(&w, TAG_ALGORITHM, c->algorithm);
	wire_put_uint(&w, TAG_DIGITS, c->digits);
	wire_put_uint(&w, TAG_PERIOD, c->period);
	ok = talk_send(s->talk, &w);
	wire_wipe(&w);
	return ok;
}

/* A new secret by the settings. */
static bool
make_credential(struct session *s, struct credential *c)
{
	uint8_t random[OTP_SECRET_MAX];
	size_t len = otp_secret_length(s->settings.algorithm);
	bool ok;

	memset(c, 0, sizeof(*c));
	c->kind = CREDENTIAL_TOTP;
	memcpy(c->label, "phone", 6);
	c->algorithm = s->settings.algorithm;
	c->digits = s->settings.digits;
	c->period = s->settings.period;
	ok = len > 0 && getrandom(random, len, 0) == (ssize_t)len &&
	    secret_set(&c->secret, random, len);
	explicit_bzero(random, sizeof(random));
	return ok;
}

/* Ids and seal: the row as the store will hold it. */
static enum outcome
seal_enrollment(struct session *s, struct enrollment *e)
{
	const struct store_driver *driver = site_driver(s->site);
	const struct keyring *ring = site_keyring(s->site, &s->failure);
	struct seal_row row = { .user = s->name };
	struct store *store;
	enum outcome o;

	if (ring == NULL)
		return OUT_KEY;
	o = site_store(s->site, &store, &s->failure);
	if (o != OUT_DONE)
		return o;
	e->account_id = s->account.match == ACCOUNT_FOUND ? s->account.id :
	    driver->new_id(store);
	e->credential.id = driver->new_id(store);
	row.account_id = e->account_id;
	row.credential_id = e->credential.id;
	if (row.account_id <= 0 || row.credential_id <= 0)
		return OUT_INTERNAL;
	if (!seal_close(ring, &row, &e->credential.secret,
	    &e->credential.sealed))
		return OUT_MEMORY;
	return OUT_DONE;
}

/*
 * The account as it will be: one authenticator, new codes, and app codes
 * no longer waiting or switched off, for the ones that were guessed at are
 * void.
 */
static void
change_enroll(struct account *a, int64_t now, void *arg)
{
	const struct enrollment *e = arg;

	a->match = ACCOUNT_FOUND;
	a->id = e->account_id;
	a->enrolled_at = now;
	if (a->created_at == 0)
		a->created_at = now;
	a->credential_count = 1;
	a->credentials[0] = e->credential;
	secret_wipe(&a->credentials[0].secret);
	a->credentials[0].created_at = now;
	a->recovery = e->sheet.set;
	memset(&a->limiters[LIMITER_TOTP_LOGIN], 0, sizeof(struct limiter));
	memset(&a->limiters[LIMITER_TOTP_PUBLIC], 0, sizeof(struct limiter));
}

static enum outcome
may_enroll(struct session *s)
{
	if (s->account.match == ACCOUNT_CHANGED)
		return OUT_CHANGED;
	if (s->account.credential_count > 0 && (s->flags & FLAG_REPLACE) == 0)
		return OUT_EXISTS;
	/* Without a key nothing could be sealed: say so before the wizard. */
	if (site_keyring(s->site, &s->failure) == NULL)
		return OUT_KEY;
	if (!clock_sound(clock_now()))
		return OUT_CLOCK;
	return OUT_DONE;
}

static enum outcome
enroll_steps(struct session *s, struct enrollment *e)
{
	enum outcome o;

	if (!make_credential(s, &e->credential))
		return OUT_INTERNAL;
	if (!send_offer(s, &e->credential))
		return OUT_NO_INPUT;
	o = ask_new_code(s, e);
	if (o == OUT_DONE)
		o = session_sheet(s, &e->sheet);
	if (o == OUT_DONE)
		o = seal_enrollment(s, e);
	if (o == OUT_DONE)
		o = session_commit(s, EFFECT_ENROLL, change_enroll, e);
	return o;
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
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return OUT_MEMORY;
	o = enroll_steps(s, e);
	memset(&s->facts, 0, sizeof(s->facts));
	if (o == OUT_DONE)
		s->facts.left = (uint32_t)e->sheet.set.count;
	explicit_bzero(e, sizeof(*e));
	free(e);
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
	sheet = calloc(1, sizeof(*sheet));
	if (sheet == NULL)
		return OUT_MEMORY;
	o = session_sheet(s, sheet);
	if (o == OUT_DONE)
		o = session_commit(s, EFFECT_NEW_CODES, change_codes, sheet);
	memset(&s->facts, 0, sizeof(s->facts));
	if (o == OUT_DONE)
		s->facts.left = (uint32_t)sheet->set.count;
	explicit_bzero(sheet, sizeof(*sheet));
	free(sheet);
	return o;
}
