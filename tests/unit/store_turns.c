/* SPDX-License-Identifier: BSD-2-Clause */
/* The conformance suite: transactions, alone and against others. */
#include "tests/unit/store_suite.h"

#include <sys/wait.h>

#include <signal.h>
#include <time.h>

/* What is not committed has not been. */
void
suite_undone(void **state)
{
	struct scene *sc = *state;
	struct account a;

	sample_account(&a, "alice", 1000, 1, 10);
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(sample_apply(driver, sc->store, &a, EFFECT_ENROLL),
	    STORE_OK);
	driver->rollback(sc->store);
	driver->rollback(sc->store);
	assert_int_equal(suite_match(sc->store, "alice", 1000), ACCOUNT_NONE);
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(sample_apply(driver, sc->store, &a, EFFECT_ENROLL),
	    STORE_OK);
	driver->close(sc->store);
	sc->store = suite_open(sc, STORE_ADMIN);
	assert_int_equal(suite_match(sc->store, "alice", 1000), ACCOUNT_NONE);
}

/* Inside one transaction the second sees the first, unless undone. */
void
suite_round_of_two(void **state)
{
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct account a, b, got;

	sample_account(&a, "alice", 1000, 1, 10);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->mark(sc->store, &f), STORE_OK);
	a.credentials[0].last_step++;
	assert_int_equal(sample_apply(driver, sc->store, &a,
	    EFFECT_CREDENTIALS), STORE_OK);
	assert_int_equal(driver->keep(sc->store, &f), STORE_OK);
	assert_int_equal(driver->mark(sc->store, &f), STORE_OK);
	assert_int_equal(driver->load(sc->store, "alice", 1000, &got, &f),
	    STORE_OK);
	assert_memory_equal(&got, &a, sizeof(got));
	b = a;
	b.credentials[0].last_step += 100;
	assert_int_equal(sample_apply(driver, sc->store, &b,
	    EFFECT_CREDENTIALS), STORE_OK);
	driver->undo(sc->store);
	driver->undo(sc->store);
	suite_commit(sc->store);
	suite_expect(sc->store, &a);
}

/* One that is refused takes nobody with it. */
void
suite_refused_alone(void **state)
{
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct account a, thief, half;

	sample_account(&a, "alice", 1000, 1, 10);
	sample_account(&thief, "alice", 1001, 1, 10);
	sample_account(&half, "carol", 1002, 0, 10);
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->mark(sc->store, &f), STORE_OK);
	assert_int_equal(sample_apply(driver, sc->store, &a, EFFECT_ENROLL),
	    STORE_OK);
	assert_int_equal(driver->keep(sc->store, &f), STORE_OK);
	assert_int_equal(driver->mark(sc->store, &f), STORE_OK);
	assert_int_equal(sample_apply(driver, sc->store, &thief,
	    EFFECT_ENROLL), STORE_REFUSED);
	driver->undo(sc->store);
	assert_int_equal(driver->mark(sc->store, &f), STORE_OK);
	assert_int_equal(sample_apply(driver, sc->store, &half,
	    EFFECT_ENROLL), STORE_REFUSED);
	driver->undo(sc->store);
	suite_commit(sc->store);
	suite_expect(sc->store, &a);
	assert_int_equal(suite_match(sc->store, "bob", 1001), ACCOUNT_NONE);
	assert_int_equal(suite_match(sc->store, "carol", 1002), ACCOUNT_NONE);
}

