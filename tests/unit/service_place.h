/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's inside as one, for the tests of what it serves: a host in a
 * folder of its own with key and store, a client that plays a wizard in a
 * thread, CHECK and VERIFY in rounds.
 */
#ifndef STEPUP_TESTS_SERVICE_PLACE_H
#define STEPUP_TESTS_SERVICE_PLACE_H

#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/stat.h>

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
	size_t		spent;	/* of them, from the first on */
	int64_t		step;	/* of the code typed into the wizard */
};

static const struct caller admin = { .door = DOOR_ADMIN };
static const struct caller root = { .door = DOOR_LOGIN };

static inline void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static inline int
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
	p->paths = (struct paths){ .conf = p->conf, .conf_dir = p->conf_dir,
		.keyring = p->keyring, .state = p->state,
		.accepted = p->accepted, .rundir = p->dir,
		.owner = getuid() };
	assert_int_equal(settings_read(&settings, &p->paths, &f), OUT_DONE);
	assert_int_equal(birth_of(&p->paths, &settings, &store_sqlite, &did, &f),
	    OUT_DONE);
	assert_true(did);
	p->site = site_new(&p->paths, STORE_ADMIN);
	assert_non_null(p->site);
	*state = p;
	return 0;
}

static inline int
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
	/* What is typed at the n-th prompt, from 1 on; false: what is right
	   there.  Runs in the client's thread. */
	bool		 (*type)(struct client *, uint32_t style, int n,
			    struct secret *typed);
	void		*arg;		/* of type() */
	/* What was said. */
	int		 prompts;
	uint32_t	 styles[16];	/* of the first prompts */
	char		 text[WIRE_STRING_MAX + 1];	/* of the last one */
	char		 note[WIRE_STRING_MAX + 1];	/* the last */
	int		 misses;
	uint32_t	 miss_flags;	/* of the last miss */
	bool		 miss_skewed;
	int64_t		 miss_skew;
	bool		 skewed;	/* of the final answer */
	int64_t		 skew;
	enum outcome	 outcome;
};

static inline void
phone_code(const struct phone *phone, int64_t step, char buf[9])
{
	memset(buf, 0, 9);
	assert_true(totp_code(phone->secret.data, phone->secret.len, OTP_SHA1,
	    6, step, buf));
}

/* What is right at this prompt: of recovery codes the next one. */
static inline void
client_right(struct client *c, uint32_t style, unsigned number,
    struct secret *typed)
{
	struct phone *phone = c->phone;
	char code[9];

	switch (style) {
	case STYLE_NEW_CODE:
		phone->step = totp_step(clock_now(), 30);
		phone_code(phone, phone->step, code);
		secret_set(typed, code, 6);
		break;
	case STYLE_CONFIRM:
		secret_set(typed, "yes", 3);
		break;
	case STYLE_PASSWORD:
		secret_set(typed, "secret", 6);
		break;
	case STYLE_FACTOR:
		secret_set(typed, phone->codes[phone->spent++],
		    WIRE_CODE_LENGTH);
		break;
	default:
		secret_set(typed, phone->codes[number - 1], WIRE_CODE_LENGTH);
	}
}

static inline void
client_reply(struct client *c, const struct wire_message *m, unsigned number)
{
	struct secret typed = { 0 };
	struct wire_writer w;
	uint32_t style = 0;

	wire_get_uint(m, TAG_STYLE, &style);
	wire_get_string(m, TAG_TEXT, c->text);
	if (c->prompts < (int)COUNT(c->styles))
		c->styles[c->prompts] = style;
	c->prompts++;
	if (c->prompts == c->leave_at)
		wire_start(&w, 1, VERB_CANCEL);
	else {
		if (c->type == NULL || !c->type(c, style, c->prompts, &typed))
			client_right(c, style, number, &typed);
		wire_start(&w, 1, VERB_ANSWER);
		wire_put_bytes(&w, TAG_ANSWER, typed.data, typed.len);
	}
	if (wire_send(c->fd, &w) != WIRE_OK)
		abort();
}

static inline void
client_sheet(struct phone *phone, const struct wire_message *m)
{
	const struct wire_field *f = &m->field[TAG_CODES];
	size_t i;

	phone->count = f->len / WIRE_CODE_LENGTH;
	phone->spent = 0;
	for (i = 0; i < phone->count; i++)
		memcpy(phone->codes[i], f->data + i * WIRE_CODE_LENGTH,
		    WIRE_CODE_LENGTH);
}

/* True for the last packet. */
static inline bool
client_read(struct client *c, const struct wire_message *m, unsigned *number)
{
	uint32_t outcome;

	switch (m->verb) {
	case VERB_OFFER:
		wire_get_secret(m, TAG_SECRET, &c->phone->secret);
		break;
	case VERB_SHEET:
		wire_get_uint(m, TAG_NUMBER, number);
		client_sheet(c->phone, m);
		break;
	case VERB_MISS:
		c->misses++;
		wire_get_uint(m, TAG_FLAGS, &c->miss_flags);
		c->miss_skewed = wire_get_int64(m, TAG_SKEW, &c->miss_skew);
		break;
	case VERB_NOTE:
		wire_get_string(m, TAG_TEXT, c->note);
		break;
	case VERB_PROMPT:
		client_reply(c, m, *number);
		break;
	default:
		if ((m->verb & WIRE_REPLY) == 0 || !wire_has(m, TAG_LAST))
			break;
		wire_get_uint(m, TAG_OUTCOME, &outcome);
		c->outcome = outcome;
		c->skewed = wire_get_int64(m, TAG_SKEW, &c->skew);
		return true;
	}
	return false;
}

static inline void *
client_main(void *arg)
{
	struct client *c = arg;
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_message m;
	unsigned number = 0;
	size_t len;

	do
		if (!wire_wait(c->fd, POLLIN, wire_now_ms() + 20000) ||
		    wire_receive(c->fd, packet, &len) != WIRE_OK ||
		    !wire_read(packet, len, &m))
			return NULL;
	while (!client_read(c, &m, &number));
	return NULL;
}

/* What add and remove name; NULL: no such field. */
static const char *label;

static inline enum outcome
converse_as(struct place *p, const struct caller *caller, uint8_t verb,
    uint32_t flags, struct client *c)
{
	struct talk talk = { 0 };
	struct wire_message m;
	struct wire_writer w;
	enum outcome o;
	pthread_t thread;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	c->fd = fds[0];
	talk.fd = fds[1];
	wire_start(&w, 1, verb);
	wire_put_string(&w, TAG_NAME, p->user);
	wire_put_uint(&w, TAG_FLAGS, flags);
	wire_put_string(&w, TAG_LABEL, label);
	assert_true(wire_read(w.data, w.len, &m));
	assert_int_equal(pthread_create(&thread, NULL, client_main, c), 0);
	o = selfservice_serve(p->site, caller, &m, &talk);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(c->outcome, o);
	close(fds[0]);
	close(fds[1]);
	return o;
}

static inline enum outcome
converse(struct place *p, uint8_t verb, uint32_t flags, struct phone *phone,
    int leave_at)
{
	struct client c = { .phone = phone, .leave_at = leave_at };

	return converse_as(p, &admin, verb, flags, &c);
}

/* A conversation without rounds: the last frame of its answer. */
static inline enum outcome
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

static inline enum outcome
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

static inline void
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

static inline enum outcome
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

#endif
