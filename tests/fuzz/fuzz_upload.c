/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a client sends between a request and its answer: packets of rows, as
 * the input has them or well-formed ones, and what IMPORT makes of them
 * (a dry run without a store).  What must hold:
 *
 * - no more rows and bytes come out than were allowed, none after the end,
 *   and the end stays what it was;
 * - who is taken has a name, a uid and values within their limits, and no
 *   secret in the clear is left;
 * - a name that comes twice, and a secret that two names have, are told;
 * - well-formed rows are all there, in their order.
 */
#include "daemon/import.h"
#include "daemon/upload.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "upload";

/* No file is looked at. */
static const struct paths paths = {
	.conf = "/nowhere/stepup.conf", .conf_dir = "/nowhere/stepup.conf.d",
	.keyring = "/nowhere/keyring", .state = "/nowhere/lib",
	.accepted = "/nowhere/lib/settings.accepted",
	.rundir = "/nowhere/run",
};

#define ROWS	24
#define SECRETS	4

static struct input *source;
static bool building;		/* the input only chooses values */
static bool well_formed;	/* and they are good ones */
static bool sent_last;
static unsigned waits;
/* What well-formed rows said. */
static struct { unsigned name, secret; } rows[ROWS];
static size_t row_count;

enum wire_io __wrap_wire_receive(int, uint8_t *, size_t *);
bool __wrap_wire_wait(int, short, int64_t);

static void
put_row(struct wire_writer *w, unsigned name, unsigned *secret,
    struct input *in)
{
	uint8_t how = input_byte(in), bytes[OTP_SECRET_MAX];
	char text[8] = { (char)('a' + name % 26), 0 };
	unsigned bad = how % 32;	/* one of twelve things, or none */

	memset(bytes, 1 + (int)*secret, sizeof(bytes));
	wire_start(w, WIRE_VERSION, bad == 1 ? VERB_LIST : VERB_IMPORT);
	if (bad != 2)
		wire_put_string(w, TAG_NAME, bad == 3 ? "" : text);
	if (bad != 4)
		wire_put_uint(w, TAG_UID, bad == 5 ? UINT32_MAX : name);
	if (bad != 6)
		wire_put_bytes(w, TAG_SECRET, bytes, how & 32 ? 64 : 20);
	wire_put_uint(w, TAG_ALGORITHM, bad == 7 ? 9 : OTP_SHA1);
	wire_put_uint(w, TAG_DIGITS, bad == 8 ? 5 : bad == 9 ? 9 : 8);
	wire_put_uint(w, TAG_PERIOD, bad == 10 ? 14 : bad == 11 ? 121 : 15);
	/* A longer one of the same bytes is another. */
	if (how & 32)
		*secret += 2 * SECRETS;
	if (how & 64)
		wire_put_int64(w, TAG_AFTER, (int64_t)input_number(in, 8));
	if (bad > 0 && bad < 12)
		well_formed = false;
	CLAIM(wire_done(w));
}

static size_t
put_rows(uint8_t *data, struct input *in, unsigned n)
{
	struct wire_writer w;
	uint8_t byte;
	size_t len = 0;

	while (n-- > 0 && row_count < ROWS) {
		byte = input_byte(in);
		rows[row_count].name = byte % 32 % 26;
		rows[row_count].secret = byte / 32 % SECRETS +
		    SECRETS * (row_count % 2);
		put_row(&w, rows[row_count].name, &rows[row_count].secret,
		    in);
		row_count++;
		data[len++] = (uint8_t)(w.len >> 8);
		data[len++] = (uint8_t)w.len;
		memcpy(data + len, w.data, w.len);
		len += w.len;
	}
	return len;
}

/* One packet of a client that keeps to the protocol; now and then not. */
static void
built(struct wire_writer *w)
{
	uint8_t how = input_byte(source), raw[WIRE_ROWS_MAX];
	size_t len = put_rows(raw, source, how & 3);

	wire_start(w, WIRE_VERSION, (how & 0xf0) == 0xf0 ? VERB_CANCEL :
	    VERB_UPLOAD);
	sent_last = (how & 4) != 0 || row_count == ROWS || len == 0;
	if ((how & 0xf0) == 0xf0)
		well_formed = false;
	if (len > 0)
		wire_put_bytes(w, TAG_ROWS, raw, len);
	if (sent_last)
		wire_put_uint(w, TAG_LAST, 1);
	CLAIM(wire_done(w));
}

