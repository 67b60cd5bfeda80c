/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happened, for root: both rings, and what was only counted, merged by
 * time, batch by batch; no transaction is open while the client reads.
 *
 * The cursor is a place in each ring, and an hour: what was counted in the
 * hours before it has been told for good.  The count of the hour that runs
 * is told as it stands, and again by whoever reads on from there.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/rows.h"

#define FOLLOW_MS	500
#define ALIVE_MS	20000
#define HOUR		3600
/* Who read the clock before the hour's end has committed by then. */
#define LATE		10
#define RINGS		2

struct filter {
	bool		has_uid, has_service, has_names;
	uint32_t	uid;
	char		service[WIRE_STRING_MAX + 1];
	int64_t		since, until;
	uint64_t	outcomes;	/* a bit for each */
	uint32_t	changes;
};

struct cursor {
	int64_t		after[RINGS];	/* the last event of each ring */
	int64_t		hour;		/* tallies before it are told */
};

/* The two rings, then the tallies: where the reading of each stands. */
enum { SOURCE_TALLY = RINGS, SOURCES };

struct reader {
	struct session		*s;
	struct filter		 filter;
	struct rows		 rows;
	struct cursor		 told;		/* with all rows so far */
	bool			 anew;		/* it was of another store */
	uint32_t		 lost;		/* events the ring has dropped */
	struct store_record	*batch[RINGS];	/* STORE_RECORDS each */
	struct store_tally	*tallies;	/* STORE_RECORDS */
	struct store_tally	 from;		/* where the tallies go on */
	int64_t			 running;	/* this hour's count may grow */
	int64_t			 told_at;	/* of what is told of it */
	size_t			 at[SOURCES], count[SOURCES];
	bool			 end[SOURCES];	/* the last batch was short */
};

/* --- What is wanted ---------------------------------------------------- */

static void
read_filter(struct filter *f, const struct wire_message *m)
{
	int64_t outcomes;

	f->has_uid = wire_get_uint(m, TAG_UID, &f->uid);
	f->has_service = wire_get_string(m, TAG_SERVICE, f->service);
	wire_get_int64(m, TAG_SINCE, &f->since);
	if (!wire_get_int64(m, TAG_UNTIL, &f->until))
		f->until = INT64_MAX;
	f->has_names = wire_has(m, TAG_OUTCOMES) || wire_has(m, TAG_CHANGES);
	wire_get_int64(m, TAG_OUTCOMES, &outcomes);
	f->outcomes = (uint64_t)outcomes;
	wire_get_uint(m, TAG_CHANGES, &f->changes);
}

static bool
name_wanted(const struct filter *f, unsigned outcome, unsigned change)
{
	if (!f->has_names)
		return true;
	return change > 0 ? change < 32 && (f->changes >> change & 1) != 0 :
	    outcome < 64 && (f->outcomes >> outcome & 1) != 0;
}

static bool
record_wanted(const struct filter *f, const struct store_record *e)
{
	return e->at >= f->since && e->at <= f->until &&
	    (!f->has_uid || (e->uid_known && e->uid == f->uid)) &&
	    (!f->has_service || strcmp(f->service, e->service) == 0) &&
	    name_wanted(f, e->outcome, e->change);
}

/* A tally is of an hour, and of all services. */
static bool
tally_wanted(const struct filter *f, const struct store_tally *t)
{
	return t->last_at >= f->since && t->hour * HOUR <= f->until &&
	    (!f->has_uid || t->uid == (int64_t)f->uid) && !f->has_service &&
	    name_wanted(f, t->outcome, 0);
}

/* --- Rows -------------------------------------------------------------- */

static void
put_record(const struct store_record *e, struct wire_writer *w)
{
	wire_start(w, WIRE_VERSION, VERB_LOG);
	wire_put_uint(w, TAG_RING, e->ring);
	wire_put_int64(w, TAG_EVENT, e->id);
	wire_put_int64(w, TAG_CREATED, e->at);
	if (e->uid_known)
		wire_put_uint(w, TAG_UID, e->uid);
	if (e->name[0] != '\0')
		wire_put_string(w, TAG_NAME, e->name);
	wire_put_uint(w, TAG_OUTCOME, e->outcome);
	wire_put_uint(w, TAG_KIND, e->kind);
	wire_put_uint(w, TAG_CHANGE, e->change);
	if (e->service[0] != '\0')
		wire_put_string(w, TAG_SERVICE, e->service);
	if (e->rhost[0] != '\0')
		wire_put_string(w, TAG_RHOST, e->rhost);
	if (e->tty[0] != '\0')
		wire_put_string(w, TAG_TTY, e->tty);
	if (e->by_known)
		wire_put_uint(w, TAG_BY, e->by);
	if (e->note[0] != '\0')
		wire_put_string(w, TAG_REASON, e->note);
}

