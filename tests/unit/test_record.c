/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The records of a backup: what goes in comes out, also in pieces; each
 * value has its limits, and nothing is behind the last.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "daemon/record.h"

static struct account one, back;
static uint8_t record[RECORD_MAX];

static void
fill_account(size_t credentials, size_t codes, enum record_form form)
{
	struct credential *c;
	size_t i;

	memset(&one, 0, sizeof(one));
	one.match = ACCOUNT_FOUND;
	one.id = INT64_MAX - 5;
	memset(one.name, 'n', ACCOUNT_NAME_MAX);
	one.uid = 4294967294u;
	one.created_at = 1;
	one.enrolled_at = 2;
	one.locked = true;
	memset(one.lock_reason, 'r', ACCOUNT_REASON_MAX);
	for (i = 0; i < LIMITERS; i++)
		one.limiters[i] = (struct limiter){ (int64_t)i, 7, 8, 9,
			LIMIT_WAIT_MAX };
	one.recovery.count = codes;
	if (codes > 0) {
		one.recovery.rounds = 10000000;
		one.recovery.created_at = 77;
		memset(one.recovery.salt, 3, RECOVERY_SALT);
	}
	for (i = 0; i < codes; i++) {
		memset(one.recovery.codes[i].hash, (int)i, RECOVERY_HASH);
		one.recovery.codes[i].spent_at = (int64_t)i;
	}
	one.credential_count = credentials;
	for (i = 0; i < credentials; i++) {
		c = &one.credentials[i];
		*c = (struct credential){ .id = 1 + (int64_t)i,
			.kind = CREDENTIAL_TOTP, .algorithm = OTP_SHA512,
			.digits = 8, .period = 120, .created_at = 4,
			.used_at = 5, .last_step = INT64_MAX };
		memset(c->label, 'l', ACCOUNT_LABEL_MAX);
		if (form == RECORD_OPEN) {
			c->opened = true;
			memset(c->secret.data, 0xaa, OTP_SECRET_MAX);
			c->secret.len = OTP_SECRET_MAX;
		} else {
			memcpy(c->sealed.key_id, "0123abcd", 9);
			memset(c->sealed.nonce, 1, SEAL_NONCE);
			memset(c->sealed.data, 2, SEAL_MAX);
			c->sealed.len = SEAL_MAX;
		}
	}
}

static void
accounts_go_around(void **state)
{
	static const size_t counts[][2] = { { 0, 0 }, { 1, 1 }, { 1, 20 },
		{ 8, 20 }, { 3, 10 } };
	enum record_form form;
	size_t i, len;

	(void)state;
	for (form = RECORD_OPEN; form <= RECORD_SEALED; form++)
		for (i = 0; i < 5; i++) {
			fill_account(counts[i][0], counts[i][1], form);
			len = record_put_account(&one, form, record);
			assert_true(len > RECORD_HEADER && len <= RECORD_MAX);
			assert_int_equal(record[0] << 8 | record[1],
			    len - RECORD_HEADER);
			assert_int_equal(record[2], RECORD_ACCOUNT);
			assert_true(record_get_account(record + RECORD_HEADER,
			    len - RECORD_HEADER, form, &back));
			assert_memory_equal(&one, &back, sizeof(one));
		}
}

/* No length of it, and nothing behind it, is an account. */
static void
accounts_are_whole(void **state)
{
	uint8_t longer[RECORD_MAX + 1];
	size_t i, len;

	(void)state;
	fill_account(2, 10, RECORD_OPEN);
	len = record_put_account(&one, RECORD_OPEN, record) - RECORD_HEADER;
	for (i = 0; i < len; i++) {
		assert_false(record_get_account(record + RECORD_HEADER, i,
		    RECORD_OPEN, &back));
		assert_int_equal(back.credentials[0].secret.len, 0);
	}
	memcpy(longer, record + RECORD_HEADER, len);
	longer[len] = 0;
	assert_false(record_get_account(longer, len + 1, RECORD_OPEN, &back));
}

/* A value at its place, and what comes of it. */
static void
refuses(size_t at, uint8_t value)
{
	size_t len = (size_t)record[0] << 8 | record[1];
	uint8_t kept = record[RECORD_HEADER + at];

	record[RECORD_HEADER + at] = value;
	if (record_get_account(record + RECORD_HEADER, len, RECORD_OPEN,
	    &back))
		fail_msg("%zu = %u was taken", at, value);
	record[RECORD_HEADER + at] = kept;
}

