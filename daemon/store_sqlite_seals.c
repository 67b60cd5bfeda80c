/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is sealed and with which key: the proof of the store itself, and
 * every credential.  The driver opens nothing; it hands out what lies there
 * and puts another in its place.
 */
#include <string.h>

#include "daemon/store_sqlite_row.h"

bool
lite_sealed(sqlite3_stmt *st, int column, struct sealed *out)
{
	struct row r = { .st = st, .next = column, .ok = true };

	memset(out, 0, sizeof(*out));
	row_string(&r, SQLITE_TEXT, KEY_ID_LENGTH, KEY_ID_LENGTH,
	    out->key_id);
	row_bytes(&r, SQLITE_BLOB, SEAL_NONCE, SEAL_NONCE, out->nonce);
	out->len = row_bytes(&r, SQLITE_BLOB, SEAL_TAG + 1, SEAL_MAX,
	    out->data);
	if (!r.ok)
		memset(out, 0, sizeof(*out));
	return r.ok;
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

static void
bind_sealed(struct lite_call *c, const struct sealed *sealed)
{
	lite_text(c, sealed->key_id);
	lite_blob(c, sealed->nonce, SEAL_NONCE);
	lite_blob(c, sealed->data, sealed->len);
}

enum store_code
lite_save_proof(struct store *s, const struct sealed *proof,
    const struct store_event *e, struct failure *f)
{
	static const struct account nobody;
	enum store_code code;
	struct lite_call c;
	int changed;

	if ((code = lite_within(s, LITE_WRITING, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_SAVE_PROOF);
	bind_sealed(&c, proof);
	code = lite_write(&c, &changed, f);
	if (code == STORE_OK && changed != 1)
		return lite_break(s, "its birth was not finished", f);
	return code == STORE_OK ?
	    lite_write_event(s, &nobody, CHANGE_KEY, e, f) : code;
}

/* A row nobody can read is not passed over: it keeps its place in the list. */
static void
read_seal(sqlite3_stmt *st, struct store_seal *out)
{
	struct row r = { .st = st, .ok = true };

	memset(out, 0, sizeof(*out));
	out->credential_id = row_int(&r, 1, INT64_MAX);
	out->account_id = row_int(&r, 1, INT64_MAX);
	row_string(&r, SQLITE_BLOB, 1, ACCOUNT_NAME_MAX, out->name);
	if (!lite_sealed(st, r.next, &out->sealed) || !r.ok)
		out->sealed.len = 0;
}

enum store_code
lite_seals(struct store *s, int64_t after, struct store_seal *out, size_t *n,
    struct failure *f)
{
	enum store_code code;
	struct lite_call c;

	*n = 0;
	if ((code = lite_begin(s, STORE_READ, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_SEALS);
	lite_int(&c, after);
	lite_int(&c, STORE_SEALS);
	while (*n < STORE_SEALS && lite_row(&c))
		read_seal(c.statement, &out[(*n)++]);
	code = lite_done(&c, f);
	lite_rollback(s);
	if (code != STORE_OK)
		*n = 0;
	return code;
}

enum store_code
lite_reseal(struct store *s, const struct store_seal *row,
    const struct sealed *sealed, bool *changed, struct failure *f)
{
	enum store_code code;
	struct lite_call c;
	int rows;

	*changed = false;
	if ((code = lite_within(s, LITE_WRITING, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_RESEAL);
	bind_sealed(&c, sealed);
	lite_int(&c, row->credential_id);
	lite_int(&c, row->account_id);
	bind_sealed(&c, &row->sealed);
	code = lite_write(&c, &rows, f);
	*changed = code == STORE_OK && rows == 1;
	return code;
}
