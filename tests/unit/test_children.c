/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <string.h>

#include "daemon/children.h"

#define NOW 1000000

static struct children kids;

static int
setup(void **state)
{
	(void)state;
	memset(&kids, 0, sizeof(kids));
	return 0;
}

/* A connection of uid at a time; its verdict, its place. */
static enum verdict
come(uid_t uid, int64_t now, struct child **c, struct child **victim)
{
	static pid_t pid = 100;

	*c = children_add(&kids, pid++, 7, now);
	assert_non_null(*c);
	assert_int_equal((*c)->state, CHILD_NEW);
	return children_admit(&kids, *c, uid, now, victim);
}

static void
uid_has_eight(void **state)
{
	struct child *c, *victim, *first = NULL;
	int i;

	(void)state;
	for (i = 0; i < CHILDREN_PER_UID; i++) {
		assert_int_equal(come(1000, NOW + i, &c, &victim), VERDICT_IN);
		assert_null(victim);
		if (i == 0)
			first = c;
	}
	assert_int_equal(come(1000, NOW, &c, &victim), VERDICT_BUSY);
	assert_null(victim);
	assert_int_equal(c->state, CHILD_OUT);
	children_remove(c);
	assert_int_equal(come(1001, NOW, &c, &victim), VERDICT_IN);
	/* One of them ends: there is room again. */
	children_remove(first);
	assert_int_equal(come(1000, NOW, &c, &victim), VERDICT_IN);
}

/* 64 places, uid 5 holds eight of them, uid 6 seven. */
static void
fill(struct child **longest)
{
	struct child *c, *victim;
	size_t i;
	uid_t uid;

	for (i = 0; i < CHILDREN_ADMITTED; i++) {
		uid = i < 8 ? 5 : i < 15 ? 6 : (uid_t)(1000 + i);
		assert_int_equal(come(uid, NOW + 100 - (int64_t)i, &c,
		    &victim), VERDICT_IN);
		assert_null(victim);
		if (uid == 5)
			*longest = c;
	}
}

static void
who_holds_most_makes_room(void **state)
{
	struct child *longest = NULL, *c, *victim;

	(void)state;
	fill(&longest);
	/* All others were idle for longer than uid 5's. */
	assert_int_equal(come(9, NOW + 200, &c, &victim), VERDICT_IN);
	assert_ptr_equal(victim, longest);
	assert_int_equal(victim->uid, 5);
	assert_int_equal(victim->state, CHILD_OUT);
	assert_int_equal(c->state, CHILD_IN);
}

static void
activity_protects(void **state)
{
	struct child *longest = NULL, *c, *victim;

	(void)state;
	fill(&longest);
	longest->active = NOW + 150;
	assert_int_equal(come(9, NOW + 200, &c, &victim), VERDICT_IN);
	assert_non_null(victim);
	assert_int_equal(victim->uid, 5);
	assert_ptr_not_equal(victim, longest);
}

/* A uid at its own cap sends nobody away. */
static void
refused_evicts_nobody(void **state)
{
	struct child *longest = NULL, *c, *victim;

	(void)state;
	fill(&longest);
	assert_int_equal(come(5, NOW + 200, &c, &victim), VERDICT_BUSY);
	assert_null(victim);
}

/* Who is in already sends nobody away for a mere change of places. */
static void
no_change_of_places(void **state)
{
	struct child *longest = NULL, *c, *victim;
	size_t i;

	(void)state;
	fill(&longest);
	/* Uid 6 holds seven, uid 5 eight: equal then, so no. */
	assert_int_equal(come(6, NOW + 200, &c, &victim), VERDICT_BUSY);
	assert_null(victim);
	children_remove(c);
	/* Uid 1063 holds one: two against uid 5's seven, so yes. */
	assert_int_equal(come(1063, NOW + 200, &c, &victim), VERDICT_IN);
	assert_int_equal(victim->uid, 5);
	children_remove(victim);
	/* One each: only who has none. */
	memset(&kids, 0, sizeof(kids));
	for (i = 0; i < CHILDREN_ADMITTED; i++)
		assert_int_equal(come((uid_t)(1000 + i), NOW, &c, &victim),
		    VERDICT_IN);
	assert_int_equal(come(1000, NOW, &c, &victim), VERDICT_BUSY);
	assert_null(victim);
	children_remove(c);
	assert_int_equal(come(1, NOW, &c, &victim), VERDICT_IN);
	assert_non_null(victim);
}

