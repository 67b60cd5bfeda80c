/* SPDX-License-Identifier: BSD-2-Clause */
/* The protocol's tags once more, and frames of them. */
#ifndef STEPUP_TESTS_WIRE_TAGS_H
#define STEPUP_TESTS_WIRE_TAGS_H

#include "tests/unit/unit.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
static inline size_t
longest(size_t i)
{
	return tags[i].max < 400 ? tags[i].max : 400;
}

static const struct wire_message none;

static inline void
refused(const void *data, size_t len)
{
	struct wire_message m;

	memset(&m, 0xaa, sizeof(m));
	assert_false(wire_read(data, len, &m));
	assert_memory_equal(&m, &none, sizeof(m));
}

/* A frame with one field of n bytes 'x'. */
static inline size_t
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

/* Every tag at once, each with its longest value. */
static inline void
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

#endif
