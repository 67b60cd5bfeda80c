/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/wire.h"

enum kind { NUMBER, LONG, STRING, BYTES };

/* The protocol's tags once more: kind and length of each. */
static const struct {
	enum wire_tag	tag;
	enum kind	kind;
	uint16_t	min, max;
} tags[] = {
	{ TAG_NAME, STRING, 0, 255 }, { TAG_UID, NUMBER, 4, 4 },
	{ TAG_SERVICE, STRING, 0, 255 }, { TAG_RHOST, STRING, 0, 255 },
	{ TAG_TTY, STRING, 0, 255 }, { TAG_ANSWER, BYTES, 0, 128 },
	{ TAG_EARLIER, NUMBER, 1, 1 }, { TAG_OUTCOME, NUMBER, 1, 1 },
	{ TAG_KINDS, NUMBER, 1, 1 }, { TAG_WHY, NUMBER, 1, 1 },
	{ TAG_WAIT, NUMBER, 4, 4 }, { TAG_COUNT, NUMBER, 4, 4 },
	{ TAG_LIMIT, NUMBER, 4, 4 }, { TAG_LOCK, NUMBER, 4, 4 },
	{ TAG_LEFT, NUMBER, 4, 4 }, { TAG_KIND, NUMBER, 1, 1 },
	{ TAG_PATH, STRING, 0, 255 }, { TAG_REASON, STRING, 0, 255 },
	{ TAG_HELP, STRING, 0, 255 }, { TAG_LAST, NUMBER, 1, 1 },
	{ TAG_TEXT, STRING, 0, 255 }, { TAG_STYLE, NUMBER, 1, 1 },
	{ TAG_SECRET, BYTES, 10, 64 }, { TAG_ISSUER, STRING, 0, 255 },
	{ TAG_ALGORITHM, NUMBER, 1, 1 }, { TAG_DIGITS, NUMBER, 1, 1 },
	{ TAG_PERIOD, NUMBER, 1, 1 }, { TAG_CODES, BYTES, 16, 320 },
	{ TAG_NUMBER, NUMBER, 1, 1 }, { TAG_TRIES, NUMBER, 1, 1 },
	{ TAG_SKEW, LONG, 8, 8 }, { TAG_FLAGS, NUMBER, 4, 4 },
	{ TAG_LABEL, STRING, 0, 255 }, { TAG_CREATED, LONG, 8, 8 },
	{ TAG_USED, LONG, 8, 8 }, { TAG_ENROLLED, LONG, 8, 8 },
	{ TAG_CODES_MADE, LONG, 8, 8 }, { TAG_CODES_ALL, NUMBER, 4, 4 },
	{ TAG_WAIT_TOTP, NUMBER, 4, 4 }, { TAG_WAIT_RECOVERY, NUMBER, 4, 4 },
	{ TAG_BY, NUMBER, 4, 4 }, { TAG_ROWS, BYTES, 4, 4000 },
	{ TAG_EVENT, LONG, 8, 8 }, { TAG_RING, NUMBER, 1, 1 },
	{ TAG_AFTER, LONG, 8, 8 }, { TAG_AFTER_PUBLIC, LONG, 8, 8 },
	{ TAG_CHANGE, NUMBER, 1, 1 },
	{ TAG_PASSWORDS, NUMBER, 4, 4 },
	{ TAG_NEW_NAME, STRING, 0, 255 },
	{ TAG_STORED_NAME, STRING, 0, 255 },
	{ TAG_STORED_UID, NUMBER, 4, 4 },
	{ TAG_TTL, NUMBER, 4, 4 },
	{ TAG_EXPIRES, LONG, 8, 8 },
	{ TAG_EXPIRES_TICKET, LONG, 8, 8 },
	{ TAG_AFTER_HOUR, LONG, 8, 8 }, { TAG_SINCE, LONG, 8, 8 },
	{ TAG_UNTIL, LONG, 8, 8 }, { TAG_OUTCOMES, LONG, 8, 8 },
	{ TAG_CHANGES, NUMBER, 4, 4 },
	{ TAG_DATA, BYTES, 1, WIRE_DATA_MAX },
	{ TAG_KEY, STRING, 0, 255 },
	{ TAG_STUCK, NUMBER, 4, 4 },
};

#define TAGS (sizeof(tags) / sizeof(tags[0]))