/* With one each, the longest idle of all goes; never more than 64 in. */
static void
many_uids(void **state)
{
	struct child *c, *victim;
	size_t i, in;

	(void)state;
	for (i = 0; i < 1000; i++) {
		assert_int_equal(come((uid_t)(100000 + i),
		    NOW + 60001 * (int64_t)i, &c, &victim), VERDICT_IN);
		if (i < CHILDREN_ADMITTED)
			assert_null(victim);
		else {
			assert_int_equal(victim->uid,
			    100000 + i - CHILDREN_ADMITTED);
			children_remove(victim);
		}
		for (in = 0, c = kids.child; c < kids.child + CHILDREN_MAX;
		    c++)
			in += c->state == CHILD_IN;
		assert_true(in <= CHILDREN_ADMITTED);
	}
}

static void
nobody_is_turned_away(void **state)
{
	struct child *longest = NULL, *c, *victim;

	(void)state;
	fill(&longest);
	assert_int_equal(come((uid_t)-1, NOW, &c, &victim), VERDICT_PEER);
	assert_null(victim);
	assert_int_equal(c->state, CHILD_OUT);
}

static void
eleventh_is_silent(void **state)
{
	struct child *c, *victim;
	int i;

	(void)state;
	for (i = 1; i <= 30; i++) {
		assert_int_equal(come(1000, NOW + i, &c, &victim),
		    i <= CHILDREN_LOUD ? VERDICT_IN : VERDICT_SILENT);
		children_remove(c);
	}
	assert_int_equal(come(1001, NOW, &c, &victim), VERDICT_IN);
	assert_int_equal(come(1000, NOW + CHILDREN_MINUTE_MS, &c, &victim),
	    VERDICT_SILENT);
	assert_int_equal(come(1000, NOW + 1 + CHILDREN_MINUTE_MS, &c,
	    &victim), VERDICT_IN);
}

/* More uids than are counted: heard, but not of. */
static void
too_many_uids_are_silent(void **state)
{
	struct child *c, *victim;
	uid_t uid;

	(void)state;
	for (uid = 1; uid <= CHILDREN_UIDS; uid++) {
		assert_int_equal(come(uid, NOW, &c, &victim), VERDICT_IN);
		children_remove(c);
	}
	assert_int_equal(come(uid, NOW, &c, &victim), VERDICT_SILENT);
	children_remove(c);
	assert_int_equal(come(1, NOW, &c, &victim), VERDICT_IN);
	assert_int_equal(come(uid, NOW + CHILDREN_MINUTE_MS, &c, &victim),
	    VERDICT_IN);
}

static void
idle_ones_go(void **state)
{
	struct child *a, *b, *victim;

	(void)state;
	assert_true(children_next(&kids) == 0);
	come(1, NOW, &a, &victim);
	come(2, NOW + 5, &b, &victim);
	assert_true(children_next(&kids) == NOW + CHILDREN_IDLE_MS);
	assert_null(children_idle(&kids, NOW + CHILDREN_IDLE_MS - 1));
	assert_ptr_equal(children_idle(&kids, NOW + CHILDREN_IDLE_MS), a);
	assert_null(children_idle(&kids, NOW + CHILDREN_IDLE_MS));
	assert_true(children_next(&kids) == NOW + 5 + CHILDREN_IDLE_MS);
	assert_int_equal(a->state, CHILD_OUT);
	assert_int_equal(b->state, CHILD_IN);
}

static void
places_are_bounded(void **state)
{
	struct child *c = NULL;
	int i;

	(void)state;
	for (i = 0; i < CHILDREN_MAX; i++)
		assert_non_null(c = children_add(&kids, i + 1, 7, NOW));
	assert_null(children_add(&kids, 1000, 7, NOW));
	children_reaped(&kids, c->pid);
	assert_true(c->reaped);
	assert_false(kids.child[0].reaped);
	children_remove(c);
	assert_ptr_equal(children_add(&kids, 1000, 7, NOW), c);
	assert_false(c->reaped);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(uid_has_eight, setup),
		cmocka_unit_test_setup(who_holds_most_makes_room, setup),
		cmocka_unit_test_setup(activity_protects, setup),
		cmocka_unit_test_setup(refused_evicts_nobody, setup),
		cmocka_unit_test_setup(no_change_of_places, setup),
		cmocka_unit_test_setup(many_uids, setup),
		cmocka_unit_test_setup(nobody_is_turned_away, setup),
		cmocka_unit_test_setup(eleventh_is_silent, setup),
		cmocka_unit_test_setup(too_many_uids_are_silent, setup),
		cmocka_unit_test_setup(idle_ones_go, setup),
		cmocka_unit_test_setup(places_are_bounded, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
