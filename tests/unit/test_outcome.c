/* SPDX-License-Identifier: BSD-2-Clause */
#include <security/_pam_types.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

#include "common/outcome.h"

#define BOTH	(KIND_TOTP | KIND_RECOVERY)
#define PROMPT_MAX 30		/* longest prompt an administrator may set */
#define COLUMNS	78

#define D	"Verification failed."
#define U(kind)	"Codes cannot be checked on this host now (" kind \
	"). Nothing was counted."

/*
 * The table of the specification, copied by hand: what PAM, the log and
 * the person get.  The texts as with the facts below.
 */
static const struct {
	enum outcome	 o;
	const char	*audit;
	int		 pam;
	int		 priority;
	bool		 charged;
	const char	*final;
	const char	*next;
} spec[] = {
	{ OUT_INTERNAL, "fail.internal", PAM_SERVICE_ERR, LOG_CRIT, false,
	    U("internal"), NULL },
	{ OUT_MEMORY, "fail.memory", PAM_BUF_ERR, LOG_CRIT, false,
	    U("memory"), NULL },
	{ OUT_CONFIG, "fail.config", PAM_SERVICE_ERR, LOG_ERR, false,
	    U("settings"), NULL },
	{ OUT_SERVICE, "fail.service", PAM_SERVICE_ERR, LOG_ERR, false,
	    U("service"), NULL },
	{ OUT_PROTOCOL, "fail.protocol", PAM_SERVICE_ERR, LOG_ERR, false,
	    U("service"), NULL },
	{ OUT_BUSY, "fail.busy", PAM_SERVICE_ERR, LOG_ERR, false,
	    U("busy"), NULL },
	{ OUT_STORE, "fail.store", PAM_SERVICE_ERR, LOG_CRIT, false,
	    U("store"), NULL },
	{ OUT_KEY, "fail.key", PAM_SERVICE_ERR, LOG_CRIT, false,
	    U("key"), "App codes cannot be checked now." },
	{ OUT_CLOCK, "fail.clock", PAM_SERVICE_ERR, LOG_CRIT, false,
	    U("clock"), "App codes cannot be checked now." },
	{ OUT_PEER, "deny.peer", PAM_PERM_DENIED, LOG_WARNING, false,
	    D, NULL },
	{ OUT_ASK, "ask", PAM_SERVICE_ERR, LOG_DEBUG, false, "", NULL },
	{ OUT_OK_TOTP, "accept.totp", PAM_SUCCESS, LOG_INFO, false,
	    "", NULL },
	{ OUT_OK_RECOVERY, "accept.recovery", PAM_SUCCESS, LOG_NOTICE, false,
	    "", NULL },
	{ OUT_NOT_COVERED, "skip.service", PAM_IGNORE, LOG_INFO, false,
	    "", NULL },
	{ OUT_NOT_ENROLLED, "skip.unenrolled", PAM_IGNORE, LOG_INFO, false,
	    "", NULL },
	{ OUT_MUST_ENROLL, "deny.unenrolled", PAM_AUTH_ERR, LOG_NOTICE, false,
	    D, NULL },
	{ OUT_BAD_CODE, "deny.code", PAM_AUTH_ERR, LOG_NOTICE, true,
	    D, "Wrong code. Recovery codes work too." },
	{ OUT_REPLAY, "deny.replay", PAM_AUTH_ERR, LOG_WARNING, false,
	    "Already used, next one in 14 s.",
	    "Already used, next one in 14 s." },
	{ OUT_BAD_FORMAT, "deny.format", PAM_AUTH_ERR, LOG_INFO, false,
	    "Not a complete code, not counted.",
	    "Not a complete code, not counted." },
	{ OUT_LOCKED, "deny.locked", PAM_MAXTRIES, LOG_NOTICE, false,
	    "Too many wrong codes. Try again in 28 min.",
	    "Locked for 28 min." },
	{ OUT_DISABLED, "deny.disabled", PAM_PERM_DENIED, LOG_NOTICE, false,
	    "App codes are switched off after too many wrong ones."
	    " Use a recovery code.", "App codes are off." },
	{ OUT_ADMIN_LOCK, "deny.admin", PAM_PERM_DENIED, LOG_NOTICE, false,
	    "An administrator has locked this login.", NULL },
	{ OUT_CHANGED, "deny.changed", PAM_PERM_DENIED, LOG_WARNING, false,
	    "This login cannot be checked (account changed)."
	    " Tell your administrator.", NULL },
	{ OUT_NO_USER, "deny.user", PAM_AUTH_ERR, LOG_NOTICE, false,
	    D, NULL },
	{ OUT_NO_INPUT, "deny.input", PAM_CONV_ERR, LOG_INFO, false,
	    "", NULL },
};

