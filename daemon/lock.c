/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Root locks somebody out of every login that asks for a code, and lets
 * them in again: with the lock go waits, caps and what was counted, of both
 * doors and both kinds, and wrong passwords of self-service.
 *
 * Whoever became root is a hint, good for the log alone: the audit's login
 * uid where the kernel has one, else what the client says.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/text.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/session.h"

#define LOGINUID "/proc/self/loginuid"

/* (uid_t)-1 is what the kernel says when there was no login. */
static bool
login_uid(uid_t *uid)
{
	char text[16] = "";
	uint64_t n;
	ssize_t len;
	int fd;

	fd = open(LOGINUID, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return false;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	if (!text_number(text, 0, UINT32_MAX - 1, &n))
		return false;
	*uid = (uid_t)n;
	return true;
}

/* One line of text: no control bytes. */
static bool
one_line(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

enum outcome
session_note(struct session *s, bool wanted)
{
	char reason[WIRE_STRING_MAX + 1];
	uint32_t by;

	if (login_uid(&s->by))
		s->by_known = true;
	else if (wire_get_uint(s->request, TAG_BY, &by) && by != UINT32_MAX) {
		s->by = by;
		s->by_known = true;
	}
	wire_get_string(s->request, TAG_REASON, reason);
	if (reason[0] == '\0' && !wanted)
		return OUT_DONE;
	if (reason[0] == '\0' || strlen(reason) > ACCOUNT_REASON_MAX ||
	    !one_line(reason))
		return failure_set(&s->failure, OUT_PROTOCOL, NULL,
		    "a reason is one line of 1..%d bytes",
		    ACCOUNT_REASON_MAX);
	memcpy(s->note, reason, strlen(reason) + 1);
	return OUT_DONE;
}

void
session_note_was(struct session *s, const char *format, ...)
{
	char whole[2 * sizeof(s->note) + 2] = "";
	size_t used;
	va_list ap;

	va_start(ap, format);
	vsnprintf(whole, sizeof(s->note), format, ap);
	va_end(ap);
	used = strlen(whole);
	if (s->note[0] != '\0')
		snprintf(whole + used, sizeof(whole) - used, ": %s", s->note);
	memcpy(s->note, whole, sizeof(s->note) - 1);
	s->note[sizeof(s->note) - 1] = '\0';
}

/* `change.locked user=alice by=1000 reason="left the company"` */
void
session_tell_more(const struct session *s, const char *what, const char *more)
{
	char line[640] = "", by[16];
	size_t used = 0;

	snprintf(by, sizeof(by), "%lu", (unsigned long)s->by);
	text_field(line, sizeof(line), &used, "user", s->new_name[0] != '\0' ?
	    s->new_name : s->name);
	text_field(line, sizeof(line), &used, "by", s->by_known ? by : NULL);
	text_field(line, sizeof(line), &used, "reason",
	    s->note[0] != '\0' ? s->note : NULL);
	log_line(LOG_NOTICE, "%s%s%s", what, line, more);
}

void
session_tell(const struct session *s, const char *what)
{
	session_tell_more(s, what, "");
}

/* What a lock is given: the id of a new row. */
struct change {
	int64_t		 id;
	const char	*reason;
};

static void
change_lock(struct account *a, int64_t now, void *arg)
{
	const struct change *c = arg;

	if (a->match == ACCOUNT_NONE) {
		a->match = ACCOUNT_FOUND;
		a->id = c->id;
		a->created_at = now;
	}
	memset(a->lock_reason, 0, sizeof(a->lock_reason));
	a->locked = true;
	memcpy(a->lock_reason, c->reason, strlen(c->reason) + 1);
}

static enum outcome
commit(struct session *s, const char *reason)
{
	struct change c = { .reason = reason };
	struct store *store;
	enum outcome o;

	o = site_store(s->site, &store, &s->failure);
	if (o != OUT_DONE)
		return o;
	c.id = site_driver(s->site)->new_id(store);
	return session_commit(s, EFFECT_LOCK, change_lock, &c);
}

/* Also for people who have not enrolled: the row is made for it. */
enum outcome
lock_serve(struct session *s)
{
	enum outcome o;

	if (s->account.match == ACCOUNT_CHANGED)
		return OUT_CHANGED;
	o = session_note(s, true);
	if (o == OUT_DONE)
		o = commit(s, s->note);
	if (o == OUT_DONE)
		session_tell(s, "change.locked");
	return o;
}

/* Wrong answers that stood against the person, at both doors. */
static uint32_t
counted(const struct account *a)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < LIMITERS; i++)
		if (a->limiters[i].consecutive < UINT32_MAX / LIMITERS)
			n += a->limiters[i].consecutive;
	return (uint32_t)n;
}

