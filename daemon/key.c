/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KEY: how ring and store stand to each other, and another key for both.
 * The report changes nothing, and holds the ring's folder no longer than it
 * takes to see that nobody does; it reads the store batch by batch, as logins
 * go on.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/text.h"
#include "daemon/clock.h"
#include "daemon/keyring_file.h"
#include "daemon/locked.h"
#include "daemon/log.h"
#include "daemon/rotate.h"
#include "daemon/seal.h"
#include "daemon/session.h"

#define PROGRESS_MS	500
/* Keys of the ring, and as many that are not in it; the rest is one. */
#define TALLY_MAX	(2 * KEYRING_MAX)

struct tally {
	char		id[KEY_ID_LENGTH + 1];
	uint32_t	secrets, stuck;
	bool		absent;
};

/* What the report counts; secrets pass through. */
struct survey {
	struct tally		 tallies[TALLY_MAX];
	size_t			 count;
	uint32_t		 secrets;
	struct stuck		 stuck[ROTATION_STUCK];
	struct store_seal	 rows[STORE_SEALS];
	struct secret		 secret;
};

static struct tally *
tally_of(struct survey *v, const char *id)
{
	struct tally *t;
	size_t i;

	for (i = 0; i < v->count; i++)
		if (strcmp(v->tallies[i].id, id) == 0)
			return &v->tallies[i];
	if (v->count == TALLY_MAX)
		return &v->tallies[TALLY_MAX - 1];
	t = &v->tallies[v->count++];
	memcpy(t->id, id, strlen(id) + 1);
	return t;
}

/* Whether the ring opens it; the secret itself is of no interest. */
static bool
opens(struct session *s, struct survey *v, const struct store_seal *row)
{
	struct seal_row whose = { row->account_id, row->name,
		row->credential_id };
	struct failure f = { 0 };
	const struct keyring *ring = site_keyring(s->site, &f);
	bool open;

	if (ring != NULL && keyring_find(ring, row->sealed.key_id) == NULL) {
		site_look_keyring(s->site);	/* a rotation is at work */
		ring = site_keyring(s->site, &f);
	}
	open = ring != NULL && seal_open(ring, &whose, &row->sealed,
	    &v->secret);
	secret_wipe(&v->secret);
	return open;
}

static void
count_one(struct session *s, struct survey *v, const struct store_seal *row)
{
	struct tally *t = tally_of(v, row->sealed.key_id);
	struct stuck *stuck;

	t->secrets++;
	v->secrets++;
	if (opens(s, v, row))
		return;
	t->stuck++;
	if (s->key_stuck < ROTATION_STUCK) {
		stuck = &v->stuck[s->key_stuck];
		memcpy(stuck->name, row->name, sizeof(stuck->name));
		memcpy(stuck->key_id, row->sealed.key_id,
		    sizeof(stuck->key_id));
	}
	s->key_stuck++;
}

static enum outcome
count_all(struct session *s, struct survey *v)
{
	const struct store_driver *driver = site_driver(s->site);
	enum store_code code;
	struct store *store;
	int64_t after = 0;
	enum outcome o;
	size_t i, n;

	o = site_store(s->site, &store, &s->failure);
	while (o == OUT_DONE) {
		code = driver->seals(store, after, v->rows, &n,
		    &s->failure);
		if (code != STORE_OK || n == 0)
			return session_store_code(s, code);
		after = v->rows[n - 1].credential_id;
		for (i = 0; i < n; i++)
			count_one(s, v, &v->rows[i]);
	}
	return o;
}

/*
 * Each key of the ring has a line, also those that seal nothing: before the
 * rows are counted, and as the ring is after that (a rotation may have been
 * at work).
 */
static void
name_keys(struct session *s, struct survey *v)
{
	struct failure f = { 0 };
	const struct keyring *ring = site_keyring(s->site, &f);
	const char *id;
	size_t i;

	for (i = 0; i < keyring_count(ring); i++)
		tally_of(v, keyring_id(ring, i));
	for (i = 0; i < v->count; i++)
		v->tallies[i].absent = keyring_find(ring,
		    v->tallies[i].id) == NULL;
	s->key_flags &= ~(uint32_t)FLAG_UNFINISHED;
	if (keyring_active(ring, &id) == NULL)
		return;
	memcpy(s->key_active, id, KEY_ID_LENGTH + 1);
	if (keyring_count(ring) > 1)
		s->key_flags |= FLAG_UNFINISHED;
}

static bool
send_key(struct session *s, const struct tally *t)
{
	struct wire_writer w;
	uint32_t flags = t->absent ? FLAG_ABSENT : 0;

	if (strcmp(t->id, s->key_active) == 0)
		flags |= FLAG_ACTIVE;
	wire_start(&w, WIRE_VERSION, s->verb | WIRE_REPLY);
	wire_put_string(&w, TAG_KEY, t->id);
	wire_put_uint(&w, TAG_COUNT, t->secrets);
	wire_put_uint(&w, TAG_STUCK, t->stuck);
	wire_put_uint(&w, TAG_FLAGS, flags);
	return talk_send(s->talk, &w);
}

static bool
send_stuck(struct session *s, const struct stuck *stuck, size_t n)
{
	struct wire_writer w;
	size_t i;

	for (i = 0; i < n && i < ROTATION_STUCK; i++) {
		wire_start(&w, WIRE_VERSION, s->verb | WIRE_REPLY);
		wire_put_string(&w, TAG_NAME, stuck[i].name);
		if (stuck[i].key_id[0] != '\0')
			wire_put_string(&w, TAG_KEY, stuck[i].key_id);
		if (!talk_send(s->talk, &w))
			return false;
	}
	return true;
}

