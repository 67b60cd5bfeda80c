/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's inside as one: birth, a wizard over a socket, then CHECK and
 * VERIFY in rounds, against the real store in a folder of its own.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <security/pam_appl.h>

#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/wire.h"
#include "daemon/birth.h"
#include "daemon/clock.h"
#include "daemon/password.h"
#include "daemon/recovery.h"
#include "daemon/round.h"
#include "daemon/selfservice.h"
#include "daemon/totp.h"

struct place {
	char		dir[64];
	char		conf[96], conf_dir[96], keyring[96], state[96];
	char		accepted[128], etc[96];
	struct paths	paths;
	struct site	*site;
	char		user[64];
};

/* What the phone and the sheet of paper know after a wizard. */
struct phone {
	struct secret	secret;
	char		codes[WIRE_CODES_MAX][WIRE_CODE_LENGTH + 1];
	size_t		count;
	int64_t		step;	/* of the code typed into the wizard */
};

static const struct caller admin = { .door = DOOR_ADMIN };
static const struct caller root = { .door = DOOR_LOGIN };

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static int
place_make(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	struct passwd *pw = getpwuid(getuid());
	struct failure f = { 0 };
	struct settings settings;
	char text[160];
	bool did;

	assert_non_null(p);
	assert_non_null(pw);
	snprintf(p->user, sizeof(p->user), "%s", pw->pw_name);
	snprintf(p->dir, sizeof(p->dir), "/tmp/stepup-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->etc, sizeof(p->etc), "%s/etc", p->dir);
	snprintf(p->state, sizeof(p->state), "%s/state", p->dir);
	snprintf(p->conf, sizeof(p->conf), "%s/stepup.conf", p->dir);
	snprintf(p->conf_dir, sizeof(p->conf_dir), "%s/conf.d", p->dir);
	snprintf(p->keyring, sizeof(p->keyring), "%s/etc/keyring", p->dir);
	snprintf(p->accepted, sizeof(p->accepted), "%s/settings.accepted",
	    p->state);
	snprintf(text, sizeof(text), "store = \"sqlite:%s/stepup.db\"\n",
	    p->state);
	write_file(p->conf, text);
	p->paths = (struct paths){ p->conf, p->conf_dir, p->keyring, p->state,
	    p->accepted, p->dir, getuid() };
	assert_int_equal(settings_read(&settings, &p->paths, &f), OUT_DONE);
	assert_int_equal(birth_of(&p->paths, &settings, &store_sqlite, &did, &f),
	    OUT_DONE);
	assert_true(did);
	p->site = site_new(&p->paths, STORE_ADMIN);
	assert_non_null(p->site);
	*state = p;
	return 0;
}

static int
place_drop(void **state)
{
	struct place *p = *state;
	char command[128];

	site_free(p->site);
	snprintf(command, sizeof(command), "rm -rf '%s'", p->dir);
	assert_int_equal(system(command), 0);
	free(p);
	return 0;
}

/* --- The client's side of a wizard, played by a thread ------------------ */

struct client {
	int		 fd;
	struct phone	*phone;
	int		 leave_at;	/* prompt at which it cancels; 0 */
	enum outcome	 outcome;
};

static void
phone_code(const struct phone *phone, int64_t step, char buf[9])
{
	memset(buf, 0, 9);
	assert_true(totp_code(phone->secret.data, phone->secret.len, OTP_SHA1,
	    6, step, buf));
}

static void
client_reply(struct client *c, uint32_t style, unsigned number)
{
	struct wire_writer w;
	char code[9];

	wire_start(&w, 1, VERB_ANSWER);
	if (style == STYLE_NEW_CODE) {
		c->phone->step = totp_step(clock_now(), 30);
		phone_code(c->phone, c->phone->step, code);
		wire_put_bytes(&w, TAG_ANSWER, code, 6);
	} else if (style == STYLE_CONFIRM)
		wire_put_bytes(&w, TAG_ANSWER, "yes", 3);
	else
		wire_put_bytes(&w, TAG_ANSWER, c->phone->codes[number - 1],
		    WIRE_CODE_LENGTH);
	if (wire_send(c->fd, &w) != WIRE_OK)
		abort();
}

static void *
client_main(void *arg)
{
	struct client *c = arg;
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_message m;
	struct wire_writer w;
	uint32_t style, number = 0, outcome;
	size_t len, i;
	int prompts = 0;

	for (;;) {
		if (!wire_wait(c->fd, POLLIN, wire_now_ms() + 20000) ||
		    wire_receive(c->fd, packet, &len) != WIRE_OK ||
		    !wire_read(packet, len, &m))
			return NULL;
		if (m.verb == VERB_OFFER)
			wire_get_secret(&m, TAG_SECRET, &c->phone->secret);
		if (m.verb == VERB_SHEET) {
			wire_get_uint(&m, TAG_NUMBER, &number);
			c->phone->count = m.field[TAG_CODES].len /
			    WIRE_CODE_LENGTH;
			for (i = 0; i < c->phone->count; i++)
				memcpy(c->phone->codes[i],
				    m.field[TAG_CODES].data +
				    i * WIRE_CODE_LENGTH, WIRE_CODE_LENGTH);
		}
		if (m.verb == VERB_PROMPT && ++prompts == c->leave_at) {
			wire_start(&w, 1, VERB_CANCEL);
			wire_send(c->fd, &w);
		} else if (m.verb == VERB_PROMPT) {
			wire_get_uint(&m, TAG_STYLE, &style);
			client_reply(c, style, number);
		}
		if ((m.verb & WIRE_REPLY) != 0 && wire_has(&m, TAG_LAST)) {
			wire_get_uint(&m, TAG_OUTCOME, &outcome);
			c->outcome = outcome;
			return NULL;
		}
	}
}

/* What add and remove name; NULL: no such field. */
static const char *label;

static enum outcome
converse(struct place *p, uint8_t verb, uint32_t flags, struct phone *phone,
    int leave_at)
{
	struct client c = { .phone = phone, .leave_at = leave_at };
	struct talk talk = { 0 };
	struct wire_message m;
	struct wire_writer w;
	enum outcome o;
	pthread_t thread;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	c.fd = fds[0];
	talk.fd = fds[1];
	wire_start(&w, 1, verb);
	wire_put_string(&w, TAG_NAME, p->user);
	wire_put_uint(&w, TAG_FLAGS, flags);
	wire_put_string(&w, TAG_LABEL, label);
	assert_true(wire_read(w.data, w.len, &m));
	assert_int_equal(pthread_create(&thread, NULL, client_main, &c), 0);
	o = selfservice_serve(p->site, &admin, &m, &talk);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(c.outcome, o);
	close(fds[0]);
	close(fds[1]);
	return o;
}

/* A conversation without rounds: the last frame of its answer. */
static enum outcome
administer(struct place *p, const struct wire_writer *request,
    uint8_t packet[WIRE_PACKET_MAX], struct wire_message *last)
{
	struct talk talk = { 0 };
	struct wire_message m;
	enum outcome o;
	uint32_t told;
	size_t len;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	talk.fd = fds[1];
	assert_true(wire_done(request));
	assert_true(wire_read(request->data, request->len, &m));
	o = selfservice_serve(p->site, &admin, &m, &talk);
	assert_int_equal(wire_receive(fds[0], packet, &len), WIRE_OK);
	assert_true(wire_read(packet, len, last));
	assert_true(wire_has(last, TAG_LAST));
	assert_true(wire_get_uint(last, TAG_OUTCOME, &told));
	assert_int_equal(told, o);
	close(fds[0]);
	close(fds[1]);
	return o;
}

static enum outcome
lock(struct place *p, uint8_t verb, const char *reason,
    uint8_t packet[WIRE_PACKET_MAX], struct wire_message *last)
{
	struct wire_writer w;

	wire_start(&w, 1, verb);
	wire_put_string(&w, TAG_NAME, p->user);
	wire_put_string(&w, TAG_REASON, reason);
	wire_put_uint(&w, TAG_BY, 1000);
	return administer(p, &w, packet, last);
}

/* --- CHECK and VERIFY ---------------------------------------------------- */

static void
frame(struct place *p, struct wire_writer *w, uint8_t verb,
    const char *typed)
{
	wire_start(w, 1, verb);
	wire_put_string(w, TAG_NAME, p->user);
	wire_put_uint(w, TAG_UID, getuid());
	wire_put_string(w, TAG_SERVICE, "sshd");
	if (typed != NULL)
		wire_put_bytes(w, TAG_ANSWER, typed, strlen(typed));
}

static enum outcome
ask(struct place *p, const struct caller *caller, uint8_t verb,
    const char *typed)
{
	struct round_item item = { 0 };
	struct wire_writer w;

	frame(p, &w, verb, typed);
	item.packet = w.data;
	item.len = w.len;
	round_answer(p->site, caller, &item, 1);
	assert_false(item.deferred);
	assert_true(wire_done(&item.reply));
	return item.outcome;
}

static void
enroll_and_log_in(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	char code[9];
	size_t i;
	int at;

	assert_int_equal(ask(p, &root, VERB_VERIFY, "123456"),
	    OUT_MUST_ENROLL);
	/* Whoever leaves at any prompt leaves nothing behind. */
	for (at = 1; at <= 2; at++) {
		assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, at),
		    OUT_NO_INPUT);
		assert_int_equal(ask(p, &root, VERB_VERIFY, "123456"),
		    OUT_MUST_ENROLL);
	}
	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	assert_int_equal(phone.count, 10);
	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_EXISTS);
	assert_int_equal(converse(p, VERB_STATUS, 0, &phone, 0), OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);

	/* The step used by the wizard is spent; the next one is not. */
	phone_code(&phone, phone.step, code);
	assert_int_equal(ask(p, &root, VERB_VERIFY, code), OUT_REPLAY);
	phone_code(&phone, phone.step + 1, code);
	assert_int_equal(ask(p, &root, VERB_VERIFY, code), OUT_OK_TOTP);
	assert_int_equal(ask(p, &root, VERB_VERIFY, code), OUT_REPLAY);
	for (i = 0; i < phone.count; i++) {
		assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[i]),
		    OUT_OK_RECOVERY);
		assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[i]),
		    OUT_REPLAY);
	}
}

