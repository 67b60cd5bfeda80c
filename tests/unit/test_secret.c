/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/secret.h"

static const struct secret empty;

static void
set_copies(void **state)
{
	struct secret s;
	char longest[SECRET_MAX];

	(void)state;
	memset(&s, 0xaa, sizeof(s));
	memset(longest, 'l', sizeof(longest));
	assert_true(secret_set(&s, longest, sizeof(longest)));
	assert_int_equal(s.len, SECRET_MAX);
	assert_int_equal(strlen((char *)s.data), SECRET_MAX);
	assert_true(secret_set(&s, "a\0b", 3));
	assert_int_equal(s.len, 3);
	assert_memory_equal(s.data, "a\0b", 4);
	/* Nothing of a longer one stays behind a shorter one. */
	assert_memory_equal(s.data + 3, empty.data + 3, sizeof(s.data) - 3);
	assert_true(secret_set(&s, NULL, 0));
	assert_memory_equal(s.data, empty.data, sizeof(s.data));
}

static void
set_refuses_long(void **state)
{
	struct secret s;
	char longer[SECRET_MAX + 1];

	(void)state;
	memset(longer, 'l', sizeof(longer));
	assert_true(secret_set(&s, "old", 3));
	assert_false(secret_set(&s, longer, sizeof(longer)));
	assert_memory_equal(&s, &empty, sizeof(s));
	assert_true(secret_set(&s, "old", 3));
	assert_false(secret_set(&s, longer, SIZE_MAX));
	assert_memory_equal(&s, &empty, sizeof(s));
}

static void
set_from_itself(void **state)
{
	struct secret s;

	(void)state;
	assert_true(secret_set(&s, "123456", 6));
	assert_true(secret_set(&s, s.data + 2, 4));
	assert_int_equal(s.len, 4);
	assert_string_equal((char *)s.data, "3456");
}

static void
equal_compares(void **state)
{
	struct secret a, b;
	size_t i;

	(void)state;
	assert_true(secret_set(&a, "abcdef", 6));
	assert_true(secret_set(&b, "abcdef", 6));
	assert_true(secret_equal(&a, &b));
	for (i = 0; i < 6; i++) {
		b.data[i] ^= 0x40;
		assert_false(secret_equal(&a, &b));
		b.data[i] ^= 0x40;
	}
	assert_true(secret_set(&b, "abcde", 5));
	assert_false(secret_equal(&a, &b));
	assert_true(secret_set(&b, "abcdef\0", 7));
	assert_false(secret_equal(&a, &b));
	assert_true(secret_equal(&empty, &empty));
	/* A length that cannot be is equal to nothing. */
	a.len = b.len = SIZE_MAX;
	assert_false(secret_equal(&a, &b));
}

static void
wipe_leaves_nothing(void **state)
{
	struct secret s;

	(void)state;
	memset(&s, 0xaa, sizeof(s));
	secret_wipe(&s);
	assert_memory_equal(&s, &empty, sizeof(s));
	secret_wipe(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_copies),
		cmocka_unit_test(set_refuses_long),
		cmocka_unit_test(set_from_itself),
		cmocka_unit_test(equal_compares),
		cmocka_unit_test(wipe_leaves_nothing),
	};

	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
