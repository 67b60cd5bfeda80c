/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/account.h"
#include "daemon/failure.h"

static void
codes_left_counts_unspent(void **state)
{
	struct account a = { .recovery = { .count = 0 } };
	size_t i;

	(void)state;
	assert_int_equal(account_codes_left(&a), 0);
	a.recovery.count = 10;
	assert_int_equal(account_codes_left(&a), 10);
	for (i = 0; i < 10; i++) {
		a.recovery.codes[i].spent_at = 1;
		assert_int_equal(account_codes_left(&a), 9 - i);
	}
	/* A count beyond the array reads nothing behind it. */
	a.recovery.count = SIZE_MAX;
	assert_int_equal(account_codes_left(&a), ACCOUNT_CODES_MAX - 10);
}

static void
factor_is_any_of_both(void **state)
{
	struct account a = { .credential_count = 0 };

	(void)state;
	assert_false(account_has_factor(&a));
	a.credential_count = 1;
	assert_true(account_has_factor(&a));
	a.credential_count = 0;
	a.recovery.count = 1;
	assert_true(account_has_factor(&a));
	a.recovery.codes[0].spent_at = 1;
	assert_false(account_has_factor(&a));
}

static void
wipe_leaves_nothing(void **state)
{
	static const struct account empty;
	struct account a;

	(void)state;
	memset(&a, 0xaa, sizeof(a));
	account_wipe(&a);
	assert_memory_equal(&a, &empty, sizeof(a));
}

static void
failure_says_which_and_why(void **state)
{
	struct failure f;

	(void)state;
	memset(&f, 'x', sizeof(f));
	assert_int_equal(failure_set(&f, OUT_STORE, "/some/file",
	    "%s is %d", "it", 3), OUT_STORE);
	assert_string_equal(f.path, "/some/file");
	assert_string_equal(f.reason, "it is 3");
	assert_int_equal(failure_set(&f, OUT_KEY, NULL, "no key"), OUT_KEY);
	assert_string_equal(f.path, "");
	assert_string_equal(f.reason, "no key");
	assert_int_equal(failure_set(NULL, OUT_BUSY, "/x", "y"), OUT_BUSY);
}

static void
failure_is_cut(void **state)
{
	struct failure f;
	char longer[600];

	(void)state;
	memset(longer, 'l', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	failure_set(&f, OUT_STORE, longer, "%s", longer);
	assert_int_equal(strlen(f.path), sizeof(f.path) - 1);
	assert_int_equal(strlen(f.reason), sizeof(f.reason) - 1);
}

/* A caller may add to what a lower layer said. */
static void
failure_from_itself(void **state)
{
	struct failure f;

	(void)state;
	failure_set(&f, OUT_STORE, "/some/file", "not a regular file");
	failure_set(&f, OUT_KEY, f.path + 5, "keyring: %s", f.reason);
	assert_string_equal(f.path, "/file");
	assert_string_equal(f.reason, "keyring: not a regular file");
}

static void
find_label(void **state)
{
	static struct account a;

	(void)state;
	assert_int_equal(account_find_label(&a, ""), 0);
	a.credential_count = 2;
	strcpy(a.credentials[0].label, "phone");
	strcpy(a.credentials[1].label, "tablet");
	strcpy(a.credentials[2].label, "gone");
	assert_int_equal(account_find_label(&a, "phone"), 0);
	assert_int_equal(account_find_label(&a, "tablet"), 1);
	assert_int_equal(account_find_label(&a, "gone"), 2);
	assert_int_equal(account_find_label(&a, "Phone"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(find_label),
		cmocka_unit_test(codes_left_counts_unspent),
		cmocka_unit_test(factor_is_any_of_both),
		cmocka_unit_test(wipe_leaves_nothing),
		cmocka_unit_test(failure_says_which_and_why),
		cmocka_unit_test(failure_is_cut),
		cmocka_unit_test(failure_from_itself),
	};

	return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
