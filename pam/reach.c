/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/client.h"
#include "pam/reach.h"
#include "pam/spawn.h"

/*
 * Which verb may be answered with what.  What lets somebody in has its
 * place after an answer only, a further question only before it, and what
 * belongs to self-service nowhere.
 */
#define CHECK	0x1
#define VERIFY	0x2
#define BOTH	(CHECK | VERIFY)

static const unsigned char expected[] = {
	[OUT_INTERNAL] = BOTH,
	[OUT_MEMORY] = BOTH,
	[OUT_CONFIG] = BOTH,
	[OUT_SERVICE] = BOTH,
	[OUT_PROTOCOL] = BOTH,
	[OUT_BUSY] = BOTH,
	[OUT_STORE] = BOTH,
	[OUT_KEY] = BOTH,
	[OUT_CLOCK] = BOTH,
	[OUT_PEER] = BOTH,
	[OUT_ASK] = CHECK,
	[OUT_OK_TOTP] = VERIFY,
	[OUT_OK_RECOVERY] = VERIFY,
	[OUT_OK_PASS] = VERIFY,
	[OUT_NOT_COVERED] = BOTH,
	[OUT_NOT_ENROLLED] = BOTH,
	[OUT_MUST_ENROLL] = BOTH,
	[OUT_BAD_CODE] = VERIFY,
	[OUT_REPLAY] = VERIFY,
	[OUT_BAD_FORMAT] = VERIFY,
	[OUT_LOCKED] = BOTH,
	[OUT_DISABLED] = BOTH,
	[OUT_ADMIN_LOCK] = BOTH,
	[OUT_CHANGED] = BOTH,
	[OUT_NO_USER] = BOTH,
	[OUT_NO_INPUT] = 0,
	[OUT_DONE] = 0,
	[OUT_BAD_PASSWORD] = 0,
	[OUT_PASSWORD_WAIT] = 0,
	[OUT_EXISTS] = 0,
	[OUT_LAST_FACTOR] = 0,
	[OUT_NAME_TAKEN] = 0,
	[OUT_NO_NAME] = 0,
	[OUT_FULL] = 0,
	[OUT_NO_ACCOUNT] = 0,
	[OUT_LIVING] = 0,
	[OUT_MISMATCH] = 0,
	[OUT_OK_TICKET] = 0,
	[OUT_BAD_TICKET] = 0,
	[OUT_NO_PASS] = 0,
	[OUT_BAD_PASSPHRASE] = 0,
	[OUT_BAD_FILE] = 0,
	[OUT_OCCUPIED] = 0,
};

_Static_assert(sizeof(expected) == OUT_COUNT, "every outcome has its place");

static void
refuse(struct reply *r, enum outcome o, const char *path, const char *reason)
{
	r->outcome = o;
	snprintf(r->path, sizeof(r->path), "%s", path);
	snprintf(r->reason, sizeof(r->reason), "%s", reason);
}

/* A number that is not the client's to doubt, but must be one it knows. */
static void
read_facts(const struct wire_message *m, struct outcome_facts *f)
{
	uint32_t kind, kinds, why;

	wire_get_uint(m, TAG_KIND, &kind);
	wire_get_uint(m, TAG_KINDS, &kinds);
	wire_get_uint(m, TAG_WHY, &why);
	wire_get_uint(m, TAG_WAIT, &f->wait);
	wire_get_uint(m, TAG_COUNT, &f->count);
	wire_get_uint(m, TAG_LIMIT, &f->limit);
	wire_get_uint(m, TAG_LOCK, &f->lock);
	wire_get_uint(m, TAG_LEFT, &f->left);
	f->kind = kind == KIND_TOTP || kind == KIND_RECOVERY ? kind :
	    KIND_NONE;
	f->kinds = kinds & (KIND_TOTP | KIND_RECOVERY);
	f->why = why == OUT_LOCKED || why == OUT_DISABLED || why == OUT_KEY ||
	    why == OUT_CLOCK ? (enum outcome)why : OUT_INTERNAL;
}

static void
read_reply(const struct wire_message *m, uint8_t verb, const char *path,
    struct reply *r)
{
	unsigned place = verb == VERB_CHECK ? CHECK : VERIFY;
	char reason[64];
	uint32_t outcome;

	if ((m->verb != (verb | WIRE_REPLY) && !wire_refused(m)) ||
	    !wire_get_uint(m, TAG_OUTCOME, &outcome)) {
		refuse(r, OUT_PROTOCOL, path, "not an answer to this");
		return;
	}
	if (outcome >= OUT_COUNT || (expected[outcome] & place) == 0) {
		snprintf(reason, sizeof(reason), "outcome %u out of place",
		    (unsigned)outcome);
		refuse(r, OUT_PROTOCOL, path, reason);
		return;
	}
	r->outcome = (enum outcome)outcome;
	read_facts(m, &r->facts);
	wire_get_string(m, TAG_PATH, r->path);
	wire_get_string(m, TAG_REASON, r->reason);
	if (wire_has(m, TAG_HELP))
		wire_get_string(m, TAG_HELP, r->help);
}

