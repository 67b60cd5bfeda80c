/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/random.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <string.h>

#include "common/text.h"
#include "daemon/archive.h"
#include "daemon/crypto.h"

/* Where things stand in the header. */
#define AT_VERSION	8
#define AT_KDF		10
#define AT_LOG_N	11
#define AT_R		12
#define AT_P		13
#define AT_SALT		16
#define AT_SUM		(AT_SALT + ARCHIVE_SALT)
#define AT_MAC		(AT_SUM + ARCHIVE_SUM)
#define KDF_SCRYPT	1

/* Of a frame's length: this chunk is the last. */
#define LAST		0x8000u
#define NONCE		12
/* Beside the block that N * r asks for: p blocks and some. */
#define KDF_ROOM	(UINT64_C(4) << 20)

_Static_assert(AT_MAC + ARCHIVE_MAC == ARCHIVE_HEADER, "the header is full");
_Static_assert(ARCHIVE_CHUNK + ARCHIVE_TAG < LAST, "a length has 15 bits");

static const char *const texts[] = {
	[ARCHIVE_OK] = "it is sound",
	[ARCHIVE_FOREIGN] = "it is not a backup of stepup",
	[ARCHIVE_NEWER] = "it was made by a newer version of stepup",
	[ARCHIVE_COSTS] = "it asks for more work than this program would do",
	[ARCHIVE_DAMAGED] = "it is damaged",
	[ARCHIVE_CUT] = "it is cut off: its end is missing",
	[ARCHIVE_PASSPHRASE] = "the passphrase is wrong",
	[ARCHIVE_MEMORY] = "there is no memory for it",
	[ARCHIVE_STOPPED] = "it was not read to its end",
};

const char *
archive_text(enum archive_code code)
{
	return texts[(unsigned)code <= ARCHIVE_STOPPED ? code :
	    ARCHIVE_DAMAGED];
}

static bool
costs_sound(const struct archive_costs *c)
{
	uint64_t nr;

	if (c->log_n < ARCHIVE_LOG_N_MIN || c->log_n > ARCHIVE_LOG_N_MAX ||
	    c->r == 0 || c->p == 0)
		return false;
	/* RFC 7914, 2: N is below 2^(16 r); beyond, it is no scrypt. */
	if (c->r == 1 && c->log_n >= 16)
		return false;
	nr = (UINT64_C(1) << c->log_n) * c->r;
	return nr <= ARCHIVE_NR_MAX && nr * c->p <= ARCHIVE_NRP_MAX;
}

/*
 * Both keys from the passphrase and the header before its checksum: the
 * one that seals stays, the other gives the header's MAC.
 */
static enum archive_code
derive(struct archive *a, const struct secret *passphrase,
    uint8_t mac[ARCHIVE_MAC])
{
	const struct archive_costs c = { a->header[AT_LOG_N],
		a->header[AT_R], a->header[AT_P] };
	uint64_t n = UINT64_C(1) << c.log_n;
	uint8_t keys[2 * ARCHIVE_KEY];
	unsigned len = 0;
	bool done;

	done = crypto_start() && EVP_PBE_scrypt(
	    (const char *)passphrase->data, passphrase->len,
	    a->header + AT_SALT, ARCHIVE_SALT, n, c.r, c.p,
	    128 * n * c.r + 128 * (uint64_t)c.r * c.p + KDF_ROOM, keys,
	    sizeof(keys)) == 1 &&
	    HMAC(EVP_sha256(), keys + ARCHIVE_KEY, ARCHIVE_KEY, a->header,
	    AT_MAC, mac, &len) != NULL && len == ARCHIVE_MAC;
	if (done)
		memcpy(a->key, keys, ARCHIVE_KEY);
	explicit_bzero(keys, sizeof(keys));
	return done ? ARCHIVE_OK : ARCHIVE_MEMORY;
}

static bool
checksum(const struct archive *a, uint8_t sum[SHA256_DIGEST_LENGTH])
{
	unsigned len = 0;

	return crypto_start() && EVP_Digest(a->header, AT_SUM, sum, &len,
	    EVP_sha256(), NULL) == 1 && len == SHA256_DIGEST_LENGTH;
}

/* --- Chunks ----------------------------------------------------------- */

static void
make_nonce(const struct archive *a, bool last, uint8_t nonce[NONCE])
{
	int i;

	memset(nonce, 0, NONCE);
	for (i = 0; i < 8; i++)
		nonce[3 + i] = (uint8_t)(a->number >> (56 - 8 * i));
	nonce[NONCE - 1] = last;
}

