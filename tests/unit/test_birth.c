/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Birth with the real driver.  The linker wraps the system calls of our
 * own code, so that the process can die, or a call fail, at each of them.
 */
#include "unit.h"

#include <sys/file.h>
#include <sys/wait.h>

#include <errno.h>
#include <time.h>

#include "daemon/birth.h"
#include "daemon/keyring.h"
#include "daemon/seal.h"
#include "place.h"

static struct paths paths;
static struct settings settings;
static struct failure failure;
static bool did;

/* The call with this number dies, or fails with an errno; 0: none does. */
static unsigned calls, fault_at;
static int fault_errno;

static bool
fault(void)
{
	if (fault_at == 0 || ++calls != fault_at)
		return false;
	if (fault_errno == 0)
		_exit(99);
	errno = fault_errno;
	return true;
}

#define WRAP(name, params, args) \
	int __real_##name params; \
	int __wrap_##name params; \
	int __wrap_##name params { return fault() ? -1 : __real_##name args; }

WRAP(link, (const char *from, const char *to), (from, to))
WRAP(unlink, (const char *path), (path))
WRAP(fsync, (int fd), (fd))
WRAP(mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(flock, (int fd, int what), (fd, what))
WRAP(ftruncate, (int fd, off_t size), (fd, size))
WRAP(renameat, (int from, const char *a, int to, const char *b),
    (from, a, to, b))

ssize_t __real_write(int, const void *, size_t);
ssize_t __wrap_write(int, const void *, size_t);

ssize_t
__wrap_write(int fd, const void *data, size_t len)
{
	return fault() ? -1 : __real_write(fd, data, len);
}

/* Counted instead of slept, where a test says so. */
static bool count_naps;
static unsigned naps;

int __real_nanosleep(const struct timespec *, struct timespec *);
int __wrap_nanosleep(const struct timespec *, struct timespec *);

int
__wrap_nanosleep(const struct timespec *nap, struct timespec *left)
{
	naps++;
	return count_naps ? 0 : __real_nanosleep(nap, left);
}

static int
setup(void **state)
{
	if (place_setup(state) != 0)
		return -1;
	paths = place_paths();
	settings_default(&settings, &paths);
	calls = fault_at = naps = 0;
	fault_errno = 0;
	count_naps = false;
	return 0;
}

static enum outcome
born(void)
{
	unsigned before = descriptors();
	enum outcome o;

	memset(&failure, 0, sizeof(failure));
	o = birth_of(&paths, &settings, &store_sqlite, &did, &failure);
	assert_int_equal(descriptors(), before);
	return o;
}

static void
mode_is(const char *name, mode_t mode)
{
	struct stat st;

	assert_int_equal(lstat(at(name), &st), 0);
	assert_int_equal(st.st_mode, mode);
	assert_int_equal(st.st_uid, getuid());
	if (S_ISREG(mode))
		assert_int_equal(st.st_nlink, 1);
}

/* Key and store are there, belong together, and nothing else is left. */
static void
whole(void)
{
	struct store_options options = { .role = STORE_SELF,
		.owner = getuid(), .audit_events = 1000 };
	struct keyring *ring;
	struct sealed proof;
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	mode_is("etc", S_IFDIR | 0700);
	mode_is("lib", S_IFDIR | 0700);
	mode_is("etc/keyring", S_IFREG | 0600);
	mode_is("lib/stepup.db", S_IFREG | 0600);
	mode_is("lib/settings.accepted", S_IFREG | 0600);
	/* The reserve for a full disk belongs to the real name. */
	assert_int_equal(stat(at("lib/stepup.db-wal"), &st), 0);
	assert_true(st.st_size > 1024 * 1024);
	mode_is("lib/stepup.db-shm", S_IFREG | 0600);
	assert_int_equal(keyring_read(at("etc/keyring"), getuid(), &ring,
	    NULL, NULL), OUT_DONE);
	assert_int_equal(store_sqlite.proof_at(at("lib/stepup.db"), &options,
	    &proof, NULL), STORE_OK);
	assert_true(seal_proven(ring, &proof));
	keyring_free(ring);
	dir = opendir(at("etc"));
	while ((entry = readdir(dir)) != NULL)
		assert_true(entry->d_name[0] == '.' ||
		    strcmp(entry->d_name, "keyring") == 0);
	closedir(dir);
	dir = opendir(at("lib"));
	while ((entry = readdir(dir)) != NULL)
		assert_null(strstr(entry->d_name, BIRTH_SUFFIX));
	closedir(dir);
}

static void
once(void **state)
{
	struct stat key, store, a, b;

	(void)state;
	assert_int_equal(born(), OUT_DONE);
	assert_true(did);
	assert_string_equal(failure.reason, "");
	whole();
	assert_int_equal(stat(paths.keyring, &key), 0);
	assert_int_equal(stat(settings.store, &store), 0);
	assert_int_equal(born(), OUT_DONE);
	assert_false(did);
	assert_string_equal(failure.reason, "");
	assert_int_equal(stat(paths.keyring, &a), 0);
	assert_int_equal(stat(settings.store, &b), 0);
	assert_int_equal(a.st_ino, key.st_ino);
	assert_int_equal(a.st_ctim.tv_nsec, key.st_ctim.tv_nsec);
	assert_int_equal(b.st_ino, store.st_ino);
	/* (SQLite's last one to close copies its WAL again: no mtime.) */
	assert_int_equal(b.st_size, store.st_size);
	whole();
}

/* Clears what the last round made. */
static void
again(void)
{
	assert_int_equal(nftw(place, place_remove, 8, FTW_DEPTH | FTW_PHYS),
	    0);
	assert_int_equal(mkdir(place, 0700), 0);
}

static void
dies_anywhere(void **state)
{
	unsigned step, began = 0, linked = 0;
	int status = 0;
	pid_t pid;

	(void)state;
	for (step = 1; ; step++) {
		assert_true(step < 200);
		if ((pid = fork()) == 0) {
			fault_at = step;
			_exit(birth_of(&paths, &settings, &store_sqlite, &did,
			    &failure) == OUT_DONE ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == 0)
			break;
		assert_int_equal(WEXITSTATUS(status), 99);
		/* Never a store without its key. */
		if (there("lib/stepup.db"))
			assert_true(there("etc/keyring"));
		began += there("lib/stepup.db.birth") && !there("etc/keyring");
		linked += there("etc/keyring") && !there("lib/stepup.db");
		if (born() != OUT_DONE)
			fail_msg("step %u: %s: %s", step, failure.path,
			    failure.reason);
		whole();
		assert_int_equal(born(), OUT_DONE);
		assert_false(did);
		again();
	}
	/* It did die where it matters. */
	assert_true(step > 15);
	assert_true(began > 2);
	assert_true(linked > 1);
	whole();
}

static void
fails_anywhere(void **state)
{
	unsigned step;

	(void)state;
	for (step = 1; ; step++) {
		assert_true(step < 200);
		calls = 0;
		fault_errno = step % 2 ? EIO : ENOSPC;
		fault_at = step;
		if (born() != OUT_DONE) {
			assert_string_not_equal(failure.path, "");
			assert_string_not_equal(failure.reason, "");
		}
		fault_at = 0;
		if (calls < step)
			break;
		if (there("lib/stepup.db"))
			assert_true(there("etc/keyring"));
		if (born() != OUT_DONE)
			fail_msg("step %u: %s: %s", step, failure.path,
			    failure.reason);
		whole();
		again();
	}
	assert_true(step > 15);
}

static void
refused(enum outcome expected, const char *path, const char *reason)
{
	assert_int_equal(born(), expected);
	assert_false(did);
	if (strcmp(failure.path, at(path)) != 0 ||
	    strstr(failure.reason, reason) == NULL)
		fail_msg("%s: %s", failure.path, failure.reason);
}

static void
one_without_the_other(void **state)
{
	(void)state;
	assert_int_equal(born(), OUT_DONE);
	assert_int_equal(rename(at("etc/keyring"), at("key")), 0);
	refused(OUT_KEY, "etc/keyring", "put it back from a backup");
	assert_non_null(strstr(failure.reason, settings.store));
	assert_false(there("etc/keyring"));
	assert_int_equal(rename(at("key"), at("etc/keyring")), 0);
	assert_int_equal(born(), OUT_DONE);

	assert_int_equal(rename(at("lib/stepup.db"), at("store")), 0);
	refused(OUT_STORE, "lib/stepup.db", "put it back from a backup");
	assert_non_null(strstr(failure.reason, paths.keyring));
	assert_false(there("lib/stepup.db"));
	/* Both gone, but what SQLite left beside the store would be used. */
	assert_int_equal(unlink(at("etc/keyring")), 0);
	refused(OUT_STORE, "lib/stepup.db-wal", "left over");
	assert_int_equal(unlink(at("lib/stepup.db-wal")), 0);
	refused(OUT_STORE, "lib/stepup.db-shm", "left over");
	assert_int_equal(unlink(at("lib/stepup.db-shm")), 0);
	assert_int_equal(born(), OUT_DONE);
	assert_true(did);
	whole();
}

#define RING_KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
#define RING "0123abcd " RING_KEY

/* The state after link(2) of the key; the store is that ring's. */
static void
half_born(const char *ring_text)
{
	struct store_options options = { .role = STORE_SELF,
		.owner = getuid(), .audit_events = 1000 };
	struct keyring *ring;
	struct sealed proof;

	mkdir(at("etc"), 0700);
	mkdir(at("lib"), 0700);
	put_text("etc/keyring", ring_text);
	assert_int_equal(keyring_read(at("etc/keyring"), getuid(), &ring,
	    NULL, NULL), OUT_DONE);
	assert_true(seal_prove(ring, &proof));
	keyring_free(ring);
	put_text("etc/keyring", RING);
	assert_int_equal(store_sqlite.create(at("lib/stepup.db.birth"),
	    &proof, &options, NULL), STORE_OK);
}

static void
finished(void **state)
{
	(void)state;
	half_born(RING);
	put_text("lib/stepup.db-wal", "");
	refused(OUT_STORE, "lib/stepup.db-wal", "left over");
	assert_int_equal(unlink(at("lib/stepup.db-wal")), 0);
	assert_int_equal(born(), OUT_DONE);
	assert_true(did);
	whole();
	again();
	/* Another key's. */
	half_born("0123abce " RING_KEY);
	refused(OUT_STORE, "lib/stepup.db.birth", "not in the keyring");
	assert_false(there("lib/stepup.db"));
	/* The same id, other bytes. */
	assert_int_equal(unlink(at("lib/stepup.db.birth")), 0);
	half_born("0123abcd //8CAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n");
	refused(OUT_STORE, "lib/stepup.db.birth", "not in the keyring");
	assert_false(there("lib/stepup.db"));
	/* No store at all. */
	put_text("lib/stepup.db.birth", "");
	refused(OUT_STORE, "lib/stepup.db.birth", "");
	assert_false(there("lib/stepup.db"));
}

static enum store_code
list_one(struct store *s, store_visit visit, void *arg, struct failure *f)
{
	static struct account account;

	(void)s;
	(void)f;
	visit(&account, arg);
	return STORE_OK;
}

/* Two names of a store were removed and its key: nothing is dropped. */
static void
people_in_it(void **state)
{
	struct store_driver driver = store_sqlite;

	(void)state;
	half_born(RING);
	assert_int_equal(unlink(at("etc/keyring")), 0);
	driver.list = list_one;
	assert_int_equal(birth_of(&paths, &settings, &driver, &did,
	    &failure), OUT_KEY);
	assert_string_equal(failure.path, at("lib/stepup.db.birth"));
	assert_true(there("lib/stepup.db.birth"));
	/* Without people it is a birth that began. */
	assert_int_equal(born(), OUT_DONE);
	whole();
}

static enum store_code create_code;

static enum store_code
create_fails(const char *path, const struct sealed *proof,
    const struct store_options *options, struct failure *f)
{
	(void)proof;
	(void)options;
	put_text("lib/stepup.db.birth", "half");
	failure_set(f, OUT_STORE, path, "no luck");
	return create_code;
}

static void
driver_fails(void **state)
{
	static const enum store_code codes[] = { STORE_BUSY, STORE_BROKEN,
		STORE_REFUSED, STORE_MEMORY };
	struct store_driver driver = store_sqlite;
	size_t i;

	(void)state;
	driver.create = create_fails;
	for (i = 0; i < COUNT(codes); i++) {
		create_code = codes[i];
		assert_int_equal(birth_of(&paths, &settings, &driver, &did,
		    &failure), store_outcome(codes[i]));
		assert_string_equal(failure.reason, "no luck");
		assert_false(did);
		assert_false(there("lib/stepup.db.birth"));
		assert_false(there("lib/stepup.db"));
		assert_false(there("etc/keyring"));
	}
}

static void
at_once(void **state)
{
	pid_t pids[8];
	unsigned made, i, round;
	int status;

	(void)state;
	for (round = 0; round < 5; round++) {
		for (i = 0; i < 8; i++)
			if ((pids[i] = fork()) == 0) {
				enum outcome o = birth_of(&paths, &settings,
				    &store_sqlite, &did, &failure);

				_exit(o == OUT_DONE ? did : 2 + (int)o);
			}
		for (i = 0, made = 0; i < 8; i++) {
			assert_int_equal(waitpid(pids[i], &status, 0),
			    pids[i]);
			assert_true(WIFEXITED(status));
			assert_in_range(WEXITSTATUS(status), 0, 1);
			made += (unsigned)WEXITSTATUS(status);
		}
		assert_int_equal(made, 1);
		whole();
		again();
	}
}

static void
locked(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(mkdir(at("etc"), 0700), 0);
	fd = open(at("etc"), O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	count_naps = true;
	refused(OUT_BUSY, "etc/keyring", "another stepupd --init");
	assert_int_equal(naps, 200);	/* of 50 ms each */
	close(fd);
	assert_int_equal(born(), OUT_DONE);
}

static void
unsound(void **state)
{
	(void)state;
	assert_int_equal(born(), OUT_DONE);
	assert_int_equal(chmod(at("etc/keyring"), 0644), 0);
	refused(OUT_KEY, "etc/keyring", "readable by others");
	assert_int_equal(chmod(at("etc/keyring"), 0600), 0);
	assert_int_equal(chmod(at("lib/stepup.db"), 0666), 0);
	refused(OUT_STORE, "lib/stepup.db", "by others");
	assert_int_equal(chmod(at("lib/stepup.db"), 0600), 0);
	assert_int_equal(chmod(at("lib"), 0777), 0);
	refused(OUT_STORE, "lib", "writable by others");
	assert_int_equal(chmod(at("lib"), 01777), 0);
	refused(OUT_STORE, "lib", "others may write");
	assert_int_equal(chmod(at("lib"), 0700), 0);
	assert_int_equal(chmod(at("etc"), 0770), 0);
	refused(OUT_KEY, "etc", "writable by others");
	assert_int_equal(chmod(at("etc"), 0700), 0);

	assert_int_equal(rename(at("etc/keyring"), at("etc/key")), 0);
	assert_int_equal(symlink("key", at("etc/keyring")), 0);
	refused(OUT_KEY, "etc/keyring", "symbolic link");
	assert_int_equal(unlink(at("etc/keyring")), 0);
	assert_int_equal(mkfifo(at("etc/keyring"), 0600), 0);
	refused(OUT_KEY, "etc/keyring", "not a regular file");
	assert_int_equal(unlink(at("etc/keyring")), 0);
	put_text("etc/keyring", "junk\n");
	refused(OUT_KEY, "etc/keyring", "line 1");
	assert_int_equal(rename(at("etc/key"), at("etc/keyring")), 0);

	assert_int_equal(rename(at("lib/stepup.db"), at("lib/s")), 0);
	assert_int_equal(mkfifo(at("lib/stepup.db"), 0600), 0);
	refused(OUT_STORE, "lib/stepup.db", "not a regular file");
	put_text("lib/stepup.db", "");
	refused(OUT_STORE, "lib/stepup.db", "empty");
	put_text("lib/stepup.db", "no database at all, whatever its name is");
	assert_int_equal(born(), OUT_STORE);
	assert_int_equal(rename(at("lib/s"), at("lib/stepup.db")), 0);
	assert_int_equal(born(), OUT_DONE);
	assert_false(did);
}

/* The store elsewhere: its folder is the administrator's to make. */
static void
another_place(void **state)
{
	(void)state;
	snprintf(settings.store, sizeof(settings.store), "%s",
	    at("srv/people.db"));
	refused(OUT_STORE, "srv", "No such file");
	assert_false(there("etc/keyring"));
	assert_int_equal(mkdir(at("srv"), 0755), 0);
	assert_int_equal(born(), OUT_DONE);
	assert_true(there("srv/people.db"));
	assert_true(there("lib/settings.accepted"));
	assert_false(there("lib/stepup.db"));
}

/* As main() calls it: settings from their files. */
static void
with_settings(void **state)
{
	char text[256];

	(void)state;
	put_text("stepup.conf", "window = x");
	assert_int_equal(birth(&paths, &failure), OUT_CONFIG);
	assert_string_equal(failure.path, at("stepup.conf:1"));
	assert_false(there("etc"));
	assert_false(there("lib"));
	snprintf(text, sizeof(text), "store = \"sqlite:%s\"",
	    at("lib/mine.db"));
	put_text("stepup.conf", text);
	assert_int_equal(birth(&paths, &failure), OUT_DONE);
	assert_string_equal(failure.reason, "");
	assert_true(there("lib/mine.db"));
	assert_true(there("lib/settings.accepted"));
	/* Refused now: those last accepted say where the store is. */
	put_text("stepup.conf", "window = x");
	assert_int_equal(birth(&paths, &failure), OUT_DONE);
}

#define TEST(test) \
	cmocka_unit_test_setup_teardown(test, setup, place_cleanup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(once), TEST(dies_anywhere), TEST(fails_anywhere),
		TEST(one_without_the_other), TEST(finished),
		TEST(people_in_it), TEST(driver_fails), TEST(at_once),
		TEST(locked), TEST(unsound), TEST(another_place),
		TEST(with_settings),
	};

	return cmocka_run_group_tests_name("birth", tests, NULL, NULL);
}
