/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows into an account.  Every column is held against the type and length
 * the schema asks for: whoever wrote past the checks gets a refusal, never
 * an account with less than it had.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/store_sqlite.h"

/* Columns of one row, read in order. */
struct row {
	sqlite3_stmt	*st;
	int		 next;
	bool		 ok;
};

static int64_t
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

/* `room` bytes at most, `least` at least; returns how many. */
static size_t
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

/* The same with a NUL behind (buf holds room + 1) and none inside. */
static void
row_string(struct row *r, int type, size_t least, size_t room, char *buf)
{
	size_t len = row_bytes(r, type, least, room, buf);

	buf[len] = '\0';
	if (memchr(buf, '\0', len) != NULL)
		r->ok = false;
}

static void
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

static void
row_account(struct row *r, struct account *a)
{
	a->id = row_int(r, 1, INT64_MAX);
	row_string(r, SQLITE_BLOB, 1, ACCOUNT_NAME_MAX, a->name);
	a->uid = (uid_t)row_int(r, 0, UINT32_MAX - 1);
	a->created_at = row_int(r, 0, INT64_MAX);
	a->enrolled_at = row_int(r, 0, INT64_MAX);
	a->locked = row_int(r, 0, 1) != 0;
	row_string(r, SQLITE_BLOB, 0, ACCOUNT_REASON_MAX, a->lock_reason);
	row_limiters(r, a->limiters);
}

static void
row_credential(struct row *r, struct credential *c)
{
	c->id = row_int(r, 1, INT64_MAX);
	/* A kind of a newer minor cannot be checked here: refused. */
	c->kind = (enum credential_kind)row_int(r, CREDENTIAL_TOTP,
	    CREDENTIAL_TOTP);
	row_string(r, SQLITE_BLOB, 0, ACCOUNT_LABEL_MAX, c->label);
	c->algorithm = (enum otp_algorithm)row_int(r, OTP_SHA1, OTP_SHA512);
	c->digits = (unsigned)row_int(r, 6, OTP_DIGITS_MAX);
	c->period = (unsigned)row_int(r, 15, 120);
	c->created_at = row_int(r, 0, INT64_MAX);
	c->used_at = row_int(r, 0, INT64_MAX);
	c->last_step = row_int(r, 0, INT64_MAX);
	row_string(r, SQLITE_TEXT, KEY_ID_LENGTH, KEY_ID_LENGTH,
	    c->sealed.key_id);
	row_bytes(r, SQLITE_BLOB, SEAL_NONCE, SEAL_NONCE, c->sealed.nonce);
	c->sealed.len = row_bytes(r, SQLITE_BLOB, SEAL_TAG + 1, SEAL_MAX,
	    c->sealed.data);
}

static void
row_recovery(struct row *r, struct recovery_set *set)
{
	uint8_t hashes[ACCOUNT_CODES_MAX * RECOVERY_HASH];
	uint8_t spent[ACCOUNT_CODES_MAX * 8];
	size_t i, n;

	set->rounds = (unsigned)row_int(r, 1, 10000000);
	set->created_at = row_int(r, 1, INT64_MAX);
	n = (size_t)row_int(r, 1, ACCOUNT_CODES_MAX);
	row_bytes(r, SQLITE_BLOB, RECOVERY_SALT, RECOVERY_SALT, set->salt);
	row_bytes(r, SQLITE_BLOB, n * RECOVERY_HASH, n * RECOVERY_HASH,
	    hashes);
	row_bytes(r, SQLITE_BLOB, n * 8, n * 8, spent);
	if (!r->ok)
		return;
	set->count = n;
	for (i = 0; i < n; i++) {
		memcpy(set->codes[i].hash, hashes + i * RECOVERY_HASH,
		    RECOVERY_HASH);
		lite_get(spent + i * 8, &set->codes[i].spent_at);
		if (set->codes[i].spent_at < 0)
			r->ok = false;
	}
}

