/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/evp.h>

#include <string.h>

#include "daemon/crypto.h"
#include "daemon/totp.h"

/* libcrypto's names; RFC 4226 4 takes any of them. */
static const char *
digest_name(enum otp_algorithm a)
{
	switch (a) {
	case OTP_NONE:
		return NULL;
	case OTP_SHA1:
		return "SHA1";
	case OTP_SHA256:
		return "SHA256";
	case OTP_SHA512:
		return "SHA512";
	}
	return NULL;
}

/* RFC 4226 5.3, the truncation. */
static uint32_t
truncated(const uint8_t *mac, size_t len)
{
	const uint8_t *p = mac + (mac[len - 1] & 0x0f);

	return (uint32_t)(p[0] & 0x7f) << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static void
print_code(uint32_t v, unsigned digits, char *buf)
{
	buf[digits] = '\0';
	for (; digits > 0; digits--, v /= 10)
		buf[digits - 1] = (char)('0' + v % 10);
}

bool
totp_code(const uint8_t *secret, size_t len, enum otp_algorithm algorithm,
    unsigned digits, int64_t step, char buf[OTP_DIGITS_MAX + 1])
{
	const char *digest = digest_name(algorithm);
	uint8_t mac[EVP_MAX_MD_SIZE], counter[8];
	uint64_t t = (uint64_t)step;
	size_t mac_len = 0;
	bool ok;
	int i;

	memset(buf, 0, OTP_DIGITS_MAX + 1);
	if (digest == NULL || len == 0 || len > OTP_SECRET_MAX || digits < 6 ||
	    digits > OTP_DIGITS_MAX || step < 0 || !crypto_start())
		return false;
	for (i = 7; i >= 0; i--, t >>= 8)
		counter[i] = (uint8_t)t;
	ok = EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, secret, len, counter,
	    sizeof(counter), mac, sizeof(mac), &mac_len) != NULL &&
	    mac_len >= 20;
	if (ok)
		print_code(truncated(mac, mac_len), digits, buf);
	explicit_bzero(mac, sizeof(mac));
	return ok;
}

int64_t
totp_step(int64_t now, unsigned period)
{
	return now < 0 || period == 0 ? -1 : now / period;
}