#define LOGIN_OUTCOMES (sizeof(spec) / sizeof(spec[0]))

/* What a login in the middle of its first tries looks like. */
static struct outcome_facts
sample(enum outcome o)
{
	struct outcome_facts f = { .kind = KIND_TOTP, .kinds = BOTH,
		.wait = o == OUT_REPLAY ? 14 : 28 * 60, .count = 1,
		.limit = 10, .lock = 1800, .left = 9 };

	if (o == OUT_KEY || o == OUT_CLOCK || o == OUT_LOCKED ||
	    o == OUT_DISABLED) {
		f.kinds = KIND_RECOVERY;
		f.why = o;
	}
	return f;
}

static void
rows_are_the_specification(void **state)
{
	const struct outcome_row *row;
	struct outcome_facts f;
	char buf[256];
	size_t i;

	(void)state;
	for (i = 0; i < LOGIN_OUTCOMES; i++) {
		assert_int_equal(spec[i].o, i);
		row = outcome_row(spec[i].o);
		f = sample(spec[i].o);
		assert_string_equal(row->audit, spec[i].audit);
		assert_int_equal(row->pam, spec[i].pam);
		assert_int_equal(row->priority, spec[i].priority);
		assert_int_equal(row->charged, spec[i].charged);
		assert_int_equal(row->again, spec[i].next != NULL);
		outcome_final(spec[i].o, &f, buf, sizeof(buf));
		assert_string_equal(buf, spec[i].final);
		outcome_next(spec[i].o, &f, buf, sizeof(buf));
		assert_string_equal(buf, spec[i].next == NULL ? "" :
		    spec[i].next);
	}
}

static bool
lower_word(const char *s)
{
	return *s != '\0' && strspn(s, "abcdefghijklmnopqrstuvwxyz") ==
	    strlen(s);
}

static void
audit_names(void **state)
{
	static const char *const heads[] = { "fail.", "deny.", "skip.",
		"accept." };
	const char *name;
	size_t i, k, matched;

	(void)state;
	for (i = 0; i < OUT_COUNT; i++) {
		name = outcome_row((enum outcome)i)->audit;
		for (k = matched = 0; k < 4; k++)
			if (strncmp(name, heads[k], strlen(heads[k])) == 0)
				matched += lower_word(name + strlen(heads[k]));
		assert_int_equal(matched, i != OUT_ASK);
		for (k = 0; k < i; k++)
			assert_string_not_equal(name,
			    outcome_row((enum outcome)k)->audit);
	}
}

/* Whoever may pass, and who counts, is said here once more. */
static void
only_these_pass(void **state)
{
	const struct outcome_row *row;
	int i;

	(void)state;
	for (i = 0; i < OUT_COUNT; i++) {
		row = outcome_row((enum outcome)i);
		assert_int_equal(row->pam == PAM_SUCCESS,
		    i == OUT_OK_TOTP || i == OUT_OK_RECOVERY ||
		    i == OUT_OK_PASS);
		assert_int_equal(row->pam == PAM_IGNORE,
		    i == OUT_NOT_COVERED || i == OUT_NOT_ENROLLED);
		assert_int_equal(row->charged, i == OUT_BAD_CODE ||
		    i == OUT_BAD_TICKET);
		if (strncmp(row->audit, "fail.", 5) == 0)
			assert_int_equal(row->pam, i == OUT_MEMORY ?
			    PAM_BUF_ERR : PAM_SERVICE_ERR);
		assert_in_range(row->priority, LOG_CRIT, LOG_DEBUG);
		assert_non_null(row->final);
		assert_int_equal(row->again, row->next != NULL);
	}
}

static void
zero_and_junk_deny(void **state)
{
	static const int junk[] = { -1, OUT_COUNT, OUT_COUNT + 1, 255,
		INT32_MAX, INT32_MIN };
	struct outcome_facts f = { .kinds = BOTH };
	size_t i;

	(void)state;
	assert_int_equal(OUT_INTERNAL, 0);
	assert_int_equal(outcome_row(OUT_INTERNAL)->pam, PAM_SERVICE_ERR);
	assert_int_equal(outcome_follow(OUT_INTERNAL, &f), FOLLOW_NONE);
	for (i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
		assert_ptr_equal(outcome_row((enum outcome)junk[i]),
		    outcome_row(OUT_INTERNAL));
		assert_int_equal(outcome_follow((enum outcome)junk[i], &f),
		    FOLLOW_NONE);
	}
}

