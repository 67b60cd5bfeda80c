/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/random.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ask.h"
#include "daemon/clock.h"
#include "daemon/keyring_file.h"
#include "daemon/pass.h"
#include "daemon/password.h"
#include "daemon/session.h"
#include "daemon/ticket.h"
#include "daemon/verify.h"

#define PROMPTS_MAX	5	/* in all */
#define CHARGED_MAX	3	/* wrong codes */
#define SHEET_TRIES	5

enum outcome
session_talk(enum talk_code code)
{
	switch (code) {
	case TALK_OK:
		return OUT_ASK;
	case TALK_CANCEL:
	case TALK_GONE:
		return OUT_NO_INPUT;
	case TALK_MALFORMED:
		return OUT_PROTOCOL;
	}
	return OUT_PROTOCOL;
}

/* After trouble with the handle it is opened anew next time. */
enum outcome
session_store_code(struct session *s, enum store_code code)
{
	if (code == STORE_BROKEN || code == STORE_REFUSED ||
	    code == STORE_ABSENT)
		site_drop_store(s->site);
	return store_outcome(code);
}

enum outcome
session_begin(struct session *s, enum store_mode mode, struct store **store)
{
	enum outcome o = site_store(s->site, store, &s->failure);

	if (o != OUT_DONE)
		return o;
	return session_store_code(s, site_driver(s->site)->begin(*store, mode,
	    &s->failure));
}

enum outcome
session_load(struct session *s)
{
	const struct store_driver *driver = site_driver(s->site);
	enum store_code code;
	struct store *store;
	enum outcome o;

	account_wipe(&s->account);
	o = session_begin(s, STORE_READ, &store);
	if (o != OUT_DONE)
		return o;
	code = driver->load(store, s->name, s->uid, &s->account, &s->failure);
	driver->rollback(store);
	return session_store_code(s, code);
}

enum outcome
session_key(struct session *s)
{
	struct store *store;
	enum outcome o;
	bool sound;

	if (site_keyring(s->site, &s->failure) == NULL)
		return OUT_KEY;
	o = session_begin(s, STORE_READ, &store);
	if (o != OUT_DONE)
		return o;
	sound = site_own_store(s->site, &s->failure);
	site_driver(s->site)->rollback(store);
	return sound ? OUT_DONE : OUT_KEY;
}

enum outcome
session_hold(struct session *s, bool shared, int *dir)
{
	const struct paths *paths = site_paths(s->site);
	enum outcome o;

	o = keyring_hold(paths->keyring, paths->owner, shared, dir,
	    &s->failure);
	if (o == OUT_DONE)
		site_look_keyring(s->site);
	return o;
}

/* Whether an account is still what the person was asked about. */
static bool
same_account(const struct account *a, const struct account *b)
{
	size_t i;

	if (a->match != b->match || a->id != b->id ||
	    a->locked != b->locked ||
	    a->enrolled_at != b->enrolled_at ||
	    a->credential_count != b->credential_count ||
	    a->recovery.created_at != b->recovery.created_at ||
	    memcmp(a->recovery.salt, b->recovery.salt, RECOVERY_SALT) != 0)
		return false;
	for (i = 0; i < a->credential_count; i++)
		if (a->credentials[i].id != b->credentials[i].id)
			return false;
	return true;
}

static enum outcome
changed_meanwhile(struct session *s)
{
	return failure_set(&s->failure, OUT_BUSY, NULL,
	    "the account was changed meanwhile");
}

struct store_event
session_event(const struct session *s, int64_t now)
{
	return (struct store_event){ .at = now, .door = s->caller->door,
	    .outcome = OUT_DONE, .by_known = s->by_known, .by = s->by,
	    .note = s->note[0] != '\0' ? s->note : NULL,
	    .service = s->bound_to[0] != '\0' ? s->bound_to : NULL };
}

enum outcome
session_write(struct session *s, session_work *work, void *arg)
{
	const struct store_driver *driver = site_driver(s->site);
	enum store_code code;
	struct store *store;
	enum outcome o;

	o = session_begin(s, STORE_WRITE, &store);
	if (o != OUT_DONE)
		return o;
	code = work(s, store, clock_now(), arg, &o);
	if (code == STORE_OK && o == OUT_DONE)
		return session_store_code(s, driver->commit(store,
		    &s->failure));
	driver->rollback(store);
	return code == STORE_OK ? o : session_store_code(s, code);
}

/*
 * The ticket that opened this conversation is still there, and in force: it
 * is spent with the enrollment, two conversations with one ticket end in
 * one, and none ends behind the ticket's time.
 */