/* Rows alone would fill the packet. */
static size_t
longest(size_t i)
{
	return tags[i].max < 400 ? tags[i].max : 400;
}

static const struct wire_message none;

static void
refused(const void *data, size_t len)
{
	struct wire_message m;

	memset(&m, 0xaa, sizeof(m));
	assert_false(wire_read(data, len, &m));
	assert_memory_equal(&m, &none, sizeof(m));
}

/* A frame with one field of n bytes 'x'. */
static size_t
one_field(uint8_t *buf, uint8_t tag, size_t n)
{
	buf[0] = 1;
	buf[1] = VERB_CHECK;
	buf[2] = tag;
	buf[3] = (uint8_t)(n >> 8);
	buf[4] = (uint8_t)n;
	memset(buf + 5, 'x', n);
	return 5 + n;
}

static void
every_tag_is_known(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(TAGS, WIRE_TAGS - 1);
	for (i = 0; i < TAGS; i++)
		assert_int_equal(tags[i].tag, i + 1);
}

/* The protocol's limits, which a peer of another version relies upon. */
static void
numbers_stay(void **state)
{
	(void)state;
	assert_int_equal(WIRE_VERSION, 1);
	assert_int_equal(WIRE_PACKET_MAX, 4096);
	assert_int_equal(WIRE_STRING_MAX, 255);
	assert_int_equal(WIRE_ANSWER_MAX, 128);
	assert_int_equal(VERB_CHECK, 1);
	assert_int_equal(VERB_VERIFY, 2);
	assert_int_equal(WIRE_REPLY, 0x80);
	assert_int_equal(WIRE_IGNORABLE, 0x80);
}

static void
every_length_is_held(void **state)
{
	uint8_t buf[WIRE_PACKET_MAX];
	struct wire_message m;
	size_t i, n, len;

	(void)state;
	for (i = 0; i < TAGS; i++) {
		for (n = 0; n <= WIRE_ROWS_MAX + 1; n++) {
			len = one_field(buf, (uint8_t)tags[i].tag, n);
			if (n < tags[i].min || n > tags[i].max) {
				refused(buf, len);
				continue;
			}
			assert_true(wire_read(buf, len, &m));
			assert_true(wire_has(&m, tags[i].tag));
			assert_int_equal(m.field[tags[i].tag].len, n);
			assert_ptr_equal(m.field[tags[i].tag].data, buf + 5);
		}
	}
}

static void
strings_refuse_nul(void **state)
{
	uint8_t buf[WIRE_PACKET_MAX];
	struct wire_message m;
	size_t i, at, len;

	(void)state;
	for (i = 0; i < TAGS; i++) {
		if (tags[i].kind != STRING && tags[i].kind != BYTES)
			continue;
		for (at = 0; at < 16; at++) {
			len = one_field(buf, (uint8_t)tags[i].tag, 16);
			buf[5 + at] = '\0';
			if (tags[i].kind == STRING)
				refused(buf, len);
			else
				assert_true(wire_read(buf, len, &m));
		}
	}
}

static void
unknown_tags(void **state)
{
	uint8_t buf[WIRE_PACKET_MAX];
	struct wire_message m;
	unsigned tag;
	size_t len;

	(void)state;
	for (tag = 0; tag < 256; tag++) {
		if (tag >= 1 && tag < WIRE_TAGS)
			continue;
		len = one_field(buf, (uint8_t)tag, 3);
		if (tag < WIRE_IGNORABLE) {
			refused(buf, len);
			continue;
		}
		assert_true(wire_read(buf, len, &m));
		assert_memory_equal(m.field, none.field, sizeof(m.field));
	}
}

/* Skipped fields are counted in the packet like all others. */
static void
ignorable_is_skipped(void **state)
{
	uint8_t buf[WIRE_PACKET_MAX];
	static const uint8_t frame[] = { 1, 1, 0xff, 0, 0, 0x81, 0, 3, 1, 0, 0,
		TAG_EARLIER, 0, 1, 4, 0x81, 0, 1, 9 };
	struct wire_message m;
	uint32_t v;
	size_t n;

	(void)state;
	assert_true(wire_read(frame, sizeof(frame), &m));
	assert_true(wire_get_uint(&m, TAG_EARLIER, &v));
	assert_int_equal(v, 4);
	for (n = 3; n < sizeof(frame); n++) {
		if (n == 5 || n == 11 || n == 15)
			assert_true(wire_read(frame, n, &m));
		else
			refused(frame, n);
	}
	/* The longest that fits, and one byte more than there is. */
	n = one_field(buf, 0xfe, WIRE_PACKET_MAX - 5);
	assert_int_equal(n, WIRE_PACKET_MAX);
	assert_true(wire_read(buf, n, &m));
	refused(buf, n - 1);
}

