/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every outcome means to PAM, the log and the person: SPEC 2, written
 * down once more by hand.
 */
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "fake_service.h"
#include "pam_host.h"
#include "tests/unit/unit.h"

#define PREFIX	"pam_stepup(stepup-test:auth): "
#define WHO	" user=alice rhost=203.0.113.7 tty=ssh"
#define NOBODY	" user=? rhost=203.0.113.7 tty=ssh"
#define PROMPT	"Verification code: "
#define FAILED	"Verification failed."
#define CANNOT(kind) \
	"Codes cannot be checked on this host now (" kind "). " \
	"Nothing was counted."
#define OFF	"App codes are switched off after too many wrong ones. "
#define DISABLED	OFF "Use a recovery code."
#define DISABLED_ALL	OFF "Ask an administrator."
#define CHANGED \
	"This login cannot be checked (account changed). " \
	"Tell your administrator."
#define ADMIN	"An administrator has locked this login."
#define LOCKED	"Too many wrong codes. Try again in 28 min."

struct row {
	enum outcome	 outcome;
	int		 pam;
	int		 priority;
	const char	*log;		/* after the prefix */
	const char	*text;		/* NULL: none */
};

/* CHECK ends it; wait is 1680 s, no kind can be used. */
static const struct row finals[] = {
	{ OUT_INTERNAL, PAM_SERVICE_ERR, LOG_CRIT, "fail.internal" WHO,
	  CANNOT("internal") },
	{ OUT_MEMORY, PAM_BUF_ERR, LOG_CRIT, "fail.memory" WHO,
	  CANNOT("memory") },
	{ OUT_CONFIG, PAM_SERVICE_ERR, LOG_ERR, "fail.config" WHO,
	  CANNOT("settings") },
	{ OUT_SERVICE, PAM_SERVICE_ERR, LOG_ERR, "fail.service" WHO,
	  CANNOT("service") },
	{ OUT_PROTOCOL, PAM_SERVICE_ERR, LOG_ERR, "fail.protocol" WHO,
	  CANNOT("service") },
	{ OUT_BUSY, PAM_SERVICE_ERR, LOG_ERR, "fail.busy" WHO,
	  CANNOT("busy") },
	{ OUT_STORE, PAM_SERVICE_ERR, LOG_CRIT, "fail.store" WHO,
	  CANNOT("store") },
	{ OUT_KEY, PAM_SERVICE_ERR, LOG_CRIT, "fail.key" WHO, CANNOT("key") },
	{ OUT_CLOCK, PAM_SERVICE_ERR, LOG_CRIT, "fail.clock" WHO,
	  CANNOT("clock") },
	{ OUT_PEER, PAM_PERM_DENIED, LOG_WARNING, "deny.peer" WHO, FAILED },
	{ OUT_NOT_COVERED, HOST_IGNORED, LOG_INFO, "skip.service" WHO, NULL },
	{ OUT_NOT_ENROLLED, HOST_IGNORED, LOG_INFO, "skip.unenrolled" WHO,
	  NULL },
	{ OUT_MUST_ENROLL, PAM_AUTH_ERR, LOG_NOTICE, "deny.unenrolled" WHO,
	  FAILED },
	{ OUT_LOCKED, PAM_MAXTRIES, LOG_NOTICE, "deny.locked" WHO, LOCKED },
	{ OUT_DISABLED, PAM_PERM_DENIED, LOG_NOTICE, "deny.disabled" WHO,
	  DISABLED_ALL },
	{ OUT_ADMIN_LOCK, PAM_PERM_DENIED, LOG_NOTICE, "deny.admin" WHO,
	  ADMIN },
	{ OUT_CHANGED, PAM_PERM_DENIED, LOG_WARNING, "deny.changed" WHO,
	  CHANGED },
	{ OUT_NO_USER, PAM_AUTH_ERR, LOG_NOTICE, "deny.user" NOBODY, FAILED },
};

/* VERIFY is the last answer: tries=1 or the row is final. */
static const struct row verdicts[] = {
	{ OUT_OK_TOTP, PAM_SUCCESS, LOG_INFO, "accept.totp" WHO, NULL },
	{ OUT_OK_RECOVERY, PAM_SUCCESS, LOG_NOTICE, "accept.recovery" WHO,
	  "Recovery code used, 7 left." },
	{ OUT_OK_PASS, PAM_SUCCESS, LOG_NOTICE, "accept.pass" WHO,
	  "Login pass used: it does not work again." },
	{ OUT_BAD_CODE, PAM_AUTH_ERR, LOG_NOTICE,
	  "deny.code" WHO " count=4/10", FAILED },
};

