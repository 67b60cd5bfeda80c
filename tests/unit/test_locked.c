/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where secrets lie while they are open: each that is sealed, each whose
 * seal is opened, and the passphrase of a backup, in pages of locked_new(),
 * which no core dump has.
 */
#include "tests/unit/service_place.h"

#include "daemon/archive.h"
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
bool __real_seal_open(const struct keyring *, const struct seal_row *,
    const struct sealed *, struct secret *);
bool __wrap_seal_open(const struct keyring *, const struct seal_row *,
    const struct sealed *, struct secret *);
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
__wrap_seal_open(const struct keyring *ring, const struct seal_row *row,
    const struct sealed *sealed, struct secret *out)
{
	/* The proof of the store is no secret of anybody's. */
	if (row->account_id != 0) {
		opened++;
		assert_true(undumped(out));
	}
	return __real_seal_open(ring, row, sealed, out);
}

bool
__wrap_seal_open_account(const struct keyring *ring, struct account *a,
    struct failure *f)
{
	opened++;
	assert_true(undumped(a));
	return __real_seal_open_account(ring, a, f);
}

/* A backup's passphrase: it is gone when the next bytes come. */
static const struct secret *passphrase;
static int passphrases;

enum archive_code __real_archive_create(struct archive *,
    const struct secret *, const struct archive_costs *, archive_take *,
    void *);
enum archive_code __wrap_archive_create(struct archive *,
    const struct secret *, const struct archive_costs *, archive_take *,
    void *);
enum archive_code __real_archive_write(struct archive *, const void *, size_t,
    archive_take *, void *);
enum archive_code __wrap_archive_write(struct archive *, const void *, size_t,
    archive_take *, void *);
void __real_archive_open(struct archive *, const struct secret *);
void __wrap_archive_open(struct archive *, const struct secret *);
enum archive_code __real_archive_end(const struct archive *);
enum archive_code __wrap_archive_end(const struct archive *);

enum archive_code
__wrap_archive_create(struct archive *a, const struct secret *secret,
    const struct archive_costs *costs, archive_take *take, void *arg)
{
	passphrases++;
	passphrase = secret;
	assert_true(undumped(secret));
	return __real_archive_create(a, secret, costs, take, arg);
}

enum archive_code
__wrap_archive_write(struct archive *a, const void *data, size_t len,
    archive_take *take, void *arg)
{
	assert_int_equal(passphrase->len, 0);
	return __real_archive_write(a, data, len, take, arg);
}

void
__wrap_archive_open(struct archive *a, const struct secret *secret)
{
	passphrases++;
	passphrase = secret;
	assert_true(undumped(secret));
	__real_archive_open(a, secret);
}

enum archive_code
__wrap_archive_end(const struct archive *a)
{
	assert_int_equal(passphrase->len, 0);
	return __real_archive_end(a);
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

/* One person's row; it is held against everybody who is enrolled. */
static void
imported(void **state)
{
	struct wire_writer row, upload, w;
	struct place *p = *state;
	struct phone phone = { 0 };
	struct talk talk = { 0 };
	uint8_t rows[WIRE_ROWS_MAX];
	struct wire_message m;
	int fds[2];

	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	closed = opened = 0;
	wire_start(&row, WIRE_VERSION, VERB_IMPORT);
	wire_put_string(&row, TAG_NAME, "somebody");
	wire_put_uint(&row, TAG_UID, 4242);
	wire_put_bytes(&row, TAG_SECRET, "12345678901234567890", 20);
	wire_put_uint(&row, TAG_ALGORITHM, OTP_SHA1);
	wire_put_uint(&row, TAG_DIGITS, 6);
	wire_put_uint(&row, TAG_PERIOD, 30);
	assert_true(wire_done(&row));
	rows[0] = (uint8_t)(row.len >> 8);
	rows[1] = (uint8_t)row.len;
	memcpy(rows + 2, row.data, row.len);
	wire_start(&upload, WIRE_VERSION, VERB_UPLOAD);
	wire_put_bytes(&upload, TAG_ROWS, rows, row.len + 2);
	wire_put_uint(&upload, TAG_LAST, 1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	assert_int_equal(wire_send(fds[0], &upload), WIRE_OK);
	talk.fd = fds[1];
	wire_start(&w, WIRE_VERSION, VERB_IMPORT);
	assert_true(wire_read(w.data, w.len, &m));
	assert_int_equal(selfservice_serve(p->site, &admin, &m, &talk),
	    OUT_DONE);
	assert_int_equal(closed, 1);
	assert_int_equal(opened, 1);
	close(fds[0]);
	close(fds[1]);
}

static enum outcome
with_passphrase(struct place *p, uint8_t verb)
{
	struct talk talk = { 0 };
	struct wire_message m;
	struct wire_writer w;
	enum outcome o;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	talk.fd = fds[1];
	wire_start(&w, WIRE_VERSION, VERB_UPLOAD);
	wire_put_uint(&w, TAG_LAST, 1);
	assert_int_equal(wire_send(fds[0], &w), WIRE_OK);
	wire_start(&w, WIRE_VERSION, verb);
	wire_put_bytes(&w, TAG_ANSWER, "four random words", 17);
	assert_true(wire_read(w.data, w.len, &m));
	o = selfservice_serve(p->site, &admin, &m, &talk);
	close(fds[0]);
	close(fds[1]);
	return o;
}

static void
passphrases_of_backups(void **state)
{
	assert_int_equal(with_passphrase(*state, VERB_BACKUP), OUT_DONE);
	assert_int_equal(with_passphrase(*state, VERB_RESTORE),
	    OUT_BAD_FILE);
	assert_int_equal(passphrases, 2);
}

int
main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, place_make, place_drop)
	const struct CMUnitTest tests[] = {
		TEST(in_locked_pages),
		TEST(imported),
		TEST(passphrases_of_backups),
	};

	return cmocka_run_group_tests_name("locked", tests, NULL, NULL);
}
