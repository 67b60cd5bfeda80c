/* SPDX-License-Identifier: BSD-2-Clause */
/* What is a frame, and what is none. */
#include "tests/unit/wire_tags.h"

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
		cmocka_unit_test(truncated_at_every_length),
		cmocka_unit_test(twice_is_refused),
		cmocka_unit_test(left_over_bytes),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
