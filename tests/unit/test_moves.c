/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RENAME, REBIND, PRUNE and what UNLOCK clears, by the daemon's inside: the
 * store is made to have this test's own account under another name or uid.
 */
#include "tests/unit/moves_place.h"

/* Enrolled, one code used, one wrong one charged. */
static void
enrolled(struct place *p, struct phone *phone, char used[9])
{
	assert_int_equal(converse(p, VERB_ENROLL, 0, phone, 0), OUT_DONE);
	phone_code(phone, phone->step + 1, used);
	assert_int_equal(ask(p, &root, VERB_VERIFY, used), OUT_OK_TOTP);
	assert_int_equal(ask(p, &root, VERB_VERIFY, "0000000"),
	    OUT_BAD_FORMAT);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone->codes[0]),
	    OUT_OK_RECOVERY);
	phone->spent = 1;
}

static enum outcome
wrong_recovery(struct place *p)
{
	return ask(p, &root, VERB_VERIFY, "0000-0000-0000-0000");
}

static void
renamed(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct question q = { .name = OLD, .new_name = p->user,
	    .reason = "married" };
	struct account before, after;
	char used[9];

	enrolled(p, &phone, used);
	assert_int_equal(wrong_recovery(p), OUT_BAD_CODE);
	stored_as(p, OLD, getuid());
	before = load(p, OLD, getuid());
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_CHANGED);
	/* As it is while root does not say yes. */
	q.client.type = says_no;
	assert_int_equal(put(p, VERB_RENAME, &q), OUT_NO_INPUT);
	q.client.type = NULL;
	q.client.leave_at = 1;
	assert_int_equal(put(p, VERB_RENAME, &q), OUT_NO_INPUT);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_CHANGED);
	q.client.leave_at = 0;
	assert_int_equal(put(p, VERB_RENAME, &q), OUT_DONE);
	assert_int_equal(q.client.prompts, 1);
	assert_int_equal(q.client.styles[0], STYLE_CONFIRM);
	after = load(p, p->user, getuid());
	assert_int_equal(after.match, ACCOUNT_FOUND);
	assert_int_equal(after.id, before.id);
	assert_memory_equal(after.limiters, before.limiters,
	    sizeof(after.limiters));
	assert_memory_equal(&after.recovery, &before.recovery,
	    sizeof(after.recovery));
	assert_int_equal(after.credentials[0].last_step,
	    before.credentials[0].last_step);
	assert_memory_not_equal(after.credentials[0].sealed.data,
	    before.credentials[0].sealed.data,
	    after.credentials[0].sealed.len);
	assert_int_equal(ask(p, &root, VERB_VERIFY, used), OUT_REPLAY);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_REPLAY);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[1]),
	    OUT_OK_RECOVERY);
	assert_int_equal(move(p, VERB_RENAME, OLD, p->user),
	    OUT_NO_ACCOUNT);
}

static void
rename_refused(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct failure f = { .path = "" };
	const struct settings *settings;
	char used[9], aside[160];

	enrolled(p, &phone, used);
	assert_int_equal(move(p, VERB_RENAME, p->user, p->user), OUT_LIVING);
	assert_int_equal(move(p, VERB_RENAME, p->user, OLD), OUT_NO_USER);
	assert_int_equal(move(p, VERB_RENAME, OLD, p->user), OUT_NO_ACCOUNT);
	assert_int_equal(move(p, VERB_RENAME, OLD, NULL), OUT_PROTOCOL);
	assert_int_equal(move(p, VERB_RENAME, OLD, ""), OUT_PROTOCOL);
	assert_int_equal(move(p, VERB_RENAME, "", p->user), OUT_PROTOCOL);
	assert_int_equal(move(p, VERB_RENAME, NULL, p->user), OUT_PROTOCOL);
	stored_as(p, OLD, getuid());
	/* Without the key nothing is sealed anew, and nothing is lost. */
	snprintf(aside, sizeof(aside), "%s.aside", p->keyring);
	assert_int_equal(rename(p->keyring, aside), 0);
	site_free(p->site);
	p->site = site_new(&p->paths, STORE_ADMIN);
	assert_int_equal(move(p, VERB_RENAME, OLD, p->user), OUT_KEY);
	assert_int_equal(rename(aside, p->keyring), 0);
	site_reload(p->site);
	assert_int_equal(site_settings(p->site, wire_now_ms(), &settings, &f),
	    OUT_DONE);
	assert_int_equal(load(p, OLD, getuid()).match, ACCOUNT_FOUND);
	/* Somebody is stored under the new name. */
	stored_too(p, p->user, 4242);
	assert_int_equal(move(p, VERB_RENAME, OLD, p->user), OUT_MISMATCH);
	assert_int_equal(move(p, VERB_PRUNE, p->user, NULL), OUT_DONE);
	assert_int_equal(move(p, VERB_RENAME, OLD, p->user), OUT_DONE);
	/* Another number: not by name alone. */
	stored_as(p, OLD, getuid() + 1);
	assert_int_equal(move(p, VERB_RENAME, OLD, p->user), OUT_MISMATCH);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);
}

