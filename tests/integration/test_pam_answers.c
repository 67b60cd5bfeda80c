/* SPDX-License-Identifier: BSD-2-Clause */
/* What may be typed, what is sent of it, what it costs; who is asked. */
#include <stdio.h>
#include <string.h>

#include "fake_service.h"
#include "pam_host.h"
#include "tests/unit/unit.h"

#define PREFIX	"pam_stepup(stepup-test:auth): "
#define FROM	" rhost=203.0.113.7 tty=ssh"
#define PROMPT	"Verification code: "
#define HINT	"KbdInteractiveAuthentication"

static void
repeat(char *buf, const char *what, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = what[i % strlen(what)];
	buf[len] = '\0';
}

/* What was sent for an answer; it is refused as no code. */
static void
expect_sent(void **state, const char *typed, const char *sent, bool named)
{
	uint8_t buf[WIRE_PACKET_MAX];
	struct wire_message m;
	struct secret s;

	host_reset(state);
	host.answers[0] = typed;
	fake_ask(KIND_TOTP);
	fake_verdict(named ? OUT_BAD_FORMAT : OUT_NO_USER, KIND_NONE);
	fake_start(host_door("login"), 8);
	host_login("", 0);
	fake_request(buf);
	fake_message(buf, &m);
	assert_int_equal(m.verb, VERB_VERIFY);
	assert_true(wire_get_secret(&m, TAG_ANSWER, &s));
	assert_int_equal(s.len, strlen(sent));
	assert_memory_equal(s.data, sent, s.len);
	assert_int_equal(wire_has(&m, TAG_NAME), named);
	assert_int_equal(wire_has(&m, TAG_UID), named);
	fake_stop();
}

static void
answer_is_sent_as_typed(void **state)
{
	static const char *const typed[] = { "123456", "123 456", "",
		" ", "\t", "\177", "\033[A", "a\nb", "\377\376", "m\303\274",
		"%s%n", "AAAA-AAAA-AAAA-AAAA" };
	char longest[513];
	size_t i;

	for (i = 0; i < COUNT(typed); i++)
		expect_sent(state, typed[i], typed[i], true);
	repeat(longest, "1", 128);
	expect_sent(state, longest, longest, true);
}

/* Cannot be sent, cannot be a code: an empty one goes in its place. */
static void
answer_too_long(void **state)
{
	char longest[4097];

	repeat(longest, "1", 129);
	expect_sent(state, longest, "", true);
	repeat(longest, "\001", 512);
	expect_sent(state, longest, "", true);
	repeat(longest, "A", 4096);
	expect_sent(state, longest, "", true);
}

/* What sshd gives for those who may not log in: asked as nobody, and the
   name does not get into the log. */
static void
answer_is_junk(void **state)
{
	static const size_t lengths[] = { 1, 2, 3, 4, 6, 13, 30, 200 };
	char junk[256];
	size_t i;

	for (i = 0; i < COUNT(lengths); i++) {
		repeat(junk, "\b\n\r\177INCORRECT", lengths[i]);
		expect_sent(state, junk, "", false);
		assert_string_equal(host_line(0),
		    PREFIX "deny.user user=?" FROM);
		assert_int_equal(host.log_count, 1);
		assert_string_equal(host_message(0), "Verification failed.");
	}
	/* Also when the password was junk of the same length. */
	repeat(junk, "\b\n\r\177INCORRECT", 6);
	host_reset(state);
	host.answers[0] = host.password = junk;
	fake_ask(KIND_TOTP);
	fake_verdict(OUT_NO_USER, KIND_NONE);
	fake_start(host_door("login"), 8);
	assert_int_equal(host_login("", 0), PAM_AUTH_ERR);
	assert_string_equal(host_line(0), PREFIX "deny.user user=?" FROM);
	fake_stop();
}

/* No answer costs nothing, is not sent, and the log has the usual cause. */
static void
answer_is_none(void **state)
{
	static const char *const none[] = { ANSWER_CONV_ERR, ANSWER_NO_ARRAY,
		ANSWER_NO_TEXT };
	size_t i;

	for (i = 0; i < COUNT(none); i++) {
		host_reset(state);
		host.answers[0] = none[i];
		fake_ask(KIND_TOTP);
		fake_start(host_door("login"), 8);
		assert_int_equal(host_login("", 0), PAM_CONV_ERR);
		assert_string_equal(host_line(0), PREFIX
		    "deny.input user=alice" FROM
		    " reason=\"no answer: cancelled, or " HINT " is off\"");
		assert_int_equal(host.log_count, 1);
		assert_int_equal(host.said_count, 1);
		fake_stop();
	}
}