static void
heads(void **state)
{
	uint8_t buf[WIRE_PACKET_MAX + 1] = { 1, VERB_CHECK };
	struct wire_message m;
	unsigned i;

	(void)state;
	refused(buf, 0);
	refused(NULL, 0);
	refused(buf, 1);
	for (i = 0; i < 256; i++) {
		buf[0] = (uint8_t)i;
		buf[1] = (uint8_t)(255 - i);
		if (i == 0) {
			refused(buf, 2);
			continue;
		}
		assert_true(wire_read(buf, 2, &m));
		assert_int_equal(m.version, i);
		assert_int_equal(m.verb, 255 - i);
	}
	memset(buf, 0xff, sizeof(buf));
	buf[3] = (uint8_t)((WIRE_PACKET_MAX - 4) >> 8);
	buf[4] = (uint8_t)(WIRE_PACKET_MAX - 4);
	refused(buf, sizeof(buf));
	refused(buf, SIZE_MAX);
}

/* Every tag at once, each with its longest value. */
static void
full_frame(struct wire_writer *w)
{
	uint8_t bytes[400];
	char string[41];
	size_t i;

	memset(bytes, 'b', sizeof(bytes));
	memset(string, 's', 40);
	string[40] = '\0';
	wire_start(w, WIRE_VERSION, VERB_STATUS | WIRE_REPLY);
	for (i = 0; i < TAGS; i++) {
		switch (tags[i].kind) {
		case NUMBER:
			wire_put_uint(w, tags[i].tag, tags[i].max == 1 ?
			    0xfe : 0xfedcba98);
			break;
		case LONG:
			wire_put_int64(w, tags[i].tag, INT64_MIN + 5);
			break;
		case STRING:
			wire_put_string(w, tags[i].tag, string);
			break;
		case BYTES:
			wire_put_bytes(w, tags[i].tag, bytes, longest(i));
			break;
		}
	}
	assert_true(wire_done(w));
}

static void
everything_comes_back(void **state)
{
	char string[WIRE_STRING_MAX + 1];
	struct wire_message m;
	struct wire_writer w;
	uint32_t u;
	int64_t v;
	size_t i;

	(void)state;
	full_frame(&w);
	assert_true(wire_read(w.data, w.len, &m));
	assert_int_equal(m.version, 1);
	assert_int_equal(m.verb, VERB_STATUS | WIRE_REPLY);
	for (i = 0; i < TAGS; i++) {
		assert_true(wire_has(&m, tags[i].tag));
		switch (tags[i].kind) {
		case NUMBER:
			assert_true(wire_get_uint(&m, tags[i].tag, &u));
			assert_int_equal(u, tags[i].max == 1 ? 0xfe :
			    0xfedcba98);
			break;
		case LONG:
			assert_true(wire_get_int64(&m, tags[i].tag, &v));
			assert_true(v == INT64_MIN + 5);
			break;
		case STRING:
			assert_true(wire_get_string(&m, tags[i].tag, string));
			assert_int_equal(strlen(string), 40);
			break;
		case BYTES:
			assert_int_equal(m.field[tags[i].tag].len,
			    longest(i));
			break;
		}
	}
}

/*
 * Cut anywhere, a frame is malformed, or ends exactly after a field: never
 * half of one.  The copy is as long as what is left, so that reading past
 * the end shows.
 */
static void
truncated_at_every_length(void **state)
{
	struct wire_message m;
	struct wire_writer w;
	size_t n, i, ends = 0, fields;
	uint8_t *cut;

	(void)state;
	full_frame(&w);
	for (n = 0; n < w.len; n++) {
		cut = malloc(n + (n == 0));
		assert_non_null(cut);
		memcpy(cut, w.data, n);
		if (!wire_read(cut, n, &m)) {
			assert_memory_equal(&m, &none, sizeof(m));
			free(cut);
			continue;
		}
		for (i = fields = 0; i < TAGS; i++)
			fields += wire_has(&m, tags[i].tag);
		assert_int_equal(fields, ends++);
		free(cut);
	}
	/* The bare head, and after each field but the last. */
	assert_int_equal(ends, TAGS);
}

