/* SPDX-License-Identifier: BSD-2-Clause */
/* Root gives passes and tickets, people use them; libpam replaced. */
#ifndef STEPUP_TESTS_PASS_PLACE_H
#define STEPUP_TESTS_PASS_PLACE_H

#include "tests/unit/service_place.h"

#include "daemon/site.h"
#include "tests/unit/fake_pam.h"

#define TTL 3600

/* What root was told, and the code. */
struct given {
	char	 code[RECOVERY_LENGTH + 1];
	uint32_t flags;
	int64_t	 expires;
	char	 service[WIRE_STRING_MAX + 1];
};

static inline void
read_given(const struct wire_message *m, struct given *g)
{
	const struct wire_field *f = &m->field[TAG_CODES];

	if (m->verb == VERB_SHEET) {
		assert_int_equal(f->len, WIRE_CODE_LENGTH);
		memcpy(g->code, f->data, WIRE_CODE_LENGTH);
		return;
	}
	wire_get_uint(m, TAG_FLAGS, &g->flags);
	wire_get_int64(m, TAG_EXPIRES, &g->expires);
	wire_get_string(m, TAG_SERVICE, g->service);
}

/* PASS with these fields; whatever comes goes into *g. */
static inline enum outcome
pass_request(struct place *p, const struct wire_writer *w, struct given *g)
{
	struct talk talk = { 0 };
	struct wire_message request, m = { 0 };
	uint8_t packet[WIRE_PACKET_MAX];
	enum outcome o;
	uint32_t told;
	size_t len;
	int fds[2];

	memset(g, 0, sizeof(*g));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	talk.fd = fds[1];
	assert_true(wire_read(w->data, w->len, &request));
	o = selfservice_serve(p->site, &admin, &request, &talk);
	while (!wire_has(&m, TAG_LAST)) {
		assert_int_equal(wire_receive(fds[0], packet, &len), WIRE_OK);
		assert_true(wire_read(packet, len, &m));
		read_given(&m, g);
	}
	assert_true(wire_get_uint(&m, TAG_OUTCOME, &told));
	assert_int_equal(told, o);
	assert_int_equal(g->code[0] != '\0', o == OUT_DONE &&
	    g->expires != 0);
	close(fds[0]);
	close(fds[1]);
	return o;
}

static inline enum outcome
give(struct place *p, uint32_t flags, const char *service, struct given *g)
{
	struct wire_writer w;

	wire_start(&w, 1, VERB_PASS);
	wire_put_string(&w, TAG_NAME, p->user);
	wire_put_uint(&w, TAG_BY, 1000);
	wire_put_uint(&w, TAG_FLAGS, flags);
	if ((flags & FLAG_REVOKE) == 0) {
		wire_put_string(&w, TAG_REASON, "phone at home");
		wire_put_uint(&w, TAG_TTL, TTL);
		wire_put_string(&w, TAG_SERVICE, service);
	}
	return pass_request(p, &w, g);
}

static inline struct caller
self(const struct place *p)
{
	return (struct caller){ .door = DOOR_PUBLIC, .uid = getuid(),
	    .name = p->user };
}

static inline enum outcome
own(struct place *p, uint8_t verb, uint32_t flags, struct client *c)
{
	struct caller person = self(p);

	return converse_as(p, &person, verb, flags, c);
}

/* The code that root gave, where a factor is asked for. */
static inline bool
type_given(struct client *c, uint32_t style, int n, struct secret *typed)
{
	const struct given *g = c->arg;

	(void)n;
	return style == STYLE_FACTOR &&
	    secret_set(typed, g->code, WIRE_CODE_LENGTH);
}

#endif