/* The second sees the first: of one code in a round exactly one is right. */
static void
one_round(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct round_item items[ROUND_MAX] = { 0 };
	struct wire_writer *w = calloc(ROUND_MAX, sizeof(*w));
	size_t i, right = 0, spent = 0, deferred = 0;
	char code[9];

	assert_non_null(w);
	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_DONE);
	phone_code(&phone, phone.step + 1, code);
	for (i = 0; i < ROUND_MAX; i++) {
		frame(p, &w[i], VERB_VERIFY, code);
		items[i].packet = w[i].data;
		items[i].len = w[i].len;
	}
	round_answer(p->site, &root, items, ROUND_MAX);
	for (i = 0; i < ROUND_MAX; i++) {
		right += items[i].outcome == OUT_OK_TOTP;
		spent += items[i].outcome == OUT_REPLAY;
	}
	assert_int_equal(right, 1);
	assert_int_equal(spent, ROUND_MAX - 1);

	for (i = 0; i < ROUND_MAX; i++) {
		frame(p, &w[i], VERB_VERIFY, phone.codes[0]);
		items[i].packet = w[i].data;
		items[i].len = w[i].len;
	}
	round_answer(p->site, &root, items, ROUND_MAX);
	for (right = spent = i = 0; i < ROUND_MAX; i++) {
		deferred += items[i].deferred;
		right += !items[i].deferred &&
		    items[i].outcome == OUT_OK_RECOVERY;
		spent += !items[i].deferred && items[i].outcome == OUT_REPLAY;
	}
	assert_int_equal(right, 1);
	assert_int_equal(spent, ROUND_RECOVERY_MAX - 1);
	assert_int_equal(deferred, ROUND_MAX - ROUND_RECOVERY_MAX);
	free(w);
}

