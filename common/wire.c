/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "common/outcome.h"
#include "common/wire.h"

enum type { TYPE_U8 = 1, TYPE_U32, TYPE_I64, TYPE_STRING, TYPE_BYTES };

struct tag_row {
	enum type	type;
	uint16_t	min;
	uint16_t	max;
};

#define U8	{ TYPE_U8, 1, 1 }
#define U32	{ TYPE_U32, 4, 4 }
#define I64	{ TYPE_I64, 8, 8 }
#define STRING	{ TYPE_STRING, 0, WIRE_STRING_MAX }
#define BYTES(min, max) { TYPE_BYTES, (min), (max) }

static const struct tag_row tags[] = {
	[0] = { 0, 0, 0 },
	[TAG_NAME] = STRING,
	[TAG_UID] = U32,
	[TAG_SERVICE] = STRING,
	[TAG_RHOST] = STRING,
	[TAG_TTY] = STRING,
	[TAG_ANSWER] = BYTES(0, WIRE_ANSWER_MAX),
	[TAG_EARLIER] = U8,
	[TAG_OUTCOME] = U8,
	[TAG_KINDS] = U8,
	[TAG_WHY] = U8,
	[TAG_WAIT] = U32,
	[TAG_COUNT] = U32,
	[TAG_LIMIT] = U32,
	[TAG_LOCK] = U32,
	[TAG_LEFT] = U32,
	[TAG_KIND] = U8,
	[TAG_PATH] = STRING,
	[TAG_REASON] = STRING,
	[TAG_HELP] = STRING,
	[TAG_LAST] = U8,
	[TAG_TEXT] = STRING,
	[TAG_STYLE] = U8,
	[TAG_SECRET] = BYTES(10, 64),
	[TAG_ISSUER] = STRING,
	[TAG_ALGORITHM] = U8,
	[TAG_DIGITS] = U8,
	[TAG_PERIOD] = U8,
	[TAG_CODES] = BYTES(WIRE_CODE_LENGTH,
	    WIRE_CODE_LENGTH * WIRE_CODES_MAX),
	[TAG_NUMBER] = U8,
	[TAG_TRIES] = U8,
	[TAG_SKEW] = I64,
	[TAG_FLAGS] = U32,
	[TAG_LABEL] = STRING,
	[TAG_CREATED] = I64,
	[TAG_USED] = I64,
	[TAG_ENROLLED] = I64,
	[TAG_CODES_MADE] = I64,
	[TAG_CODES_ALL] = U32,
	[TAG_WAIT_TOTP] = U32,
	[TAG_WAIT_RECOVERY] = U32,
	[TAG_BY] = U32,
	[TAG_ROWS] = BYTES(4, WIRE_ROWS_MAX),
	[TAG_EVENT] = I64,
	[TAG_RING] = U8,
	[TAG_AFTER] = I64,
	[TAG_AFTER_PUBLIC] = I64,
	[TAG_CHANGE] = U8,
	[TAG_PASSWORDS] = U32,
	[TAG_NEW_NAME] = STRING,
	[TAG_STORED_NAME] = STRING,
	[TAG_STORED_UID] = U32,
	[TAG_TTL] = U32,
	[TAG_EXPIRES] = I64,
	[TAG_EXPIRES_TICKET] = I64,
	[TAG_AFTER_HOUR] = I64,
	[TAG_SINCE] = I64,
	[TAG_UNTIL] = I64,
	[TAG_OUTCOMES] = I64,
	[TAG_CHANGES] = U32,
	[TAG_DATA] = BYTES(1, WIRE_DATA_MAX),
	[TAG_KEY] = STRING,
	[TAG_STUCK] = U32,
};

_Static_assert(sizeof(tags) / sizeof(tags[0]) == WIRE_TAGS,
    "every tag has a row");
_Static_assert(WIRE_TAGS <= WIRE_IGNORABLE, "tags fit below the top bit");

