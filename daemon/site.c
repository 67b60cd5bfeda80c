/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "common/wire.h"
#include "daemon/keyring.h"
#include "daemon/locked.h"
#include "daemon/log.h"
#include "daemon/machine.h"
#include "daemon/seal.h"
#include "daemon/site.h"
#include "daemon/trusted.h"

#define LOOK_MS 1000
#define COPY_FAILED "settings accepted, but no copy of them could be " \
	"written: path=%s reason=%s"

struct site {
	const struct paths	*paths;
	enum store_role		 role;

	/* Settings: what is in force, and when they were last looked at. */
	struct settings		 settings;
	enum outcome		 settings_state;	/* OUT_DONE: in force */
	struct failure		 settings_failure;
	struct settings_mark	 settings_mark;
	int64_t			 settings_look;		/* ms; 0: never */

	struct keyring		*ring;
	struct failure		 ring_failure;
	struct trusted_mark	 ring_mark;
	int64_t			 ring_look;

	struct account		*account;	/* locked; NULL: not needed yet */
	struct store		*store;
	char			 store_path[PATH_MAX];	/* of the handle */
	bool			 proven;	/* ring and store belong together */
};

struct site *
site_new(const struct paths *paths, enum store_role role)
{
	struct site *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->paths = paths;
	s->role = role;
	s->settings_state = OUT_CONFIG;
	return s;
}

void
site_free(struct site *s)
{
	if (s == NULL)
		return;
	site_drop_store(s);
	keyring_free(s->ring);
	locked_free(s->account, sizeof(*s->account));
	free(s);
}

void
site_reload(struct site *s)
{
	s->settings_look = s->ring_look = 0;
	memset(&s->settings_mark, 0, sizeof(s->settings_mark));
	memset(&s->ring_mark, 0, sizeof(s->ring_mark));
}

/* The first reading: the files, or the copy last accepted. */
static void
settings_first(struct site *s)
{
	bool fell_back = false, copy_failed = false;

	settings_look(s->paths, &s->settings_mark);
	s->settings_state = settings_start(&s->settings, s->paths, &fell_back,
	    &copy_failed, &s->settings_failure);
	if (s->settings_state != OUT_DONE)
		return;
	if (fell_back)
		log_line(LOG_ERR, "settings refused, those last accepted are "
		    "in force: path=%s reason=%s", s->settings_failure.path,
		    s->settings_failure.reason);
	else if (copy_failed)
		log_line(LOG_WARNING, COPY_FAILED, s->settings_failure.path,
		    s->settings_failure.reason);
}

/* Files that changed: a good set is taken over, a bad one only logged. */
static void
settings_again(struct site *s)
{
	struct failure f = { 0 };
	bool copy_failed = false;

	if (settings_renew(&s->settings, s->paths, &copy_failed, &f) !=
	    OUT_DONE)
		log_line(LOG_ERR, "settings refused, those in force stay: "
		    "path=%s reason=%s", f.path, f.reason);
	else if (copy_failed)
		log_line(LOG_WARNING, COPY_FAILED, f.path, f.reason);
}

enum outcome
site_settings(struct site *s, int64_t now_ms, const struct settings **out,
    struct failure *f)
{
	struct settings_mark mark;

	*out = NULL;
	if (s->settings_look == 0 || now_ms - s->settings_look >= LOOK_MS) {
		s->settings_look = now_ms > 0 ? now_ms : 1;
		settings_look(s->paths, &mark);
		if (s->settings_state != OUT_DONE)
			settings_first(s);
		else if (memcmp(&mark, &s->settings_mark, sizeof(mark)) != 0) {
			s->settings_mark = mark;
			settings_again(s);
		}
	}
	if (s->settings_state != OUT_DONE) {
		*f = s->settings_failure;
		return s->settings_state;
	}
	*out = &s->settings;
	return OUT_DONE;
}

void
site_look_keyring(struct site *s)
{
	struct trusted_mark mark;
	struct keyring *ring = NULL;
	bool absent;

	s->ring_look = wire_now_ms();
	if (trusted_mark(s->paths->keyring, &mark) && s->ring != NULL &&
	    trusted_same(&mark, &s->ring_mark))
		return;
	memset(&s->ring_failure, 0, sizeof(s->ring_failure));
	keyring_read(s->paths->keyring, s->paths->owner, &ring, &absent,
	    &s->ring_failure);
	keyring_free(s->ring);
	s->ring = ring;
	s->ring_mark = mark;
	s->proven = false;
}

const struct keyring *
site_keyring(struct site *s, struct failure *f)
{
	int64_t now = wire_now_ms();

	if (s->ring_look == 0 || now - s->ring_look >= LOOK_MS)
		site_look_keyring(s);
	if (s->ring == NULL)
		*f = s->ring_failure;
	return s->ring;
}

void
site_drop_store(struct site *s)
{
	if (s->store != NULL)
		store_sqlite.close(s->store);
	s->store = NULL;
	s->proven = false;
}

