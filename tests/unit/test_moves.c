/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RENAME, REBIND, PRUNE, POLICY and what UNLOCK clears, by the daemon's
 * inside: the store is made to have this test's own account under another
 * name or uid.
 */
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

static void
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

static void *
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

static enum outcome
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

static enum outcome
move(struct place *p, uint8_t verb, const char *name, const char *new_name)
{
	struct question q = { .name = name, .new_name = new_name };

	return put(p, verb, &q);
}

static uint32_t
number(const struct question *q, enum wire_tag tag)
{
	uint32_t n;

	assert_true(wire_get_uint(&q->last, tag, &n));
	return n;
}

static bool
says_no(struct client *c, uint32_t style, int n, struct secret *typed)
{
	(void)c;
	(void)n;
	assert_int_equal(style, STYLE_CONFIRM);
	return secret_set(typed, "no", 2);
}

/* --- The store by another way ---------------------------------------------- */

static struct store *
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

static void
handle_end(struct store *s)
{
	struct failure f = { .path = "" };

	if (store_sqlite.commit(s, &f) != STORE_OK)
		fail_msg("%s: %s", f.path, f.reason);
	store_sqlite.close(s);
}

static struct account
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
static void
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
static void
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

/* Enrolled, one code used, one wrong one charged. */
static void
enrolled(struct place *p, struct phone *phone, char used[9])
{
	assert_int_equal(converse(p, VERB_ENROLL, 0, phone, 0), OUT_DONE);
	phone_code(phone, phone->step + 1, used);
	assert_int_equal(ask(p, &root, VERB_VERIFY, used), OUT_OK_TOTP);
	assert_int_equal(ask(p, &root, VERB_VERIFY, "0000000"),
	    OUT_BAD_FORMAT);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone->codes[0]),
	    OUT_OK_RECOVERY);
	phone->spent = 1;
}

static enum outcome
wrong_recovery(struct place *p)
{
	return ask(p, &root, VERB_VERIFY, "0000-0000-0000-0000");
}

/* --- Tests ------------------------------------------------------------------ */

static void
renamed(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct question q = { .name = OLD, .new_name = p->user,
	    .reason = "married" };
	struct account before, after;
	char used[9];

	enrolled(p, &phone, used);
	assert_int_equal(wrong_recovery(p), OUT_BAD_CODE);
	stored_as(p, OLD, getuid());
	before = load(p, OLD, getuid());
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_CHANGED);
	/* As it is while root does not say yes. */
	q.client.type = says_no;
	assert_int_equal(put(p, VERB_RENAME, &q), OUT_NO_INPUT);
	q.client.type = NULL;
	q.client.leave_at = 1;
	assert_int_equal(put(p, VERB_RENAME, &q), OUT_NO_INPUT);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_CHANGED);
	q.client.leave_at = 0;
	assert_int_equal(put(p, VERB_RENAME, &q), OUT_DONE);
	assert_int_equal(q.client.prompts, 1);
	assert_int_equal(q.client.styles[0], STYLE_CONFIRM);
	after = load(p, p->user, getuid());
	assert_int_equal(after.match, ACCOUNT_FOUND);
	assert_int_equal(after.id, before.id);
	assert_memory_equal(after.limiters, before.limiters,
	    sizeof(after.limiters));
	assert_memory_equal(&after.recovery, &before.recovery,
	    sizeof(after.recovery));
	assert_int_equal(after.credentials[0].last_step,
	    before.credentials[0].last_step);
	assert_memory_not_equal(after.credentials[0].sealed.data,
	    before.credentials[0].sealed.data,
	    after.credentials[0].sealed.len);
	assert_int_equal(ask(p, &root, VERB_VERIFY, used), OUT_REPLAY);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_REPLAY);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[1]),
	    OUT_OK_RECOVERY);
	assert_int_equal(move(p, VERB_RENAME, OLD, p->user),
	    OUT_NO_ACCOUNT);
}

