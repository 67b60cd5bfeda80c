/* SPDX-License-Identifier: BSD-2-Clause */
/* Which machine this is, and whose a store is. */
#include "tests/unit/store_lite.h"

#include <fcntl.h>

#include "daemon/machine.h"

#define ID	"0123456789abcdef0123456789abcdef"

static char path[300];

static void
write_id(const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
}

static int
setup(void **state)
{
	if (scene_setup(state) != 0)
		return -1;
	snprintf(path, sizeof(path), "%.250s/machine-id",
	    ((struct scene *)*state)->dir);
	return 0;
}

static void
hashes(void **state)
{
	uint8_t a[STORE_MACHINE], b[STORE_MACHINE];

	(void)state;
	write_id(ID "\n", 33);
	assert_true(machine_hash(path, a));
	write_id(ID, 32);
	assert_true(machine_hash(path, b));
	assert_memory_equal(a, b, sizeof(a));
	assert_null(memmem(a, sizeof(a), "\x01\x23\x45\x67", 4));
	write_id("1123456789abcdef0123456789abcdef\n", 33);
	assert_true(machine_hash(path, b));
	assert_memory_not_equal(a, b, sizeof(a));
}

static void
unknown(void **state)
{
	static const char *const bad[] = { "", "\n", "uninitialized\n",
		"0123456789abcdef0123456789abcde\n",
		"0123456789ABCDEF0123456789abcdef\n",
		"0123456789abcdef0123456789abcdef0\n",
		"00000000000000000000000000000000\n" };
	uint8_t a[STORE_MACHINE], zero[STORE_MACHINE] = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_id(bad[i], strlen(bad[i]));
		assert_false(machine_hash(path, a));
		assert_memory_equal(a, zero, sizeof(a));
	}
	unlink(path);
	assert_false(machine_hash(path, a));
	assert_false(machine_hash(NULL, a));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(machine_hash(path, a));
	unlink(path);
}

static bool
load(struct store *s, uint8_t machine[STORE_MACHINE])
{
	struct failure f = { .path = "" };
	bool known;

	assert_int_equal(driver->begin(s, STORE_READ, &f), STORE_OK);
	assert_int_equal(driver->load_machine(s, machine, &known, &f),
	    STORE_OK);
	driver->rollback(s);
	return known;
}

static void
keep(struct account *coming, const struct account *here)
{
	(void)coming;
	(void)here;
}

/* A store keeps the one it was made on, until a restore. */
static void
of_a_store(void **state)
{
	struct scene *sc = *state;
	struct store_options o = sample_options(STORE_ADMIN);
	struct sealed proof = sample_proof(SAMPLE_KEY);
	struct store_event e = sample_event(DOOR_ADMIN, OUT_DONE);
	uint8_t machine[STORE_MACHINE], one[STORE_MACHINE];
	struct store_swap swap = { .merge = keep, .machine = one };
	struct failure f = { .path = "" };
	struct store *s = scene_open(sc, STORE_ADMIN);
	bool occupied;
	uint64_t lost;

	assert_false(load(s, machine));
	driver->close(s);
	memset(one, 7, sizeof(one));
	o.machine = one;
	snprintf(sc->path, sizeof(sc->path), "%s/other.db", sc->dir);
	assert_int_equal(driver->create(sc->path, &proof, &o, &f), STORE_OK);
	s = scene_open(sc, STORE_ADMIN);
	assert_true(load(s, machine));
	assert_memory_equal(machine, one, sizeof(one));
	memset(one, 8, sizeof(one));
	assert_int_equal(driver->stage_begin(s, &f), STORE_OK);
	assert_int_equal(driver->begin(s, STORE_WRITE, &f), STORE_OK);
	assert_int_equal(driver->stage_swap(s, &swap, &e, &occupied, &lost,
	    &f), STORE_OK);
	assert_int_equal(driver->commit(s, &f), STORE_OK);
	assert_int_equal(driver->stage_end(s, &f), STORE_OK);
	assert_true(load(s, machine));
	assert_memory_equal(machine, one, sizeof(one));
	driver->close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hashes, setup,
		    scene_teardown),
		cmocka_unit_test_setup_teardown(unknown, setup,
		    scene_teardown),
		cmocka_unit_test_setup_teardown(of_a_store, setup,
		    scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
