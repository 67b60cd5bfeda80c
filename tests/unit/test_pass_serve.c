/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Passes and tickets as root gives them and people use them: the doors, the
 * store and the conversations, libpam replaced.
 */
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

static void
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
static enum outcome
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

static enum outcome
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

static struct caller
self(const struct place *p)
{
	return (struct caller){ .door = DOOR_PUBLIC, .uid = getuid(),
	    .name = p->user };
}

static enum outcome
own(struct place *p, uint8_t verb, uint32_t flags, struct client *c)
{
	struct caller person = self(p);

	return converse_as(p, &person, verb, flags, c);
}

/* Without a factor, once; the older one is void; taken back. */
static void
given_once(void **state)
{
	struct place *p = *state;
	struct given first, g;

	assert_int_equal(give(p, 0, NULL, &first), OUT_DONE);
	assert_int_equal(first.flags, 0);
	assert_in_range(first.expires, clock_now() + TTL - 5,
	    clock_now() + TTL);
	assert_int_equal(give(p, 0, "SSHd", &g), OUT_DONE);
	assert_int_equal(g.flags, FLAG_REVOKE);
	assert_string_equal(g.service, "sshd");
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);
	assert_int_equal(ask(p, &root, VERB_VERIFY, first.code),
	    OUT_BAD_CODE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, g.code), OUT_OK_PASS);
	assert_int_equal(ask(p, &root, VERB_VERIFY, g.code), OUT_REPLAY);
	assert_int_equal(ask(p, &root, VERB_VERIFY, first.code),
	    OUT_MUST_ENROLL);
	assert_int_equal(give(p, 0, NULL, &g), OUT_DONE);
	assert_int_equal(g.flags, 0);	/* the used one was not in force */
	first = g;
	assert_int_equal(give(p, FLAG_REVOKE, NULL, &g), OUT_DONE);
	assert_int_equal(g.flags, FLAG_REVOKE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, first.code),
	    OUT_MUST_ENROLL);
	assert_int_equal(give(p, FLAG_REVOKE, NULL, &g), OUT_NO_PASS);
	assert_int_equal(give(p, FLAG_REVOKE | FLAG_TICKET, NULL, &g),
	    OUT_NO_PASS);
}

/* What is no time, no reason, no service makes nothing. */
static void
refused(void **state)
{
	static const struct {
		uint32_t ttl, flags;
		const char *reason, *service;
	} bad[] = {
		{ 59, 0, "why", NULL }, { 86401, 0, "why", NULL },
		{ UINT32_MAX, 0, "why", NULL }, { TTL, 0, "", NULL },
		{ TTL, 0, NULL, NULL }, { TTL, 0, "a\nb", NULL },
		{ TTL, 0, "why", "" }, { TTL, 0, "why", "a b" },
		{ TTL, 0, "why", "../su" },
		{ TTL, FLAG_TICKET, "why", "sshd" },
	};
	struct place *p = *state;
	struct wire_writer w;
	struct given g;
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		wire_start(&w, 1, VERB_PASS);
		wire_put_string(&w, TAG_NAME, p->user);
		wire_put_uint(&w, TAG_FLAGS, bad[i].flags);
		wire_put_string(&w, TAG_REASON, bad[i].reason);
		wire_put_uint(&w, TAG_TTL, bad[i].ttl);
		wire_put_string(&w, TAG_SERVICE, bad[i].service);
		assert_int_equal(pass_request(p, &w, &g), OUT_PROTOCOL);
	}
	wire_start(&w, 1, VERB_PASS);
	wire_put_string(&w, TAG_NAME, p->user);
	wire_put_string(&w, TAG_REASON, "why");
	assert_int_equal(pass_request(p, &w, &g), OUT_PROTOCOL);
	assert_int_equal(give(p, FLAG_REVOKE, NULL, &g), OUT_NO_PASS);
}

/* A new phone: it stands for the factor, and is void with the enrollment. */
static bool
type_given(struct client *c, uint32_t style, int n, struct secret *typed)
{
	const struct given *g = c->arg;

	(void)n;
	return style == STYLE_FACTOR &&
	    secret_set(typed, g->code, WIRE_CODE_LENGTH);
}

