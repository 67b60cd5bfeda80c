/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to daemon/store_sqlite*.c: the columns of one row, in order.
 * Whatever is not of that type, length or range clears `ok`, which stays
 * false; the value is then the least one, or empty.
 */
#ifndef STEPUP_DAEMON_STORE_SQLITE_ROW_H
#define STEPUP_DAEMON_STORE_SQLITE_ROW_H

#include "daemon/store_sqlite.h"

struct row {
	sqlite3_stmt	*st;
	int		 next;
	bool		 ok;
};

int64_t row_int(struct row *, int64_t low, int64_t high);
/*
 * `room` bytes at most, `least` at least, of SQLITE_TEXT or SQLITE_BLOB;
 * returns how many.
 */
size_t row_bytes(struct row *, int type, size_t least, size_t room,
    void *buf);
/* The same with a NUL behind (buf holds room + 1) and none inside. */
void row_string(struct row *, int type, size_t least, size_t room,
    char *buf);
void row_limiters(struct row *, struct limiter limiters[LIMITERS]);

/*
 * Steps a call to its end, or to `max` rows: each through `read` into the
 * next place of `out`, which are `size` bytes apart; *n of them.  A row that
 * is not sound is STORE_REFUSED.
 */
typedef void row_read(struct row *, void *out);
enum store_code row_each(struct lite_call *, row_read *, void *out,
    size_t size, size_t max, size_t *n, struct failure *);

/* STORE_REFUSED, and why. */
enum store_code row_damaged(struct store *, struct failure *);

#endif