/* A budget of K: exactly K evaluated, however many wait at the prompt. */
static void
budget(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	size_t i, wrong = 0, locked = 0;
	enum outcome o;

	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_DONE);
	for (i = 0; i < 40; i++) {
		char typed[9], step[9];
		int64_t now = totp_step(clock_now(), 30), near;
		bool hit = false;

		snprintf(typed, sizeof(typed), "%06zu", i);
		for (near = now - 2; near <= now + 2; near++) {
			phone_code(&phone, near, step);
			hit = hit || strcmp(step, typed) == 0;
		}
		if (hit)
			continue;
		o = ask(p, &root, VERB_VERIFY, typed);
		wrong += o == OUT_BAD_CODE;
		locked += o == OUT_LOCKED;
	}
	assert_int_equal(wrong, 10);
	assert_true(locked >= 25);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[3]),
	    OUT_OK_RECOVERY);
	/* A new phone lifts the wait. */
	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_OK_RECOVERY);
}

/* Ten wrong ones of either kind, at this door. */
static void
guess(struct place *p, const struct caller *caller)
{
	char code[RECOVERY_LENGTH + 1];
	int i;

	for (i = 0; i < 10; i++) {
		assert_true(recovery_generate(code));
		assert_int_equal(ask(p, caller, VERB_VERIFY, code),
		    OUT_BAD_CODE);
	}
	assert_int_equal(ask(p, caller, VERB_VERIFY, code), OUT_LOCKED);
}

