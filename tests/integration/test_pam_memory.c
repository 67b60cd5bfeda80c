/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Logins while the n-th allocation inside pam_authenticate fails, once or
 * from then on: the module's own, libpam's and the C library's on the way
 * (the log line, the text of an error).  The test program exports malloc and
 * its kin, so that all of them ask here; its own calls, which are the host's
 * and its conversation's, are left alone.
 *
 * - A module that was refused memory denies.
 * - Where others were refused, the answer is the one without trouble, or a
 *   denial: what libpam cannot log it does not turn round.
 * - Nobody passes but whom the service let in, and nothing is left: memory,
 *   descriptors, children, unwiped answers (pam_host.c looks).
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_service.h"
#include "pam_system.h"
#include "tests/unit/unit.h"

#define EXPORT __attribute__((visibility("default")))

/* A sanitizer's runtime allocates before it is ready for instruments. */
#define BARE __attribute__((no_sanitize("address", "undefined")))

#ifdef __SANITIZE_ADDRESS__
#define real_malloc __interceptor_malloc
#define real_calloc __interceptor_calloc
#define real_realloc __interceptor_realloc
#else
#define real_malloc __libc_malloc
#define real_calloc __libc_calloc
#define real_realloc __libc_realloc
#endif
void *real_malloc(size_t);
void *real_calloc(size_t, size_t);
void *real_realloc(void *, size_t);

extern char __executable_start[], etext[];

static struct {
	bool		 armed, sticky;
	unsigned	 calls, fail_at;
	unsigned	 failed, failed_module;	/* by whom they were wanted */
	unsigned	 by_module;
	pid_t		 host;
	long		 live;			/* blocks, since it was armed */
} memory;

static BARE bool
is_module(const void *caller)
{
	Dl_info info;

	return dladdr(caller, &info) != 0 && info.dli_fname != NULL &&
	    strstr(info.dli_fname, "pam_stepup.so") != NULL;
}

/* What counts lines allocates in a child, before its exec or end. */
static BARE bool
counts_lines(void)
{
#ifdef STEPUP_TESTS_COVERAGE_H
	return getpid() != memory.host;
#else
	return false;
#endif
}

/* Whether this call fails; one that does not is a block more. */
static BARE bool
fails(const void *caller)
{
	const char *at = caller;
	bool module;

	if (!memory.armed || host_talks || counts_lines() ||
	    (at >= __executable_start && at < etext))
		return false;
	memory.armed = false;
	module = is_module(caller);
	memory.armed = true;
	memory.calls++;
	memory.by_module += module;
	if (memory.fail_at == 0 || (memory.sticky ?
	    memory.calls < memory.fail_at : memory.calls != memory.fail_at))
		return false;
	memory.failed++;
	memory.failed_module += module;
	errno = ENOMEM;
	return true;
}

/*
 * A sanitizer's own strdup comes by no malloc, and it counts leaks itself;
 * what counts lines has memory of its own.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(STEPUP_TESTS_COVERAGE_H)
#define COUNTS false
#else
#define COUNTS true
#endif

static BARE void *
counted(void *p)
{
	memory.live += COUNTS && memory.armed && p != NULL;
	return p;
}

EXPORT BARE void *
malloc(size_t n)
{
	return fails(__builtin_return_address(0)) ? NULL :
	    counted(real_malloc(n));
}

EXPORT BARE void *
calloc(size_t n, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL :
	    counted(real_calloc(n, size));
}

EXPORT BARE void *
realloc(void *p, size_t n)
{
	if (fails(__builtin_return_address(0)))
		return NULL;
	return p == NULL ? counted(real_realloc(p, n)) : real_realloc(p, n);
}

/* Called by the host's free() for each block. */
static BARE void
freed(void)
{
	memory.live -= COUNTS && memory.armed;
}

/* --- What a login meets -------------------------------------------------- */

struct scene {
	const char	*name;
	const char	*user;		/* NULL: alice */
	const char	*password;
	const char	*arguments;
	bool		 service;	/* else a helper is started */
	unsigned	 verdict;	/* of the service; 0: ends at CHECK */
	unsigned	 check;		/* OUT_ASK ... */
	const char	*answer;
	int		 expected;	/* without trouble */
};

