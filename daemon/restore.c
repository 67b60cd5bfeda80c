/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RESTORE: accounts of a backup become those of this host.
 *
 * Nothing is written before the passphrase was found right, and nothing
 * counts before the file was read to its end: rows are staged, then one
 * transaction makes them current (store.h).  What may have happened since
 * the backup was made is taken as happened: codes up to now and a window
 * more are spent, recovery codes void, and whatever denies here (counts,
 * waits, locks) stays.
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/locked.h"
#include "daemon/log.h"
#include "daemon/machine.h"
#include "daemon/restore.h"
#include "daemon/rows.h"

#define ROWS_MAX	(UINT64_C(1) << 32)
#define BYTES_MAX	(UINT64_C(1) << 40)
#define SWAP_TRIES	5
#define NAMES_MS	10000	/* for looking names up afterwards */
#define NAMES_BUFFER	(64 * 1024)

static const struct store_driver *
driver_of(const struct restore *r)
{
	return site_driver(r->s->site);
}

/* --- What may be restored --------------------------------------------- */

static bool
see_factor(const struct store_line *l, void *arg)
{
	*(bool *)arg = l->credential_count > 0;
	return l->credential_count == 0;
}

static enum outcome
check_empty(struct restore *r)
{
	bool occupied = false;
	enum outcome o;

	if (r->replace)
		return OUT_DONE;
	o = session_store_code(r->s, driver_of(r)->lines(r->store, see_factor,
	    &occupied, &r->s->failure));
	return o == OUT_DONE && occupied ? OUT_OCCUPIED : o;
}

/* --- Becoming current ------------------------------------------------- */

/* Whatever denies stays; that somebody once had a factor, too. */
static void
merge(struct account *coming, const struct account *here)
{
	size_t i;

	if (here->locked && !coming->locked) {
		coming->locked = true;
		memcpy(coming->lock_reason, here->lock_reason,
		    sizeof(coming->lock_reason));
	}
	if (coming->enrolled_at == 0)
		coming->enrolled_at = here->enrolled_at;
	for (i = 0; i < LIMITERS; i++)
		coming->limiters[i] = limit_stricter(coming->limiters[i],
		    here->limiters[i]);
}

/* The ring may have got another key since: these rows would be stale. */
static enum outcome
check_key(struct restore *r)
{
	const char *id;

	site_look_keyring(r->s->site);
	r->ring = site_keyring(r->s->site, &r->s->failure);
	if (r->ring == NULL)
		return OUT_KEY;
	if (keyring_active(r->ring, &id) != NULL && strcmp(id, r->key_id) == 0)
		return OUT_DONE;
	return failure_set(&r->s->failure, OUT_BUSY, NULL,
	    "the key was rotated meanwhile");
}

/* STORE_OK and *occupied: nothing was changed. */
static enum store_code
swap_once(struct restore *r, bool *occupied)
{
	const struct store_swap swap = { .replace = r->replace,
	    .window = r->s->settings.window, .merge = merge,
	    .machine = r->machine_known ? r->machine : NULL };
	struct store_event event = session_event(r->s, 0);
	const struct store_driver *driver = driver_of(r);
	struct failure *f = &r->s->failure;
	enum store_code code;

	code = driver->begin(r->store, STORE_WRITE, f);
	if (code != STORE_OK)
		return code;
	/* No credential was made later than r->now: each is below the floor,
	   also where the clock was set back meanwhile. */
	event.at = clock_now();
	if (event.at < r->now)
		event.at = r->now;
	code = driver->stage_swap(r->store, &swap, &event, occupied,
	    &r->lost, f);
	if (code == STORE_OK && !*occupied)
		return driver->commit(r->store, f);
	driver->rollback(r->store);
	return code;
}

static enum outcome
swap(struct restore *r)
{
	const struct store_driver *driver = driver_of(r);
	enum store_code code = STORE_BUSY;
	bool occupied = false;
	enum outcome o;
	int i;

	for (i = 0; i < SWAP_TRIES && code == STORE_BUSY; i++) {
		code = driver->stage_carry(r->store, merge, &r->s->failure);
		if (code == STORE_OK) {
			o = check_key(r);
			if (o != OUT_DONE)
				return o;
			code = swap_once(r, &occupied);
		}
	}
	if (code == STORE_OK && occupied)
		return OUT_OCCUPIED;
	if (code == STORE_OK)
		memset(&r->s->failure, 0, sizeof(r->s->failure));
	return store_outcome(code);
}

/* --- Told ------------------------------------------------------------- */

/* Names that are somebody else here, or nobody. */
struct names {
	struct rows	 rows;
	char		*buf;
	int64_t		 deadline;
	uint32_t	 left_out;
};