/* A lock refuses right codes at every door; unlocking clears all. */
static void
locks(void **state)
{
	static const char *const bad[] = { NULL, "", "two\nlines", "\x7f" };
	struct place *p = *state;
	struct caller self = { .door = DOOR_PUBLIC, .uid = getuid(),
	    .name = p->user };
	struct phone phone = { 0 };
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_message last;
	char longest[202], text[WIRE_STRING_MAX + 1];
	uint32_t n;
	size_t i;

	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_DONE);
	memset(longest, 'r', 201);
	longest[201] = '\0';
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(lock(p, VERB_LOCK, bad[i], packet, &last),
		    OUT_PROTOCOL);
	assert_int_equal(lock(p, VERB_LOCK, longest, packet, &last),
	    OUT_PROTOCOL);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);
	guess(p, &root);
	guess(p, &self);
	assert_int_equal(lock(p, VERB_LOCK, longest + 1, packet, &last),
	    OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ADMIN_LOCK);
	assert_int_equal(ask(p, &self, VERB_CHECK, NULL), OUT_ADMIN_LOCK);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_ADMIN_LOCK);
	/* A new phone does not open it. */
	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_ADMIN_LOCK);

	assert_int_equal(lock(p, VERB_UNLOCK, NULL, packet, &last), OUT_DONE);
	wire_get_uint(&last, TAG_FLAGS, &n);
	assert_int_equal(n, FLAG_ADMIN_LOCK);
	wire_get_uint(&last, TAG_COUNT, &n);
	assert_int_equal(n, 20);
	wire_get_uint(&last, TAG_WAIT_RECOVERY, &n);
	assert_in_range(n, 1700, 1800);
	wire_get_string(&last, TAG_TEXT, text);
	assert_string_equal(text, longest + 1);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_OK_RECOVERY);
	assert_int_equal(ask(p, &self, VERB_VERIFY, phone.codes[1]),
	    OUT_OK_RECOVERY);
	assert_int_equal(lock(p, VERB_UNLOCK, "again", packet, &last),
	    OUT_DONE);
	wire_get_uint(&last, TAG_FLAGS, &n);
	assert_int_equal(n, 0);
	wire_get_uint(&last, TAG_COUNT, &n);
	assert_int_equal(n, 0);
}

/* Whoever has not enrolled can be locked before; it outlives enrolling. */
static void
lock_before_enrolling(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_message last;

	assert_int_equal(lock(p, VERB_UNLOCK, NULL, packet, &last),
	    OUT_NOT_ENROLLED);
	assert_int_equal(lock(p, VERB_LOCK, "why", packet, &last), OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ADMIN_LOCK);
	assert_int_equal(ask(p, &root, VERB_VERIFY, "123456"),
	    OUT_ADMIN_LOCK);
	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ADMIN_LOCK);
	assert_int_equal(lock(p, VERB_UNLOCK, NULL, packet, &last), OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_OK_RECOVERY);
}

