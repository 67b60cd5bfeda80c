/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "common/base32.h"
#include "common/otpauth.h"

static const struct {
	const char	*name;
	size_t		 secret_len;
} algorithms[] = {
	[OTP_NONE] = { NULL, 0 },
	[OTP_SHA1] = { "SHA1", 20 },
	[OTP_SHA256] = { "SHA256", 32 },
	[OTP_SHA512] = { "SHA512", 64 },
};

#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

const char *
otp_algorithm_name(enum otp_algorithm a)
{
	return (unsigned)a < ALGORITHMS ? algorithms[a].name : NULL;
}

enum otp_algorithm
otp_algorithm_parse(const char *s)
{
	size_t i;

	for (i = OTP_SHA1; i < ALGORITHMS; i++)
		if (strcmp(s, algorithms[i].name) == 0)
			return (enum otp_algorithm)i;
	return OTP_NONE;
}

size_t
otp_secret_length(enum otp_algorithm a)
{
	return (unsigned)a < ALGORITHMS ? algorithms[a].secret_len : 0;
}

static bool
name_fits(const char *s, size_t max)
{
	size_t len = s == NULL ? 0 : strnlen(s, max + 1);

	return len > 0 && len <= max && strchr(s, ':') == NULL;
}

static bool
values_fit(const struct otpauth *o)
{
	return name_fits(o->issuer, 64) && name_fits(o->account, 255) &&
	    o->secret != NULL &&
	    o->secret_len >= OTP_SECRET_OFFERED && o->secret_len <= OTP_SECRET_MAX &&
	    otp_algorithm_name(o->algorithm) != NULL &&
	    (o->digits == 6 || o->digits == 8) &&
	    o->period >= 15 && o->period <= 120;
}

/* Where the URI grows; what no longer fits is remembered. */
struct output {
	char	*buf;
	size_t	 size;
	size_t	 used;
	bool	 failed;
};

static void
put(struct output *out, const char *s)
{
	size_t len = strlen(s);

	if (out->failed || len >= out->size - out->used) {
		out->failed = true;
		return;
	}
	memcpy(out->buf + out->used, s, len + 1);
	out->used += len;
}

/* Unreserved characters of RFC 3986 2.3 as they are, the rest as %XX. */
static void
put_escaped(struct output *out, const char *s)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-._~";
	char escape[4];

	for (; *s != '\0'; s++) {
		if (strchr(plain, *s) != NULL)
			snprintf(escape, sizeof(escape), "%c", *s);
		else
			snprintf(escape, sizeof(escape), "%%%02X",
			    (unsigned)(unsigned char)*s);
		put(out, escape);
	}
}

static void
put_number(struct output *out, const char *name, unsigned v)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", v);
	put(out, name);
	put(out, number);
}

bool
otpauth_uri(const struct otpauth *o, char *buf, size_t size)
{
	struct output out = { .buf = buf, .size = size };
	char secret[BASE32_LENGTH(OTP_SECRET_MAX) + 1];

	if (size > 0)
		buf[0] = '\0';
	if (size == 0 || !values_fit(o) || !base32_encode(o->secret,
	    o->secret_len, secret, sizeof(secret)))
		return false;
	put(&out, "otpauth://totp/");
	put_escaped(&out, o->issuer);
	put(&out, ":");
	put_escaped(&out, o->account);
	put(&out, "?secret=");
	put(&out, secret);
	explicit_bzero(secret, sizeof(secret));
	put(&out, "&issuer=");
	put_escaped(&out, o->issuer);
	if (o->algorithm != OTP_SHA1) {
		put(&out, "&algorithm=");
		put(&out, otp_algorithm_name(o->algorithm));
	}
	if (o->digits != 6)
		put_number(&out, "&digits=", o->digits);
	if (o->period != 30)
		put_number(&out, "&period=", o->period);
	if (out.failed)
		explicit_bzero(buf, size);
	return !out.failed;
}
