/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "daemon/children.h"

#define EACH(kids, c) \
	for (c = (kids)->child; c < (kids)->child + CHILDREN_MAX; c++)

struct child *
children_add(struct children *kids, pid_t pid, int channel, int64_t now)
{
	struct child *c;

	EACH(kids, c) {
		if (c->state != CHILD_FREE)
			continue;
		memset(c, 0, sizeof(*c));
		c->state = CHILD_NEW;
		c->pid = pid;
		c->channel = channel;
		c->uid = (uid_t)-1;
		c->active = now;
		return c;
	}
	return NULL;
}

static size_t
count_in(const struct children *kids)
{
	const struct child *c;
	size_t n = 0;

	EACH(kids, c)
		n += c->state == CHILD_IN;
	return n;
}

static size_t
count_uid(const struct children *kids, uid_t uid)
{
	const struct child *c;
	size_t n = 0;

	EACH(kids, c)
		n += c->state == CHILD_IN && c->uid == uid;
	return n;
}

/*
 * The counter of a uid in its present minute: its own, or one whose minute
 * is over.  NULL when more uids came in a minute than are counted.
 */
static struct child_minute *
minute_of(struct children *kids, uid_t uid, int64_t now)
{
	struct child_minute *m, *empty = NULL;

	for (m = kids->minute; m < kids->minute + CHILDREN_UIDS; m++) {
		bool over = m->count == 0 ||
		    now - m->since >= CHILDREN_MINUTE_MS;

		if (!over && m->uid == uid)
			return m;
		if (over && empty == NULL)
			empty = m;
	}
	if (empty != NULL) {
		empty->uid = uid;
		empty->since = now;
		empty->count = 0;
	}
	return empty;
}

/* Whether this connection may still write a log line. */
static bool
minute_count(struct children *kids, uid_t uid, int64_t now)
{
	struct child_minute *m = minute_of(kids, uid, now);

	if (m == NULL)
		return false;
	if (m->count <= CHILDREN_LOUD)
		m->count++;
	return m->count <= CHILDREN_LOUD;
}

/*
 * Who makes room for one of a uid that holds `own`: the longest idle one of
 * the uid that holds most.  NULL where that would only change places: who
 * has one would else send others away, be sent away by them, and so on, as
 * fast as processes start, and a newcomer would wait behind all that.
 */
static struct child *
find_victim(struct children *kids, size_t own)
{
	struct child *c, *victim = NULL;
	size_t n, most = 0;

	EACH(kids, c) {
		if (c->state != CHILD_IN)
			continue;
		n = count_uid(kids, c->uid);
		if (victim == NULL || n > most ||
		    (n == most && c->active < victim->active)) {
			most = n;
			victim = c;
		}
	}
	return own == 0 || own + 1 < most ? victim : NULL;
}

enum verdict
children_admit(struct children *kids, struct child *c, uid_t uid, int64_t now,
    struct child **victim)
{
	size_t own;
	bool loud;

	*victim = NULL;
	c->uid = uid;
	c->active = now;
	c->state = CHILD_OUT;
	if (uid == (uid_t)-1)
		return VERDICT_PEER;
	loud = minute_count(kids, uid, now);
	own = count_uid(kids, uid);
	if (own >= CHILDREN_PER_UID)
		return VERDICT_BUSY;
	if (count_in(kids) >= CHILDREN_ADMITTED) {
		if ((*victim = find_victim(kids, own)) == NULL)
			return VERDICT_BUSY;
		(*victim)->state = CHILD_OUT;
	}
	c->state = CHILD_IN;
	return loud ? VERDICT_IN : VERDICT_SILENT;
}

struct child *
children_idle(struct children *kids, int64_t now)
{
	struct child *c;

	EACH(kids, c) {
		if (c->state != CHILD_IN || now - c->active < CHILDREN_IDLE_MS)
			continue;
		c->state = CHILD_OUT;
		return c;
	}
	return NULL;
}

int64_t
children_next(const struct children *kids)
{
	const struct child *c;
	int64_t first = 0;

	EACH(kids, c)
		if (c->state == CHILD_IN &&
		    (first == 0 || c->active + CHILDREN_IDLE_MS < first))
			first = c->active + CHILDREN_IDLE_MS;
	return first;
}

void
children_reaped(struct children *kids, pid_t pid)
{
	struct child *c;

	EACH(kids, c)
		if (c->state != CHILD_FREE && c->pid == pid)
			c->reaped = true;
}

void
children_remove(struct child *c)
{
	memset(c, 0, sizeof(*c));
}
