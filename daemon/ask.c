/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "common/text.h"
#include "daemon/ask.h"

#define EARLIER_MAX 5

static void
read_printable(const struct wire_message *m, enum wire_tag tag,
    char buf[WIRE_STRING_MAX + 1])
{
	char raw[WIRE_STRING_MAX + 1];

	wire_get_string(m, tag, raw);
	text_printable(raw, strlen(raw), buf, WIRE_STRING_MAX + 1);
}

/* Who the question is about, held against who asks. */
static enum outcome
read_person(const struct wire_message *m, const struct caller *caller,
    struct ask *a)
{
	uint32_t uid;
	bool named = wire_get_string(m, TAG_NAME, a->name);

	if (named != wire_get_uint(m, TAG_UID, &uid))
		return OUT_PROTOCOL;
	a->request.known = named;
	if (!named) {
		a->uid = (uid_t)-1;
		return OUT_ASK;
	}
	a->uid = uid;
	if (a->name[0] == '\0' || a->uid == (uid_t)-1)
		return OUT_PROTOCOL;
	if (caller->door != DOOR_PUBLIC)
		return OUT_ASK;
	if (a->uid != caller->uid || caller->name == NULL ||
	    strcmp(a->name, caller->name) != 0)
		return OUT_PEER;
	return OUT_ASK;
}

void
ask_typed(struct ask *a, const struct secret *typed)
{
	a->typed = *typed;
	recovery_parse((const char *)typed->data, typed->len, a->code);
}

static enum outcome
read_answer(const struct wire_message *m, struct ask *a)
{
	struct secret typed = { 0 };
	uint32_t earlier;

	if (!wire_get_secret(m, TAG_ANSWER, &typed))
		return OUT_PROTOCOL;
	ask_typed(a, &typed);
	secret_wipe(&typed);
	wire_get_uint(m, TAG_EARLIER, &earlier);
	if (earlier > EARLIER_MAX)
		return OUT_PROTOCOL;
	a->request.earlier = earlier;
	return OUT_ASK;
}

enum outcome
ask_read(const void *packet, size_t len, const struct caller *caller,
    struct ask *a, uint8_t *verb)
{
	struct wire_message m;
	enum outcome o;

	memset(a, 0, sizeof(*a));
	*verb = 0;
	if (!wire_read(packet, len, &m))
		return OUT_PROTOCOL;
	*verb = m.verb & (uint8_t)~WIRE_REPLY;
	if (m.verb != VERB_CHECK && m.verb != VERB_VERIFY)
		return OUT_PROTOCOL;
	a->verb = m.verb;
	a->request.door = caller->door;
	if (!wire_has(&m, TAG_SERVICE))
		return OUT_PROTOCOL;
	read_printable(&m, TAG_SERVICE, a->service);
	read_printable(&m, TAG_RHOST, a->rhost);
	read_printable(&m, TAG_TTY, a->tty);
	o = read_person(&m, caller, a);
	if (o == OUT_ASK && m.verb == VERB_VERIFY)
		o = read_answer(&m, a);
	memset(&m, 0, sizeof(m));
	return o;
}

static void
put_nonzero(struct wire_writer *w, enum wire_tag tag, uint32_t v)
{
	if (v != 0)
		wire_put_uint(w, tag, v);
}

void
ask_reply(const struct ask *a, const char *help, struct wire_writer *w)
{
	const struct outcome_facts *f = &a->facts;

	wire_start(w, WIRE_VERSION, a->verb | WIRE_REPLY);
	wire_put_uint(w, TAG_OUTCOME, a->outcome);
	put_nonzero(w, TAG_KINDS, f->kinds);
	put_nonzero(w, TAG_WHY, f->why);
	put_nonzero(w, TAG_WAIT, f->wait);
	put_nonzero(w, TAG_COUNT, f->count);
	put_nonzero(w, TAG_LIMIT, f->limit);
	put_nonzero(w, TAG_LOCK, f->lock);
	put_nonzero(w, TAG_LEFT, f->left);
	put_nonzero(w, TAG_KIND, f->kind);
	if (a->request.door != DOOR_PUBLIC) {
		if (a->failure.path[0] != '\0')
			wire_put_cut(w, TAG_PATH, a->failure.path);
		if (a->failure.reason[0] != '\0')
			wire_put_cut(w, TAG_REASON, a->failure.reason);
	}
	if (help != NULL && help[0] != '\0')
		wire_put_string(w, TAG_HELP, help);
}

void
ask_wipe(struct ask *a)
{
	explicit_bzero(a, sizeof(*a));
}