static void
rename_refused(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct failure f = { .path = "" };
	const struct settings *settings;
	char used[9], aside[160];

	enrolled(p, &phone, used);
	assert_int_equal(move(p, VERB_RENAME, p->user, p->user), OUT_LIVING);
	assert_int_equal(move(p, VERB_RENAME, p->user, OLD), OUT_NO_USER);
	assert_int_equal(move(p, VERB_RENAME, OLD, p->user), OUT_NO_ACCOUNT);
	assert_int_equal(move(p, VERB_RENAME, OLD, NULL), OUT_PROTOCOL);
	assert_int_equal(move(p, VERB_RENAME, OLD, ""), OUT_PROTOCOL);
	assert_int_equal(move(p, VERB_RENAME, "", p->user), OUT_PROTOCOL);
	assert_int_equal(move(p, VERB_RENAME, NULL, p->user), OUT_PROTOCOL);
	stored_as(p, OLD, getuid());
	/* Without the key nothing is sealed anew, and nothing is lost. */
	snprintf(aside, sizeof(aside), "%s.aside", p->keyring);
	assert_int_equal(rename(p->keyring, aside), 0);
	site_free(p->site);
	p->site = site_new(&p->paths, STORE_ADMIN);
	assert_int_equal(move(p, VERB_RENAME, OLD, p->user), OUT_KEY);
	assert_int_equal(rename(aside, p->keyring), 0);
	site_reload(p->site);
	assert_int_equal(site_settings(p->site, wire_now_ms(), &settings, &f),
	    OUT_DONE);
	assert_int_equal(load(p, OLD, getuid()).match, ACCOUNT_FOUND);
	/* Somebody is stored under the new name. */
	stored_too(p, p->user, 4242);
	assert_int_equal(move(p, VERB_RENAME, OLD, p->user), OUT_MISMATCH);
	assert_int_equal(move(p, VERB_PRUNE, p->user, NULL), OUT_DONE);
	assert_int_equal(move(p, VERB_RENAME, OLD, p->user), OUT_DONE);
	/* Another number: not by name alone. */
	stored_as(p, OLD, getuid() + 1);
	assert_int_equal(move(p, VERB_RENAME, OLD, p->user), OUT_MISMATCH);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);
}

/* Somebody else acts while root reads the question. */
static bool
pruned_meanwhile(struct client *c, uint32_t style, int n,
    struct secret *typed)
{
	struct store_event e = { .at = clock_now(), .door = DOOR_ADMIN,
	    .outcome = OUT_DONE };
	struct failure f = { .path = "" };
	struct place *p = c->arg;
	struct account a = load(p, OLD, getuid());
	struct store *s = handle(p);

	(void)style;
	(void)n;
	(void)typed;
	if (store_sqlite.forget(s, &a, &e, &f) != STORE_OK)
		abort();
	handle_end(s);
	return false;
}

static void
moved_meanwhile(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct question q = { .name = OLD, .new_name = p->user,
	    .client = { .type = pruned_meanwhile, .arg = p } };
	char used[9];

	enrolled(p, &phone, used);
	stored_as(p, OLD, getuid());
	assert_int_equal(put(p, VERB_RENAME, &q), OUT_BUSY);
	assert_int_equal(load(p, OLD, getuid()).match, ACCOUNT_NONE);
}

static void
rebound(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct question q = { .name = p->user };
	struct account before, after;
	char used[9];

	enrolled(p, &phone, used);
	assert_int_equal(move(p, VERB_REBIND, p->user, NULL), OUT_LIVING);
	assert_int_equal(move(p, VERB_REBIND, OLD, NULL), OUT_NO_ACCOUNT);
	stored_as(p, p->user, getuid() + 1);
	before = load(p, p->user, getuid() + 1);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[1]),
	    OUT_CHANGED);
	q.client.type = says_no;
	assert_int_equal(put(p, VERB_REBIND, &q), OUT_NO_INPUT);
	q.client.type = NULL;
	/* The number is stored as somebody's. */
	stored_too(p, OTHER, getuid());
	assert_int_equal(put(p, VERB_REBIND, &q), OUT_MISMATCH);
	assert_int_equal(number(&q, TAG_UID), getuid());
	assert_int_equal(number(&q, TAG_STORED_UID), getuid() + 1);
	assert_int_equal(move(p, VERB_PRUNE, OTHER, NULL), OUT_DONE);
	assert_int_equal(put(p, VERB_REBIND, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_UID), getuid());
	assert_int_equal(number(&q, TAG_STORED_UID), getuid() + 1);
	after = load(p, p->user, getuid());
	before.uid = getuid();
	assert_memory_equal(&after, &before, sizeof(after));
	assert_int_equal(ask(p, &root, VERB_VERIFY, used), OUT_REPLAY);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[1]),
	    OUT_OK_RECOVERY);
}

/* Names of a list of prune. */
static void
name_row(const struct wire_message *row, void *arg)
{
	char name[WIRE_STRING_MAX + 1];
	char *names = arg;

	wire_get_string(row, TAG_NAME, name);
	snprintf(names + strlen(names), 256 - strlen(names), " %s%s%s", name,
	    wire_has(row, TAG_UID) ? "+uid" : "",
	    wire_has(row, TAG_NEW_NAME) ? "+name" : "");
}