static void
accounts_have_limits(void **state)
{
	const size_t name = 8, uid = name + 1 + ACCOUNT_NAME_MAX,
	    locked = uid + 4 + 16, reason = locked + 1,
	    limiters = reason + 1 + ACCOUNT_REASON_MAX,
	    codes = limiters + 160, credentials = codes + 1 + 4 + 8 + 16 +
	    40, kind = credentials + 1 + 8, label = kind + 1,
	    algorithm = label + 1 + ACCOUNT_LABEL_MAX,
	    secret = algorithm + 3 + 24;

	(void)state;
	fill_account(1, 1, RECORD_OPEN);
	record_put_account(&one, RECORD_OPEN, record);
	refuses(0, 0x80);		/* an id below zero */
	refuses(name, 0);
	refuses(name + 5, 0);		/* a NUL in a name */
	refuses(uid + 3, 0xff);		/* (uid_t)-1 */
	refuses(locked, 2);
	refuses(reason, 201);
	refuses(limiters, 0x80);
	refuses(limiters + 3, 1);	/* counts that one more may wrap */
	refuses(limiters + 8 + 3, 1);
	refuses(limiters + 32, 1);	/* a wait of years */
	refuses(codes, 0);		/* an app without codes */
	refuses(codes, 21);
	refuses(codes + 1, 0xff);	/* rounds */
	refuses(credentials, 0);
	refuses(credentials, 9);
	refuses(kind, 0);
	refuses(kind, 2);
	refuses(label, 65);
	refuses(algorithm, 0);
	refuses(algorithm, 4);
	refuses(algorithm + 1, 5);
	refuses(algorithm + 1, 9);
	refuses(algorithm + 2, 14);
	refuses(algorithm + 2, 121);
	refuses(secret, 0);
	refuses(secret, 65);
	assert_true(record_get_account(record + RECORD_HEADER,
	    (size_t)record[0] << 8 | record[1], RECORD_OPEN, &back));
	/* And what cannot be written is not. */
	assert_true(record_put_account(&one, RECORD_OPEN, record) > 0);
	assert_int_equal(record_put_account(&one, RECORD_SEALED, record), 0);
	one.credentials[0].opened = false;
	assert_int_equal(record_put_account(&one, RECORD_OPEN, record), 0);
	one.credentials[0].opened = true;
	one.credential_count = 9;
	assert_int_equal(record_put_account(&one, RECORD_OPEN, record), 0);
	one.credential_count = 1;
	one.limiters[LIMITERS - 1].consecutive = INT64_C(1) << 32;
	assert_int_equal(record_put_account(&one, RECORD_OPEN, record), 0);
	one.limiters[LIMITERS - 1].consecutive = 0;
	one.recovery.count = 0;
	assert_int_equal(record_put_account(&one, RECORD_OPEN, record), 0);
	one.recovery.count = 21;
	assert_int_equal(record_put_account(&one, RECORD_OPEN, record), 0);
}

static void
head_and_end(void **state)
{
	struct record_head head = { .made_at = 1800000000, .host = "web03" };
	struct record_head got;
	uint64_t n;
	size_t len;

	(void)state;
	len = record_put_head(&head, record) - RECORD_HEADER;
	assert_true(record_get_head(record + RECORD_HEADER, len, &got));
	assert_true(got.made_at == head.made_at);
	assert_string_equal(got.host, head.host);
	assert_false(record_get_head(record + RECORD_HEADER, len - 1, &got));
	record[RECORD_HEADER + 10] = '\033';
	assert_true(record_get_head(record + RECORD_HEADER, len, &got));
	assert_string_equal(got.host, "w?b03");
	record[RECORD_HEADER + 8] = 65;
	assert_false(record_get_head(record + RECORD_HEADER, len, &got));
	len = record_put_end(123456789012, record) - RECORD_HEADER;
	assert_true(record_get_end(record + RECORD_HEADER, len, &n));
	assert_true(n == 123456789012);
	assert_false(record_get_end(record + RECORD_HEADER, len - 1, &n));
}

static unsigned visits;

static bool
visit(uint8_t type, const uint8_t *data, size_t len, void *arg)
{
	(void)arg;
	visits++;
	if (type == RECORD_HEAD)
		return len == 0;
	assert_int_equal(type, 0x81);
	assert_int_equal(len, 5);
	assert_memory_equal(data, "hello", 5);
	return visits < 100;
}

static void
pieces(void **state)
{
	static const uint8_t two[] = "\0\0\1\0\5\x81hello";
	static const uint8_t long_one[] = "\x0f\xfe\1xxx";
	struct record_reader r = { .len = 0 };
	size_t i, n;

	(void)state;
	for (n = 1; n <= 11; n++) {
		visits = 0;
		for (i = 0; i < 11; i += n)
			assert_true(record_feed(&r, two + i,
			    n < 11 - i ? n : 11 - i, visit, NULL));
		assert_int_equal(visits, 2);
		assert_true(record_done(&r));
	}
	assert_true(record_feed(&r, two, 7, visit, NULL));
	assert_false(record_done(&r));
	memset(&r, 0, sizeof(r));
	assert_false(record_feed(&r, long_one, 6, visit, NULL));
	memset(&r, 0, sizeof(r));
	visits = 99;
	assert_false(record_feed(&r, two, 11, visit, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts_go_around),
		cmocka_unit_test(accounts_are_whole),
		cmocka_unit_test(accounts_have_limits),
		cmocka_unit_test(head_and_end),
		cmocka_unit_test(pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