/*
 * One exchange on a connection to what path names; *r is filled when it was
 * answered.
 */
static enum client_code
exchange(int fd, const char *path, const struct wire_writer *w,
    int64_t deadline, struct reply *r)
{
	uint8_t buf[WIRE_PACKET_MAX];
	struct wire_message m;
	enum client_code code;

	code = client_send(fd, w, deadline);
	if (code == CLIENT_OK)
		code = client_receive(fd, buf, &m, deadline);
	if (code == CLIENT_OK)
		read_reply(&m, w->data[1], path, r);
	return code;
}

static enum client_code
ask_door(const char *path, const struct wire_writer *w, int64_t deadline,
    struct reply *r)
{
	enum client_code code;
	int fd, saved;

	code = client_connect(path, &fd);
	if (code != CLIENT_OK)
		return code;
	code = exchange(fd, path, w, deadline, r);
	saved = errno;
	close(fd);
	errno = saved;
	return code;
}

static void
refuse_helper(struct reply *r, const char *helper, enum client_code code,
    int status)
{
	refuse(r, code == CLIENT_MALFORMED ? OUT_PROTOCOL : OUT_SERVICE,
	    helper, client_reason(code));
	if (status == SPAWN_FAILED)
		refuse(r, OUT_SERVICE, helper, "cannot be started");
	else if (status > 0)
		snprintf(r->reason, sizeof(r->reason), "%s, exit status %d",
		    client_reason(code), status);
}

static void
ask_helper(const char *helper, const struct wire_writer *w, int64_t deadline,
    struct reply *r)
{
	char reason[WIRE_STRING_MAX + 1];
	enum client_code code;
	struct spawn s;
	int status;

	if (!spawn_start(&s, helper, deadline)) {
		snprintf(reason, sizeof(reason), "no process: %m");
		refuse(r, OUT_SERVICE, helper, reason);
		return;
	}
	code = exchange(s.fd, helper, w, deadline, r);
	status = spawn_end(&s);
	if (code != CLIENT_OK)
		refuse_helper(r, helper, code, status);
}

/*
 * Asking again is safe where the connection ended without an answer: the
 * store decides.  systemd's socket accepts also for a service that cannot
 * start.
 */
static void
ask(const struct reach *reach, const struct wire_writer *w, struct reply *r)
{
	int64_t deadline = wire_now_ms() + CLIENT_REQUEST_MS;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
	enum client_code code;

	snprintf(path, sizeof(path), "%s/%s", reach->rundir,
	    reach->root ? "login" : "public");
	if (!wire_done(w)) {
		refuse(r, OUT_PROTOCOL, "", "the request does not fit");
		return;
	}
	code = ask_door(path, w, deadline, r);
	if (code == CLIENT_OK)
		return;
	if (reach->root && (code == CLIENT_ABSENT || code == CLIENT_GONE)) {
		ask_helper(reach->helper, w, deadline, r);
		return;
	}
	refuse(r, code == CLIENT_MALFORMED ? OUT_PROTOCOL : OUT_SERVICE, path,
	    client_reason(code));
	if (code == CLIENT_ERROR)
		snprintf(r->reason, sizeof(r->reason), "%s: %m",
		    client_reason(code));
}

static void
clear(struct reply *r)
{
	r->outcome = OUT_INTERNAL;
	memset(&r->facts, 0, sizeof(r->facts));
	r->path[0] = r->reason[0] = '\0';
}

static const char *
or_null(const char *s)
{
	return s[0] != '\0' ? s : NULL;
}

static void
put_person(struct wire_writer *w, const struct person *p, bool nobody)
{
	if (p->known && !nobody) {
		wire_put_string(w, TAG_NAME, p->name);
		wire_put_uint(w, TAG_UID, p->uid);
	}
	wire_put_string(w, TAG_SERVICE, p->service);
	wire_put_string(w, TAG_RHOST, or_null(p->rhost));
	wire_put_string(w, TAG_TTY, or_null(p->tty));
}

void
reach_check(const struct reach *reach, const struct person *p,
    struct reply *r)
{
	struct wire_writer w;

	clear(r);
	wire_start(&w, WIRE_VERSION, VERB_CHECK);
	put_person(&w, p, false);
	ask(reach, &w, r);
}

void
reach_verify(const struct reach *reach, const struct person *p, bool nobody,
    const struct secret *typed, unsigned earlier, struct reply *r)
{
	struct wire_writer w;

	clear(r);
	wire_start(&w, WIRE_VERSION, VERB_VERIFY);
	put_person(&w, p, nobody);
	wire_put_bytes(&w, TAG_ANSWER, typed->data, typed->len);
	wire_put_uint(&w, TAG_EARLIER, earlier);
	ask(reach, &w, r);
	wire_wipe(&w);
}