/* What is left to read of a packet. */
struct cursor {
	const uint8_t	*data;
	size_t		 len;
};

static bool
take(struct cursor *c, size_t n, const uint8_t **out)
{
	if (n > c->len)
		return false;
	*out = c->data;
	c->data += n;
	c->len -= n;
	return true;
}

static bool
field_fits(const struct tag_row *row, const struct wire_field *f)
{
	if (f->len < row->min || f->len > row->max)
		return false;
	return row->type != TYPE_STRING ||
	    memchr(f->data, '\0', f->len) == NULL;
}

static bool
read_field(struct cursor *c, struct wire_message *m)
{
	struct wire_field f = { .present = true };
	const uint8_t *head;

	if (!take(c, 3, &head))
		return false;
	f.len = (uint16_t)(head[1] << 8 | head[2]);
	if (!take(c, f.len, &f.data))
		return false;
	if (head[0] == 0 || head[0] >= WIRE_TAGS)
		return (head[0] & WIRE_IGNORABLE) != 0;
	if (m->field[head[0]].present || !field_fits(&tags[head[0]], &f))
		return false;
	m->field[head[0]] = f;
	return true;
}

bool
wire_read(const void *data, size_t len, struct wire_message *m)
{
	struct cursor c = { data, len };
	const uint8_t *head;

	memset(m, 0, sizeof(*m));
	if (len > WIRE_PACKET_MAX || !take(&c, 2, &head) || head[0] == 0)
		return false;
	m->version = head[0];
	m->verb = head[1];
	while (c.len > 0) {
		if (!read_field(&c, m)) {
			memset(m, 0, sizeof(*m));
			return false;
		}
	}
	return true;
}

bool
wire_has(const struct wire_message *m, enum wire_tag tag)
{
	return m->field[tag].present;
}

static uint64_t
number(const struct wire_field *f)
{
	uint64_t v = 0;
	uint16_t i;

	for (i = 0; i < f->len; i++)
		v = v << 8 | f->data[i];
	return v;
}

bool
wire_get_uint(const struct wire_message *m, enum wire_tag tag, uint32_t *out)
{
	const struct wire_field *f = &m->field[tag];

	*out = 0;
	if (!f->present || f->len > sizeof(*out))
		return false;
	*out = (uint32_t)number(f);
	return true;
}

bool
wire_get_int64(const struct wire_message *m, enum wire_tag tag, int64_t *out)
{
	const struct wire_field *f = &m->field[tag];

	*out = 0;
	if (!f->present || f->len != sizeof(*out))
		return false;
	*out = (int64_t)number(f);
	return true;
}

bool
wire_get_string(const struct wire_message *m, enum wire_tag tag,
    char buf[WIRE_STRING_MAX + 1])
{
	const struct wire_field *f = &m->field[tag];

	buf[0] = '\0';
	if (!f->present || f->len > WIRE_STRING_MAX)
		return false;
	memcpy(buf, f->data, f->len);
	buf[f->len] = '\0';
	return true;
}

bool
wire_get_secret(const struct wire_message *m, enum wire_tag tag,
    struct secret *out)
{
	const struct wire_field *f = &m->field[tag];

	secret_wipe(out);
	return f->present && secret_set(out, f->data, f->len);
}

bool
wire_refused(const struct wire_message *m)
{
	uint32_t outcome;

	if (m->verb != WIRE_REPLY || !wire_get_uint(m, TAG_OUTCOME, &outcome))
		return false;
	switch (outcome) {
	case OUT_MEMORY:
	case OUT_CONFIG:
	case OUT_SERVICE:
	case OUT_PROTOCOL:
	case OUT_BUSY:
	case OUT_STORE:
	case OUT_PEER:
		return true;
	default:
		return false;
	}
}

void
wire_start(struct wire_writer *w, uint8_t version, uint8_t verb)
{
	w->failed = false;
	w->data[0] = version;
	w->data[1] = verb;
	w->len = 2;
}

