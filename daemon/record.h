/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands in a backup: records, each a type and its bytes behind their
 * length (u16, big-endian).  stepup-backup(5) has them, too.
 *
 *	head	type 1, the first: what was backed up, where and when
 *	account	type 2, one for each
 *	end	type 3, the last: how many accounts there were
 *
 * Types from 128 on may be skipped by who does not know them.  Every length
 * and number is held against its limits before it is used.
 */
#ifndef STEPUP_DAEMON_RECORD_H
#define STEPUP_DAEMON_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/account.h"

#define RECORD_HEADER	3	/* length and type */
#define RECORD_MAX	4096	/* bytes of the longest, header and all */
#define RECORD_HOST_MAX	64
/* Wrong codes counted: far from where one more would wrap. */
#define RECORD_COUNT_MAX UINT32_MAX

struct record_head {
	int64_t	 made_at;
	char	 host[RECORD_HOST_MAX + 1];	/* printable */
};

/*
 * An account's secrets: as `secret` has them, or as they lie in the store.
 * What is open is never written anywhere but into a backup's chunk.
 */
enum record_form { RECORD_OPEN, RECORD_SEALED };

/* How many bytes; 0: this account cannot be written. */
size_t record_put_head(const struct record_head *, uint8_t buf[RECORD_MAX]);
size_t record_put_account(const struct account *, enum record_form,
    uint8_t buf[RECORD_MAX]);
size_t record_put_end(uint64_t accounts, uint8_t buf[RECORD_MAX]);

/*
 * The body of one record.  False: it is not one that could have been
 * written; *out is wiped.  RECORD_OPEN fills `secret` and `opened`.
 */
bool record_get_head(const uint8_t *, size_t, struct record_head *out);
bool record_get_account(const uint8_t *, size_t, enum record_form,
    struct account *out);
bool record_get_end(const uint8_t *, size_t, uint64_t *accounts);

enum record_type { RECORD_HEAD = 1, RECORD_ACCOUNT, RECORD_END };
#define RECORD_IGNORABLE 0x80

/* Puts records together from bytes that come in pieces; may hold secrets. */
struct record_reader {
	size_t	len;
	uint8_t	data[RECORD_MAX];
};

/* One whole record: its type, and the body. */
typedef bool record_visit(uint8_t type, const uint8_t *, size_t, void *arg);

/* False: a record too long, or the visit said no. */
bool record_feed(struct record_reader *, const uint8_t *, size_t,
    record_visit *, void *arg);
/* Nothing is left over. */
bool record_done(const struct record_reader *);

#endif