static enum store_code
damaged(struct store *s, struct failure *f)
{
	return lite_refuse(s, "an account's row is damaged, or newer than "
	    "this program", f);
}

static enum store_code
load_credentials(struct store *s, struct account *a, struct failure *f)
{
	enum store_code code;
	struct lite_call c;
	struct row r = { .ok = true };

	lite_call(&c, s, LITE_LOAD_CREDENTIALS);
	lite_int(&c, a->id);
	while (r.ok && lite_row(&c)) {
		r.st = c.statement;
		r.next = 0;
		if (a->credential_count == ACCOUNT_CREDENTIALS_MAX)
			r.ok = false;
		else
			row_credential(&r,
			    &a->credentials[a->credential_count++]);
	}
	code = lite_done(&c, f);
	return code == STORE_OK && !r.ok ? damaged(s, f) : code;
}

static enum store_code
load_recovery(struct store *s, struct account *a, struct failure *f)
{
	enum store_code code;
	struct lite_call c;
	struct row r = { .ok = true };

	lite_call(&c, s, LITE_LOAD_RECOVERY);
	lite_int(&c, a->id);
	if (lite_row(&c)) {
		r.st = c.statement;
		row_recovery(&r, &a->recovery);
	}
	code = lite_done(&c, f);
	return code == STORE_OK && !r.ok ? damaged(s, f) : code;
}

/* Rows with this name or this uid: none, the one, or something else. */
static enum store_code
load_row(struct store *s, const char *name, uid_t uid, struct account *a,
    struct failure *f)
{
	enum store_code code;
	struct lite_call c;
	struct row r = { .ok = true };
	bool other = false;

	lite_call(&c, s, LITE_LOAD_ACCOUNT);
	lite_blob(&c, name, strlen(name));
	lite_int(&c, uid);
	while (r.ok && lite_row(&c)) {
		explicit_bzero(a, sizeof(*a));
		r.st = c.statement;
		r.next = 0;
		row_account(&r, a);
		if (strcmp(a->name, name) != 0 || a->uid != uid)
			other = true;
		a->match = other ? ACCOUNT_CHANGED : ACCOUNT_FOUND;
	}
	code = lite_done(&c, f);
	return code == STORE_OK && !r.ok ? damaged(s, f) : code;
}

enum store_code
lite_load(struct store *s, const char *name, uid_t uid, struct account *a,
    struct failure *f)
{
	enum account_match match;
	enum store_code code;
	size_t len = strlen(name);

	explicit_bzero(a, sizeof(*a));
	if ((code = lite_within(s, LITE_READING, f)) != STORE_OK)
		return code;
	if (len == 0 || len > ACCOUNT_NAME_MAX)
		return lite_refuse(s, "account name out of bounds", f);
	code = load_row(s, name, uid, a, f);
	if (code == STORE_OK && a->match == ACCOUNT_FOUND)
		code = load_credentials(s, a, f);
	if (code == STORE_OK && a->match == ACCOUNT_FOUND)
		code = load_recovery(s, a, f);
	if (code == STORE_OK && a->match == ACCOUNT_FOUND)
		return STORE_OK;
	/* Who was asked about, and nothing of whatever was found. */
	match = code == STORE_OK ? a->match : ACCOUNT_NONE;
	explicit_bzero(a, sizeof(*a));
	a->match = match;
	if (code == STORE_OK) {
		memcpy(a->name, name, len);
		a->uid = uid;
	}
	return code;
}

enum store_code
lite_load_password(struct store *s, uid_t uid, struct limiter *l,
    struct failure *f)
{
	enum store_code code;
	struct lite_call c;
	struct row r = { .ok = true };

