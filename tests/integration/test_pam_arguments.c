/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments, flags, and the entry points that have no work yet. */
#include <stdio.h>
#include <string.h>

#include "fake_service.h"
#include "pam_host.h"
#include "tests/unit/unit.h"

#define PREFIX	"pam_stepup(stepup-test:auth): "
#define WHO	" user=alice rhost=203.0.113.7 tty=ssh"
#define NOBODY	" user=? rhost=203.0.113.7 tty=ssh"
#define LONGEST	"123456789 123456789 12345678: "
#define RUNDIR_100 \
	"/1234567890123456789012345678901234567890123456789" \
	"01234567890123456789012345678901234567890123456789"

#define PROMPT_WHY	"not 1 to 30 printable ASCII bytes"
#define TRIES_WHY	"not a number from 1 to 5"

/* Each is refused: nobody is asked, the log names it. */
static void
argument_refused(void **state)
{
	/* As written, as the log shows it if that differs, why. */
	static const struct { const char *argument, *shown, *why; } rows[] = {
		{ "nonsense", NULL, "not known" },
		{ "Echo", NULL, "not known" },
		{ "echo=1", NULL, "not known" },
		{ "noecho=", NULL, "not known" },
		{ "quiet=yes", NULL, "not known" },
		{ "prompt", NULL, "not known" },
		{ "tries", NULL, "not known" },
		{ "rundir", NULL, "not known" },
		{ "try=2", NULL, "not known" },
		{ "nullok", NULL, "not known" },
		{ "secret=/path", NULL, "not known" },
		{ "=", NULL, "not known" },
		{ "prompt=", NULL, PROMPT_WHY },
		{ "[prompt=" LONGEST "x]", "prompt=" LONGEST "x", PROMPT_WHY },
		{ "prompt=Pr\303\274fcode:", "prompt=Pr??fcode:", PROMPT_WHY },
		{ "prompt=a\033b", "prompt=a?b", PROMPT_WHY },
		{ "prompt=a\177b", "prompt=a?b", PROMPT_WHY },
		{ "tries=", NULL, TRIES_WHY },
		{ "tries=0", NULL, TRIES_WHY },
		{ "tries=6", NULL, TRIES_WHY },
		{ "tries=-1", NULL, TRIES_WHY },
		{ "tries=+1", NULL, TRIES_WHY },
		{ "tries=01", NULL, TRIES_WHY },
		{ "tries=2x", NULL, TRIES_WHY },
		{ "tries=4294967297", NULL, TRIES_WHY },
		{ "tries=18446744073709551617", NULL, TRIES_WHY },
		{ "[tries=2 ]", "tries=2 ", TRIES_WHY },
		{ "rundir=/elsewhere", NULL, "given twice" },
		{ "quiet quiet", "quiet", "given twice" },
		{ "tries=1 tries=2", "tries=2", "given twice" },
		{ "echo noecho=1 bad", "noecho=1", "not known" },
	};
	char line[HOST_TEXT];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		host_reset(state);
		fake_start(host_door("login"), 8);
		assert_int_equal(host_login(rows[i].argument, 0),
		    PAM_SERVICE_ERR);
		snprintf(line, sizeof(line), PREFIX "fail.config" NOBODY
		    " reason=\"argument %s: %s\"", rows[i].shown != NULL ?
		    rows[i].shown : rows[i].argument, rows[i].why);
		assert_string_equal(host_line(0), line);
		assert_int_equal(host.log_count, 1);
		assert_string_equal(host_message(0), "Codes cannot be "
		    "checked on this host now (settings). "
		    "Nothing was counted.");
		fake_stop();
	}
}

/* The folder of the doors: absolute, and short enough for a socket. */
static void
argument_rundir(void **state)
{
	static const char *const bad[] = { "rundir=", "rundir=run",
		"rundir=./run", "rundir=" RUNDIR_100 "1" };
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		host_reset(state);
		host.plain = true;
		assert_int_equal(host_login(bad[i], 0), PAM_SERVICE_ERR);
		assert_non_null(strstr(host_line(0), "fail.config"));
	}
	/* One byte less can be asked, even if nobody is there. */
	host_reset(state);
	host.plain = true;
	host.euid = 1001;
	assert_int_equal(host_login("rundir=" RUNDIR_100, 0),
	    PAM_SERVICE_ERR);
	assert_string_equal(host_line(0), PREFIX "fail.service" WHO " path="
	    RUNDIR_100 "/public reason=\"nobody listens\"");
}

static void
argument_prompt(void **state)
{
	(void)state;
	host.answers[0] = host.answers[1] = "123456";
	fake_ask(KIND_TOTP | KIND_RECOVERY);
	fake_verdict(OUT_REPLAY, KIND_RECOVERY);
	fake_verdict(OUT_OK_TOTP, KIND_TOTP);
	fake_start(host_door("login"), 8);
	assert_int_equal(host_login("[prompt=" LONGEST "]", 0), PAM_SUCCESS);
	assert_string_equal(host_prompt(0), LONGEST);
	assert_string_equal(host_prompt(1),
	    "Recovery code already used, take another. " LONGEST);
	assert_true(strlen(host_prompt(1)) <= 78);
	fake_stop();
}