static void
put(struct wire_writer *w, enum wire_tag tag, enum type type, const void *data,
    size_t len)
{
	uint8_t *p = w->data + w->len;

	if ((unsigned)tag == 0 || tag >= WIRE_TAGS || tags[tag].type != type ||
	    len < tags[tag].min || len > tags[tag].max ||
	    len + 3 > sizeof(w->data) - w->len) {
		w->failed = true;
		return;
	}
	p[0] = (uint8_t)tag;
	p[1] = (uint8_t)(len >> 8);
	p[2] = (uint8_t)len;
	if (len > 0)
		memcpy(p + 3, data, len);
	w->len += 3 + len;
}

void
wire_put_uint(struct wire_writer *w, enum wire_tag tag, uint32_t v)
{
	const uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
	    (uint8_t)(v >> 8), (uint8_t)v };

	if ((unsigned)tag < WIRE_TAGS && tags[tag].type == TYPE_U8) {
		if (v > UINT8_MAX)
			w->failed = true;
		put(w, tag, TYPE_U8, b + 3, 1);
	} else
		put(w, tag, TYPE_U32, b, sizeof(b));
}

void
wire_put_int64(struct wire_writer *w, enum wire_tag tag, int64_t v)
{
	uint64_t u = (uint64_t)v;
	uint8_t b[8];
	int i;

	for (i = 7; i >= 0; i--, u >>= 8)
		b[i] = (uint8_t)u;
	put(w, tag, TYPE_I64, b, sizeof(b));
}

void
wire_put_string(struct wire_writer *w, enum wire_tag tag, const char *s)
{
	if (s != NULL)
		put(w, tag, TYPE_STRING, s, strlen(s));
}

void
wire_put_cut(struct wire_writer *w, enum wire_tag tag, const char *s)
{
	if (s != NULL)
		put(w, tag, TYPE_STRING, s, strnlen(s, WIRE_STRING_MAX));
}

void
wire_put_bytes(struct wire_writer *w, enum wire_tag tag, const void *data,
    size_t len)
{
	put(w, tag, TYPE_BYTES, data, len);
}

bool
wire_done(const struct wire_writer *w)
{
	return !w->failed;
}

void
wire_wipe(struct wire_writer *w)
{
	explicit_bzero(w, sizeof(*w));
}

enum wire_io
wire_receive(int fd, uint8_t buf[WIRE_PACKET_MAX], size_t *len)
{
	ssize_t n;
	bool reset = false;

	*len = 0;
	/*
	 * An answer may lie behind the error: a server that refuses before
	 * it has read anything ends with our request unread, and the kernel
	 * reports that first, once.
	 */
	do
		n = recv(fd, buf, WIRE_PACKET_MAX, MSG_DONTWAIT | MSG_TRUNC);
	while (n == -1 && (errno == EINTR ||
	    (errno == ECONNRESET && !reset && (reset = true))));
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return WIRE_AGAIN;
	if (n == 0 || (n == -1 && errno == ECONNRESET))
		return WIRE_END;
	if (n == -1)
		return WIRE_ERROR;
	if (n > WIRE_PACKET_MAX)
		return WIRE_MALFORMED;
	*len = (size_t)n;
	return WIRE_OK;
}

enum wire_io
wire_send(int fd, const struct wire_writer *w)
{
	ssize_t n;

	if (w->failed)
		return WIRE_ERROR;
	do
		n = send(fd, w->data, w->len, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return WIRE_AGAIN;
	if (n == -1 && (errno == EPIPE || errno == ECONNRESET))
		return WIRE_END;
	return n == (ssize_t)w->len ? WIRE_OK : WIRE_ERROR;
}

int64_t
wire_now_ms(void)
{
	struct timespec ts = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool
wire_wait(int fd, short events, int64_t deadline_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = deadline_ms - wire_now_ms();
		if (left < 0)
			left = 0;
		n = poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);
	} while (n == -1 && errno == EINTR);
	return n == 1;
}
