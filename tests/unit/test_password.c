/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The password before a factor changes: on record before PAM sees it, and
 * whatever a stack says, nobody passes without one.
 */
#include "tests/unit/service_place.h"

#include "daemon/password.h"
#include "tests/unit/fake_pam.h"

#define UID	4242

/* What a person's side of the conversation is. */
struct person {
	int		 pair[2];
	struct talk	 talk;
	uint32_t	 wait;
	struct failure	 failure;
};

static void
person_comes(struct person *who)
{
	memset(who, 0, sizeof(*who));
	who->talk.idle_ms = 5000;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, who->pair),
	    0);
	who->talk.fd = who->pair[0];
}

static void
person_types(const struct person *who, const char *text, size_t len)
{
	struct wire_writer w;

	wire_start(&w, WIRE_VERSION, VERB_ANSWER);
	wire_put_bytes(&w, TAG_ANSWER, text, len);
	assert_int_equal(wire_send(who->pair[1], &w), WIRE_OK);
}

static enum outcome
check(const struct place *p, struct person *who, uid_t uid)
{
	struct session s = { .site = p->site, .talk = &who->talk,
	    .name = "alice", .uid = uid };
	enum outcome o = password_check(&s);

	who->wait = s.facts.wait;
	who->failure = s.failure;
	return o;
}

static void
person_goes(struct person *who)
{
	close(who->pair[0]);
	close(who->pair[1]);
}

/* A conversation in which as many passwords are typed as are asked for. */
static enum outcome
type_passwords(const struct place *p, int prompts, int result)
{
	struct person who;
	enum outcome o;
	int i;

	fake_pam_stack(prompts, result);
	person_comes(&who);
	for (i = 0; i < PASSWORD_TRIES * prompts; i++)
		person_types(&who, "secret", 6);
	o = check(p, &who, UID);
	person_goes(&who);
	return o;
}

/* How many of the hour's wrong ones are on record. */
static unsigned
charged(const struct place *p, uid_t uid)
{
	struct limiter m = { 0 };
	struct failure f = { 0 };
	struct store *store;

	assert_int_equal(site_store(p->site, &store, &f), OUT_DONE);
	assert_int_equal(store_sqlite.begin(store, STORE_READ, &f), STORE_OK);
	assert_int_equal(store_sqlite.load_password(store, uid, &m, &f),
	    STORE_OK);
	store_sqlite.rollback(store);
	return m.consecutive;
}

/* Ten wrong ones an hour, also where a stack asks twice in a call. */
static void
ten_an_hour(void **state)
{
	const struct place *p = *state;
	int i;

	for (i = 0; i < 12; i++) {
		assert_int_equal(type_passwords(p, 2, PAM_SUCCESS), OUT_DONE);
		assert_string_equal(fake_pam.last, "secret");
	}
	assert_int_equal(charged(p, UID), 0);
	assert_int_equal(type_passwords(p, 2, PAM_AUTH_ERR),
	    OUT_BAD_PASSWORD);
	assert_int_equal(fake_pam.asked, 6);
	assert_int_equal(charged(p, UID), 6);
	assert_int_equal(type_passwords(p, 2, PAM_AUTH_ERR),
	    OUT_PASSWORD_WAIT);
	assert_int_equal(fake_pam.asked, 4);
	/* Right ones are not even looked at now. */
	assert_int_equal(type_passwords(p, 1, PAM_SUCCESS),
	    OUT_PASSWORD_WAIT);
	assert_int_equal(fake_pam.asked, 0);
	assert_int_equal(charged(p, UID), 10);
}