static void
answer_is_password(void **state)
{
	(void)state;
	host.password = host.answers[0] = "correct horse";
	host.answers[1] = "123456";
	fake_ask(KIND_TOTP);
	fake_verdict(OUT_OK_TOTP, KIND_TOTP);
	fake_start(host_door("login"), 8);
	/* The stack's last line sees the password as it was. */
	assert_int_equal(host_login("", 0), PAM_SUCCESS);
	assert_string_equal(host_prompt(1),
	    "That was the password, not a code. " PROMPT);
	assert_int_equal(host.log_count, 1);
	fake_stop();
}

static void
answer_is_password_twice(void **state)
{
	(void)state;
	host.password = host.answers[0] = host.answers[1] = "123456";
	host.answers[2] = "654321";
	fake_ask(KIND_TOTP);
	fake_start(host_door("login"), 8);
	assert_int_equal(host_login("noecho", 0), PAM_CONV_ERR);
	assert_int_equal(host.prompt_count, 2);
	assert_int_equal(host.said_count, 2);
	assert_string_equal(host_line(0), PREFIX "deny.input user=alice" FROM
	    " reason=\"the password for an answer, twice: " HINT " off?\"");
	assert_int_equal(host.log_count, 1);
	fake_stop();
}

/* The prompt for a recovery code stays one. */
static void
answer_is_password_at_recovery(void **state)
{
	(void)state;
	host.password = host.answers[0] = "correct horse";
	fake_ask(KIND_RECOVERY);
	fake_start(host_door("login"), 8);
	assert_int_equal(host_login("", 0), PAM_CONV_ERR);
	assert_string_equal(host_prompt(1),
	    "That was the password, not a code. Recovery code: ");
	fake_stop();
}

/* Part of it, more than it, and an empty one are answers like others. */
static void
answer_is_nearly_password(void **state)
{
	static const char *const near[] = { "correct hors", "correct horse ",
		"Correct horse", "" };
	size_t i;

	for (i = 0; i < COUNT(near); i++) {
		host_reset(state);
		host.password = "correct horse";
		host.answers[0] = near[i];
		fake_ask(KIND_TOTP);
		fake_verdict(OUT_NO_USER, KIND_NONE);
		fake_start(host_door("login"), 8);
		assert_int_equal(host_login("", 0), PAM_AUTH_ERR);
		fake_stop();
	}
}

/* `tries` counts charged answers, five prompts are the end of all. */
static void
answer_tries(void **state)
{
	char arguments[16];
	unsigned tries, i;

	for (tries = 0; tries <= 5; tries++) {
		host_reset(state);
		snprintf(arguments, sizeof(arguments), "tries=%u", tries);
		fake_ask(KIND_TOTP | KIND_RECOVERY);
		for (i = 0; i < 6; i++)
			host.answers[i] = "111111";
		for (i = 0; i < (tries == 0 ? 2 : tries); i++)
			fake_verdict(OUT_BAD_CODE, KIND_TOTP);
		fake_start(host_door("login"), 8);
		assert_int_equal(host_login(tries == 0 ? "" : arguments, 0),
		    PAM_AUTH_ERR);
		assert_int_equal(host.prompt_count, tries == 0 ? 2 : tries);
		assert_int_equal(host.log_count, host.prompt_count);
		fake_stop();
	}
}

/* Free answers cost no try; `earlier` counts app codes that were charged. */
static void
answer_earlier(void **state)
{
	static const struct { enum outcome o; unsigned kind, earlier; }
	rows[] = {
		{ OUT_BAD_FORMAT, KIND_NONE, 0 },
		{ OUT_BAD_CODE, KIND_TOTP, 0 },
		{ OUT_REPLAY, KIND_TOTP, 1 },
		{ OUT_BAD_CODE, KIND_RECOVERY, 1 },
		{ OUT_BAD_CODE, KIND_TOTP, 1 },
	};
	uint8_t buf[WIRE_PACKET_MAX];
	struct wire_message m;
	uint32_t earlier;
	size_t i;

	(void)state;
	fake_ask(KIND_TOTP | KIND_RECOVERY);
	for (i = 0; i < COUNT(rows); i++) {
		host.answers[i] = "111111";
		fake_verdict(rows[i].o, rows[i].kind);
	}
	fake_start(host_door("login"), 8);
	assert_int_equal(host_login("tries=3", 0), PAM_AUTH_ERR);
	fake_request(buf);
	for (i = 0; i < COUNT(rows); i++) {
		fake_message(buf, &m);
		assert_true(wire_get_uint(&m, TAG_EARLIER, &earlier));
		assert_int_equal(earlier, rows[i].earlier);
	}
	fake_stop();
}

