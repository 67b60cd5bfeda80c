/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows into an account.  What a column cannot be is a refusal, see
 * store_sqlite_row.h.
 */
#include <string.h>

#include "daemon/store_sqlite_row.h"

void
lite_row_account(struct row *r, struct account *a)
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

/*
 * Steps that a restore declared spent, of every authenticator it brought:
 * some code of them may have been used after the backup was made.
 */
static void
lift(struct row *r, struct credential *c)
{
	int64_t at = row_int(r, 0, INT64_MAX);
	int64_t window = row_int(r, 0, LITE_FLOOR_WINDOW);
	int64_t floor = at / c->period + window;

	if (at > 0 && c->created_at <= at && c->last_step < floor)
		c->last_step = floor;
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
	if (!lite_sealed(r->st, r->next, &c->sealed))
		r->ok = false;
	r->next += 3;
	lift(r, c);
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
	return code == STORE_OK && !r.ok ? row_damaged(s, f) : code;
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
	return code == STORE_OK && !r.ok ? row_damaged(s, f) : code;
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
		lite_row_account(&r, a);
		if (strcmp(a->name, name) != 0 || a->uid != uid)
			other = true;
		a->match = other ? ACCOUNT_CHANGED : ACCOUNT_FOUND;
	}
	code = lite_done(&c, f);
	return code == STORE_OK && !r.ok ? row_damaged(s, f) : code;
}

enum store_code
lite_load_factors(struct store *s, struct account *a, struct failure *f)
{
	enum store_code code = load_credentials(s, a, f);

	return code == STORE_OK ? load_recovery(s, a, f) : code;
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
		code = lite_load_factors(s, a, f);
	if (code == STORE_OK && a->match == ACCOUNT_FOUND)
		code = lite_load_passes(s, a, f);
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
	return code == STORE_OK && !r.ok ? row_damaged(s, f) : code;
}