static enum outcome
same_ticket(struct session *s, const struct account *a, int64_t now)
{
	const struct pass *ticket = &a->passes[PASS_ENROLL];

	if (!s->ticket_used)
		return OUT_DONE;
	if (ticket->created_at == 0 ||
	    memcmp(ticket->salt, s->ticket_salt, RECOVERY_SALT) != 0)
		return changed_meanwhile(s);
	return pass_state(ticket, clock_sound(now), now) == PASS_LIVE ?
	    OUT_DONE : OUT_BAD_TICKET;
}

struct change {
	enum effect_kind kind;
	session_change	 edit;
	void		*arg;
};

static enum store_code
work_change(struct session *s, struct store *store, int64_t at, void *arg,
    enum outcome *o)
{
	const struct store_driver *driver = site_driver(s->site);
	const struct change *c = arg;
	struct decision d = { .outcome = OUT_DONE, .effect_count = 2,
	    .effects = { c->kind, EFFECT_EVENT } };
	struct store_event event = session_event(s, at);
	struct account *now = site_account(s->site);
	enum store_code code;

	if (now == NULL)
		return STORE_MEMORY;
	code = driver->load(store, s->name, s->uid, now, &s->failure);
	if (code == STORE_OK)
		*o = same_account(now, &s->account) ?
		    same_ticket(s, now, at) : changed_meanwhile(s);
	if (code == STORE_OK && *o == OUT_DONE) {
		memcpy(now->name, s->name, sizeof(now->name));
		now->uid = s->uid;
		c->edit(now, at, c->arg);
		code = driver->apply(store, now, &d, &event, &s->failure);
	}
	account_wipe(now);
	return code;
}

enum outcome
session_commit(struct session *s, enum effect_kind kind,
    session_change edit, void *arg)
{
	struct change c = { kind, edit, arg };

	return session_write(s, work_change, &c);
}

/* One CHECK or VERIFY of the person's own factor at this door. */
static void
factor_ask(struct session *s, struct ask *a, uint8_t verb)
{
	struct ask *one[] = { a };

	a->verb = verb;
	a->own = true;
	memcpy(a->name, s->name, sizeof(a->name));
	a->uid = s->uid;
	a->request.door = s->caller->door;
	a->request.known = true;
	a->outcome = OUT_INTERNAL;
	if (verb == VERB_CHECK)
		verify_checks(s->site, &s->settings, one, 1);
	else
		verify_answers(s->site, &s->settings, one, 1);
	s->facts = a->facts;
	s->failure = a->failure;
}

enum outcome
session_check(struct session *s, struct ask *a)
{
	factor_ask(s, a, VERB_CHECK);
	a->request.earlier = 0;
	return a->outcome;
}

enum outcome
session_factor(struct session *s, struct ask *a, enum outcome last,
    const char *prompt)
{
	char text[160], reason[80];
	struct secret typed = { 0 };
	unsigned earlier = a->request.earlier;
	enum outcome o;

	outcome_next(last, &s->facts, reason, sizeof(reason));
	snprintf(text, sizeof(text), "%s%s%s", reason,
	    reason[0] != '\0' ? " " : "",
	    outcome_follow(last, &s->facts) == FOLLOW_RECOVERY ?
	    "Recovery code: " : prompt);
	o = session_talk(talk_prompt(s->talk, STYLE_FACTOR, text, &typed));
	if (o == OUT_ASK) {
		ask_wipe(a);
		ask_typed(a, &typed);
		a->request.earlier = earlier;
		factor_ask(s, a, VERB_VERIFY);
		o = a->outcome;
	}
	secret_wipe(&typed);
	return o;
}

enum outcome
session_confirm(struct session *s, const char *question)
{
	struct secret typed = { 0 };
	enum outcome o;
	bool yes;

	o = session_talk(talk_prompt(s->talk, STYLE_CONFIRM, question,
	    &typed));
	yes = typed.len == 3 && memcmp(typed.data, "yes", 3) == 0;
	secret_wipe(&typed);
	if (o != OUT_ASK)
		return o;
	return yes ? OUT_DONE : OUT_NO_INPUT;
}

static bool
accepted(enum outcome o)
{
	return o == OUT_OK_TOTP || o == OUT_OK_RECOVERY || o == OUT_OK_PASS;
}

