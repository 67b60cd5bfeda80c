/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IMPORT: people keep the authenticator they have.  Everything is read,
 * sealed and compared before anything is written; then the accounts go in,
 * some of them in a transaction.  An account is whole or not there, whatever
 * happens, and who is in is left alone by the next run: it goes on.
 *
 * All steps up to now and the window are used up for us: a code that the
 * other module took a moment ago cannot come in a second time.  Where it
 * wrote down which it took, those are used up as well.
 */
#include <sys/random.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/import.h"
#include "daemon/rows.h"
#include "daemon/totp.h"

/* Accounts a transaction: nobody holds the write lock for long (SPEC 5). */
#define BATCH		16
#define RESERVE_TRIES	5
/* Longer than a waiter's longest step: whoever waits comes in between. */
#define PAUSE_US	2000
#define FRAMES		400	/* far below what is kept of the WAL */

static int64_t
used_up(const struct import *im, const struct import_item *item, int64_t now)
{
	int64_t step = totp_step(now, item->credential.period);
	int64_t last = step + im->s->settings.window;

	if (item->after > last && item->after <= step + IMPORT_AHEAD)
		last = item->after;
	return last;
}

/* The account as it will be. */
static bool
fill(const struct import *im, const struct import_item *item, int64_t now,
    struct account *a)
{
	struct credential *c = &a->credentials[0];

	if (!recovery_void(&a->recovery, now))
		return false;
	a->match = ACCOUNT_FOUND;
	a->id = item->account_id;
	memcpy(a->name, item->name, strlen(item->name) + 1);
	a->uid = item->uid;
	a->enrolled_at = now;
	if (a->created_at == 0)
		a->created_at = now;
	a->credential_count = 1;
	*c = item->credential;
	c->created_at = now;
	c->used_at = 0;
	c->last_step = used_up(im, item, now);
	memset(&a->limiters[LIMITER_TOTP_LOGIN], 0, sizeof(struct limiter));
	memset(&a->limiters[LIMITER_TOTP_PUBLIC], 0, sizeof(struct limiter));
	return true;
}

/* As it was when it was sealed, or somebody was there first. */
static enum outcome
still(const struct import_item *item, const struct account *a)
{
	if (a->match == ACCOUNT_CHANGED)
		return OUT_CHANGED;
	if (account_has_factor(a))
		return OUT_EXISTS;
	if (a->match == ACCOUNT_FOUND && a->id != item->account_id)
		return OUT_BUSY;
	return OUT_DONE;
}

/* One account of the open transaction. */
static enum store_code
write_item(struct import *im, struct import_item *item, struct store *store,
    enum outcome *result)
{
	static const struct decision d = { .outcome = OUT_DONE,
	    .effect_count = 1, .effects = { EFFECT_IMPORT } };
	const struct store_driver *driver = site_driver(im->s->site);
	struct store_event event = { .at = clock_now(), .door = DOOR_ADMIN,
	    .outcome = OUT_DONE, .by_known = im->s->by_known,
	    .by = im->s->by };
	enum store_code code;

	code = driver->load(store, item->name, item->uid, im->account,
	    &im->s->failure);
	if (code == STORE_OK)
		*result = still(item, im->account);
	if (code == STORE_OK && *result == OUT_DONE) {
		if (!fill(im, item, event.at, im->account))
			return STORE_MEMORY;
		code = driver->apply(store, im->account, &d, &event,
		    &im->s->failure);
	}
	account_wipe(im->account);
	return code;
}

/* The next few; *at moves on.  What they came to counts with the commit. */
static enum store_code
write_batch(struct import *im, struct store *store, size_t *at)
{
	const struct store_driver *driver = site_driver(im->s->site);
	enum outcome results[BATCH];
	size_t batch[BATCH], n = 0, i;
	enum store_code code;

	for (; n < BATCH && *at < im->count; (*at)++)
		if (im->items[*at].outcome == OUT_ASK)
			batch[n++] = *at;
	if (n == 0)
		return STORE_OK;
	code = driver->begin(store, STORE_WRITE, &im->s->failure);
	if (code != STORE_OK)
		return code;
	for (i = 0; i < n && code == STORE_OK; i++)
		code = write_item(im, &im->items[batch[i]], store,
		    &results[i]);
	if (code == STORE_OK)
		code = driver->commit(store, &im->s->failure);
	else
		driver->rollback(store);
	for (i = 0; i < n && code == STORE_OK; i++) {
		im->items[batch[i]].outcome = results[i];
		im->s->facts.count += results[i] == OUT_DONE;
	}
	return code;
}