static void
argument_echo(void **state)
{
	static const struct { const char *argument; int style; } rows[] = {
		{ "", PAM_PROMPT_ECHO_ON }, { "echo", PAM_PROMPT_ECHO_ON },
		{ "noecho", PAM_PROMPT_ECHO_OFF },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		host_reset(state);
		host.answers[0] = "123456";
		fake_ask(KIND_TOTP);
		fake_verdict(OUT_OK_TOTP, KIND_TOTP);
		fake_start(host_door("login"), 8);
		assert_int_equal(host_login(rows[i].argument, 0),
		    PAM_SUCCESS);
		assert_int_equal(host.style[0], rows[i].style);
		fake_stop();
	}
}

/* quiet: no information, refusals stay. PAM_SILENT: neither. */
static void
argument_quiet(void **state)
{
	static const struct { const char *argument; int flags;
	enum outcome o; int style; } rows[] = {
		{ "", 0, OUT_OK_RECOVERY, PAM_TEXT_INFO },
		{ "quiet", 0, OUT_OK_RECOVERY, 0 },
		{ "", PAM_SILENT, OUT_OK_RECOVERY, 0 },
		{ "", 0, OUT_OK_PASS, PAM_TEXT_INFO },
		{ "quiet", 0, OUT_OK_PASS, 0 },
		{ "", PAM_SILENT, OUT_OK_PASS, 0 },
		{ "", 0, OUT_ADMIN_LOCK, PAM_ERROR_MSG },
		{ "quiet", 0, OUT_ADMIN_LOCK, PAM_ERROR_MSG },
		{ "", PAM_SILENT, OUT_ADMIN_LOCK, 0 },
		{ "quiet", PAM_SILENT, OUT_ADMIN_LOCK, 0 },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		host_reset(state);
		host.answers[0] = "123456";
		fake_ask(KIND_TOTP);
		fake_verdict(rows[i].o, KIND_RECOVERY);
		fake_start(host_door("login"), 8);
		host_login(rows[i].argument, rows[i].flags);
		assert_int_equal(host.prompt_count, 1);
		assert_int_equal(host.said_count, rows[i].style != 0 ? 2 : 1);
		if (rows[i].style != 0)
			assert_int_equal(host.style[1], rows[i].style);
		assert_int_equal(host.log_count, 1);
		fake_stop();
	}
}

/* More in the log, and never what was typed. */
static void
argument_debug(void **state)
{
	size_t i;

	(void)state;
	host.password = "correct horse";
	host.answers[0] = "111111";
	host.answers[1] = "correct horse";
	host.answers[2] = "222222";
	fake_ask(KIND_TOTP);
	fake_verdict(OUT_BAD_CODE, KIND_TOTP);
	fake_verdict(OUT_OK_TOTP, KIND_TOTP);
	fake_start(host_door("login"), 8);
	assert_int_equal(host_login("debug", 0), PAM_SUCCESS);
	assert_string_equal(host_line(0), PREFIX "ask" WHO);
	assert_true(host.log_count > 2);
	for (i = 0; i < host.log_count; i++) {
		assert_null(strstr(host_line(i), "111111"));
		assert_null(strstr(host_line(i), "222222"));
		assert_null(strstr(host_line(i), "horse"));
	}
	fake_stop();
}

static void
entry_points_without_work(void **state)
{
	(void)state;
	assert_int_equal(host_other(pam_setcred), PAM_SUCCESS);
	assert_int_equal(host_other(pam_acct_mgmt), HOST_IGNORED);
	assert_int_equal(host_other(pam_open_session), HOST_IGNORED);
	assert_int_equal(host_other(pam_close_session), HOST_IGNORED);
	assert_int_equal(host_other(pam_chauthtok), HOST_IGNORED);
	assert_int_equal(host.said_count, 0);
	assert_int_equal(host.log_count, 0);
}

/* A program without a conversation function cannot be asked. */
static void
host_without_conversation(void **state)
{
	(void)state;
	host.no_conversation = true;
	fake_ask(KIND_TOTP);
	fake_start(host_door("login"), 8);
	assert_int_equal(host_login("", 0), PAM_CONV_ERR);
	fake_stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(argument_refused, host_reset),
		cmocka_unit_test_setup(argument_rundir, host_reset),
		cmocka_unit_test_setup(argument_prompt, host_reset),
		cmocka_unit_test_setup(argument_echo, host_reset),
		cmocka_unit_test_setup(argument_quiet, host_reset),
		cmocka_unit_test_setup(argument_debug, host_reset),
		cmocka_unit_test_setup(entry_points_without_work,
		    host_reset),
		cmocka_unit_test_setup(host_without_conversation,
		    host_reset),
	};

	return cmocka_run_group_tests(tests, host_setup, host_teardown);
}