static bool
look_up(const struct store_line *l, void *arg)
{
	struct names *n = arg;
	struct passwd pw, *found = NULL;
	struct wire_writer w;
	int error;

	if (l->credential_count == 0)
		return true;
	if (wire_now_ms() > n->deadline) {
		n->left_out++;
		return true;
	}
	error = getpwnam_r(l->name, &pw, n->buf, NAMES_BUFFER, &found);
	if (found != NULL && found->pw_uid == l->uid)
		return true;
	if (found == NULL && error != 0 && error != ENOENT && error != ESRCH) {
		n->left_out++;
		return true;
	}
	wire_start(&w, WIRE_VERSION, VERB_RESTORE);
	wire_put_string(&w, TAG_NAME, l->name);
	wire_put_uint(&w, TAG_STORED_UID, l->uid);
	if (found != NULL)
		wire_put_uint(&w, TAG_UID, found->pw_uid);
	return rows_add(&n->rows, &w);
}

/* A failure here is no failure of the restore. */
static void
tell_names(struct restore *r)
{
	struct names n = { .rows = { .s = r->s }, .buf = malloc(NAMES_BUFFER),
	    .deadline = wire_now_ms() + NAMES_MS };
	struct wire_writer w;

	if (n.buf != NULL)
		driver_of(r)->lines(r->store, look_up, &n, NULL);
	free(n.buf);
	if (n.rows.len > 0)
		rows_flush(&n.rows);
	wire_start(&w, WIRE_VERSION, VERB_RESTORE | WIRE_REPLY);
	wire_put_int64(&w, TAG_CREATED, r->head.made_at);
	wire_put_string(&w, TAG_TEXT, r->head.host);
	wire_put_uint(&w, TAG_COUNT, n.left_out);
	(void)talk_send(r->s->talk, &w);
}

/* What an earlier one left, or this one leaves: worth a line, no refusal. */
static void
clean_up(struct restore *r)
{
	struct failure f = { .path = "" };

	if (r->staging && driver_of(r)->stage_end(r->store, &f) != STORE_OK)
		log_line(LOG_WARNING, "what a restore leaves behind was not "
		    "dropped, the next one does it: path=%s reason=%s",
		    f.path, f.reason);
}

static enum outcome
run(struct restore *r)
{
	struct session *s = r->s;
	enum outcome o;
	const char *id;

	r->now = clock_now();
	if (!clock_sound(r->now))
		return OUT_CLOCK;
	if ((o = session_key(s)) != OUT_DONE)
		return o;
	if ((r->ring = site_keyring(s->site, &s->failure)) == NULL ||
	    keyring_active(r->ring, &id) == NULL)
		return OUT_KEY;
	memcpy(r->key_id, id, sizeof(r->key_id));
	r->machine_known = machine_hash(site_paths(s->site)->machine_id,
	    r->machine);
	o = site_store(s->site, &r->store, &s->failure);
	if (o == OUT_DONE)
		o = check_empty(r);
	if (o == OUT_DONE)
		o = restore_stage(r);
	if (o == OUT_DONE)
		o = swap(r);
	if (o == OUT_DONE)
		session_tell_accounts(s, "change.restored", r->accounts);
	if (r->store != NULL)
		clean_up(r);
	if (o == OUT_DONE)
		tell_names(r);
	return o;
}

static enum outcome
serve(struct restore *r)
{
	struct session *s = r->s;
	enum outcome o;
	int dir = -1;

	if ((o = session_note(s, false)) != OUT_DONE)
		return o;
	r->batch = calloc(RESTORE_BATCH, sizeof(*r->batch));
	if (r->batch == NULL)
		return OUT_MEMORY;
	/* One at a time, and no rotation: what is staged is sealed. */
	o = session_hold(s, false, &dir);
	if (o == OUT_DONE)
		o = run(r);
	if (dir != -1)
		close(dir);
	free(r->batch);
	s->facts.count = r->accounts > UINT32_MAX ? UINT32_MAX :
	    (uint32_t)r->accounts;
	s->facts.left = r->lost > UINT32_MAX ? UINT32_MAX :
	    (uint32_t)r->lost;
	return o;
}

enum outcome
restore_serve(struct session *s)
{
	struct restore *r = locked_new(sizeof(*r));
	enum outcome o;

	if (r == NULL)
		return OUT_MEMORY;
	r->s = s;
	r->replace = (s->flags & FLAG_REPLACE) != 0;
	upload_start(&r->upload, s->talk, ROWS_MAX, BYTES_MAX);
	if (wire_get_secret(s->request, TAG_ANSWER, &r->passphrase) &&
	    r->passphrase.len > 0) {
		archive_open(&r->archive, &r->passphrase);
		secret_wipe(&r->passphrase);
		o = serve(r);
	} else
		o = OUT_PROTOCOL;
	upload_wipe(&r->upload);
	locked_free(r, sizeof(*r));
	return o;
}