static void
pruned(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	char names[256] = "", used[9], want[256];
	struct question q = { .row = name_row, .arg = names };

	enrolled(p, &phone, used);
	assert_int_equal(put(p, VERB_PRUNE, &q), OUT_DONE);
	assert_string_equal(names, "");
	assert_int_equal(move(p, VERB_PRUNE, p->user, NULL), OUT_LIVING);
	assert_int_equal(move(p, VERB_PRUNE, OLD, NULL), OUT_NO_ACCOUNT);
	assert_int_equal(move(p, VERB_PRUNE, "", NULL), OUT_PROTOCOL);
	/* Its number is somebody's here; its name is, with another number. */
	stored_as(p, OLD, getuid());
	stored_too(p, p->user, 4294967294u);
	assert_int_equal(put(p, VERB_PRUNE, &q), OUT_DONE);
	if (strcmp(p->user, OLD) < 0)
		snprintf(want, sizeof(want), " %s+uid %s+name", p->user, OLD);
	else
		snprintf(want, sizeof(want), " %s+name %s+uid", OLD, p->user);
	assert_string_equal(names, want);
	q.name = OLD;
	q.client.type = says_no;
	assert_int_equal(put(p, VERB_PRUNE, &q), OUT_NO_INPUT);
	assert_int_equal(load(p, OLD, getuid()).match, ACCOUNT_FOUND);
	assert_int_equal(move(p, VERB_PRUNE, OLD, NULL), OUT_DONE);
	assert_int_equal(move(p, VERB_PRUNE, p->user, NULL), OUT_DONE);
	assert_int_equal(load(p, p->user, getuid()).match, ACCOUNT_NONE);
	/* Who has name and number now has no factor. */
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[1]),
	    OUT_MUST_ENROLL);
}

/* Root is told both sides wherever an account is another one. */
static void
both_sides(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct question q = { .name = p->user };
	char used[9], name[WIRE_STRING_MAX + 1];

	enrolled(p, &phone, used);
	stored_as(p, OLD, getuid());
	assert_int_equal(put(p, VERB_STATUS, &q), OUT_CHANGED);
	assert_int_equal(number(&q, TAG_UID), getuid());
	assert_false(wire_has(&q.last, TAG_STORED_UID));
	assert_true(wire_get_string(&q.last, TAG_STORED_NAME, name));
	assert_string_equal(name, OLD);
	assert_int_equal(put(p, VERB_CODES, &q), OUT_CHANGED);
	assert_true(wire_has(&q.last, TAG_STORED_NAME));
	assert_int_equal(put(p, VERB_UNLOCK, &q), OUT_CHANGED);
	q.name = OLD;
	assert_int_equal(put(p, VERB_STATUS, &q), OUT_CHANGED);
	assert_int_equal(number(&q, TAG_STORED_UID), getuid());
	assert_false(wire_has(&q.last, TAG_UID));
	assert_int_equal(put(p, VERB_CODES, &q), OUT_NO_USER);
	q.name = OTHER;
	assert_int_equal(put(p, VERB_STATUS, &q), OUT_NO_USER);
}

static void
unlock_passwords(void **state)
{
	struct place *p = *state;
	struct limiter l = { .consecutive = 10, .wait_start = clock_now() };
	struct question q = { .name = p->user };
	struct failure f = { .path = "" };
	struct store *s;
	int i;

	assert_int_equal(put(p, VERB_UNLOCK, &q), OUT_NOT_ENROLLED);
	for (i = 0; i < 2; i++) {
		s = handle(p);
		assert_int_equal(store_sqlite.save_password(s, getuid(), &l,
		    &f), STORE_OK);
		handle_end(s);
		assert_int_equal(put(p, VERB_UNLOCK, &q), OUT_DONE);
		assert_int_equal(number(&q, TAG_PASSWORDS), 10);
		/* The second time with a row of the account's own. */
		stored_too(p, p->user, getuid());
	}
	assert_int_equal(put(p, VERB_UNLOCK, &q), OUT_DONE);
	assert_false(wire_has(&q.last, TAG_PASSWORDS));
	/* What an earlier hour counted is gone without a word. */
	l.wait_start -= 3600;
	s = handle(p);
	assert_int_equal(store_sqlite.save_password(s, getuid(), &l, &f),
	    STORE_OK);
	handle_end(s);
	assert_int_equal(put(p, VERB_UNLOCK, &q), OUT_DONE);
	assert_false(wire_has(&q.last, TAG_PASSWORDS));
}

/* --- POLICY ------------------------------------------------------------------ */

struct seen {
	size_t	settings, set;
	char	cap[64], services[4096], at[300];
};

static void
policy_row(const struct wire_message *row, void *arg)
{
	char key[WIRE_STRING_MAX + 1], text[WIRE_STRING_MAX + 1];
	struct seen *s = arg;
	uint32_t line;

	wire_get_string(row, TAG_LABEL, key);
	wire_get_string(row, TAG_TEXT, text);
	if (strcmp(key, "services") == 0)
		strcat(s->services, text);
	if (strcmp(key, "cap") == 0) {
		strcpy(s->cap, text);
		wire_get_string(row, TAG_PATH, s->at);
		wire_get_uint(row, TAG_COUNT, &line);
		snprintf(s->at + strlen(s->at), 16, ":%u", (unsigned)line);
	}
	s->settings++;
	s->set += wire_has(row, TAG_PATH);
}

