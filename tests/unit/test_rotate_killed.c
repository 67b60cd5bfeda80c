/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A rotation that is killed before its n-th write, sync, rename ... of ring
 * and store, for every n, and one whose n-th fails.  Between any two of
 * them every secret opens with the ring that lies there, there are never
 * more than two keys, and the next rotation finishes.
 *
 * The calls are the C library's: what stands here comes before it, for
 * SQLite as well.
 */
#include "tests/unit/rotate_place.h"

#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>

#include "common/wire.h"
#include "daemon/round.h"
#include "daemon/totp.h"

#define KILLED	9
#define PEOPLE	(STORE_SEALS + 5)	/* more than one batch */

static struct {
	bool	 armed;
	bool	 fails;		/* instead of dying: from then on */
	int	 error;
	unsigned calls, at;
} shim;

static bool
meddle(void)
{
	if (!shim.armed || ++shim.calls < shim.at)
		return false;
	if (!shim.fails)
		_exit(KILLED);
	errno = shim.error;
	return true;
}

#define SHIM(type, name, args, number, ...)				\
	__attribute__((visibility("default"))) type			\
	name args							\
	{								\
		if (meddle())						\
			return -1;					\
		return (type)syscall(number, __VA_ARGS__);		\
	}

SHIM(ssize_t, write, (int fd, const void *p, size_t n), SYS_write, fd, p, n)
SHIM(ssize_t, pwrite64, (int fd, const void *p, size_t n, off64_t at),
    SYS_pwrite64, fd, p, n, at)
SHIM(int, ftruncate64, (int fd, off64_t n), SYS_ftruncate, fd, n)
SHIM(int, fsync, (int fd), SYS_fsync, fd)
SHIM(int, fdatasync, (int fd), SYS_fdatasync, fd)
SHIM(int, renameat, (int a, const char *from, int b, const char *to),
    SYS_renameat2, a, from, b, to, 0)
SHIM(int, unlinkat, (int dir, const char *name, int flags), SYS_unlinkat,
    dir, name, flags)

/* Somebody's login with a right code, in a process of its own. */
static enum outcome
login(unsigned n, uint8_t verb)
{
	const struct caller root = { .door = DOOR_LOGIN };
	struct round_item item = { 0 };
	struct secret secret = { 0 };
	char name[16], code[OTP_DIGITS_MAX + 1];
	struct wire_writer w;
	struct site *site = site_new(&paths, STORE_SPAWNED);

	people_name(n, name);
	people_secret(n, &secret);
	wire_start(&w, WIRE_VERSION, verb);
	wire_put_string(&w, TAG_NAME, name);
	wire_put_uint(&w, TAG_UID, PEOPLE_UID + n);
	wire_put_string(&w, TAG_SERVICE, "sshd");
	assert_true(totp_code(secret.data, secret.len, OTP_SHA1, 6,
	    totp_step(clock_now(), 30), code));
	if (verb == VERB_VERIFY)
		wire_put_bytes(&w, TAG_ANSWER, code, 6);
	item.packet = w.data;
	item.len = w.len;
	assert_non_null(site);
	round_answer(site, &root, &item, 1);
	site_free(site);
	return item.outcome;
}

/* Right, or used up by an earlier look in this half minute. */
static void
logins_work(unsigned n)
{
	enum outcome o;

	assert_int_equal(login(n % PEOPLE, VERB_CHECK), OUT_ASK);
	o = login(n % PEOPLE, VERB_VERIFY);
	if (o != OUT_OK_TOTP && o != OUT_REPLAY)
		fail_msg("outcome %d", (int)o);
}

static void
arm(void)
{
	shim.armed = true;
}

/* Behind the outcome: it is said that the rotation has begun. */
#define SAID_UNFINISHED 64

/* Ends with KILLED, or with the outcome. */
static int
in_a_child(unsigned at, bool fails, int error)
{
	struct failure f;
	struct rotation r;
	pid_t child = fork();
	int status;

	assert_int_not_equal(child, -1);
	if (child == 0) {
		shim.at = at;
		shim.fails = fails;
		shim.error = error;
		/* A store that cannot be opened is refused before. */
		if (fails)
			rotate_ready = arm;
		else
			arm();
		status = 100 + (int)rotate(&r, &f, NULL, NULL);
		_exit(status + (r.unfinished ? SAID_UNFINISHED : 0));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
between(unsigned n)
{
	struct look l = look();

	assert_int_equal(l.secrets, PEOPLE);
	assert_int_equal(l.stuck, 0);
	assert_in_range(l.keys, 1, 2);
	logins_work(n);
}

static void
finishes(void)
{
	struct failure f;
	struct rotation r;

	if (rotate(&r, &f, NULL, NULL) != OUT_DONE)
		fail_msg("%s: %s", f.path, f.reason);
	whole(PEOPLE);
}

static void
killed(void **state)
{
	unsigned n, old = 0, both = 0;
	int ended;

	(void)state;
	born();
	people(0, PEOPLE);
	for (n = 1; (ended = in_a_child(n, false, 0)) == KILLED; n++) {
		between(n);
		if (look().keys == 2)
			both++;
		else
			old++;
		finishes();
		logins_work(n + 1);
	}
	assert_int_equal(ended, 100 + OUT_DONE);
	whole(PEOPLE);
	printf("# killed at each of %u calls: %u with one key, %u with two\n",
	    n - 1, old, both);
	assert_true(old > 2 && both > 20);
}

/* From the n-th on nothing can be written: said, and nothing half done. */
static void
fails(void **state)
{
	static const int errors[] = { ENOSPC, EROFS, EIO };
	unsigned n, refused = 0;
	char active[KEY_ID_LENGTH + 1];
	struct look l;
	bool said;
	int ended;

	(void)state;
	born();
	people(0, PEOPLE);
	l = look();
	memcpy(active, l.active, sizeof(active));
	for (n = 1; (ended = in_a_child(n, true, errors[n % 3])) !=
	    100 + OUT_DONE; n++) {
		said = ended >= 100 + SAID_UNFINISHED;
		if (said)
			ended -= SAID_UNFINISHED;
		l = look();
		if (said != (strcmp(l.active, active) != 0))
			fail_msg("call %u: %zu keys", n, l.keys);
		if (ended != 100 + OUT_KEY && ended != 100 + OUT_STORE &&
		    ended != 100 + OUT_BUSY)
			fail_msg("call %u: ended with %d", n, ended);
		refused++;
		between(n);
		finishes();
		l = look();
		memcpy(active, l.active, sizeof(active));
	}
	whole(PEOPLE);
	printf("# refused at each of %u calls\n", refused);
	assert_true(refused > 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MEMORY(killed), IN_MEMORY(fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