/* What others write between two looks is no reason to give up. */
static enum store_code
reserve(struct import *im, struct store *store)
{
	const struct store_driver *driver = site_driver(im->s->site);
	enum store_code code = STORE_BUSY;
	int i;

	if (driver->frames(store) >= FRAMES)
		driver->tend(store, false);
	for (i = 0; i < RESERVE_TRIES && (code == STORE_BUSY ||
	    code == STORE_REFUSED); i++)
		code = driver->reserve(store, &im->s->failure);
	/* What an earlier try met is over. */
	if (code == STORE_OK)
		memset(&im->s->failure, 0, sizeof(im->s->failure));
	return code;
}

static enum outcome
write_all(struct import *im)
{
	enum store_code code = STORE_OK;
	struct store *store;
	enum outcome o;
	size_t at = 0;

	o = site_store(im->s->site, &store, &im->s->failure);
	while (o == OUT_DONE && at < im->count) {
		code = reserve(im, store);
		if (code == STORE_OK)
			code = write_batch(im, store, &at);
		usleep(PAUSE_US);
		if (code != STORE_OK)
			o = session_store_code(im->s, code);
	}
	return o;
}

static enum outcome
answer(struct import *im, enum outcome o)
{
	struct rows r = { .s = im->s };
	struct wire_writer w;
	size_t i;

	for (i = 0; i < im->count; i++) {
		wire_start(&w, WIRE_VERSION, VERB_IMPORT);
		wire_put_uint(&w, TAG_OUTCOME, im->items[i].outcome);
		if (!rows_add(&r, &w))
			return OUT_NO_INPUT;
	}
	if (r.len > 0)
		rows_flush(&r);
	return o;
}

/* Dry: everything up to the writing. */
static void
pretend(struct import *im)
{
	size_t i;

	for (i = 0; i < im->count; i++)
		if (im->items[i].outcome == OUT_ASK) {
			im->items[i].outcome = OUT_DONE;
			im->s->facts.count++;
		}
}

/* Whether anything can be imported; before the upload is read. */
static enum outcome
ready(struct import *im)
{
	struct session *s = im->s;
	struct store *store;
	enum outcome o;

	im->dry = (s->flags & FLAG_DRY_RUN) != 0;
	im->blank = im->dry && (s->flags & FLAG_NEW) != 0;
	im->account = calloc(1, sizeof(*im->account));
	if (im->account == NULL || getrandom(im->key, sizeof(im->key), 0) !=
	    sizeof(im->key))
		return OUT_MEMORY;
	o = session_note(s, false);
	if (o != OUT_DONE || im->blank)
		return o;
	o = site_store(s->site, &store, &s->failure);
	if (o != OUT_DONE)
		return o;
	/* What is sealed in between is written with the key of then. */
	if (!im->dry && (o = session_hold(s, true, &im->ring_dir)) !=
	    OUT_DONE)
		return o;
	if ((o = session_key(s)) != OUT_DONE)
		return o;
	return clock_sound(clock_now()) ? OUT_DONE : OUT_CLOCK;
}

enum outcome
import_serve(struct session *s)
{
	struct import im = { .s = s, .ring_dir = -1 };
	enum outcome o;

	o = ready(&im);
	if (o == OUT_DONE)
		o = import_stage(&im);
	s->facts.limit = s->settings.window;
	if (o == OUT_DONE) {
		if (im.dry)
			pretend(&im);
		else
			o = write_all(&im);
		if (s->facts.count > 0 && !im.dry)
			session_tell_accounts(s, "change.imported",
			    s->facts.count);
		o = answer(&im, o);
	}
	if (im.ring_dir != -1)
		close(im.ring_dir);
	import_free(&im);
	return o;
}
