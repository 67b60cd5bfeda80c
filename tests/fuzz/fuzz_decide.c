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
 * - who was told "wrong" was charged;
 * - a packet that is no request, or about somebody else at the public door,
 *   is told so, and nothing is on record of it; what is put off is the
 *   ninth recovery-shaped answer or a later one, and answered next time.
 *
 * fake_store.c holds the callers to the rest.
 */
#include "daemon/round.h"
#include "daemon/site.h"
#include "daemon/verify.h"
#include "tests/fuzz/fuzz_decide.h"

const char fuzz_name[] = "decide";

#define DIRECT	6

static void
asked_directly(struct site *site, const struct settings *s,
    struct input *in, uint8_t how)
{
	struct ask asks[DIRECT], *pointers[DIRECT];
	size_t i, n = 1 + how % DIRECT;
	uint8_t verb = how & 64 ? VERB_CHECK : VERB_VERIFY;

	for (i = 0; i < n; i++) {
		ask_any(&asks[i], in, verb);
		pointers[i] = &asks[i];
	}
	if (verb == VERB_CHECK)
		verify_checks(site, s, pointers, n);
	else
		verify_answers(site, s, pointers, n);
	for (i = 0; i < n; i++)
		judge_ask(&asks[i], s);
}

/* --- The same as packets, settings of the site ------------------------ */

/* One packet of a round, and what may be said to it. */
struct packet {
	struct wire_writer w;
	bool	 spoilt;	/* a byte is another, or the end is missing */
	bool	 stranger;	/* about somebody else at the public door */
	bool	 recovery;	/* an answer of that shape */
	bool	 covered;	/* not the password check of self-service */
};

static void
spoil(struct wire_writer *w, struct input *in)
{
	size_t at = input_number(in, 2) % (2 * w->len);

	if (at < w->len)
		w->data[at] = input_byte(in);
	else
		w->len = at - w->len;
}

static void
make_packet(struct packet *p, const struct caller *caller, struct input *in,
    uint8_t verb)
{
	static struct ask a;
	struct wire_writer *w = &p->w;

	memset(p, 0, sizeof(*p));
	ask_any(&a, in, verb);
	wire_start(w, WIRE_VERSION, a.verb);
	if (a.request.known) {
		wire_put_string(w, TAG_NAME, a.name);
		wire_put_uint(w, TAG_UID, a.uid);
	}
	wire_put_string(w, TAG_SERVICE, a.service);
	if (verb == VERB_VERIFY) {
		wire_put_bytes(w, TAG_ANSWER, a.typed.data, a.typed.len);
		wire_put_uint(w, TAG_EARLIER, (uint32_t)a.request.earlier);
	}
	p->recovery = a.code[0] != '\0';
	p->covered = strcmp(a.service, SITE_OWN_SERVICE) != 0;
	p->stranger = caller->door == DOOR_PUBLIC && a.request.known &&
	    (a.uid != caller->uid || strcmp(a.name, caller->name) != 0);
	p->spoilt = a.own;
	if (p->spoilt)
		spoil(w, in);
}

static void
judge_packet(const struct packet *p, const struct round_item *item)
{
	struct wire_message m;
	uint32_t outcome;

	CLAIM(item->outcome < OUT_COUNT && item->outcome != OUT_INTERNAL);
	CLAIM(wire_done(&item->reply) && wire_read(item->reply.data,
	    item->reply.len, &m));
	CLAIM(wire_get_uint(&m, TAG_OUTCOME, &outcome) &&
	    outcome == item->outcome);
	/* What settings make of it is known here: nobody passes. */
	CLAIM(item->outcome != OUT_NOT_ENROLLED);
	if (p->spoilt)
		return;
	CLAIM(item->outcome != OUT_PROTOCOL);
	CLAIM((item->outcome == OUT_PEER) == p->stranger);
	CLAIM(item->outcome != OUT_NOT_COVERED || !p->covered);
}

/* What was put off is asked again: how many, in packets' first places. */
static size_t
put_off(struct packet packets[], const struct round_item items[], size_t n)
{
	size_t i, left = 0, answered = 0, seen = 0;

	for (i = 0; i < n; i++) {
		seen += packets[i].recovery || packets[i].spoilt;
		if (items[i].deferred) {
			CLAIM(seen > ROUND_RECOVERY_MAX);
			packets[left++] = packets[i];
			continue;
		}
		judge_packet(&packets[i], &items[i]);
		answered += packets[i].recovery && !packets[i].spoilt &&
		    !packets[i].stranger;
	}
	CLAIM(answered <= ROUND_RECOVERY_MAX && left < n);
	return left;
}

static void
judge_records(size_t in_answers)
{
	size_t i, in_records = 0;

	for (i = 0; i < fake.count; i++) {
		if (!judge_accepted(fake.records[i].outcome))
			continue;
		judge_once(&fake.records[i]);
		in_records++;
	}
	CLAIM(in_records == in_answers);
}

static void
answer_packets(struct site *site, const struct caller *caller,
    struct packet packets[], size_t n)
{
	static struct round_item items[ASKS];
	size_t i, in_answers = 0;

	while (n > 0) {
		for (i = 0; i < n; i++) {
			memset(&items[i], 0, sizeof(items[i]));
			items[i].packet = packets[i].w.data;
			items[i].len = packets[i].w.len;
			items[i].outcome = OUT_COUNT;
		}
		round_answer(site, caller, items, n);
		for (i = 0; i < n; i++)
			in_answers += !items[i].deferred &&
			    judge_accepted(items[i].outcome);
		n = put_off(packets, items, n);
	}
	judge_records(in_answers);
}

static void
asked_by_packet(struct site *site, struct input *in, uint8_t how)
{
	static struct packet packets[ASKS];
	uint8_t who = input_byte(in);
	const struct account *peer = &host_people[who % FAKE_ACCOUNTS];
	struct caller caller = { .door = DOOR_LOGIN };
	size_t i, n = 1 + how % ASKS;

	if (who & 128)
		caller = (struct caller){ .door = DOOR_PUBLIC,
		    .uid = peer->uid, .name = peer->name };
	for (i = 0; i < n; i++)
		make_packet(&packets[i], &caller, in,
		    how & 64 && i % 2 ? VERB_CHECK : VERB_VERIFY);
	answer_packets(site, &caller, packets, n);
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

	if (host_people[0].id == 0)
		host_make();
	judge_start();
	host_start(&settings, &in);
	site = site_new(&no_files_paths, STORE_SERVING);
	CLAIM(site != NULL);
	CLAIM(site_settings(site, 1, &own, &f) == OUT_DONE);
	for (i = 0; i < ROUNDS && in.len > 0; i++) {
		how = input_byte(&in);
		if (how >= 0xc0)
			host_now += (int32_t)input_number(&in, 4);
		else
			host_now += how >> 2 & 15;
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
