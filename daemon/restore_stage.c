/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of a backup into staged rows: unsealed with the passphrase, read
 * record by record, each account sealed with this host's key.  Secrets are
 * open in struct restore alone.
 */
#include <string.h>

#include "daemon/restore.h"
#include "daemon/seal.h"

#define CLOCK_SLACK	60	/* s that the other clock may be ahead */

static enum outcome
refuse_file(struct restore *r, const char *why)
{
	return failure_set(&r->s->failure, OUT_BAD_FILE, NULL, "%s", why);
}

static enum outcome
archive_outcome(struct restore *r, enum archive_code code)
{
	switch (code) {
	case ARCHIVE_OK:
		return OUT_DONE;
	case ARCHIVE_PASSPHRASE:
		return OUT_BAD_PASSPHRASE;
	case ARCHIVE_MEMORY:
		return OUT_MEMORY;
	case ARCHIVE_STOPPED:
		if (r->refused != OUT_DONE)
			return r->refused;
		return refuse_file(r, archive_text(ARCHIVE_DAMAGED));
	case ARCHIVE_FOREIGN:
	case ARCHIVE_NEWER:
	case ARCHIVE_COSTS:
	case ARCHIVE_DAMAGED:
	case ARCHIVE_CUT:
		break;
	}
	return refuse_file(r, archive_text(code));
}

/* --- Staging ---------------------------------------------------------- */

static enum outcome
stage_batch(struct restore *r)
{
	const struct store_driver *driver = site_driver(r->s->site);
	enum store_code code = STORE_OK;

	if (!r->staging)
		code = driver->stage_begin(r->store, &r->s->failure);
	r->staging = true;
	if (code == STORE_OK && r->n > 0)
		code = driver->stage(r->store, r->batch, r->n,
		    &r->s->failure);
	r->n = 0;
	return store_outcome(code);
}

/* Every code of the set is spent; when it was made stays. */
static void
void_codes(struct account *a, int64_t now)
{
	size_t i;

	for (i = 0; i < a->recovery.count; i++)
		if (a->recovery.codes[i].spent_at == 0)
			a->recovery.codes[i].spent_at = now;
}

static enum outcome
seal_account(struct restore *r)
{
	struct account *a = &r->account;
	struct seal_row row = { .account_id = a->id, .user = a->name };
	struct credential *c;
	size_t i;

	for (i = 0; i < a->credential_count; i++) {
		c = &a->credentials[i];
		/* Nothing in a backup is younger than its restore. */
		if (c->created_at > r->now)
			c->created_at = r->now;
		row.credential_id = c->id;
		if (!seal_close(r->ring, &row, &c->secret, &c->sealed))
			return failure_set(&r->s->failure, OUT_KEY, NULL,
			    "a secret could not be sealed");
		secret_wipe(&c->secret);
		c->opened = false;
	}
	return OUT_DONE;
}

static enum outcome
take_account(struct restore *r, const uint8_t *data, size_t len)
{
	enum outcome o;

	if (!record_get_account(data, len, RECORD_OPEN, &r->account))
		return refuse_file(r, archive_text(ARCHIVE_DAMAGED));
	void_codes(&r->account, r->now);
	o = seal_account(r);
	if (o == OUT_DONE)
		r->batch[r->n++] = r->account;
	account_wipe(&r->account);
	r->accounts++;
	if (o == OUT_DONE && r->n == RESTORE_BATCH)
		o = stage_batch(r);
	return o;
}

/* A clock that is behind would leave spent codes unspent. */
static enum outcome
take_head(struct restore *r, const uint8_t *data, size_t len)
{
	if (!record_get_head(data, len, &r->head))
		return refuse_file(r, archive_text(ARCHIVE_DAMAGED));
	r->headed = true;
	if (r->head.made_at > r->now + CLOCK_SLACK)
		return failure_set(&r->s->failure, OUT_CLOCK, NULL,
		    "the backup was made %lld s later than it is now",
		    (long long)(r->head.made_at - r->now));
	/* What was made there meanwhile lies below the floor, too. */
	if (r->head.made_at > r->now)
		r->now = r->head.made_at;
	return OUT_DONE;
}

static enum outcome
take(struct restore *r, uint8_t type, const uint8_t *data, size_t len)
{
	if (r->ended || (type != RECORD_HEAD && !r->headed))
		return refuse_file(r, archive_text(ARCHIVE_DAMAGED));
	switch (type) {
	case RECORD_HEAD:
		if (r->headed)
			break;
		return take_head(r, data, len);
	case RECORD_ACCOUNT:
		return take_account(r, data, len);
	case RECORD_END:
		r->ended = record_get_end(data, len, &r->said);
		if (r->ended)
			return OUT_DONE;
		break;
	default:
		if ((type & RECORD_IGNORABLE) != 0)
			return OUT_DONE;
		return refuse_file(r, archive_text(ARCHIVE_NEWER));
	}
	return refuse_file(r, archive_text(ARCHIVE_DAMAGED));
}

static bool
visit_record(uint8_t type, const uint8_t *data, size_t len, void *arg)
{
	struct restore *r = arg;

	r->refused = take(r, type, data, len);
	return r->refused == OUT_DONE;
}

static bool
take_plain(const uint8_t *data, size_t len, void *arg)
{
	struct restore *r = arg;

	return record_feed(&r->reader, data, len, visit_record, r);
}

enum outcome
restore_stage(struct restore *r)
{
	const struct wire_field *data;
	enum outcome o = OUT_DONE;
	struct wire_message row;
	enum upload_code code;

	while ((code = upload_next(&r->upload, &row)) == UPLOAD_ROW) {
		data = &row.field[TAG_DATA];
		if (row.verb != VERB_RESTORE || !data->present)
			return OUT_PROTOCOL;
		o = archive_outcome(r, archive_feed(&r->archive, data->data,
		    data->len, take_plain, r));
		if (o != OUT_DONE)
			return o;
	}
	if (code != UPLOAD_END)
		return upload_outcome(code);
	o = archive_outcome(r, archive_end(&r->archive));
	if (o == OUT_DONE && (!r->ended || r->said != r->accounts ||
	    !record_done(&r->reader)))
		o = refuse_file(r, archive_text(ARCHIVE_DAMAGED));
	return o == OUT_DONE ? stage_batch(r) : o;
}