static void
new_phone(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct given g, bound;
	struct client c = { .phone = &phone, .arg = &g, .type = type_given };

	fake_pam_stack(1, PAM_SUCCESS);
	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	assert_int_equal(give(p, FLAG_TICKET, NULL, &bound), OUT_EXISTS);
	assert_int_equal(give(p, 0, "sshd", &bound), OUT_DONE);
	c.arg = &bound;
	assert_int_equal(own(p, VERB_CODES, FLAG_NEW, &c), OUT_BAD_CODE);
	assert_int_equal(give(p, 0, NULL, &g), OUT_DONE);
	c = (struct client){ .phone = &phone, .arg = &g, .type = type_given };
	assert_int_equal(own(p, VERB_CODES, FLAG_NEW, &c), OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, g.code), OUT_REPLAY);
	assert_int_equal(give(p, 0, NULL, &g), OUT_DONE);
	c = (struct client){ .phone = &phone, .arg = &g, .type = type_given };
	assert_int_equal(own(p, VERB_TEST, 0, &c), OUT_OK_PASS);
	assert_int_equal(give(p, 0, NULL, &g), OUT_DONE);
	c = (struct client){ .phone = &phone, .arg = &g, .type = type_given };
	assert_int_equal(own(p, VERB_ENROLL, FLAG_REPLACE, &c), OUT_DONE);
	assert_int_equal(give(p, FLAG_REVOKE, NULL, &g), OUT_NO_PASS);
}

/* A ticket in place of the password: PAM's stack is never asked. */
static void
ticket(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct given g;
	struct client c = { .phone = &phone, .arg = &g, .type = type_given };

	fake_pam_stack(1, PAM_SUCCESS);
	assert_int_equal(give(p, FLAG_TICKET, NULL, &g), OUT_DONE);
	/* It opens nothing else. */
	assert_int_equal(ask(p, &root, VERB_VERIFY, g.code),
	    OUT_MUST_ENROLL);
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET | FLAG_REPLACE, &c),
	    OUT_PROTOCOL);
	assert_int_equal(converse(p, VERB_ENROLL, FLAG_TICKET, &phone, 0),
	    OUT_PROTOCOL);
	/* Left at any prompt, it is still good. */
	c.leave_at = 2;
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c), OUT_NO_INPUT);
	c = (struct client){ .phone = &phone, .arg = &g, .type = type_given };
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c), OUT_DONE);
	assert_int_equal(c.styles[0], STYLE_FACTOR);
	assert_int_equal(c.prompts, 3);
	assert_int_equal(fake_pam.asked, 0);
	assert_int_equal(give(p, FLAG_REVOKE | FLAG_TICKET, NULL, &g),
	    OUT_NO_PASS);
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c), OUT_EXISTS);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_OK_RECOVERY);
}

static bool
type_wrong(struct client *c, uint32_t style, int n, struct secret *typed)
{
	char code[RECOVERY_LENGTH + 1];

	(void)c;
	if (style != STYLE_FACTOR || !recovery_generate(code))
		return false;
	return secret_set(typed, code, n == 1 ? 5 : WIRE_CODE_LENGTH);
}

/* One half, three wrong: over, and counted; the same where there is none. */
static void
ticket_refused(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct given g;
	struct client c;
	int i;

	fake_pam_stack(1, PAM_SUCCESS);
	c = (struct client){ .phone = &phone, .type = type_wrong };
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c),
	    OUT_BAD_TICKET);
	assert_int_equal(c.prompts, 4);
	assert_string_equal(c.text, "That ticket is not in force. "
	    "Enrollment ticket: ");
	assert_int_equal(give(p, FLAG_TICKET, NULL, &g), OUT_DONE);
	for (i = 0; i < 3; i++) {
		c = (struct client){ .phone = &phone, .type = type_wrong };
		assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c),
		    OUT_BAD_TICKET);
		assert_int_equal(c.prompts, 4);
	}
	c = (struct client){ .phone = &phone, .type = type_wrong };
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c), OUT_LOCKED);
	assert_int_equal(c.prompts, 3);
	c = (struct client){ .phone = &phone, .arg = &g, .type = type_given };
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c), OUT_LOCKED);
	assert_int_equal(fake_pam.asked, 0);
}

/* The account's own checks are done, and nothing is asked for them. */
static void
ticket_account(void **state)
{
	static const struct { int result; enum outcome o; } rows[] = {
		{ PAM_ACCT_EXPIRED, OUT_PEER }, { PAM_PERM_DENIED, OUT_PEER },
		{ PAM_NEW_AUTHTOK_REQD, OUT_PEER },
		{ PAM_USER_UNKNOWN, OUT_PEER },
		{ PAM_SERVICE_ERR, OUT_SERVICE },
		{ PAM_IGNORE, OUT_SERVICE }, { PAM_ABORT, OUT_SERVICE },
	};
	struct place *p = *state;
	struct phone phone = { 0 };
	struct given g;
	struct client c;
	size_t i;

	assert_int_equal(give(p, FLAG_TICKET, NULL, &g), OUT_DONE);
	for (i = 0; i < COUNT(rows); i++) {
		fake_pam_stack(1, PAM_SUCCESS);
		fake_pam.account = rows[i].result;
		c = (struct client){ .phone = &phone, .arg = &g,
		    .type = type_given };
		assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c),
		    rows[i].o);
		assert_int_equal(c.prompts, 1);
	}
	fake_pam_stack(1, PAM_SUCCESS);
	fake_pam.renamed = "somebody";
	c = (struct client){ .phone = &phone, .arg = &g, .type = type_given };
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c), OUT_PEER);
	fake_pam_stack(1, PAM_SUCCESS);
	fake_pam.start = PAM_SYSTEM_ERR;
	c = (struct client){ .phone = &phone, .arg = &g, .type = type_given };
	assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c), OUT_SERVICE);
	/* A text passes, a question has nobody to answer it. */
	for (i = 0; i < 2; i++) {
		fake_pam_stack(1, PAM_SUCCESS);
		fake_pam.account_asks = true;
		fake_pam.message.msg_style = i == 0 ? PAM_TEXT_INFO :
		    PAM_PROMPT_ECHO_OFF;
		fake_pam.message.msg = "Account text";
		c = (struct client){ .phone = &phone, .arg = &g,
		    .type = type_given, .leave_at = 2 };
		assert_int_equal(own(p, VERB_ENROLL, FLAG_TICKET, &c),
		    i == 0 ? OUT_NO_INPUT : OUT_SERVICE);
		if (i == 0)
			assert_string_equal(c.note, "Account text");
	}
}

