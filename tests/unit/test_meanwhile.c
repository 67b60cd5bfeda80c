/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conversations in which something happens between two steps: a lock, a
 * re-enrollment, the end of a ticket's time, another answer of the name
 * service.  What was proved or shown before is not what is there now.
 */
#include "tests/unit/moves_place.h"

#include <sqlite3.h>

#include "tests/unit/pass_place.h"

/* --- The name service, as it answers from now on -------------------------- */

static struct {
	bool	 other;
	uid_t	 uid;
	char	*name;
} nss;

int __real_getpwnam_r(const char *, struct passwd *, char *, size_t,
    struct passwd **);
int __wrap_getpwnam_r(const char *, struct passwd *, char *, size_t,
    struct passwd **);

int
__wrap_getpwnam_r(const char *name, struct passwd *pw, char *buf, size_t len,
    struct passwd **out)
{
	int error = __real_getpwnam_r(name, pw, buf, len, out);

	if (nss.other && *out != NULL) {
		pw->pw_uid = nss.uid;
		if (nss.name != NULL)
			pw->pw_name = nss.name;
	}
	return error;
}

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
	struct client c = { .phone = phone };
	enum outcome o;

	fake_pam_stack(1, PAM_SUCCESS);
	then.place = p;
	then.left = codes_left(p);
	then.act = act;
	o = own(p, VERB_CODES, FLAG_NEW, &c);
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

/* --- A ticket --------------------------------------------------------------- */

struct ticket {
	struct place	*place;
	struct given	 given;
};

/* As if all of it lay an hour back. */
static void
hour_later(struct place *p)
{
	char path[160];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/stepup.db", p->state);
	if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db,
	    "UPDATE pass SET created_at = created_at - 3600,"
	    " expires_at = expires_at - 3600", NULL, NULL, NULL) != SQLITE_OK)
		abort();
	sqlite3_close(db);
}

static bool
type_ticket(struct client *c, uint32_t style, int n, struct secret *typed)
{
	struct ticket *t = c->arg;

	(void)n;
	if (style == STYLE_FACTOR)
		return secret_set(typed, t->given.code, WIRE_CODE_LENGTH);
	if (style == STYLE_SHEET_CODE)
		hour_later(t->place);
	return false;
}

static void
ticket_over_before_the_end(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct ticket t = { .place = p };
	struct client c = { .phone = &phone, .arg = &t, .type = type_ticket };

	fake_pam_stack(1, PAM_SUCCESS);
	assert_int_equal(give(p, FLAG_TICKET, NULL, &t.given), OUT_DONE);
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c),
	    OUT_BAD_TICKET);
	assert_int_equal(c.prompts, 3);
	assert_int_equal(ask(p, &root, VERB_VERIFY, "123456"),
	    OUT_MUST_ENROLL);
}

/* --- Both sides, as they were shown ------------------------------------------ */

/* Root has read the question; the answer of the name service changes. */
static bool
yes_too_late(struct client *c, uint32_t style, int n, struct secret *typed)
{
	(void)c;
	(void)n;
	assert_int_equal(style, STYLE_CONFIRM);
	nss.other = true;
	return secret_set(typed, "yes", 3);
}

static void
rebound_to_what_was_shown(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct question q = { .name = p->user,
	    .client = { .type = yes_too_late } };

	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	stored_as(p, p->user, getuid() + 1);
	nss.uid = getuid() + 7;
	assert_int_equal(put(p, VERB_REBIND, &q), OUT_BUSY);
	nss.other = false;
	assert_int_equal(load(p, p->user, getuid() + 1).match, ACCOUNT_FOUND);
	q.client.type = NULL;
	assert_int_equal(put(p, VERB_REBIND, &q), OUT_DONE);
}

static void
renamed_to_what_was_shown(void **state)
{
	static char other[] = OTHER;
	struct place *p = *state;
	struct phone phone = { 0 };
	struct question q = { .name = OLD, .new_name = p->user,
	    .client = { .type = yes_too_late } };

	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	stored_as(p, OLD, getuid());
	nss.uid = getuid();
	nss.name = other;
	assert_int_equal(put(p, VERB_RENAME, &q), OUT_BUSY);
	nss.other = false;
	assert_int_equal(load(p, OLD, getuid()).match, ACCOUNT_FOUND);
	q.client.type = NULL;
	assert_int_equal(put(p, VERB_RENAME, &q), OUT_DONE);
}

/* A name that is no account's: the service knows somebody, not nobody. */
static void
no_name_of_ours(void **state)
{
	static char longer[ACCOUNT_NAME_MAX + 2];
	struct place *p = *state;
	struct phone phone = { 0 };

	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	stored_as(p, p->user, getuid() + 1);
	memset(longer, 'x', ACCOUNT_NAME_MAX + 1);
	nss.other = true;
	nss.uid = getuid() + 1;
	nss.name = longer;
	assert_int_equal(move(p, VERB_PRUNE, p->user, NULL), OUT_SERVICE);
	nss.other = false;
	assert_int_equal(load(p, p->user, getuid() + 1).match, ACCOUNT_FOUND);
}

/* A test that failed in the middle leaves nothing to the next. */
static int
meanwhile_make(void **state)
{
	memset(&nss, 0, sizeof(nss));
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
		TEST(ticket_over_before_the_end),
		TEST(rebound_to_what_was_shown),
		TEST(renamed_to_what_was_shown),
		TEST(no_name_of_ours),
	};

	return cmocka_run_group_tests_name("meanwhile", tests, NULL, NULL);
}