static void
printable_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e || *s == '{' || *s == '}')
			fail_msg("byte %d in a text", *s);
}

/* A text alone, and a reason with the longest prompt that follows it. */
static void
one_line(enum outcome o, const struct outcome_facts *f)
{
	char buf[256];
	size_t prompt = 0;

	outcome_final(o, f, buf, sizeof(buf));
	printable_ascii(buf);
	if (strlen(buf) > COLUMNS)
		fail_msg("%zu columns: %s", strlen(buf), buf);
	outcome_next(o, f, buf, sizeof(buf));
	printable_ascii(buf);
	switch (outcome_follow(o, f)) {
	case FOLLOW_NONE:
		break;
	case FOLLOW_PROMPT:
		prompt = PROMPT_MAX;
		break;
	case FOLLOW_RECOVERY:
		prompt = strlen("Recovery code: ");
		break;
	}
	if (strlen(buf) + 1 + prompt > COLUMNS)
		fail_msg("%zu columns with the prompt: %s",
		    strlen(buf) + 1 + prompt, buf);
}

static void
for_kinds(enum outcome o, struct outcome_facts f)
{
	static const enum outcome whys[] = { OUT_INTERNAL, OUT_LOCKED,
		OUT_DISABLED, OUT_KEY, OUT_CLOCK };
	size_t i;

	for (f.kind = KIND_NONE; f.kind <= KIND_RECOVERY; f.kind++)
		for (f.kinds = 0; f.kinds <= BOTH; f.kinds++)
			for (i = 0; i < 5; i++) {
				f.why = whys[i];
				one_line(o, &f);
			}
}

static void
texts_fit_a_line(void **state)
{
	static const uint32_t waits[] = { 0, 1, 14, 89, 90, 1800, 5399, 86399,
		86400, UINT32_MAX };
	struct outcome_facts f = { .kind = 0 };
	size_t i;
	int o;

	(void)state;
	for (o = 0; o < OUT_COUNT; o++)
		for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
			for (f.limit = 0; f.limit <= 20; f.limit += 5)
				for (f.count = 0; f.count <= 20; f.count++) {
					f.wait = f.lock = waits[i];
					for_kinds((enum outcome)o, f);
				}
}

/* What follows a refusal depends on what can still be used. */
static void
follows(void **state)
{
	static const enum outcome again[] = { OUT_BAD_CODE, OUT_REPLAY,
		OUT_BAD_FORMAT, OUT_LOCKED, OUT_DISABLED, OUT_KEY, OUT_CLOCK };
	struct outcome_facts f = { .kind = KIND_TOTP };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
		f.kinds = 0;
		assert_int_equal(outcome_follow(again[i], &f), FOLLOW_NONE);
		f.kinds = KIND_TOTP;
		assert_int_equal(outcome_follow(again[i], &f), FOLLOW_PROMPT);
		f.kinds = BOTH;
		assert_int_equal(outcome_follow(again[i], &f), FOLLOW_PROMPT);
		f.kinds = KIND_RECOVERY;
		assert_int_equal(outcome_follow(again[i], &f),
		    FOLLOW_RECOVERY);
	}
	/* CHECK always has a prompt. */
	for (f.kinds = 0; f.kinds <= BOTH; f.kinds++)
		assert_int_equal(outcome_follow(OUT_ASK, &f),
		    f.kinds == KIND_RECOVERY ? FOLLOW_RECOVERY :
		    FOLLOW_PROMPT);
	f.kinds = BOTH;
	for (i = 0; i < LOGIN_OUTCOMES; i++)
		if (spec[i].next == NULL && spec[i].o != OUT_ASK)
			assert_int_equal(outcome_follow(spec[i].o, &f),
			    FOLLOW_NONE);
}