	memset(l, 0, sizeof(*l));
	if ((code = lite_within(s, LITE_READING, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_LOAD_PASSWORD);
	lite_int(&c, uid);
	if (lite_row(&c)) {
		r.st = c.statement;
		l->consecutive = row_int(&r, 0, INT64_MAX);
		l->wait_start = row_int(&r, 0, INT64_MAX);
	}
	code = lite_done(&c, f);
	return code == STORE_OK && !r.ok ? damaged(s, f) : code;
}

/* Names and uids of one batch, then each account, in one transaction. */
static enum store_code
list_batch(struct store *s, const char *after, struct account *batch,
    size_t *n, struct failure *f)
{
	enum store_code code;
	struct lite_call c;
	struct row r = { .ok = true };
	size_t i;

	*n = 0;
	if ((code = lite_begin(s, STORE_READ, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_LIST);
	lite_blob(&c, after, strlen(after));
	lite_int(&c, LITE_LIST_BATCH);
	while (r.ok && *n < LITE_LIST_BATCH && lite_row(&c)) {
		r.st = c.statement;
		r.next = 0;
		row_string(&r, SQLITE_BLOB, 1, ACCOUNT_NAME_MAX,
		    batch[*n].name);
		batch[*n].uid = (uid_t)row_int(&r, 0, UINT32_MAX - 1);
		(*n)++;
	}
	code = lite_done(&c, f);
	if (code == STORE_OK && !r.ok)
		code = damaged(s, f);
	for (i = 0; code == STORE_OK && i < *n; i++) {
		char name[ACCOUNT_NAME_MAX + 1];

		memcpy(name, batch[i].name, sizeof(name));
		code = lite_load(s, name, batch[i].uid, &batch[i], f);
	}
	lite_rollback(s);
	return code;
}

enum store_code
lite_list(struct store *s, store_visit visit, void *arg, struct failure *f)
{
	struct account *batch = calloc(LITE_LIST_BATCH, sizeof(*batch));
	char after[ACCOUNT_NAME_MAX + 1] = "";
	enum store_code code = STORE_OK;
	bool more = true;
	size_t i, n;

	if (batch == NULL)
		return STORE_MEMORY;
	while (more && code == STORE_OK) {
		code = list_batch(s, after, batch, &n, f);
		more = n == LITE_LIST_BATCH;
		if (code != STORE_OK || n == 0)
			break;
		memcpy(after, batch[n - 1].name, sizeof(after));
		for (i = 0; i < n; i++)
			if (!visit(&batch[i], arg)) {
				more = false;
				break;
			}
	}
	explicit_bzero(batch, LITE_LIST_BATCH * sizeof(*batch));
	free(batch);
	return code;
}

/* When the last code was spent, and how many are not. */
static void
row_spent(struct row *r, struct store_line *l)
{
	uint8_t spent[ACCOUNT_CODES_MAX * 8];
	int64_t at;
	size_t i;

	l->codes_all = (size_t)row_int(r, 0, ACCOUNT_CODES_MAX);
	if (row_bytes(r, SQLITE_BLOB, l->codes_all * 8, l->codes_all * 8,
	    spent) != l->codes_all * 8)
		return;
	for (i = 0; i < l->codes_all; i++) {
		lite_get(spent + i * 8, &at);
		if (at < 0)
			r->ok = false;
		l->codes_left += at == 0;
		if (at > l->used_at)
			l->used_at = at;
	}
}

static void
row_line(struct row *r, struct store_line *l)
{
	size_t sealed;

	memset(l, 0, sizeof(*l));
	row_string(r, SQLITE_BLOB, 1, ACCOUNT_NAME_MAX, l->name);
	l->uid = (uid_t)row_int(r, 0, UINT32_MAX - 1);
	l->enrolled_at = row_int(r, 0, INT64_MAX);
	l->locked = row_int(r, 0, 1) != 0;
	row_limiters(r, l->limiters);
	l->credential_count = (size_t)row_int(r, 0, ACCOUNT_CREDENTIALS_MAX);
	l->used_at = row_int(r, 0, INT64_MAX);
	sealed = (size_t)row_int(r, 0, SEAL_MAX);
	l->secret_least = sealed > SEAL_TAG ? sealed - SEAL_TAG : 0;
	row_spent(r, l);
}

static enum store_code
lines_batch(struct store *s, const char *after, struct store_line *batch,
    size_t *n, struct failure *f)
{
	enum store_code code;
	struct lite_call c;
	struct row r = { .ok = true };

	*n = 0;
	if ((code = lite_begin(s, STORE_READ, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_LINES);
	lite_blob(&c, after, strlen(after));
	lite_int(&c, LITE_LINES_BATCH);
	while (r.ok && *n < LITE_LINES_BATCH && lite_row(&c)) {
		r.st = c.statement;
		r.next = 0;
		row_line(&r, &batch[(*n)++]);
	}
	code = lite_done(&c, f);
	if (code == STORE_OK && !r.ok)
		code = damaged(s, f);
	lite_rollback(s);
	return code;
}

enum store_code
lite_lines(struct store *s, store_line_visit visit, void *arg,
    struct failure *f)
{
	struct store_line *batch = calloc(LITE_LINES_BATCH, sizeof(*batch));
	char after[ACCOUNT_NAME_MAX + 1] = "";
	enum store_code code = STORE_OK;
	size_t i, n = LITE_LINES_BATCH;

	if (batch == NULL)
		return STORE_MEMORY;
	while (n == LITE_LINES_BATCH && code == STORE_OK) {
		code = lines_batch(s, after, batch, &n, f);
		if (code != STORE_OK || n == 0)
			break;
		memcpy(after, batch[n - 1].name, sizeof(after));
		for (i = 0; i < n && visit(&batch[i], arg); i++)
			;
		if (i < n)
			break;
	}
	free(batch);
	return code;
}

static void
row_record(struct row *r, struct store_record *e)
{
	int64_t uid, by;

	e->id = row_int(r, 0, INT64_MAX);
	e->at = row_int(r, -1, INT64_MAX);
	uid = row_int(r, -1, UINT32_MAX);
	e->uid_known = uid >= 0;
	e->uid = (uid_t)uid;
	row_string(r, SQLITE_BLOB, 0, ACCOUNT_NAME_MAX, e->name);
	e->outcome = (unsigned)row_int(r, 0, UINT8_MAX);
	e->kind = (unsigned)row_int(r, 0, UINT8_MAX);
	e->change = (unsigned)row_int(r, 0, UINT8_MAX);
	row_string(r, SQLITE_TEXT, 0, 255, e->service);
	row_string(r, SQLITE_TEXT, 0, 255, e->rhost);
	row_string(r, SQLITE_TEXT, 0, 255, e->tty);
	by = row_int(r, -1, UINT32_MAX);
	e->by_known = by >= 0;
	e->by = (uid_t)by;
	row_string(r, SQLITE_BLOB, 0, ACCOUNT_REASON_MAX, e->note);
}

enum store_code
lite_records(struct store *s, enum store_ring ring, int64_t after,
    struct store_record *out, size_t *n, struct failure *f)
{
	enum store_code code;
	struct lite_call c;
	struct row r = { .ok = true };

	*n = 0;
	if ((code = lite_begin(s, STORE_READ, f)) != STORE_OK)
		return code;
	lite_call(&c, s, ring == RING_PUBLIC ? LITE_RECORDS_PUBLIC :
	    LITE_RECORDS_LOGIN);
	lite_int(&c, after);
	lite_int(&c, STORE_RECORDS);
	while (r.ok && *n < STORE_RECORDS && lite_row(&c)) {
		r.st = c.statement;
		r.next = 0;
		out[*n].ring = ring;
		row_record(&r, &out[(*n)++]);
	}
	code = lite_done(&c, f);
	if (code == STORE_OK && !r.ok)
		code = damaged(s, f);
	lite_rollback(s);
	return code;
}