/* The rows of one small answer. */
static size_t
rows_of(struct place *p, uint8_t verb, int64_t after,
    uint8_t packet[WIRE_PACKET_MAX], struct wire_message rows[16])
{
	struct talk talk = { 0 };
	struct wire_message m, request;
	struct wire_writer w;
	const struct wire_field *f = &m.field[TAG_ROWS];
	size_t len, at, one, n = 0;
	int fds[2];

	wire_start(&w, 1, verb);
	if (after > 0)
		wire_put_int64(&w, TAG_AFTER, after);
	assert_true(wire_read(w.data, w.len, &request));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	talk.fd = fds[1];
	assert_int_equal(selfservice_serve(p->site, &admin, &request, &talk),
	    OUT_DONE);
	assert_int_equal(wire_receive(fds[0], packet, &len), WIRE_OK);
	assert_true(wire_read(packet, len, &m));
	for (at = 0; at < f->len; at += 2 + one) {
		one = (size_t)f->data[at] << 8 | f->data[at + 1];
		assert_true(n < 16 && at + 2 + one <= f->len);
		assert_true(wire_read(f->data + at + 2, one, &rows[n++]));
	}
	close(fds[0]);
	close(fds[1]);
	return n;
}

/* What root reads: an account in a line, and what was done to it. */
static void
listed(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_message rows[16], last;
	char text[WIRE_STRING_MAX + 1];
	uint32_t v;
	int64_t id;
	size_t n;

	assert_int_equal(rows_of(p, VERB_LIST, 0, packet, rows), 0);
	assert_int_equal(rows_of(p, VERB_LOG, 0, packet, rows), 0);
	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_OK_RECOVERY);
	guess(p, &root);
	assert_int_equal(lock(p, VERB_LOCK, "why not", packet, &last),
	    OUT_DONE);
	assert_int_equal(rows_of(p, VERB_LIST, 0, packet, rows), 1);
	wire_get_string(&rows[0], TAG_NAME, text);
	assert_string_equal(text, p->user);
	wire_get_uint(&rows[0], TAG_FLAGS, &v);
	assert_int_equal(v, FLAG_ENROLLED | FLAG_ADMIN_LOCK);
	wire_get_uint(&rows[0], TAG_LEFT, &v);
	assert_int_equal(v, 9);
	wire_get_uint(&rows[0], TAG_WAIT_RECOVERY, &v);
	assert_in_range(v, 1700, 1800);
	assert_true(wire_has(&rows[0], TAG_USED));
	n = rows_of(p, VERB_LOG, 0, packet, rows);
	assert_int_equal(n, 1 + 1 + 10 + 1);
	wire_get_uint(&rows[0], TAG_CHANGE, &v);
	assert_int_equal(v, 1);
	wire_get_uint(&rows[1], TAG_OUTCOME, &v);
	assert_int_equal(v, OUT_OK_RECOVERY);
	wire_get_string(&rows[1], TAG_SERVICE, text);
	assert_string_equal(text, "sshd");
	wire_get_string(&rows[n - 1], TAG_REASON, text);
	assert_string_equal(text, "why not");
	wire_get_int64(&rows[n - 2], TAG_EVENT, &id);
	assert_int_equal(rows_of(p, VERB_LOG, id, packet, rows), 1);
}

/* Who asks and what about: the peer, not the frame. */
static void
authority(void **state)
{
	struct place *p = *state;
	struct caller self = { .door = DOOR_PUBLIC, .uid = getuid(),
	    .name = p->user };
	struct caller other = { .door = DOOR_PUBLIC, .uid = getuid() + 1,
	    .name = "somebody" };
	struct round_item item = { 0 };
	struct wire_writer w;

	assert_int_equal(ask(p, &self, VERB_CHECK, NULL), OUT_ASK);
	assert_int_equal(ask(p, &other, VERB_CHECK, NULL), OUT_PEER);
	assert_int_equal(ask(p, &other, VERB_VERIFY, "123456"), OUT_PEER);
	/* A verb that is none, a frame that is none. */
	frame(p, &w, 77, NULL);
	item.packet = w.data;
	item.len = w.len;
	round_answer(p->site, &root, &item, 1);
	assert_int_equal(item.outcome, OUT_PROTOCOL);
	item.len = 1;
	round_answer(p->site, &root, &item, 1);
	assert_int_equal(item.outcome, OUT_PROTOCOL);
	assert_true(wire_done(&item.reply));
}

