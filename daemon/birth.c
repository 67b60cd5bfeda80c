/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/stat.h>

#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/birth_files.h"
#include "daemon/log.h"
#include "daemon/machine.h"
#include "daemon/seal.h"

static bool
visit(const struct account *account, void *arg)
{
	(void)account;
	*(bool *)arg = true;
	return false;
}

/*
 * Neither key nor store, but an unfinished store: a birth that began.  It
 * is dropped, unless people stand in it: then it is a store whose names
 * were removed, and its key is what is missing.
 */
static enum outcome
check_unused(const struct birth *b)
{
	struct store *store = NULL;
	bool used = false;

	if (b->driver->open(b->store_new, &b->options, &store, NULL) ==
	    STORE_OK) {
		b->driver->list(store, visit, &used, NULL);
		b->driver->close(store);
	}
	if (used)
		return failure_set(b->failure, OUT_KEY, b->store_new,
		    "a store with people in it and without a key: move it"
		    " away and run stepupd --init again");
	return OUT_DONE;
}

/* Both files under their temporary names, durable. */
static enum outcome
make_both(struct birth *b)
{
	struct sealed proof;
	enum outcome o;

	if ((o = keyring_make(&b->ring)) != OUT_DONE)
		return failure_set(b->failure, o, b->key,
		    "no key could be made");
	if (!seal_prove(b->ring, &proof))
		return OUT_MEMORY;
	o = store_outcome(b->driver->create(b->store_new, &proof,
	    &b->options, b->failure));
	if (o == OUT_DONE)
		o = birth_sync_store(b);
	if (o == OUT_DONE)
		o = birth_write_key(b);
	return o;
}

/* The key has its name: from here on the birth is only ever finished. */
static enum outcome
finish(struct birth *b)
{
	struct store *store = NULL;
	enum outcome o;

	b->did = true;
	/* Before the store has its name: a later --init still comes here. */
	if (birth_same(b->key, b->key_new) && unlink(b->key_new) == -1)
		return birth_refuse(b, OUT_KEY, b->key_new);
	if (fsync(b->key_dir) == -1)
		return birth_refuse(b, OUT_KEY, b->key);
	if (!birth_same(b->store, b->store_new) &&
	    link(b->store_new, b->store) == -1)
		return birth_refuse(b, OUT_STORE, b->store);
	if (fsync(b->store_dir) == -1)
		return birth_refuse(b, OUT_STORE, b->store);
	b->options.role = STORE_SERVING;
	o = store_outcome(b->driver->open(b->store, &b->options, &store,
	    b->failure));
	if (o != OUT_DONE)
		return o;
	b->driver->close(store);
	if (unlink(b->store_new) == -1 || fsync(b->store_dir) == -1)
		return birth_refuse(b, OUT_STORE, b->store_new);
	return OUT_DONE;
}

static enum outcome
begin(struct birth *b)
{
	enum outcome o;

	if ((o = birth_check_beside(b)) != OUT_DONE ||
	    (o = check_unused(b)) != OUT_DONE)
		return o;
	birth_discard(b);
	o = make_both(b);
	if (o == OUT_DONE && link(b->key_new, b->key) == -1)
		o = birth_refuse(b, OUT_KEY, b->key);
	if (o != OUT_DONE) {
		birth_discard(b);
		return o;
	}
	return finish(b);
}

/* A key, no store, an unfinished store: is it that key's? */
static enum outcome
resume(struct birth *b)
{
	struct sealed proof;
	enum outcome o;

	o = store_outcome(b->driver->proof_at(b->store_new, &b->options,
	    &proof, b->failure));
	if (o != OUT_DONE)
		return o;
	if (!seal_proven(b->ring, &proof))
		return failure_set(b->failure, OUT_STORE, b->store_new,
		    "unfinished, and made for a key that is not in the"
		    " keyring: put store or key back from a backup, or move"
		    " all of them away and run stepupd --init again");
	if ((o = birth_check_beside(b)) != OUT_DONE)
		return o;
	return finish(b);
}

