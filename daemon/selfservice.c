/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "daemon/clock.h"
#include "daemon/locked.h"
#include "daemon/person.h"
#include "daemon/selfservice.h"
#include "daemon/session.h"
#include "daemon/verify.h"

/* Which verbs there are, and what answers. */
struct verb_row {
	enum outcome	(*serve)(struct session *);
	bool		 conversation;
	bool		 nobody;	/* about no account */
};

static enum outcome status_serve(struct session *);
static enum outcome codes_or_status(struct session *);

static const struct verb_row verbs[] = {
	[VERB_STATUS] = { status_serve, true, false },
	[VERB_ENROLL] = { enroll_serve, true, false },
	[VERB_CODES] = { codes_or_status, true, false },
	[VERB_LOCK] = { lock_serve, true, false },
	[VERB_UNLOCK] = { unlock_serve, true, false },
	[VERB_LIST] = { list_serve, true, true },
	[VERB_LOG] = { events_serve, true, true },
	[VERB_BACKUP] = { backup_serve, true, true },
	[VERB_RESTORE] = { restore_serve, true, true },
	[VERB_RENAME] = { rename_serve, true, true },
	[VERB_REBIND] = { rebind_serve, true, true },
	[VERB_PRUNE] = { prune_serve, true, true },
	[VERB_POLICY] = { policy_serve, true, true },
	[VERB_PASS] = { pass_serve, true, false },
	[VERB_IMPORT] = { import_serve, true, true },
	[VERB_KEY] = { key_serve, true, true },
	[VERB_REMOVE] = { remove_serve, true, false },
	[VERB_TEST] = { trial_serve, true, false },
};

bool
selfservice_verb(uint8_t verb)
{
	return verb < sizeof(verbs) / sizeof(verbs[0]) &&
	    verbs[verb].conversation;
}

/* Root names somebody: the name service says who that is. */
static enum outcome
person_named(struct session *s, const char *name)
{
	struct person p;
	enum outcome o = person_by_name(&p, name, &s->failure);

	if (o == OUT_DONE) {
		memcpy(s->name, p.name, sizeof(s->name));
		s->uid = p.uid;
		s->uid_known = true;
	}
	return o;
}

/* Whom the conversation is about: the peer, or whom root names. */
static enum outcome
person(struct session *s, const struct wire_message *m)
{
	char name[WIRE_STRING_MAX + 1];
	bool named = wire_get_string(m, TAG_NAME, name);

	switch (s->caller->door) {
	case DOOR_LOGIN:
		return OUT_PEER;
	case DOOR_ADMIN:
		return named ? person_named(s, name) : OUT_PROTOCOL;
	case DOOR_PUBLIC:
		break;
	}
	if (s->caller->name == NULL ||
	    strlen(s->caller->name) >= sizeof(s->name) ||
	    (named && strcmp(name, s->caller->name) != 0))
		return OUT_PEER;
	memcpy(s->name, s->caller->name, strlen(s->caller->name) + 1);
	s->uid = s->caller->uid;
	return OUT_DONE;
}

/* Which authenticator, where the request names one. */
static enum outcome
read_label(struct session *s, const struct wire_message *m)
{
	char label[WIRE_STRING_MAX + 1];

	wire_get_string(m, TAG_LABEL, label);
	if (strlen(label) >= sizeof(s->label))
		return OUT_PROTOCOL;
	memcpy(s->label, label, strlen(label) + 1);
	return OUT_DONE;
}

/* STATUS: a packet for each authenticator. */
static bool
send_authenticators(struct session *s)
{
	const struct credential *c;
	struct wire_writer w;
	size_t i;

	for (i = 0; i < s->account.credential_count; i++) {
		c = &s->account.credentials[i];
		wire_start(&w, WIRE_VERSION, s->verb | WIRE_REPLY);
		wire_put_string(&w, TAG_LABEL, c->label);
		wire_put_uint(&w, TAG_ALGORITHM, c->algorithm);
		wire_put_uint(&w, TAG_DIGITS, c->digits);
		wire_put_uint(&w, TAG_PERIOD, c->period);
		wire_put_int64(&w, TAG_CREATED, c->created_at);
		if (c->used_at != 0)
			wire_put_int64(&w, TAG_USED, c->used_at);
		if (!talk_send(s->talk, &w))
			return false;
	}
	return true;
}

/* How the account stands, as part of the final answer. */
static void
put_standing(const struct session *s, struct wire_writer *w)
{
	const struct account *a = &s->account;
	uint32_t wait, flags = 0;
	int64_t now = clock_now();

	if (account_has_factor(a))
		flags |= FLAG_ENROLLED;
	if (a->locked)
		flags |= FLAG_ADMIN_LOCK;
	if (s->caller->door == DOOR_ADMIN && site_moved(s->site))
		flags |= FLAG_MOVED;
	if (limit_state(&a->limiters[LIMITER_TOTP_LOGIN], &s->settings.limits,
	    true, true, now, &wait) == LIMIT_DISABLED)
		flags |= FLAG_DISABLED;
	if (wait > 0)
		wire_put_uint(w, TAG_WAIT_TOTP, wait);
	limit_state(&a->limiters[LIMITER_RECOVERY_LOGIN], &s->settings.limits,
	    false, true, now, &wait);
	if (wait > 0)
		wire_put_uint(w, TAG_WAIT_RECOVERY, wait);
	wire_put_uint(w, TAG_FLAGS, flags);
	pass_put_live(a, now, w);
	if (a->enrolled_at != 0)
		wire_put_int64(w, TAG_ENROLLED, a->enrolled_at);
	if (a->recovery.created_at == 0)
		return;
	wire_put_uint(w, TAG_CODES_ALL, (uint32_t)account_codes_all(a));
	if (account_codes_all(a) > 0)
		wire_put_int64(w, TAG_CODES_MADE, a->recovery.created_at);
}

