/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BACKUP, served whole: nobody is left out unsaid, and nothing goes out
 * before that is known.
 */
#include "tests/unit/service_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

#include <sqlite3.h>

#include "daemon/archive.h"

#define WORDS "four random words here"

/* Somebody with an authenticator and no recovery codes: what the schema's
   references do not let in, but another program might have. */
static const char odd[] =
    "INSERT INTO account (id, name, uid, created_at, enrolled_at, locked,"
    " lock_reason, limiters, touch) VALUES (7, CAST('odd' AS BLOB), 4007, 1,"
    " 1, 0, x'', zeroblob(160), 0);"
    "INSERT INTO credential (id, account, position, kind, label, algorithm,"
    " digits, period, created_at, used_at, last_step, key_id, nonce, sealed,"
    " touch) VALUES (8, 7, 1, 1, x'', 1, 6, 30, 1, 0, 0, '0123abcd',"
    " zeroblob(12), zeroblob(36), 0)";

/* A file system that makes no files without a name. */
static bool no_tmpfile;

int __wrap_open(const char *, int, ...);
int __real_open(const char *, int, ...);

int
__wrap_open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return __real_open(path, flags, mode);
}

static void
run_sql(const struct place *p, const char *sql)
{
	char path[160], *wrong = NULL;
	sqlite3 *db = NULL;

	snprintf(path, sizeof(path), "%s/stepup.db", p->state);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &wrong) != SQLITE_OK)
		fail_msg("%s", wrong);
	sqlite3_close(db);
}

/* Its outcome; *bytes of file came, and the last packet says why. */
static enum outcome
backup(struct place *p, size_t *bytes, char path[256], char reason[256])
{
	struct wire_message request, m;
	uint8_t packet[WIRE_PACKET_MAX];
	struct talk talk = { 0 };
	struct wire_writer w;
	enum outcome o;
	int fds[2];
	size_t len;

	*bytes = 0;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
	    fds), 0);
	talk.fd = fds[1];
	wire_start(&w, WIRE_VERSION, VERB_BACKUP);
	wire_put_bytes(&w, TAG_ANSWER, WORDS, strlen(WORDS));
	assert_true(wire_read(w.data, w.len, &request));
	o = selfservice_serve(p->site, &admin, &request, &talk);
	memset(&m, 0, sizeof(m));
	while (wire_receive(fds[0], packet, &len) == WIRE_OK) {
		assert_true(wire_read(packet, len, &m));
		*bytes += m.field[TAG_DATA].len;
	}
	wire_get_string(&m, TAG_PATH, path);
	wire_get_string(&m, TAG_REASON, reason);
	close(fds[0]);
	close(fds[1]);
	return o;
}

static void
everybody_or_nothing(void **state)
{
	struct place *p = *state;
	char path[256], reason[256];
	size_t bytes;

	assert_int_equal(backup(p, &bytes, path, reason), OUT_DONE);
	assert_true(bytes > ARCHIVE_HEADER);
	run_sql(p, odd);
	assert_int_equal(backup(p, &bytes, path, reason), OUT_STORE);
	assert_string_equal(path, "odd");
	assert_string_equal(reason, "this account's row is damaged");
	assert_int_equal(bytes, 0);
}

static size_t
count_files(const char *path)
{
	struct dirent *e;
	size_t n = 0;
	DIR *d;

	assert_non_null(d = opendir(path));
	while ((e = readdir(d)) != NULL)
		n++;
	closedir(d);
	return n;
}

/* Where it needs a name for a moment, that is nobody else's. */
static void
without_tmpfile(void **state)
{
	struct place *p = *state;
	char path[256], reason[256], copy[160];
	struct stat st;
	size_t n, bytes;

	snprintf(copy, sizeof(copy), "%s/stepup.db.backup", p->state);
	write_file(copy, "made by hand\n");
	no_tmpfile = true;
	assert_int_equal(backup(p, &bytes, path, reason), OUT_DONE);
	n = count_files(p->state);
	assert_int_equal(backup(p, &bytes, path, reason), OUT_DONE);
	no_tmpfile = false;
	assert_true(bytes > ARCHIVE_HEADER);
	assert_int_equal(count_files(p->state), n);
	assert_int_equal(stat(copy, &st), 0);
	assert_int_equal(st.st_size, 13);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everybody_or_nothing,
		    place_make, place_drop),
		cmocka_unit_test_setup_teardown(without_tmpfile, place_make,
		    place_drop),
	};

	return cmocka_run_group_tests_name("backup", tests, NULL, NULL);
}
