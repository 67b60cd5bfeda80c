/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "daemon/keyring.h"
#include "place.h"

/* 32 bytes 0..31, and 32 bytes 0xff. */
#define COUNTING "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define ONES	 "//////////////////////////////////////////8="

static struct keyring *
ring_of(const char *text)
{
	struct keyring *ring = NULL;
	struct failure f;

	put_text("keyring", text);
	assert_int_equal(keyring_read(at("keyring"), getuid(), &ring, NULL,
	    &f), OUT_DONE);
	assert_non_null(ring);
	return ring;
}

static void
reads(void **state)
{
	struct keyring *ring = ring_of("0123abcd " COUNTING "\n"
	    "ffffffff " ONES "\n");
	const uint8_t *key;
	const char *id;
	size_t i;

	(void)state;
	key = keyring_find(ring, "0123abcd");
	assert_non_null(key);
	for (i = 0; i < KEY_LENGTH; i++)
		assert_int_equal(key[i], i);
	/* The last is the active one. */
	key = keyring_active(ring, &id);
	assert_string_equal(id, "ffffffff");
	assert_ptr_equal(key, keyring_find(ring, "ffffffff"));
	for (i = 0; i < KEY_LENGTH; i++)
		assert_int_equal(key[i], 0xff);
	assert_null(keyring_find(ring, "0123abce"));
	assert_null(keyring_find(ring, "0123ABCD"));
	assert_null(keyring_find(ring, ""));
	assert_null(keyring_find(NULL, "0123abcd"));
	assert_null(keyring_active(NULL, &id));
	assert_null(id);
	keyring_free(ring);
	keyring_free(NULL);
}

static void
no_newline_at_the_end(void **state)
{
	struct keyring *ring = ring_of("0123abcd " COUNTING);

	(void)state;
	assert_non_null(keyring_find(ring, "0123abcd"));
	keyring_free(ring);
}

static void
refused(const char *reason)
{
	struct keyring *ring = (struct keyring *)1;
	unsigned before = descriptors();
	struct failure f = { .path = "" };
	bool absent = true;

	assert_int_equal(keyring_read(at("keyring"), getuid(), &ring, &absent,
	    &f), OUT_KEY);
	assert_null(ring);
	assert_false(absent);
	assert_string_equal(f.path, at("keyring"));
	if (strstr(f.reason, reason) == NULL)
		fail_msg("%s, not %s", f.reason, reason);
	/* A key is never told, not even a broken one. */
	assert_null(strstr(f.reason, "AAEC"));
	assert_int_equal(descriptors(), before);
}

#define GOOD "0123abcd " COUNTING "\n"

static void
malformed(void **state)
{
	static const struct { const char *text, *reason; } rows[] = {
		{ "", "no key" },
		{ "\n", "line 1: not" },
		{ GOOD "\n", "line 2: not" },
		{ "# comment\n" GOOD, "line 1: not" },
		{ GOOD "0123abc " COUNTING "\n", "line 2: not" },
		{ GOOD "0123abcd1 " COUNTING "\n", "line 2: not" },
		{ GOOD "1123abcd\t" COUNTING "\n", "line 2: not" },
		{ GOOD "1123abcd  " COUNTING "\n", "line 2: not" },
		{ GOOD " 1123abcd " COUNTING "\n", "line 2: not" },
		{ GOOD "1123abcd " COUNTING " \n", "line 2: not" },
		{ GOOD "1123abcd " COUNTING "\r\n", "line 2: not" },
		{ GOOD "1123abcd\n", "line 2: not" },
		{ GOOD "1123abcd " COUNTING GOOD, "line 2: not" },
		{ GOOD "1123ABCD " COUNTING "\n", "line 2: the id" },
		{ GOOD "1123abcg " COUNTING "\n", "line 2: the id" },
		{ GOOD "+1123abc " COUNTING "\n", "line 2: the id" },
		{ GOOD "1123abcd " ONES "\n" GOOD, "line 3: this id" },
		/* no padding; padding only; a digit of base64url */
		{ "1123abcd AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n",
		    "line 1: not" },
		{ "1123abcd AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh==\n",
		    "line 1: the key" },
		{ "1123abcd AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A\n",
		    "line 1: the key" },
		{ "1123abcd A=ECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
		    "line 1: the key" },
		{ "1123abcd -AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
		    "line 1: the key" },
		/* spare bits that are not zero */
		{ "1123abcd AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=\n",
		    "line 1: the key" },
	};
	char nul[] = GOOD;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		put_text("keyring", rows[i].text);
		refused(rows[i].reason);
	}
	nul[3] = '\0';
	put("keyring", nul, sizeof(nul) - 1, 0600);
	refused("line 1: the id");
	nul[3] = '3';
	nul[20] = '\0';
	put("keyring", nul, sizeof(nul) - 1, 0600);
	refused("line 1: the key");
}

