/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of the upload into items: checked, held against the store, sealed,
 * and against each other.  Nothing is written here.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/crypto.h"
#include "daemon/import.h"
#include "daemon/locked.h"
#include "daemon/offer.h"
#include "daemon/seal.h"

static bool
mark(const struct import *im, const struct secret *secret,
    uint8_t out[IMPORT_MARK])
{
	unsigned len = IMPORT_MARK;

	return crypto_start() && HMAC(EVP_sha256(), im->key, sizeof(im->key),
	    secret->data, secret->len, out, &len) != NULL &&
	    len == IMPORT_MARK;
}

static struct import_item *
new_item(struct import *im)
{
	size_t room = im->room == 0 ? 64 : 2 * im->room;
	struct import_item *more;

	if (im->count == im->room) {
		more = reallocarray(im->items, room, sizeof(*more));
		if (more == NULL)
			return NULL;
		im->items = more;
		im->room = room;
	}
	memset(&im->items[im->count], 0, sizeof(*im->items));
	return &im->items[im->count++];
}

/* The row's own values; what it must have and may have at most. */
static bool
read_row(const struct wire_message *m, struct import_item *item,
    struct secret *secret)
{
	struct credential *c = &item->credential;
	char name[WIRE_STRING_MAX + 1];
	uint32_t uid, algorithm;

	if (m->verb != VERB_IMPORT || !wire_get_string(m, TAG_NAME, name) ||
	    name[0] == '\0' || strlen(name) > ACCOUNT_NAME_MAX ||
	    !wire_get_uint(m, TAG_UID, &uid) || uid == UINT32_MAX ||
	    !wire_get_secret(m, TAG_SECRET, secret) ||
	    secret->len < IMPORT_SECRET_MIN ||
	    secret->len > OTP_SECRET_MAX ||
	    !wire_get_uint(m, TAG_ALGORITHM, &algorithm) ||
	    otp_algorithm_name((enum otp_algorithm)algorithm) == NULL ||
	    !wire_get_uint(m, TAG_DIGITS, &c->digits) || c->digits < 6 ||
	    c->digits > OTP_DIGITS_MAX ||
	    !wire_get_uint(m, TAG_PERIOD, &c->period) || c->period < 15 ||
	    c->period > 120)
		return false;
	wire_get_int64(m, TAG_AFTER, &item->after);
	c->kind = CREDENTIAL_TOTP;
	c->algorithm = (enum otp_algorithm)algorithm;
	memcpy(c->label, OFFER_LABEL, sizeof(OFFER_LABEL));
	item->uid = (uid_t)uid;
	item->name = strdup(name);
	return item->name != NULL;
}

/* As the account stands now; who may not be imported is settled. */
static enum outcome
look_up(struct import *im, struct import_item *item, struct store *store)
{
	const struct store_driver *driver = site_driver(im->s->site);
	struct account *a = im->account;
	enum store_code code;

	item->outcome = OUT_ASK;
	item->account_id = driver->new_id(store);
	if (im->blank)
		return OUT_DONE;
	code = driver->begin(store, STORE_READ, &im->s->failure);
	if (code == STORE_OK)
		code = driver->load(store, item->name, item->uid, a,
		    &im->s->failure);
	driver->rollback(store);
	if (code != STORE_OK)
		return session_store_code(im->s, code);
	if (a->match == ACCOUNT_CHANGED)
		item->outcome = OUT_CHANGED;
	else if (account_has_factor(a))
		item->outcome = OUT_EXISTS;
	if (a->match == ACCOUNT_FOUND)
		item->account_id = a->id;
	account_wipe(a);
	return OUT_DONE;
}

/* The secret that is open goes into the item's seal. */
static enum outcome
seal(struct import *im, struct import_item *item, struct store *store)
{
	const struct keyring *ring = site_keyring(im->s->site,
	    &im->s->failure);
	struct credential *c = &item->credential;
	struct seal_row row = { .user = item->name };
	enum outcome o = OUT_DONE;

	c->id = site_driver(im->s->site)->new_id(store);
	row.account_id = item->account_id;
	row.credential_id = c->id;
	if (ring == NULL)
		o = OUT_KEY;
	else if (row.account_id <= 0 || row.credential_id <= 0)
		o = OUT_INTERNAL;
	else if (!seal_close(ring, &row, &im->open->secret, &c->sealed))
		o = OUT_MEMORY;
	return o;
}

static enum outcome
take(struct import *im, const struct wire_message *m)
{
	struct secret *secret = &im->open->secret;
	struct import_item *item = new_item(im);
	struct store *store = NULL;
	enum outcome o = OUT_DONE;

	if (item == NULL)
		return OUT_MEMORY;
	if (!read_row(m, item, secret))
		o = failure_set(&im->s->failure, OUT_PROTOCOL, NULL,
		    "row %zu of the upload cannot be", im->count);
	if (o == OUT_DONE && !mark(im, secret, item->mark))
		o = OUT_MEMORY;
	if (o == OUT_DONE && !im->blank)
		o = site_store(im->s->site, &store, &im->s->failure);
	if (o == OUT_DONE)
		o = look_up(im, item, store);
	if (o == OUT_DONE && !im->blank && item->outcome == OUT_ASK)
		o = seal(im, item, store);
	secret_wipe(secret);
	return o;
}