static enum outcome
status_serve(struct session *s)
{
	if (s->account.match == ACCOUNT_CHANGED)
		return OUT_CHANGED;
	s->facts.left = (uint32_t)account_codes_left(&s->account);
	/* Root is told of a keyring that would fail the next enrollment. */
	if (s->caller->door == DOOR_ADMIN && (session_key(s) != OUT_DONE ||
	    !verify_keys_known(s->site, &s->account, &s->failure)))
		s->facts.why = OUT_KEY;
	return send_authenticators(s) ? OUT_DONE : OUT_NO_INPUT;
}

static enum outcome
codes_or_status(struct session *s)
{
	if ((s->flags & FLAG_NEW) != 0)
		return codes_serve(s);
	if (s->account.match == ACCOUNT_CHANGED)
		return OUT_CHANGED;
	if (!account_has_factor(&s->account))
		return OUT_NOT_ENROLLED;
	s->facts.left = (uint32_t)account_codes_left(&s->account);
	return OUT_DONE;
}

static void
put_facts(const struct session *s, struct wire_writer *w)
{
	wire_put_uint(w, TAG_KINDS, s->facts.kinds);
	wire_put_uint(w, TAG_WHY, s->verb == VERB_POLICY ? s->would :
	    s->facts.why);
	wire_put_uint(w, TAG_WAIT, s->facts.wait);
	wire_put_uint(w, TAG_COUNT, s->facts.count);
	wire_put_uint(w, TAG_LIMIT, s->facts.limit);
	wire_put_uint(w, TAG_LOCK, s->facts.lock);
	wire_put_uint(w, TAG_LEFT, s->facts.left);
	wire_put_uint(w, TAG_KIND, s->facts.kind);
}

/* The last packet of every conversation. */
static void
send_final(struct session *s, enum outcome o)
{
	struct wire_writer w;

	wire_start(&w, WIRE_VERSION, s->verb | WIRE_REPLY);
	wire_put_uint(&w, TAG_LAST, 1);
	wire_put_uint(&w, TAG_OUTCOME, o);
	put_facts(s, &w);
	if (s->name[0] != '\0')
		wire_put_string(&w, TAG_NAME, s->name);
	if (s->skew_known) {
		wire_put_int64(&w, TAG_SKEW, s->skew);
		wire_put_string(&w, TAG_LABEL, s->label);
	}
	if (o == OUT_DONE && s->verb == VERB_UNLOCK)
		unlock_put(s, &w);
	else if (o == OUT_DONE && s->verb == VERB_PASS)
		pass_put(s, &w);
	else if (o == OUT_DONE && s->verb == VERB_POLICY)
		policy_put(s, &w);
	else if (s->verb == VERB_KEY)
		key_put(s, &w);
	else if (s->caller->door == DOOR_ADMIN)
		move_put(s, &w);
	if (o == OUT_DONE && (s->verb == VERB_STATUS ||
	    (s->verb == VERB_CODES && (s->flags & FLAG_NEW) == 0)))
		put_standing(s, &w);
	if (s->caller->door == DOOR_ADMIN && s->failure.path[0] != '\0')
		wire_put_cut(&w, TAG_PATH, s->failure.path);
	if (s->caller->door == DOOR_ADMIN && s->failure.reason[0] != '\0')
		wire_put_cut(&w, TAG_REASON, s->failure.reason);
	talk_send(s->talk, &w);
}

/* Root asks for somebody whom the store alone may have. */
static enum outcome
status_of_gone(struct session *s, const struct wire_message *m)
{
	enum outcome o;

	wire_get_string(m, TAG_NAME, s->name);
	s->uid = (uid_t)-1;
	o = move_look(s);
	if (o != OUT_DONE)
		return o;
	return s->who.by_name ? OUT_CHANGED : OUT_NO_USER;
}

static enum outcome
serve(struct session *s, const struct wire_message *m)
{
	const struct settings *settings;
	bool gone;
	enum outcome o;

	if (!selfservice_verb(m->verb))
		return OUT_PROTOCOL;
	o = verbs[m->verb].nobody ? OUT_DONE : person(s, m);
	gone = o == OUT_NO_USER && m->verb == VERB_STATUS;
	if (o == OUT_DONE)
		o = read_label(s, m);
	if (o != OUT_DONE && !gone)
		return o;
	o = site_settings(s->site, wire_now_ms(), &settings, &s->failure);
	if (o != OUT_DONE)
		return o;
	s->settings = *settings;
	if (gone)
		return status_of_gone(s, m);
	o = verbs[m->verb].nobody ? OUT_DONE : session_load(s);
	if (o == OUT_DONE)
		o = verbs[m->verb].serve(s);
	if (o == OUT_CHANGED && s->caller->door == DOOR_ADMIN)
		(void)move_look(s);
	return o;
}

enum outcome
selfservice_serve(struct site *site, const struct caller *caller,
    const struct wire_message *request, const struct talk *talk)
{
	struct session *s = locked_new(sizeof(*s));
	struct wire_writer w;
	enum outcome o;

	if (s == NULL) {
		round_refuse(request->verb, OUT_MEMORY, NULL, &w);
		wire_put_uint(&w, TAG_LAST, 1);
		talk_send(talk, &w);
		return OUT_MEMORY;
	}
	s->site = site;
	s->caller = caller;
	s->talk = talk;
	s->verb = request->verb;
	s->request = request;
	wire_get_uint(request, TAG_FLAGS, &s->flags);
	o = serve(s, request);
	send_final(s, o);
	locked_free(s, sizeof(*s));
	return o;
}
