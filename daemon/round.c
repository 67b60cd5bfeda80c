/* SPDX-License-Identifier: BSD-2-Clause */
#include <security/_pam_types.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/ask.h"
#include "daemon/round.h"
#include "daemon/verify.h"

/* The asks of one round, parted by what they need. */
struct round {
	struct ask	*asks;
	struct ask	*checks[ROUND_MAX];
	struct ask	*answers[ROUND_MAX];
	size_t		 check_count;
	size_t		 answer_count;
	size_t		 recovery_count;
};

/* Nothing decided yet; a lost branch answers OUT_INTERNAL. */
static bool
round_take(struct round *r, const struct caller *caller,
    struct round_item *item, struct ask *a)
{
	uint8_t verb;
	enum outcome o;

	o = ask_read(item->packet, item->len, caller, a, &verb);
	a->verb = verb;
	a->request.door = caller->door;
	a->outcome = OUT_INTERNAL;
	if (o != OUT_ASK) {
		a->outcome = o;
		failure_set(&a->failure, o, NULL, "%s", o == OUT_PEER ?
		    "asked about somebody else" : "malformed request");
		return true;
	}
	if (verb == VERB_CHECK) {
		r->checks[r->check_count++] = a;
		return true;
	}
	if (a->code[0] != '\0' && ++r->recovery_count > ROUND_RECOVERY_MAX)
		return false;
	r->answers[r->answer_count++] = a;
	return true;
}

static void
round_refuse_all(struct round *r, enum outcome o, const struct failure *f)
{
	size_t i;

	for (i = 0; i < r->check_count; i++) {
		r->checks[i]->outcome = o;
		r->checks[i]->failure = *f;
	}
	for (i = 0; i < r->answer_count; i++) {
		r->answers[i]->outcome = o;
		r->answers[i]->failure = *f;
	}
}

static const char *
round_decide(struct round *r, struct site *site)
{
	const struct settings *settings;
	struct failure f = { 0 };
	enum outcome o;

	if (r->check_count == 0 && r->answer_count == 0)
		return NULL;
	o = site_settings(site, wire_now_ms(), &settings, &f);
	if (o != OUT_DONE) {
		round_refuse_all(r, o, &f);
		return NULL;
	}
	verify_checks(site, settings, r->checks, r->check_count);
	verify_answers(site, settings, r->answers, r->answer_count);
	return settings->help;
}

/* The line added to every refusal alike; not to what lets people in. */
static const char *
round_help(const char *help, enum outcome o)
{
	switch (outcome_row(o)->pam) {
	case PAM_SUCCESS:
	case PAM_IGNORE:
		return NULL;
	default:
		return help;
	}
}

void
round_answer(struct site *site, const struct caller *caller,
    struct round_item *items, size_t n)
{
	struct round r = { 0 };
	const char *help;
	size_t i;

	if (n > ROUND_MAX)
		n = ROUND_MAX;
	r.asks = calloc(n, sizeof(*r.asks));
	for (i = 0; i < n; i++) {
		items[i].outcome = OUT_MEMORY;
		items[i].deferred = r.asks != NULL && !round_take(&r, caller,
		    &items[i], &r.asks[i]);
		if (r.asks == NULL)
			round_refuse(0, OUT_MEMORY, NULL, &items[i].reply);
	}
	if (r.asks == NULL)
		return;
	help = round_decide(&r, site);
	for (i = 0; i < n; i++) {
		if (items[i].deferred)
			continue;
		items[i].outcome = r.asks[i].outcome;
		items[i].failure = r.asks[i].failure;
		ask_reply(&r.asks[i], round_help(help, items[i].outcome),
		    &items[i].reply);
	}
	explicit_bzero(r.asks, n * sizeof(*r.asks));
	free(r.asks);
}

void
round_refuse(uint8_t verb, enum outcome o, const struct failure *f,
    struct wire_writer *w)
{
	wire_start(w, WIRE_VERSION, verb | WIRE_REPLY);
	wire_put_uint(w, TAG_OUTCOME, o);
	if (f == NULL)
		return;
	if (f->path[0] != '\0')
		wire_put_cut(w, TAG_PATH, f->path);
	if (f->reason[0] != '\0')
		wire_put_cut(w, TAG_REASON, f->reason);
}
