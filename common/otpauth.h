/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an authenticator app needs to know, and the otpauth:// URI that
 * tells it (Key URI format of the Google Authenticator wiki; escapes of
 * RFC 3986, %20 and never +).
 */
#ifndef STEPUP_COMMON_OTPAUTH_H
#define STEPUP_COMMON_OTPAUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 6238 section 1.2; numbers travel on the wire and lie in the store. */
enum otp_algorithm {
	OTP_NONE = 0,
	OTP_SHA1 = 1,
	OTP_SHA256 = 2,
	OTP_SHA512 = 3
};

#define OTP_SECRET_MAX 64
#define OTP_SECRET_OFFERED 16	/* least, of a new one */
#define OTP_DIGITS_MAX 8
#define OTPAUTH_MAX 1024	/* longest URI with its NUL */

/* "SHA1", "SHA256", "SHA512"; NULL for any other number. */
const char *otp_algorithm_name(enum otp_algorithm);
/* Exactly those three spellings; OTP_NONE for anything else. */
enum otp_algorithm otp_algorithm_parse(const char *);
/* Secret length in bytes: 20, 32, 64; 0 for any other number. */
size_t otp_secret_length(enum otp_algorithm);

struct otpauth {
	const char	*issuer;	/* 1..64 bytes, no colon */
	const char	*account;	/* 1..255 bytes, no colon */
	const uint8_t	*secret;	/* borrowed */
	size_t		 secret_len;	/* _OFFERED.._MAX */
	enum otp_algorithm algorithm;
	unsigned	 digits;	/* 6 or 8 */
	unsigned	 period;	/* 15..120 s */
};

/*
 * otpauth://totp/ISSUER:USER?secret=...&issuer=ISSUER; parameters that
 * equal SHA1, 6, 30 are left out.  False and an empty buf when a value is
 * out of range or size is too small.  The result holds the secret: the
 * caller wipes it.
 */
bool otpauth_uri(const struct otpauth *, char *buf, size_t size);

#endif