/* What the stack says, with one password asked for or none. */
static void
results(void **state)
{
	static const struct {
		int		prompts, result, account;
		enum outcome	outcome;
		unsigned	charged;	/* what stays on record */
	} rows[] = {
		{ 1, PAM_SUCCESS, PAM_SUCCESS, OUT_DONE, 0 },
		/* Nobody passes, and nobody is guessed at, without one. */
		{ 0, PAM_SUCCESS, PAM_SUCCESS, OUT_SERVICE, 0 },
		{ 0, PAM_AUTH_ERR, PAM_SUCCESS, OUT_SERVICE, 0 },
		{ 0, PAM_MAXTRIES, PAM_SUCCESS, OUT_SERVICE, 0 },
		{ 1, PAM_AUTH_ERR, PAM_SUCCESS, OUT_BAD_PASSWORD, 3 },
		{ 1, PAM_USER_UNKNOWN, PAM_SUCCESS, OUT_BAD_PASSWORD, 3 },
		{ 1, PAM_PERM_DENIED, PAM_SUCCESS, OUT_BAD_PASSWORD, 3 },
		{ 1, PAM_SUCCESS, PAM_ACCT_EXPIRED, OUT_BAD_PASSWORD, 3 },
		{ 1, PAM_SUCCESS, PAM_NEW_AUTHTOK_REQD, OUT_BAD_PASSWORD, 3 },
		{ 1, PAM_SUCCESS, PAM_PERM_DENIED, OUT_BAD_PASSWORD, 3 },
		/* PAM that cannot tell is no wrong password. */
		{ 1, PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS, OUT_SERVICE, 1 },
		{ 1, PAM_SYSTEM_ERR, PAM_SUCCESS, OUT_SERVICE, 1 },
		{ 1, PAM_IGNORE, PAM_SUCCESS, OUT_SERVICE, 1 },
		{ 1, PAM_SUCCESS, PAM_SERVICE_ERR, OUT_SERVICE, 1 },
	};
	const struct place *p = *state;
	struct person who;
	size_t i;
	int k;

	for (i = 0; i < COUNT(rows); i++) {
		fake_pam_stack(rows[i].prompts, rows[i].result);
		fake_pam.account = rows[i].account;
		person_comes(&who);
		for (k = 0; k < PASSWORD_TRIES; k++)
			person_types(&who, "secret", 6);
		assert_int_equal(check(p, &who, 5000 + (uid_t)i),
		    rows[i].outcome);
		assert_int_equal(charged(p, 5000 + (uid_t)i),
		    rows[i].charged);
		if (rows[i].outcome == OUT_SERVICE)
			assert_memory_equal(who.failure.reason,
			    "service stepup", 14);
		person_goes(&who);
	}
}

/* Somebody else at the end than at the beginning; no PAM at all. */
static void
strange_stacks(void **state)
{
	const struct place *p = *state;
	struct person who;

	fake_pam_stack(1, PAM_SUCCESS);
	fake_pam.renamed = "root";
	person_comes(&who);
	person_types(&who, "secret", 6);
	shutdown(who.pair[1], SHUT_WR);
	/* Wrong, and the next try finds nobody to ask. */
	assert_int_equal(check(p, &who, 6001), OUT_NO_INPUT);
	assert_int_equal(fake_pam.asked, 1);
	person_goes(&who);

	fake_pam_stack(1, PAM_SUCCESS);
	fake_pam.start = PAM_ABORT;
	person_comes(&who);
	assert_int_equal(check(p, &who, 6001), OUT_SERVICE);
	assert_int_equal(fake_pam.asked, 0);
	person_goes(&who);
}

/* The client's packet for one prompt, and what is said of it. */
static enum outcome
one_answer(const struct place *p, const void *packet, size_t len, bool stays)
{
	struct person who;
	enum outcome o;

	fake_pam_stack(1, PAM_SUCCESS);
	person_comes(&who);
	if (packet != NULL)
		assert_int_equal(send(who.pair[1], packet, len, MSG_NOSIGNAL),
		    len);
	if (!stays)
		shutdown(who.pair[1], SHUT_WR);
	o = check(p, &who, 6002);
	assert_int_equal(fake_pam.asked, 0);
	person_goes(&who);
	return o;
}

