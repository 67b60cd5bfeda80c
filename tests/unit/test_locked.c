/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where secrets lie while they are open: each that is sealed, and each
 * account whose seals are opened, in pages of locked_new(), which no core
 * dump has.
 */
#include "tests/unit/service_place.h"

#include "daemon/seal.h"

/* Whether the kernel leaves the page of this address out of core dumps. */
static bool
undumped(const void *address)
{
	unsigned long at = (unsigned long)(uintptr_t)address, from, to;
	bool here = false, found = false, out = false;
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[1024];

	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = at >= from && at < to;
		found = here && strncmp(line, "VmFlags:", 8) == 0;
		out = found && strstr(line, " dd") != NULL;
	}
	fclose(f);
	assert_true(found);
	return out;
}

/* What passed by. */
static int closed, opened;

bool __real_seal_close(const struct keyring *, const struct seal_row *,
    const struct secret *, struct sealed *);
bool __wrap_seal_close(const struct keyring *, const struct seal_row *,
    const struct secret *, struct sealed *);
bool __real_seal_open_account(const struct keyring *, struct account *,
    struct failure *);
bool __wrap_seal_open_account(const struct keyring *, struct account *,
    struct failure *);

bool
__wrap_seal_close(const struct keyring *ring, const struct seal_row *row,
    const struct secret *secret, struct sealed *out)
{
	closed++;
	assert_true(undumped(secret));
	return __real_seal_close(ring, row, secret, out);
}

bool
__wrap_seal_open_account(const struct keyring *ring, struct account *a,
    struct failure *f)
{
	opened++;
	assert_true(undumped(a));
	return __real_seal_open_account(ring, a, f);
}

static void
in_locked_pages(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	char code[9];
	int on_stack;

	assert_false(undumped(&on_stack));
	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	assert_true(closed > 0);
	closed = 0;
	label = "tablet";
	assert_int_equal(converse(p, VERB_ENROLL, FLAG_ADD, &phone, 0),
	    OUT_DONE);
	label = NULL;
	assert_true(closed > 0);
	phone_code(&phone, phone.step + 1, code);
	assert_int_equal(ask(p, &root, VERB_VERIFY, code), OUT_OK_TOTP);
	assert_true(opened > 0);
}

int
main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, place_make, place_drop)
	const struct CMUnitTest tests[] = {
		TEST(in_locked_pages),
	};

	return cmocka_run_group_tests_name("locked", tests, NULL, NULL);
}
