/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is read in order and in batches: accounts whole, accounts in short,
 * events, tallies.  No transaction outlives a batch.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/store_sqlite_row.h"

/* Name and uid alone. */
static void
row_who(struct row *r, void *out)
{
	struct account *a = out;

	row_string(r, SQLITE_BLOB, 1, ACCOUNT_NAME_MAX, a->name);
	a->uid = (uid_t)row_int(r, 0, UINT32_MAX - 1);
}

/* Names and uids of one batch, then each account, in one transaction. */
static enum store_code
list_batch(struct store *s, const char *after, struct account *batch,
    size_t *n, struct failure *f)
{
	enum store_code code;
	struct lite_call c;
	size_t i;

	*n = 0;
	if ((code = lite_begin(s, STORE_READ, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_LIST);
	lite_blob(&c, after, strlen(after));
	lite_int(&c, LITE_LIST_BATCH);
	code = row_each(&c, row_who, batch, sizeof(*batch), LITE_LIST_BATCH,
	    n, f);
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
	size_t i, void_codes = 0;
	int64_t at;

	l->codes_all = (size_t)row_int(r, 0, ACCOUNT_CODES_MAX);
	if (row_bytes(r, SQLITE_BLOB, l->codes_all * 8, l->codes_all * 8,
	    spent) != l->codes_all * 8)
		return;
	for (i = 0; i < l->codes_all; i++) {
		lite_get(spent + i * 8, &at);
		if (at < 0)
			r->ok = false;
		l->codes_left += at == 0;
		void_codes += at == ACCOUNT_CODE_VOID;
		if (at != ACCOUNT_CODE_VOID && at > l->used_at)
			l->used_at = at;
	}
	l->codes_all -= void_codes;
}

static void
row_line(struct row *r, void *out)
{
	struct store_line *l = out;
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
	l->pass_until[PASS_LOGIN] = row_int(r, 0, INT64_MAX);
	l->pass_until[PASS_ENROLL] = row_int(r, 0, INT64_MAX);
}

static enum store_code
lines_batch(struct store *s, const char *after, struct store_line *batch,
    size_t *n, struct failure *f)
{
	enum store_code code;
	struct lite_call c;

	*n = 0;
	if ((code = lite_begin(s, STORE_READ, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_LINES);
	lite_blob(&c, after, strlen(after));
	lite_int(&c, LITE_LINES_BATCH);
	code = row_each(&c, row_line, batch, sizeof(*batch),
	    LITE_LINES_BATCH, n, f);
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
row_record(struct row *r, void *out)
{
	struct store_record *e = out;
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
	size_t i;

	*n = 0;
	if ((code = lite_begin(s, STORE_READ, f)) != STORE_OK)
		return code;
	lite_call(&c, s, ring == RING_PUBLIC ? LITE_RECORDS_PUBLIC :
	    LITE_RECORDS_LOGIN);
	lite_int(&c, after);
	lite_int(&c, STORE_RECORDS);
	code = row_each(&c, row_record, out, sizeof(*out), STORE_RECORDS, n, f);
	for (i = 0; i < *n; i++)
		out[i].ring = ring;
	lite_rollback(s);
	return code;
}

static void
row_tally(struct row *r, void *out)
{
	struct store_tally *t = out;

	t->hour = row_int(r, -1, INT64_MAX / 3600 - 1);
	t->uid = row_int(r, -1, UINT32_MAX);
	row_string(r, SQLITE_BLOB, 0, ACCOUNT_NAME_MAX, t->name);
	t->outcome = (unsigned)row_int(r, 0, UINT8_MAX);
	t->count = row_int(r, 0, INT64_MAX);
	t->last_at = row_int(r, -1, INT64_MAX);
}

enum store_code
lite_tallies(struct store *s, const struct store_tally *after,
    struct store_tally *out, size_t *n, struct failure *f)
{
	enum store_code code;
	struct lite_call c;

	*n = 0;
	if ((code = lite_begin(s, STORE_READ, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_TALLIES);
	lite_int(&c, after->hour);
	lite_int(&c, after->uid);
	lite_int(&c, after->outcome);
	lite_int(&c, STORE_RECORDS);
	code = row_each(&c, row_tally, out, sizeof(*out), STORE_RECORDS, n, f);
	lite_rollback(s);
	return code;
}
