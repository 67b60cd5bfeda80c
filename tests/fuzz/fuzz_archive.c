/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of a backup: one is written, damaged as the input says, or
 * replaced by other bytes, and read in pieces.  What must hold:
 *
 * - what comes out is what went in, from its beginning, whatever was done;
 * - a file is sound to its end if and only if nobody touched it and the
 *   passphrase is the one it was made with;
 * - no passphrase is worked on before the header's checksum is right and
 *   its costs are within bounds.
 *
 * The key derivation and the salt are this target's: nothing is guessed
 * here, and an input does the same twice.
 */
#include <sys/types.h>

#include <openssl/evp.h>

#include "daemon/archive.h"
#include "daemon/crypto.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "archive";

#define PLAIN_MAX	(3 * ARCHIVE_CHUNK + 100)
#define FILE_MAX	(ARCHIVE_HEADER + 5 * ARCHIVE_FRAME)
#define AT_SUM		48	/* in the header, see stepup-backup(5) */

struct file {
	size_t	len;
	uint8_t	data[FILE_MAX];
};

static uint8_t plain[PLAIN_MAX];
static struct file made, seen;
static unsigned derived;

int __wrap_EVP_PBE_scrypt(const char *, size_t, const unsigned char *, size_t,
    uint64_t, uint64_t, uint64_t, uint64_t, unsigned char *, size_t);
ssize_t __wrap_getrandom(void *, size_t, unsigned);

ssize_t
__wrap_getrandom(void *buf, size_t len, unsigned flags)
{
	(void)flags;
	memset(buf, 0x5a, len);
	return (ssize_t)len;
}

/* Cheap, and other for every other passphrase, salt and costs. */
int
__wrap_EVP_PBE_scrypt(const char *pass, size_t passlen,
    const unsigned char *salt, size_t saltlen, uint64_t n, uint64_t r,
    uint64_t p, uint64_t most, unsigned char *key, size_t keylen)
{
	uint64_t v = UINT64_C(0xcbf29ce484222325) ^ n ^ r << 40 ^ p << 48;
	size_t i;

	CLAIM(n >= 1u << ARCHIVE_LOG_N_MIN && (n & (n - 1)) == 0);
	CLAIM(r > 0 && p > 0 && n * r <= ARCHIVE_NR_MAX);
	CLAIM(r > 3 || n < UINT64_C(1) << 16 * r);	/* RFC 7914, 2 */
	CLAIM(n * r * p <= ARCHIVE_NRP_MAX && most <= UINT64_C(512) << 20);
	CLAIM(saltlen == ARCHIVE_SALT && keylen == 2 * ARCHIVE_KEY);
	derived++;
	for (i = 0; i < passlen + saltlen; i++)
		v = (v ^ (uint8_t)(i < passlen ? pass[i] :
		    salt[i - passlen])) * UINT64_C(0x100000001b3);
	for (i = 0; i < keylen; i++, v = v * UINT64_C(0x100000001b3) + i)
		key[i] = (uint8_t)(v >> 32);
	return 1;
}

static bool
collect(const uint8_t *data, size_t len, void *arg)
{
	struct file *f = arg;

	CLAIM(len <= sizeof(f->data) - f->len);
	memcpy(f->data + f->len, data, len);
	f->len += len;
	return true;
}

/* --- Writing ---------------------------------------------------------- */

static bool
affordable(const struct archive_costs *c)
{
	uint64_t nr = (UINT64_C(1) << (c->log_n & 63)) * c->r;

	return c->log_n >= ARCHIVE_LOG_N_MIN &&
	    c->log_n <= ARCHIVE_LOG_N_MAX && c->r > 0 && c->p > 0 &&
	    nr <= ARCHIVE_NR_MAX && nr * c->p <= ARCHIVE_NRP_MAX &&
	    (c->log_n < 16 || c->r > 1);
}

/* Returns how much is in it. */
static size_t
make_file(struct input *in, const struct secret *passphrase)
{
	static struct archive a;
	uint32_t bytes = (uint32_t)input_number(in, 3);
	struct archive_costs costs = { (uint8_t)(bytes >> 16),
		(uint8_t)(bytes >> 8), (uint8_t)bytes };
	size_t len = input_number(in, 2) % (PLAIN_MAX + 1);
	size_t piece = 1 + input_byte(in) * 15u, at, n;
	enum archive_code code;
	uint8_t seed = input_byte(in);

	for (at = 0; at < len; at++)
		plain[at] = (uint8_t)(seed + at * 31 + at / 256 * 7);
	made.len = 0;
	code = archive_create(&a, passphrase, &costs, collect, &made);
	CLAIM(code == (affordable(&costs) ? ARCHIVE_OK : ARCHIVE_COSTS));
	if (code == ARCHIVE_COSTS) {
		CLAIM(made.len == 0);
		costs = (struct archive_costs){ ARCHIVE_LOG_N, ARCHIVE_R,
			ARCHIVE_P };
		CLAIM(archive_create(&a, passphrase, &costs, collect,
		    &made) == ARCHIVE_OK);
	}
	for (at = 0; at < len; at += n) {
		n = piece < len - at ? piece : len - at;
		CLAIM(archive_write(&a, plain + at, n, collect, &made) ==
		    ARCHIVE_OK);
	}
	CLAIM(archive_finish(&a, collect, &made) == ARCHIVE_OK);
	return len;
}

/* --- What became of it ------------------------------------------------ */

