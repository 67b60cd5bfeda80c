/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel refuses to write: nothing is evaluated, nothing half done. */
#include "tests/unit/store_lite.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <signal.h>

/* Writes until the kernel refuses, as a user's ulimit -f would have it. */
static int
write_until_refused(struct scene *sc, struct account *a)
{
	struct rlimit limit = { 64 * 1024, 64 * 1024 };
	int64_t start = a->credentials[0].last_step, told = 0;
	enum store_code code = STORE_OK;
	struct store *s;

	signal(SIGXFSZ, SIG_IGN);
	if (scene_try(sc, STORE_ADMIN, &s) != STORE_OK ||
	    setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 1;
	while (code == STORE_OK && told < 1000) {
		code = driver->begin(s, STORE_WRITE, &sc->failure);
		a->credentials[0].last_step = start + told + 1;
		if (code == STORE_OK)
			code = sample_apply(driver, s, a, EFFECT_CREDENTIALS);
		if (code == STORE_OK)
			code = driver->commit(s, &sc->failure);
		told += code == STORE_OK;
	}
	if (code != STORE_REFUSED || told == 0)
		return 2;
	if (driver->commit(s, &sc->failure) == STORE_OK)
		return 3;
	driver->rollback(s);
	/* What was told is there, what was refused is not. */
	if (driver->begin(s, STORE_READ, &sc->failure) != STORE_OK ||
	    driver->load(s, a->name, a->uid, a, &sc->failure) != STORE_OK)
		return 4;
	driver->close(s);
	return a->credentials[0].last_step == start + told ? 0 : 5;
}

static void
refused(void **state)
{
	struct scene *sc = *state;
	struct store *s = scene_open(sc, STORE_ADMIN);
	struct account a;
	int status;

	sample_account(&a, "alice", 1000, 1, 10);
	sample_write(driver, s, &a, EFFECT_ENROLL);
	driver->close(s);
	if (fork() == 0)
		_exit(write_until_refused(sc, &a));
	wait(&status);
	assert_int_equal(status, 0);
	s = scene_open(sc, STORE_ADMIN);
	a.credentials[0].last_step += 5000;
	sample_write(driver, s, &a, EFFECT_CREDENTIALS);
	driver->close(s);
}

/* Not root: root may write whatever the mode says. */
static int
write_to_read_only(void)
{
	struct scene *sc;
	void *state = NULL;
	struct store *s;
	enum store_code code;

	if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
		return 1;
	scene_setup(&state);
	sc = state;
	driver->close(scene_open(sc, STORE_ADMIN));
	if (chmod(sc->path, 0400) != 0)
		return 2;
	s = scene_open(sc, STORE_SELF);
	if (driver->begin(s, STORE_READ, &sc->failure) != STORE_OK)
		return 3;
	driver->rollback(s);
	code = driver->begin(s, STORE_WRITE, &sc->failure);
	driver->close(s);
	scene_teardown(&state);
	return code == STORE_REFUSED ? 0 : 4;
}

/* Refused at begin, before anything is evaluated. */
static void
read_only(void **state)
{
	int status;

	(void)state;
	if (fork() == 0)
		_exit(write_to_read_only());
	wait(&status);
	assert_int_equal(status, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define SCENE(t) cmocka_unit_test_setup_teardown(t, scene_setup, scene_teardown)
		SCENE(refused), SCENE(read_only),
	};

	return cmocka_run_group_tests_name("store: refused", tests, NULL, NULL);
}
