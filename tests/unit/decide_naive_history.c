/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/hmac.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/decide_naive.h"

static const char symbols[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* ---- codes ---- */

void
naive_totp(const struct naive_device *d, int64_t step, char code[9])
{
	const EVP_MD *md = d->algorithm == OTP_SHA1 ? EVP_sha1() :
	    d->algorithm == OTP_SHA256 ? EVP_sha256() : EVP_sha512();
	unsigned char text[8], mac[EVP_MAX_MD_SIZE];
	unsigned int i, n = 0, at;
	unsigned long number, size = 1;

	for (i = 0; i < 8; i++)
		text[i] = (unsigned char)((uint64_t)step >> (56 - 8 * i));
	HMAC(md, d->secret, (int)d->secret_len, text, 8, mac, &n);
	at = mac[n - 1] % 16;
	number = (mac[at] % 128) * 16777216ul + mac[at + 1] * 65536ul +
	    mac[at + 2] * 256ul + mac[at + 3];
	for (i = 0; i < d->digits; i++)
		size *= 10;
	snprintf(code, 9, "%0*lu", (int)d->digits, number % size);
}

char
naive_symbol(const char code[15])
{
	unsigned i, rest = 0;

	for (i = 0; i < 15; i++)
		rest = (rest * 32 +
		    (unsigned)(strchr(symbols, code[i]) - symbols)) % 37;
	return rest < 32 ? symbols[rest] : 0;
}

static bool
fits(const struct naive *w, size_t digits)
{
	size_t i;

	if (w->match != ACCOUNT_FOUND || w->devices == 0)
		return digits == 6;
	for (i = 0; i < w->devices; i++)
		if (w->device[i].digits == digits)
			return true;
	return false;
}

unsigned
naive_form(const struct naive *w, const char *typed, size_t len,
    char clean[NAIVE_CODE])
{
	char text[NAIVE_TYPED + 1];
	size_t i, n = 0;

	memset(clean, 0, NAIVE_CODE);
	for (i = 0; i < len; i++)
		if (typed[i] != ' ' && typed[i] != '-')
			text[n++] = typed[i];
	text[n] = '\0';
	if (strlen(text) != n || n == 0 || n > 16)
		return KIND_NONE;
	if (strspn(text, "0123456789") == n && fits(w, n)) {
		strcpy(clean, text);
		return KIND_TOTP;
	}
	for (i = 0; i < n; i++) {
		if (text[i] >= 'a' && text[i] <= 'z')
			text[i] = (char)(text[i] - 'a' + 'A');
		if (text[i] == 'O')
			text[i] = '0';
		if (text[i] == 'I' || text[i] == 'L')
			text[i] = '1';
	}
	if (n != 16 || strspn(text, symbols) != 16 ||
	    naive_symbol(text) != text[15])
		return KIND_NONE;
	strcpy(clean, text);
	return KIND_RECOVERY;
}

/* ---- history ---- */

static bool
about(const struct naive_event *e, unsigned kind, int door)
{
	return e->kind == kind && e->door == door;
}

/* Failures in a row among the first n events. */
static int64_t
failures(const struct naive *w, size_t n, unsigned kind, int door)
{
	int64_t count = 0;

	while (n-- > 0) {
		if (!about(&w->event[n], kind, door))
			continue;
		if (w->event[n].what == NAIVE_RIGHT ||
		    w->event[n].what == NAIVE_RESET)
			break;
		if (w->event[n].what == NAIVE_WRONG)
			count++;
	}
	return count;
}

int64_t
naive_consecutive(const struct naive *w, unsigned kind, int door)
{
	return failures(w, w->events, kind, door);
}

/* The wait that n failures bring: 0 unless n is a multiple. */
int64_t
naive_penalty(int64_t n, const struct limits *limits)
{
	int64_t seconds = limits->lock, i;

	if (n == 0 || n % limits->attempts != 0)
		return 0;
	for (i = n / limits->attempts; i > 1; i--)
		if (seconds < 86400)
			seconds *= 2;
	return seconds < 86400 ? seconds : 86400;
}

bool
naive_wait(const struct naive *w, unsigned kind, int door, int64_t *start,
    int64_t *length)
{
	const struct naive_event *e;
	size_t n = w->events;
	bool later = false;

	*start = *length = 0;
	while (n-- > 0) {
		e = &w->event[n];
		if (!about(e, kind, door))
			continue;
		if (e->what == NAIVE_RIGHT || e->what == NAIVE_RESET)
			return false;
		if (e->what == NAIVE_LATER && !later) {
			later = true;
			*start = e->at;
		}
		if (e->what == NAIVE_WRONG) {
			*length = naive_penalty(failures(w, n + 1, kind, door),
			    &e->limits);
			if (*length == 0)
				continue;
			if (!later)
				*start = e->at;
			return true;
		}
	}
	return false;
}

int64_t
naive_total(const struct naive *w, unsigned kind, int door, int64_t *since)
{
	const struct naive_event *e;
	int64_t total = 0;
	size_t i;

	*since = 0;
	for (i = 0; i < w->events; i++) {
		e = &w->event[i];
		if (e->door != door)
			continue;
		if (e->what == NAIVE_RESET && e->kind == kind)
			total = *since = 0;
		if (e->what == NAIVE_WRONG && e->kind == kind) {
			total++;
			if (*since == 0)
				*since = e->at;
		}
		if (e->what != NAIVE_RIGHT)
			continue;
		if (kind == KIND_TOTP)
			total -= e->earlier;
		if (total < 0)
			total = 0;
		if (e->kind != kind)
			continue;
		if (*since != 0 && e->at - *since >= 365 * 86400)
			total = *since = 0;
		/* the first year begins here too; the clock was set back */
		if (*since == 0 || *since > e->at)
			*since = e->at;
	}
	return total;
}

int64_t
naive_last_step(const struct naive *w, size_t device)
{
	const struct naive_event *e;
	int64_t last = w->device[device].first;
	size_t i;

	for (i = 0; i < w->events; i++) {
		e = &w->event[i];
		if (e->what == NAIVE_RIGHT && e->kind == KIND_TOTP &&
		    e->life == w->life && e->steps[device] > last)
			last = e->steps[device];
	}
	return last;
}

/* The event that used a code or, last, a device; NULL: never. */
const struct naive_event *
naive_used(const struct naive *w, unsigned kind, size_t which)
{
	size_t n = w->events;

	while (n-- > 0)
		if (w->event[n].what == NAIVE_RIGHT &&
		    w->event[n].kind == kind && w->event[n].life == w->life &&
		    (kind == KIND_TOTP ? w->event[n].steps[which] > 0 :
		    w->event[n].which == which))
			return &w->event[n];
	return NULL;
}

unsigned
naive_codes_left(const struct naive *w)
{
	unsigned left = 0;
	size_t i;

	for (i = 0; i < w->codes; i++)
		if (naive_used(w, KIND_RECOVERY, i) == NULL)
			left++;
	return left;
}

void
naive_remember(struct naive *w, enum naive_what what, unsigned kind,
    const struct naive_ask *ask, const struct naive_found *found)
{
	struct naive_event *e = &w->event[w->events++];

	*e = (struct naive_event){ .what = what, .at = ask->now,
	    .door = ask->door == DOOR_PUBLIC, .kind = kind,
	    .earlier = ask->earlier, .life = w->life,
	    .limits = ask->policy->limits };
	if (found != NULL) {
		e->which = found->which;
		memcpy(e->steps, found->steps, sizeof(e->steps));
	}
}

void
naive_remember_pass(struct naive *w, enum naive_what what,
    const struct naive_ask *ask, int i)
{
	if (w->pass[i].number == 0)
		return;
	naive_remember(w, what, KIND_RECOVERY, ask, NULL);
	w->event[w->events - 1].pass = w->pass[i].number;
	w->event[w->events - 1].which = SIZE_MAX;	/* no code of a set */
}

const struct naive_event *
naive_pass_used(const struct naive *w, int i)
{
	size_t n;

	for (n = 0; n < w->events; n++)
		if (w->event[n].what == NAIVE_RIGHT && w->pass[i].number != 0 &&
		    w->event[n].pass == w->pass[i].number)
			return &w->event[n];
	return NULL;
}

int64_t
naive_pass_seen(const struct naive *w, int i)
{
	int64_t latest = 0;
	size_t n;

	for (n = 0; n < w->events; n++)
		if (w->event[n].what == NAIVE_SEEN &&
		    w->event[n].pass == w->pass[i].number &&
		    w->event[n].at > latest)
			latest = w->event[n].at;
	return latest;
}

void
naive_reset(struct naive *w, unsigned kind, int64_t now)
{
	struct policy none = { 0 };
	struct naive_ask ask = { .policy = &none, .now = now };

	naive_remember(w, NAIVE_RESET, kind, &ask, NULL);
	ask.door = DOOR_PUBLIC;
	naive_remember(w, NAIVE_RESET, kind, &ask, NULL);
}

void
naive_account(const struct naive *w, struct account *a)
{
	static const struct { unsigned kind; int door; } of[LIMITERS] = {
		[LIMITER_TOTP_LOGIN] = { KIND_TOTP, 0 },
		[LIMITER_RECOVERY_LOGIN] = { KIND_RECOVERY, 0 },
		[LIMITER_TOTP_PUBLIC] = { KIND_TOTP, 1 },
		[LIMITER_RECOVERY_PUBLIC] = { KIND_RECOVERY, 1 },
	};
	const struct naive_event *e;
	struct limiter *l;
	size_t i;

	for (i = 0; i < LIMITERS; i++) {
		l = &a->limiters[i];
		l->consecutive = naive_consecutive(w, of[i].kind, of[i].door);
		l->total = naive_total(w, of[i].kind, of[i].door,
		    &l->total_since);
		naive_wait(w, of[i].kind, of[i].door, &l->wait_start,
		    &l->wait_length);
	}
	for (i = 0; i < w->devices; i++) {
		e = naive_used(w, KIND_TOTP, i);
		a->credentials[i].last_step = naive_last_step(w, i);
		a->credentials[i].used_at = e == NULL ? 0 : e->at;
	}
	for (i = 0; i < 2; i++) {
		if (w->pass[i].number == 0)
			continue;
		/* A ticket is spent by enrolling, which takes it away. */
		e = i == 0 ? naive_pass_used(w, 0) : NULL;
		a->passes[i].used_at = e == NULL ? 0 : e->at > 0 ? e->at : 1;
		a->passes[i].seen_at = naive_pass_seen(w, (int)i);
	}
	for (i = 0; i < w->codes; i++) {
		e = naive_used(w, KIND_RECOVERY, i);
		a->recovery.codes[i].spent_at = e == NULL ? 0 :
		    e->at > 0 ? e->at : 1;
	}
}
