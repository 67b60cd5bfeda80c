/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/random.h>

#include <openssl/evp.h>

#include <string.h>

#include "common/text.h"
#include "daemon/crypto.h"
#include "daemon/seal.h"

/* Names the layout of the additional data; another layout, another name. */
#define SEAL_FORMAT	"stepup-totp-1"

#define AAD_MAX		512

/* Additional data: five values, each behind its length (u16, big-endian). */
struct aad {
	uint8_t	data[AAD_MAX];
	size_t	len;
};

_Static_assert(AAD_MAX >= sizeof(SEAL_FORMAT) + 8 + ACCOUNT_NAME_MAX + 8 +
    KEY_ID_LENGTH + 5 * 2, "the additional data fit");

static void
aad_put(struct aad *aad, const void *value, size_t len)
{
	aad->data[aad->len++] = (uint8_t)(len >> 8);
	aad->data[aad->len++] = (uint8_t)len;
	memcpy(aad->data + aad->len, value, len);
	aad->len += len;
}

static void
aad_put_id(struct aad *aad, int64_t id)
{
	uint64_t bits = (uint64_t)id;
	uint8_t bytes[8];
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(bits >> (56 - 8 * i));
	aad_put(aad, bytes, sizeof(bytes));
}

static bool
aad_fill(struct aad *aad, const struct seal_row *row, const char *key_id)
{
	size_t name = strnlen(row->user, ACCOUNT_NAME_MAX + 1);

	aad->len = 0;
	if (name == 0 || name > ACCOUNT_NAME_MAX)
		return false;
	aad_put(aad, SEAL_FORMAT, strlen(SEAL_FORMAT));
	aad_put_id(aad, row->account_id);
	aad_put(aad, row->user, name);
	aad_put_id(aad, row->credential_id);
	aad_put(aad, key_id, KEY_ID_LENGTH);
	return true;
}

/* The ways in and out differ in these calls alone. */
static bool
encrypt(EVP_CIPHER_CTX *ctx, const uint8_t *key, const struct aad *aad,
    const struct secret *secret, struct sealed *out)
{
	int len = 0, tail = 0;

	if (EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key,
	    out->nonce) != 1 ||
	    EVP_EncryptUpdate(ctx, NULL, &len, aad->data,
	    (int)aad->len) != 1 ||
	    EVP_EncryptUpdate(ctx, out->data, &len, secret->data,
	    (int)secret->len) != 1 ||
	    EVP_EncryptFinal_ex(ctx, out->data + len, &tail) != 1 ||
	    (size_t)len + (size_t)tail != secret->len ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG,
	    out->data + secret->len) != 1)
		return false;
	out->len = secret->len + SEAL_TAG;
	return true;
}

static bool
decrypt(EVP_CIPHER_CTX *ctx, const uint8_t *key, const struct aad *aad,
    const struct sealed *sealed, struct secret *out)
{
	size_t size = sealed->len - SEAL_TAG;
	uint8_t tag[SEAL_TAG];
	int len = 0, tail = 0;

	memcpy(tag, sealed->data + size, sizeof(tag));
	if (EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key,
	    sealed->nonce) != 1 ||
	    EVP_DecryptUpdate(ctx, NULL, &len, aad->data,
	    (int)aad->len) != 1 ||
	    EVP_DecryptUpdate(ctx, out->data, &len, sealed->data,
	    (int)size) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG,
	    tag) != 1 ||
	    EVP_DecryptFinal_ex(ctx, out->data + len, &tail) != 1)
		return false;
	out->len = size;
	return (size_t)len + (size_t)tail == size;
}

bool
seal_close(const struct keyring *ring, const struct seal_row *row,
    const struct secret *secret, struct sealed *out)
{
	EVP_CIPHER_CTX *ctx = NULL;
	const uint8_t *key;
	const char *id;
	struct aad aad;
	bool done = false;

	memset(out, 0, sizeof(*out));
	if ((key = keyring_active(ring, &id)) == NULL ||
	    secret->len == 0 || secret->len > OTP_SECRET_MAX ||
	    !aad_fill(&aad, row, id) || !crypto_start() ||
	    getrandom(out->nonce, SEAL_NONCE, 0) != SEAL_NONCE ||
	    (ctx = EVP_CIPHER_CTX_new()) == NULL)
		goto out;
	memcpy(out->key_id, id, KEY_ID_LENGTH);
	done = encrypt(ctx, key, &aad, secret, out);
out:
	EVP_CIPHER_CTX_free(ctx);
	if (!done)
		memset(out, 0, sizeof(*out));
	return done;
}

bool
seal_open(const struct keyring *ring, const struct seal_row *row,
    const struct sealed *sealed, struct secret *out)
{
	EVP_CIPHER_CTX *ctx = NULL;
	const uint8_t *key;
	struct aad aad;
	bool done = false;

	secret_wipe(out);
	if (memchr(sealed->key_id, '\0', sizeof(sealed->key_id)) == NULL ||
	    (key = keyring_find(ring, sealed->key_id)) == NULL ||
	    sealed->len <= SEAL_TAG || sealed->len > SEAL_MAX ||
	    !aad_fill(&aad, row, sealed->key_id) || !crypto_start() ||
	    (ctx = EVP_CIPHER_CTX_new()) == NULL)
		goto out;
	done = decrypt(ctx, key, &aad, sealed, out);
out:
	EVP_CIPHER_CTX_free(ctx);
	if (!done)
		secret_wipe(out);
	return done;
}

/* Account ids are greater than 0: this row is nobody's. */
static const struct seal_row store_row = { .user = "store" };

bool
seal_prove(const struct keyring *ring, struct sealed *proof)
{
	struct secret text = { 0 };
	bool done;

	done = secret_set(&text, "this store's keyring", 20) &&
	    seal_close(ring, &store_row, &text, proof);
	secret_wipe(&text);
	return done;
}

bool
seal_proven(const struct keyring *ring, const struct sealed *proof)
{
	struct secret text = { 0 };
	bool done = seal_open(ring, &store_row, proof, &text);

	secret_wipe(&text);
	return done;
}

/* The key id comes from the store: made printable before anybody reads it. */
static void
open_failed(const struct keyring *ring, const struct sealed *sealed,
    struct failure *f)
{
	char id[KEY_ID_LENGTH + 1];

	text_printable(sealed->key_id,
	    strnlen(sealed->key_id, KEY_ID_LENGTH), id, sizeof(id));
	if (keyring_find(ring, id) == NULL)
		failure_set(f, OUT_KEY, NULL, "key %s is not in the keyring",
		    id);
	else
		failure_set(f, OUT_KEY, NULL,
		    "a secret sealed with key %s does not open", id);
}

bool
seal_open_account(const struct keyring *ring, struct account *account,
    struct failure *f)
{
	struct seal_row row = { .account_id = account->id,
		.user = account->name };
	struct credential *c;
	bool all = true;
	size_t i;

	for (i = 0; i < account->credential_count; i++) {
		c = &account->credentials[i];
		row.credential_id = c->id;
		c->opened = seal_open(ring, &row, &c->sealed, &c->secret);
		if (!c->opened && all)
			open_failed(ring, &c->sealed, f);
		all = all && c->opened;
	}
	return all;
}