/* The key is gone: no app code, recovery codes as ever, nobody passes. */
static void
without_key(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	char aside[128], code[9];

	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_DONE);
	snprintf(aside, sizeof(aside), "%s.aside", p->keyring);
	assert_int_equal(rename(p->keyring, aside), 0);
	site_reload(p->site);
	phone_code(&phone, phone.step + 1, code);
	assert_int_equal(ask(p, &root, VERB_VERIFY, code), OUT_KEY);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_OK_RECOVERY);
	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_KEY);
	assert_int_equal(rename(aside, p->keyring), 0);
	site_reload(p->site);
	assert_int_equal(ask(p, &root, VERB_VERIFY, code), OUT_OK_TOTP);
}

/* The store is gone, then back: refused meanwhile, noticed at once. */
static void
without_store(void **state)
{
	struct place *p = *state;
	char path[128], aside[160];

	snprintf(path, sizeof(path), "%s/stepup.db", p->state);
	snprintf(aside, sizeof(aside), "%s.aside", path);
	assert_int_equal(rename(path, aside), 0);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_STORE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, "123456"), OUT_STORE);
	write_file(path, "");
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_STORE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(aside, path), 0);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);
}

/* Settings that are refused leave those in force. */
static void
settings_in_force(void **state)
{
	struct place *p = *state;
	char text[256];

	snprintf(text, sizeof(text), "store = \"sqlite:%s/stepup.db\"\n"
	    "services = [\"login\"]\n", p->state);
	write_file(p->conf, text);
	site_reload(p->site);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_NOT_COVERED);
	write_file(p->conf, "services = \"sudo\n");
	site_reload(p->site);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_NOT_COVERED);
	/* A fresh process falls back on the copy. */
	site_free(p->site);
	p->site = site_new(&p->paths, STORE_ADMIN);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_NOT_COVERED);
	snprintf(text, sizeof(text), "store = \"sqlite:%s/stepup.db\"\n",
	    p->state);
	write_file(p->conf, text);
	site_reload(p->site);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);
}

/* --- A password is on record before PAM sees it -------------------------- */

/* In libpam's place: a stack that asks `prompts` times and says `result`. */
static struct {
	const struct pam_conv	*conv;
	const char		*user;
	int			 prompts, asked, result;
	struct place		*locks;	/* an administrator locks meanwhile */
} stack;

static void
lock_meanwhile(struct place *p)
{
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_message last;

	assert_int_equal(lock(p, VERB_LOCK, "why", packet, &last), OUT_DONE);
}

int
pam_start(const char *service, const char *user, const struct pam_conv *conv,
    pam_handle_t **pamh)
{
	assert_string_equal(service, "stepup");
	stack.conv = conv;
	stack.user = user;
	*pamh = (pam_handle_t *)(void *)&stack;
	return PAM_SUCCESS;
}

int
pam_authenticate(pam_handle_t *pamh, int flags)
{
	const struct pam_message m = { PAM_PROMPT_ECHO_OFF, "Password: " };
	const struct pam_message *all = &m;
	struct pam_response *r;
	int i;

	(void)pamh;
	assert_int_equal(flags, PAM_DISALLOW_NULL_AUTHTOK);
	if (stack.locks != NULL)
		lock_meanwhile(stack.locks);
	for (i = 0; i < stack.prompts; i++) {
		if (stack.conv->conv(1, &all, &r, stack.conv->appdata_ptr) !=
		    PAM_SUCCESS)
			return PAM_CONV_ERR;
		stack.asked++;
		free(r->resp);
		free(r);
	}
	return stack.result;
}

int
pam_get_item(const pam_handle_t *pamh, int item, const void **value)
{
	(void)pamh;
	assert_int_equal(item, PAM_USER);
	*value = stack.user;
	return PAM_SUCCESS;
}

