/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/json.h"
#include "cli/show.h"
#include "common/base32.h"
#include "common/text.h"

void
show_start(struct show *s, const struct call *call)
{
	memset(s, 0, sizeof(*s));
	s->call = call;
}

/* ABCD EFGH IJKL MNOP, four groups a line. */
static bool
group_key(const struct secret *secret, char out[SHOW_KEY_MAX])
{
	char plain[BASE32_LENGTH(OTP_SECRET_MAX) + 1];
	size_t i, n = 0;
	bool ok;

	ok = base32_encode(secret->data, secret->len, plain, sizeof(plain));
	for (i = 0; plain[i] != '\0'; i++) {
		if (i > 0 && i % 4 == 0)
			out[n++] = i % 16 == 0 ? '\n' : ' ';
		out[n++] = plain[i];
	}
	out[n] = '\0';
	explicit_bzero(plain, sizeof(plain));
	return ok;
}

_Static_assert(SHOW_KEY_MAX > BASE32_LENGTH(OTP_SECRET_MAX) * 5 / 4 + 1,
    "the longest key has room");

/* Without a URI (names that are too long) there is still the key. */
static void
encode_offer(struct show *s, const struct otpauth *o)
{
	const char *name = otp_algorithm_name(o->algorithm);

	if (otpauth_uri(o, s->uri, sizeof(s->uri)))
		qr_encode(s->uri, &s->qr);
	snprintf(s->kind, sizeof(s->kind), "time based, %s%s%u digits, "
	    "%u seconds", o->algorithm == OTP_SHA1 ? "" : name,
	    o->algorithm == OTP_SHA1 ? "" : ", ", o->digits, o->period);
}

/* The key without blanks, for a program. */
static bool
tell_offer(struct show *s, const struct otpauth *o)
{
	char key[SHOW_KEY_MAX];
	size_t i, n = 0;
	json_t *j = json_call() != NULL ? json_object() : NULL;
	bool ok;

	for (i = 0; s->key[i] != '\0'; i++)
		if (s->key[i] != ' ' && s->key[i] != '\n')
			key[n++] = s->key[i];
	key[n] = '\0';
	ok = json_object_set_new(j, "issuer", json_words(s->issuer)) == 0 &&
	    json_object_set_new(j, "account", json_words(s->account)) == 0 &&
	    json_object_set_new(j, "secret", json_string(key)) == 0 &&
	    json_object_set_new(j, "uri", s->uri[0] != '\0' ?
	    json_words(s->uri) : json_null()) == 0 &&
	    json_object_set_new(j, "algorithm", json_string(
	    otp_algorithm_name(o->algorithm))) == 0 &&
	    json_object_set_new(j, "digits", json_integer(o->digits)) == 0 &&
	    json_object_set_new(j, "period", json_integer(o->period)) == 0;
	explicit_bzero(key, sizeof(key));
	if (ok)
		return json_event(s->call, "offer", j);
	json_decref(j);
	return false;
}

bool
show_offer(struct show *s, const struct wire_message *m)
{
	char account[WIRE_STRING_MAX + 1];
	uint32_t algorithm, digits, period;
	struct secret secret = { 0 };
	struct otpauth o = { .issuer = s->issuer, .account = account,
	    .secret = secret.data };
	bool ok;

	ok = wire_get_secret(m, TAG_SECRET, &secret) &&
	    secret.len >= OTP_SECRET_OFFERED &&
	    wire_get_string(m, TAG_ISSUER, s->issuer) &&
	    wire_get_string(m, TAG_NAME, account) &&
	    wire_get_uint(m, TAG_ALGORITHM, &algorithm) &&
	    wire_get_uint(m, TAG_DIGITS, &digits) &&
	    wire_get_uint(m, TAG_PERIOD, &period) &&
	    otp_algorithm_name((enum otp_algorithm)algorithm) != NULL &&
	    group_key(&secret, s->key);
	if (ok) {
		o.secret_len = secret.len;
		o.algorithm = (enum otp_algorithm)algorithm;
		o.digits = digits;
		o.period = period;
		encode_offer(s, &o);
		terminal_clean(account, s->account, sizeof(s->account));
		terminal_clean(s->issuer, s->issuer, sizeof(s->issuer));
	}
	s->offered = ok;
	s->notice[0] = '\0';
	if (ok && call_has(s->call, OPTION_JSON))
		ok = tell_offer(s, &o);
	secret_wipe(&secret);
	return ok;
}

