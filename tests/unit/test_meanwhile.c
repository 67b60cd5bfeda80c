/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conversations in which something happens between two steps: a lock, a
 * re-enrollment, the end of a ticket's time, another answer of the name
 * service.  What was proved or shown before is not what is there now.
 */
#include "tests/unit/moves_place.h"

#include "tests/unit/fake_pam.h"

/* --- Right after the commit that spent a recovery code -------------------- */

static struct {
	struct place	*place;
	void		(*act)(struct place *);
	size_t		 left;	/* codes before it */
} then;

static size_t
codes_left(struct place *p)
{
	struct account a = load(p, p->user, getuid());

	return account_codes_left(&a);
}

int __real_lstat(const char *, struct stat *);
int __wrap_lstat(const char *, struct stat *);

/* Each transaction begins with a look at the file, when none is open. */
int
__wrap_lstat(const char *path, struct stat *st)
{
	void (*act)(struct place *) = then.act;

	if (act != NULL) {
		then.act = NULL;
		if (codes_left(then.place) < then.left)
			act(then.place);
		else
			then.act = act;
	}
	return __real_lstat(path, st);
}

/* Another process of root's. */
static void
apart(struct place *p, void (*act)(struct place *))
{
	struct site *site = p->site;

	p->site = site_new(&p->paths, STORE_ADMIN);
	if (p->site == NULL)
		abort();
	act(p);
	site_free(p->site);
	p->site = site;
}

static void
lock_now(struct place *p)
{
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_message last;

	assert_int_equal(lock(p, VERB_LOCK, "left", packet, &last), OUT_DONE);
}

static struct phone new_phone;

static void
replace_now(struct place *p)
{
	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &new_phone,
	    0), OUT_DONE);
}

static void
lock_apart(struct place *p)
{
	apart(p, lock_now);
}

static void
replace_apart(struct place *p)
{
	apart(p, replace_now);
}

/* The person's own CODES --new; act comes between proof and offer. */
static enum outcome
new_codes(struct place *p, struct phone *phone, void (*act)(struct place *))
{
	struct caller person = { .door = DOOR_PUBLIC, .uid = getuid(),
	    .name = p->user };
	struct client c = { .phone = phone };
	enum outcome o;

	fake_pam_stack(1, PAM_SUCCESS);
	then.place = p;
	then.left = codes_left(p);
	then.act = act;
	o = converse_as(p, &person, VERB_CODES, FLAG_NEW, &c);
	assert_null(then.act);
	return o;
}

static void
locked_behind_the_proof(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 }, before;

	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	before = phone;
	assert_int_equal(new_codes(p, &phone, lock_apart), OUT_ADMIN_LOCK);
	assert_memory_equal(phone.codes, before.codes, sizeof(before.codes));
	assert_true(load(p, p->user, getuid()).locked);
}

static void
enrolled_behind_the_proof(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };

	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	assert_int_equal(new_codes(p, &phone, replace_apart), OUT_BUSY);
	/* Whoever has the old phone has made nothing of the new one's void. */
	assert_int_equal(ask(p, &root, VERB_VERIFY, new_phone.codes[0]),
	    OUT_OK_RECOVERY);
}

/* A test that failed in the middle leaves nothing to the next. */
static int
meanwhile_make(void **state)
{
	then.act = NULL;
	return place_make(state);
}

int
main(void)
{
#define TEST(t) \
	cmocka_unit_test_setup_teardown(t, meanwhile_make, place_drop)
	const struct CMUnitTest tests[] = {
		TEST(locked_behind_the_proof),
		TEST(enrolled_behind_the_proof),
	};

	return cmocka_run_group_tests_name("meanwhile", tests, NULL, NULL);
}
