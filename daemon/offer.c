/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/random.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "daemon/clock.h"
#include "daemon/offer.h"
#include "daemon/totp.h"

#define CODE_TRIES	5
#define SEARCH_SECONDS	(24 * 3600)

/*
 * Whether the code is that of one step under this reading of the secret:
 * OUT_DONE, OUT_BAD_CODE, or OUT_MEMORY where it could not be computed.
 */
static enum outcome
code_look(const struct credential *c, enum otp_algorithm algorithm,
    unsigned digits, int64_t step, const struct secret *typed)
{
	char code[OTP_DIGITS_MAX + 1] = { 0 };
	enum outcome o = OUT_MEMORY;

	if (totp_code(c->secret.data, c->secret.len, algorithm, digits,
	    step, code))
		o = typed->len == digits && text_equal(code, typed->data,
		    digits) ? OUT_DONE : OUT_BAD_CODE;
	explicit_bzero(code, sizeof(code));
	return o;
}

/* For hints alone. */
static bool
code_is(const struct credential *c, enum otp_algorithm algorithm,
    unsigned digits, int64_t step, const struct secret *typed)
{
	return code_look(c, algorithm, digits, step, typed) == OUT_DONE;
}

/*
 * Searches the window; OUT_DONE sets last_step, which is thereby spent.  A
 * code that was not computed is no wrong one.
 */
static enum outcome
new_code_look(struct credential *c, unsigned window,
    const struct secret *typed, int64_t now)
{
	int64_t step, at = totp_step(now, c->period);
	enum outcome one, o = OUT_BAD_CODE;

	for (step = at - window; step <= at + window; step++) {
		one = code_look(c, c->algorithm, c->digits, step, typed);
		if (one == OUT_MEMORY)
			return one;
		if (one != OUT_DONE)
			continue;
		c->last_step = step;
		o = OUT_DONE;
	}
	return o;
}

/*
 * How far the phone's clock is off, in seconds, when the code fits within
 * a day; the nearest fit counts.
 */
static bool
new_code_skew(const struct credential *c, const struct secret *typed,
    int64_t now, int64_t *skew)
{
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

/*
 * An app that ignores part of the URI takes SHA1, 6 digits or 30 seconds in
 * its place: the reading with the fewest of these that gives the code.
 */
static bool
new_code_ignored(const struct credential *c, const struct secret *typed,
    int64_t now, struct credential *reading)
{
	static const unsigned orders[] = { 1, 2, 4, 3, 5, 6, 7 };
	int64_t step, at;
	size_t i;

	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		*reading = (struct credential){
			.algorithm = orders[i] & 1 ? OTP_SHA1 : c->algorithm,
			.digits = orders[i] & 2 ? 6 : c->digits,
			.period = orders[i] & 4 ? 30 : c->period };
		if (reading->algorithm == c->algorithm &&
		    reading->digits == c->digits &&
		    reading->period == c->period)
			continue;
		at = totp_step(now, reading->period);
		for (step = at - 1; step <= at + 1; step++)
			if (code_is(c, reading->algorithm, reading->digits,
			    step, typed))
				return true;
	}
	return false;
}

static bool
send_miss(struct session *s, const struct credential *c, unsigned tries,
    const struct secret *typed, int64_t now)
{
	struct credential reading;
	struct wire_writer w;
	int64_t skew;

	wire_start(&w, WIRE_VERSION, VERB_MISS);
	wire_put_uint(&w, TAG_TRIES, tries);
	if (new_code_ignored(c, typed, now, &reading)) {
		wire_put_uint(&w, TAG_FLAGS, FLAG_DEFAULTS);
		wire_put_uint(&w, TAG_ALGORITHM, reading.algorithm);
		wire_put_uint(&w, TAG_DIGITS, reading.digits);
		wire_put_uint(&w, TAG_PERIOD, reading.period);
	} else if (new_code_skew(c, typed, now, &skew))
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
ask_new_code(struct session *s, struct credential *c)
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
		o = new_code_look(c, s->settings.window, &typed, now);
		if (o == OUT_BAD_CODE &&
		    !send_miss(s, c, left - 1, &typed, now))
			o = OUT_NO_INPUT;
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
make_credential(struct session *s, const char *label, struct credential *c)
{
	uint8_t random[OTP_SECRET_MAX];
	size_t len = otp_secret_length(s->settings.algorithm);
	bool ok;

	memset(c, 0, sizeof(*c));
	c->kind = CREDENTIAL_TOTP;
	snprintf(c->label, sizeof(c->label), "%s", label);
	c->algorithm = s->settings.algorithm;
	c->digits = s->settings.digits;
	c->period = s->settings.period;
	ok = len > 0 && getrandom(random, len, 0) == (ssize_t)len &&
	    secret_set(&c->secret, random, len);
	explicit_bzero(random, sizeof(random));
	return ok;
}

enum outcome
offer_ready(struct session *s)
{
	enum outcome o;

	if (s->account.match == ACCOUNT_CHANGED)
		return OUT_CHANGED;
	/*
	 * Without a key nothing could be sealed, with a key of another store
	 * nothing opened once its own is back: say so before the wizard.
	 */
	if ((o = session_key(s)) != OUT_DONE)
		return o;
	return clock_sound(clock_now()) ? OUT_DONE : OUT_CLOCK;
}

enum outcome
offer_run(struct session *s, const char *label, struct credential *c)
{
	if (!make_credential(s, label, c))
		return OUT_INTERNAL;
	if (!send_offer(s, c))
		return OUT_NO_INPUT;
	return ask_new_code(s, c);
}

enum outcome
offer_ids(struct session *s, struct credential *c, int64_t *account_id)
{
	const struct store_driver *driver = site_driver(s->site);
	struct store *store;
	enum outcome o;

	o = site_store(s->site, &store, &s->failure);
	if (o != OUT_DONE)
		return o;
	*account_id = s->account.match == ACCOUNT_FOUND ? s->account.id :
	    driver->new_id(store);
	c->id = driver->new_id(store);
	return *account_id > 0 && c->id > 0 ? OUT_DONE : OUT_INTERNAL;
}