static void
twice_is_refused(void **state)
{
	struct wire_message m;
	uint8_t buf[WIRE_PACKET_MAX];
	size_t i, len;

	(void)state;
	for (i = 0; i < TAGS; i++) {
		len = one_field(buf, (uint8_t)tags[i].tag, longest(i));
		assert_true(wire_read(buf, len, &m));
		memcpy(buf + len, buf + 2, len - 2);
		refused(buf, 2 * len - 2);
	}
	/* A field that may be empty counts when it is. */
	len = one_field(buf, TAG_RHOST, 0);
	memcpy(buf + len, buf + 2, 3);
	refused(buf, len + 3);
}

static void
left_over_bytes(void **state)
{
	uint8_t buf[64];
	size_t len;

	(void)state;
	len = one_field(buf, TAG_EARLIER, 1);
	memset(buf + len, 0, 8);
	refused(buf, len + 1);
	refused(buf, len + 2);
	refused(buf, len + 3);
	memset(buf + len, 0xff, 8);
	refused(buf, len + 1);
	refused(buf, len + 2);
	refused(buf, len + 3);
}

static void
absent_is_zero(void **state)
{
	static const struct secret empty;
	char string[WIRE_STRING_MAX + 1] = "before";
	struct secret s;
	struct wire_message m;
	uint32_t u = 9;
	int64_t v = 9;

	(void)state;
	assert_true(wire_read("\1\1", 2, &m));
	assert_false(wire_has(&m, TAG_UID));
	assert_false(wire_get_uint(&m, TAG_UID, &u));
	assert_int_equal(u, 0);
	assert_false(wire_get_int64(&m, TAG_SKEW, &v));
	assert_int_equal(v, 0);
	assert_false(wire_get_string(&m, TAG_NAME, string));
	assert_string_equal(string, "");
	memset(&s, 0xaa, sizeof(s));
	assert_false(wire_get_secret(&m, TAG_ANSWER, &s));
	assert_memory_equal(&s, &empty, sizeof(s));
}

static void
longest_string_and_secret(void **state)
{
	char string[WIRE_STRING_MAX + 1];
	uint8_t buf[512];
	struct wire_message m;
	struct secret s;

	(void)state;
	assert_true(wire_read(buf, one_field(buf, TAG_NAME, 255), &m));
	assert_true(wire_get_string(&m, TAG_NAME, string));
	assert_int_equal(strlen(string), 255);
	/* Not what this getter is for: nothing is read. */
	assert_false(wire_get_int64(&m, TAG_NAME, &(int64_t){ 0 }));
	assert_false(wire_get_uint(&m, TAG_NAME, &(uint32_t){ 0 }));
	assert_false(wire_get_secret(&m, TAG_NAME, &s));
	assert_true(wire_read(buf, one_field(buf, TAG_ANSWER, 128), &m));
	assert_true(wire_get_secret(&m, TAG_ANSWER, &s));
	assert_int_equal(s.len, 128);
	assert_true(wire_read(buf, one_field(buf, TAG_ANSWER, 0), &m));
	assert_true(wire_get_secret(&m, TAG_ANSWER, &s));
	assert_int_equal(s.len, 0);
}

static void
signed_numbers(void **state)
{
	static const int64_t values[] = { 0, 1, -1, 59, -86400, INT64_MAX,
		INT64_MIN };
	struct wire_message m;
	struct wire_writer w;
	size_t i;
	int64_t v;

	(void)state;
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		wire_start(&w, 1, VERB_MISS);
		wire_put_int64(&w, TAG_SKEW, values[i]);
		assert_true(wire_done(&w));
		assert_true(wire_read(w.data, w.len, &m));
		assert_true(wire_get_int64(&m, TAG_SKEW, &v));
		assert_true(v == values[i]);
	}
}