int
pam_set_item(pam_handle_t *pamh, int item, const void *value)
{
	(void)pamh;
	(void)item;
	(void)value;
	return PAM_SUCCESS;
}

int
pam_acct_mgmt(pam_handle_t *pamh, int flags)
{
	(void)pamh;
	(void)flags;
	return PAM_SUCCESS;
}

int
pam_end(pam_handle_t *pamh, int status)
{
	(void)pamh;
	(void)status;
	return PAM_SUCCESS;
}

const char *
pam_strerror(pam_handle_t *pamh, int error)
{
	(void)pamh;
	(void)error;
	return "";
}

/* A conversation in which as many passwords are typed as are asked for. */
static enum outcome
type_passwords(const struct place *p, int prompts, int result)
{
	struct failure f = { 0 };
	struct wire_writer w;
	struct talk talk = { .idle_ms = 5000 };
	enum outcome o;
	uint32_t wait;
	int pair[2], i;

	stack.prompts = prompts;
	stack.result = result;
	stack.asked = 0;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	talk.fd = pair[0];
	wire_start(&w, WIRE_VERSION, VERB_ANSWER);
	wire_put_bytes(&w, TAG_ANSWER, "secret", 6);
	for (i = 0; i < PASSWORD_TRIES * prompts; i++)
		assert_int_equal(wire_send(pair[1], &w), WIRE_OK);
	o = password_check(p->site, "alice", 4242, &talk, &wait, &f);
	close(pair[0]);
	close(pair[1]);
	return o;
}

/* Ten wrong ones an hour, also where a stack asks twice in a call. */
static void
passwords(void **state)
{
	const struct place *p = *state;
	const struct settings *settings;
	struct failure f = { 0 };
	int i;

	assert_int_equal(site_settings(p->site, wire_now_ms(), &settings, &f),
	    OUT_DONE);
	for (i = 0; i < 12; i++)
		assert_int_equal(type_passwords(p, 2, PAM_SUCCESS), OUT_DONE);
	assert_int_equal(type_passwords(p, 0, PAM_SUCCESS), OUT_SERVICE);
	assert_int_equal(type_passwords(p, 2, PAM_AUTH_ERR),
	    OUT_BAD_PASSWORD);
	assert_int_equal(stack.asked, 6);
	assert_int_equal(type_passwords(p, 2, PAM_AUTH_ERR),
	    OUT_PASSWORD_WAIT);
	assert_int_equal(stack.asked, 4);
	/* Right ones are not even looked at now. */
	assert_int_equal(type_passwords(p, 1, PAM_SUCCESS),
	    OUT_PASSWORD_WAIT);
	assert_int_equal(stack.asked, 0);
}

/* Locked while the password was typed: the person changes nothing more. */
static void
lock_while_enrolling(void **state)
{
	struct place *p = *state;
	const struct caller self = { .door = DOOR_PUBLIC, .uid = getuid(),
	    .name = p->user };
	struct talk talk = { .idle_ms = 5000 };
	struct wire_message m;
	struct wire_writer w;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	talk.fd = pair[0];
	wire_start(&w, WIRE_VERSION, VERB_ANSWER);
	wire_put_bytes(&w, TAG_ANSWER, "secret", 6);
	assert_int_equal(wire_send(pair[1], &w), WIRE_OK);
	assert_int_equal(shutdown(pair[1], SHUT_WR), 0);
	wire_start(&w, WIRE_VERSION, VERB_ENROLL);
	assert_true(wire_read(w.data, w.len, &m));
	stack.prompts = 1;
	stack.result = PAM_SUCCESS;
	stack.asked = 0;
	stack.locks = p;
	assert_int_equal(selfservice_serve(p->site, &self, &m, &talk),
	    OUT_ADMIN_LOCK);
	assert_int_equal(stack.asked, 1);
	stack.locks = NULL;
	close(pair[0]);
	close(pair[1]);
}

static enum outcome
named(struct place *p, uint8_t verb, uint32_t flags, const char *name,
    struct phone *phone, int leave_at)
{
	enum outcome o;

	label = name;
	o = converse(p, verb, flags, phone, leave_at);
	label = NULL;
	return o;
}

