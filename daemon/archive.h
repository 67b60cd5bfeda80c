/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of a backup: sealed with a passphrase, written and read from its
 * beginning to its end, in pieces of any size.  stepup-backup(5) has the
 * format; the numbers here are its numbers.
 *
 * What each part stops:
 * - scrypt (RFC 7914): guessing passphrases; its costs stand in the header
 *   and are held against limits before any of them is paid.
 * - a checksum over the header, which needs no passphrase: damage there is
 *   not taken for a wrong passphrase.
 * - an HMAC over the header by a second derived key: a wrong passphrase is
 *   known before anything else is read.
 * - AES-256-GCM a chunk, the nonce being the chunk's number and whether it
 *   is the last (the STREAM construction, Hoang et al., CRYPTO 2015): no
 *   chunk can be changed, left out, repeated, moved or cut off.
 *
 * A struct archive holds keys and clear text: it lives in locked memory.
 */
#ifndef STEPUP_DAEMON_ARCHIVE_H
#define STEPUP_DAEMON_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"

#define ARCHIVE_MAGIC	"stepupBK"
#define ARCHIVE_VERSION	1
#define ARCHIVE_SALT	32
#define ARCHIVE_SUM	16
#define ARCHIVE_MAC	32
#define ARCHIVE_HEADER	96
#define ARCHIVE_KEY	32
#define ARCHIVE_TAG	16
#define ARCHIVE_CHUNK	3840	/* of clear text; a frame fits a packet */
#define ARCHIVE_FRAME	(2 + ARCHIVE_CHUNK + ARCHIVE_TAG)

/*
 * A guess costs 64 MB, twice gone through: what OWASP lists beside
 * N = 2^17, p = 1, for half the memory.
 */
#define ARCHIVE_LOG_N	16
#define ARCHIVE_R	8
#define ARCHIVE_P	2
/* What a reader pays at most: 256 MB, eight times the time of ours. */
#define ARCHIVE_LOG_N_MIN 10
#define ARCHIVE_LOG_N_MAX 21
#define ARCHIVE_NR_MAX	(UINT64_C(1) << 21)	/* N * r: 128 bytes each */
#define ARCHIVE_NRP_MAX	(UINT64_C(1) << 23)

/*
 * Of a new file.  Who has the file may guess at leisure: 12 random letters
 * are 2^56 guesses of a third of a second.  The longest is what a terminal's
 * line and a packet's answer take.
 */
#define ARCHIVE_PASSPHRASE_MIN 12
#define ARCHIVE_PASSPHRASE_MAX SECRET_MAX

enum archive_code {
	ARCHIVE_OK = 0,
	ARCHIVE_FOREIGN,	/* not the file of a backup */
	ARCHIVE_NEWER,		/* of a version this program does not know */
	ARCHIVE_COSTS,		/* costs of the KDF out of bounds */
	ARCHIVE_DAMAGED,
	ARCHIVE_CUT,		/* ends before its end */
	ARCHIVE_PASSPHRASE,	/* the wrong one */
	ARCHIVE_MEMORY,		/* or no randomness */
	ARCHIVE_STOPPED		/* whoever took the bytes did not want more */
};

/* What happened, for a failure's reason: "it is damaged". */
const char *archive_text(enum archive_code);

struct archive_costs {
	uint8_t	log_n, r, p;
};

struct archive {
	struct secret	 passphrase;	/* until the header was read */
	uint8_t		 key[ARCHIVE_KEY];
	uint8_t		 header[ARCHIVE_HEADER];
	size_t		 header_len;	/* ARCHIVE_HEADER: read, or written */
	uint64_t	 number;	/* of the next chunk */
	bool		 last;		/* the last chunk is through */
	enum archive_code refused;	/* reading ended there, for good */
	size_t		 plain_len, frame_len;
	uint8_t		 plain[ARCHIVE_CHUNK];
	uint8_t		 frame[ARCHIVE_FRAME];
};

/* Bytes that came out: of the file when writing, clear when reading. */
typedef bool archive_take(const uint8_t *, size_t len, void *arg);

/*
 * Writing: the header comes out at once.  Everything is taken in pieces of
 * at most ARCHIVE_FRAME bytes.
 */
enum archive_code archive_create(struct archive *, const struct secret *,
    const struct archive_costs *, archive_take *, void *arg);
enum archive_code archive_write(struct archive *, const void *, size_t,
    archive_take *, void *arg);
enum archive_code archive_finish(struct archive *, archive_take *, void *arg);

/*
 * Reading: the file in pieces of any size, one after the other; clear text
 * comes out chunk by chunk, each only after it was found sound.  After
 * anything but ARCHIVE_OK nothing more comes: every further call says the
 * same.  Nothing that came out counts before archive_end has said
 * ARCHIVE_OK.
 */
void archive_open(struct archive *, const struct secret *);
enum archive_code archive_feed(struct archive *, const void *, size_t,
    archive_take *, void *arg);
enum archive_code archive_end(const struct archive *);

#endif