/* The same outcomes may come late: the answer was typed for nothing. */
#define LATE(o)	((o) != OUT_LOCKED && (o) != OUT_DISABLED && \
	(o) != OUT_KEY && (o) != OUT_CLOCK)

static void
expect_end(const struct row *r, int pam)
{
	char line[HOST_TEXT];

	assert_int_equal(pam, r->pam);
	snprintf(line, sizeof(line), PREFIX "%s", r->log);
	assert_string_equal(host_line(0), line);
	assert_int_equal(host.log_count, 1);
	assert_int_equal(LOG_PRI(host.priority[0]), r->priority);
	assert_int_equal(LOG_FAC(host.priority[0]), LOG_FAC(LOG_AUTHPRIV));
	assert_string_equal(host_message(0), r->text != NULL ? r->text : "");
	assert_string_equal(host_message(1), "");
}

static void
outcome_check_ends(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(finals); i++) {
		host_reset(state);
		wire_put_uint(fake_reply(VERB_CHECK, finals[i].outcome),
		    TAG_WAIT, 1680);
		fake_start(host_door("login"), 8);
		expect_end(&finals[i], host_login("", 0));
		assert_int_equal(host.prompt_count, 0);
		fake_stop();
	}
}

static void
verify_ends(void **state, const struct row *r)
{
	struct wire_writer *w;

	host_reset(state);
	host.answers[0] = "123456";
	fake_ask(KIND_TOTP | KIND_RECOVERY);
	w = fake_verdict(r->outcome, r->outcome == OUT_OK_RECOVERY ||
	    r->outcome == OUT_OK_PASS ? KIND_RECOVERY : KIND_TOTP);
	wire_put_uint(w, TAG_COUNT, 4);
	wire_put_uint(w, TAG_LIMIT, 10);
	wire_put_uint(w, TAG_LOCK, 1800);
	wire_put_uint(w, TAG_LEFT, 7);
	fake_start(host_door("login"), 8);
	expect_end(r, host_login("tries=1", 0));
	assert_int_equal(host.prompt_count, 1);
	assert_string_equal(host_prompt(0), PROMPT);
	fake_stop();
}

static void
outcome_verify_ends(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(verdicts); i++)
		verify_ends(state, &verdicts[i]);
	for (i = 0; i < COUNT(finals); i++)
		if (LATE(finals[i].outcome))
			verify_ends(state, &finals[i]);
}

/* Nothing may be left out when a row is added. */
static void
outcome_tables_are_complete(void **state)
{
	bool here[OUT_COUNT] = { false };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(finals); i++)
		here[finals[i].outcome] = true;
	for (i = 0; i < COUNT(verdicts); i++)
		here[verdicts[i].outcome] = true;
	/* Asked again below, or made by the module, or out of place. */
	here[OUT_ASK] = here[OUT_REPLAY] = here[OUT_BAD_FORMAT] = true;
	here[OUT_NO_INPUT] = true;
	for (i = OUT_DONE; i < OUT_COUNT; i++)
		here[i] = true;
	for (i = 0; i < OUT_COUNT; i++)
		assert_true(here[i]);
}

struct miss {
	enum outcome	 outcome;
	unsigned	 kind;
	unsigned	 kinds;
	enum outcome	 why;
	uint32_t	 wait;
	uint32_t	 count;
	const char	*prompt;	/* the next */
	const char	*log;
};

