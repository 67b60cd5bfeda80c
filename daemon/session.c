/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/random.h>

#include <stdio.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/keyring_file.h"
#include "daemon/pass.h"
#include "daemon/session.h"

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

bool
session_same(const struct account *a, const struct account *b)
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

enum outcome
session_changed(struct session *s)
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
		return session_changed(s);
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
		*o = session_same(now, &s->account) ?
		    same_ticket(s, now, at) : session_changed(s);
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
