/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events and tallies: rows of the commits that charges, successes and
 * changes need anyway.  Each door has a ring of its own, so that nobody can
 * wash the login door's events away from the public one; what changed
 * nothing is only counted, by the hour.
 */
#include <string.h>

#include "daemon/store_sqlite.h"

/* How many old events go with a new one: always, and when space is tight
   (the longest new one takes a page, which held that many short ones). */
#define STEP		4
#define STEP_TIGHT	48

/* Whom it is about; -1 where NSS knows nobody. */
static int64_t
uid_of(const struct account *a)
{
	return a->name[0] == '\0' || a->uid == (uid_t)-1 ? -1 :
	    (int64_t)a->uid;
}

/*
 * Free pages run out where the disk is full for long.  A login is worth
 * more than the oldest line about one.
 */
static enum store_code
look_tight(struct store *s, bool *tight, struct failure *f)
{
	enum store_code code;
	int64_t left;

	code = lite_number(s, LITE_FREE_PAGES, &left, f);
	*tight = code == STORE_OK && left < LITE_RESERVE_TIGHT;
	return code;
}

/* Drops what the ring has no room for, the new row being the newest. */
static enum store_code
turn_ring(struct store *s, enum lite_statement which, struct failure *f)
{
	int64_t newest = sqlite3_last_insert_rowid(s->db);
	enum store_code code;
	struct lite_call c;
	bool tight;

	if ((code = look_tight(s, &tight, f)) != STORE_OK)
		return code;
	lite_call(&c, s, which);
	lite_int(&c, newest - (tight ? 1 : (int64_t)s->audit_events));
	lite_int(&c, tight ? STEP_TIGHT : STEP);
	return lite_write(&c, NULL, f);
}

enum store_code
lite_write_event(struct store *s, const struct account *a, int change,
    const struct store_event *e, struct failure *f)
{
	bool public = e->door == DOOR_PUBLIC;
	enum store_code code;
	struct lite_call c;

	lite_call(&c, s, public ? LITE_EVENT_PUBLIC : LITE_EVENT_LOGIN);
	lite_int(&c, e->at);
	lite_int(&c, uid_of(a));
	lite_int(&c, a->id);
	lite_int(&c, e->outcome);
	lite_int(&c, e->kind);
	lite_int(&c, change);
	if (!public) {
		lite_int(&c, e->door);
		lite_text(&c, e->service);
		lite_text(&c, e->rhost);
		lite_text(&c, e->tty);
		lite_int(&c, e->by_known ? (int64_t)e->by : -1);
		lite_blob(&c, e->note, e->note != NULL ?
		    strlen(e->note) : 0);
	}
	code = lite_write(&c, NULL, f);
	if (code == STORE_OK)
		code = turn_ring(s, public ? LITE_RING_PUBLIC :
		    LITE_RING_LOGIN, f);
	return code;
}

enum store_code
lite_tell(struct store *s, unsigned change, const struct store_event *e,
    struct failure *f)
{
	const struct account nobody = { .uid = (uid_t)-1 };
	enum store_code code = lite_within(s, LITE_WRITING, f);

	return code == STORE_OK ?
	    lite_write_event(s, &nobody, (int)change, e, f) : code;
}

/* The public door counts nothing here: its refusals are syslog's. */
enum store_code
lite_write_tally(struct store *s, const struct account *a,
    const struct store_event *e, struct failure *f)
{
	int64_t hour = e->at / 3600;
	enum store_code code;
	struct lite_call c;
	bool tight;

	if (e->door == DOOR_PUBLIC)
		return STORE_OK;
	lite_call(&c, s, LITE_TALLY);
	lite_int(&c, hour);
	lite_int(&c, uid_of(a));
	lite_int(&c, e->outcome);
	lite_int(&c, e->at);
	if ((code = lite_write(&c, NULL, f)) != STORE_OK ||
	    (code = look_tight(s, &tight, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_TALLY_OLD);
	lite_int(&c, tight ? hour : hour - 24 * LITE_TALLY_DAYS);
	lite_int(&c, s->audit_events);
	return lite_write(&c, NULL, f);
}