/* Names as the name service has them; unknown ones are asked as nobody. */
static void
answer_from_whom(void **state)
{
	static const struct { const char *user, *name; uint32_t uid;
	const char *log; } rows[] = {
		{ "alice", "alice", 1001, "user=alice" },
		{ "ALICE", "alice", 1001, "user=alice" },
		{ "root", "root", 0, "user=root" },
		{ "bob smith", "bob smith", 1002, "user=\"bob smith\"" },
		{ "large", "large", 1003, "user=large" },
		{ "hunter2", NULL, 0, "user=?" },
	};
	uint8_t buf[WIRE_PACKET_MAX];
	char name[WIRE_STRING_MAX + 1], line[HOST_TEXT];
	struct wire_message m;
	uint32_t uid;
	size_t i, k;

	for (i = 0; i < COUNT(rows); i++) {
		host_reset(state);
		host.user = rows[i].user;
		host.answers[0] = "111111";
		fake_ask(KIND_TOTP);
		fake_verdict(OUT_BAD_CODE, KIND_TOTP);
		fake_start(host_door("login"), 8);
		assert_int_equal(host_login("tries=1", 0), PAM_AUTH_ERR);
		for (k = 0; k < 2; k++) {
			fake_message(buf, &m);
			assert_int_equal(wire_get_string(&m, TAG_NAME, name),
			    rows[i].name != NULL);
			assert_int_equal(wire_get_uint(&m, TAG_UID, &uid),
			    rows[i].name != NULL);
			assert_string_equal(name, rows[i].name != NULL ?
			    rows[i].name : "");
			assert_int_equal(uid, rows[i].uid);
			wire_get_string(&m, TAG_SERVICE, name);
			assert_string_equal(name, "stepup-test");
		}
		snprintf(line, sizeof(line), PREFIX "deny.code %s" FROM
		    " count=0/0", rows[i].log);
		assert_string_equal(host_line(0), line);
		fake_stop();
	}
}

/* Nobody is asked when the name service fails, and it is not `unknown`. */
static void
answer_from_nobody(void **state)
{
	static const struct { const char *user, *log; int pam; } rows[] = {
		{ "broken", "fail.service user=?" FROM
		  " reason=\"the name service failed\"", PAM_SERVICE_ERR },
		{ "absent", "fail.service user=?" FROM
		  " reason=\"the name service failed\"", PAM_SERVICE_ERR },
		{ "huge", "fail.service user=?" FROM
		  " reason=\"the name service failed\"", PAM_SERVICE_ERR },
		{ "nobody", "fail.service user=?" FROM
		  " reason=\"the name service's entry cannot be used\"",
		  PAM_SERVICE_ERR },
		{ "", "deny.input user=?" FROM " reason=\"no user name\"",
		  PAM_CONV_ERR },
		{ NULL, "deny.input user=?" FROM " reason=\"no user name\"",
		  PAM_CONV_ERR },
	};
	char line[HOST_TEXT];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		host_reset(state);
		host.user = rows[i].user;
		fake_start(host_door("login"), 8);
		assert_int_equal(host_login("", 0), rows[i].pam);
		snprintf(line, sizeof(line), PREFIX "%s", rows[i].log);
		assert_string_equal(host_line(host.log_count - 1), line);
		fake_stop();
	}
}

/* rhost and tty come from outside: cut, and printable in the log. */
static void
answer_from_where(void **state)
{
	char host_name[600], name[WIRE_STRING_MAX + 1];
	uint8_t buf[WIRE_PACKET_MAX];
	struct wire_message m;

	(void)state;
	repeat(host_name, "evil\n user=root ", 599);
	host.rhost = host_name;
	host.tty = NULL;
	fake_reply(VERB_CHECK, OUT_ADMIN_LOCK);
	fake_start(host_door("login"), 8);
	assert_int_equal(host_login("", 0), PAM_PERM_DENIED);
	fake_message(buf, &m);
	assert_true(wire_get_string(&m, TAG_RHOST, name));
	assert_int_equal(strlen(name), WIRE_STRING_MAX);
	assert_false(wire_has(&m, TAG_TTY));
	assert_null(strpbrk(host_line(0), "\n\r"));
	assert_non_null(strstr(host_line(0),
	    "deny.admin user=alice rhost=\"evil? user=root evil?"));
	fake_stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(answer_is_sent_as_typed, host_reset),
		cmocka_unit_test_setup(answer_too_long, host_reset),
		cmocka_unit_test_setup(answer_is_junk, host_reset),
		cmocka_unit_test_setup(answer_is_none, host_reset),
		cmocka_unit_test_setup(answer_is_password, host_reset),
		cmocka_unit_test_setup(answer_is_password_twice, host_reset),
		cmocka_unit_test_setup(answer_is_password_at_recovery,
		    host_reset),
		cmocka_unit_test_setup(answer_is_nearly_password,
		    host_reset),
		cmocka_unit_test_setup(answer_tries, host_reset),
		cmocka_unit_test_setup(answer_earlier, host_reset),
		cmocka_unit_test_setup(answer_from_whom, host_reset),
		cmocka_unit_test_setup(answer_from_nobody, host_reset),
		cmocka_unit_test_setup(answer_from_where, host_reset),
	};

	return cmocka_run_group_tests(tests, host_setup, host_teardown);
}
