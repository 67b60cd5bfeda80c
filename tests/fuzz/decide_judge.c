/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold for what was answered. */
#include "common/text.h"
#include "daemon/answer.h"
#include "daemon/site.h"
#include "tests/fuzz/fuzz_decide.h"

/* Everything accepted in this run: nothing stands here twice. */
static struct fake_record ledger[ROUNDS * ASKS];
static size_t accepted;

void
judge_start(void)
{
	accepted = 0;
}

bool
judge_accepted(enum outcome o)
{
	return o == OUT_OK_TOTP || o == OUT_OK_RECOVERY || o == OUT_OK_PASS;
}

void
judge_once(const struct fake_record *r)
{
	size_t i;

	for (i = 0; i < accepted; i++)
		CLAIM(ledger[i].account != r->account ||
		    ledger[i].credential != r->credential ||
		    ledger[i].step != r->step || ledger[i].code != r->code);
	CLAIM(accepted < COUNT(ledger));
	ledger[accepted++] = *r;
}

/* Neither early nor late, nor where it was not meant for. */
static void
in_time(const struct ask *a, const struct pass *p)
{
	CLAIM(p->used_at == host_now && host_now >= p->created_at &&
	    host_now < p->expires_at);
	CLAIM(p->service[0] == '\0' || (a->request.door == DOOR_LOGIN &&
	    strcmp(p->service, a->service) == 0));
}

/* The typed code is that step's, near this time, and nobody used it. */
static void
was_right(const struct ask *a, const struct fake_record *r, unsigned window)
{
	const struct account *person = &host_people[r->account];
	const struct credential *c;
	char code[OTP_DIGITS_MAX + 1] = "", want[ANSWER_CODE];
	struct answer answer;

	answer_form(person, (const char *)a->typed.data, a->typed.len,
	    &answer, want);
	if (r->outcome == OUT_OK_TOTP) {
		c = &person->credentials[r->credential];
		CLAIM(llabs(r->step - totp_step(host_now, c->period)) <=
		    (long long)window);
		CLAIM(host_totp(c, r->step, code));
		CLAIM(strcmp(code, answer.digits) == 0);
	} else if (r->outcome == OUT_OK_PASS) {
		CLAIM(strcmp(HOST_PASS, want) == 0);
		in_time(a, &fake.accounts[r->account].passes[PASS_LOGIN]);
	} else
		CLAIM(strcmp(host_sheet[r->code], want) == 0);
	judge_once(r);
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

void
judge_ask(const struct ask *a, const struct settings *s)
{
	const struct fake_record *r = record_of(a);
	struct policy p;

	site_policy(s, a->service, host_now, &p);
	CLAIM(a->outcome < OUT_COUNT && a->outcome != OUT_INTERNAL);
	CLAIM(a->outcome != OUT_ASK || a->verb == VERB_CHECK);
	if (r != NULL && a->request.known)
		CLAIM(r->outcome == a->outcome);
	if (judge_accepted(a->outcome) || a->outcome == OUT_BAD_CODE) {
		CLAIM(a->verb == VERB_VERIFY && a->request.known);
		CLAIM(r != NULL && r->event);
		CLAIM(r->charged == (a->outcome == OUT_BAD_CODE));
	}
	if (judge_accepted(a->outcome))
		was_right(a, r, s->window);
	if (a->outcome == OUT_NOT_COVERED)
		CLAIM(!p.covered && !a->own);
	if (a->outcome == OUT_NOT_ENROLLED) {
		CLAIM(p.pass_unenrolled && a->request.known);
		CLAIM(fake_was_loaded(a->name));
		CLAIM(no_files_keyring == host_ring);
	}
}