/* Up to eight, each by its own codes; one goes, the others stay. */
static void
authenticators(void **state)
{
	static const char *const bad[] = { NULL, "", "a b", "-a", "\303\274" };
	struct place *p = *state;
	struct phone first = { 0 }, phones[ACCOUNT_CREDENTIALS_MAX] = { 0 };
	char name[ACCOUNT_LABEL_MAX + 2], code[9];
	size_t i;

	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &first, 0),
	    OUT_DONE);
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD, bad[i],
		    &phones[0], 0), OUT_PROTOCOL);
	memset(name, 'x', sizeof(name));
	name[ACCOUNT_LABEL_MAX + 1] = '\0';
	assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD, name, &phones[0], 0),
	    OUT_PROTOCOL);
	assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD | FLAG_REPLACE, "a",
	    &phones[0], 0), OUT_PROTOCOL);
	assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD, "phone", &phones[0],
	    0), OUT_NAME_TAKEN);
	/* Whoever leaves leaves nothing behind. */
	assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD, "p1", &phones[1], 1),
	    OUT_NO_INPUT);
	for (i = 1; i < ACCOUNT_CREDENTIALS_MAX; i++) {
		snprintf(name, sizeof(name), "p%zu", i);
		assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD, name,
		    &phones[i], 0), OUT_DONE);
	}
	assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD, "p8", &phones[0], 0),
	    OUT_FULL);
	assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD, "p7", &phones[0], 0),
	    OUT_NAME_TAKEN);
	assert_int_equal(named(p, VERB_REMOVE, 0, "p9", &first, 0),
	    OUT_NO_NAME);
	assert_int_equal(named(p, VERB_REMOVE, FLAG_ALL, "p1", &first, 0),
	    OUT_PROTOCOL);
	assert_int_equal(named(p, VERB_REMOVE, 0, NULL, &first, 0),
	    OUT_PROTOCOL);
	/* The first one: its code is nobody's now, all others' are good. */
	assert_int_equal(named(p, VERB_REMOVE, 0, "phone", &first, 0),
	    OUT_DONE);
	phone_code(&first, first.step + 1, code);
	assert_int_equal(ask(p, &root, VERB_VERIFY, code), OUT_BAD_CODE);
	for (i = 1; i < ACCOUNT_CREDENTIALS_MAX; i++) {
		phone_code(&phones[i], phones[i].step + 1, code);
		assert_int_equal(ask(p, &root, VERB_VERIFY, code),
		    OUT_OK_TOTP);
		assert_int_equal(ask(p, &root, VERB_VERIFY, code),
		    OUT_REPLAY);
	}
	assert_int_equal(ask(p, &root, VERB_VERIFY, first.codes[0]),
	    OUT_OK_RECOVERY);
	/* Root gives up, then means it. */
	assert_int_equal(named(p, VERB_REMOVE, FLAG_ALL, NULL, &first, 1),
	    OUT_NO_INPUT);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);
	assert_int_equal(named(p, VERB_REMOVE, FLAG_ALL, NULL, &first, 0),
	    OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, first.codes[1]),
	    OUT_MUST_ENROLL);
	assert_int_equal(named(p, VERB_REMOVE, FLAG_ALL, NULL, &first, 0),
	    OUT_NOT_ENROLLED);
	assert_int_equal(named(p, VERB_ENROLL, FLAG_ADD, "a", &first, 0),
	    OUT_NOT_ENROLLED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enroll_and_log_in),
		cmocka_unit_test(one_round),
		cmocka_unit_test(budget),
		cmocka_unit_test(locks),
		cmocka_unit_test(authenticators),
		cmocka_unit_test_setup_teardown(lock_before_enrolling,
		    place_make, place_drop),
		cmocka_unit_test_setup_teardown(lock_while_enrolling,
		    place_make, place_drop),
		cmocka_unit_test_setup_teardown(listed, place_make,
		    place_drop),
		cmocka_unit_test(authority),
		cmocka_unit_test(passwords),
		cmocka_unit_test(without_key),
		cmocka_unit_test(without_store),
		cmocka_unit_test(settings_in_force),
	};

	return cmocka_run_group_tests_name("service", tests, place_make,
	    place_drop);
}