/* From plain to frame. */
static bool
seal_chunk(struct archive *a, bool last)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[NONCE], *out = a->frame + 2;
	size_t size = a->plain_len + ARCHIVE_TAG;
	int len = 0, tail = 0;
	bool done;

	make_nonce(a, last, nonce);
	a->frame[0] = (uint8_t)((size | (last ? LAST : 0)) >> 8);
	a->frame[1] = (uint8_t)size;
	done = ctx != NULL && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL,
	    a->key, nonce) == 1 &&
	    EVP_EncryptUpdate(ctx, out, &len, a->plain,
	    (int)a->plain_len) == 1 &&
	    EVP_EncryptFinal_ex(ctx, out + len, &tail) == 1 &&
	    (size_t)len + (size_t)tail == a->plain_len &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, ARCHIVE_TAG,
	    out + a->plain_len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	explicit_bzero(a->plain, sizeof(a->plain));
	a->plain_len = 0;
	a->frame_len = 2 + size;
	a->number++;
	return done;
}

/* From frame, size bytes behind its length, to plain. */
static bool
open_chunk(struct archive *a, size_t size, bool last)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[NONCE], *in = a->frame + 2;
	size_t plain = size - ARCHIVE_TAG;
	int len = 0, tail = 0;
	bool done;

	make_nonce(a, last, nonce);
	done = ctx != NULL && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL,
	    a->key, nonce) == 1 &&
	    EVP_DecryptUpdate(ctx, a->plain, &len, in, (int)plain) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, ARCHIVE_TAG,
	    in + plain) == 1 &&
	    EVP_DecryptFinal_ex(ctx, a->plain + len, &tail) == 1 &&
	    (size_t)len + (size_t)tail == plain;
	EVP_CIPHER_CTX_free(ctx);
	a->plain_len = plain;
	a->number++;
	return done;
}

/* --- Writing ---------------------------------------------------------- */

enum archive_code
archive_create(struct archive *a, const struct secret *passphrase,
    const struct archive_costs *costs, archive_take *take, void *arg)
{
	uint8_t sum[SHA256_DIGEST_LENGTH];
	enum archive_code code;

	explicit_bzero(a, sizeof(*a));
	if (!costs_sound(costs))
		return ARCHIVE_COSTS;
	memcpy(a->header, ARCHIVE_MAGIC, AT_VERSION);
	a->header[AT_VERSION + 1] = ARCHIVE_VERSION;
	a->header[AT_KDF] = KDF_SCRYPT;
	a->header[AT_LOG_N] = costs->log_n;
	a->header[AT_R] = costs->r;
	a->header[AT_P] = costs->p;
	if (getrandom(a->header + AT_SALT, ARCHIVE_SALT, 0) != ARCHIVE_SALT ||
	    !checksum(a, sum))
		return ARCHIVE_MEMORY;
	memcpy(a->header + AT_SUM, sum, ARCHIVE_SUM);
	code = derive(a, passphrase, a->header + AT_MAC);
	if (code != ARCHIVE_OK)
		return code;
	a->header_len = ARCHIVE_HEADER;
	return take(a->header, ARCHIVE_HEADER, arg) ? ARCHIVE_OK :
	    ARCHIVE_STOPPED;
}

static enum archive_code
flush(struct archive *a, bool last, archive_take *take, void *arg)
{
	if (!seal_chunk(a, last))
		return ARCHIVE_MEMORY;
	return take(a->frame, a->frame_len, arg) ? ARCHIVE_OK :
	    ARCHIVE_STOPPED;
}

/* A full chunk waits for more: it may be the last. */
enum archive_code
archive_write(struct archive *a, const void *data, size_t len,
    archive_take *take, void *arg)
{
	enum archive_code code = ARCHIVE_OK;
	const uint8_t *in = data;
	size_t n;

	while (len > 0 && code == ARCHIVE_OK) {
		if (a->plain_len == ARCHIVE_CHUNK)
			code = flush(a, false, take, arg);
		n = ARCHIVE_CHUNK - a->plain_len;
		if (n > len)
			n = len;
		memcpy(a->plain + a->plain_len, in, n);
		a->plain_len += n;
		in += n;
		len -= n;
	}
	return code;
}

enum archive_code
archive_finish(struct archive *a, archive_take *take, void *arg)
{
	enum archive_code code = flush(a, true, take, arg);

	explicit_bzero(a, sizeof(*a));
	return code;
}

/* --- Reading ---------------------------------------------------------- */

void
archive_open(struct archive *a, const struct secret *passphrase)
{
	explicit_bzero(a, sizeof(*a));
	a->passphrase = *passphrase;
}

