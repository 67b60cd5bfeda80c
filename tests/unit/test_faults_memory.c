/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Logins while the n-th allocation fails, once or from then on: our own
 * (malloc, calloc, realloc, strdup, mmap, wrapped by the linker), SQLite's
 * and libcrypto's.  libconfig's are left alone: 1.5 looks at no result, 1.7
 * ends the process.
 */
#include "tests/unit/fault_site.h"

#include <sys/mman.h>

#include <errno.h>

#include <openssl/crypto.h>

#include "daemon/ask.h"

static struct {
	bool		 armed, sticky;
	unsigned	 calls, fail_at, failed;
} memory;

static bool
fails(void)
{
	if (!memory.armed)
		return false;
	memory.calls++;
	if (memory.calls != memory.fail_at && !(memory.sticky &&
	    memory.fail_at > 0 && memory.calls > memory.fail_at))
		return false;
	memory.failed++;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);
char *__wrap_strdup(const char *);
void *__wrap_mmap(void *, size_t, int, int, int, off_t);
DIR *__wrap_fdopendir(int);
void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
char *__real_strdup(const char *);
void *__real_mmap(void *, size_t, int, int, int, off_t);
DIR *__real_fdopendir(int);

void *
__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

char *
__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

void *
__wrap_mmap(void *p, size_t n, int prot, int flags, int fd, off_t at)
{
	return fails() ? MAP_FAILED : __real_mmap(p, n, prot, flags, fd, at);
}

DIR *
__wrap_fdopendir(int fd)
{
	return fails() ? NULL : __real_fdopendir(fd);
}

/* --- SQLite and libcrypto ------------------------------------------------ */

static sqlite3_mem_methods lite;

static void *
lite_malloc(int n)
{
	return fails() ? NULL : lite.xMalloc(n);
}

static void *
lite_realloc(void *p, int n)
{
	return fails() ? NULL : lite.xRealloc(p, n);
}

static void *
crypto_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return n == 0 || fails() ? NULL : __real_malloc(n);
}

static void *
crypto_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	if (n == 0) {
		free(p);
		return NULL;
	}
	return fails() ? NULL : __real_realloc(p, n);
}

static void
crypto_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static int
memory_setup(void **state)
{
	sqlite3_mem_methods mine;

	assert_int_equal(CRYPTO_set_mem_functions(crypto_malloc,
	    crypto_realloc, crypto_free), 1);
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &lite),
	    SQLITE_OK);
	mine = lite;
	mine.xMalloc = lite_malloc;
	mine.xRealloc = lite_realloc;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &mine),
	    SQLITE_OK);
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
	unsigned n, fds = descriptors();
	enum outcome o;

	for (n = 1;; n += fault_stride(n < ALL ? 1 : SOME)) {
		fault_refresh();
		fault_frame(what);
		memset(&memory, 0, sizeof(memory));
		memory.sticky = sticky;
		memory.fail_at = n;
		memory.armed = true;
		o = fault_ask(role);
		memory.armed = false;
		fault_judge(what, o);
		assert_int_equal(descriptors(), fds);
		if (memory.failed == 0)
			break;
		fault_tried++;
		assert_true(n < 100000);
	}
	assert_int_equal(o, what == ASK_CHECK ? OUT_ASK :
	    what == ASK_RIGHT ? OUT_OK_TOTP :
	    what == ASK_WRONG ? OUT_BAD_CODE : OUT_OK_RECOVERY);
	assert_true(n > 20);
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
	memset(&memory, 0, sizeof(memory));
	memory.sticky = true;
	memory.fail_at = 1;
	memory.armed = true;
	assert_int_equal(ask_read(w.data, w.len, &root, &a, &verb), OUT_ASK);
	answer_form(&person, (const char *)a.typed.data, a.typed.len, &again,
	    code);
	r.answer = again;
	memcpy(r.answer.salt, person.recovery.salt, RECOVERY_SALT);
	memcpy(r.answer.hash, person.recovery.codes[1].hash, RECOVERY_HASH);
	decide_verify(&person, &r, &p, clock_now(), &d);
	memory.armed = false;
	assert_int_equal(memory.calls, 0);
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
