/* SPDX-License-Identifier: BSD-2-Clause */
/* IMPORT: what is written, what is not, and that it is all of an account. */
#include "tests/unit/service_place.h"

#include "daemon/seal.h"

#define ROWS_MAX 8

/* Rows of an upload; the answers to them. */
struct batch {
	uint8_t		 rows[WIRE_ROWS_MAX];
	size_t		 len;
	bool		 last;		/* the last mark is sent */
	uint32_t	 flags;
	uint32_t	 outcomes[ROWS_MAX];
	size_t		 answered;
	uint32_t	 count, window;
};

static void
put(struct batch *b, const struct wire_writer *w)
{
	assert_true(wire_done(w));
	b->rows[b->len++] = (uint8_t)(w->len >> 8);
	b->rows[b->len++] = (uint8_t)w->len;
	memcpy(b->rows + b->len, w->data, w->len);
	b->len += w->len;
}

static void
add(struct batch *b, const char *name, uid_t uid, char fill, int64_t after)
{
	struct wire_writer w;
	uint8_t secret[20];

	memset(secret, fill, sizeof(secret));
	wire_start(&w, 1, VERB_IMPORT);
	wire_put_string(&w, TAG_NAME, name);
	wire_put_uint(&w, TAG_UID, uid);
	wire_put_bytes(&w, TAG_SECRET, secret, sizeof(secret));
	wire_put_uint(&w, TAG_ALGORITHM, OTP_SHA1);
	wire_put_uint(&w, TAG_DIGITS, 6);
	wire_put_uint(&w, TAG_PERIOD, 30);
	if (after != 0)
		wire_put_int64(&w, TAG_AFTER, after);
	put(b, &w);
}

static void
read_rows(struct batch *b, const struct wire_message *m)
{
	const struct wire_field *f = &m->field[TAG_ROWS];
	struct wire_message row;
	size_t at, len;

	for (at = 0; at < f->len; at += 2 + len) {
		len = (size_t)f->data[at] << 8 | f->data[at + 1];
		assert_true(wire_read(f->data + at + 2, len, &row));
		assert_true(b->answered < ROWS_MAX);
		assert_true(wire_get_uint(&row, TAG_OUTCOME,
		    &b->outcomes[b->answered++]));
	}
}

static enum outcome
import(struct place *p, struct batch *b)
{
	struct talk talk = { 0 };
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_message m;
	struct wire_writer w;
	enum outcome o;
	uint32_t told;
	size_t len;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	talk.fd = fds[1];
	wire_start(&w, 1, VERB_UPLOAD);
	if (b->len > 0)
		wire_put_bytes(&w, TAG_ROWS, b->rows, b->len);
	if (b->last)
		wire_put_uint(&w, TAG_LAST, 1);
	if (b->len > 0 || b->last)
		assert_int_equal(wire_send(fds[0], &w), WIRE_OK);
	assert_int_equal(shutdown(fds[0], SHUT_WR), 0);
	wire_start(&w, 1, VERB_IMPORT);
	if (b->flags != 0)
		wire_put_uint(&w, TAG_FLAGS, b->flags);
	wire_put_uint(&w, TAG_BY, 1234);
	assert_true(wire_read(w.data, w.len, &m));
	o = selfservice_serve(p->site, &admin, &m, &talk);
	b->answered = 0;
	for (;;) {
		assert_int_equal(wire_receive(fds[0], packet, &len), WIRE_OK);
		assert_true(wire_read(packet, len, &m));
		if (wire_has(&m, TAG_LAST))
			break;
		read_rows(b, &m);
	}
	assert_true(wire_get_uint(&m, TAG_OUTCOME, &told));
	assert_int_equal(told, o);
	wire_get_uint(&m, TAG_COUNT, &b->count);
	wire_get_uint(&m, TAG_LIMIT, &b->window);
	close(fds[0]);
	close(fds[1]);
	return o;
}

/* One row, the whole way. */
static uint32_t
import_one(struct place *p, const char *name, uid_t uid, char fill,
    int64_t after)
{
	struct batch b = { .last = true };

	add(&b, name, uid, fill, after);
	assert_int_equal(import(p, &b), OUT_DONE);
	assert_int_equal(b.answered, 1);
	assert_int_equal(b.count, b.outcomes[0] == OUT_DONE);
	return b.outcomes[0];
}

static void
load(struct place *p, const char *name, uid_t uid, struct account *a)
{
	const struct store_driver *driver = site_driver(p->site);
	struct failure f = { 0 };
	struct store *store;

	assert_int_equal(site_store(p->site, &store, &f), OUT_DONE);
	assert_int_equal(driver->begin(store, STORE_READ, &f), STORE_OK);
	assert_int_equal(driver->load(store, name, uid, a, &f), STORE_OK);
	driver->rollback(store);
}

