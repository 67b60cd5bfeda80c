/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is sealed and with which key: the proof of the store itself.  The
 * driver opens nothing; it hands out what lies there.
 */
#include <string.h>

#include "daemon/store_sqlite.h"

/* Bytes of a column; 0 where it is another type or another length. */
static size_t
column_bytes(sqlite3_stmt *st, int i, int type, size_t least, size_t room,
    void *buf)
{
	const void *data;
	size_t len;

	if (sqlite3_column_type(st, i) != type)
		return 0;
	data = sqlite3_column_blob(st, i);
	len = (size_t)sqlite3_column_bytes(st, i);
	if (data == NULL || len < least || len > room)
		return 0;
	memcpy(buf, data, len);
	return len;
}

bool
lite_sealed(sqlite3_stmt *st, int column, struct sealed *out)
{
	memset(out, 0, sizeof(*out));
	if (column_bytes(st, column, SQLITE_TEXT, KEY_ID_LENGTH,
	    KEY_ID_LENGTH, out->key_id) == 0 ||
	    strlen(out->key_id) != KEY_ID_LENGTH ||
	    column_bytes(st, column + 1, SQLITE_BLOB, SEAL_NONCE, SEAL_NONCE,
	    out->nonce) == 0)
		return false;
	out->len = column_bytes(st, column + 2, SQLITE_BLOB, SEAL_TAG + 1,
	    SEAL_MAX, out->data);
	return out->len > 0;
}

enum store_code
lite_load_proof(struct store *s, struct sealed *proof, struct failure *f)
{
	enum store_code code;
	struct lite_call c;
	bool sound = false;

	memset(proof, 0, sizeof(*proof));
	if ((code = lite_within(s, LITE_READING, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_LOAD_PROOF);
	if (lite_row(&c))
		sound = lite_sealed(c.statement, 0, proof);
	code = lite_done(&c, f);
	if (code == STORE_OK && !sound) {
		memset(proof, 0, sizeof(*proof));
		code = lite_break(s, "its birth was not finished", f);
	}
	return code;
}
