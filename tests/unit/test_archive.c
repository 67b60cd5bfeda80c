/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of a backup: what goes in comes out, whatever the pieces; cut,
 * changed, moved or foreign it gives nothing, and says what it is.
 */
#include "tests/unit/unit.h"

#include <openssl/evp.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/archive.h"
#include "daemon/record.h"

#define CLEAR	(2 * ARCHIVE_CHUNK + 700)
#define FILE_MAX (ARCHIVE_HEADER + 8 * ARCHIVE_FRAME)

/* Cheap: a test opens thousands. */
static const struct archive_costs cheap = { ARCHIVE_LOG_N_MIN, 1, 1 };

struct bytes {
	size_t	len;
	uint8_t	data[FILE_MAX];
};

static struct archive archive;
static struct bytes file, clear;
static uint8_t content[CLEAR];

static bool
append(const uint8_t *data, size_t len, void *arg)
{
	struct bytes *b = arg;

	assert_true(len > 0 && len <= ARCHIVE_FRAME);
	assert_true(b->len + len <= sizeof(b->data));
	memcpy(b->data + b->len, data, len);
	b->len += len;
	return true;
}

static struct secret
phrase(const char *text)
{
	struct secret s;

	assert_true(secret_set(&s, text, strlen(text)));
	return s;
}

static void
make(size_t len, size_t piece)
{
	const struct secret secret = phrase("correct horse");
	size_t at, n;

	file.len = 0;
	assert_int_equal(archive_create(&archive, &secret, &cheap, append,
	    &file), ARCHIVE_OK);
	assert_int_equal(file.len, ARCHIVE_HEADER);
	for (at = 0; at < len; at += n) {
		n = piece < len - at ? piece : len - at;
		assert_int_equal(archive_write(&archive, content + at, n,
		    append, &file), ARCHIVE_OK);
	}
	assert_int_equal(archive_finish(&archive, append, &file), ARCHIVE_OK);
}

/* How it ends; what came out is in `clear`. */
static enum archive_code
read_with(const char *passphrase, size_t len, size_t piece)
{
	const struct secret secret = phrase(passphrase);
	enum archive_code code = ARCHIVE_OK;
	size_t at, n;

	clear.len = 0;
	archive_open(&archive, &secret);
	for (at = 0; at < len && code == ARCHIVE_OK; at += n) {
		n = piece < len - at ? piece : len - at;
		code = archive_feed(&archive, file.data + at, n, append,
		    &clear);
	}
	return code == ARCHIVE_OK ? archive_end(&archive) : code;
}

static enum archive_code
read_file(size_t len)
{
	return read_with("correct horse", len, 1000);
}

static int
setup(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 7 + i / 251);
	return 0;
}

static void
goes_around(void **state)
{
	static const size_t lengths[] = { 0, 1, ARCHIVE_CHUNK - 1,
		ARCHIVE_CHUNK, ARCHIVE_CHUNK + 1, 2 * ARCHIVE_CHUNK, CLEAR };
	static const size_t pieces[] = { 1, 17, ARCHIVE_CHUNK, 5000 };
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++) {
			make(lengths[i], pieces[j]);
			assert_int_equal(read_with("correct horse", file.len,
			    pieces[3 - j]), ARCHIVE_OK);
			assert_int_equal(clear.len, lengths[i]);
			assert_memory_equal(clear.data, content,
			    lengths[i]);
		}
	/* No two are alike, and none shows what is in it. */
	make(CLEAR, 100);
	clear = file;
	make(CLEAR, 100);
	assert_memory_not_equal(clear.data + ARCHIVE_HEADER,
	    file.data + ARCHIVE_HEADER, CLEAR);
	assert_null(memmem(file.data, file.len, content + 100, 16));
}

static void
cut_anywhere(void **state)
{
	const unsigned step = rounds("from one cut to the next", 1, 37);
	size_t len;

	(void)state;
	make(CLEAR, 1000);
	for (len = 0; len < file.len; len += step)
		assert_int_equal(read_file(len), ARCHIVE_CUT);
	assert_int_equal(read_file(file.len), ARCHIVE_OK);
	/* Something behind the end. */
	file.data[file.len] = 0;
	assert_int_equal(read_file(file.len + 1), ARCHIVE_DAMAGED);
}