static void
wrong_code_counts_down(void **state)
{
	static const char *const rows[] = { NULL,
		"Wrong code. Recovery codes work too.",
		"Wrong code. Recovery codes work too.",
		"Wrong code. Recovery codes work too.",
		"Wrong code. Recovery codes work too.",
		"Wrong code, 5 more lock this for 30 min.",
		"Wrong code, 4 more lock this for 30 min.",
		"Wrong code, 3 more lock this for 30 min.",
		"Wrong code, 2 more lock this for 30 min.",
		"Wrong code, 1 more lock this for 30 min." };
	struct outcome_facts f = sample(OUT_BAD_CODE);
	char buf[128];

	(void)state;
	for (f.count = 1; f.count < 10; f.count++) {
		outcome_next(OUT_BAD_CODE, &f, buf, sizeof(buf));
		assert_string_equal(buf, rows[f.count]);
	}
	/* The tenth has locked app codes: that is what the person hears. */
	f.kinds = KIND_RECOVERY;
	f.why = OUT_LOCKED;
	f.wait = 1800;
	outcome_next(OUT_BAD_CODE, &f, buf, sizeof(buf));
	assert_string_equal(buf, "Locked for 30 min.");
	f.why = OUT_DISABLED;
	outcome_next(OUT_BAD_CODE, &f, buf, sizeof(buf));
	assert_string_equal(buf, "App codes are off.");
}

static void
recovery_codes_are_named(void **state)
{
	struct outcome_facts f = { .kind = KIND_RECOVERY, .kinds = BOTH,
		.count = 1, .limit = 10, .lock = 1800, .wait = 120 };
	char buf[128];

	(void)state;
	outcome_next(OUT_REPLAY, &f, buf, sizeof(buf));
	assert_string_equal(buf, "Recovery code already used, take another.");
	outcome_final(OUT_REPLAY, &f, buf, sizeof(buf));
	assert_string_equal(buf, "Recovery code already used, take another.");
	outcome_next(OUT_LOCKED, &f, buf, sizeof(buf));
	assert_string_equal(buf, "Recovery codes are locked for 2 min.");
	outcome_next(OUT_BAD_CODE, &f, buf, sizeof(buf));
	assert_string_equal(buf, "Wrong recovery code.");
	/* Nobody is sent to codes that are not there. */
	f.kind = f.kinds = KIND_TOTP;
	outcome_next(OUT_BAD_CODE, &f, buf, sizeof(buf));
	assert_string_equal(buf, "Wrong code.");
	f.kinds = 0;
	outcome_final(OUT_DISABLED, &f, buf, sizeof(buf));
	assert_string_equal(buf, "App codes are switched off after too many"
	    " wrong ones. Ask an administrator.");
}

/* CHECK that leaves recovery codes alone says why in the first prompt. */
static void
ask_says_why(void **state)
{
	static const struct {
		enum outcome	 why;
		const char	*text;
	} rows[] = {
		{ OUT_INTERNAL, "" },
		{ OUT_LOCKED, "Locked for 28 min." },
		{ OUT_DISABLED, "App codes are off." },
		{ OUT_KEY, "App codes cannot be checked now." },
		{ OUT_CLOCK, "App codes cannot be checked now." },
	};
	struct outcome_facts f = { .kinds = KIND_RECOVERY, .wait = 28 * 60 };
	char buf[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		f.why = rows[i].why;
		outcome_next(OUT_ASK, &f, buf, sizeof(buf));
		assert_string_equal(buf, rows[i].text);
	}
}

static void
texts_keep_to_the_buffer(void **state)
{
	struct outcome_facts f = sample(OUT_LOCKED);
	static const char text[] = "Too many wrong codes. Try again in 28"
	    " min.";
	char buf[sizeof(text) + 1];
	size_t size;

	(void)state;
	for (size = 0; size <= sizeof(text); size++) {
		memset(buf, 'x', sizeof(buf));
		outcome_final(OUT_LOCKED, &f, buf, size);
		assert_int_equal(buf[size], 'x');
		if (size == 0)
			continue;
		assert_non_null(memchr(buf, '\0', size));
		assert_memory_equal(buf, text, strlen(buf));
	}
	assert_string_equal(buf, text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_the_specification),
		cmocka_unit_test(audit_names),
		cmocka_unit_test(only_these_pass),
		cmocka_unit_test(zero_and_junk_deny),
		cmocka_unit_test(texts_fit_a_line),
		cmocka_unit_test(follows),
		cmocka_unit_test(wrong_code_counts_down),
		cmocka_unit_test(recovery_codes_are_named),
		cmocka_unit_test(ask_says_why),
		cmocka_unit_test(texts_keep_to_the_buffer),
	};

	return cmocka_run_group_tests_name("outcome", tests, NULL, NULL);
}
