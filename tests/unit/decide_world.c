/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "tests/unit/decide_world.h"

#define DAY	86400
#define YEAR	(365 * (int64_t)DAY)
#define TODAY	INT64_C(1800000000)

/*
 * Where two authenticators, or two steps of one, show the same six digits;
 * found by trying.
 */
static const char twin_secret[2][21] = {
	"twenty bytes for one", "twenty more for two."
};
static const int64_t twin_step[] = {
	60155804,	/* the first one's code of the step before */
	60463863,	/* the second's is the first's of the step before */
	61326312	/* the first's is the second's of the step before */
};

/* splitmix64 */
static uint64_t
draw64(struct world *w)
{
	uint64_t x = w->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

unsigned
world_draw(struct world *w, unsigned n)
{
	return (unsigned)((draw64(w) >> 32) * n >> 32);
}

bool
world_chance(struct world *w, unsigned percent)
{
	return world_draw(w, 100) < percent;
}

static void
fill(struct world *w, uint8_t *data, size_t len)
{
	while (len-- > 0)
		*data++ = (uint8_t)world_draw(w, 256);
}

/* ---- settings ---- */

static void
settings(struct world *w)
{
	struct limits *l = &w->policy.limits;
	bool small = world_chance(w, 60);

	l->attempts = 3 + world_draw(w, small ? 4 : 18);
	l->lock = world_chance(w, 20) ? 86400 : 60 + world_draw(w, 5000);
	do
		l->cap = 10 + world_draw(w, small ? 12 : 41);
	while (l->cap <= l->attempts);
	l->cap_year = l->cap + world_draw(w, small ? 10 : 60);
	w->policy.window = world_draw(w, 3);
}

/* One kind is counted from the beginning, at both doors. */
static void
unlock(struct world *w, unsigned kind)
{
	struct limiter *l = w->account.limiters;
	bool app = kind == KIND_TOTP;

	naive_reset(&w->naive, kind, w->now);
	memset(&l[app ? LIMITER_TOTP_LOGIN : LIMITER_RECOVERY_LOGIN], 0,
	    sizeof(*l));
	memset(&l[app ? LIMITER_TOTP_PUBLIC : LIMITER_RECOVERY_PUBLIC], 0,
	    sizeof(*l));
}

/* ---- factors ---- */

void
world_code(struct world *w, char code[NAIVE_CODE])
{
	static const char symbols[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	unsigned i, n = world_chance(w, 10) ? 10 : 32;	/* 10: digits alone */

	do {
		for (i = 0; i < 15; i++)
			code[i] = symbols[world_draw(w, n)];
		code[15] = naive_symbol(code);
	} while (code[15] == '\0');
	code[16] = '\0';
}

static void
new_device(struct world *w, size_t i)
{
	static const unsigned periods[] = { 30, 30, 30, 60, 15, 120, 47 };
	struct naive_device *d = &w->naive.device[i];
	struct credential *c = &w->account.credentials[i];

	memset(d, 0, sizeof(*d));
	d->algorithm = (enum otp_algorithm)(OTP_SHA1 + world_draw(w, 3));
	d->secret_len = d->algorithm == OTP_SHA1 ? 20 :
	    d->algorithm == OTP_SHA256 ? 32 : 64;
	d->digits = world_chance(w, 70) ? 6 : 8;
	d->period = periods[world_draw(w, 7)];
	fill(w, d->secret, d->secret_len);
	d->first = (w->now < 0 ? 0 : w->now) / d->period;

	memset(c, 0, sizeof(*c));
	c->id = (int64_t)(draw64(w) >> 2) + 1;
	c->kind = CREDENTIAL_TOTP;
	snprintf(c->label, sizeof(c->label), "phone %zu", i);
	c->algorithm = d->algorithm;
	c->digits = d->digits;
	c->period = d->period;
	c->created_at = w->now;
	c->last_step = d->first;
	fill(w, c->sealed.data, sizeof(c->sealed.data));
	c->sealed.len = d->secret_len + SEAL_TAG;
}

/* The two whose codes meet; or one secret, twice. */
static void
new_twins(struct world *w)
{
	bool one = world_chance(w, 30);
	size_t i;

	for (i = 0; i < 2; i++) {
		struct naive_device *d = &w->naive.device[i];
		struct credential *c = &w->account.credentials[i];

		d->algorithm = c->algorithm = OTP_SHA1;
		d->digits = c->digits = 6;
		d->period = c->period = 30;
		d->secret_len = 20;
		memcpy(d->secret, twin_secret[one ? 0 : i], 20);
		d->first = c->last_step = 1000;
	}
}

static void
take_pass(struct world *w, int i)
{
	if (w->naive.pass[i].number != 0)
		memcpy(w->gone, w->naive.pass[i].code, sizeof(w->gone));
	memset(&w->naive.pass[i], 0, sizeof(w->naive.pass[i]));
	memset(&w->account.passes[i], 0, sizeof(w->account.passes[i]));
}

/* Root gives a pass or a ticket; the clock is one that can be. */
static void
give_pass(struct world *w, int i)
{
	static const char *const services[] = { "", "", "", "sshd", "sudo" };
	struct naive_pass *n = &w->naive.pass[i];
	struct pass *p = &w->account.passes[i];

	if (w->naive.match != ACCOUNT_FOUND || w->now <= 0)
		return;
	take_pass(w, i);
	n->number = ++w->passes;
	n->made = w->now;
	n->seconds = world_chance(w, 20) ? PASS_TTL_MAX : PASS_TTL_MIN +
	    world_draw(w, 4000);
	world_code(w, n->code);
	if (i == 0)
		strcpy(n->service, services[world_draw(w, 5)]);
	p->created_at = n->made;
	p->expires_at = n->made + n->seconds;
	p->rounds = RECOVERY_ROUNDS;
	fill(w, p->salt, sizeof(p->salt));
	strcpy(p->service, n->service);
	strcpy(p->note, "why");
}

static void
enroll(struct world *w)
{
	struct naive *n = &w->naive;
	struct account *a = &w->account;
	size_t i;

	if (n->codes > 0)
		memcpy(w->old, n->code[0], sizeof(w->old));
	n->match = a->match = ACCOUNT_FOUND;
	n->had_factor = true;
	n->life++;
	a->enrolled_at = w->now == 0 ? 1 : w->now;
	n->devices = world_chance(w, 12) ? 0 : world_chance(w, 60) ? 1 :
	    world_chance(w, 60) ? 2 : 3 + world_draw(w, 6);
	for (i = 0; i < n->devices; i++)
		new_device(w, i);
	if (n->devices >= 2 && world_chance(w, 50))
		new_twins(w);
	a->credential_count = n->devices;

	n->codes = world_chance(w, 10) ? 0 :
	    1 + world_draw(w, ACCOUNT_CODES_MAX);
	memset(&a->recovery, 0, sizeof(a->recovery));
	for (i = 0; i < n->codes; i++)
		world_code(w, n->code[i]);
	a->recovery.count = n->codes;
	if (n->codes > 0) {
		a->recovery.created_at = w->now == 0 ? 1 : w->now;
		a->recovery.rounds = RECOVERY_ROUNDS;
		fill(w, a->recovery.salt, sizeof(a->recovery.salt));
	}
	take_pass(w, 0);
	take_pass(w, 1);
	unlock(w, KIND_TOTP);
}

/* No factor any more; the row stays. */
static void
strip(struct world *w)
{
	w->naive.devices = w->naive.codes = 0;
	w->naive.life++;
	w->account.credential_count = 0;
	memset(w->account.credentials, 0, sizeof(w->account.credentials));
	memset(&w->account.recovery, 0, sizeof(w->account.recovery));
}

/* Somebody of whom the store knows nothing. */
static void
forget(struct world *w)
{
	uint64_t state = w->state;
	unsigned guesses = w->guesses;
	int passes = w->passes;
	struct policy policy = w->policy;
	int64_t now = w->now;

	memset(w, 0, sizeof(*w));
	w->state = state;
	w->guesses = guesses;
	w->passes = passes;
	w->policy = policy;
	w->now = now;
	w->naive.known = true;
	strcpy(w->account.name, "alice");
	w->account.uid = 1000;
}

/* A row without a factor, then perhaps the factor. */
static void
appear(struct world *w, bool factor)
{
	forget(w);
	w->naive.match = w->account.match = ACCOUNT_FOUND;
	w->account.id = 4711;
	w->account.created_at = w->now;
	if (factor)
		enroll(w);
}

void
world_start(struct world *w, uint64_t seed)
{
	static const unsigned guesses[] = { 5, 30, 60, 85, 97 };

	memset(w, 0, sizeof(*w));
	w->state = seed;
	w->now = TODAY + world_draw(w, 100 * DAY);
	w->guesses = guesses[world_draw(w, 5)];
	settings(w);
	appear(w, true);
}

/* ---- time ---- */

/* To the very second at which something ends, or beside it. */
static bool
to_edge(struct world *w)
{
	const struct naive *n = &w->naive;
	unsigned kind = world_chance(w, 60) ? KIND_TOTP : KIND_RECOVERY;
	int door = (int)world_draw(w, 2);
	int64_t start, length, since;
	int pass = (int)world_draw(w, 2);

	if (n->pass[pass].number != 0 && world_chance(w, 30)) {
		w->now = n->pass[pass].made + (world_chance(w, 30) ? 0 :
		    n->pass[pass].seconds) + (int)world_draw(w, 3) - 1;
		return true;
	}
	if (world_chance(w, 25)) {
		naive_total(n, kind, door, &since);
		if (since == 0)
			return false;
		w->now = since + YEAR - 1 + world_draw(w, 3);
		w->eager = true;
		return true;
	}
	if (!naive_wait(n, kind, door, &start, &length))
		return false;
	w->now = world_chance(w, 25) ? start : start + length;
	w->now += (int)world_draw(w, 3) - 1;
	return true;
}

static void
pass_time(struct world *w)
{
	static const int64_t places[] = {
		0, 1, 17, 100000, -5, -100000, INT64_C(0x7fffffff) - 1,
		INT64_C(0x7fffffff) + 1, INT64_C(0xffffffff) - 1,
		INT64_C(0xffffffff) + 1, TODAY, TODAY, TODAY, TODAY
	};
	unsigned what = world_draw(w, 1000);
	int64_t by = 0;

	if ((w->now < DAY || w->now > TODAY + 20 * YEAR) && world_chance(w, 15))
		w->now = TODAY + world_draw(w, DAY);
	if (what < 300)
		by = world_draw(w, 3);
	else if (what < 550)
		by = world_draw(w, 120);
	else if (what < 650)
		by = world_draw(w, 3600);
	else if (what < 850 && to_edge(w))
		;
	else if (what < 890)
		by = world_draw(w, 3 * DAY);
	else if (what < 900)
		by = world_draw(w, 400 * DAY);
	else if (what < 930)
		by = -(int64_t)world_draw(w, 200);
	else if (what < 940)
		by = -(int64_t)world_draw(w, 2 * DAY);
	else if (what < 943)
		by = -(int64_t)world_draw(w, 400 * DAY);
	else if (what < 948)
		w->now = places[world_draw(w, 14)];
	else if (what < 952)
		w->now = 0;
	else if (what < 964) {
		w->now = 30 * twin_step[world_draw(w, 3)] + world_draw(w, 30);
		w->eager = true;
	}
	w->now += by;
}

/* ---- the rest of the world ---- */

void
world_turn(struct world *w)
{
	struct naive *n = &w->naive;
	struct policy *p = &w->policy;
	unsigned what = world_draw(w, 1000);

	w->eager = false;
	pass_time(w);
	p->covered = !world_chance(w, 2);
	p->key_ok = !world_chance(w, 4);
	p->clock_ok = w->now >= TODAY - 4 * YEAR ? !world_chance(w, 3) :
	    w->now >= DAY && world_chance(w, 50);
	if (world_chance(w, 10)) {
		p->pass_unenrolled = world_chance(w, 50);
		p->pass_once = p->pass_unenrolled && world_chance(w, 50);
	}
	n->known = !world_chance(w, 2);

	if (n->match != ACCOUNT_FOUND && what < 100)
		appear(w, true);
	else if (n->match == ACCOUNT_FOUND && n->devices + n->codes == 0 &&
	    what < 500 && world_chance(w, 80))
		give_pass(w, what < 250 ? 0 : 1);
	else if (n->match == ACCOUNT_FOUND && n->devices + n->codes == 0 &&
	    what < 550)
		enroll(w);
	else if (what < 12)
		enroll(w);
	else if (what < 15)
		strip(w);
	else if (what < 17)
		forget(w);
	else if (what < 19) {
		forget(w);
		n->match = w->account.match = ACCOUNT_CHANGED;
	} else if (what < 21)
		appear(w, false);
	else if (what < 30)
		n->locked = w->account.locked = true;
	else if (what < 36)
		unlock(w, KIND_TOTP);
	else if (what < 38)
		unlock(w, KIND_RECOVERY);
	else if (what < 42)
		settings(w);
	else if (what < 80)
		give_pass(w, 0);
	else if (what < 84)
		take_pass(w, (int)world_draw(w, 2));
	else if (what < 90)
		give_pass(w, 1);
	else if (what < 100)
		n->locked = w->account.locked = false;
}