static void
writer_refuses(void **state)
{
	char longer[300];
	struct wire_writer w;
	size_t i;

	(void)state;
	memset(longer, 'l', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
#define FAILS(call) do {						\
		wire_start(&w, 1, 1);					\
		call;							\
		assert_false(wire_done(&w));				\
	} while (0)
	FAILS(wire_put_string(&w, TAG_NAME, longer));
	FAILS(wire_put_uint(&w, TAG_EARLIER, 256));
	FAILS(wire_put_bytes(&w, TAG_ANSWER, longer, 129));
	FAILS(wire_put_bytes(&w, TAG_SECRET, longer, 9));
	FAILS(wire_put_bytes(&w, TAG_SECRET, longer, 65));
	FAILS(wire_put_bytes(&w, TAG_NAME, longer, SIZE_MAX));
	FAILS(wire_put_uint(&w, (enum wire_tag)0, 1));
	FAILS(wire_put_uint(&w, WIRE_TAGS, 1));
	FAILS(wire_put_uint(&w, (enum wire_tag)-1, 1));
	FAILS(wire_put_cut(&w, TAG_UID, longer));
	for (i = 0; i < TAGS; i++) {
		if (tags[i].kind != NUMBER)
			FAILS(wire_put_uint(&w, tags[i].tag, 1));
		if (tags[i].kind != LONG)
			FAILS(wire_put_int64(&w, tags[i].tag, 1));
		if (tags[i].kind != STRING)
			FAILS(wire_put_string(&w, tags[i].tag, "s"));
		if (tags[i].kind != BYTES)
			FAILS(wire_put_bytes(&w, tags[i].tag, longer, 16));
	}
	/* A failure stays, whatever follows. */
	wire_start(&w, 1, 1);
	wire_put_uint(&w, TAG_EARLIER, 256);
	wire_put_uint(&w, TAG_EARLIER, 1);
	assert_false(wire_done(&w));
}

static void
writer_ends_at_the_packet(void **state)
{
	char string[WIRE_STRING_MAX + 1];
	struct wire_writer w;
	int n = 0;

	(void)state;
	memset(string, 's', WIRE_STRING_MAX);
	string[WIRE_STRING_MAX] = '\0';
	wire_start(&w, 1, 1);
	while (w.len + 3 + WIRE_STRING_MAX <= WIRE_PACKET_MAX) {
		wire_put_string(&w, TAG_TEXT, string);
		n++;
	}
	assert_true(wire_done(&w));
	assert_int_equal(w.len, 2 + n * (3 + WIRE_STRING_MAX));
	wire_put_string(&w, TAG_TEXT, string);
	assert_false(wire_done(&w));
	assert_int_equal(w.len, 2 + n * (3 + WIRE_STRING_MAX));
}

static void
writer_cuts_and_skips(void **state)
{
	char longer[300], string[WIRE_STRING_MAX + 1];
	struct wire_message m;
	struct wire_writer w, clean;

	(void)state;
	memset(longer, 'l', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	wire_start(&w, 1, 1);
	wire_put_string(&w, TAG_NAME, NULL);
	wire_put_cut(&w, TAG_PATH, NULL);
	assert_int_equal(w.len, 2);
	wire_put_cut(&w, TAG_REASON, longer);
	assert_true(wire_done(&w));
	assert_true(wire_read(w.data, w.len, &m));
	assert_true(wire_get_string(&m, TAG_REASON, string));
	assert_int_equal(strlen(string), WIRE_STRING_MAX);
	memset(&clean, 0, sizeof(clean));
	wire_wipe(&w);
	assert_memory_equal(&w, &clean, sizeof(w));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_tag_is_known),
		cmocka_unit_test(numbers_stay),
		cmocka_unit_test(every_length_is_held),
		cmocka_unit_test(strings_refuse_nul),
		cmocka_unit_test(unknown_tags),
		cmocka_unit_test(ignorable_is_skipped),
		cmocka_unit_test(heads),
		cmocka_unit_test(everything_comes_back),
		cmocka_unit_test(truncated_at_every_length),
		cmocka_unit_test(twice_is_refused),
		cmocka_unit_test(left_over_bytes),
		cmocka_unit_test(absent_is_zero),
		cmocka_unit_test(longest_string_and_secret),
		cmocka_unit_test(signed_numbers),
		cmocka_unit_test(writer_refuses),
		cmocka_unit_test(writer_ends_at_the_packet),
		cmocka_unit_test(writer_cuts_and_skips),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