/* Says which: no such key, or one with other bytes. */
static bool
prove(struct site *s, const struct sealed *proof, struct failure *f)
{
	const struct keyring *ring = site_keyring(s, f);

	if (ring == NULL)
		return false;
	if (seal_proven(ring, proof))
		return true;
	if (keyring_find(ring, proof->key_id) == NULL)
		failure_set(f, OUT_KEY, s->paths->keyring,
		    "no key %s in the ring, with which the store is sealed",
		    proof->key_id);
	else
		failure_set(f, OUT_KEY, s->paths->keyring,
		    "key %s does not open the store's seals: other bytes"
		    " under its id", proof->key_id);
	return false;
}

bool
site_own_store(struct site *s, struct failure *f)
{
	struct sealed proof;

	if (s->store == NULL)
		return false;
	if (site_keyring(s, f) == NULL)
		return false;
	if (s->proven)
		return true;
	if (store_sqlite.load_proof(s->store, &proof, f) != STORE_OK)
		return false;
	if (!prove(s, &proof, f)) {
		site_look_keyring(s);
		if (!prove(s, &proof, f))
			return false;
	}
	memset(f, 0, sizeof(*f));
	s->proven = true;
	return true;
}

enum outcome
site_seal(struct site *s, const struct seal_row *row,
    const struct secret *secret, struct sealed *sealed, struct failure *f)
{
	site_look_keyring(s);
	if (site_own_store(s, f) &&
	    seal_close(s->ring, row, secret, sealed))
		return OUT_DONE;
	memset(sealed, 0, sizeof(*sealed));
	return s->proven ? OUT_MEMORY : OUT_KEY;
}

enum outcome
site_store(struct site *s, struct store **out, struct failure *f)
{
	struct store_options options = {
		.role = s->role,
		.owner = s->paths->owner,
		.audit_events = s->settings.audit_events,
	};
	enum store_code code;

	*out = NULL;
	if (s->settings_state != OUT_DONE)
		return OUT_CONFIG;
	if (s->store != NULL && strcmp(s->store_path, s->settings.store) != 0)
		site_drop_store(s);
	if (s->store == NULL) {
		code = store_sqlite.open(s->settings.store, &options,
		    &s->store, f);
		if (code == STORE_ABSENT)
			return failure_set(f, OUT_STORE, s->settings.store,
			    "not initialised, run stepupd --init");
		if (code != STORE_OK)
			return store_outcome(code);
		/* Open, but without the space kept for bad days. */
		if (f->reason[0] != '\0')
			log_line(LOG_WARNING, "store: path=%s reason=%s",
			    f->path, f->reason);
		memset(f, 0, sizeof(*f));
		memcpy(s->store_path, s->settings.store,
		    sizeof(s->store_path));
	}
	*out = s->store;
	return OUT_DONE;
}

void
site_open(struct site *s)
{
	const struct settings *settings;
	struct failure f = { 0 };
	struct store *store;

	if (site_settings(s, wire_now_ms(), &settings, &f) == OUT_DONE)
		(void)site_store(s, &store, &f);
	if (f.reason[0] != '\0')
		log_line(LOG_WARNING, "not ready yet: path=%s reason=%s",
		    f.path, f.reason);
}

bool
site_moved(struct site *s)
{
	uint8_t here[STORE_MACHINE], there[STORE_MACHINE];
	struct store *store;
	bool known = false;

	if (!machine_hash(s->paths->machine_id, here) ||
	    site_store(s, &store, &(struct failure){ .path = "" }) !=
	    OUT_DONE ||
	    store_sqlite.begin(store, STORE_READ, NULL) != STORE_OK)
		return false;
	if (store_sqlite.load_machine(store, there, &known, NULL) !=
	    STORE_OK)
		known = false;
	store_sqlite.rollback(store);
	return known && memcmp(here, there, sizeof(here)) != 0;
}

struct account *
site_account(struct site *s)
{
	if (s->account == NULL)
		s->account = locked_new(sizeof(*s->account));
	return s->account;
}

const struct store_driver *
site_driver(const struct site *s)
{
	(void)s;
	return &store_sqlite;
}

const struct paths *
site_paths(const struct site *s)
{
	return s->paths;
}

void
site_tend(struct site *s, bool idle)
{
	if (s->store != NULL)
		store_sqlite.tend(s->store, idle);
}

void
site_policy(const struct settings *settings, const char *service, int64_t now,
    struct policy *p)
{
	memset(p, 0, sizeof(*p));
	p->limits = settings->limits;
	p->window = settings->window;
	/* The password check of self-service must not ask for a code. */
	p->covered = strcmp(service, SITE_OWN_SERVICE) != 0 &&
	    settings_covers(settings, service);
	p->pass_once = settings->unenrolled == UNENROLLED_UNTIL;
	p->pass_unenrolled = settings->unenrolled == UNENROLLED_ALLOW ||
	    (p->pass_once && now < settings->allow_until);
}
