/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Passes: rows in and out.  A login pass is written with every answer that
 * may have been it, right or wrong; marks is a blob of one length so that
 * the row stays in its place.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/store_sqlite_row.h"
#include "daemon/store_sqlite_write.h"

#define MARKS 16

static void
row_pass(struct row *r, struct pass *p)
{
	uint8_t marks[MARKS];
	int64_t by;

	p->rounds = (unsigned)row_int(r, 1, 10000000);
	p->created_at = row_int(r, 1, INT64_MAX - PASS_TTL_MAX);
	p->expires_at = row_int(r, p->created_at + 1,
	    p->created_at + PASS_TTL_MAX);
	row_bytes(r, SQLITE_BLOB, RECOVERY_SALT, RECOVERY_SALT, p->salt);
	row_bytes(r, SQLITE_BLOB, RECOVERY_HASH, RECOVERY_HASH, p->hash);
	if (row_bytes(r, SQLITE_BLOB, MARKS, MARKS, marks) != MARKS)
		return;
	lite_get(lite_get(marks, &p->used_at), &p->seen_at);
	if (p->used_at < 0 || p->seen_at < 0)
		r->ok = false;
	row_string(r, SQLITE_TEXT, 0, PASS_SERVICE_MAX, p->service);
	by = row_int(r, -1, UINT32_MAX);
	p->by_known = by >= 0;
	p->by = by >= 0 ? (uid_t)by : 0;
	row_string(r, SQLITE_BLOB, 1, ACCOUNT_REASON_MAX, p->note);
}

enum store_code
lite_load_passes(struct store *s, struct account *a, struct failure *f)
{
	enum store_code code;
	struct lite_call c;
	struct row r = { .ok = true };

	lite_call(&c, s, LITE_LOAD_PASSES);
	lite_int(&c, a->id);
	while (r.ok && lite_row(&c)) {
		r.st = c.statement;
		r.next = 0;
		row_pass(&r, &a->passes[row_int(&r, 1, PASSES) - 1]);
	}
	code = lite_done(&c, f);
	return code == STORE_OK && !r.ok ? row_damaged(s, f) : code;
}

bool
lite_passes_sound(const struct account *a)
{
	const struct pass *p;
	bool sound = true;

	for (p = a->passes; p < a->passes + PASSES; p++)
		sound = sound && p->used_at >= 0 && p->seen_at >= 0 &&
		    p->created_at >= 0 && (p->created_at == 0 ||
		    (p->note[0] != '\0' && p->expires_at > p->created_at &&
		    p->expires_at - p->created_at <= PASS_TTL_MAX));
	return sound;
}

static void
pack_marks(const struct pass *p, uint8_t marks[MARKS])
{
	lite_put(lite_put(marks, p->used_at), p->seen_at);
}

/* As with a set: another pass in its place is not the one that was meant. */
enum store_code
lite_set_pass(struct store *s, const struct account *a, enum pass_name which,
    struct failure *f)
{
	const struct pass *p = &a->passes[which];
	uint8_t marks[MARKS];
	struct lite_call c;

	if (p->created_at == 0)
		return STORE_OK;
	pack_marks(p, marks);
	lite_call(&c, s, LITE_SET_PASS);
	lite_blob(&c, marks, sizeof(marks));
	lite_int(&c, a->id);
	lite_int(&c, which + 1);
	lite_blob(&c, p->salt, RECOVERY_SALT);
	return lite_write_one(&c, f);
}

static enum store_code
new_pass(struct store *s, const struct account *a, enum pass_name which,
    struct failure *f)
{
	const struct pass *p = &a->passes[which];
	uint8_t marks[MARKS];
	struct lite_call c;

	pack_marks(p, marks);
	lite_call(&c, s, LITE_NEW_PASS);
	lite_int(&c, a->id);
	lite_int(&c, which + 1);
	lite_int(&c, p->rounds);
	lite_int(&c, p->created_at);
	lite_int(&c, p->expires_at);
	lite_blob(&c, p->salt, RECOVERY_SALT);
	lite_blob(&c, p->hash, RECOVERY_HASH);
	lite_blob(&c, marks, sizeof(marks));
	lite_text(&c, p->service);
	lite_int(&c, p->by_known ? (int64_t)p->by : -1);
	lite_blob(&c, p->note, strlen(p->note));
	return lite_write_one(&c, f);
}

enum store_code
lite_replace_passes(struct store *s, const struct account *a,
    struct failure *f)
{
	enum store_code code;
	int i;

	code = lite_drop(s, LITE_DROP_PASSES, a, NULL, f);
	for (i = PASS_LOGIN; i < PASSES && code == STORE_OK; i++)
		if (a->passes[i].created_at != 0)
			code = new_pass(s, a, (enum pass_name)i, f);
	return code;
}

static void
row_listed(struct row *r, void *out)
{
	struct store_pass *p = out;

	memset(p, 0, sizeof(*p));
	p->id = row_int(r, 1, INT64_MAX);
	row_string(r, SQLITE_BLOB, 1, ACCOUNT_NAME_MAX, p->name);
	p->uid = (uid_t)row_int(r, 0, UINT32_MAX - 1);
	p->which = (enum pass_name)(row_int(r, 1, PASSES) - 1);
	row_pass(r, &p->pass);
}

static enum store_code
batch_read(struct store *s, int64_t after, struct store_pass *batch,
    size_t *n, struct failure *f)
{
	enum store_code code;
	struct lite_call c;

	*n = 0;
	if ((code = lite_begin(s, STORE_READ, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_PASSES);
	lite_int(&c, after);
	lite_int(&c, LITE_PASSES_BATCH);
	code = row_each(&c, row_listed, batch, sizeof(*batch),
	    LITE_PASSES_BATCH, n, f);
	lite_rollback(s);
	return code;
}

enum store_code
lite_passes(struct store *s, store_pass_visit visit, void *arg,
    struct failure *f)
{
	struct store_pass *batch = calloc(LITE_PASSES_BATCH, sizeof(*batch));
	enum store_code code = STORE_OK;
	size_t i, n = LITE_PASSES_BATCH;
	int64_t after = 0;

	if (batch == NULL)
		return STORE_MEMORY;
	while (n == LITE_PASSES_BATCH && code == STORE_OK) {
		code = batch_read(s, after, batch, &n, f);
		if (code != STORE_OK || n == 0)
			break;
		after = batch[n - 1].id;
		for (i = 0; i < n && visit(&batch[i], arg); i++)
			;
		if (i < n)
			break;
	}
	explicit_bzero(batch, LITE_PASSES_BATCH * sizeof(*batch));
	free(batch);
	return code;
}
