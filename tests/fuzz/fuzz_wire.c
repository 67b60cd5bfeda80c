/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reader of the wire, every getter, and what the doors make of a
 * packet.  What was read and is written again reads the same.
 */
#include "common/text.h"
#include "common/wire.h"
#include "daemon/ask.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "wire";

static void
getters(const struct wire_message *m, enum wire_tag tag)
{
	char text[WIRE_STRING_MAX + 1];
	struct secret secret = { 0 };
	uint32_t number;
	int64_t big;
	bool has = wire_has(m, tag);

	memset(text, 'x', sizeof(text));
	CLAIM(!wire_get_uint(m, tag, &number) ? number == 0 : has);
	CLAIM(!wire_get_int64(m, tag, &big) ? big == 0 : has);
	CLAIM(!wire_get_string(m, tag, text) ? text[0] == '\0' : has);
	CLAIM(strnlen(text, sizeof(text)) < sizeof(text));
	CLAIM(!wire_get_secret(m, tag, &secret) ? secret.len == 0 : has);
	secret_wipe(&secret);
}

/* Known fields in order, without what was to be ignored. */
static void
again(const struct wire_message *m)
{
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_message n;
	size_t len = 2;
	unsigned tag;

	packet[0] = m->version;
	packet[1] = m->verb;
	for (tag = 0; tag < WIRE_TAGS; tag++) {
		if (!m->field[tag].present)
			continue;
		packet[len++] = (uint8_t)tag;
		packet[len++] = (uint8_t)(m->field[tag].len >> 8);
		packet[len++] = (uint8_t)m->field[tag].len;
		if (m->field[tag].len > 0)
			memcpy(packet + len, m->field[tag].data,
			    m->field[tag].len);
		len += m->field[tag].len;
	}
	CLAIM(wire_read(packet, len, &n));
	CLAIM(n.version == m->version && n.verb == m->verb);
	for (tag = 0; tag < WIRE_TAGS; tag++) {
		CLAIM(n.field[tag].present == m->field[tag].present);
		CLAIM(n.field[tag].len == m->field[tag].len);
	}
}

static void
ask(const uint8_t *data, size_t len, const struct caller *caller)
{
	struct wire_message m;
	struct wire_writer w;
	enum outcome o;
	struct ask a;
	uint8_t verb;

	o = ask_read(data, len, caller, &a, &verb);
	CLAIM(o == OUT_ASK || o == OUT_PROTOCOL || o == OUT_PEER);
	if (o == OUT_ASK) {
		CLAIM(verb == VERB_CHECK || verb == VERB_VERIFY);
		CLAIM(a.verb == verb && a.request.earlier <= 5);
		CLAIM(a.typed.len <= WIRE_ANSWER_MAX);
		CLAIM(!a.request.known || a.name[0] != '\0');
		CLAIM(caller->door != DOOR_PUBLIC || !a.request.known ||
		    (a.uid == caller->uid &&
		    strcmp(a.name, caller->name) == 0));
	}
	a.outcome = o;
	a.verb = verb;
	failure_set(&a.failure, o, "/etc/stepup.conf", "%s", a.name);
	ask_reply(&a, "help", &w);
	CLAIM(wire_done(&w) && wire_read(w.data, w.len, &m));
	CLAIM(caller->door != DOOR_PUBLIC || !wire_has(&m, TAG_REASON));
	wire_wipe(&w);
	ask_wipe(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct caller callers[] = {
		{ .door = DOOR_LOGIN },
		{ .door = DOOR_PUBLIC, .uid = 1000, .name = "alice" },
		{ .door = DOOR_PUBLIC, .uid = 1000 },
		{ .door = DOOR_ADMIN },
	};
	struct wire_message m, none = { 0 };
	unsigned i;
	bool ok;

	ok = wire_read(data, len, &m);
	CLAIM(ok || memcmp(&m, &none, sizeof(m)) == 0);
	for (i = 0; i < WIRE_TAGS; i++)
		getters(&m, (enum wire_tag)i);
	if (ok)
		again(&m);
	for (i = 0; i < COUNT(callers); i++)
		ask(data, len, &callers[i]);
	return 0;
}
