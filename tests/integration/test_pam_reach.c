/* SPDX-License-Identifier: BSD-2-Clause */
/* Doors that are shut, silent, false or talking nonsense. */
#include <sys/socket.h>
#include <sys/un.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/client.h"
#include "fake_service.h"
#include "pam_host.h"
#include "tests/unit/unit.h"

#define PREFIX	"pam_stepup(stepup-test:auth): "
#define WHO	" user=alice rhost=203.0.113.7 tty=ssh"

/* One line in the log with path and reason, the text, SERVICE_ERR. */
static void
expect_failure(int pam, const char *audit, const char *path,
    const char *reason)
{
	char line[HOST_TEXT];

	assert_int_equal(pam, PAM_SERVICE_ERR);
	snprintf(line, sizeof(line), PREFIX "%s" WHO " path=%s reason=\"%s\"",
	    audit, path, reason);
	assert_string_equal(host_line(0), line);
	assert_int_equal(host.log_count, 1);
	assert_string_equal(host_message(0), "Codes cannot be checked on "
	    "this host now (service). Nothing was counted.");
	assert_int_equal(host.prompt_count, 0);
}

/* Version 1 byte by byte: what modules send for ever. */
static void
reach_frames_of_version_1(void **state)
{
	static const uint8_t check[] = "\001\001"
	    "\001\000\005alice" "\002\000\004\000\000\003\351"
	    "\003\000\013stepup-test" "\004\000\013203.0.113.7"
	    "\005\000\003ssh";
	static const uint8_t verify[] = "\001\002"
	    "\001\000\005alice" "\002\000\004\000\000\003\351"
	    "\003\000\013stepup-test" "\004\000\013203.0.113.7"
	    "\005\000\003ssh" "\006\000\006123456" "\007\000\001\000";
	uint8_t buf[WIRE_PACKET_MAX];

	(void)state;
	host.answers[0] = "123456";
	fake_ask(KIND_TOTP);
	fake_verdict(OUT_OK_TOTP, KIND_TOTP);
	fake_start(host_door("login"), 8);
	assert_int_equal(host_login("", 0), PAM_SUCCESS);
	assert_int_equal(fake_request(buf), sizeof(check) - 1);
	assert_memory_equal(buf, check, sizeof(check) - 1);
	assert_int_equal(fake_request(buf), sizeof(verify) - 1);
	assert_memory_equal(buf, verify, sizeof(verify) - 1);
	fake_stop();
}

/* Everybody but root asks at the public door, and starts nothing. */
static void
reach_public_door(void **state)
{
	(void)state;
	host.euid = 1001;
	host.answers[0] = "123456";
	fake_ask(KIND_TOTP);
	fake_verdict(OUT_OK_TOTP, KIND_TOTP);
	fake_start(host_door("public"), 8);
	assert_int_equal(host_login("", 0), PAM_SUCCESS);
	fake_stop();
	expect_failure((host_reset(state), host.euid = 1001,
	    host_login("", 0)), "fail.service", host_door("public"),
	    "nobody listens");
}

/* The queue's owner is another: nothing is sent, nothing is started. */
static void
reach_not_root(void **state)
{
	uint8_t buf[WIRE_PACKET_MAX];

	(void)state;
	host.peer = 1000;
	fake_step(FAKE_WATCH);
	fake_start(host_door("login"), 8);
	expect_failure(host_login("", 0), "fail.service", host_door("login"),
	    "the listener is not root's");
	assert_int_equal(fake_request(buf), 0);
	fake_stop();
}

static void
reach_absent_spawns(void **state)
{
	(void)state;
	host.answers[0] = "123456";
	assert_int_equal(host_login("", 0), PAM_SUCCESS);
	assert_string_equal(host_line(0), PREFIX "accept.totp" WHO);
}

/* A file without a listener refuses: ECONNREFUSED. */
static void
reach_refused_spawns(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	(void)state;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s",
	    host_door("login"));
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(fd);
	host.answers[0] = "123456";
	assert_int_equal(host_login("", 0), PAM_SUCCESS);
	unlink(host_door("login"));
}

