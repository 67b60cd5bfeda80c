/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Logins while the store's n-th read, write, sync, lock, mapping ... fails,
 * once or from then on: a SQLite VFS between the driver and the disk, made
 * the default one.  Everything above it is what ships.
 */
#include "tests/unit/fault_site.h"

#include "tests/unit/fault_vfs.h"

static int
io_setup(void **state)
{
	if (fault_setup(state) != 0)
		return -1;
	fault_vfs_register(true);
	return 0;
}

/* Every n until a login needs no n calls; how many were tried. */
static unsigned
every_call(enum store_role role, enum fault_question what, bool sticky,
    int code)
{
	const struct fault_how how = { .sticky = sticky, .code = code };
	unsigned n, failed, fds = descriptors();
	enum outcome o;

	for (n = 1;; n += fault_stride(1)) {
		fault_refresh();
		fault_frame(what);
		fault_vfs_arm(n, &how);
		o = fault_ask(role);
		failed = fault_vfs_disarm();
		fault_judge(what, o);
		assert_int_equal(descriptors(), fds);
		if (n % 32 == 0)
			fault_sound();
		if (failed == 0)
			break;
		fault_tried++;
		assert_true(n < 2000);
	}
	/* The last one had no trouble: it is the answer without. */
	assert_int_equal(o, fault_answers[what]);
	assert_true(n > 10);
	print_message("# %s: %u calls\n", fault_names[what], n - 1);
	fault_sound();
	return n - 1;
}

static void
spawned(void **state)
{
	unsigned what;

	(void)state;
	for (what = 0; what < ASK_QUESTIONS; what++) {
		every_call(STORE_SPAWNED, (enum fault_question)what, false, 0);
		every_call(STORE_SPAWNED, (enum fault_question)what, true, 0);
	}
}

static void
serving(void **state)
{
	(void)state;
	every_call(STORE_SERVING, ASK_RIGHT, false, 0);
	every_call(STORE_SERVING, ASK_RIGHT, true, 0);
	every_call(STORE_SERVING, ASK_CHECK, true, 0);
}

static void
self(void **state)
{
	(void)state;
	every_call(STORE_SELF, ASK_RECOVERY, false, 0);
	every_call(STORE_SELF, ASK_PASS, false, 0);
	every_call(STORE_SELF, ASK_WRONG, true, 0);
}

/* The same calls with other errors: a full disk, a corrupt page, memory. */
static void
other_errors(void **state)
{
	static const int codes[] = { SQLITE_FULL, SQLITE_CORRUPT,
		SQLITE_IOERR_NOMEM };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(codes); i++) {
		every_call(STORE_SPAWNED, ASK_RIGHT, false, codes[i]);
		every_call(STORE_SPAWNED, ASK_WRONG, true, codes[i]);
	}
}

/* A commit that was refused but lies in the WAL is no second success. */
static void
next_is_once(enum fault_question what)
{
	const struct fault_how how = { .sticky = false };
	struct fault_record r;
	unsigned n, failed;
	enum outcome o;
	bool spent;

	for (n = 1;; n += fault_stride(1)) {
		fault_refresh();
		fault_frame(what);
		fault_vfs_arm(n, &how);
		o = fault_ask(STORE_SPAWNED);
		failed = fault_vfs_disarm();
		if (failed == 0)
			break;
		fault_tried++;
		r = fault_look();
		spent = r.passed || r.unspent < FAULT_CODES;
		assert_true(spent || o != fault_answers[what]);
		assert_int_equal(fault_ask(STORE_SPAWNED),
		    spent ? OUT_REPLAY : fault_answers[what]);
	}
}

static void
next_login(void **state)
{
	(void)state;
	next_is_once(ASK_RECOVERY);
	next_is_once(ASK_PASS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spawned),
		cmocka_unit_test(serving),
		cmocka_unit_test(self),
		cmocka_unit_test(other_errors),
		cmocka_unit_test(next_login),
	};

	return cmocka_run_group_tests(tests, io_setup, fault_cleanup);
}
