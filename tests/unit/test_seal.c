/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <openssl/evp.h>

#include "daemon/seal.h"
#include "place.h"

#define KEY_A "0123abcd AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
#define KEY_B "ffffffff //////////////////////////////////////////8=\n"
/* The id of A with the bytes of B. */
#define FALSE_A "0123abcd //////////////////////////////////////////8=\n"

static const struct seal_row row = { .account_id = 0x0102030405060708,
	.user = "alice", .credential_id = 0x1112131415161718 };

static struct keyring *
ring_of(const char *text)
{
	struct keyring *ring = NULL;

	put_text("keyring", text);
	assert_int_equal(keyring_read(at("keyring"), getuid(), &ring, NULL,
	    NULL), OUT_DONE);
	return ring;
}

static struct secret
secret_of(size_t len)
{
	struct secret s;
	uint8_t bytes[SECRET_MAX];
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + 1);
	assert_true(secret_set(&s, bytes, len));
	return s;
}

static void
opens(const struct keyring *ring, const struct seal_row *r,
    const struct sealed *sealed, const struct secret *secret)
{
	struct secret out = { .len = 5 };

	assert_true(seal_open(ring, r, sealed, &out));
	assert_true(secret_equal(&out, secret));
}

static void
stays_shut(const struct keyring *ring, const struct seal_row *r,
    const struct sealed *sealed)
{
	static const struct secret empty;
	struct secret out;

	memset(&out, 0x5a, sizeof(out));
	assert_false(seal_open(ring, r, sealed, &out));
	assert_memory_equal(&out, &empty, sizeof(out));
}

static void
round_trip(void **state)
{
	struct keyring *ring = ring_of(KEY_B KEY_A);
	struct sealed sealed, again;
	struct secret secret;
	size_t len;

	(void)state;
	for (len = 1; len <= OTP_SECRET_MAX; len++) {
		secret = secret_of(len);
		assert_true(seal_close(ring, &row, &secret, &sealed));
		assert_string_equal(sealed.key_id, "0123abcd");
		assert_int_equal(sealed.len, len + SEAL_TAG);
		if (len > 4)
			assert_memory_not_equal(sealed.data, secret.data,
			    len);
		opens(ring, &row, &sealed, &secret);
	}
	/* A nonce is never used twice. */
	assert_true(seal_close(ring, &row, &secret, &again));
	assert_memory_not_equal(again.nonce, sealed.nonce, SEAL_NONCE);
	keyring_free(ring);
}

/* What cannot be sealed gives zeroes, never something that looks sealed. */
static void
not_sealed(void **state)
{
	static const struct sealed zero;
	struct keyring *ring = ring_of(KEY_A);
	char longer[ACCOUNT_NAME_MAX + 2];
	struct seal_row r = row;
	struct sealed sealed;
	struct secret s = secret_of(0);

	(void)state;
	memset(&sealed, 0x5a, sizeof(sealed));
	assert_false(seal_close(ring, &row, &s, &sealed));
	assert_memory_equal(&sealed, &zero, sizeof(zero));
	s = secret_of(OTP_SECRET_MAX + 1);
	memset(&sealed, 0x5a, sizeof(sealed));
	assert_false(seal_close(ring, &row, &s, &sealed));
	assert_memory_equal(&sealed, &zero, sizeof(zero));
	s = secret_of(20);
	assert_false(seal_close(NULL, &row, &s, &sealed));
	r.user = "";
	assert_false(seal_close(ring, &r, &s, &sealed));
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	r.user = longer;
	assert_false(seal_close(ring, &r, &s, &sealed));
	longer[ACCOUNT_NAME_MAX] = '\0';
	assert_true(seal_close(ring, &r, &s, &sealed));
	opens(ring, &r, &sealed, &s);
	keyring_free(ring);
}

static void
another_row(void **state)
{
	struct keyring *ring = ring_of(KEY_A);
	struct secret secret = secret_of(20);
	struct sealed sealed;
	struct seal_row r;
	unsigned bit;

	(void)state;
	assert_true(seal_close(ring, &row, &secret, &sealed));
	for (bit = 0; bit < 64; bit++) {
		r = row;
		r.account_id = (int64_t)((uint64_t)r.account_id ^
		    UINT64_C(1) << bit);
		stays_shut(ring, &r, &sealed);
		r = row;
		r.credential_id = (int64_t)((uint64_t)r.credential_id ^
		    UINT64_C(1) << bit);
		stays_shut(ring, &r, &sealed);
	}
	r = row;
	r.account_id = row.credential_id;
	r.credential_id = row.account_id;
	stays_shut(ring, &r, &sealed);
	r = row;
	r.user = "alicf";
	stays_shut(ring, &r, &sealed);
	r.user = "Alice";
	stays_shut(ring, &r, &sealed);
	r.user = "alic";
	stays_shut(ring, &r, &sealed);
	r.user = "alicee";
	stays_shut(ring, &r, &sealed);
	r.user = "";
	stays_shut(ring, &r, &sealed);
	opens(ring, &row, &sealed, &secret);
	keyring_free(ring);
}

static void
another_key(void **state)
{
	struct keyring *a = ring_of(KEY_A), *b = ring_of(KEY_B);
	struct keyring *both = ring_of(KEY_A KEY_B);
	struct keyring *false_a = ring_of(FALSE_A);
	struct secret secret = secret_of(20);
	struct sealed sealed;

	(void)state;
	assert_true(seal_close(a, &row, &secret, &sealed));
	opens(both, &row, &sealed, &secret);	/* an old key still opens */
	stays_shut(b, &row, &sealed);
	stays_shut(NULL, &row, &sealed);
	stays_shut(false_a, &row, &sealed);
	/* The row's key id is part of what was sealed. */
	strcpy(sealed.key_id, "ffffffff");
	stays_shut(both, &row, &sealed);
	memset(sealed.key_id, 'f', sizeof(sealed.key_id));
	stays_shut(both, &row, &sealed);
	keyring_free(a);
	keyring_free(b);
	keyring_free(both);
	keyring_free(false_a);
}