static enum outcome
policy(struct place *p, const char *service, struct seen *seen,
    struct question *q)
{
	struct failure f = { .path = "" };
	const struct settings *settings;

	memset(seen, 0, sizeof(*seen));
	*q = (struct question){ .name = service != NULL ? p->user : NULL,
	    .service = service, .row = policy_row, .arg = seen };
	site_reload(p->site);
	assert_int_equal(site_settings(p->site, wire_now_ms(), &settings, &f),
	    OUT_DONE);
	return put(p, VERB_POLICY, q);
}

static void
set(struct place *p, const char *text)
{
	char whole[4096];

	snprintf(whole, sizeof(whole), "store = \"sqlite:%s/stepup.db\"\n%s",
	    p->state, text);
	write_file(p->conf, whole);
}

static void
policy_tells_settings(void **state)
{
	struct place *p = *state;
	char services[2048] = "services = [", want[300];
	struct question q;
	struct seen seen;
	int i;

	assert_int_equal(policy(p, NULL, &seen, &q), OUT_DONE);
	assert_int_equal(seen.settings, 15);
	assert_int_equal(seen.set, 1);
	assert_string_equal(seen.cap, "50");
	/* A value longer than a string, and a line in a file of the folder. */
	for (i = 0; i < 30; i++)
		snprintf(services + strlen(services), 64,
		    "%s\"service-number-%d\"", i > 0 ? ", " : "", i);
	strcat(services, "]\n");
	set(p, services);
	assert_int_equal(mkdir(p->conf_dir, 0755), 0);
	snprintf(want, sizeof(want), "%s/a.conf", p->conf_dir);
	write_file(want, "# a remark\ncap = 40\n");
	assert_int_equal(policy(p, NULL, &seen, &q), OUT_DONE);
	services[strlen(services) - 1] = '\0';
	assert_string_equal(seen.services, services + strlen("services = "));
	assert_string_equal(seen.cap, "40");
	strcat(want, ":2");
	assert_string_equal(seen.at, want);
	assert_int_equal(number(&q, TAG_FLAGS), 0);
	/* Refused files: the copy is in force, and why. */
	set(p, "cap = 3\n");
	*strrchr(want, ':') = '\0';
	assert_int_equal(unlink(want), 0);
	assert_int_equal(policy(p, NULL, &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_FLAGS), FLAG_ACCEPTED);
	assert_string_equal(seen.cap, "40");
	assert_int_equal(strncmp(seen.at, p->accepted, strlen(p->accepted)),
	    0);
	assert_true(wire_has(&q.last, TAG_REASON));
}

static void
policy_tells_persons(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct question q;
	struct seen seen;
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_message last;

	assert_int_equal(policy(p, "sshd", &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_WHY), OUT_MUST_ENROLL);
	assert_int_equal(move(p, VERB_POLICY, OTHER, NULL), OUT_NO_USER);
	set(p, "unenrolled = \"allow\"\n");
	assert_int_equal(policy(p, "sshd", &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_WHY), OUT_NOT_ENROLLED);
	set(p, "services = [\"sshd\"]\n");
	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	assert_int_equal(policy(p, "sshd", &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_WHY), OUT_ASK);
	assert_int_equal(number(&q, TAG_KINDS), KIND_TOTP | KIND_RECOVERY);
	assert_int_equal(policy(p, "SSHD", &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_WHY), OUT_ASK);
	assert_int_equal(policy(p, "sudo", &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_WHY), OUT_NOT_COVERED);
	/* Which service it was where none was named: one that is covered. */
	assert_int_equal(policy(p, "", &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_WHY), OUT_ASK);
	assert_int_equal(lock(p, VERB_LOCK, "why", packet, &last), OUT_DONE);
	assert_int_equal(policy(p, "sshd", &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_WHY), OUT_ADMIN_LOCK);
	assert_int_equal(lock(p, VERB_UNLOCK, NULL, packet, &last), OUT_DONE);
	stored_as(p, OLD, getuid());
	assert_int_equal(policy(p, "sshd", &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_WHY), OUT_CHANGED);
}

int
main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, place_make, place_drop)
	const struct CMUnitTest tests[] = {
		TEST(renamed),
		TEST(rename_refused),
		TEST(moved_meanwhile),
		TEST(rebound),
		TEST(pruned),
		TEST(both_sides),
		TEST(unlock_passwords),
		TEST(policy_tells_settings),
		TEST(policy_tells_persons),
	};

	return cmocka_run_group_tests_name("moves", tests, NULL, NULL);
}
