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

#include "daemon/archive.h"
#include "daemon/clock.h"
#include "daemon/keyring.h"
#include "daemon/locked.h"
#include "daemon/log.h"
#include "daemon/machine.h"
#include "daemon/record.h"
#include "daemon/rows.h"
#include "daemon/seal.h"
#include "daemon/session.h"
#include "daemon/upload.h"

#define BATCH		64	/* accounts a transaction */
#define ROWS_MAX	(UINT64_C(1) << 32)
#define BYTES_MAX	(UINT64_C(1) << 40)
#define SWAP_TRIES	5
#define CLOCK_SLACK	60	/* s that the other clock may be ahead */
#define NAMES_MS	10000	/* for looking names up afterwards */
#define NAMES_BUFFER	(64 * 1024)

/* In locked memory. */
struct restore {
	struct session	*s;
	struct store	*store;
	const struct keyring *ring;
	char		 key_id[KEY_ID_LENGTH + 1]; /* that sealed them */
	int64_t		 now;
	uint8_t		 machine[STORE_MACHINE];
	bool		 machine_known, replace;
	struct record_head head;
	bool		 headed, ended, staging;
	uint64_t	 accounts, said, lost;
	enum outcome	 refused;	/* why a record was not taken */
	struct account	*batch;		/* BATCH of them, sealed */
	size_t		 n;
	struct account	 account;	/* secrets are open here alone */
	struct archive	 archive;
	struct record_reader reader;
	struct upload	 upload;
};

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
	enum store_code code = STORE_OK;

	if (!r->staging)
		code = driver_of(r)->stage_begin(r->store, &r->s->failure);
	r->staging = true;
	if (code == STORE_OK && r->n > 0)
		code = driver_of(r)->stage(r->store, r->batch, r->n,
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
	if (o == OUT_DONE && r->n == BATCH)
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

/* The file, to its end. */
static enum outcome
receive(struct restore *r)
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
		o = receive(r);
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
	r->batch = calloc(BATCH, sizeof(*r->batch));
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
	struct secret passphrase = { 0 };
	enum outcome o;

	if (r == NULL)
		return OUT_MEMORY;
	r->s = s;
	r->replace = (s->flags & FLAG_REPLACE) != 0;
	upload_start(&r->upload, s->talk, ROWS_MAX, BYTES_MAX);
	if (wire_get_secret(s->request, TAG_ANSWER, &passphrase) &&
	    passphrase.len > 0) {
		archive_open(&r->archive, &passphrase);
		o = serve(r);
	} else
		o = OUT_PROTOCOL;
	secret_wipe(&passphrase);
	upload_wipe(&r->upload);
	locked_free(r, sizeof(*r));
	return o;
}
