/* SPDX-License-Identifier: BSD-2-Clause */
/* Four people, their secrets, codes and passes, in whatever state. */
#include <time.h>

#include "daemon/keyring.h"
#include "daemon/seal.h"
#include "tests/fuzz/fuzz_decide.h"

const char host_ring[] =
    "0123abcd AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
/* Other bytes under the right id. */
static const char foreign_ring[] =
    "0123abcd AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHhg=\n";

int64_t host_now;
struct account host_people[FAKE_ACCOUNTS];
char host_sheet[HOST_CODES + 1][RECOVERY_LENGTH + 1];

/* Linked in place of the C library's. */
int __wrap_clock_gettime(clockid_t, struct timespec *);
bool __wrap_recovery_hash(const char *, const uint8_t *, unsigned, uint8_t *);
bool __real_recovery_hash(const char *, const uint8_t *, unsigned, uint8_t *);

int
__wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	ts->tv_sec = id == CLOCK_REALTIME ? host_now : 1000;
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

/* --- What stays ------------------------------------------------------- */

void
host_code(char code[RECOVERY_LENGTH + 1], unsigned seed)
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

bool
host_totp(const struct credential *c, int64_t step,
    char code[OTP_DIGITS_MAX + 1])
{
	uint8_t secret[OTP_SECRET_MAX];

	memset(secret, (int)c->id, sizeof(secret));
	return totp_code(secret, otp_secret_length(c->algorithm),
	    c->algorithm, c->digits, step, code);
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
	a->recovery.created_at = HOST_START - 1000;
	a->recovery.count = HOST_CODES;
	for (i = 0; i < HOST_CODES; i++)
		CLAIM(__real_recovery_hash(host_sheet[i], a->recovery.salt, 1,
		    a->recovery.codes[i].hash));
}

/* alice: two authenticators and codes; bob: one; carol: only codes; dave:
   nothing, and he once had a factor or not. */
void
host_make(void)
{
	static const char *const names[] = { "alice", "bob", "carol", "dave" };
	struct account *a = host_people;
	struct keyring *ring;
	struct failure f = { .path = "" };
	unsigned i;

	no_files_keyring = host_ring;
	CLAIM(keyring_read(no_files_paths.keyring, 0, &ring, NULL, &f) ==
	    OUT_DONE);
	for (i = 0; i <= HOST_CODES; i++)
		host_code(host_sheet[i], 3 + 40 * i);
	for (i = 0; i < FAKE_ACCOUNTS; i++) {
		a[i].match = ACCOUNT_FOUND;
		a[i].id = 1 + (int64_t)i;
		a[i].uid = 1000 + i;
		snprintf(a[i].name, sizeof(a[i].name), "%s", names[i]);
	}
	add_credential(ring, &a[0], OTP_SHA1, 6, 30);
	add_credential(ring, &a[0], OTP_SHA256, 6, 30);
	add_codes(&a[0]);
	add_credential(ring, &a[1], OTP_SHA512, 8, 60);
	CLAIM(seal_prove(ring, &fake_proof));
	add_codes(&a[2]);
	keyring_free(ring);
}

/* --- What the input says ---------------------------------------------- */

static void
any_limiter(struct limiter *m, struct input *in)
{
	uint8_t how = input_byte(in);

	m->consecutive = how & 1 ? input_byte(in) % 52 : 0;
	m->total = m->consecutive + (how & 2 ? input_byte(in) % 120 : 0);
	if (how & 4)
		m->total_since = HOST_START - (int64_t)input_number(in, 4);
	if (how & 8) {
		m->wait_start = HOST_START + (int16_t)input_number(in, 2);
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

	p->created_at = HOST_START + (int16_t)input_number(in, 2);
	p->expires_at = p->created_at + PASS_TTL_MIN +
	    input_number(in, 2) % (PASS_TTL_MAX - PASS_TTL_MIN);
	p->rounds = RECOVERY_ROUNDS;
	memset(p->salt, how, sizeof(p->salt));
	CLAIM(__real_recovery_hash(HOST_PASS, p->salt, 1, p->hash));
	if ((how & 3) == 3)
		memcpy(p->service, how & 4 ? "sshd" : "su", how & 4 ? 5 : 3);
	if ((how & 24) == 24)
		p->used_at = HOST_START - 1;
	if ((how & 96) == 96)
		p->seen_at = HOST_START + (int8_t)input_byte(in);
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
		a->enrolled_at = HOST_START - 1000;
	for (i = 0; how & 8 && i < LIMITERS; i++)
		any_limiter(&a->limiters[i], in);
	for (i = 0; how & 16 && i < a->credential_count; i++) {
		c = &a->credentials[i];
		c->last_step = HOST_START / c->period +
		    (int8_t)input_byte(in);
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
	s->allow_until = HOST_START + (how & 4 ? 1000 : -1000);
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
	    foreign_ring : host_ring;
}

void
host_start(struct settings *s, struct input *in)
{
	int i;

	host_now = HOST_START;
	memset(&fake, 0, sizeof(fake));
	fake.in = in;
	any_settings(s, in);
	for (i = 0; i < FAKE_ACCOUNTS; i++) {
		fake.accounts[i] = host_people[i];
		any_account(&fake.accounts[i], in);
	}
}
