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
		{ 16, 1, 1 }, { 21, 1, 4 },
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
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
