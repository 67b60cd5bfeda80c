/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Logins against a store that fails where the input says so: rounds of
 * CHECK and VERIFY by any door, at any time of day, with settings, keys and
 * accounts in any state.  What must hold whatever happens:
 *
 * - every question gets an answer, and never the one nobody assigned;
 * - who is let in has one record of it in a commit that went well, and the
 *   step or code in that record is the typed one and was never used before;
 * - who is passed by policy was loaded without an error;
 * - who was told "wrong" was charged.
 *
 * fake_store.c holds the callers to the rest.
 */
#include <time.h>

#include "common/text.h"
#include "daemon/answer.h"
#include "daemon/ask.h"
#include "daemon/round.h"
#include "daemon/seal.h"
#include "daemon/totp.h"
#include "daemon/verify.h"
#include "tests/fuzz/fake_store.h"
#include "tests/fuzz/no_files.h"

const char fuzz_name[] = "decide";

#define START	INT64_C(1800000015)
#define ASKS	6
#define ROUNDS	8
#define CODES	3
#define LEDGER	(ROUNDS * ASKS)

static const char ring_text[] =
    "0123abcd AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
/* Other bytes under the right id. */
static const char foreign_text[] =
    "0123abcd AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHhg=\n";

static int64_t now;
static struct account template[FAKE_ACCOUNTS];
static char sheet[CODES + 1][RECOVERY_LENGTH + 1];
#define PASS sheet[CODES]	/* everybody's login pass */

/* Everything accepted in this run: nothing stands here twice. */
static struct fake_record ledger[LEDGER];
static size_t accepted;

/* Linked in place of the C library's; CLOCK_MONOTONIC stands still. */
int __wrap_clock_gettime(clockid_t, struct timespec *);
bool __wrap_recovery_hash(const char *, const uint8_t *, unsigned, uint8_t *);
bool __real_recovery_hash(const char *, const uint8_t *, unsigned, uint8_t *);

int
__wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	ts->tv_sec = id == CLOCK_REALTIME ? now : 1000;
	ts->tv_nsec = 0;
	return 0;
}

/* One round instead of a thousand; memory may be short. */
bool
__wrap_recovery_hash(const char *code, const uint8_t *salt, unsigned rounds,
    uint8_t *hash)
{
	CLAIM(rounds == RECOVERY_ROUNDS);
	if (fake_fails()) {
		memset(hash, 0, RECOVERY_HASH);
		return false;
	}
	return __real_recovery_hash(code, salt, 1, hash);
}

/* --- The host ------------------------------------------------------------ */

/* The first code from this symbol on whose check symbol is one of the 32. */
static void
make_code(char code[RECOVERY_LENGTH + 1], unsigned seed)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	char typed[RECOVERY_LENGTH + 1] = "";
	int check;

	for (;; seed++) {
		memset(typed, alphabet[seed % 32], RECOVERY_LENGTH);
		typed[1] = alphabet[seed / 32 % 32];
		for (check = 0; check < 32; check++) {
			typed[RECOVERY_LENGTH - 1] = alphabet[check];
			if (recovery_parse(typed, RECOVERY_LENGTH, code))
				return;
		}
	}
}

static void
add_credential(const struct keyring *ring, struct account *a,
    enum otp_algorithm algorithm, unsigned digits, unsigned period)
{
	struct credential *c = &a->credentials[a->credential_count++];
	struct secret secret = { 0 };
	struct seal_row row;
	uint8_t bytes[OTP_SECRET_MAX];

	c->id = a->id * 10 + (int64_t)a->credential_count;
	c->kind = CREDENTIAL_TOTP;
	c->algorithm = algorithm;
	c->digits = digits;
	c->period = period;
	memset(bytes, (int)c->id, sizeof(bytes));
	secret_set(&secret, bytes, otp_secret_length(algorithm));
	row = (struct seal_row){ a->id, a->name, c->id };
	CLAIM(seal_close(ring, &row, &secret, &c->sealed));
}

static void
add_codes(struct account *a)
{
	size_t i;

	memset(a->recovery.salt, (int)a->id, RECOVERY_SALT);
	a->recovery.rounds = RECOVERY_ROUNDS;
	a->recovery.created_at = START - 1000;
	a->recovery.count = CODES;
	for (i = 0; i < CODES; i++)
		CLAIM(__real_recovery_hash(sheet[i], a->recovery.salt, 1,
		    a->recovery.codes[i].hash));
}

/* alice: two authenticators and codes; bob: one; carol: only codes; dave:
   nothing, and he once had a factor or not. */