static const struct miss misses[] = {
	{ OUT_BAD_CODE, KIND_TOTP, 3, 0, 0, 1,
	  "Wrong code. Recovery codes work too. " PROMPT,
	  "deny.code" WHO " count=1/10" },
	{ OUT_BAD_CODE, KIND_TOTP, 1, 0, 0, 1, "Wrong code. " PROMPT,
	  "deny.code" WHO " count=1/10" },
	{ OUT_BAD_CODE, KIND_TOTP, 3, 0, 0, 5,
	  "Wrong code, 5 more lock this for 30 min. " PROMPT,
	  "deny.code" WHO " count=5/10" },
	{ OUT_BAD_CODE, KIND_RECOVERY, 3, 0, 0, 2,
	  "Wrong recovery code. " PROMPT, "deny.code" WHO " count=2/10" },
	{ OUT_BAD_CODE, KIND_TOTP, 2, OUT_LOCKED, 1680, 10,
	  "Locked for 28 min. Recovery code: ",
	  "deny.code" WHO " count=10/10" },
	{ OUT_REPLAY, KIND_TOTP, 3, 0, 14, 0,
	  "Already used, next one in 14 s. " PROMPT, "deny.replay" WHO },
	{ OUT_REPLAY, KIND_RECOVERY, 3, 0, 0, 0,
	  "Recovery code already used, take another. " PROMPT,
	  "deny.replay" WHO },
	{ OUT_BAD_FORMAT, KIND_NONE, 3, 0, 0, 0,
	  "Not a complete code, not counted. " PROMPT, "deny.format" WHO },
	{ OUT_LOCKED, KIND_TOTP, 2, OUT_LOCKED, 1680, 0,
	  "Locked for 28 min. Recovery code: ", "deny.locked" WHO },
	{ OUT_LOCKED, KIND_RECOVERY, 1, 0, 1680, 0,
	  "Recovery codes are locked for 28 min. " PROMPT,
	  "deny.locked" WHO },
	{ OUT_DISABLED, KIND_TOTP, 2, OUT_DISABLED, 0, 0,
	  "App codes are off. Recovery code: ", "deny.disabled" WHO },
	{ OUT_KEY, KIND_TOTP, 2, OUT_KEY, 0, 0,
	  "App codes cannot be checked now. Recovery code: ",
	  "fail.key" WHO },
	{ OUT_CLOCK, KIND_TOTP, 2, OUT_CLOCK, 0, 0,
	  "App codes cannot be checked now. Recovery code: ",
	  "fail.clock" WHO },
};

static void
put_miss(struct wire_writer *w, const struct miss *m)
{
	wire_put_uint(w, TAG_KIND, m->kind);
	wire_put_uint(w, TAG_KINDS, m->kinds);
	wire_put_uint(w, TAG_WHY, m->why);
	wire_put_uint(w, TAG_WAIT, m->wait);
	wire_put_uint(w, TAG_COUNT, m->count);
	wire_put_uint(w, TAG_LIMIT, 10);
	wire_put_uint(w, TAG_LOCK, 1800);
}

/* A miss goes into the next prompt, and nothing else is shown. */
static void
outcome_goes_into_next_prompt(void **state)
{
	char line[HOST_TEXT];
	size_t i;

	for (i = 0; i < COUNT(misses); i++) {
		host_reset(state);
		host.answers[0] = "111111";
		host.answers[1] = "222222";
		fake_ask(KIND_TOTP | KIND_RECOVERY);
		put_miss(fake_reply(VERB_VERIFY, misses[i].outcome),
		    &misses[i]);
		fake_verdict(OUT_OK_TOTP, KIND_TOTP);
		fake_start(host_door("login"), 8);
		assert_int_equal(host_login("", 0), PAM_SUCCESS);
		assert_string_equal(host_prompt(1), misses[i].prompt);
		snprintf(line, sizeof(line), PREFIX "%s", misses[i].log);
		assert_string_equal(host_line(0), line);
		assert_string_equal(host_line(1), PREFIX "accept.totp" WHO);
		assert_int_equal(host.log_count, 2);
		assert_int_equal(host.said_count, 2);
		fake_stop();
	}
}

/* No kind is left after the miss: it is the end, with the row's text. */
static void
outcome_ends_without_kinds(void **state)
{
	static const struct { struct miss m; int pam; const char *text; }
	rows[] = {
		{ { OUT_BAD_CODE, 1, 0, OUT_LOCKED, 1680, 10, NULL, NULL },
		  PAM_AUTH_ERR, FAILED },
		{ { OUT_LOCKED, 1, 0, OUT_LOCKED, 1680, 0, NULL, NULL },
		  PAM_MAXTRIES, LOCKED },
		{ { OUT_DISABLED, 1, 0, OUT_DISABLED, 0, 0, NULL, NULL },
		  PAM_PERM_DENIED, DISABLED_ALL },
		{ { OUT_KEY, 1, 0, OUT_KEY, 0, 0, NULL, NULL },
		  PAM_SERVICE_ERR, CANNOT("key") },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		host_reset(state);
		host.answers[0] = "111111";
		fake_ask(KIND_TOTP);
		put_miss(fake_reply(VERB_VERIFY, rows[i].m.outcome),
		    &rows[i].m);
		fake_start(host_door("login"), 8);
		assert_int_equal(host_login("", 0), rows[i].pam);
		assert_string_equal(host_message(0), rows[i].text);
		assert_int_equal(host.log_count, 1);
		fake_stop();
	}
}

