/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Columns of a row.  Each is held against the type and length the schema
 * asks for: whoever wrote past the checks gets a refusal, never an account
 * with less than it had.
 */
#include <string.h>

#include "daemon/store_sqlite_row.h"

int64_t
row_int(struct row *r, int64_t low, int64_t high)
{
	int i = r->next++;
	int64_t v;

	if (sqlite3_column_type(r->st, i) != SQLITE_INTEGER) {
		r->ok = false;
		return low;
	}
	v = sqlite3_column_int64(r->st, i);
	if (v < low || v > high) {
		r->ok = false;
		return low;
	}
	return v;
}

size_t
row_bytes(struct row *r, int type, size_t least, size_t room, void *buf)
{
	int i = r->next++;
	const void *data;
	size_t len;

	if (sqlite3_column_type(r->st, i) != type) {
		r->ok = false;
		return 0;
	}
	data = sqlite3_column_blob(r->st, i);
	len = (size_t)sqlite3_column_bytes(r->st, i);
	if (len < least || len > room || (len > 0 && data == NULL)) {
		r->ok = false;
		return 0;
	}
	if (len > 0)
		memcpy(buf, data, len);
	return len;
}

void
row_string(struct row *r, int type, size_t least, size_t room, char *buf)
{
	size_t len = row_bytes(r, type, least, room, buf);

	buf[len] = '\0';
	if (memchr(buf, '\0', len) != NULL)
		r->ok = false;
}

void
row_limiters(struct row *r, struct limiter limiters[LIMITERS])
{
	uint8_t packed[LITE_LIMITERS];
	const uint8_t *in = packed;
	struct limiter *l;

	if (row_bytes(r, SQLITE_BLOB, sizeof(packed), sizeof(packed),
	    packed) == 0)
		return;
	for (l = limiters; l < limiters + LIMITERS; l++) {
		in = lite_get(in, &l->consecutive);
		in = lite_get(in, &l->total);
		in = lite_get(in, &l->total_since);
		in = lite_get(in, &l->wait_start);
		in = lite_get(in, &l->wait_length);
		if (l->consecutive < 0 || l->total < 0 ||
		    l->total_since < 0 || l->wait_start < 0 ||
		    l->wait_length < 0 || l->wait_length > LIMIT_WAIT_MAX)
			r->ok = false;
	}
}

enum store_code
row_each(struct lite_call *c, row_read *read, void *out, size_t size,
    size_t max, size_t *n, struct failure *f)
{
	struct row r = { .ok = true };
	enum store_code code;

	*n = 0;
	while (r.ok && *n < max && lite_row(c)) {
		r.st = c->statement;
		r.next = 0;
		read(&r, (uint8_t *)out + (*n)++ * size);
	}
	code = lite_done(c, f);
	return code == STORE_OK && !r.ok ? row_damaged(c->store, f) : code;
}

enum store_code
row_damaged(struct store *s, struct failure *f)
{
	return lite_refuse(s, "an account's row is damaged, or newer than "
	    "this program", f);
}
