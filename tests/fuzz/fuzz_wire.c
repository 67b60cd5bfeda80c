/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reader of the wire, every getter, and what the doors make of a
 * packet.  What was read and is written again reads the same.
 */
#include <strings.h>

#include "common/text.h"
#include "common/wire.h"
#include "daemon/ask.h"
#include "daemon/pass.h"
#include "daemon/selfservice.h"
#include "daemon/session.h"
#include "daemon/verbs.h"
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

static bool
wrote(struct wire_writer *w, size_t before)
{
	if (wire_done(w))
		return true;
	/* What did not fit is taken back. */
	w->failed = false;
	w->len = before;
	return false;
}

/* A value by the writer that its tag has. */
static void
write_field(const struct wire_message *m, enum wire_tag tag,
    struct wire_writer *w)
{
	char text[WIRE_STRING_MAX + 1];
	uint32_t number;
	int64_t big;
	size_t before = w->len;

	wire_get_uint(m, tag, &number);
	wire_put_uint(w, tag, number);
	if (wrote(w, before))
		return;
	wire_get_int64(m, tag, &big);
	wire_put_int64(w, tag, big);
	if (wrote(w, before))
		return;
	wire_get_string(m, tag, text);
	wire_put_string(w, tag, text);
	if (wrote(w, before))
		return;
	wire_put_bytes(w, tag, m->field[tag].data, m->field[tag].len);
	CLAIM(wire_done(w));
}

/* Known fields in order, without what was to be ignored. */
static void
again(const struct wire_message *m)
{
	struct wire_writer w;
	struct wire_message n;
	unsigned tag;

	wire_start(&w, m->version, m->verb);
	for (tag = 0; tag < WIRE_TAGS; tag++)
		if (m->field[tag].present)
			write_field(m, (enum wire_tag)tag, &w);
	CLAIM(wire_read(w.data, w.len, &n));
	CLAIM(n.version == m->version && n.verb == m->verb);
	for (tag = 0; tag < WIRE_TAGS; tag++) {
		CLAIM(n.field[tag].present == m->field[tag].present);
		CLAIM(n.field[tag].len == m->field[tag].len);
		CLAIM(n.field[tag].len == 0 || memcmp(n.field[tag].data,
		    m->field[tag].data, n.field[tag].len) == 0);
	}
}

/* Who takes this verb: root more than others, the login door two alone. */
static void
doors(uint8_t verb)
{
	enum verb_handler login, public, admin;
	enum outcome o, p, q;

	login = verb_handler(verb, DOOR_LOGIN, &o);
	public = verb_handler(verb, DOOR_PUBLIC, &p);
	admin = verb_handler(verb, DOOR_ADMIN, &q);
	CLAIM((login == VERB_BY_ROUND) == (verb == VERB_CHECK ||
	    verb == VERB_VERIFY) && login != VERB_BY_TALK);
	CLAIM(public == VERB_BY_NOBODY || public == admin);
	CLAIM(login == VERB_BY_NOBODY || login == admin);
	CLAIM((admin == VERB_BY_TALK) == selfservice_verb(verb));
	CLAIM(public != VERB_BY_TALK || (verb >= VERB_STATUS &&
	    verb <= VERB_TEST));
	CLAIM(login != VERB_BY_NOBODY || o == (admin != VERB_BY_NOBODY ?
	    OUT_PEER : OUT_PROTOCOL));
	CLAIM(public != VERB_BY_NOBODY || p == (admin != VERB_BY_NOBODY ?
	    OUT_PEER : OUT_PROTOCOL));
	CLAIM(admin != VERB_BY_NOBODY || q == OUT_PROTOCOL);
}

/* For which service a pass is: a name as PAM has them. */
static void
service(const struct wire_message *m)
{
	char text[WIRE_STRING_MAX + 1], name[PASS_SERVICE_MAX + 1];
	size_t i;

	memset(name, 'x', sizeof(name));
	if (!wire_get_string(m, TAG_SERVICE, text))
		return;
	if (!pass_service(text, name)) {
		CLAIM(name[0] == '\0');
		return;
	}
	CLAIM(strcasecmp(text, name) == 0 && name[0] != '\0');
	for (i = 0; name[i] != '\0'; i++)
		CLAIM(name[i] > ' ' && name[i] < 0x7f && name[i] != '/' &&
		    (name[i] < 'A' || name[i] > 'Z'));
}

/* Why, and who became root: what stands in the log afterwards. */
static void
note(const struct wire_message *m)
{
	static struct session s;
	bool wanted = m->verb == VERB_LOCK || m->verb == VERB_PASS;
	const char *c;

	s.request = m;
	s.by_known = false;
	s.note[0] = '\0';
	if (session_note(&s, wanted) == OUT_DONE)
		CLAIM(!wanted || s.note[0] != '\0');
	else
		CLAIM(s.note[0] == '\0' && s.failure.reason[0] != '\0');
	CLAIM(!s.by_known || s.by != (uid_t)-1);
	for (c = s.note; *c != '\0'; c++)
		CLAIM((unsigned char)*c >= ' ' && *c != 0x7f);
	CLAIM(c - s.note <= ACCOUNT_REASON_MAX);
}

/* What administration reads of a request before it does anything. */
static void
request(const struct wire_message *m)
{
	uint32_t outcome;

	doors(m->verb);
	if (wire_refused(m)) {
		CLAIM(m->verb == WIRE_REPLY);
		CLAIM(wire_get_uint(m, TAG_OUTCOME, &outcome));
		CLAIM(outcome != OUT_INTERNAL && outcome <= OUT_PEER);
	}
	switch (m->verb) {
	case VERB_PASS:
		service(m);
		note(m);
		break;
	case VERB_LOCK: case VERB_UNLOCK: case VERB_RENAME:
	case VERB_REBIND: case VERB_PRUNE: case VERB_KEY:
	case VERB_IMPORT: case VERB_BACKUP: case VERB_RESTORE:
		note(m);
		break;
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
	if (ok) {
		again(&m);
		request(&m);
	}
	for (i = 0; i < COUNT(callers); i++)
		ask(data, len, &callers[i]);
	return 0;
}
