/* SPDX-License-Identifier: BSD-2-Clause */
/* Values in and out of a frame, and what a writer refuses. */
#include "tests/unit/wire_tags.h"

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
		cmocka_unit_test(everything_comes_back),
		cmocka_unit_test(absent_is_zero),
		cmocka_unit_test(longest_string_and_secret),
		cmocka_unit_test(signed_numbers),
		cmocka_unit_test(writer_refuses),
		cmocka_unit_test(writer_ends_at_the_packet),
		cmocka_unit_test(writer_cuts_and_skips),
	};

	return cmocka_run_group_tests_name("wire_values", tests, NULL, NULL);
}