/* The fifth prompt was the last: a free miss is the end with its text. */
static void
outcome_of_the_last_prompt(void **state)
{
	static const struct { enum outcome o; int pam; const char *text; }
	rows[] = {
		{ OUT_REPLAY, PAM_AUTH_ERR,
		  "Already used, next one in 14 s." },
		{ OUT_BAD_FORMAT, PAM_AUTH_ERR,
		  "Not a complete code, not counted." },
		{ OUT_DISABLED, PAM_PERM_DENIED, DISABLED },
	};
	size_t i, k;

	for (i = 0; i < COUNT(rows); i++) {
		host_reset(state);
		fake_ask(KIND_TOTP | KIND_RECOVERY);
		for (k = 0; k < 5; k++) {
			host.answers[k] = "111111";
			wire_put_uint(fake_verdict(rows[i].o, KIND_TOTP),
			    TAG_WAIT, 14);
		}
		fake_start(host_door("login"), 8);
		assert_int_equal(host_login("", 0), rows[i].pam);
		assert_string_equal(host_message(0), rows[i].text);
		assert_int_equal(host.prompt_count, 5);
		assert_int_equal(host.log_count, 5);
		fake_stop();
	}
}

/* The first prompt says why app codes are of no use. */
static void
outcome_first_prompt(void **state)
{
	static const struct { unsigned kinds; enum outcome why;
	const char *prompt; } rows[] = {
		{ 3, OUT_INTERNAL, PROMPT },
		{ 1, OUT_INTERNAL, PROMPT },
		{ 0, OUT_INTERNAL, PROMPT },
		{ 0x83, OUT_INTERNAL, PROMPT },
		{ 0x82, OUT_INTERNAL, "Recovery code: " },
		{ 2, OUT_INTERNAL, "Recovery code: " },
		{ 2, OUT_LOCKED, "Locked for 28 min. Recovery code: " },
		{ 2, OUT_DISABLED, "App codes are off. Recovery code: " },
		{ 2, OUT_KEY,
		  "App codes cannot be checked now. Recovery code: " },
		{ 2, OUT_CLOCK,
		  "App codes cannot be checked now. Recovery code: " },
		{ 2, OUT_BAD_CODE, "Recovery code: " },
		{ 2, (enum outcome)200, "Recovery code: " },
	};
	struct wire_writer *w;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		host_reset(state);
		host.answers[0] = "123456";
		w = fake_reply(VERB_CHECK, OUT_ASK);
		wire_put_uint(w, TAG_KINDS, rows[i].kinds);
		wire_put_uint(w, TAG_WHY, rows[i].why);
		wire_put_uint(w, TAG_WAIT, 1680);
		fake_verdict(OUT_OK_TOTP, KIND_TOTP);
		fake_start(host_door("login"), 8);
		assert_int_equal(host_login("", 0), PAM_SUCCESS);
		assert_string_equal(host_prompt(0), rows[i].prompt);
		assert_int_equal(host.style[0], PAM_PROMPT_ECHO_ON);
		fake_stop();
	}
}

/* path= and reason= of a failure; help after every refusal alike. */
static void
outcome_failure_and_help(void **state)
{
	struct wire_writer *w;

	(void)state;
	w = fake_reply(VERB_CHECK, OUT_STORE);
	wire_put_string(w, TAG_PATH, "/var/lib/stepup/stepup.db");
	wire_put_string(w, TAG_REASON, "not \"ours\"\n\033[31m");
	wire_put_string(w, TAG_HELP, "Call 0123 \033[31mnow\n");
	fake_start(host_door("login"), 8);
	assert_int_equal(host_login("", 0), PAM_SERVICE_ERR);
	assert_string_equal(host_line(0), PREFIX "fail.store" WHO
	    " path=/var/lib/stepup/stepup.db"
	    " reason=\"not \\\"ours\\\"??[31m\"");
	assert_string_equal(host_message(0), CANNOT("store"));
	assert_string_equal(host_message(1), "Call 0123 ?[31mnow?");
	assert_int_equal(host.style[1], PAM_ERROR_MSG);
	fake_stop();
}