static void
fix_checksum(void)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	CLAIM(crypto_start() && EVP_Digest(seen.data, AT_SUM, sum, &len,
	    EVP_sha256(), NULL) == 1);
	memcpy(seen.data + AT_SUM, sum, ARCHIVE_SUM);
}

/* One frame over another, or out. */
static void
move_frame(size_t from, size_t to, bool out)
{
	uint8_t *at = seen.data + ARCHIVE_HEADER + from * ARCHIVE_FRAME;
	size_t end = ARCHIVE_HEADER + (from + 1) * ARCHIVE_FRAME;

	if (end > seen.len)
		return;
	if (out) {
		memmove(at, seen.data + end, seen.len - end);
		seen.len -= ARCHIVE_FRAME;
	} else if (ARCHIVE_HEADER + (to + 1) * ARCHIVE_FRAME <= seen.len)
		memcpy(seen.data + ARCHIVE_HEADER + to * ARCHIVE_FRAME, at,
		    ARCHIVE_FRAME);
}

/* This frame is said to be the last, and nothing is behind it. */
static void
end_early(size_t frame)
{
	size_t at = ARCHIVE_HEADER + frame * ARCHIVE_FRAME;

	if (at + ARCHIVE_FRAME > seen.len)
		return;
	seen.data[at] ^= 0x80;
	seen.len = at + ARCHIVE_FRAME;
}

static void
damage(struct input *in)
{
	uint8_t how = input_byte(in);
	size_t at = input_number(in, 2), n;

	switch (how % 8) {
	case 0:
		break;
	case 1:
		seen.data[at % seen.len] ^= input_byte(in);
		break;
	case 2:
		seen.len = at % (seen.len + 1);
		break;
	case 3:
		n = in->len < FILE_MAX - seen.len ? in->len :
		    FILE_MAX - seen.len;
		collect(in->data, n, &seen);
		break;
	case 4:
		move_frame(at % 4, at / 4 % 4, (at & 64) != 0);
		break;
	case 5:
		seen.data[at % AT_SUM] = input_byte(in);
		fix_checksum();
		break;
	case 6:		/* other bytes, behind the header or in place of it */
		seen.len = at & 1 ? ARCHIVE_HEADER : 0;
		n = in->len < FILE_MAX - seen.len ? in->len :
		    FILE_MAX - seen.len;
		collect(in->data, n, &seen);
		break;
	case 7:
		end_early(at % 4);
		break;
	}
}

/* --- Reading ---------------------------------------------------------- */

struct reading {
	size_t	at, len;	/* of what was put in */
	size_t	stop;		/* and where nobody wants more */
};

static bool
compare(const uint8_t *data, size_t len, void *arg)
{
	struct reading *r = arg;

	CLAIM(len > 0 && len <= r->len - r->at);
	CLAIM(memcmp(data, plain + r->at, len) == 0);
	r->at += len;
	return r->at <= r->stop;
}

/* As little work as the header deserves. */
static void
worked(unsigned times)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	CLAIM(times <= 1);
	if (times == 0)
		return;
	CLAIM(seen.len >= ARCHIVE_HEADER);
	CLAIM(memcmp(seen.data, ARCHIVE_MAGIC, strlen(ARCHIVE_MAGIC)) == 0);
	CLAIM(EVP_Digest(seen.data, AT_SUM, sum, &len, EVP_sha256(),
	    NULL) == 1);
	CLAIM(memcmp(seen.data + AT_SUM, sum, ARCHIVE_SUM) == 0);
}

static void
read_file(struct reading *r, const struct secret *passphrase, size_t piece,
    bool same)
{
	static struct archive a;
	enum archive_code code = ARCHIVE_OK;
	unsigned before = derived;
	size_t at, n;

	archive_open(&a, passphrase);
	for (at = 0; at < seen.len && code == ARCHIVE_OK; at += n) {
		n = piece < seen.len - at ? piece : seen.len - at;
		code = archive_feed(&a, seen.data + at, n, compare, r);
	}
	worked(derived - before);
	CLAIM(archive_text(code) != NULL && code != ARCHIVE_MEMORY);
	CLAIM((code == ARCHIVE_STOPPED) == (r->at > r->stop));
	if (archive_end(&a) == ARCHIVE_OK)
		CLAIM(same && code == ARCHIVE_OK && r->at == r->len);
	else
		CLAIM(!same || code == ARCHIVE_STOPPED);
	if (code == ARCHIVE_OK)
		return;
	/* For good: also what would have been right from here on. */
	at = r->at;
	CLAIM(archive_feed(&a, made.data, made.len, compare, r) == code);
	CLAIM(r->at == at && archive_end(&a) == ARCHIVE_CUT);
	CLAIM(derived - before <= 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct secret passphrase = { 0 }, other = { 0 };
	uint8_t how = input_byte(&in), text[SECRET_MAX];
	struct reading r = { .stop = SIZE_MAX };
	size_t piece = 1 + input_byte(&in) * 17u;

	secret_set(&passphrase, text, input_bytes(&in, text, sizeof(text)));
	other = passphrase;
	r.len = make_file(&in, &passphrase);
	seen = made;
	damage(&in);
	if (how & 1)
		secret_set(&other, text, input_bytes(&in, text,
		    sizeof(text)));
	if (how & 2)
		r.stop = input_number(&in, 2);
	read_file(&r, &other, piece, seen.len == made.len &&
	    memcmp(seen.data, made.data, made.len) == 0 &&
	    other.len == passphrase.len &&
	    memcmp(other.data, passphrase.data, other.len) == 0);
	return 0;
}