static const struct scene scenes[] = {
	{ "right", .service = true, .check = OUT_ASK,
	    .verdict = OUT_OK_TOTP, .answer = "123456",
	    .expected = PAM_SUCCESS },
	{ "recovery", .service = true, .check = OUT_ASK,
	    .verdict = OUT_OK_RECOVERY, .answer = "AAAA-AAAA-AAAA-AAAA",
	    .expected = PAM_SUCCESS },
	{ "wrong", .service = true, .check = OUT_ASK, .arguments = "tries=1",
	    .verdict = OUT_BAD_CODE, .answer = "123456",
	    .expected = PAM_AUTH_ERR },
	{ "locked", .service = true, .check = OUT_LOCKED,
	    .expected = PAM_MAXTRIES },
	{ "store", .service = true, .check = OUT_STORE,
	    .expected = PAM_SERVICE_ERR },
	{ "spawned", .answer = "123456", .expected = PAM_SUCCESS },
	{ "spawned wrong", .answer = "123450", .arguments = "tries=1",
	    .expected = PAM_SERVICE_ERR },
	{ "password before", .service = true, .check = OUT_ASK,
	    .password = "secret", .verdict = OUT_OK_TOTP,
	    .answer = "123456", .expected = PAM_SUCCESS },
	{ "long entry", .user = "large", .service = true, .check = OUT_ASK,
	    .verdict = OUT_OK_TOTP, .answer = "123456",
	    .expected = PAM_SUCCESS },
	{ "broken directory", .user = "broken", .expected = PAM_SERVICE_ERR },
	{ "no such user", .user = "mallory", .service = true,
	    .check = OUT_ASK, .verdict = OUT_NO_USER, .answer = "123456",
	    .arguments = "tries=1", .expected = PAM_AUTH_ERR },
	{ "argument", .arguments = "nonsense", .expected = PAM_SERVICE_ERR },
};

static void
prepare(void **state, const struct scene *s)
{
	host_reset(state);
	if (s->user != NULL)
		host.user = s->user;
	host.password = s->password;
	host.answers[0] = s->answer;
	if (!s->service)
		return;
	if (s->check == OUT_ASK)
		fake_ask(KIND_TOTP | KIND_RECOVERY);
	else
		fake_reply(VERB_CHECK, s->check);
	if (s->verdict != 0)
		fake_verdict(s->verdict, s->verdict == OUT_OK_RECOVERY ?
		    KIND_RECOVERY : KIND_TOTP);
	fake_start(host_door("login"), 8);
}

static void
arm(unsigned n, bool sticky)
{
	memset(&memory, 0, sizeof(memory));
	memory.fail_at = n;
	memory.host = getpid();
	memory.sticky = sticky;
}

static bool
denies(int rc)
{
	return rc == PAM_BUF_ERR || rc == PAM_SERVICE_ERR ||
	    rc == PAM_SYSTEM_ERR || rc == PAM_CONV_ERR || rc == PAM_AUTH_ERR ||
	    rc == PAM_MAXTRIES || rc == PAM_PERM_DENIED || rc == PAM_ABORT;
}

/* One login; what failed is in `memory` afterwards. */
static int
login(void **state, const struct scene *s, unsigned n, bool sticky)
{
	int rc;

	prepare(state, s);
	arm(n, sticky);
	host_during = &memory.armed;
	rc = host_login(s->arguments != NULL ? s->arguments : "", 0);
	host_during = NULL;
	return rc;
}

static void
every_allocation(void **state, const struct scene *s, bool sticky)
{
	unsigned n, module = 0, failed = 0;
	long left;
	int rc;

	/* What is loaded once, is loaded; what a login keeps is its own. */
	assert_int_equal(login(state, s, 0, false), s->expected);
	assert_int_equal(login(state, s, 0, false), s->expected);
	left = memory.live;
	assert_int_equal(left, 0);
	for (n = 1;; n++) {
		rc = login(state, s, n, sticky);
		if (memory.failed == 0)
			break;
		failed += memory.failed;
		module += memory.failed_module;
		assert_int_equal(memory.live, left);
		if (rc != s->expected && !denies(rc))
			fail_msg("%s, allocation %u: %d", s->name, n, rc);
		if (memory.failed_module > 0 && rc == PAM_SUCCESS)
			fail_msg("%s, allocation %u of the module: passed",
			    s->name, n);
		if (rc == PAM_SUCCESS && s->service)
			fake_stop();	/* asked twice, as it should be */
		assert_true(n < 1000);
	}
	assert_int_equal(rc, s->expected);
	assert_int_equal(memory.live, left);
	if (s->service || s->user != NULL)
		assert_true(module > 0);
	print_message("%s, %s: %u allocations failed, %u the module's\n",
	    s->name, sticky ? "from then on" : "once", failed, module);
}

static void
once(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(scenes); i++)
		every_allocation(state, &scenes[i], false);
}

static void
from_then_on(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(scenes); i++)
		every_allocation(state, &scenes[i], true);
}

/* Policy passes, and nobody whose name could not be found out. */
static void
policy_passes_whom_it_names(void **state)
{
	static const struct scene passed = { "not covered", .service = true,
	    .check = OUT_NOT_COVERED, .expected = HOST_IGNORED };
	unsigned n;
	int rc;

	for (n = 1;; n++) {
		rc = login(state, &passed, n, false);
		if (memory.failed == 0)
			break;
		if (memory.failed_module > 0)
			assert_int_equal(rc, PAM_BUF_ERR);
		assert_true(rc == HOST_IGNORED || denies(rc));
	}
	assert_int_equal(rc, HOST_IGNORED);
}

static int
setup(void **state)
{
	system_freed = freed;
	return host_setup(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(once, host_reset),
		cmocka_unit_test_setup(from_then_on, host_reset),
		cmocka_unit_test_setup(policy_passes_whom_it_names, host_reset),
	};

	return cmocka_run_group_tests(tests, setup, host_teardown);
}
