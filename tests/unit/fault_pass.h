/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Passes and tickets on a host where something goes wrong: somebody without
 * a factor whom nothing but a pass lets in, what root gives them and takes
 * back, what they type.  Every step is a process' work: a site of its own.
 */
#ifndef STEPUP_TESTS_FAULT_PASS_H
#define STEPUP_TESTS_FAULT_PASS_H

#include "tests/unit/fault_way.h"
#include "tests/unit/service_place.h"

#include "common/text.h"

#define BOB_ID	77

/* This test's own account, which the name service has. */
static struct place bob;
/* What there was before, and another code that is none. */
static struct pass pass_old;
static char pass_old_code[RECOVERY_LENGTH + 1];
static char pass_other_code[RECOVERY_LENGTH + 1];
/* What root was told last; "": nothing. */
static char pass_told[RECOVERY_LENGTH + 1];

static inline int
pass_setup(void **state)
{
	struct passwd *pw = getpwuid(getuid());

	fault_conf = "recovery_codes = 5\n";
	if (fault_ways_setup(state) != 0)
		return -1;
	assert_non_null(pw);
	snprintf(bob.user, sizeof(bob.user), "%s", pw->pw_name);
	bob.paths = fault_paths;
	assert_true(pass_make(&pass_old, PASS_TTL_MAX, clock_now(),
	    pass_old_code));
	memcpy(pass_old.note, "why", 4);
	assert_true(recovery_generate(pass_other_code));
	return 0;
}

/* What is on record, read by a way on which nothing fails. */
static inline struct account
pass_look(void)
{
	struct failure f = { .path = "" };
	struct store *s = fault_store();
	struct account a;

	assert_int_equal(store_sqlite.begin(s, STORE_READ, &f), STORE_OK);
	assert_int_equal(store_sqlite.load(s, bob.user, getuid(), &a, &f),
	    STORE_OK);
	store_sqlite.rollback(s);
	store_sqlite.close(s);
	return a;
}

/* Nothing but this pass, as it was made. */
static inline void
pass_fresh(enum pass_name which, const struct pass *pass)
{
	struct store_event e = { .at = clock_now(), .outcome = OUT_DONE,
		.door = DOOR_ADMIN };
	struct decision d = { .outcome = OUT_DONE, .effect_count = 1,
		.effects = { EFFECT_PASS } };
	struct failure f = { .path = "" };
	struct account a = pass_look();
	struct store *s = fault_store();

	assert_int_equal(store_sqlite.begin(s, STORE_WRITE, &f), STORE_OK);
	if (a.match == ACCOUNT_FOUND)
		assert_int_equal(store_sqlite.forget(s, &a, &e, &f),
		    STORE_OK);
	memset(&a, 0, sizeof(a));
	a.match = ACCOUNT_FOUND;
	a.id = BOB_ID;
	memcpy(a.name, bob.user, sizeof(bob.user));
	a.uid = getuid();
	a.created_at = clock_now();
	a.passes[which] = *pass;
	if (store_sqlite.apply(s, &a, &d, &e, &f) != STORE_OK)
		fail_msg("%s: %s", f.path, f.reason);
	assert_int_equal(store_sqlite.commit(s, &f), STORE_OK);
	store_sqlite.tend(s, false);
	store_sqlite.close(s);
}

static inline bool
pass_same(const struct pass *a, const struct pass *b)
{
	return memcmp(a->salt, b->salt, RECOVERY_SALT) == 0 &&
	    memcmp(a->hash, b->hash, RECOVERY_HASH) == 0;
}

/* Whether this pass is the one with this code. */
static inline bool
pass_has_code(const struct pass *p, const char *code)
{
	uint8_t hash[RECOVERY_HASH];

	assert_true(recovery_hash(code, p->salt, p->rounds, hash));
	return memcmp(hash, p->hash, RECOVERY_HASH) == 0;
}

/* --- Steps ------------------------------------------------------------- */

static inline bool
pass_begin(enum store_role role)
{
	bob.site = site_new(&bob.paths, role);
	return bob.site != NULL;
}