/* --- Against each other -------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
	return strcmp((*(struct import_item *const *)a)->name,
	    (*(struct import_item *const *)b)->name);
}

static int
by_mark(const void *a, const void *b)
{
	return memcmp((*(struct import_item *const *)a)->mark,
	    (*(struct import_item *const *)b)->mark, IMPORT_MARK);
}

static void
settle(struct import_item *item, enum outcome o)
{
	if (item->outcome == OUT_ASK)
		item->outcome = o;
}

/* Neighbours in the order `cmp` that are equal in it. */
static void
settle_equal(struct import *im, int (*cmp)(const void *, const void *),
    enum outcome o)
{
	struct import_item **at = im->sorted;
	size_t i;

	if (im->count > 1)
		qsort(at, im->count, sizeof(*at), cmp);
	for (i = 1; i < im->count; i++) {
		if (cmp(&at[i - 1], &at[i]) != 0 || (o == OUT_REPLAY &&
		    strcmp(at[i - 1]->name, at[i]->name) == 0))
			continue;
		settle(at[i - 1], o);
		settle(at[i], o);
	}
}

/* Somebody who is enrolled: whoever comes with the same secret does not. */
static bool
visit(const struct account *a, void *arg)
{
	struct import_item key, *wanted = &key, **found;
	struct import *im = arg;
	const struct keyring *ring = site_keyring(im->s->site,
	    &im->s->failure);
	struct seal_row row = { .account_id = a->id, .user = a->name };
	struct secret *secret = &im->open->secret;
	bool marked;
	size_t i;

	for (i = 0; ring != NULL && i < a->credential_count; i++) {
		row.credential_id = a->credentials[i].id;
		marked = seal_open(ring, &row, &a->credentials[i].sealed,
		    secret) && mark(im, secret, key.mark);
		secret_wipe(secret);
		if (!marked)
			continue;
		found = bsearch(&wanted, im->sorted, im->count,
		    sizeof(*found), by_mark);
		if (found == NULL)
			continue;
		/* Any of a run; the others of it are settled already. */
		if (strcmp((*found)->name, a->name) != 0)
			settle(*found, OUT_REPLAY);
	}
	return true;
}

static enum outcome
compare(struct import *im)
{
	struct store *store;
	enum outcome o;
	size_t i;

	im->sorted = calloc(im->count + 1, sizeof(*im->sorted));
	if (im->sorted == NULL)
		return OUT_MEMORY;
	for (i = 0; i < im->count; i++)
		im->sorted[i] = &im->items[i];
	settle_equal(im, by_name, OUT_NAME_TAKEN);
	settle_equal(im, by_mark, OUT_REPLAY);
	if (im->blank)
		return OUT_DONE;
	o = site_store(im->s->site, &store, &im->s->failure);
	if (o != OUT_DONE)
		return o;
	return session_store_code(im->s, site_driver(im->s->site)->list(store,
	    visit, im, &im->s->failure));
}

enum outcome
import_stage(struct import *im)
{
	enum outcome o = OUT_DONE;
	struct wire_message row;
	enum upload_code code;
	struct upload *u;

	if ((im->open = locked_new(sizeof(*im->open))) == NULL)
		return OUT_MEMORY;
	u = &im->open->upload;
	upload_start(u, im->s->talk, IMPORT_ROWS_MAX, IMPORT_BYTES_MAX);
	/* The client asks the name service between two rows. */
	u->idle_ms = TALK_IDLE_MS;
	do {
		code = upload_next(u, &row);
		if (code == UPLOAD_ROW)
			o = take(im, &row);
	} while (code == UPLOAD_ROW && o == OUT_DONE);
	upload_wipe(u);
	if (o == OUT_DONE && code == UPLOAD_TOO_MUCH)
		return failure_set(&im->s->failure, OUT_PROTOCOL, NULL,
		    "more than %d accounts in one import", IMPORT_ROWS_MAX);
	if (o == OUT_DONE)
		o = upload_outcome(code);
	return o == OUT_DONE ? compare(im) : o;
}

void
import_free(struct import *im)
{
	size_t i;

	for (i = 0; i < im->count; i++)
		free(im->items[i].name);
	if (im->items != NULL)
		explicit_bzero(im->items, im->count * sizeof(*im->items));
	explicit_bzero(im->key, sizeof(im->key));
	locked_free(im->open, sizeof(*im->open));
	free(im->items);
	free(im->sorted);
	free(im->account);
}
