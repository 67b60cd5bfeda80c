/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames of version 1, kept as files: they are answered for ever, since an
 * upgraded module meets an old service and the reverse.  A change that
 * breaks one of these breaks logins; a file here is never edited.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/outcome.h"
#include "common/wire.h"
#include "daemon/ask.h"

struct golden {
	size_t	len;
	uint8_t	data[WIRE_PACKET_MAX];
};

/* Two hex digits a byte, space between, a remark from # to the line's end. */
static void
read_golden(const char *name, struct golden *g)
{
	char path[512], line[256];
	unsigned byte;
	int used, at;
	FILE *f;

	snprintf(path, sizeof(path), "%s/golden/%s.hex", TEST_SRCDIR, name);
	g->len = 0;
	f = fopen(path, "re");
	if (f == NULL)
		fail_msg("%s cannot be opened", path);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "#\n")] = '\0';
		for (at = 0; sscanf(line + at, " %2x%n", &byte, &used) == 1;
		    at += used) {
			assert_true(g->len < sizeof(g->data));
			g->data[g->len++] = (uint8_t)byte;
		}
		assert_int_equal(line[at + (int)strspn(line + at, " ")], '\0');
	}
	fclose(f);
	assert_true(g->len > 2);
}

static void
same(const struct wire_writer *w, const char *name)
{
	struct golden g;

	read_golden(name, &g);
	assert_true(wire_done(w));
	assert_int_equal(w->len, g.len);
	assert_memory_equal(w->data, g.data, g.len);
}

static void
request(struct wire_writer *w, uint8_t verb, bool known)
{
	wire_start(w, WIRE_VERSION, verb);
	if (known) {
		wire_put_string(w, TAG_NAME, "alice");
		wire_put_uint(w, TAG_UID, 1000);
	}
	wire_put_string(w, TAG_SERVICE, "sshd");
	wire_put_string(w, TAG_RHOST, "203.0.113.7");
	wire_put_string(w, TAG_TTY, "ssh");
}

static void
requests_are_written(void **state)
{
	struct wire_writer w;

	(void)state;
	request(&w, VERB_CHECK, true);
	same(&w, "check-request");
	request(&w, VERB_CHECK, false);
	same(&w, "check-request-unknown");
	request(&w, VERB_VERIFY, true);
	wire_put_bytes(&w, TAG_ANSWER, "123456", 6);
	wire_put_uint(&w, TAG_EARLIER, 1);
	same(&w, "verify-request");
}

/* What stepupd makes of a request at the login door. */
static void
ask_golden(const char *name, struct ask *a)
{
	struct caller root = { .door = DOOR_LOGIN, .uid = 0 };
	struct golden g;
	uint8_t verb;

	read_golden(name, &g);
	assert_int_equal(ask_read(g.data, g.len, &root, a, &verb), OUT_ASK);
	assert_int_equal(verb, g.data[1]);
	assert_string_equal(a->service, "sshd");
	assert_string_equal(a->rhost, "203.0.113.7");
	assert_string_equal(a->tty, "ssh");
}

static void
requests_are_understood(void **state)
{
	struct ask a;

	(void)state;
	ask_golden("check-request", &a);
	assert_int_equal(a.verb, VERB_CHECK);
	assert_true(a.request.known);
	assert_string_equal(a.name, "alice");
	assert_int_equal(a.uid, 1000);
	ask_golden("check-request-unknown", &a);
	assert_false(a.request.known);
	assert_string_equal(a.name, "");
	ask_golden("verify-request", &a);
	assert_int_equal(a.verb, VERB_VERIFY);
	assert_true(a.request.known);
	assert_string_equal((char *)a.typed.data, "123456");
	assert_int_equal(a.typed.len, 6);
	assert_int_equal(a.request.earlier, 1);
	ask_wipe(&a);
}

/* The answers of the golden files, as stepupd has them before writing. */
static void
answers(struct ask *check, struct ask *verify, struct ask *failure)
{
	memset(check, 0, sizeof(*check));
	check->verb = VERB_CHECK;
	check->outcome = OUT_ASK;
	check->facts = (struct outcome_facts){ .kinds = KIND_RECOVERY,
	    .why = OUT_LOCKED, .wait = 1680, .left = 9 };
	memset(verify, 0, sizeof(*verify));
	verify->verb = VERB_VERIFY;
	verify->outcome = OUT_BAD_CODE;
	verify->facts = (struct outcome_facts){ .kind = KIND_TOTP,
	    .kinds = KIND_TOTP | KIND_RECOVERY, .count = 5, .limit = 10,
	    .lock = 1800, .left = 9 };
	memset(failure, 0, sizeof(*failure));
	failure->verb = VERB_VERIFY;
	failure->outcome = failure_set(&failure->failure, OUT_STORE,
	    "/var/lib/stepup/stepup.db",
	    "not initialised, run stepupd --init");
}