static void
changed_anywhere(void **state)
{
	const unsigned between = rounds("from one change to the next", 5, 97);
	enum archive_code code;
	size_t i, step;

	(void)state;
	make(CLEAR, 1000);
	for (i = 0; i < file.len; i += step) {
		file.data[i] ^= 0x40;
		code = read_file(file.len);
		file.data[i] ^= 0x40;
		if (i < 8)
			assert_int_equal(code, ARCHIVE_FOREIGN);
		else if (i < 64)
			assert_int_equal(code, ARCHIVE_DAMAGED);
		else if (i < ARCHIVE_HEADER)
			assert_int_equal(code, ARCHIVE_PASSPHRASE);
		else
			assert_true(code == ARCHIVE_DAMAGED ||
			    code == ARCHIVE_CUT);
		assert_true(clear.len <= 2 * ARCHIVE_CHUNK);
		assert_memory_equal(clear.data, content, clear.len);
		/* Every byte of the header and around the lengths. */
		step = i < ARCHIVE_HEADER + 8 ||
		    (i - ARCHIVE_HEADER) % ARCHIVE_FRAME < 4 ||
		    (i - ARCHIVE_HEADER) % ARCHIVE_FRAME > ARCHIVE_FRAME - 20
		    ? 1 : between;
	}
	assert_int_equal(read_file(file.len), ARCHIVE_OK);
}

static void
chunks_have_their_place(void **state)
{
	uint8_t *first = file.data + ARCHIVE_HEADER, kept[ARCHIVE_FRAME];
	uint8_t *second = first + ARCHIVE_FRAME;

	(void)state;
	make(CLEAR, 1000);
	memcpy(kept, first, sizeof(kept));
	memcpy(first, second, ARCHIVE_FRAME);
	assert_int_equal(read_file(file.len), ARCHIVE_DAMAGED);
	assert_int_equal(clear.len, 0);
	memcpy(second, kept, ARCHIVE_FRAME);
	assert_int_equal(read_file(file.len), ARCHIVE_DAMAGED);
	/* Twice the same, one left out. */
	memcpy(first, kept, ARCHIVE_FRAME);
	assert_int_equal(read_file(file.len), ARCHIVE_DAMAGED);
	make(CLEAR, 1000);
	memmove(first, second, file.len - ARCHIVE_HEADER - ARCHIVE_FRAME);
	assert_int_equal(read_file(file.len - ARCHIVE_FRAME),
	    ARCHIVE_DAMAGED);
	/* The first said to be the last. */
	make(CLEAR, 1000);
	first[0] |= 0x80;
	assert_int_equal(read_file(ARCHIVE_HEADER + ARCHIVE_FRAME),
	    ARCHIVE_DAMAGED);
	/* A chunk of another file of the same content and passphrase. */
	make(CLEAR, 1000);
	memcpy(kept, first, sizeof(kept));
	make(CLEAR, 1000);
	memcpy(first, kept, ARCHIVE_FRAME);
	assert_int_equal(read_file(file.len), ARCHIVE_DAMAGED);
}

static void
other_passphrases(void **state)
{
	static const char *const others[] = { "correct horsf", "correct hors",
		"correct horse ", "Correct horse", "x" };
	size_t i;

	(void)state;
	make(CLEAR, 1000);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(read_with(others[i], file.len, 1000),
		    ARCHIVE_PASSPHRASE);
		assert_int_equal(clear.len, 0);
		assert_string_equal((const char *)archive.passphrase.data,
		    "");
	}
}

/*
 * Behind a header that was refused there is no key: a chunk that anybody can
 * seal with none is not opened, and the end does not say that all is well.
 */
static void
refused_for_good(void **state)
{
	const struct secret wrong = phrase("another horse");
	uint8_t header[ARCHIVE_HEADER];

	(void)state;
	make(10, 10);
	memcpy(header, file.data, sizeof(header));
	file.len = 0;
	memset(&archive, 0, sizeof(archive));
	archive_write(&archive, "forged", 6, append, &file);
	archive_finish(&archive, append, &file);
	archive_open(&archive, &wrong);
	assert_int_equal(archive_feed(&archive, header, sizeof(header),
	    append, &clear), ARCHIVE_PASSPHRASE);
	clear.len = 0;
	assert_int_equal(archive_feed(&archive, file.data, file.len, append,
	    &clear), ARCHIVE_PASSPHRASE);
	assert_int_equal(clear.len, 0);
	assert_int_equal(archive_end(&archive), ARCHIVE_CUT);
	/* Something behind a sound end. */
	make(10, 10);
	assert_int_equal(read_file(file.len), ARCHIVE_OK);
	assert_int_equal(archive_feed(&archive, "x", 1, append, &clear),
	    ARCHIVE_DAMAGED);
	assert_int_equal(archive_end(&archive), ARCHIVE_CUT);
}

