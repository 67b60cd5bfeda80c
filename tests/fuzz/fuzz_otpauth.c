/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base32 both ways, and a URI taken apart again by a reader of this test's
 * own.
 */
#include <ctype.h>

#include "common/base32.h"
#include "common/otpauth.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "otpauth";

/* Text from outside: what is accepted has one canonical spelling. */
static void
decode(struct input in)
{
	char text[120], back[BASE32_LENGTH(64) + 1];
	uint8_t bytes[64];
	size_t len, i, room;

	room = input_byte(&in) % (sizeof(bytes) + 1);
	len = input_bytes(&in, text, sizeof(text) - 1);
	text[len] = '\0';
	if (!base32_decode(text, bytes, room, &len)) {
		CLAIM(len == 0);
		return;
	}
	CLAIM(len <= room);
	CLAIM(base32_encode(bytes, len, back, sizeof(back)));
	for (i = 0; back[i] != '\0'; i++)
		CLAIM(toupper((unsigned char)text[i]) == back[i]);
	CLAIM(text[i + strspn(text + i, "=")] == '\0');
}

static void
encode(struct input in)
{
	char text[BASE32_LENGTH(64) + 2];
	uint8_t bytes[64], back[64];
	size_t len, n, size;

	len = input_bytes(&in, bytes, sizeof(bytes));
	size = input_byte(&in) % (sizeof(text) + 1);
	memset(text, 'x', sizeof(text));
	if (!base32_encode(bytes, len, text, size)) {
		CLAIM(size < BASE32_LENGTH(len) + 1);
		CLAIM(size == 0 || text[0] == '\0');
		return;
	}
	CLAIM(strlen(text) == BASE32_LENGTH(len));
	CLAIM(base32_decode(text, back, sizeof(back), &n));
	CLAIM(n == len && memcmp(bytes, back, n) == 0);
	CLAIM(len == 0 || !base32_decode(text, back, len - 1, &n));
}

/* Percent-decodes up to one of the bytes in `end`; returns where it is. */
static const char *
unescape(const char *s, const char *end, char *buf, size_t size)
{
	unsigned v;
	size_t n = 0;

	for (; *s != '\0' && strchr(end, *s) == NULL; s++) {
		CLAIM(*s > ' ' && *s < 127 && *s != '+');
		v = (unsigned char)*s;
		if (*s == '%') {
			CLAIM(sscanf(s + 1, "%2X", &v) == 1);
			s += 2;
		}
		CLAIM(n + 1 < size);
		buf[n++] = (char)v;
	}
	buf[n] = '\0';
	return s;
}

static void
number(const char *uri, const char *name, unsigned want, unsigned plain)
{
	const char *at = strstr(uri, name);

	CLAIM(want == plain ? at == NULL : at != NULL &&
	    strtoul(at + strlen(name), NULL, 10) == want);
}

static void
take_apart(const struct otpauth *o, const char *uri)
{
	static const char head[] = "otpauth://totp/";
	char text[300];
	const char *s = uri;
	uint8_t secret[OTP_SECRET_MAX];
	size_t len;

	CLAIM(strncmp(s, head, strlen(head)) == 0);
	s = unescape(s + strlen(head), ":", text, sizeof(text));
	CLAIM(strcmp(text, o->issuer) == 0);
	s = unescape(s + 1, "?", text, sizeof(text));
	CLAIM(strcmp(text, o->account) == 0);
	CLAIM(strncmp(s, "?secret=", 8) == 0);
	s = unescape(s + 8, "&", text, sizeof(text));
	CLAIM(base32_decode(text, secret, sizeof(secret), &len));
	CLAIM(len == o->secret_len && memcmp(secret, o->secret, len) == 0);
	CLAIM(strncmp(s, "&issuer=", 8) == 0);
	s = unescape(s + 8, "&", text, sizeof(text));
	CLAIM(strcmp(text, o->issuer) == 0);
	number(s, "&digits=", o->digits, 6);
	number(s, "&period=", o->period, 30);
	CLAIM((strstr(s, "&algorithm=") == NULL) ==
	    (o->algorithm == OTP_SHA1));
}

static void
uri(struct input in)
{
	char issuer[80], account[300], buf[OTPAUTH_MAX];
	uint8_t secret[80];
	struct otpauth o;
	size_t size;

	o.algorithm = (enum otp_algorithm)(input_byte(&in) % 5);
	o.digits = input_byte(&in) % 10;
	o.period = input_byte(&in);
	size = sizeof(buf) - input_number(&in, 2) % (sizeof(buf) + 1);
	o.secret = secret;
	o.secret_len = input_bytes(&in, secret, sizeof(secret));
	issuer[input_bytes(&in, issuer, sizeof(issuer) - 1)] = '\0';
	account[input_bytes(&in, account, sizeof(account) - 1)] = '\0';
	o.issuer = issuer;
	o.account = account;
	memset(buf, 'x', sizeof(buf));
	if (otpauth_uri(&o, buf, size)) {
		CLAIM(strnlen(buf, size) < size);
		take_apart(&o, buf);
	} else
		CLAIM(size == 0 || buf[0] == '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	char name[16];

	switch (input_byte(&in) % 4) {
	case 0:
		decode(in);
		break;
	case 1:
		encode(in);
		break;
	case 2:
		uri(in);
		break;
	case 3:
		name[input_bytes(&in, name, sizeof(name) - 1)] = '\0';
		if (otp_algorithm_parse(name) != OTP_NONE)
			CLAIM(strcmp(otp_algorithm_name(otp_algorithm_parse(
			    name)), name) == 0);
		break;
	}
	return 0;
}