static void
make_host(void)
{
	static const char *const names[] = { "alice", "bob", "carol", "dave" };
	struct keyring *ring;
	struct failure f = { .path = "" };
	unsigned i;

	no_files_keyring = ring_text;
	CLAIM(keyring_read(no_files_paths.keyring, 0, &ring, NULL, &f) ==
	    OUT_DONE);
	for (i = 0; i <= CODES; i++)
		make_code(sheet[i], 3 + 40 * i);
	for (i = 0; i < FAKE_ACCOUNTS; i++) {
		template[i].match = ACCOUNT_FOUND;
		template[i].id = 1 + (int64_t)i;
		template[i].uid = 1000 + i;
		snprintf(template[i].name, sizeof(template[i].name), "%s",
		    names[i]);
	}
	add_credential(ring, &template[0], OTP_SHA1, 6, 30);
	add_credential(ring, &template[0], OTP_SHA256, 6, 30);
	add_codes(&template[0]);
	add_credential(ring, &template[1], OTP_SHA512, 8, 60);
	CLAIM(seal_prove(ring, &fake_proof));
	add_codes(&template[2]);
	keyring_free(ring);
}

static void
any_limiter(struct limiter *m, struct input *in)
{
	uint8_t how = input_byte(in);

	m->consecutive = how & 1 ? input_byte(in) % 52 : 0;
	m->total = m->consecutive + (how & 2 ? input_byte(in) % 120 : 0);
	if (how & 4)
		m->total_since = START - (int64_t)input_number(in, 4);
	if (how & 8) {
		m->wait_start = START + (int16_t)input_number(in, 2);
		m->wait_length = (int64_t)input_number(in, 2);
	}
	if (how & 16) {
		m->wait_start = INT64_MAX - input_byte(in);
		m->wait_length = LIMIT_WAIT_MAX;
	}
	if (how & 32)
		m->consecutive = m->total = INT64_MAX - 64 + how % 32;
	if (m->total_since < 0)
		m->total_since = 0;
}

/* A login pass near its beginning, its end, or anywhere. */
static void
any_pass(struct pass *p, struct input *in)
{
	uint8_t how = input_byte(in);

	p->created_at = START + (int16_t)input_number(in, 2);
	p->expires_at = p->created_at + PASS_TTL_MIN +
	    input_number(in, 2) % (PASS_TTL_MAX - PASS_TTL_MIN);
	p->rounds = RECOVERY_ROUNDS;
	memset(p->salt, how, sizeof(p->salt));
	CLAIM(__real_recovery_hash(PASS, p->salt, 1, p->hash));
	if ((how & 3) == 3)
		memcpy(p->service, how & 4 ? "sshd" : "su", how & 4 ? 5 : 3);
	if ((how & 24) == 24)
		p->used_at = START - 1;
	if ((how & 96) == 96)
		p->seen_at = START + (int8_t)input_byte(in);
	memcpy(p->note, "why", 4);
}

static void
any_account(struct account *a, struct input *in)
{
	uint8_t how = input_byte(in);
	struct credential *c;
	size_t i;

	a->locked = (how & 3) == 3;
	if (how & 4)
		a->enrolled_at = START - 1000;
	for (i = 0; how & 8 && i < LIMITERS; i++)
		any_limiter(&a->limiters[i], in);
	for (i = 0; how & 16 && i < a->credential_count; i++) {
		c = &a->credentials[i];
		c->last_step = START / c->period + (int8_t)input_byte(in);
	}
	if (how & 32 && a->credential_count > 0)
		a->credentials[0].sealed.data[0] ^= 1;
	if (how & 64 && a->credential_count > 0)
		a->credentials[a->credential_count - 1].sealed.key_id[0] = 'f';
	for (i = 0; how & 128 && i < a->recovery.count; i++)
		a->recovery.codes[i].spent_at = input_byte(in) & 1 ? 1 : 0;
	if ((how & 3) == 2)
		any_pass(&a->passes[PASS_LOGIN], in);
}

static void
any_settings(struct settings *s, struct input *in)
{
	uint8_t how = input_byte(in);

	settings_default(s, &no_files_paths);
	s->unenrolled = (enum unenrolled)(how % 3);
	s->allow_until = START + (how & 4 ? 1000 : -1000);
	if (how & 8) {
		s->service_count = 1;
		memcpy(s->services[0], "sshd", 5);
	}
	s->window = how >> 4 & 3;
	if (s->window > 2)
		s->window = 2;
	if (how & 64)
		s->limits = (struct limits){ 3, 60, 10, 10 };
	no_files_keyring = how & 128 ? NULL : (how >> 4 & 3) == 3 ?
	    foreign_text : ring_text;
}

/* --- Questions ----------------------------------------------------------- */

static void
right_code(const struct account *a, struct input *in, struct secret *typed)
{
	const struct credential *c;
	char code[OTP_DIGITS_MAX + 1];
	uint8_t secret[OTP_SECRET_MAX];
	uint8_t how = input_byte(in);

	if (a->credential_count == 0)
		return;
	c = &a->credentials[how % a->credential_count];
	memset(secret, (int)c->id, sizeof(secret));
	if (totp_code(secret, otp_secret_length(c->algorithm), c->algorithm,
	    c->digits, totp_step(now, c->period) + (how >> 2) % 7 - 3, code))
		secret_set(typed, code, c->digits);
}