static void
no_answer(void **state)
{
	const struct place *p = *state;
	struct wire_writer w;

	assert_int_equal(one_answer(p, NULL, 0, false), OUT_NO_INPUT);
	wire_start(&w, WIRE_VERSION, VERB_CANCEL);
	assert_int_equal(one_answer(p, w.data, w.len, true), OUT_NO_INPUT);
	wire_start(&w, WIRE_VERSION, VERB_ANSWER);
	assert_int_equal(one_answer(p, w.data, w.len, true), OUT_PROTOCOL);
	wire_start(&w, WIRE_VERSION, VERB_CHECK);
	assert_int_equal(one_answer(p, w.data, w.len, true), OUT_PROTOCOL);
	assert_int_equal(one_answer(p, "\377\377\377", 3, true), OUT_PROTOCOL);
	assert_int_equal(charged(p, 6002), 0);
	/* A NUL in it: PAM would see another password. */
	wire_start(&w, WIRE_VERSION, VERB_ANSWER);
	wire_put_bytes(&w, TAG_ANSWER, "sec\0ret", 7);
	assert_int_equal(one_answer(p, w.data, w.len, true), OUT_SERVICE);
	assert_int_equal(charged(p, 6002), 1);
}

/* One call of a module's conversation: what it gets for it. */
static int
message(const struct place *p, int style, const char *text, int messages,
    int answers)
{
	struct person who;
	int i;

	fake_pam_stack(1, PAM_SUCCESS);
	fake_pam.message = (struct pam_message){ style, text };
	fake_pam.messages = messages;
	person_comes(&who);
	for (i = 0; i < answers; i++)
		person_types(&who, "secret", 6);
	shutdown(who.pair[1], SHUT_WR);
	assert_int_not_equal(check(p, &who, 6003), OUT_INTERNAL);
	person_goes(&who);
	return fake_pam.conversed;
}

static void
messages(void **state)
{
	const struct place *p = *state;

	assert_int_equal(message(p, PAM_TEXT_INFO, "Hello", 1, 0),
	    PAM_SUCCESS);
	assert_string_equal(fake_pam.last, "");
	assert_int_equal(message(p, PAM_ERROR_MSG, NULL, 1, 0), PAM_SUCCESS);
	assert_int_equal(message(p, PAM_PROMPT_ECHO_ON, "Name: ", 1, 1),
	    PAM_SUCCESS);
	assert_string_equal(fake_pam.last, "secret");
	/* What is typed in the open is no password. */
	assert_int_equal(charged(p, 6003), 0);
	assert_int_equal(message(p, 77, "binary", 1, 1), PAM_CONV_ERR);
	assert_int_equal(message(p, PAM_TEXT_INFO, "x", -1, 0),
	    PAM_CONV_ERR);
	assert_int_equal(message(p, PAM_TEXT_INFO, "x", PAM_MAX_NUM_MSG + 1,
	    0), PAM_CONV_ERR);
	/* The second of two is not answered: the module gets neither. */
	assert_int_equal(message(p, PAM_PROMPT_ECHO_OFF, "Password: ", 2, 1),
	    PAM_CONV_ERR);
	assert_int_equal(message(p, PAM_PROMPT_ECHO_OFF, "Password: ", 2, 2),
	    PAM_SUCCESS);
}

/* What cannot be put on record is not shown to PAM. */
static void
without_store(void **state)
{
	struct place *p = *state;
	char path[128], aside[160];
	struct person who;

	snprintf(path, sizeof(path), "%s/stepup.db", p->state);
	snprintf(aside, sizeof(aside), "%s.aside", path);
	assert_int_equal(rename(path, aside), 0);
	assert_int_equal(type_passwords(p, 1, PAM_SUCCESS), OUT_STORE);
	assert_int_equal(fake_pam.asked, 0);
	assert_int_equal(rename(aside, path), 0);
	/* The handle that saw it go is not used again. */
	fake_pam_stack(1, PAM_SUCCESS);
	person_comes(&who);
	person_types(&who, "secret", 6);
	assert_int_equal(check(p, &who, 6004), OUT_DONE);
	person_goes(&who);
}

/* place_make, and the settings read, which a conversation does first. */
static int
make(void **state)
{
	const struct settings *settings;
	struct failure f = { 0 };
	struct place *p;

	if (place_make(state) != 0)
		return -1;
	p = *state;
	return site_settings(p->site, wire_now_ms(), &settings, &f) ==
	    OUT_DONE ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_an_hour),
		cmocka_unit_test(results),
		cmocka_unit_test(strange_stacks),
		cmocka_unit_test(no_answer),
		cmocka_unit_test(messages),
		cmocka_unit_test(without_store),
	};

	return cmocka_run_group_tests_name("password", tests, make,
	    place_drop);
}
