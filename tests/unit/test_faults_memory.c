/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Logins while the n-th allocation fails, once or from then on.
 */
#include "tests/unit/fault_site.h"

#include "daemon/ask.h"
#include "tests/unit/fault_memory.h"

static int
memory_setup(void **state)
{
	fault_memory_start();
	return fault_setup(state);
}

/* Each of the first ALL, then one in SOME, unless FAULTS_EVERY says all:
   SQLite alone takes a thousand to read the schema. */
#define ALL	64
#define SOME	37

/* Every n until a login needs no n allocations. */
static void
every_allocation(enum store_role role, enum fault_question what, bool sticky)
{
	unsigned n, failed, fds = descriptors();
	enum outcome o;

	for (n = 1;; n += fault_stride(n < ALL ? 1 : SOME)) {
		fault_refresh();
		fault_frame(what);
		fault_memory_arm(n, sticky);
		o = fault_ask(role);
		failed = fault_memory_disarm();
		fault_judge(what, o);
		assert_int_equal(descriptors(), fds);
		if (failed == 0)
			break;
		fault_tried++;
		assert_true(n < 100000);
	}
	assert_int_equal(o, fault_answers[what]);
	assert_true(n > 20);
	print_message("# %s: %u allocations\n", fault_names[what], n - 1);
	fault_sound();
}

static void
once(void **state)
{
	unsigned what;

	(void)state;
	for (what = 0; what < ASK_QUESTIONS; what++)
		every_allocation(STORE_SPAWNED, (enum fault_question)what,
		    false);
}

static void
from_then_on(void **state)
{
	unsigned what;

	(void)state;
	for (what = 0; what < ASK_QUESTIONS; what++)
		every_allocation(STORE_SPAWNED, (enum fault_question)what,
		    true);
}

static void
serving(void **state)
{
	(void)state;
	every_allocation(STORE_SERVING, ASK_RIGHT, false);
	every_allocation(STORE_SERVING, ASK_CHECK, true);
}

/* The packet's reader and the decision need no memory at all. */
static void
none_needed(void **state)
{
	const struct caller root = { .door = DOOR_LOGIN };
	static struct wire_writer w;
	static struct ask a;
	struct request r = { .door = DOOR_LOGIN, .known = true };
	struct policy p = { .limits = fault_settings.limits, .window = 1,
		.covered = true, .key_ok = true, .clock_ok = true };
	struct account person = fault_person;
	struct decision d;
	struct answer again = { .kind = KIND_NONE };
	char code[ANSWER_CODE];
	uint8_t verb;

	(void)state;
	wire_start(&w, WIRE_VERSION, VERB_VERIFY);
	wire_put_string(&w, TAG_NAME, FAULT_NAME);
	wire_put_uint(&w, TAG_UID, FAULT_UID);
	wire_put_string(&w, TAG_SERVICE, "sshd");
	wire_put_bytes(&w, TAG_ANSWER, fault_codes[1], RECOVERY_LENGTH);
	fault_memory_arm(1, true);
	assert_int_equal(ask_read(w.data, w.len, &root, &a, &verb), OUT_ASK);
	answer_form(&person, (const char *)a.typed.data, a.typed.len, &again,
	    code);
	r.answer = again;
	memcpy(r.answer.salt, person.recovery.salt, RECOVERY_SALT);
	memcpy(r.answer.hash, person.recovery.codes[1].hash, RECOVERY_HASH);
	memcpy(r.answer.pass_salt, person.passes[PASS_LOGIN].salt,
	    RECOVERY_SALT);
	decide_verify(&person, &r, &p, clock_now(), &d);
	assert_int_equal(fault_memory_disarm(), 0);
	assert_int_equal(d.outcome, OUT_OK_RECOVERY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(once),
		cmocka_unit_test(from_then_on),
		cmocka_unit_test(serving),
		cmocka_unit_test(none_needed),
	};

	return cmocka_run_group_tests(tests, memory_setup, fault_cleanup);
}
