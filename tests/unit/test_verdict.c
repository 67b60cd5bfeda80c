/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "cli/verdict.h"

static struct terminal terminal;
static const struct host person = { .uid = 1000 };
static const struct host root = { .uid = 0, .sudo_user = "bob" };

static void
prepare(struct call *call, const struct host *host, bool named)
{
	*call = (struct call){ .host = host, .terminal = &terminal,
	    .name = "enroll", .user = "alice", .named = named };
	call_command(call, "enroll", NULL, call->again);
}

/* Both sentences, printed: whoever adds a row sees how it reads. */
static void
check_row(const char *name, const struct verdict *v, const struct call *call)
{
	char what[VERDICT_TEXT_MAX], next[VERDICT_TEXT_MAX];
	size_t i;

	assert_non_null(v->what);
	assert_non_null(v->next);
	assert_in_range(v->status, EXIT_DONE, EXIT_CANCELLED);
	verdict_text(v->what, call, 1680, what);
	verdict_text(v->next, call, 1680, next);
	printf("# %u %s %s | %s\n", (unsigned)v->status, name, what, next);
	assert_true(strlen(what) > 4 && strlen(next) > 4);
	assert_null(strpbrk(what, "{}"));
	assert_null(strpbrk(next, "{}"));
	assert_int_equal(what[strlen(what) - 1], '.');
	for (i = 0; what[i] != '\0'; i++)
		assert_in_range(what[i], 0x20, 0x7e);
}

static void
verdict_of_every_outcome(void **state)
{
	struct call call;
	int o;

	(void)state;
	for (o = 0; o < OUT_COUNT; o++) {
		prepare(&call, &person, false);
		check_row(outcome_row((enum outcome)o)->audit,
		    verdict_of_outcome((enum outcome)o), &call);
		assert_int_equal(o == OUT_DONE, verdict_of_outcome(
		    (enum outcome)o)->status == EXIT_DONE);
	}
	for (o = 0; o < OUT_COUNT; o++) {
		check_row("test", verdict_of_test((enum outcome)o, false),
		    &call);
		check_row("test, clock", verdict_of_test((enum outcome)o,
		    true), &call);
		assert_int_equal(o == OUT_DONE || o == OUT_OK_TOTP ||
		    o == OUT_OK_RECOVERY || o == OUT_OK_PASS, verdict_of_test((enum outcome)o,
		    true)->status == EXIT_DONE);
	}
	assert_ptr_not_equal(verdict_of_test(OUT_BAD_CODE, true),
	    verdict_of_test(OUT_BAD_CODE, false));
	check_row("secret", &verdict_secret, &call);
	check_row("stdin", &verdict_stdin, &call);
	check_row("yes", &verdict_yes, &call);
	check_row("qr", &verdict_qr, &call);
	check_row("file", &verdict_file, &call);
	check_row("ticket", &verdict_ticket, &call);
	check_row("ring", &verdict_ring, &call);
	check_row("rotation", &verdict_rotation, &call);
	check_row("new code", &verdict_new_code, &call);
	check_row("sheet code", &verdict_sheet_code, &call);
	assert_ptr_equal(verdict_of_outcome((enum outcome)OUT_COUNT),
	    verdict_of_outcome(OUT_INTERNAL));
	assert_ptr_equal(verdict_of_outcome((enum outcome)255),
	    verdict_of_outcome(OUT_INTERNAL));
}

static void
verdict_of_every_state(void **state)
{
	struct call call;
	int s;

	(void)state;
	prepare(&call, &root, true);
	for (s = 0; s <= SESSION_CANCELLED; s++) {
		check_row("state", verdict_of_state((enum session_state)s),
		    &call);
		assert_int_not_equal(verdict_of_state(
		    (enum session_state)s)->status, EXIT_DONE);
	}
}

static void
verdict_of_every_exit(void **state)
{
	const struct exit_row *row;
	int s, other;

	(void)state;
	for (s = EXIT_DONE; s <= EXIT_CANCELLED; s++) {
		row = verdict_of_exit((enum exit_status)s);
		printf("# %d %s %s | %s\n", s, row->name, row->what, row->next);
		assert_true(strlen(row->name) >= 4);
		assert_true(strlen(row->what) > 4 && strlen(row->next) > 4);
		assert_null(strpbrk(row->what, "{}"));
		for (other = EXIT_DONE; other < s; other++)
			assert_string_not_equal(row->name, verdict_of_exit(
			    (enum exit_status)other)->name);
	}
	assert_ptr_equal(verdict_of_exit((enum exit_status)-1),
	    verdict_of_exit(EXIT_UNAVAILABLE));
	assert_ptr_equal(verdict_of_exit((enum exit_status)6),
	    verdict_of_exit(EXIT_UNAVAILABLE));
}