static bool
there(struct place *p, const char *name, uid_t uid)
{
	struct account a;

	load(p, name, uid, &a);
	return a.match != ACCOUNT_NONE;
}

/* One key, sealed; no code that counts; steps that may be used are. */
static void
whole_account(void **state)
{
	struct place *p = *state;
	struct failure f = { 0 };
	struct account a;
	int64_t step = totp_step(clock_now(), 30);
	char code[RECOVERY_LENGTH + 1], digits[9];
	struct phone phone = { 0 };
	size_t i;

	assert_int_equal(import_one(p, p->user, getuid(), 'a', 0), OUT_DONE);
	load(p, p->user, getuid(), &a);
	assert_int_equal(a.match, ACCOUNT_FOUND);
	assert_int_equal(a.credential_count, 1);
	assert_in_range(a.credentials[0].last_step, step + 1, step + 3);
	assert_int_equal(a.credentials[0].used_at, 0);
	assert_string_equal(a.credentials[0].label, "phone");
	assert_int_equal(a.credentials[0].secret.len, 0);
	assert_true(a.enrolled_at > 0 && a.created_at > 0);
	assert_int_equal(a.recovery.count, 1);
	assert_int_equal(a.recovery.codes[0].spent_at, ACCOUNT_CODE_VOID);
	assert_int_equal(account_codes_all(&a), 0);
	assert_int_equal(account_codes_left(&a), 0);
	assert_true(account_has_factor(&a));
	assert_true(seal_open_account(site_keyring(p->site, &f), &a, &f));
	assert_int_equal(a.credentials[0].secret.len, 20);
	for (i = 0; i < 20; i++)
		assert_int_equal(a.credentials[0].secret.data[i], 'a');
	secret_set(&phone.secret, a.credentials[0].secret.data, 20);
	account_wipe(&a);
	/* At a login: what the other module may have taken is taken. */
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);
	phone_code(&phone, totp_step(clock_now(), 30), digits);
	assert_int_equal(ask(p, &root, VERB_VERIFY, digits), OUT_REPLAY);
	phone_code(&phone, totp_step(clock_now(), 30) + 1, digits);
	assert_int_equal(ask(p, &root, VERB_VERIFY, digits), OUT_REPLAY);
	assert_true(recovery_generate(code));
	assert_int_equal(ask(p, &root, VERB_VERIFY, code), OUT_BAD_CODE);
	/* Codes, and a new phone, as for anybody. */
	assert_int_equal(converse(p, VERB_CODES, FLAG_NEW, &phone, 0),
	    OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_OK_RECOVERY);
	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_DONE);
}

/* Who has something is left alone. */
static void
enrolled_already(void **state)
{
	struct place *p = *state;
	struct account a, b;

	load(p, p->user, getuid(), &a);
	assert_int_equal(import_one(p, p->user, getuid(), 'b', 0),
	    OUT_EXISTS);
	load(p, p->user, getuid(), &b);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(import_one(p, p->user, getuid() + 1, 'b', 0),
	    OUT_CHANGED);
	assert_int_equal(import_one(p, "somebody", getuid(), 'b', 0),
	    OUT_CHANGED);
}

/* Steps the other module wrote down, unless they cannot be. */
static void
steps_written_down(void **state)
{
	static const struct { const char *name; int64_t ahead, least, most; }
	    cases[] = {
		{ "after-past", -100, 1, 2 }, { "after-near", 40, 40, 40 },
		{ "after-most", 50, 50, 50 }, { "after-far", 100, 1, 2 },
	};
	struct place *p = *state;
	struct account a;
	int64_t step;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		step = totp_step(clock_now(), 30);
		assert_int_equal(import_one(p, cases[i].name,
		    (uid_t)(5000 + i), (char)('c' + i), step +
		    cases[i].ahead), OUT_DONE);
		load(p, cases[i].name, (uid_t)(5000 + i), &a);
		assert_in_range(a.credentials[0].last_step,
		    step + cases[i].least, step + cases[i].most);
	}
}

static void
dry_run(void **state)
{
	struct place *p = *state;
	struct batch b = { .last = true, .flags = FLAG_DRY_RUN };

	add(&b, "dry", 6000, 'k', 0);
	add(&b, p->user, getuid(), 'l', 0);
	assert_int_equal(import(p, &b), OUT_DONE);
	assert_int_equal(b.count, 1);
	assert_int_equal(b.outcomes[0], OUT_DONE);
	assert_int_equal(b.outcomes[1], OUT_EXISTS);
	assert_int_equal(b.window, 1);
	assert_false(there(p, "dry", 6000));
	/* As if there were no store. */
	b.flags |= FLAG_NEW;
	assert_int_equal(import(p, &b), OUT_DONE);
	assert_int_equal(b.count, 2);
	assert_false(there(p, "dry", 6000));
}

