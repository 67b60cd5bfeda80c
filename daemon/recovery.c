/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/random.h>

#include <openssl/evp.h>

#include <string.h>

#include "daemon/crypto.h"
#include "daemon/recovery.h"

/* Crockford's 32 symbols: no I, L, O (read as 1, 1, 0) and no U. */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

#define SYMBOLS		32
#define CHECK_MODULUS	37
#define RANDOM_SYMBOLS	(RECOVERY_LENGTH - 1)

static bool
random_fill(void *buf, size_t len)
{
	return getrandom(buf, len, 0) == (ssize_t)len;
}

/* The value of a symbol as people type it; -1: none. */
static int
symbol_value(char c)
{
	const char *p;

	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		c = '0';
	else if (c == 'I' || c == 'L')
		c = '1';
	p = c == '\0' ? NULL : strchr(alphabet, c);
	return p == NULL ? -1 : (int)(p - alphabet);
}

/*
 * The number the canonical symbols stand for, mod 37.  37 is prime and
 * divides neither 32 nor 31 nor a difference of two symbols: every single
 * wrong symbol and every swap of neighbours changes it.
 */
static unsigned
check_value(const char *code)
{
	unsigned v = 0;
	int i;

	for (i = 0; i < RANDOM_SYMBOLS; i++)
		v = (v * SYMBOLS + (unsigned)symbol_value(code[i])) %
		    CHECK_MODULUS;
	return v;
}

bool
recovery_generate(char code[RECOVERY_LENGTH + 1])
{
	uint8_t random[RANDOM_SYMBOLS];
	unsigned check = CHECK_MODULUS;
	int i;

	memset(code, 0, RECOVERY_LENGTH + 1);
	while (check >= SYMBOLS) {
		if (!random_fill(random, sizeof(random))) {
			explicit_bzero(code, RECOVERY_LENGTH + 1);
			return false;
		}
		for (i = 0; i < RANDOM_SYMBOLS; i++)
			code[i] = alphabet[random[i] % SYMBOLS];
		check = check_value(code);
	}
	code[RANDOM_SYMBOLS] = alphabet[check];
	explicit_bzero(random, sizeof(random));
	return true;
}

bool
recovery_parse(const char *typed, size_t len, char code[RECOVERY_LENGTH + 1])
{
	size_t i, n = 0;
	int v;

	memset(code, 0, RECOVERY_LENGTH + 1);
	for (i = 0; i < len; i++) {
		if (typed[i] == ' ' || typed[i] == '-')
			continue;
		v = symbol_value(typed[i]);
		if (v == -1 || n == RECOVERY_LENGTH)
			goto refuse;
		code[n++] = alphabet[v];
	}
	if (n == RECOVERY_LENGTH &&
	    check_value(code) == (unsigned)symbol_value(code[RANDOM_SYMBOLS]))
		return true;
refuse:
	explicit_bzero(code, RECOVERY_LENGTH + 1);
	return false;
}

bool
recovery_hash(const char code[RECOVERY_LENGTH + 1],
    const uint8_t salt[RECOVERY_SALT], unsigned rounds,
    uint8_t hash[RECOVERY_HASH])
{
	memset(hash, 0, RECOVERY_HASH);
	if (strnlen(code, RECOVERY_LENGTH + 1) != RECOVERY_LENGTH ||
	    rounds == 0 || rounds > INT32_MAX || !crypto_start())
		return false;
	if (PKCS5_PBKDF2_HMAC(code, RECOVERY_LENGTH, salt, RECOVERY_SALT,
	    (int)rounds, EVP_sha256(), RECOVERY_HASH, hash) == 1)
		return true;
	explicit_bzero(hash, RECOVERY_HASH);
	return false;
}

bool
recovery_void(struct recovery_set *set, int64_t now)
{
	memset(set, 0, sizeof(*set));
	if (now <= 0 || !random_fill(set->salt, sizeof(set->salt)) ||
	    !random_fill(set->codes[0].hash, sizeof(set->codes[0].hash)))
		return false;
	set->rounds = RECOVERY_ROUNDS;
	set->codes[0].spent_at = ACCOUNT_CODE_VOID;
	set->count = 1;
	set->created_at = now;
	return true;
}

bool
recovery_make(struct recovery_set *set, size_t n, int64_t now,
    char codes[][RECOVERY_LENGTH + 1])
{
	size_t i;

	memset(set, 0, sizeof(*set));
	if (n == 0 || n > ACCOUNT_CODES_MAX || now <= 0 ||
	    !random_fill(set->salt, sizeof(set->salt)))
		return false;
	set->rounds = RECOVERY_ROUNDS;
	for (i = 0; i < n; i++)
		if (!recovery_generate(codes[i]) || !recovery_hash(codes[i],
		    set->salt, set->rounds, set->codes[i].hash))
			goto fail;
	set->count = n;
	set->created_at = now;
	return true;
fail:
	explicit_bzero(codes, (i + 1) * sizeof(codes[0]));
	explicit_bzero(set, sizeof(*set));
	return false;
}
