/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every step of the window of every authenticator is computed and compared
 * for every app code, and every hash for every recovery code, with no early
 * way out: time does not tell right from wrong.
 */
#include <string.h>

#include "common/outcome.h"
#include "common/text.h"
#include "daemon/answer.h"
#include "daemon/recovery.h"
#include "daemon/totp.h"

_Static_assert(ANSWER_CODE == RECOVERY_LENGTH + 1, "one recovery code");

static bool
all_digits(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

/* Is that many digits what one of the authenticators shows. */
static bool
digits_fit(const struct account *a, size_t len)
{
	size_t i;

	if (a->match != ACCOUNT_FOUND || a->credential_count == 0)
		return len == 6;
	for (i = 0; i < a->credential_count; i++)
		if (a->credentials[i].digits == len)
			return true;
	return false;
}

unsigned
answer_form(const struct account *a, const char *typed, size_t len,
    struct answer *out, char code[ANSWER_CODE])
{
	char plain[RECOVERY_LENGTH + 1];
	size_t i, n = 0;

	out->kind = KIND_NONE;
	explicit_bzero(out->digits, sizeof(out->digits));
	code[0] = '\0';
	for (i = 0; i < len && n <= RECOVERY_LENGTH; i++)
		if (typed[i] != ' ' && typed[i] != '-')
			plain[n++] = typed[i];
	if (n > 0 && n <= OTP_DIGITS_MAX && all_digits(plain, n)) {
		if (digits_fit(a, n)) {
			memcpy(out->digits, plain, n);
			out->kind = KIND_TOTP;
		}
	} else if (recovery_parse(typed, len, code))
		out->kind = KIND_RECOVERY;
	explicit_bzero(plain, sizeof(plain));
	return out->kind;
}

static void
compare_step(const struct credential *c, size_t which, int64_t step,
    const char *digits, struct match *v)
{
	char code[OTP_DIGITS_MAX + 1] = { 0 };
	bool same;

	if (!totp_code(c->secret.data, c->secret.len, c->algorithm, c->digits,
	    step, code))
		v->failed = true;
	same = text_equal(code, digits, sizeof(code));
	if (same && step > c->last_step) {
		v->fresh = true;
		v->steps[which] = step;
	} else if (same) {
		v->spent = true;
		v->next = (c->last_step + 1) * c->period;
	}
	explicit_bzero(code, sizeof(code));
}

struct match
match_totp(const struct account *a, unsigned window, const char *digits,
    int64_t now)
{
	const struct credential *c;
	struct match v = { 0 };
	size_t i, len = strnlen(digits, OTP_DIGITS_MAX);
	int64_t step, last;

	for (i = 0; i < a->credential_count; i++) {
		c = &a->credentials[i];
		if (c->kind != CREDENTIAL_TOTP || c->digits != len)
			continue;
		step = totp_step(now, c->period) - window;
		last = step + 2 * (int64_t)window;
		for (; step <= last; step++)
			compare_step(c, i, step, digits, &v);
	}
	return v;
}

bool
answer_is_pass(const struct answer *answer, const struct pass *p)
{
	bool same = text_equal(p->hash, answer->pass_hash, sizeof(p->hash));

	return same && p->created_at != 0;
}

struct match
match_recovery(const struct account *a, const struct answer *answer)
{
	const struct recovery_code *c;
	struct match v = { 0 };
	size_t i;

	for (i = 0; i < a->recovery.count; i++) {
		c = &a->recovery.codes[i];
		if (!text_equal(c->hash, answer->hash, sizeof(c->hash)))
			continue;
		v.which = i;
		v.fresh = c->spent_at == 0;
		v.spent = !v.fresh;
	}
	v.pass = answer_is_pass(answer, &a->passes[PASS_LOGIN]);
	return v;
}