/* Somebody else acts while root reads the question. */
static bool
pruned_meanwhile(struct client *c, uint32_t style, int n,
    struct secret *typed)
{
	struct store_event e = { .at = clock_now(), .door = DOOR_ADMIN,
	    .outcome = OUT_DONE };
	struct failure f = { .path = "" };
	struct place *p = c->arg;
	struct account a = load(p, OLD, getuid());
	struct store *s = handle(p);

	(void)style;
	(void)n;
	(void)typed;
	if (store_sqlite.forget(s, &a, &e, &f) != STORE_OK)
		abort();
	handle_end(s);
	return false;
}

static void
moved_meanwhile(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct question q = { .name = OLD, .new_name = p->user,
	    .client = { .type = pruned_meanwhile, .arg = p } };
	char used[9];

	enrolled(p, &phone, used);
	stored_as(p, OLD, getuid());
	assert_int_equal(put(p, VERB_RENAME, &q), OUT_BUSY);
	assert_int_equal(load(p, OLD, getuid()).match, ACCOUNT_NONE);
}

static void
rebound(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct question q = { .name = p->user };
	struct account before, after;
	char used[9];

	enrolled(p, &phone, used);
	assert_int_equal(move(p, VERB_REBIND, p->user, NULL), OUT_LIVING);
	assert_int_equal(move(p, VERB_REBIND, OLD, NULL), OUT_NO_ACCOUNT);
	stored_as(p, p->user, getuid() + 1);
	before = load(p, p->user, getuid() + 1);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[1]),
	    OUT_CHANGED);
	q.client.type = says_no;
	assert_int_equal(put(p, VERB_REBIND, &q), OUT_NO_INPUT);
	q.client.type = NULL;
	/* The number is stored as somebody's. */
	stored_too(p, OTHER, getuid());
	assert_int_equal(put(p, VERB_REBIND, &q), OUT_MISMATCH);
	assert_int_equal(number(&q, TAG_UID), getuid());
	assert_int_equal(number(&q, TAG_STORED_UID), getuid() + 1);
	assert_int_equal(move(p, VERB_PRUNE, OTHER, NULL), OUT_DONE);
	assert_int_equal(put(p, VERB_REBIND, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_UID), getuid());
	assert_int_equal(number(&q, TAG_STORED_UID), getuid() + 1);
	after = load(p, p->user, getuid());
	before.uid = getuid();
	assert_memory_equal(&after, &before, sizeof(after));
	assert_int_equal(ask(p, &root, VERB_VERIFY, used), OUT_REPLAY);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[1]),
	    OUT_OK_RECOVERY);
}

/* Names of a list of prune. */
static void
name_row(const struct wire_message *row, void *arg)
{
	char name[WIRE_STRING_MAX + 1];
	char *names = arg;

	wire_get_string(row, TAG_NAME, name);
	snprintf(names + strlen(names), 256 - strlen(names), " %s%s%s", name,
	    wire_has(row, TAG_UID) ? "+uid" : "",
	    wire_has(row, TAG_NEW_NAME) ? "+name" : "");
}

