/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/prctl.h>

#include "tests/integration/doors.h"

#include "daemon/children.h"

static void
public_answers(void **state)
{
	int fd, i;

	(void)state;
	start("public", NULL);
	for (i = 0; i < 20; i++)
		assert_int_equal(ask(VERB_CHECK, false), OUT_STORE);
	/* For themselves, and nobody else. */
	assert_int_equal(ask(VERB_CHECK, true), OUT_PEER);
	assert_int_equal(ask(99, false), OUT_PROTOCOL);
	/* Several questions on one connection, not any number. */
	fd = dial();
	for (i = 0; i < SELF_REQUESTS; i++) {
		say(fd, VERB_CHECK, false);
		assert_int_equal(hear(fd, NULL, NULL), OUT_STORE);
	}
	assert_true(ended(fd, wire_now_ms() + 5000));
	close(fd);
	assert_int_equal(stop(SIGTERM), 0);
	assert_int_equal(access(door, F_OK), -1);
}

/* Eight for one uid; who is refused is told; one that ends makes room. */
static void
public_eight(void **state)
{
	int fd[CHILDREN_PER_UID], i, o = -1;
	int64_t deadline;

	(void)state;
	start("public", NULL);
	for (i = 0; i < CHILDREN_PER_UID; i++) {
		fd[i] = dial();
		say(fd[i], VERB_CHECK, false);
		assert_int_equal(hear(fd[i], NULL, NULL), OUT_STORE);
	}
	for (i = 0; i < 50; i++)
		assert_int_equal(ask(VERB_CHECK, false), OUT_BUSY);
	close(fd[0]);
	deadline = wire_now_ms() + 5000;
	while ((o = ask(VERB_CHECK, false)) == OUT_BUSY &&
	    wire_now_ms() < deadline)
		;
	assert_int_equal(o, OUT_STORE);
	/* The others are as they were. */
	for (i = 1; i < CHILDREN_PER_UID; i++) {
		say(fd[i], VERB_CHECK, false);
		assert_int_equal(hear(fd[i], NULL, NULL), OUT_STORE);
	}
	/* They end with the service. */
	assert_int_equal(stop(SIGTERM), 0);
	for (i = 1; i < CHILDREN_PER_UID; i++) {
		assert_true(ended(fd[i], wire_now_ms() + 5000));
		close(fd[i]);
	}
}

/* The connection is the child's alone: the acceptor may die. */
static void
public_acceptor_holds_nothing(void **state)
{
	int fd;

	(void)state;
	start("public", NULL);
	fd = dial();
	say(fd, VERB_CHECK, false);
	assert_int_equal(hear(fd, NULL, NULL), OUT_STORE);
	(void)stop(SIGKILL);
	say(fd, VERB_CHECK, false);
	assert_int_equal(hear(fd, NULL, NULL), OUT_STORE);
	close(fd);
}

/* Two processes do nothing but come and go: everybody is still answered. */
static void
public_flood(void **state)
{
	pid_t flood[2];
	int64_t begin;
	size_t i;
	int fd, o;

	(void)state;
	start("public", NULL);
	for (i = 0; i < COUNT(flood); i++) {
		if ((flood[i] = fork()) != 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);	/* a row may fail */
		for (;;)
			if (client_connect(door, &fd) == CLIENT_OK)
				close(fd);
	}
	for (i = 0; i < 30; i++) {
		begin = wire_now_ms();
		o = ask(VERB_CHECK, false);
		assert_true(o == OUT_STORE || o == OUT_BUSY);
		assert_true(wire_now_ms() - begin < 3000);
	}
	for (i = 0; i < COUNT(flood); i++) {
		kill(flood[i], SIGKILL);
		waitpid(flood[i], NULL, 0);
	}
	assert_int_equal(stop(SIGTERM), 0);
}

static void
public_turns_away(void **state)
{
	static const char *const uids[] = { "65534", "4294967295",
	    "3999999999" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(uids); i++) {
		start("public", uids[i]);
		assert_int_equal(ask(VERB_CHECK, false), OUT_PEER);
		assert_int_equal(stop(SIGTERM), 0);
	}
}

static void
public_is_watched(void **state)
{
	(void)state;
	start_watched("public");
	assert_int_equal(stop(SIGTERM), 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(public_answers, setup,
		    cleanup),
		cmocka_unit_test_setup_teardown(public_eight, setup, cleanup),
		cmocka_unit_test_setup_teardown(public_acceptor_holds_nothing,
		    setup, cleanup),
		cmocka_unit_test_setup_teardown(public_flood, setup, cleanup),
		cmocka_unit_test_setup_teardown(public_is_watched, setup,
		    cleanup),
		cmocka_unit_test_setup_teardown(public_turns_away, setup,
		    cleanup),
	};

	shim_begin(argv);
	if (argc > 1)
		_exit(run_as_service(argc, argv));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