static enum outcome
check_both(struct birth *b)
{
	struct store *store = NULL;
	enum outcome o;

	if (birth_same(b->store, b->store_new))
		return finish(b);
	o = store_outcome(b->driver->open(b->store, &b->options, &store,
	    b->failure));
	if (o == OUT_DONE)
		b->driver->close(store);
	return o;
}

static enum outcome
decide(struct birth *b)
{
	bool key, store, begun;
	enum outcome o;

	if ((o = birth_look(b, b->key, OUT_KEY, &key)) != OUT_DONE ||
	    (o = birth_look(b, b->store, OUT_STORE, &store)) != OUT_DONE ||
	    (o = birth_look(b, b->store_new, OUT_STORE, &begun)) != OUT_DONE)
		return o;
	if (key && (o = keyring_read(b->key, b->paths->owner, &b->ring, NULL,
	    b->failure)) != OUT_DONE)
		return o;
	if (key && store)
		return check_both(b);
	if (store)
		return failure_set(b->failure, OUT_KEY, b->key,
		    "the key of the store %.80s is missing: put it back from"
		    " a backup, or move the store away and run stepupd --init"
		    " (everybody enrolls anew)", b->store);
	if (!key)
		return begin(b);
	if (begun)
		return resume(b);
	return failure_set(b->failure, OUT_STORE, b->store,
	    "the store of the key %.80s is missing: put it back from a"
	    " backup, or move the key away and run stepupd --init (everybody"
	    " enrolls anew)", b->key);
}

/* The first settings.accepted; later ones are the accepting process's. */
static void
accept_settings(const struct birth *b)
{
	struct failure own = { .path = "" };
	struct stat st;

	if (lstat(b->paths->accepted, &st) == -1 && errno == ENOENT)
		settings_accept(b->settings, b->paths, &own);
	if (b->failure != NULL)
		*b->failure = own;
}

enum outcome
birth_of(const struct paths *paths, const struct settings *settings,
    const struct store_driver *driver, bool *did, struct failure *f)
{
	uint8_t machine[STORE_MACHINE];
	struct birth b = { .paths = paths, .settings = settings,
		.driver = driver, .failure = f, .key_dir = -1,
		.store_dir = -1 };
	enum outcome o;

	b.options = (struct store_options){ .role = STORE_SELF,
		.owner = paths->owner,
		.audit_events = settings->audit_events };
	if (machine_hash(paths->machine_id, machine))
		b.options.machine = machine;
	o = birth_find(&b);
	if (o == OUT_DONE)
		o = birth_lock(&b);
	if (o == OUT_DONE)
		o = decide(&b);
	if (o == OUT_DONE)
		accept_settings(&b);
	*did = b.did;
	keyring_free(b.ring);
	if (b.store_dir != -1)
		close(b.store_dir);
	if (b.key_dir != -1)
		close(b.key_dir);	/* and the lock is gone */
	return o;
}

enum outcome
birth(const struct paths *paths, struct failure *f)
{
	bool fell_back, copy_failed, did;
	struct settings settings;
	struct failure own;
	enum outcome o;

	memset(&own, 0, sizeof(own));
	o = settings_start(&settings, paths, &fell_back, &copy_failed, &own);
	if (o == OUT_DONE && fell_back)
		log_line(LOG_ERR, "settings refused, those last accepted are "
		    "in force: path=%s reason=%s", own.path, own.reason);
	if (o == OUT_DONE) {
		memset(&own, 0, sizeof(own));
		o = birth_of(paths, &settings, &store_sqlite, &did, &own);
	}
	if (o == OUT_DONE && own.reason[0] != '\0')
		log_line(LOG_WARNING, "no copy of the settings could be "
		    "written: path=%s reason=%s", own.path, own.reason);
	if (f != NULL)
		*f = own;
	return o;
}
