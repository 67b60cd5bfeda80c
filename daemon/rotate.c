/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/keyring_file.h"
#include "daemon/locked.h"
#include "daemon/rotate.h"
#include "daemon/seal.h"

#define SWEEPS		16	/* others keep changing rows: ask again */
#define PAUSE_NS	2000000	/* between batches: logins go first */
#define BUSY_TRIES	5	/* of 2 s, for one batch */

/* What lies there, and what comes in its place; secrets pass through. */
struct batch {
	struct store_seal	rows[STORE_SEALS];
	size_t			count;
	struct sealed		sealed[STORE_SEALS];
	bool			due[STORE_SEALS];	/* sealed anew */
	size_t			due_count;
	struct secret		secret;
};

struct work {
	struct site		*site;
	const struct store_driver *driver;
	const char		*path;		/* of the keyring */
	const struct store_event *event;
	rotate_step		 step;
	void			*arg;
	struct rotation		*r;
	struct failure		*f;

	int			 dir;		/* held */
	struct keyring		*ring;
	struct store		*store;
	struct batch		*batch;
	int64_t			 after;		/* where the pass stands */
	bool			 again;		/* this pass was not the last */
};

/* A spoilt handle is opened anew by whoever needs it next. */
static enum outcome
stored(struct work *w, enum store_code code)
{
	if (code == STORE_BROKEN || code == STORE_REFUSED ||
	    code == STORE_ABSENT) {
		site_drop_store(w->site);
		w->store = NULL;
	}
	return store_outcome(code);
}

static enum outcome
read_proof(struct work *w, struct sealed *proof)
{
	enum store_code code;

	code = w->driver->begin(w->store, STORE_READ, w->f);
	if (code == STORE_OK) {
		code = w->driver->load_proof(w->store, proof, w->f);
		w->driver->rollback(w->store);
	}
	return stored(w, code);
}

/* The ring as it is in its file, and whether it is this store's. */
static enum outcome
read_both(struct work *w, struct sealed *proof)
{
	enum outcome o;

	o = keyring_read(w->path, site_paths(w->site)->owner, &w->ring, NULL,
	    w->f);
	if (o == OUT_DONE)
		o = site_store(w->site, &w->store, w->f);
	if (o == OUT_DONE)
		o = read_proof(w, proof);
	if (o != OUT_DONE || seal_proven(w->ring, proof))
		return o;
	return failure_set(w->f, OUT_KEY, w->path, "the ring does not open "
	    "the store's seals (key %s): put the right one back first",
	    proof->key_id);
}

/* What could not be made sure of may have come in place all the same. */
static bool
has_old_keys(struct work *w)
{
	struct keyring *ring;
	bool has;

	keyring_read(w->path, site_paths(w->site)->owner, &ring, NULL, NULL);
	has = keyring_count(ring) > 1;
	keyring_free(ring);
	return has;
}

static enum outcome
add_key(struct work *w)
{
	struct keyring *grown;
	enum outcome o;

	o = keyring_grow(w->ring, &grown);
	if (o != OUT_DONE)
		return failure_set(w->f, o, w->path, "no new key: no random "
		    "bytes, or no memory");
	o = keyring_replace(w->path, w->dir, grown, w->f);
	w->r->unfinished = o == OUT_DONE || has_old_keys(w);
	keyring_free(w->ring);
	w->ring = grown;
	return o;
}

/* The store says from here on which key is the active one. */
static enum outcome
change_proof(struct work *w, const struct sealed *old)
{
	struct store_event event = *w->event;
	char note[64];
	struct sealed proof;
	enum store_code code;

	if (strcmp(old->key_id, w->r->active) == 0)
		return OUT_DONE;
	if (!seal_prove(w->ring, &proof))
		return OUT_MEMORY;
	snprintf(note, sizeof(note), "key %s for %s", w->r->active,
	    old->key_id);
	if (event.note == NULL)
		event.note = note;
	code = w->driver->begin(w->store, STORE_WRITE, w->f);
	if (code == STORE_OK) {
		code = w->driver->save_proof(w->store, &proof, &event, w->f);
		if (code == STORE_OK)
			code = w->driver->commit(w->store, w->f);
		else
			w->driver->rollback(w->store);
	}
	return stored(w, code);
}

static void
note_stuck(struct work *w, const struct store_seal *row)
{
	struct stuck *s;

	if (w->r->stuck_count < ROTATION_STUCK) {
		s = &w->r->stuck[w->r->stuck_count];
		memcpy(s->name, row->name, sizeof(s->name));
		memcpy(s->key_id, row->sealed.key_id, sizeof(s->key_id));
	}
	w->r->stuck_count++;
}

/* Opens and seals what an old key sealed; no transaction is open. */
static enum outcome
prepare(struct work *w)
{
	struct batch *b = w->batch;
	const struct store_seal *row;
	struct seal_row whose;
	bool done = true;
	size_t i;

	b->due_count = 0;
	for (i = 0; i < b->count && done; i++) {
		row = &b->rows[i];
		b->due[i] = false;
		if (row->sealed.len > 0 &&
		    strcmp(row->sealed.key_id, w->r->active) == 0)
			continue;
		whose = (struct seal_row){ row->account_id, row->name,
		    row->credential_id };
		if (!seal_open(w->ring, &whose, &row->sealed, &b->secret)) {
			note_stuck(w, row);
			continue;
		}
		done = seal_close(w->ring, &whose, &b->secret, &b->sealed[i]);
		secret_wipe(&b->secret);
		b->due[i] = true;
		b->due_count++;
	}
	return done ? OUT_DONE : OUT_MEMORY;
}