/* Every byte but the right one, at every place of a line. */
static void
every_byte(void **state)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	struct keyring *ring;
	char line[] = GOOD;
	size_t i, byte;
	bool good;

	(void)state;
	for (i = 0; i < sizeof(line) - 2; i++)
		for (byte = 0; byte < 256; byte++) {
			memcpy(line, GOOD, sizeof(line));
			line[i] = (char)byte;
			put("keyring", line, sizeof(line) - 1, 0600);
			good = keyring_read(at("keyring"), getuid(), &ring,
			    NULL, NULL) == OUT_DONE;
			keyring_free(ring);
			if (i < 8)
				assert_int_equal(good, byte != 0 &&
				    strchr("0123456789abcdef", (int)byte) !=
				    NULL);
			else if (i == 8)
				assert_int_equal(good, byte == ' ');
			else if (i == sizeof(line) - 3)
				assert_int_equal(good, byte == '=');
			else if (i == sizeof(line) - 4)
				/* two spare bits: every fourth digit */
				assert_int_equal(good, byte != 0 &&
				    strchr("AEIMQUYcgkosw048", (int)byte) !=
				    NULL);
			else
				assert_int_equal(good, byte != 0 &&
				    strchr(digits, (int)byte) != NULL);
		}
}

static void
too_many(void **state)
{
	char text[(KEYRING_MAX + 1) * 64] = "", line[64];
	struct keyring *ring;
	unsigned i;

	(void)state;
	for (i = 0; i < KEYRING_MAX; i++) {
		snprintf(line, sizeof(line), "%08x " COUNTING "\n", i);
		strcat(text, line);
	}
	ring = ring_of(text);
	assert_non_null(keyring_find(ring, "0000001f"));
	keyring_free(ring);
	strcat(text, "00000020 " COUNTING "\n");
	put_text("keyring", text);
	refused("line 33: more than 32 keys");
}

static void
untrusted(void **state)
{
	struct keyring *ring;
	struct failure f;
	bool absent = false;

	(void)state;
	assert_int_equal(keyring_read(at("keyring"), getuid(), &ring, &absent,
	    &f), OUT_KEY);
	assert_true(absent);
	assert_null(ring);
	put("keyring", GOOD, strlen(GOOD), 0640);
	refused("readable by others");
	put("keyring", GOOD, strlen(GOOD), 0644);
	refused("readable by others");
	put("keyring", GOOD, strlen(GOOD), 0620);
	refused("writable by others");
	assert_int_equal(keyring_read(at("keyring"), getuid() + 1, &ring,
	    NULL, &f), OUT_KEY);
	assert_null(ring);
	assert_int_equal(unlink(at("keyring")), 0);
	assert_int_equal(mkfifo(at("keyring"), 0600), 0);
	refused("not a regular file");
	assert_int_equal(unlink(at("keyring")), 0);
	put_text("real", GOOD);
	assert_int_equal(symlink("real", at("keyring")), 0);
	refused("symbolic link");
	assert_int_equal(unlink(at("keyring")), 0);
	assert_int_equal(mkdir(at("keyring"), 0700), 0);
	refused("not a regular file");
	assert_int_equal(rmdir(at("keyring")), 0);
	put_text("keyring", "");
	assert_int_equal(truncate(at("keyring"), 100 * 1024 * 1024), 0);
	refused("larger");
}