/* The connection ends without an answer: a helper is asked, by root. */
static void
reach_gone_spawns(void **state)
{
	static const enum fake_act acts[] = { FAKE_GONE, FAKE_SLAM };
	size_t i;

	for (i = 0; i < COUNT(acts); i++) {
		host_reset(state);
		host.answers[0] = "123456";
		fake_step(acts[i]);
		fake_step(acts[i]);
		fake_start(host_door("login"), 8);
		assert_int_equal(host_login("", 0), PAM_SUCCESS);
		fake_stop();

		host_reset(state);
		host.euid = 1001;
		fake_step(acts[i]);
		fake_start(host_door("public"), 8);
		expect_failure(host_login("", 0), "fail.service",
		    host_door("public"), "ended without an answer");
		fake_stop();
	}
}

static void
reach_helper_fails(void **state)
{
	(void)state;
	host.helper = NULL;
	expect_failure(host_login("", 0), "fail.service", STEPUPD_PATH,
	    "cannot be started");
	host_reset(state);
	host.answers[0] = "654321";
	assert_int_equal(host_login("", 0), PAM_SERVICE_ERR);
	assert_string_equal(host_line(0), PREFIX "fail.service" WHO
	    " path=" STEPUPD_PATH
	    " reason=\"ended without an answer, exit status 7\"");
}

/* Five seconds, not more, and no second process instead. */
static void
reach_hung(void **state)
{
	int64_t begin = wire_now_ms();

	(void)state;
	fake_step(FAKE_HANG);
	fake_start(host_door("login"), 8);
	expect_failure(host_login("", 0), "fail.service", host_door("login"),
	    "no answer in time");
	assert_in_range(wire_now_ms() - begin, 4900, 9000);
	fake_stop();
}

/* Nobody accepts, the queue is full. */
static void
reach_queue_full(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int listener, fds[4];
	size_t i;

	(void)state;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s",
	    host_door("login"));
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&sun,
	    sizeof(sun)), 0);
	assert_int_equal(listen(listener, 0), 0);
	for (i = 0; i < COUNT(fds); i++) {
		fds[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0);
		if (connect(fds[i], (struct sockaddr *)&sun, sizeof(sun)) ==
		    -1)
			break;
	}
	assert_true(i < COUNT(fds));
	expect_failure(host_login("", 0), "fail.service", host_door("login"),
	    "queue full");
	do
		close(fds[i]);
	while (i-- > 0);
	close(listener);
	unlink(host_door("login"));
}

/* A folder that is no folder, and a socket of another kind. */
static void
reach_no_socket(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s",
	    host_door("login"));
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 1), 0);
	expect_failure(host_login("", 0), "fail.service", host_door("login"),
	    "socket error: Protocol wrong type for socket");
	close(fd);
	unlink(host_door("login"));
}

/* An answer of these bytes is none. */
static void
expect_nonsense(void **state, const void *data, size_t len,
    const char *reason)
{
	struct wire_writer *w;

	host_reset(state);
	w = fake_step(FAKE_REPLY);
	memcpy(w->data, data, len);
	w->len = len;
	fake_start(host_door("login"), 8);
	expect_failure(host_login("", 0), "fail.protocol",
	    host_door("login"), reason);
	fake_stop();
}

static void
reach_rubbish(void **state)
{
	static const struct { const char *data; size_t len; } rows[] = {
#define FRAME(s) { s, sizeof(s) - 1 }
		FRAME("\001"), FRAME("\000\201\010\000\001\012"),
		FRAME("HTTP/1.1 400 Bad Request\r\n\r\n"),
		FRAME("\001\201\010\000\001"),			/* cut */
		FRAME("\001\201\010\000\001\012\010\000\001\013"), /* twice */
		FRAME("\001\201\010\000\002\000\012"),		/* width */
		FRAME("\001\201\010\000\001\012\177\000\000"),	/* unknown */
		FRAME("\001\201\010\000\001\012\000\000\000"),	/* tag 0 */
		FRAME("\001\201\010\000\001\012\021\000\001\000"), /* NUL */
		FRAME("\001\201\010\000\001\012\200"),		/* left */
	};
	uint8_t large[WIRE_PACKET_MAX];
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		expect_nonsense(state, rows[i].data, rows[i].len,
		    "answer malformed");
	memset(large, 0xff, sizeof(large));
	expect_nonsense(state, large, sizeof(large), "answer malformed");
}