static void
any_answer(const struct account *a, struct input *in, struct secret *typed)
{
	uint8_t how = input_byte(in), raw[WIRE_ANSWER_MAX];
	char code[RECOVERY_LENGTH + 1];

	switch (how % 6) {
	case 0: case 1:
		right_code(a, in, typed);
		break;
	case 2:
		secret_set(typed, sheet[how / 6 % (CODES + 1)],
		    RECOVERY_LENGTH);
		break;
	case 3:
		secret_set(typed, "00000000", how & 8 ? 8 : 6);
		break;
	case 4:
		make_code(code, 200u + how);
		secret_set(typed, code, RECOVERY_LENGTH);
		break;
	case 5:
		secret_set(typed, raw, input_bytes(in, raw, sizeof(raw)));
		break;
	}
}

static void
any_ask(struct ask *a, struct input *in, uint8_t verb)
{
	uint8_t who = input_byte(in), how = input_byte(in);
	const struct account *person = &template[who % FAKE_ACCOUNTS];
	struct secret typed = { 0 };

	memset(a, 0, sizeof(*a));
	a->verb = verb;
	a->request.door = how & 1 ? DOOR_PUBLIC : DOOR_LOGIN;
	a->request.known = (how & 6) != 6;
	a->request.earlier = (how >> 3) % 6;
	a->own = (how & 0xc0) == 0xc0;
	if (a->request.known) {
		memcpy(a->name, person->name, sizeof(a->name));
		a->uid = person->uid + (who >> 2) % 16 / 15;
	}
	snprintf(a->service, sizeof(a->service), "%s", who & 128 ? "sshd" :
	    who & 64 ? "stepup" : "su");
	if (verb == VERB_VERIFY) {
		any_answer(person, in, &typed);
		ask_typed(a, &typed);
	}
	a->outcome = OUT_COUNT;
}

/* --- What must hold ------------------------------------------------------ */

static bool
is_accepted(enum outcome o)
{
	return o == OUT_OK_TOTP || o == OUT_OK_RECOVERY || o == OUT_OK_PASS;
}

/* Neither early nor late, nor where it was not meant for. */
static void
in_time(const struct ask *a, const struct pass *p)
{
	CLAIM(p->used_at == now && now >= p->created_at &&
	    now < p->expires_at);
	CLAIM(p->service[0] == '\0' || (a->request.door == DOOR_LOGIN &&
	    strcmp(p->service, a->service) == 0));
}

/* The typed code is that step's, near this time, and nobody used it. */
static void
was_right(const struct ask *a, const struct fake_record *r, unsigned window)
{
	const struct account *person = &template[r->account];
	const struct credential *c;
	char code[OTP_DIGITS_MAX + 1] = "", want[ANSWER_CODE];
	uint8_t secret[OTP_SECRET_MAX];
	struct answer answer;
	size_t i;

	answer_form(person, (const char *)a->typed.data, a->typed.len,
	    &answer, want);
	if (r->outcome == OUT_OK_TOTP) {
		c = &person->credentials[r->credential];
		memset(secret, (int)c->id, sizeof(secret));
		CLAIM(llabs(r->step - totp_step(now, c->period)) <=
		    (long long)window);
		CLAIM(totp_code(secret, otp_secret_length(c->algorithm),
		    c->algorithm, c->digits, r->step, code));
		CLAIM(strcmp(code, answer.digits) == 0);
	} else if (r->outcome == OUT_OK_PASS) {
		CLAIM(strcmp(PASS, want) == 0);
		in_time(a, &fake.accounts[r->account].passes[PASS_LOGIN]);
	} else
		CLAIM(strcmp(sheet[r->code], want) == 0);
	for (i = 0; i < accepted; i++)
		CLAIM(ledger[i].account != r->account ||
		    ledger[i].credential != r->credential ||
		    ledger[i].step != r->step || ledger[i].code != r->code);
	CLAIM(accepted < LEDGER);
	ledger[accepted++] = *r;
}

static const struct fake_record *
record_of(const struct ask *a)
{
	const struct fake_record *found = NULL;
	size_t i;

	for (i = 0; i < fake.count; i++) {
		if (fake.records[i].asked != a->name)
			continue;
		CLAIM(found == NULL);
		found = &fake.records[i];
	}
	return found;
}