/* A current factor, by the same decision as every login's. */
static enum outcome
prove_factor(struct session *s)
{
	struct ask *a = calloc(1, sizeof(*a));
	int prompts, charged = 0;
	enum outcome o;

	if (a == NULL)
		return OUT_MEMORY;
	o = session_check(s, a);
	for (prompts = 0; prompts < PROMPTS_MAX && charged < CHARGED_MAX &&
	    (prompts == 0 ? o == OUT_ASK :
	    outcome_follow(o, &s->facts) != FOLLOW_NONE); prompts++) {
		o = session_factor(s, a, o, "Current code or recovery code: ");
		if (accepted(o))
			break;
		if (!outcome_row(o)->charged)
			continue;
		charged++;
		a->request.earlier += s->facts.kind == KIND_TOTP;
	}
	ask_wipe(a);
	free(a);
	if (accepted(o))
		return OUT_DONE;
	return o == OUT_ASK ? OUT_INTERNAL : o;
}

/*
 * The account once more, for what is left of it: still the one whose factor
 * was proved.  Between that commit and this look it may have been locked, or
 * enrolled anew because the factor was lost.
 */
static enum outcome
load_proved(struct session *s)
{
	struct account *proved = site_account(s->site);
	enum outcome o;

	if (proved == NULL)
		return OUT_MEMORY;
	*proved = s->account;
	o = session_load(s);
	if (o == OUT_DONE && s->account.locked)
		o = OUT_ADMIN_LOCK;
	else if (o == OUT_DONE && !same_account(&s->account, proved))
		o = changed_meanwhile(s);
	account_wipe(proved);
	return o;
}

enum outcome
session_prove(struct session *s)
{
	enum outcome o;

	if (s->caller->door == DOOR_ADMIN)
		return OUT_DONE;
	if (s->caller->door != DOOR_PUBLIC)
		return OUT_PEER;
	if (s->account.locked)
		return OUT_ADMIN_LOCK;
	o = s->verb == VERB_ENROLL && (s->flags & FLAG_TICKET) != 0 ?
	    ticket_prove(s) : password_check(s->site, s->name, s->uid,
	    s->talk, &s->facts.wait, &s->failure);
	if (o != OUT_DONE)
		return o;
	/* The factor asked for is the one that is there now. */
	o = session_load(s);
	if (o == OUT_DONE && s->account.locked)
		return OUT_ADMIN_LOCK;
	if (o != OUT_DONE || !account_has_factor(&s->account))
		return o;
	o = prove_factor(s);
	return o == OUT_DONE ? load_proved(s) : o;
}

static bool
send_sheet(struct session *s, const struct sheet *sheet, unsigned number)
{
	uint8_t codes[WIRE_CODE_LENGTH * WIRE_CODES_MAX];
	struct wire_writer w;
	size_t i;
	bool ok;

	for (i = 0; i < sheet->set.count; i++)
		memcpy(codes + i * WIRE_CODE_LENGTH, sheet->codes[i],
		    WIRE_CODE_LENGTH);
	wire_start(&w, WIRE_VERSION, VERB_SHEET);
	wire_put_bytes(&w, TAG_CODES, codes,
	    sheet->set.count * WIRE_CODE_LENGTH);
	wire_put_uint(&w, TAG_NUMBER, number);
	ok = talk_send(s->talk, &w);
	explicit_bzero(codes, sizeof(codes));
	wire_wipe(&w);
	return ok;
}

/* One code of the sheet by its number, typed back; it stays unspent. */
static enum outcome
type_back(struct session *s, const struct sheet *sheet, unsigned number)
{
	char text[40], code[RECOVERY_LENGTH + 1];
	struct secret typed = { 0 };
	bool right = false;
	enum outcome o;
	int i;

	snprintf(text, sizeof(text), "Recovery code number %u: ", number);
	for (i = 0; i < SHEET_TRIES && !right; i++) {
		if (i > 0 && !talk_note(s->talk, "That is not the code with "
		    "this number."))
			return OUT_NO_INPUT;
		o = session_talk(talk_prompt(s->talk, STYLE_SHEET_CODE, text,
		    &typed));
		if (o != OUT_ASK)
			return o;
		recovery_parse((const char *)typed.data, typed.len, code);
		right = strcmp(code, sheet->codes[number - 1]) == 0;
		secret_wipe(&typed);
		explicit_bzero(code, sizeof(code));
	}
	return right ? OUT_DONE : OUT_BAD_CODE;
}

enum outcome
session_sheet(struct session *s, struct sheet *sheet)
{
	unsigned number, count = s->settings.recovery_codes;

	if (count == 0 || count > ACCOUNT_CODES_MAX ||
	    getrandom(&number, sizeof(number), 0) != sizeof(number))
		return OUT_INTERNAL;
	if (!recovery_make(&sheet->set, count, clock_now(), sheet->codes))
		return OUT_MEMORY;
	number = number % count + 1;
	if (!send_sheet(s, sheet, number))
		return OUT_NO_INPUT;
	return type_back(s, sheet, number);
}