/* Exit statuses of SPEC 8. */
static void
verdict_exit_statuses(void **state)
{
	static const struct {
		enum outcome outcome;
		enum exit_status status;
	} cases[] = {
		{ OUT_DONE, EXIT_DONE },
		{ OUT_EXISTS, EXIT_REFUSED },
		{ OUT_BAD_PASSWORD, EXIT_REFUSED },
		{ OUT_LOCKED, EXIT_REFUSED },
		{ OUT_PEER, EXIT_REFUSED },
		{ OUT_NOT_ENROLLED, EXIT_NOT_ENROLLED },
		{ OUT_STORE, EXIT_UNAVAILABLE },
		{ OUT_BUSY, EXIT_UNAVAILABLE },
		{ OUT_SERVICE, EXIT_UNAVAILABLE },
		{ OUT_NO_INPUT, EXIT_CANCELLED },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_int_equal(verdict_of_outcome(cases[i].outcome)->status,
		    cases[i].status);
	assert_int_equal(verdict_of_state(SESSION_ABSENT)->status,
	    EXIT_UNAVAILABLE);
	assert_int_equal(verdict_of_state(SESSION_CANCELLED)->status,
	    EXIT_CANCELLED);
}

static void
verdict_fills_templates(void **state)
{
	static const struct {
		const struct host *host;
		bool named;
		const char *template, *wanted;
	} cases[] = {
		{ &person, false, "x {again} y", "x stepup enroll y" },
		{ &root, true, "{again}", "sudo stepup enroll -u alice" },
		{ &root, true, "{replace}",
		    "sudo stepup enroll --replace -u alice" },
		{ &person, false, "{status}, {enroll}.",
		    "stepup status, stepup enroll." },
		{ &person, false, "{user} {wait}", "alice 28 min" },
		{ &person, false, "{admin}", "sudo stepup enroll -u NAME" },
		{ &person, false, "a{nobody}b", "ab" },
		{ &person, false, "a{", "a{" },
		{ &person, false, "", "" },
	};
	char text[VERDICT_TEXT_MAX], long_template[1000];
	struct call call;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		prepare(&call, cases[i].host, cases[i].named);
		verdict_text(cases[i].template, &call, 1680, text);
		assert_string_equal(text, cases[i].wanted);
	}
	memset(long_template, 'x', sizeof(long_template) - 1);
	long_template[sizeof(long_template) - 1] = '\0';
	verdict_text(long_template, &call, 0, text);
	assert_int_equal(strlen(text), VERDICT_TEXT_MAX - 1);
	/* A command that is copied reaches the shell as it is meant. */
	prepare(&call, &root, true);
	strcpy(call.user, "DOM\\al ice;x");
	verdict_text("{user}: {replace}", &call, 0, text);
	assert_string_equal(text, "DOM\\al ice;x: sudo stepup enroll "
	    "--replace -u 'DOM\\al ice;x'");
	strcpy(call.user, "o'hara");
	verdict_text("{status}", &call, 0, text);
	assert_string_equal(text, "sudo stepup status -u NAME");
	strcpy(call.user, "\033[2J\303\244");
	verdict_text("{user}", &call, 0, text);
	assert_string_equal(text, "?[2J??");
}

/* Who asks is not told that nothing was changed. */
static void
verdict_of_a_question(void **state)
{
	static char status[] = "status", rotate[] = "rotate";
	static char *const words[] = { status, rotate };
	static const struct {
		const char *name;
		uint64_t options;
		unsigned word;
		bool asks;
	} cases[] = {
		{ "status", 0, 0, true },
		{ "list", 0, 0, true },
		{ "log", 0, 0, true },
		{ "doctor", 0, 0, true },
		{ "policy", 0, 0, true },
		{ "codes", 0, 0, true },
		{ "codes", OPTION_BIT(OPTION_NEW), 0, false },
		{ "key", 0, 0, true },
		{ "key", 0, 1, false },
		{ "pass", OPTION_BIT(OPTION_LIST), 0, true },
		{ "pass", 0, 0, false },
		{ "prune", OPTION_BIT(OPTION_DRY_RUN), 0, true },
		{ "prune", 0, 0, false },
		{ "import", OPTION_BIT(OPTION_DRY_RUN), 0, true },
		{ "enroll", 0, 0, false },
		{ "test", 0, 0, false },
		{ "", 0, 0, false },
	};
	char text[VERDICT_TEXT_MAX];
	struct call call;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		prepare(&call, &root, true);
		call.name = cases[i].name;
		call.options = cases[i].options;
		call.words = &words[cases[i].word];
		call.word_count = 1;
		verdict_text(verdict_of_outcome(OUT_NO_USER)->what, &call, 0,
		    text);
		assert_string_equal(text, cases[i].asks ?
		    "This host knows no account alice." :
		    "This host knows no account alice. Nothing was changed.");
		verdict_text(verdict_of_state(SESSION_GONE)->what, &call, 0,
		    text);
		assert_string_equal(text, cases[i].asks ?
		    "The service ended in the middle." :
		    "The service ended in the middle. Nothing was saved.");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdict_of_every_outcome),
		cmocka_unit_test(verdict_of_every_state),
		cmocka_unit_test(verdict_of_every_exit),
		cmocka_unit_test(verdict_exit_statuses),
		cmocka_unit_test(verdict_fills_templates),
		cmocka_unit_test(verdict_of_a_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