/* Wrong passwords of this hour go with the rest; a row only if one is. */
static enum store_code
clear_passwords(struct session *s, struct store *store, int64_t now)
{
	const struct store_driver *driver = site_driver(s->site);
	const struct limiter none = { 0 };
	struct limiter m;
	enum store_code code;

	code = driver->load_password(store, s->uid, &m, &s->failure);
	if (code != STORE_OK || m.consecutive == 0)
		return code;
	s->passwords = limit_password_count(&m, now);
	return driver->save_password(store, s->uid, &none, &s->failure);
}

/* s->account stays what it was before. */
static enum store_code
clear_account(struct session *s, struct store *store, int64_t now)
{
	const struct store_driver *driver = site_driver(s->site);
	struct decision d = { .outcome = OUT_DONE, .effect_count = 1,
	    .effects = { EFFECT_LOCK } };
	struct store_event event = session_event(s, now);
	struct account *open = site_account(s->site);
	enum store_code code;

	if (open == NULL)
		return STORE_MEMORY;
	*open = s->account;
	open->locked = false;
	memset(open->lock_reason, 0, sizeof(open->lock_reason));
	memset(open->limiters, 0, sizeof(open->limiters));
	code = driver->apply(store, open, &d, &event, &s->failure);
	account_wipe(open);
	return code;
}

static enum store_code
work_unlock(struct session *s, struct store *store, int64_t now, void *arg,
    enum outcome *o)
{
	enum store_code code;

	(void)arg;
	code = site_driver(s->site)->load(store, s->name, s->uid,
	    &s->account, &s->failure);
	if (code == STORE_OK && s->account.match == ACCOUNT_CHANGED)
		*o = OUT_CHANGED;
	else if (code == STORE_OK)
		code = clear_passwords(s, store, now);
	if (code != STORE_OK || *o != OUT_DONE)
		return code;
	if (s->account.match == ACCOUNT_NONE && s->passwords == 0)
		*o = OUT_NOT_ENROLLED;
	else
		code = clear_account(s, store, now);
	return code;
}

/* Also for somebody who has no row, but mistyped a password. */
enum outcome
unlock_serve(struct session *s)
{
	enum outcome o;

	o = session_note(s, false);
	if (o == OUT_DONE)
		o = session_write(s, work_unlock, NULL);
	if (o != OUT_DONE)
		return o;
	s->facts.count = counted(&s->account);
	session_tell(s, "change.unlocked");
	return OUT_DONE;
}

bool
lock_waits(const struct session *s, const struct limiter all[LIMITERS],
    bool totp, uint32_t *wait)
{
	const enum limiter_name names[] = {
		totp ? LIMITER_TOTP_LOGIN : LIMITER_RECOVERY_LOGIN,
		totp ? LIMITER_TOTP_PUBLIC : LIMITER_RECOVERY_PUBLIC
	};
	int64_t now = clock_now();
	bool open = true;
	uint32_t one;
	size_t i;

	*wait = 0;
	for (i = 0; i < 2; i++) {
		if (limit_state(&all[names[i]], &s->settings.limits, totp,
		    true, now, &one) == LIMIT_DISABLED)
			open = false;
		else if (one > *wait)
			*wait = one;
	}
	return open;
}

void
unlock_put(const struct session *s, struct wire_writer *w)
{
	const struct account *a = &s->account;
	uint32_t wait, flags = 0;

	if (a->locked) {
		flags |= FLAG_ADMIN_LOCK;
		wire_put_string(w, TAG_TEXT, a->lock_reason);
	}
	if (!lock_waits(s, a->limiters, true, &wait))
		flags |= FLAG_DISABLED;
	if (wait > 0)
		wire_put_uint(w, TAG_WAIT_TOTP, wait);
	lock_waits(s, a->limiters, false, &wait);
	if (wait > 0)
		wire_put_uint(w, TAG_WAIT_RECOVERY, wait);
	if (s->passwords > 0)
		wire_put_uint(w, TAG_PASSWORDS, s->passwords);
	wire_put_uint(w, TAG_FLAGS, flags);
}