/* XXXX-XXXX-XXXX-XXXX; false when there is anything else in it. */
static bool
split_code(const uint8_t *symbols, char out[WIRE_CODE_LENGTH + 4])
{
	size_t i, n = 0;

	for (i = 0; i < WIRE_CODE_LENGTH; i++) {
		if (symbols[i] < 0x21 || symbols[i] > 0x7e)
			return false;
		if (i > 0 && i % 4 == 0)
			out[n++] = '-';
		out[n++] = (char)symbols[i];
	}
	out[n] = '\0';
	return true;
}

/* Two columns, numbered downwards. */
static void
arrange_sheet(struct show *s)
{
	unsigned rows = (s->codes + 1) / 2, row, other;
	size_t used = 0;

	s->columns[0] = '\0';
	for (row = 0; row < rows; row++) {
		other = row + rows;
		used += (size_t)snprintf(s->columns + used,
		    sizeof(s->columns) - used, "%s%4u  %s", row > 0 ? "\n" :
		    "", row + 1, s->sheet[row]);
		if (other < s->codes)
			used += (size_t)snprintf(s->columns + used,
			    sizeof(s->columns) - used, "   %4u  %s",
			    other + 1, s->sheet[other]);
	}
}

_Static_assert(SHOW_SHEET_MAX > WIRE_CODES_MAX * (WIRE_CODE_LENGTH + 3 + 10),
    "the largest sheet has room");

bool
show_sheet(struct show *s, const struct wire_message *m)
{
	const struct wire_field *f = &m->field[TAG_CODES];
	unsigned i;

	s->codes = 0;
	s->sheet_seen = false;
	s->notice[0] = '\0';
	wire_get_uint(m, TAG_NUMBER, &s->number);
	if (!f->present || f->len % WIRE_CODE_LENGTH != 0)
		return false;
	for (i = 0; i < f->len / WIRE_CODE_LENGTH; i++)
		if (!split_code(f->data + (size_t)i * WIRE_CODE_LENGTH,
		    s->sheet[i]))
			return false;
	if (s->number > i)
		return false;
	s->codes = i;
	arrange_sheet(s);
	return true;
}

void
show_note(struct show *s, const char *text)
{
	if (s->call->terminal->pages && (s->offered || s->codes > 0))
		snprintf(s->notice, sizeof(s->notice), "%s", text);
	else
		say(s->call, "%s", text);
}

/* The clocks differ by this much; the time tells which one is wrong. */
void
show_skew(int64_t skew, char *buf, size_t size)
{
	char distance[16], here[16] = "?";
	time_t now = time(NULL);
	struct tm tm;

	text_duration((uint32_t)(skew < 0 ? -skew : skew), distance,
	    sizeof(distance));
	if (localtime_r(&now, &tm) != NULL)
		strftime(here, sizeof(here), "%H:%M", &tm);
	snprintf(buf, size, "Right key, but the phone's clock is %s %s this "
	    "host's (%s here). Set the one that is wrong.", distance,
	    skew < 0 ? "behind" : "ahead of", here);
}

/* What the app computes in place of what it was told. */
static void
tell_ignored(const struct wire_message *m, char *buf, size_t size)
{
	uint32_t algorithm, digits, period;
	const char *name;

	wire_get_uint(m, TAG_ALGORITHM, &algorithm);
	wire_get_uint(m, TAG_DIGITS, &digits);
	wire_get_uint(m, TAG_PERIOD, &period);
	name = otp_algorithm_name((enum otp_algorithm)algorithm);
	snprintf(buf, size, "This app ignores part of the QR code: it "
	    "shows a code of %s, %u digits, %u seconds. Use another app.",
	    name != NULL ? name : "SHA1", digits != 0 ? digits : 6,
	    period != 0 ? period : 30);
}

/* Without a try left the end of the conversation follows, not a question. */
void
show_miss(struct show *s, const struct wire_message *m)
{
	char text[SHOW_NOTICE_MAX - 32];
	uint32_t tries, flags;
	int64_t skew;

	s->last_asked = false;
	wire_get_uint(m, TAG_TRIES, &tries);
	wire_get_uint(m, TAG_FLAGS, &flags);
	if ((flags & FLAG_DEFAULTS) != 0)
		tell_ignored(m, text, sizeof(text));
	else if (wire_get_int64(m, TAG_SKEW, &skew) &&
	    skew > -2 * 86400 && skew < 2 * 86400)
		show_skew(skew, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "Wrong code. Type the one that "
		    "the app shows now.");
	snprintf(s->notice, sizeof(s->notice), "%s", text);
	if (tries == 0)
		return;
	snprintf(s->notice, sizeof(s->notice), "%s %u %s left.", text,
	    (unsigned)tries, tries == 1 ? "try" : "tries");
	if (!s->call->terminal->pages)
		say(s->call, "%s", s->notice);
}