enum wire_io
__wrap_wire_receive(int fd, uint8_t *buf, size_t *len)
{
	struct wire_writer w;
	size_t n;

	CLAIM(fd == -1);
	*len = 0;
	if (source->len == 0 && (!building || sent_last))
		return WIRE_END;
	if (building) {
		built(&w);
		memcpy(buf, w.data, w.len);
		*len = w.len;
		return WIRE_OK;
	}
	n = (size_t)input_number(source, 2);
	if (n >= 0xfff0)
		return n == 0xffff ? WIRE_AGAIN : n == 0xfffe ?
		    WIRE_MALFORMED : n == 0xfffd ? WIRE_ERROR : WIRE_END;
	if (n > source->len)
		n = source->len;
	if (n > WIRE_PACKET_MAX)
		n = WIRE_PACKET_MAX;
	if (n == 0)
		return WIRE_END;
	memcpy(buf, source->data, n);
	source->data += n;
	source->len -= n;
	*len = n;
	return WIRE_OK;
}

/* The client takes its time: at most twice. */
bool
__wrap_wire_wait(int fd, short events, int64_t deadline_ms)
{
	(void)fd;
	(void)events;
	CLAIM(deadline_ms <= wire_now_ms() + UPLOAD_TOTAL_MS);
	return waits++ < 2;
}

/* --- The rows alone --------------------------------------------------- */

static void
rows_alone(const struct talk *talk, uint64_t rows_max, uint64_t bytes_max)
{
	static struct upload u;
	struct wire_message row, none = { 0 };
	enum upload_code code, again;
	uint64_t n = 0;

	upload_start(&u, talk, rows_max, bytes_max);
	while ((code = upload_next(&u, &row)) == UPLOAD_ROW) {
		CLAIM(++n <= rows_max && row.version != 0);
		CLAIM(upload_outcome(code) == OUT_DONE);
	}
	CLAIM(memcmp(&row, &none, sizeof(row)) == 0 ||
	    code == UPLOAD_MALFORMED);
	again = upload_next(&u, &row);
	CLAIM(again == code && upload_next(&u, &row) == code);
	CLAIM((upload_outcome(code) == OUT_DONE) == (code == UPLOAD_END));
	upload_wipe(&u);
	CLAIM(upload_next(&u, &row) != UPLOAD_ROW);
}

/* --- What IMPORT makes of them ---------------------------------------- */

static void
sound(const struct import_item *item)
{
	const struct credential *c = &item->credential;
	const struct secret none = { 0 };

	CLAIM(item->name[0] != '\0' && strlen(item->name) <=
	    ACCOUNT_NAME_MAX && item->uid != (uid_t)-1);
	CLAIM(c->digits >= 6 && c->digits <= OTP_DIGITS_MAX);
	CLAIM(c->period >= 15 && c->period <= 120);
	CLAIM(otp_algorithm_name(c->algorithm) != NULL);
	CLAIM(memcmp(&c->secret, &none, sizeof(none)) == 0);
	CLAIM(c->sealed.len == 0);
	CLAIM(item->outcome == OUT_ASK || item->outcome == OUT_NAME_TAKEN ||
	    item->outcome == OUT_REPLAY);
}

/* What row i comes to among the others. */
static enum outcome
expected(size_t i)
{
	enum outcome o = OUT_ASK;
	size_t j;

	for (j = 0; j < row_count; j++) {
		if (j == i)
			continue;
		if (rows[j].name == rows[i].name)
			return OUT_NAME_TAKEN;
		if (rows[j].secret == rows[i].secret)
			o = OUT_REPLAY;
	}
	return o;
}

static void
imported(struct session *s)
{
	struct import im = { .s = s, .dry = true, .blank = true,
		.ring_dir = -1 };
	enum outcome o;
	size_t i;

	memset(im.key, 7, sizeof(im.key));
	o = import_stage(&im);
	CLAIM(o == OUT_DONE || o == OUT_PROTOCOL || o == OUT_NO_INPUT);
	CLAIM(o == OUT_DONE || !well_formed);
	for (i = 0; o == OUT_DONE && i < im.count; i++) {
		sound(&im.items[i]);
		if (!well_formed)
			continue;
		CLAIM(im.items[i].name[0] == (char)('a' + rows[i].name));
		CLAIM(im.items[i].outcome == expected(i));
	}
	CLAIM(!well_formed || im.count == row_count);
	import_free(&im);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct session s;
	const struct talk talk = { .fd = -1 };
	struct input in = { data, size };
	uint8_t how = input_byte(&in);
	uint64_t rows_max, bytes_max;

	if (s.site == NULL) {
		s.site = site_new(&paths, STORE_ADMIN);
		CLAIM(s.site != NULL);
	}
	s.talk = &talk;
	source = &in;
	building = well_formed = (how & 1) != 0;
	sent_last = false;
	waits = 0;
	row_count = 0;
	if (how & 2) {
		rows_max = input_byte(&in);
		bytes_max = input_number(&in, 2);
		rows_alone(&talk, rows_max, bytes_max);
	} else
		imported(&s);
	return 0;
}