/* In one upload: each of a pair stays behind, the others go in. */
static void
pairs(void **state)
{
	struct place *p = *state;
	struct batch b = { .last = true };

	add(&b, "twice", 6100, 'm', 0);
	add(&b, "fine", 6101, 'n', 0);
	add(&b, "share-a", 6102, 'o', 0);
	add(&b, "twice", 6100, 'p', 0);
	add(&b, "share-b", 6103, 'o', 0);
	add(&b, "same", 6104, 'q', 0);
	add(&b, "same", 6104, 'q', 0);
	assert_int_equal(import(p, &b), OUT_DONE);
	assert_int_equal(b.answered, 7);
	assert_int_equal(b.count, 1);
	assert_int_equal(b.outcomes[0], OUT_NAME_TAKEN);
	assert_int_equal(b.outcomes[1], OUT_DONE);
	assert_int_equal(b.outcomes[2], OUT_REPLAY);
	assert_int_equal(b.outcomes[3], OUT_NAME_TAKEN);
	assert_int_equal(b.outcomes[4], OUT_REPLAY);
	assert_int_equal(b.outcomes[5], OUT_NAME_TAKEN);
	assert_int_equal(b.outcomes[6], OUT_NAME_TAKEN);
	assert_true(there(p, "fine", 6101));
	assert_false(there(p, "share-a", 6102));
	/* The secret of somebody who is enrolled. */
	assert_int_equal(import_one(p, "share-c", 6105, 'n', 0), OUT_REPLAY);
	assert_int_equal(import_one(p, "share-a", 6102, 'o', 0), OUT_DONE);
}

/* Without the last mark, or with one bad row, nothing of it counts. */
static void
all_or_nothing(void **state)
{
	struct place *p = *state;
	struct batch b = { .last = false };
	struct wire_writer w;
	size_t good;

	assert_int_equal(import(p, &b), OUT_NO_INPUT);
	add(&b, "half", 6200, 'r', 0);
	assert_int_equal(import(p, &b), OUT_NO_INPUT);
	assert_int_equal(b.answered, 0);
	b.last = true;
	good = b.len;
	wire_start(&w, 1, VERB_IMPORT);
	put(&b, &w);
	assert_int_equal(import(p, &b), OUT_PROTOCOL);
	b.len = good;
	add(&b, "", 6201, 's', 0);
	assert_int_equal(import(p, &b), OUT_PROTOCOL);
	b.len = good;
	add(&b, "nobody", (uid_t)-1, 's', 0);
	assert_int_equal(import(p, &b), OUT_PROTOCOL);
	assert_false(there(p, "half", 6200));
	b.len = 0;
	assert_int_equal(import(p, &b), OUT_DONE);
	assert_int_equal(b.count, 0);
}

/* A value beyond what a credential may have. */
static void
bad_values(void **state)
{
	static const struct { unsigned algorithm, digits, period, length; }
	    bad[] = {
		{ 0, 6, 30, 20 }, { 4, 6, 30, 20 }, { 1, 5, 30, 20 },
		{ 1, 9, 30, 20 }, { 1, 6, 14, 20 }, { 1, 6, 121, 20 },
	};
	struct place *p = *state;
	const uint8_t secret[20] = "01234567890123456789";
	struct wire_writer w;
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		struct batch b = { .last = true };

		wire_start(&w, 1, VERB_IMPORT);
		wire_put_string(&w, TAG_NAME, "bad");
		wire_put_uint(&w, TAG_UID, 6300);
		wire_put_bytes(&w, TAG_SECRET, secret, bad[i].length);
		wire_put_uint(&w, TAG_ALGORITHM, bad[i].algorithm);
		wire_put_uint(&w, TAG_DIGITS, bad[i].digits);
		wire_put_uint(&w, TAG_PERIOD, bad[i].period);
		put(&b, &w);
		assert_int_equal(import(p, &b), OUT_PROTOCOL);
		assert_false(there(p, "bad", 6300));
	}
}

/* A row made by a lock stays what it is, but for the factor. */
static void
locked_before(void **state)
{
	struct place *p = *state;
	struct wire_message last;
	uint8_t packet[WIRE_PACKET_MAX];
	struct account a;

	assert_int_equal(lock(p, VERB_LOCK, "on leave", packet, &last),
	    OUT_DONE);
	assert_int_equal(import_one(p, p->user, getuid(), 'x', 0), OUT_DONE);
	load(p, p->user, getuid(), &a);
	assert_true(a.locked);
	assert_string_equal(a.lock_reason, "on leave");
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ADMIN_LOCK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_account),
		cmocka_unit_test(enrolled_already),
		cmocka_unit_test(steps_written_down),
		cmocka_unit_test(dry_run),
		cmocka_unit_test(pairs),
		cmocka_unit_test(all_or_nothing),
		cmocka_unit_test(bad_values),
		cmocka_unit_test_setup_teardown(locked_before, place_make,
		    place_drop),
	};

	return cmocka_run_group_tests(tests, place_make, place_drop);
}
