/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Root's questions about whole accounts, and the store by another way: made
 * to have the test's own account under another name or uid.
 */
#ifndef STEPUP_TESTS_MOVES_PLACE_H
#define STEPUP_TESTS_MOVES_PLACE_H

#include "tests/unit/service_place.h"

#include "daemon/keyring.h"
#include "daemon/seal.h"

#define OLD	"stepup-old-name"
#define OTHER	"stepup-other"

/* --- What root asks -------------------------------------------------------- */

struct question {
	const char	*name, *new_name, *reason, *service;
	struct client	 client;
	/* The last packet of the answer. */
	uint8_t		 packet[WIRE_PACKET_MAX];
	struct wire_message last;
	/* The rows before it, by a callback. */
	void		(*row)(const struct wire_message *, void *);
	void		*arg;
};

static inline void
take_rows(struct question *q, const struct wire_message *m)
{
	const struct wire_field *f = &m->field[TAG_ROWS];
	struct wire_message row;
	size_t at, len;

	for (at = 0; at + 2 <= f->len; at += 2 + len) {
		len = (size_t)f->data[at] << 8 | f->data[at + 1];
		if (!wire_read(f->data + at + 2, len, &row))
			abort();
		if (q->row != NULL)
			q->row(&row, q->arg);
	}
}

static inline void *
question_main(void *arg)
{
	struct question *q = arg;
	unsigned number = 0;
	size_t len;

	do {
		if (!wire_wait(q->client.fd, POLLIN, wire_now_ms() + 20000) ||
		    wire_receive(q->client.fd, q->packet, &len) != WIRE_OK ||
		    !wire_read(q->packet, len, &q->last))
			return NULL;
		if (wire_has(&q->last, TAG_ROWS))
			take_rows(q, &q->last);
	} while (!client_read(&q->client, &q->last, &number));
	return NULL;
}

static inline enum outcome
put(struct place *p, uint8_t verb, struct question *q)
{
	static struct phone phone;
	struct talk talk = { 0 };
	struct wire_message m;
	struct wire_writer w;
	pthread_t thread;
	enum outcome o;
	int fds[2];

	q->client.phone = &phone;
	q->client.prompts = 0;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	q->client.fd = fds[0];
	talk.fd = fds[1];
	wire_start(&w, 1, verb);
	wire_put_string(&w, TAG_NAME, q->name);
	wire_put_string(&w, TAG_NEW_NAME, q->new_name);
	wire_put_string(&w, TAG_REASON, q->reason);
	wire_put_string(&w, TAG_SERVICE, q->service);
	assert_true(wire_read(w.data, w.len, &m));
	assert_int_equal(pthread_create(&thread, NULL, question_main, q), 0);
	o = selfservice_serve(p->site, &admin, &m, &talk);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(q->client.outcome, o);
	close(fds[0]);
	close(fds[1]);
	return o;
}

static inline enum outcome
move(struct place *p, uint8_t verb, const char *name, const char *new_name)
{
	struct question q = { .name = name, .new_name = new_name };

	return put(p, verb, &q);
}

static inline uint32_t
number(const struct question *q, enum wire_tag tag)
{
	uint32_t n;

	assert_true(wire_get_uint(&q->last, tag, &n));
	return n;
}

static inline bool
says_no(struct client *c, uint32_t style, int n, struct secret *typed)
{
	(void)c;
	(void)n;
	assert_int_equal(style, STYLE_CONFIRM);
	return secret_set(typed, "no", 2);
}

/* --- The store by another way ---------------------------------------------- */

static inline struct store *
handle(struct place *p)
{
	struct store_options options = { .role = STORE_SELF,
		.owner = getuid(), .audit_events = 1000 };
	struct failure f = { .path = "" };
	struct store *s = NULL;
	char path[160];

	snprintf(path, sizeof(path), "%s/stepup.db", p->state);
	if (store_sqlite.open(path, &options, &s, &f) != STORE_OK)
		fail_msg("%s: %s", f.path, f.reason);
	assert_int_equal(store_sqlite.begin(s, STORE_WRITE, &f), STORE_OK);
	return s;
}

static inline void
handle_end(struct store *s)
{
	struct failure f = { .path = "" };

	if (store_sqlite.commit(s, &f) != STORE_OK)
		fail_msg("%s: %s", f.path, f.reason);
	store_sqlite.close(s);
}

static inline struct account
load(struct place *p, const char *name, uid_t uid)
{
	struct failure f = { .path = "" };
	struct store *s = handle(p);
	struct account a;

	assert_int_equal(store_sqlite.load(s, name, uid, &a, &f), STORE_OK);
	store_sqlite.rollback(s);
	store_sqlite.close(s);
	return a;
}

/* Has the account of this test under this name and uid, seals and all. */
static inline void
stored_as(struct place *p, const char *name, uid_t uid)
{
	struct store_event e = { .at = clock_now(), .door = DOOR_ADMIN,
	    .outcome = OUT_DONE };
	struct failure f = { .path = "" };
	struct store *s = handle(p);
	struct seal_row row = { .user = name };
	struct keyring *ring;
	struct account a;
	bool absent;
	size_t i;

	keyring_read(p->keyring, getuid(), &ring, &absent, &f);
	assert_non_null(ring);
	assert_int_equal(store_sqlite.load(s, p->user, getuid(), &a, &f),
	    STORE_OK);
	assert_int_equal(a.match, ACCOUNT_FOUND);
	assert_true(seal_open_account(ring, &a, &f));
	row.account_id = a.id;
	snprintf(a.name, sizeof(a.name), "%s", name);
	for (i = 0; i < a.credential_count; i++) {
		row.credential_id = a.credentials[i].id;
		assert_true(seal_close(ring, &row, &a.credentials[i].secret,
		    &a.credentials[i].sealed));
	}
	if (strcmp(name, p->user) != 0)
		assert_int_equal(store_sqlite.rename(s, &a, p->user, &e, &f),
		    STORE_OK);
	a.uid = uid;
	if (uid != getuid())
		assert_int_equal(store_sqlite.rebind(s, &a, getuid(), &e, &f),
		    STORE_OK);
	handle_end(s);
	keyring_free(ring);
	account_wipe(&a);
}

/* A row of somebody who was only locked. */
static inline void
stored_too(struct place *p, const char *name, uid_t uid)
{
	struct store_event e = { .at = clock_now(), .door = DOOR_ADMIN,
	    .outcome = OUT_DONE };
	struct decision d = { .outcome = OUT_DONE, .effect_count = 1,
	    .effects = { EFFECT_LOCK } };
	struct failure f = { .path = "" };
	struct store *s = handle(p);
	struct account a = { .match = ACCOUNT_FOUND, .id = 77, .uid = uid,
	    .locked = true, .created_at = 1, .lock_reason = "why" };

	snprintf(a.name, sizeof(a.name), "%s", name);
	assert_int_equal(store_sqlite.apply(s, &a, &d, &e, &f), STORE_OK);
	handle_end(s);
}

#endif