static void
pruned(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	char names[256] = "", used[9], want[256];
	struct question q = { .row = name_row, .arg = names };

	enrolled(p, &phone, used);
	assert_int_equal(put(p, VERB_PRUNE, &q), OUT_DONE);
	assert_string_equal(names, "");
	assert_int_equal(move(p, VERB_PRUNE, p->user, NULL), OUT_LIVING);
	assert_int_equal(move(p, VERB_PRUNE, OLD, NULL), OUT_NO_ACCOUNT);
	assert_int_equal(move(p, VERB_PRUNE, "", NULL), OUT_PROTOCOL);
	/* Its number is somebody's here; its name is, with another number. */
	stored_as(p, OLD, getuid());
	stored_too(p, p->user, 4294967294u);
	assert_int_equal(put(p, VERB_PRUNE, &q), OUT_DONE);
	if (strcmp(p->user, OLD) < 0)
		snprintf(want, sizeof(want), " %s+uid %s+name", p->user, OLD);
	else
		snprintf(want, sizeof(want), " %s+name %s+uid", OLD, p->user);
	assert_string_equal(names, want);
	q.name = OLD;
	q.client.type = says_no;
	assert_int_equal(put(p, VERB_PRUNE, &q), OUT_NO_INPUT);
	assert_int_equal(load(p, OLD, getuid()).match, ACCOUNT_FOUND);
	assert_int_equal(move(p, VERB_PRUNE, OLD, NULL), OUT_DONE);
	assert_int_equal(move(p, VERB_PRUNE, p->user, NULL), OUT_DONE);
	assert_int_equal(load(p, p->user, getuid()).match, ACCOUNT_NONE);
	/* Who has name and number now has no factor. */
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[1]),
	    OUT_MUST_ENROLL);
}

/* Root is told both sides wherever an account is another one. */
static void
both_sides(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct question q = { .name = p->user };
	char used[9], name[WIRE_STRING_MAX + 1];

	enrolled(p, &phone, used);
	stored_as(p, OLD, getuid());
	assert_int_equal(put(p, VERB_STATUS, &q), OUT_CHANGED);
	assert_int_equal(number(&q, TAG_UID), getuid());
	assert_false(wire_has(&q.last, TAG_STORED_UID));
	assert_true(wire_get_string(&q.last, TAG_STORED_NAME, name));
	assert_string_equal(name, OLD);
	assert_int_equal(put(p, VERB_CODES, &q), OUT_CHANGED);
	assert_true(wire_has(&q.last, TAG_STORED_NAME));
	assert_int_equal(put(p, VERB_UNLOCK, &q), OUT_CHANGED);
	q.name = OLD;
	assert_int_equal(put(p, VERB_STATUS, &q), OUT_CHANGED);
	assert_int_equal(number(&q, TAG_STORED_UID), getuid());
	assert_false(wire_has(&q.last, TAG_UID));
	assert_int_equal(put(p, VERB_CODES, &q), OUT_NO_USER);
	q.name = OTHER;
	assert_int_equal(put(p, VERB_STATUS, &q), OUT_NO_USER);
}

static void
unlock_passwords(void **state)
{
	struct place *p = *state;
	struct limiter l = { .consecutive = 10, .wait_start = clock_now() };
	struct question q = { .name = p->user };
	struct failure f = { .path = "" };
	struct store *s;
	int i;

	assert_int_equal(put(p, VERB_UNLOCK, &q), OUT_NOT_ENROLLED);
	for (i = 0; i < 2; i++) {
		s = handle(p);
		assert_int_equal(store_sqlite.save_password(s, getuid(), &l,
		    &f), STORE_OK);
		handle_end(s);
		assert_int_equal(put(p, VERB_UNLOCK, &q), OUT_DONE);
		assert_int_equal(number(&q, TAG_PASSWORDS), 10);
		/* The second time with a row of the account's own. */
		stored_too(p, p->user, getuid());
	}
	assert_int_equal(put(p, VERB_UNLOCK, &q), OUT_DONE);
	assert_false(wire_has(&q.last, TAG_PASSWORDS));
	/* What an earlier hour counted is gone without a word. */
	l.wait_start -= 3600;
	s = handle(p);
	assert_int_equal(store_sqlite.save_password(s, getuid(), &l, &f),
	    STORE_OK);
	handle_end(s);
	assert_int_equal(put(p, VERB_UNLOCK, &q), OUT_DONE);
	assert_false(wire_has(&q.last, TAG_PASSWORDS));
}

int
main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, place_make, place_drop)
	const struct CMUnitTest tests[] = {
		TEST(renamed),
		TEST(rename_refused),
		TEST(moved_meanwhile),
		TEST(rebound),
		TEST(pruned),
		TEST(both_sides),
		TEST(unlock_passwords),
	};

	return cmocka_run_group_tests_name("moves", tests, NULL, NULL);
}