/* The header says so, soundly: its checksum is right. */
static void
claim(size_t at, uint8_t value)
{
	uint8_t sum[32];
	unsigned len;

	file.data[at] = value;
	assert_int_equal(EVP_Digest(file.data, 48, sum, &len, EVP_sha256(),
	    NULL), 1);
	memcpy(file.data + 48, sum, ARCHIVE_SUM);
}

static void
absurd_costs(void **state)
{
	static const struct { uint8_t log_n, r, p; } bad[] = {
		{ 0, 8, 1 }, { 9, 8, 1 }, { 22, 1, 1 }, { 63, 8, 1 },
		{ 64, 8, 1 }, { 255, 255, 255 }, { 16, 0, 1 }, { 16, 8, 0 },
		{ 19, 8, 1 }, { 16, 33, 1 }, { 16, 8, 17 }, { 10, 255, 255 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct archive_costs costs = { bad[i].log_n, bad[i].r,
			bad[i].p };
		const struct secret secret = phrase("correct horse");

		make(10, 10);
		claim(11, bad[i].log_n);
		claim(12, bad[i].r);
		claim(13, bad[i].p);
		if (read_file(file.len) != ARCHIVE_COSTS)
			fail_msg("%u %u %u", bad[i].log_n, bad[i].r,
			    bad[i].p);
		assert_int_equal(archive_create(&archive, &secret, &costs,
		    append, &file), ARCHIVE_COSTS);
	}
}

static void
newer(void **state)
{
	static const struct { size_t at; uint8_t value; } claims[] = {
		{ 8, 1 }, { 9, 2 }, { 9, 0 }, { 9, 255 }, { 10, 2 },
		{ 10, 0 }, { 14, 1 }, { 15, 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		make(10, 10);
		claim(claims[i].at, claims[i].value);
		assert_int_equal(read_file(file.len), ARCHIVE_NEWER);
	}
	for (i = 0; i <= ARCHIVE_STOPPED; i++)
		assert_true(strlen(archive_text((enum archive_code)i)) > 8);
}

/* The costs of new files are taken by a reader, too. */
static void
real_costs(void **state)
{
	static const struct archive_costs real = { ARCHIVE_LOG_N, ARCHIVE_R,
		ARCHIVE_P };
	const struct secret secret = phrase("correct horse");

	(void)state;
	file.len = 0;
	assert_int_equal(archive_create(&archive, &secret, &real, append,
	    &file), ARCHIVE_OK);
	assert_int_equal(archive_write(&archive, "abc", 3, append, &file),
	    ARCHIVE_OK);
	assert_int_equal(archive_finish(&archive, append, &file), ARCHIVE_OK);
	assert_int_equal(read_file(file.len), ARCHIVE_OK);
	assert_int_equal(clear.len, 3);
}

/* --- Records ---------------------------------------------------------- */

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
	one.credentials[0].opened = false;
	assert_int_equal(record_put_account(&one, RECORD_OPEN, record), 0);
	one.credential_count = 9;
	assert_int_equal(record_put_account(&one, RECORD_SEALED, record), 0);
	one.credential_count = 1;
	one.recovery.count = 0;
	assert_int_equal(record_put_account(&one, RECORD_SEALED, record), 0);
	one.recovery.count = 21;
	assert_int_equal(record_put_account(&one, RECORD_SEALED, record), 0);
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
		cmocka_unit_test(goes_around),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(changed_anywhere),
		cmocka_unit_test(chunks_have_their_place),
		cmocka_unit_test(other_passphrases),
		cmocka_unit_test(refused_for_good),
		cmocka_unit_test(absurd_costs),
		cmocka_unit_test(newer),
		cmocka_unit_test(real_costs),
		cmocka_unit_test(accounts_go_around),
		cmocka_unit_test(accounts_are_whole),
		cmocka_unit_test(accounts_have_limits),
		cmocka_unit_test(head_and_end),
		cmocka_unit_test(pieces),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