static void
every_bit(void **state)
{
	static const size_t lengths[] = { 20, 32, 64 };
	struct keyring *ring = ring_of(KEY_A);
	struct sealed sealed, bad;
	struct secret secret;
	size_t i, bit;

	(void)state;
	for (i = 0; i < COUNT(lengths); i++) {
		secret = secret_of(lengths[i]);
		assert_true(seal_close(ring, &row, &secret, &sealed));
		for (bit = 0; bit < SEAL_NONCE * 8; bit++) {
			bad = sealed;
			bad.nonce[bit / 8] ^= (uint8_t)(1 << bit % 8);
			stays_shut(ring, &row, &bad);
		}
		for (bit = 0; bit < sealed.len * 8; bit++) {
			bad = sealed;
			bad.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			stays_shut(ring, &row, &bad);
		}
		for (bit = 0; bit < KEY_ID_LENGTH * 8; bit++) {
			bad = sealed;
			bad.key_id[bit / 8] ^= (char)(1 << bit % 8);
			stays_shut(ring, &row, &bad);
		}
		for (bit = 0; bit <= SEAL_MAX + 1; bit++) {
			if (bit == sealed.len)
				continue;
			bad = sealed;
			bad.len = bit;
			stays_shut(ring, &row, &bad);
		}
		bad = sealed;
		bad.len = SIZE_MAX;
		stays_shut(ring, &row, &bad);
		opens(ring, &row, &sealed, &secret);
	}
	keyring_free(ring);
}

/*
 * The layout of the additional data, byte by byte: a change would shut
 * everybody's rows.
 */
static void
layout(void **state)
{
	static const uint8_t aad[] =
	    "\x00\x0d" "stepup-totp-1"
	    "\x00\x08" "\x01\x02\x03\x04\x05\x06\x07\x08"
	    "\x00\x05" "alice"
	    "\x00\x08" "\x11\x12\x13\x14\x15\x16\x17\x18"
	    "\x00\x08" "0123abcd";
	struct keyring *ring = ring_of(KEY_A);
	struct secret secret = secret_of(20);
	struct sealed sealed = { .key_id = "0123abcd",
		.nonce = "nonce-nonce", .len = 20 + SEAL_TAG };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len;

	(void)state;
	assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL,
	    keyring_find(ring, "0123abcd"), sealed.nonce), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &len, aad,
	    (int)sizeof(aad) - 1), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, sealed.data, &len,
	    secret.data, 20), 1);
	assert_int_equal(EVP_EncryptFinal_ex(ctx, sealed.data + len, &len),
	    1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG,
	    SEAL_TAG, sealed.data + 20), 1);
	EVP_CIPHER_CTX_free(ctx);
	opens(ring, &row, &sealed, &secret);
	keyring_free(ring);
}

static void
whole_account(void **state)
{
	struct keyring *a = ring_of(KEY_A), *b = ring_of(KEY_B);
	static struct account account;
	struct secret secret = secret_of(20);
	struct seal_row r = row;
	struct failure f = { .path = "" };
	size_t i;

	(void)state;
	account.id = row.account_id;
	strcpy(account.name, "alice");
	account.credential_count = 3;
	for (i = 0; i < 3; i++) {
		account.credentials[i].id = r.credential_id = (int64_t)i + 1;
		assert_true(seal_close(a, &r, &secret,
		    &account.credentials[i].sealed));
	}
	assert_true(seal_open_account(a, &account, &f));
	assert_string_equal(f.reason, "");
	for (i = 0; i < 3; i++) {
		assert_true(account.credentials[i].opened);
		assert_true(secret_equal(&account.credentials[i].secret,
		    &secret));
	}
	/* One of them was changed: the others have been opened. */
	account.credentials[1].sealed.data[0] ^= 1;
	assert_false(seal_open_account(a, &account, &f));
	assert_string_equal(f.reason,
	    "a secret sealed with key 0123abcd does not open");
	assert_true(account.credentials[0].opened);
	assert_false(account.credentials[1].opened);
	assert_int_equal(account.credentials[1].secret.len, 0);
	assert_true(account.credentials[2].opened);

	assert_false(seal_open_account(b, &account, &f));
	assert_string_equal(f.reason, "key 0123abcd is not in the keyring");
	assert_false(seal_open_account(NULL, &account, NULL));
	for (i = 0; i < 3; i++) {
		assert_false(account.credentials[i].opened);
		assert_int_equal(account.credentials[i].secret.len, 0);
	}
	/* What a row says is made printable. */
	memcpy(account.credentials[0].sealed.key_id, "\x1b[2J\n\xff..", 9);
	assert_false(seal_open_account(b, &account, &f));
	assert_string_equal(f.reason, "key ?[2J??.. is not in the keyring");
	account.credential_count = 0;
	assert_true(seal_open_account(NULL, &account, NULL));
	keyring_free(a);
	keyring_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(round_trip), IN_PLACE(not_sealed),
		IN_PLACE(another_row), IN_PLACE(another_key),
		IN_PLACE(every_bit), IN_PLACE(layout),
		IN_PLACE(whole_account),
	};

	return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