/* Help that came with CHECK stays for what VERIFY says without it. */
static void
outcome_help_stays(void **state)
{
	struct wire_writer *w;

	(void)state;
	host.answers[0] = "111111";
	w = fake_reply(VERB_CHECK, OUT_ASK);
	wire_put_uint(w, TAG_KINDS, KIND_TOTP);
	wire_put_string(w, TAG_HELP, "Call 0123");
	fake_verdict(OUT_BAD_CODE, KIND_TOTP);
	fake_start(host_door("login"), 8);
	assert_int_equal(host_login("tries=1", 0), PAM_AUTH_ERR);
	assert_string_equal(host_message(0), FAILED);
	assert_string_equal(host_message(1), "Call 0123");
	fake_stop();
}

/* Who has such a name is nobody else in the log. */
static void
outcome_names_that_forge(void **state)
{
	static const struct { const char *user, *log; } rows[] = {
		{ "x rhost=198.51.100.9 tty=ssh",
		  "user=\"x rhost=198.51.100.9 tty=ssh\"" },
		{ "x\" rhost=198.51.100.9",
		  "user=\"x\\\" rhost=198.51.100.9\"" },
		{ "x\\", "user=\"x\\\\\"" },
	};
	char line[HOST_TEXT];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(host_reset(state), 0);
		host.user = rows[i].user;
		fake_reply(VERB_CHECK, OUT_LOCKED);
		fake_start(host_door("login"), 8);
		assert_int_equal(host_login("", 0), PAM_MAXTRIES);
		snprintf(line, sizeof(line), PREFIX "deny.locked %s "
		    "rhost=203.0.113.7 tty=ssh", rows[i].log);
		assert_string_equal(host_line(0), line);
		fake_stop();
	}
}

static void
outcome_last_recovery_code(void **state)
{
	(void)state;
	host.answers[0] = "AAAA-AAAA-AAAA-AAAA";
	fake_ask(KIND_TOTP | KIND_RECOVERY);
	fake_verdict(OUT_OK_RECOVERY, KIND_RECOVERY);
	fake_start(host_door("login"), 8);
	assert_int_equal(host_login("", 0), PAM_SUCCESS);
	assert_string_equal(host_message(0), "Last recovery code used. "
	    "Make new ones: stepup codes --new");
	assert_int_equal(host.style[1], PAM_TEXT_INFO);
	fake_stop();
}

static void
outcome_few_recovery_codes(void **state)
{
	static const struct { uint32_t left; const char *text; } rows[] = {
		{ 3, "Recovery code used, 3 left." },
		{ 2, "Recovery code used, 2 left. "
		    "New ones: stepup codes --new" },
	};
	struct wire_writer *w;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(host_reset(state), 0);
		host.answers[0] = "AAAA-AAAA-AAAA-AAAA";
		fake_ask(KIND_TOTP | KIND_RECOVERY);
		w = fake_reply(VERB_VERIFY, OUT_OK_RECOVERY);
		wire_put_uint(w, TAG_KIND, KIND_RECOVERY);
		wire_put_uint(w, TAG_LEFT, rows[i].left);
		fake_start(host_door("login"), 8);
		assert_int_equal(host_login("", 0), PAM_SUCCESS);
		assert_string_equal(host_message(0), rows[i].text);
		fake_stop();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(outcome_check_ends, host_reset),
		cmocka_unit_test_setup(outcome_verify_ends, host_reset),
		cmocka_unit_test(outcome_tables_are_complete),
		cmocka_unit_test_setup(outcome_goes_into_next_prompt,
		    host_reset),
		cmocka_unit_test_setup(outcome_ends_without_kinds,
		    host_reset),
		cmocka_unit_test_setup(outcome_of_the_last_prompt,
		    host_reset),
		cmocka_unit_test_setup(outcome_first_prompt, host_reset),
		cmocka_unit_test_setup(outcome_failure_and_help, host_reset),
		cmocka_unit_test_setup(outcome_help_stays, host_reset),
		cmocka_unit_test_setup(outcome_names_that_forge, host_reset),
		cmocka_unit_test_setup(outcome_last_recovery_code,
		    host_reset),
		cmocka_unit_test_setup(outcome_few_recovery_codes,
		    host_reset),
	};

	return cmocka_run_group_tests(tests, host_setup, host_teardown);
}