/* Calls out of order are refused, and change nothing. */
void
suite_order(void **state)
{
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct limiter l = { 0 };
	struct account a, got;

	sample_account(&a, "alice", 1000, 1, 10);
	assert_int_equal(sample_apply(driver, sc->store, &a, EFFECT_ENROLL),
	    STORE_REFUSED);
	assert_int_equal(driver->load(sc->store, "alice", 1000, &got, &f),
	    STORE_REFUSED);
	assert_int_equal(driver->commit(sc->store, &f), STORE_REFUSED);
	assert_int_equal(driver->mark(sc->store, &f), STORE_REFUSED);
	assert_int_equal(driver->keep(sc->store, &f), STORE_REFUSED);
	driver->undo(sc->store);
	suite_begin(sc->store, STORE_READ);
	assert_int_equal(driver->begin(sc->store, STORE_READ, &f),
	    STORE_REFUSED);
	assert_int_equal(sample_apply(driver, sc->store, &a, EFFECT_ENROLL),
	    STORE_REFUSED);
	assert_int_equal(driver->mark(sc->store, &f), STORE_REFUSED);
	assert_int_equal(driver->save_password(sc->store, 1000, &l, &f),
	    STORE_REFUSED);
	driver->rollback(sc->store);
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(driver->keep(sc->store, &f), STORE_REFUSED);
	assert_int_equal(driver->mark(sc->store, &f), STORE_OK);
	assert_int_equal(driver->mark(sc->store, &f), STORE_REFUSED);
	driver->rollback(sc->store);
	assert_int_equal(suite_match(sc->store, "alice", 1000), ACCOUNT_NONE);
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A second writer waits two seconds and gives up; readers never wait. */
void
suite_two_handles(void **state)
{
	struct scene *sc = *state;
	struct store *other = suite_open(sc, STORE_SELF);
	struct failure f = { .path = "" };
	struct account a, got;
	int64_t before, took;

	sample_account(&a, "alice", 1000, 1, 10);
	suite_begin(sc->store, STORE_WRITE);
	assert_int_equal(sample_apply(driver, sc->store, &a, EFFECT_ENROLL),
	    STORE_OK);
	before = now_ms();
	assert_int_equal(driver->begin(other, STORE_WRITE, &f), STORE_BUSY);
	took = now_ms() - before;
	assert_true(took >= 1900 && took < 4000);
	before = now_ms();
	suite_begin(other, STORE_READ);
	assert_int_equal(driver->load(other, "alice", 1000, &got, &f),
	    STORE_OK);
	assert_int_equal(got.match, ACCOUNT_NONE);
	suite_commit(sc->store);
	/* It still reads what it began with. */
	assert_int_equal(driver->load(other, "alice", 1000, &got, &f),
	    STORE_OK);
	assert_int_equal(got.match, ACCOUNT_NONE);
	driver->rollback(other);
	assert_true(now_ms() - before < 1000);
	suite_expect(other, &a);
	driver->close(other);
	suite_expect(sc->store, &a);
}

#define PROCESSES	4
#define ROUNDS		50

/* One process of the contest: adds one to a limiter, again and again. */
static int
contest(const struct scene *sc)
{
	struct failure f = { .path = "" };
	struct store *s = suite_open(sc, STORE_SELF);
	struct account a;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (driver->begin(s, STORE_WRITE, &f) != STORE_OK ||
		    driver->load(s, "alice", 1000, &a, &f) != STORE_OK)
			return 1;
		a.limiters[LIMITER_TOTP_LOGIN].total++;
		if (sample_apply(driver, s, &a, EFFECT_LIMITERS) != STORE_OK ||
		    driver->commit(s, &f) != STORE_OK)
			return 1;
	}
	driver->close(s);
	return 0;
}

void
suite_processes(void **state)
{
	struct scene *sc = *state;
	pid_t children[PROCESSES];
	struct account a;
	int i, status;

	sample_account(&a, "alice", 1000, 1, 10);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	driver->close(sc->store);
	sc->store = NULL;
	for (i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			_exit(contest(sc));
	}
	for (i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(children[i], &status, 0),
		    children[i]);
		assert_int_equal(status, 0);
	}
	sc->store = suite_open(sc, STORE_ADMIN);
	a.limiters[LIMITER_TOTP_LOGIN].total += PROCESSES * ROUNDS;
	suite_expect(sc->store, &a);
}

/* A process killed in a transaction has changed nothing, blocks nobody. */
void
suite_killed(void **state)
{
	struct scene *sc = *state;
	struct failure f = { .path = "" };
	struct account a;
	int ready[2], status;
	char byte = 0;
	pid_t child;

	sample_account(&a, "alice", 1000, 1, 10);
	sample_write(driver, sc->store, &a, EFFECT_ENROLL);
	driver->close(sc->store);
	sc->store = NULL;
	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct store *s = suite_open(sc, STORE_SPAWNED);

		a.credentials[0].last_step += 50;
		if (driver->begin(s, STORE_WRITE, &f) != STORE_OK ||
		    sample_apply(driver, s, &a, EFFECT_CREDENTIALS) !=
		    STORE_OK || write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	close(ready[0]);
	close(ready[1]);
	sc->store = suite_open(sc, STORE_ADMIN);
	suite_expect(sc->store, &a);
	a.credentials[0].last_step++;
	sample_write(driver, sc->store, &a, EFFECT_CREDENTIALS);
	suite_expect(sc->store, &a);
}