static void
answers_are_written(void **state)
{
	struct ask check, verify, failure;
	struct wire_writer w;

	(void)state;
	answers(&check, &verify, &failure);
	ask_reply(&check, "Call 555-0100.", &w);
	same(&w, "check-answer");
	ask_reply(&verify, "", &w);
	same(&w, "verify-answer");
	ask_reply(&failure, NULL, &w);
	same(&w, "verify-answer-failure");
	memset(&verify, 0, sizeof(verify));
	verify.verb = VERB_VERIFY;
	verify.outcome = OUT_OK_PASS;
	verify.facts.kind = KIND_RECOVERY;
	ask_reply(&verify, NULL, &w);
	same(&w, "verify-answer-pass");
	/* Path and reason are for root's log alone. */
	failure.request.door = DOOR_PUBLIC;
	ask_reply(&failure, NULL, &w);
	assert_true(wire_done(&w));
	assert_int_equal(w.len, 2 + 4);
}

static uint32_t
get(const struct wire_message *m, enum wire_tag tag)
{
	uint32_t v;

	assert_true(wire_get_uint(m, tag, &v));
	return v;
}

static void
answers_are_understood(void **state)
{
	char text[WIRE_STRING_MAX + 1];
	struct wire_message m;
	struct golden g;

	(void)state;
	read_golden("check-answer", &g);
	assert_true(wire_read(g.data, g.len, &m));
	assert_int_equal(m.version, 1);
	assert_int_equal(m.verb, VERB_CHECK | WIRE_REPLY);
	assert_int_equal(get(&m, TAG_OUTCOME), OUT_ASK);
	assert_int_equal(get(&m, TAG_KINDS), KIND_RECOVERY);
	assert_int_equal(get(&m, TAG_WHY), OUT_LOCKED);
	assert_int_equal(get(&m, TAG_WAIT), 1680);
	assert_int_equal(get(&m, TAG_LEFT), 9);
	assert_true(wire_get_string(&m, TAG_HELP, text));
	assert_string_equal(text, "Call 555-0100.");
	assert_false(wire_has(&m, TAG_COUNT));
	read_golden("verify-answer", &g);
	assert_true(wire_read(g.data, g.len, &m));
	assert_int_equal(m.verb, VERB_VERIFY | WIRE_REPLY);
	assert_int_equal(get(&m, TAG_OUTCOME), OUT_BAD_CODE);
	assert_int_equal(get(&m, TAG_COUNT), 5);
	assert_int_equal(get(&m, TAG_LIMIT), 10);
	assert_int_equal(get(&m, TAG_LOCK), 1800);
	assert_int_equal(get(&m, TAG_KIND), KIND_TOTP);
	read_golden("verify-answer-pass", &g);
	assert_true(wire_read(g.data, g.len, &m));
	assert_int_equal(get(&m, TAG_OUTCOME), OUT_OK_PASS);
	assert_int_equal(get(&m, TAG_KIND), KIND_RECOVERY);
	read_golden("verify-answer-failure", &g);
	assert_true(wire_read(g.data, g.len, &m));
	assert_int_equal(get(&m, TAG_OUTCOME), OUT_STORE);
	assert_true(wire_get_string(&m, TAG_PATH, text));
	assert_string_equal(text, "/var/lib/stepup/stepup.db");
	assert_true(wire_get_string(&m, TAG_REASON, text));
	assert_string_equal(text, "not initialised, run stepupd --init");
}

/* A request of a later module: version 1 and fields to be ignored. */
static void
later_modules_are_understood(void **state)
{
	struct caller root = { .door = DOOR_LOGIN, .uid = 0 };
	struct golden g;
	struct ask a;
	uint8_t verb;

	(void)state;
	read_golden("verify-request", &g);
	memcpy(g.data + g.len, "\xc0\0\3new", 6);
	assert_int_equal(ask_read(g.data, g.len + 6, &root, &a, &verb),
	    OUT_ASK);
	assert_string_equal(a.name, "alice");
	g.data[g.len] = 0x60;		/* not to be ignored */
	assert_int_equal(ask_read(g.data, g.len + 6, &root, &a, &verb),
	    OUT_PROTOCOL);
	ask_wipe(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_written),
		cmocka_unit_test(requests_are_understood),
		cmocka_unit_test(answers_are_written),
		cmocka_unit_test(answers_are_understood),
		cmocka_unit_test(later_modules_are_understood),
	};

	return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