static void
put_tally(const struct store_tally *t, bool running, struct wire_writer *w)
{
	wire_start(w, WIRE_VERSION, VERB_LOG);
	wire_put_uint(w, TAG_RING, WIRE_RING_TALLY);
	wire_put_int64(w, TAG_EVENT, t->hour);
	wire_put_int64(w, TAG_CREATED, t->last_at);
	if (t->uid >= 0)
		wire_put_uint(w, TAG_UID, (uint32_t)t->uid);
	if (t->name[0] != '\0')
		wire_put_string(w, TAG_NAME, t->name);
	wire_put_uint(w, TAG_OUTCOME, t->outcome);
	wire_put_uint(w, TAG_COUNT, t->count < UINT32_MAX ?
	    (uint32_t)t->count : UINT32_MAX);
	if (running)
		wire_put_uint(w, TAG_FLAGS, FLAG_RUNNING);
}

/* In every packet: where the client stands with its rows. */
static void
put_cursor(struct wire_writer *w, const void *arg)
{
	const struct reader *r = arg;

	wire_put_int64(w, TAG_AFTER, r->told.after[RING_LOGIN]);
	wire_put_int64(w, TAG_AFTER_PUBLIC, r->told.after[RING_PUBLIC]);
	wire_put_int64(w, TAG_AFTER_HOUR, r->told.hour);
	if (r->lost > 0)
		wire_put_uint(w, TAG_COUNT, r->lost);
	if (r->anew)
		wire_put_uint(w, TAG_FLAGS, FLAG_ANEW);
}

/* --- Reading ----------------------------------------------------------- */

/* Reads on where a ring's batch is used up. */
static enum outcome
refill_ring(struct reader *r, struct store *store, int i)
{
	struct session *s = r->s;
	int64_t gap, after = r->told.after[i];
	enum store_code code;

	code = site_driver(s->site)->records(store, (enum store_ring)i, after,
	    r->batch[i], &r->count[i], &s->failure);
	r->end[i] = r->count[i] < STORE_RECORDS;
	/* Numbers in a ring have no gaps: these have been dropped. */
	if (code == STORE_OK && r->count[i] > 0 && after > 0) {
		gap = r->batch[i][0].id - after - 1;
		r->lost += gap < UINT32_MAX - r->lost ? (uint32_t)gap : 0;
	}
	return session_store_code(s, code);
}

static enum outcome
refill_tallies(struct reader *r, struct store *store)
{
	struct session *s = r->s;
	size_t *n = &r->count[SOURCE_TALLY];
	enum store_code code;

	code = site_driver(s->site)->tallies(store, &r->from, r->tallies, n,
	    &s->failure);
	r->end[SOURCE_TALLY] = *n < STORE_RECORDS;
	if (code == STORE_OK && *n > 0)
		r->from = r->tallies[*n - 1];
	return session_store_code(s, code);
}

static enum outcome
refill(struct reader *r)
{
	struct store *store;
	enum outcome o;
	int i;

	o = site_store(r->s->site, &store, &r->s->failure);
	for (i = 0; i < SOURCES && o == OUT_DONE; i++) {
		if (r->at[i] < r->count[i] || r->end[i])
			continue;
		r->at[i] = r->count[i] = 0;
		o = i == SOURCE_TALLY ? refill_tallies(r, store) :
		    refill_ring(r, store, i);
	}
	return o;
}

/* Where the next row of a source stands; an hour's count at its end. */
static int64_t
place(const struct reader *r, int i)
{
	if (r->at[i] == r->count[i])
		return INT64_MAX;
	if (i == SOURCE_TALLY)
		return r->tallies[r->at[i]].hour * HOUR + HOUR - 1;
	return r->batch[i][r->at[i]].at;
}

/* The source whose row is the oldest; SOURCES: all are used up. */
static int
oldest(const struct reader *r)
{
	int i, best = SOURCES;

	for (i = 0; i < SOURCES; i++)
		if (r->at[i] < r->count[i] &&
		    (best == SOURCES || place(r, i) < place(r, best)))
			best = i;
	return best;
}

static bool
take_record(struct reader *r, int i)
{
	const struct store_record *e = &r->batch[i][r->at[i]++];
	struct wire_writer w;
	bool ok = true;

	if (record_wanted(&r->filter, e)) {
		put_record(e, &w);
		ok = rows_add(&r->rows, &w);
	}
	/* With the row, not before: the packet that went had not got it. */
	r->told.after[i] = e->id;
	return ok;
}