static inline void
pass_end(void)
{
	site_tend(bob.site, true);
	site_tend(bob.site, false);
	site_free(bob.site);
	bob.site = NULL;
}

/* Somebody's login with this code, or CHECK where there is none. */
static inline enum outcome
pass_login(enum store_role role, const char *code)
{
	enum outcome o;

	if (!pass_begin(role))
		return OUT_MEMORY;
	o = ask(&bob, &root, code == NULL ? VERB_CHECK : VERB_VERIFY, code);
	pass_end();
	return o;
}

static inline void
pass_hear(const struct wire_message *m)
{
	const struct wire_field *f = &m->field[TAG_CODES];

	if (m->verb != VERB_SHEET)
		return;
	assert_int_equal(f->len, WIRE_CODE_LENGTH);
	memcpy(pass_told, f->data, WIRE_CODE_LENGTH);
}

static inline enum outcome
pass_serve_packet(const struct wire_writer *w)
{
	struct talk talk = { 0 };
	struct wire_message request, m = { 0 };
	uint8_t packet[WIRE_PACKET_MAX];
	enum outcome o;
	uint32_t said;
	size_t len;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	talk.fd = fds[1];
	assert_true(wire_read(w->data, w->len, &request));
	o = selfservice_serve(bob.site, &admin, &request, &talk);
	close(fds[1]);
	while (!wire_has(&m, TAG_LAST)) {
		assert_int_equal(wire_receive(fds[0], packet, &len), WIRE_OK);
		assert_true(wire_read(packet, len, &m));
		pass_hear(&m);
	}
	assert_true(wire_get_uint(&m, TAG_OUTCOME, &said));
	assert_int_equal(said, o);
	close(fds[0]);
	return o;
}

/* PASS as root asks it. */
static inline enum outcome
pass_admin(uint32_t flags)
{
	struct wire_writer w;
	enum outcome o;

	memset(pass_told, 0, sizeof(pass_told));
	if (!pass_begin(STORE_ADMIN))
		return OUT_MEMORY;
	wire_start(&w, 1, VERB_PASS);
	wire_put_string(&w, TAG_NAME, bob.user);
	wire_put_uint(&w, TAG_BY, 1000);
	wire_put_uint(&w, TAG_FLAGS, flags);
	if ((flags & FLAG_REVOKE) == 0) {
		wire_put_string(&w, TAG_REASON, "phone at home");
		wire_put_uint(&w, TAG_TTL, PASS_TTL_MAX);
	}
	o = pass_serve_packet(&w);
	pass_end();
	return o;
}

/* --- What holds after root gave or took --------------------------------- */

/* The code is told with the commit and not without; there is one pass. */
static inline void
pass_judge_given(enum pass_name which, enum outcome o)
{
	struct account a = pass_look();
	const struct pass *p = &a.passes[which];

	assert_true(o == OUT_DONE || fault_is_trouble(o));
	assert_int_equal(pass_told[0] != '\0', o == OUT_DONE);
	assert_int_equal(a.match, ACCOUNT_FOUND);
	assert_int_equal(pass_state(p, true, clock_now()), PASS_LIVE);
	assert_int_equal(a.passes[which == PASS_LOGIN ? PASS_ENROLL :
	    PASS_LOGIN].created_at, 0);
	assert_int_equal(a.enrolled_at, 0);
	if (o != OUT_DONE)
		return;
	assert_false(pass_same(p, &pass_old));
	assert_true(pass_has_code(p, pass_told));
}

/* It is there as it was, or gone; gone for certain where root was told. */
static inline bool
pass_judge_revoked(enum pass_name which, enum outcome o)
{
	struct account a = pass_look();
	const struct pass *p = &a.passes[which];

	assert_true(o == OUT_DONE || fault_is_trouble(o));
	assert_int_equal(a.match, ACCOUNT_FOUND);
	if (o == OUT_DONE)
		assert_int_equal(p->created_at, 0);
	if (p->created_at != 0) {
		assert_true(pass_same(p, &pass_old));
		assert_int_equal(p->used_at, 0);
	}
	return p->created_at == 0;
}

#endif