/* One short transaction.  Rows that are others by now: the next pass. */
static enum store_code
write_batch(struct work *w, int64_t *written)
{
	struct batch *b = w->batch;
	enum store_code code;
	bool changed;
	size_t i;

	*written = 0;
	code = w->driver->begin(w->store, STORE_WRITE, w->f);
	if (code != STORE_OK)
		return code;
	for (i = 0; i < b->count && code == STORE_OK; i++) {
		if (!b->due[i])
			continue;
		code = w->driver->reseal(w->store, &b->rows[i],
		    &b->sealed[i], &changed, w->f);
		*written += changed;
	}
	if (code == STORE_OK)
		return w->driver->commit(w->store, w->f);
	w->driver->rollback(w->store);
	return code;
}

static enum outcome
write_patiently(struct work *w)
{
	struct timespec pause = { .tv_nsec = PAUSE_NS };
	enum store_code code = STORE_BUSY;
	int64_t written = 0;
	int tries;

	for (tries = 0; tries < BUSY_TRIES && code == STORE_BUSY; tries++) {
		code = w->driver->room(w->store, false, w->f);
		if (code == STORE_OK)
			code = write_batch(w, &written);
	}
	if (code != STORE_OK)
		return stored(w, code);
	w->r->sealed += written;
	/* Who waits for the store polls it each half millisecond. */
	nanosleep(&pause, NULL);
	return w->step == NULL || w->step(w->r, w->arg) ? OUT_DONE :
	    OUT_NO_INPUT;
}

static enum outcome
pass(struct work *w)
{
	struct batch *b = w->batch;
	enum outcome o = OUT_DONE;

	w->after = 0;
	w->again = false;
	w->r->stuck_count = 0;
	for (;;) {
		o = stored(w, w->driver->seals(w->store, w->after, b->rows,
		    &b->count, w->f));
		if (o != OUT_DONE || b->count == 0)
			return o;
		w->after = b->rows[b->count - 1].credential_id;
		o = prepare(w);
		if (o == OUT_DONE && b->due_count > 0) {
			w->again = true;
			o = write_patiently(w);
		}
		if (o != OUT_DONE)
			return o;
	}
}

static enum outcome
seal_all(struct work *w)
{
	enum outcome o = OUT_DONE;
	int sweeps;

	w->batch = locked_new(sizeof(*w->batch));
	if (w->batch == NULL)
		return OUT_MEMORY;
	for (sweeps = 0; sweeps < SWEEPS; sweeps++) {
		o = pass(w);
		if (o != OUT_DONE || !w->again)
			return o;
	}
	return failure_set(w->f, OUT_BUSY, NULL,
	    "others kept changing secrets meanwhile");
}

/* Whether an old key must stay: somebody's secret, which did not open,
   names it.  More of them than are noted: all stay. */
static bool
still_named(const char *id, void *arg)
{
	const struct rotation *r = arg;
	int64_t i;

	if (r->stuck_count > ROTATION_STUCK)
		return true;
	for (i = 0; i < r->stuck_count; i++)
		if (strcmp(r->stuck[i].key_id, id) == 0)
			return true;
	return false;
}

static enum outcome
remove_keys(struct work *w)
{
	struct rotation *r = w->r;
	struct keyring *pruned;
	enum outcome o;
	size_t i;

	o = keyring_prune(w->ring, still_named, r, &pruned);
	if (o != OUT_DONE)
		return o;
	if (keyring_count(pruned) < keyring_count(w->ring))
		o = keyring_replace(w->path, w->dir, pruned, w->f);
	for (i = 0; o == OUT_DONE && i < keyring_count(w->ring); i++)
		if (keyring_find(pruned, keyring_id(w->ring, i)) == NULL)
			memcpy(r->removed[r->removed_count++],
			    keyring_id(w->ring, i), KEY_ID_LENGTH + 1);
	r->unfinished = o != OUT_DONE || keyring_count(pruned) > 1;
	keyring_free(pruned);
	return o;
}

static enum outcome
rotate(struct work *w)
{
	struct sealed proof;
	const char *id;
	enum outcome o;

	o = read_both(w, &proof);
	if (o != OUT_DONE)
		return o;
	w->r->resumed = w->r->unfinished = keyring_count(w->ring) > 1;
	/* What another process renamed may not be on the disk yet. */
	o = w->r->resumed ? keyring_settle(w->path, w->dir, w->f) :
	    add_key(w);
	if (o != OUT_DONE)
		return o;
	keyring_active(w->ring, &id);
	memcpy(w->r->active, id, KEY_ID_LENGTH + 1);
	o = change_proof(w, &proof);
	if (o == OUT_DONE)
		o = seal_all(w);
	if (o == OUT_DONE)
		o = remove_keys(w);
	return o;
}

enum outcome
rotate_run(struct site *site, const struct store_event *event,
    rotate_step step, void *arg, struct rotation *r, struct failure *f)
{
	const struct paths *paths = site_paths(site);
	struct work w = { .site = site, .driver = site_driver(site),
	    .path = paths->keyring, .event = event, .step = step,
	    .arg = arg, .r = r, .f = f, .dir = -1 };
	enum outcome o;

	memset(r, 0, sizeof(*r));
	o = keyring_hold(paths->keyring, paths->owner, false, &w.dir, f);
	if (o == OUT_DONE)
		o = rotate(&w);
	locked_free(w.batch, sizeof(*w.batch));
	keyring_free(w.ring);
	if (w.dir != -1)
		close(w.dir);
	/* This process' ring is not the file's any more. */
	site_look_keyring(site);
	return o;
}
