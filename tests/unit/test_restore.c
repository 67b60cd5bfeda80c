/* SPDX-License-Identifier: BSD-2-Clause */
/* RESTORE, served whole, while the clock is set back. */
#include "tests/unit/service_place.h"

#include <sys/syscall.h>

#include "daemon/archive.h"
#include "daemon/record.h"

#define WORDS "four random words here"

/* Each look at the wall clock finds it ten minutes earlier. */
static int64_t wall, looks;

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, ts);

	if (clock == CLOCK_REALTIME && wall != 0)
		ts->tv_sec = wall - 600 * ++looks;
	return rc;
}

static bool
put_data(const uint8_t *data, size_t len, void *arg)
{
	struct wire_writer row, w;
	uint8_t rows[WIRE_PACKET_MAX];
	int fd = *(int *)arg;

	wire_start(&row, WIRE_VERSION, VERB_RESTORE);
	wire_put_bytes(&row, TAG_DATA, data, len);
	assert_true(wire_done(&row));
	rows[0] = (uint8_t)(row.len >> 8);
	rows[1] = (uint8_t)row.len;
	memcpy(rows + 2, row.data, row.len);
	wire_start(&w, WIRE_VERSION, VERB_UPLOAD);
	wire_put_bytes(&w, TAG_ROWS, rows, row.len + 2);
	return wire_send(fd, &w) == WIRE_OK;
}

/* One person whose authenticator was made now. */
static void
put_file(const struct place *p, int fd, int64_t made, int64_t now)
{
	static const struct archive_costs cheap = { ARCHIVE_LOG_N_MIN, 8, 1 };
	static struct archive archive;
	static struct account a;
	struct record_head head = { .made_at = made, .host = "here" };
	struct secret phrase = { 0 };
	uint8_t record[RECORD_MAX];
	size_t len;

	memset(&a, 0, sizeof(a));
	a.id = 77;
	a.uid = getuid();
	memcpy(a.name, p->user, strlen(p->user) + 1);
	a.created_at = a.enrolled_at = now - 86400;
	assert_true(recovery_void(&a.recovery, now));
	a.credential_count = 1;
	a.credentials[0] = (struct credential){ .id = 78,
	    .kind = CREDENTIAL_TOTP, .algorithm = OTP_SHA1, .digits = 6,
	    .period = 30, .created_at = now, .opened = true };
	secret_set(&a.credentials[0].secret, "12345678901234567890", 20);
	secret_set(&phrase, WORDS, strlen(WORDS));
	assert_int_equal(archive_create(&archive, &phrase, &cheap, put_data,
	    &fd), ARCHIVE_OK);
	len = record_put_head(&head, record);
	archive_write(&archive, record, len, put_data, &fd);
	len = record_put_account(&a, RECORD_OPEN, record);
	assert_true(len > 0);
	archive_write(&archive, record, len, put_data, &fd);
	len = record_put_end(1, record);
	archive_write(&archive, record, len, put_data, &fd);
	assert_int_equal(archive_finish(&archive, put_data, &fd), ARCHIVE_OK);
}

/* The file served; afterwards what is stored of that person.  fake: what
   the wall clock says at first, 0: the truth. */
static void
restore(struct place *p, int64_t made, int64_t now, int64_t fake,
    struct account *a)
{
	struct talk talk = { 0 };
	struct failure f = { .path = "" };
	struct wire_message m;
	struct wire_writer w;
	struct store *store;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	put_file(p, fds[0], made, now);
	wire_start(&w, WIRE_VERSION, VERB_UPLOAD);
	wire_put_uint(&w, TAG_LAST, 1);
	assert_int_equal(wire_send(fds[0], &w), WIRE_OK);
	talk.fd = fds[1];
	wire_start(&w, WIRE_VERSION, VERB_RESTORE);
	wire_put_bytes(&w, TAG_ANSWER, WORDS, strlen(WORDS));
	assert_true(wire_read(w.data, w.len, &m));
	wall = fake;
	assert_int_equal(selfservice_serve(p->site, &admin, &m, &talk),
	    OUT_DONE);
	wall = 0;
	assert_int_equal(site_store(p->site, &store, &f), OUT_DONE);
	assert_int_equal(store_sqlite.begin(store, STORE_READ, &f), STORE_OK);
	assert_int_equal(store_sqlite.load(store, p->user, getuid(), a, &f),
	    STORE_OK);
	store_sqlite.rollback(store);
	assert_int_equal(a->match, ACCOUNT_FOUND);
	assert_int_equal(a->credential_count, 1);
	assert_int_equal(account_codes_left(a), 0);
	close(fds[0]);
	close(fds[1]);
}

/* Every step up to when the restore began is spent, whatever came after. */
static void
clock_goes_back(void **state)
{
	static struct account a;
	int64_t now = clock_now();

	restore(*state, now - 86400, now, now, &a);
	assert_true(a.credentials[0].created_at > now - 6000);
	assert_true(a.credentials[0].last_step >
	    a.credentials[0].created_at / 30);
}

/* The other host's clock was ahead: its last step and the window's. */
static void
clock_was_ahead(void **state)
{
	static struct account a;
	int64_t made = clock_now() + 45;

	restore(*state, made, made - 86400, 0, &a);
	assert_true(a.credentials[0].last_step > made / 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(clock_goes_back, place_make,
		    place_drop),
		cmocka_unit_test_setup_teardown(clock_was_ahead, place_make,
		    place_drop),
	};

	return cmocka_run_group_tests_name("restore", tests, NULL, NULL);
}