static void
reach_not_an_answer(void **state)
{
	static const struct { const char *data; size_t len; } rows[] = {
		FRAME("\001\202\010\000\001\012"),	/* of VERIFY */
		FRAME("\001\001\010\000\001\012"),	/* a request */
		FRAME("\001\201"),			/* no outcome */
		FRAME("\001\201\011\000\001\003"),
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		expect_nonsense(state, rows[i].data, rows[i].len,
		    "not an answer to this");
}

/* Outcomes this module does not know, or that have no place there. */
static void
reach_outcome_out_of_place(void **state)
{
	static const uint8_t check[] = { OUT_OK_TOTP, OUT_OK_RECOVERY,
		OUT_OK_PASS, OUT_OK_TICKET, OUT_BAD_TICKET, OUT_BAD_CODE, OUT_REPLAY, OUT_BAD_FORMAT, OUT_NO_INPUT,
		OUT_DONE, OUT_BAD_PASSWORD, OUT_PASSWORD_WAIT, OUT_EXISTS,
		OUT_LAST_FACTOR, OUT_FULL, OUT_COUNT, OUT_COUNT + 1, 255 };
	static const uint8_t verify[] = { OUT_ASK, OUT_NO_INPUT, OUT_DONE,
		OUT_LAST_FACTOR, OUT_COUNT, 255 };
	char frame[] = "\001\201\010\000\001?", reason[64], line[HOST_TEXT];
	size_t i;

	for (i = 0; i < COUNT(check); i++) {
		frame[5] = (char)check[i];
		snprintf(reason, sizeof(reason), "outcome %u out of place",
		    check[i]);
		expect_nonsense(state, frame, 6, reason);
	}
	for (i = 0; i < COUNT(verify); i++) {
		host_reset(state);
		host.answers[0] = "123456";
		fake_ask(KIND_TOTP);
		fake_verdict(verify[i], KIND_TOTP);
		fake_start(host_door("login"), 8);
		assert_int_equal(host_login("", 0), PAM_SERVICE_ERR);
		snprintf(line, sizeof(line), PREFIX "fail.protocol" WHO
		    " path=%s reason=\"outcome %u out of place\"",
		    host_door("login"), verify[i]);
		assert_string_equal(host_line(0), line);
		assert_int_equal(host.log_count, 1);
		fake_stop();
	}
}

/* A service of tomorrow: its version, and fields that may be skipped. */
static void
reach_newer_service(void **state)
{
	static const char check[] = "\002\201\200\000\003new"
	    "\010\000\001\012\011\000\001\017\377\000\000";
	static const char verify[] = "\377\202\010\000\001\013\260\000\001x";
	struct wire_writer *w;

	(void)state;
	host.answers[0] = "123456";
	w = fake_step(FAKE_REPLY);
	memcpy(w->data, check, w->len = sizeof(check) - 1);
	w = fake_step(FAKE_REPLY);
	memcpy(w->data, verify, w->len = sizeof(verify) - 1);
	fake_start(host_door("login"), 8);
	assert_int_equal(host_login("", 0), PAM_SUCCESS);
	fake_stop();
}

/* The service goes away while the person types: nothing was held. */
static void
reach_restart_at_prompt(void **state)
{
	(void)state;
	host.answers[0] = "123456";
	fake_ask(KIND_TOTP);
	fake_step(FAKE_GONE);
	fake_start(host_door("login"), 8);
	assert_int_equal(host_login("", 0), PAM_SUCCESS);
	fake_stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reach_frames_of_version_1, host_reset),
		cmocka_unit_test_setup(reach_public_door, host_reset),
		cmocka_unit_test_setup(reach_not_root, host_reset),
		cmocka_unit_test_setup(reach_absent_spawns, host_reset),
		cmocka_unit_test_setup(reach_refused_spawns, host_reset),
		cmocka_unit_test_setup(reach_gone_spawns, host_reset),
		cmocka_unit_test_setup(reach_helper_fails, host_reset),
		cmocka_unit_test_setup(reach_hung, host_reset),
		cmocka_unit_test_setup(reach_queue_full, host_reset),
		cmocka_unit_test_setup(reach_no_socket, host_reset),
		cmocka_unit_test_setup(reach_rubbish, host_reset),
		cmocka_unit_test_setup(reach_not_an_answer, host_reset),
		cmocka_unit_test_setup(reach_outcome_out_of_place,
		    host_reset),
		cmocka_unit_test_setup(reach_newer_service, host_reset),
		cmocka_unit_test_setup(reach_restart_at_prompt, host_reset),
	};

	return cmocka_run_group_tests(tests, host_setup, host_teardown);
}