struct meanwhile {
	struct place	*place;
	struct given	 given;
	uint32_t	 flags;
};

static bool
type_then(struct client *c, uint32_t style, int n, struct secret *typed)
{
	struct meanwhile *m = c->arg;
	struct site *site = m->place->site;
	struct given other;

	(void)n;
	if (style == STYLE_FACTOR)
		return secret_set(typed, m->given.code, WIRE_CODE_LENGTH);
	if (style == STYLE_NEW_CODE) {
		/* Another process of root's. */
		m->place->site = site_new(&m->place->paths, STORE_ADMIN);
		if (m->place->site == NULL || give(m->place, m->flags, NULL,
		    &other) != OUT_DONE)
			abort();
		site_free(m->place->site);
		m->place->site = site;
	}
	return false;
}

/* Root takes it back, or gives another: nothing is enrolled. */
static void
ticket_meanwhile(void **state)
{
	static const uint32_t flags[] = { FLAG_TICKET | FLAG_REVOKE,
		FLAG_TICKET };
	struct meanwhile m = { .place = *state };
	struct phone phone = { 0 };
	struct client c;
	size_t i;

	for (i = 0; i < COUNT(flags); i++) {
		fake_pam_stack(1, PAM_SUCCESS);
		assert_int_equal(give(m.place, FLAG_TICKET, NULL, &m.given),
		    OUT_DONE);
		m.flags = flags[i];
		c = (struct client){ .phone = &phone, .arg = &m,
		    .type = type_then };
		assert_int_equal(own(m.place, VERB_ENROLL, FLAG_TICKET, &c),
		    OUT_BUSY);
		assert_int_equal(ask(m.place, &root, VERB_VERIFY, "123456"),
		    OUT_MUST_ENROLL);
	}
}

/* Frames of the WAL that one answer writes. */
static unsigned
written(struct place *p, const char *typed, enum outcome o)
{
	struct failure f = { 0 };
	struct store *store;
	unsigned before;

	assert_int_equal(site_store(p->site, &store, &f), OUT_DONE);
	before = site_driver(p->site)->frames(store);
	assert_int_equal(ask(p, &root, VERB_VERIFY, typed), o);
	assert_int_equal(site_store(p->site, &store, &f), OUT_DONE);
	return site_driver(p->site)->frames(store) - before;
}

/* Right, wrong, used: as many pages, with a factor and without. */
static void
same_writes(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct given g;
	char other[RECOVERY_LENGTH + 1];
	unsigned wrong;
	int i;

	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	assert_int_equal(give(p, 0, NULL, &g), OUT_DONE);
	assert_true(recovery_generate(other));
	wrong = written(p, other, OUT_BAD_CODE);
	assert_true(wrong >= 4);
	assert_int_equal(written(p, g.code, OUT_OK_PASS), wrong);
	for (i = 0; i < 3; i++) {
		assert_int_equal(written(p, g.code, OUT_REPLAY), wrong);
		assert_int_equal(written(p, phone.codes[i], OUT_OK_RECOVERY),
		    wrong);
		assert_int_equal(written(p, other, OUT_BAD_CODE), wrong);
	}
}

int
main(void)
{
#define PLACE(t) cmocka_unit_test_setup_teardown(t, place_make, place_drop)
	const struct CMUnitTest tests[] = {
		PLACE(given_once),
		PLACE(refused),
		PLACE(new_phone),
		PLACE(ticket),
		PLACE(ticket_refused),
		PLACE(ticket_account),
		PLACE(ticket_meanwhile),
		PLACE(same_writes),
	};

	return cmocka_run_group_tests_name("pass_serve", tests, NULL, NULL);
}