static void
made_and_printed(void **state)
{
	struct keyring *ring = NULL, *other = NULL, *again;
	const uint8_t *a, *b;
	const char *id, *other_id;
	char text[128], small[54];

	(void)state;
	assert_int_equal(keyring_make(&ring), OUT_DONE);
	assert_int_equal(keyring_make(&other), OUT_DONE);
	a = keyring_active(ring, &id);
	b = keyring_active(other, &other_id);
	assert_int_equal(strspn(id, "0123456789abcdef"), KEY_ID_LENGTH);
	assert_memory_not_equal(a, b, KEY_LENGTH);
	assert_string_not_equal(id, other_id);
	assert_int_equal(keyring_print(ring, text, sizeof(text)), 54);
	again = ring_of(text);
	assert_memory_equal(keyring_find(again, id), a, KEY_LENGTH);
	keyring_free(again);
	/* No room for the NUL: nothing at all. */
	assert_int_equal(keyring_print(ring, small, sizeof(small)), 0);
	assert_string_equal(small, "");
	assert_int_equal(keyring_print(ring, small, 0), 0);
	keyring_free(ring);
	keyring_free(other);

	ring = ring_of("0123abcd " COUNTING "\nffffffff " ONES "\n");
	assert_int_equal(keyring_print(ring, text, sizeof(text)), 108);
	assert_string_equal(text, "0123abcd " COUNTING "\nffffffff " ONES
	    "\n");
	keyring_free(ring);
}

/* The kernel's own word on the page that holds a key. */
static void
page_flags(const void *key, char *flags, size_t size)
{
	unsigned long from, to;
	char line[512];
	bool here = false;
	FILE *maps = fopen("/proc/self/smaps", "r");

	assert_non_null(maps);
	flags[0] = '\0';
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (uintptr_t)key >= from && (uintptr_t)key < to;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			snprintf(flags, size, "%s", line + 8);
	}
	fclose(maps);
}

static void
kept_apart(void **state)
{
	struct keyring *ring = ring_of(GOOD);
	const uint8_t *key;
	const char *id;
	char flags[512];
	int status;
	pid_t pid;

	(void)state;
	key = keyring_active(ring, &id);
	page_flags(key, flags, sizeof(flags));
	assert_non_null(strstr(flags, " dd"));	/* not in a core dump */
	assert_non_null(strstr(flags, " wf"));	/* empty after fork */
#ifndef __SANITIZE_ADDRESS__	/* whose mlock() does nothing */
	assert_non_null(strstr(flags, " lo"));
#endif
	if ((pid = fork()) == 0)
		_exit(keyring_active(ring, &id) == NULL && id == NULL &&
		    keyring_find(ring, "0123abcd") == NULL &&
		    key[1] == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(key[1], 1);
	keyring_free(ring);
}

/* `ulimit -l 0` keeps nobody from logging in. */
static void
no_locked_memory(void **state)
{
	struct rlimit none = { 0, 0 };
	struct keyring *ring;
	int status;
	pid_t pid;

	(void)state;
	put_text("keyring", GOOD);
	if ((pid = fork()) == 0) {
		/* Root's capability counts more than the limit. */
		if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 ||
		    (getuid() == 0 && setresuid(65534, 65534, 65534) != 0))
			_exit(2);
		_exit(keyring_make(&ring) == OUT_DONE ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(reads), IN_PLACE(no_newline_at_the_end),
		IN_PLACE(malformed), IN_PLACE(every_byte), IN_PLACE(too_many),
		IN_PLACE(untrusted), IN_PLACE(made_and_printed),
		IN_PLACE(kept_apart), IN_PLACE(no_locked_memory),
	};

	return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