/* What stands there, before anything is computed from the passphrase. */
static enum archive_code
check_header(const struct archive *a)
{
	const uint8_t *h = a->header;
	const struct archive_costs costs = { h[AT_LOG_N], h[AT_R], h[AT_P] };
	uint8_t sum[SHA256_DIGEST_LENGTH];

	if (memcmp(h, ARCHIVE_MAGIC, AT_VERSION) != 0)
		return ARCHIVE_FOREIGN;
	if (!checksum(a, sum))
		return ARCHIVE_MEMORY;
	if (memcmp(sum, h + AT_SUM, ARCHIVE_SUM) != 0)
		return ARCHIVE_DAMAGED;
	if (h[AT_VERSION] != 0 || h[AT_VERSION + 1] != ARCHIVE_VERSION)
		return ARCHIVE_NEWER;
	if (h[AT_KDF] != KDF_SCRYPT || h[AT_P + 1] != 0 || h[AT_P + 2] != 0)
		return ARCHIVE_NEWER;
	return costs_sound(&costs) ? ARCHIVE_OK : ARCHIVE_COSTS;
}

static enum archive_code
read_header(struct archive *a)
{
	enum archive_code code = check_header(a);
	uint8_t mac[ARCHIVE_MAC];

	if (code == ARCHIVE_OK)
		code = derive(a, &a->passphrase, mac);
	secret_wipe(&a->passphrase);
	if (code == ARCHIVE_OK &&
	    !text_equal(mac, a->header + AT_MAC, sizeof(mac))) {
		explicit_bzero(a->key, sizeof(a->key));
		return ARCHIVE_PASSPHRASE;
	}
	return code;
}

/* As many as are missing; how many were taken. */
static size_t
gather(uint8_t *buf, size_t *have, size_t want, const uint8_t *in, size_t len)
{
	size_t n = want - *have < len ? want - *have : len;

	memcpy(buf + *have, in, n);
	*have += n;
	return n;
}

/* A whole frame is there: every chunk but the last is full. */
static enum archive_code
read_frame(struct archive *a, size_t size, bool last, archive_take *take,
    void *arg)
{
	bool ok;

	if (!open_chunk(a, size, last))
		return ARCHIVE_DAMAGED;
	a->frame_len = 0;
	a->last = last;
	ok = a->plain_len == 0 || take(a->plain, a->plain_len, arg);
	explicit_bzero(a->plain, sizeof(a->plain));
	return ok ? ARCHIVE_OK : ARCHIVE_STOPPED;
}

static enum archive_code
feed_frame(struct archive *a, const uint8_t **in, size_t *len,
    archive_take *take, void *arg)
{
	unsigned word;
	size_t n, size;
	bool last;

	if (a->last)
		return ARCHIVE_DAMAGED;		/* something behind the end */
	if (a->frame_len < 2) {
		n = gather(a->frame, &a->frame_len, 2, *in, *len);
		*in += n;
		*len -= n;
	}
	if (a->frame_len < 2)
		return ARCHIVE_OK;
	word = (unsigned)a->frame[0] << 8 | a->frame[1];
	last = (word & LAST) != 0;
	size = word & (LAST - 1);
	if (size < ARCHIVE_TAG || size > ARCHIVE_CHUNK + ARCHIVE_TAG ||
	    (!last && size != ARCHIVE_CHUNK + ARCHIVE_TAG))
		return ARCHIVE_DAMAGED;
	n = gather(a->frame, &a->frame_len, 2 + size, *in, *len);
	*in += n;
	*len -= n;
	return a->frame_len < 2 + size ? ARCHIVE_OK :
	    read_frame(a, size, last, take, arg);
}

enum archive_code
archive_feed(struct archive *a, const void *data, size_t len,
    archive_take *take, void *arg)
{
	enum archive_code code = a->refused;
	const uint8_t *in = data;
	size_t n;

	if (code == ARCHIVE_OK && a->header_len < ARCHIVE_HEADER) {
		n = gather(a->header, &a->header_len, ARCHIVE_HEADER, in,
		    len);
		in += n;
		len -= n;
		/* The first bytes tell: nobody types a passphrase for nothing
		   where a file is short and something else. */
		if (memcmp(a->header, ARCHIVE_MAGIC, a->header_len <
		    AT_VERSION ? a->header_len : AT_VERSION) != 0)
			code = ARCHIVE_FOREIGN;
		else if (a->header_len == ARCHIVE_HEADER)
			code = read_header(a);
	}
	while (len > 0 && code == ARCHIVE_OK)
		code = feed_frame(a, &in, &len, take, arg);
	a->refused = code;
	return code;
}

enum archive_code
archive_end(const struct archive *a)
{
	return a->last && a->refused == ARCHIVE_OK ? ARCHIVE_OK : ARCHIVE_CUT;
}