static void
judge(const struct ask *a, const struct settings *s)
{
	const struct fake_record *r = record_of(a);
	struct policy p;

	site_policy(s, a->service, now, &p);
	CLAIM(a->outcome < OUT_COUNT && a->outcome != OUT_INTERNAL);
	CLAIM(a->outcome != OUT_ASK || a->verb == VERB_CHECK);
	if (r != NULL && a->request.known)
		CLAIM(r->outcome == a->outcome);
	if (is_accepted(a->outcome) || a->outcome == OUT_BAD_CODE) {
		CLAIM(a->verb == VERB_VERIFY && a->request.known);
		CLAIM(r != NULL && r->event);
		CLAIM(r->charged == (a->outcome == OUT_BAD_CODE));
	}
	if (is_accepted(a->outcome))
		was_right(a, r, s->window);
	if (a->outcome == OUT_NOT_COVERED)
		CLAIM(!p.covered && !a->own);
	if (a->outcome == OUT_NOT_ENROLLED) {
		CLAIM(p.pass_unenrolled && a->request.known);
		CLAIM(fake_was_loaded(a->name));
		CLAIM(no_files_keyring == ring_text);
	}
}

static void
asked_directly(struct site *site, const struct settings *s,
    struct input *in, uint8_t how)
{
	struct ask asks[ASKS], *pointers[ASKS];
	size_t i, n = 1 + how % ASKS;
	uint8_t verb = how & 64 ? VERB_CHECK : VERB_VERIFY;

	for (i = 0; i < n; i++) {
		any_ask(&asks[i], in, verb);
		pointers[i] = &asks[i];
	}
	if (verb == VERB_CHECK)
		verify_checks(site, s, pointers, n);
	else
		verify_answers(site, s, pointers, n);
	for (i = 0; i < n; i++)
		judge(&asks[i], s);
}

/* The same as packets, settings of the site; counted as a whole. */
static void
asked_by_packet(struct site *site, struct input *in, uint8_t how)
{
	static struct wire_writer packets[ASKS];
	static struct round_item items[ASKS];
	static struct ask a;
	struct caller caller = { .door = DOOR_LOGIN };
	struct wire_message m;
	size_t i, n = 1 + how % ASKS, in_records = 0, in_answers = 0;
	uint32_t outcome;

	for (i = 0; i < n; i++) {
		any_ask(&a, in, how & 64 && i % 2 ? VERB_CHECK : VERB_VERIFY);
		wire_start(&packets[i], WIRE_VERSION, a.verb);
		if (a.request.known) {
			wire_put_string(&packets[i], TAG_NAME, a.name);
			wire_put_uint(&packets[i], TAG_UID, a.uid);
		}
		wire_put_string(&packets[i], TAG_SERVICE, a.service);
		wire_put_bytes(&packets[i], TAG_ANSWER, a.typed.data,
		    a.typed.len);
		memset(&items[i], 0, sizeof(items[i]));
		items[i].packet = packets[i].data;
		items[i].len = packets[i].len;
		items[i].outcome = OUT_COUNT;
	}
	round_answer(site, &caller, items, n);
	for (i = 0; i < n; i++) {
		CLAIM(!items[i].deferred);
		CLAIM(items[i].outcome < OUT_COUNT &&
		    items[i].outcome != OUT_INTERNAL);
		CLAIM(wire_done(&items[i].reply) && wire_read(
		    items[i].reply.data, items[i].reply.len, &m));
		CLAIM(wire_get_uint(&m, TAG_OUTCOME, &outcome) &&
		    outcome == items[i].outcome);
		in_answers += is_accepted(items[i].outcome);
	}
	for (i = 0; i < fake.count; i++)
		in_records += is_accepted(fake.records[i].outcome);
	CLAIM(in_records == in_answers);
	/* What settings make of it is known here: nobody passes. */
	for (i = 0; i < n; i++)
		CLAIM(items[i].outcome != OUT_NOT_ENROLLED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	const struct settings *own;
	struct settings settings;
	struct failure f = { .path = "" };
	struct site *site;
	uint8_t how;
	int i;

	now = START;
	if (template[0].id == 0)
		make_host();
	memset(&fake, 0, sizeof(fake));
	accepted = 0;
	fake.in = &in;
	any_settings(&settings, &in);
	for (i = 0; i < FAKE_ACCOUNTS; i++) {
		fake.accounts[i] = template[i];
		any_account(&fake.accounts[i], &in);
	}
	site = site_new(&no_files_paths, STORE_SERVING);
	CLAIM(site != NULL);
	CLAIM(site_settings(site, 1, &own, &f) == OUT_DONE);
	for (i = 0; i < ROUNDS && in.len > 0; i++) {
		how = input_byte(&in);
		if (how >= 0xc0)
			now += (int32_t)input_number(&in, 4);
		else
			now += how >> 2 & 15;
		fake_forget();
		if (how & 32)
			asked_by_packet(site, &in, how);
		else
			asked_directly(site, &settings, &in, how);
	}
	site_free(site);
	CLAIM(fake.handles == 0);
	return 0;
}