/* A rotation, or a restore, holds the folder while it is at work. */
static void
look_running(struct session *s)
{
	const struct paths *paths = site_paths(s->site);
	struct failure f = { 0 };
	int dir;

	if (keyring_hold(paths->keyring, paths->owner, true, &dir, &f) ==
	    OUT_BUSY)
		s->key_flags |= FLAG_HELD;
	if (dir != -1)
		close(dir);
}

static enum outcome
report(struct session *s, struct survey *v)
{
	struct failure f;
	enum outcome o;
	size_t i;

	look_running(s);
	name_keys(s, v);
	o = count_all(s, v);
	if (o != OUT_DONE)
		return o;
	name_keys(s, v);
	f = s->failure;
	if (session_key(s) != OUT_DONE)
		s->facts.why = OUT_KEY;
	else
		s->failure = f;
	s->facts.count = v->secrets;
	for (i = 0; i < v->count; i++)
		if ((!v->tallies[i].absent || v->tallies[i].secrets > 0) &&
		    !send_key(s, &v->tallies[i]))
			return OUT_NO_INPUT;
	return send_stuck(s, v->stuck, s->key_stuck) ? OUT_DONE :
	    OUT_NO_INPUT;
}

static enum outcome
report_serve(struct session *s)
{
	struct survey *v = locked_new(sizeof(*v));
	enum outcome o;

	if (v == NULL)
		return OUT_MEMORY;
	o = report(s, v);
	locked_free(v, sizeof(*v));
	return o;
}

/* --- Rotation -------------------------------------------------------------- */

struct progress {
	struct session	*s;
	int64_t		 told_ms;
};

/* Whatever comes from the client, its end too, asks to stop. */
static bool
step(const struct rotation *r, void *arg)
{
	struct progress *p = arg;
	struct wire_writer w;
	int64_t now = wire_now_ms();

	if (wire_wait(p->s->talk->fd, POLLIN, now))
		return false;
	if (now - p->told_ms < PROGRESS_MS)
		return true;
	p->told_ms = now;
	wire_start(&w, WIRE_VERSION, p->s->verb | WIRE_REPLY);
	wire_put_uint(&w, TAG_COUNT, (uint32_t)r->sealed);
	return talk_send(p->s->talk, &w);
}

/* `change.key by=1000 key=0123abcd removed=89abcdef secrets=1000` */
static void
tell(const struct session *s, const struct rotation *r)
{
	char line[640] = "", by[16], number[24];
	size_t used = 0, i;

	snprintf(by, sizeof(by), "%lu", (unsigned long)s->by);
	snprintf(number, sizeof(number), "%lld", (long long)r->sealed);
	text_field(line, sizeof(line), &used, "by", s->by_known ? by : NULL);
	text_field(line, sizeof(line), &used, "key", r->active);
	for (i = 0; i < r->removed_count; i++)
		text_field(line, sizeof(line), &used, "removed",
		    r->removed[i]);
	text_field(line, sizeof(line), &used, "secrets", number);
	text_field(line, sizeof(line), &used, "reason",
	    s->note[0] != '\0' ? s->note : NULL);
	log_line(LOG_NOTICE, "change.key%s", line);
}

static bool
send_removed(struct session *s, const struct rotation *r)
{
	struct wire_writer w;
	size_t i;

	for (i = 0; i < r->removed_count; i++) {
		wire_start(&w, WIRE_VERSION, s->verb | WIRE_REPLY);
		wire_put_string(&w, TAG_KEY, r->removed[i]);
		wire_put_uint(&w, TAG_FLAGS, FLAG_ABSENT);
		if (!talk_send(s->talk, &w))
			return false;
	}
	return true;
}

static enum outcome
rotate_serve(struct session *s)
{
	struct progress p = { .s = s, .told_ms = wire_now_ms() };
	struct store_event event = { .at = clock_now(),
	    .door = s->caller->door, .outcome = OUT_DONE };
	struct rotation r;
	enum outcome o;

	o = session_note(s, false);
	if (o != OUT_DONE)
		return o;
	event.by_known = s->by_known;
	event.by = s->by;
	event.note = s->note[0] != '\0' ? s->note : NULL;
	o = rotate_run(s->site, &event, step, &p, &r, &s->failure);
	s->facts.count = (uint32_t)r.sealed;
	s->key_stuck = (uint32_t)r.stuck_count;
	memcpy(s->key_active, r.active, sizeof(s->key_active));
	s->key_flags = (r.resumed ? FLAG_RESUMED : 0) |
	    (r.unfinished ? FLAG_UNFINISHED : 0);
	if (o != OUT_DONE)
		return o;
	tell(s, &r);
	/* Done is done, whether or not somebody hears of it. */
	if (send_removed(s, &r))
		(void)send_stuck(s, r.stuck, (size_t)r.stuck_count);
	return OUT_DONE;
}

enum outcome
key_serve(struct session *s)
{
	return (s->flags & FLAG_NEW) != 0 ? rotate_serve(s) :
	    report_serve(s);
}

void
key_put(const struct session *s, struct wire_writer *w)
{
	wire_put_uint(w, TAG_STUCK, s->key_stuck);
	wire_put_uint(w, TAG_FLAGS, s->key_flags);
	if (s->key_active[0] != '\0')
		wire_put_string(w, TAG_KEY, s->key_active);
	if (s->failure.path[0] == '\0')
		wire_put_cut(w, TAG_PATH, site_paths(s->site)->keyring);
}