/* newest: of the running hour. */
static bool
take_tally(struct reader *r, int64_t *newest)
{
	const struct store_tally *t = &r->tallies[r->at[SOURCE_TALLY]++];
	bool running = t->hour >= r->running, ok = true;
	struct wire_writer w;

	if (tally_wanted(&r->filter, t) &&
	    (!running || t->last_at > r->told_at)) {
		put_tally(t, running, &w);
		ok = rows_add(&r->rows, &w);
	}
	if (running && t->last_at > *newest)
		*newest = t->last_at;
	return ok;
}

/* All there is now. */
static enum outcome
read_all(struct reader *r)
{
	int64_t newest = r->told_at;
	enum outcome o;
	int i;

	memset(r->end, 0, sizeof(r->end));
	r->from.hour = r->told.hour;
	r->from.uid = -2;		/* before them all */
	r->from.outcome = 0;
	r->running = (clock_now() - LATE) / HOUR;
	for (;;) {
		o = refill(r);
		if (o != OUT_DONE)
			return o;
		i = oldest(r);
		if (i == SOURCES)
			break;
		if (!(i == SOURCE_TALLY ? take_tally(r, &newest) :
		    take_record(r, i)))
			return OUT_NO_INPUT;
	}
	if (r->running > r->told.hour)
		r->told.hour = r->running;
	r->told_at = newest;
	if (r->rows.len > 0)
		rows_flush(&r->rows);
	return r->rows.gone ? OUT_NO_INPUT : OUT_DONE;
}

/* Whatever comes from the client, its end too, is the end. */
static enum outcome
follow(struct reader *r)
{
	enum outcome o = OUT_DONE;

	while (o == OUT_DONE &&
	    !wire_wait(r->s->talk->fd, POLLIN, wire_now_ms() + FOLLOW_MS)) {
		o = read_all(r);
		if (o == OUT_DONE &&
		    wire_now_ms() - r->rows.sent_ms > ALIVE_MS &&
		    !rows_flush(&r->rows))
			o = OUT_NO_INPUT;
	}
	return o;
}

/*
 * The newest event of a ring is never dropped.  Where there is none from
 * this place on, the cursor is of another store: all is told.
 */
static enum outcome
find_place(struct reader *r)
{
	struct session *s = r->s;
	struct store *store;
	enum store_code code;
	enum outcome o;
	size_t n;
	int i;

	o = site_store(s->site, &store, &s->failure);
	for (i = 0; i < RINGS && o == OUT_DONE; i++) {
		if (r->told.after[i] <= 0)
			continue;
		code = site_driver(s->site)->records(store,
		    (enum store_ring)i, r->told.after[i] - 1, r->batch[i],
		    &n, &s->failure);
		o = session_store_code(s, code);
		r->anew = r->anew || (o == OUT_DONE && n == 0);
	}
	if (r->anew)
		memset(&r->told, 0, sizeof(r->told));
	return o;
}

static enum outcome
serve(struct reader *r)
{
	enum outcome o;

	o = find_place(r);
	if (o == OUT_DONE)
		o = read_all(r);
	/* One more, whatever was wanted: it has the cursor. */
	if (o == OUT_DONE && !rows_flush(&r->rows))
		o = OUT_NO_INPUT;
	if (o == OUT_DONE && (r->s->flags & FLAG_FOLLOW) != 0)
		o = follow(r);
	return o;
}

enum outcome
events_serve(struct session *s)
{
	struct reader *r = calloc(1, sizeof(*r));
	enum outcome o = OUT_MEMORY;

	if (r == NULL)
		return o;
	r->s = r->rows.s = s;
	r->rows.tail = put_cursor;
	r->rows.arg = r;
	r->told_at = -1;
	read_filter(&r->filter, s->request);
	wire_get_int64(s->request, TAG_AFTER, &r->told.after[RING_LOGIN]);
	wire_get_int64(s->request, TAG_AFTER_PUBLIC,
	    &r->told.after[RING_PUBLIC]);
	wire_get_int64(s->request, TAG_AFTER_HOUR, &r->told.hour);
	r->batch[0] = calloc(STORE_RECORDS, sizeof(*r->batch[0]));
	r->batch[1] = calloc(STORE_RECORDS, sizeof(*r->batch[1]));
	r->tallies = calloc(STORE_RECORDS, sizeof(*r->tallies));
	if (r->batch[0] != NULL && r->batch[1] != NULL && r->tallies != NULL)
		o = serve(r);
	free(r->batch[0]);
	free(r->batch[1]);
	free(r->tallies);
	free(r);
	return o;
}
