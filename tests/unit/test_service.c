/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CHECK and VERIFY in rounds, against the real store in a folder of its own:
 * exactly once, exactly K, and what is missing.
 */
#include "tests/unit/service_place.h"

static void
enroll_and_log_in(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	char code[9];
	size_t i;
	int at;

	assert_int_equal(ask(p, &root, VERB_VERIFY, "123456"),
	    OUT_MUST_ENROLL);
	/* Whoever leaves at any prompt leaves nothing behind. */
	for (at = 1; at <= 2; at++) {
		assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, at),
		    OUT_NO_INPUT);
		assert_int_equal(ask(p, &root, VERB_VERIFY, "123456"),
		    OUT_MUST_ENROLL);
	}
	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	assert_int_equal(phone.count, 10);
	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_EXISTS);
	assert_int_equal(converse(p, VERB_STATUS, 0, &phone, 0), OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);

	/* The step used by the wizard is spent; the next one is not. */
	phone_code(&phone, phone.step, code);
	assert_int_equal(ask(p, &root, VERB_VERIFY, code), OUT_REPLAY);
	phone_code(&phone, phone.step + 1, code);
	assert_int_equal(ask(p, &root, VERB_VERIFY, code), OUT_OK_TOTP);
	assert_int_equal(ask(p, &root, VERB_VERIFY, code), OUT_REPLAY);
	for (i = 0; i < phone.count; i++) {
		assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[i]),
		    OUT_OK_RECOVERY);
		assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[i]),
		    OUT_REPLAY);
	}
}

/* The second sees the first: of one code in a round exactly one is right. */
static void
one_round(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct round_item items[ROUND_MAX] = { 0 };
	struct wire_writer *w = calloc(ROUND_MAX, sizeof(*w));
	size_t i, right = 0, spent = 0, deferred = 0;
	char code[9];

	assert_non_null(w);
	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_DONE);
	phone_code(&phone, phone.step + 1, code);
	for (i = 0; i < ROUND_MAX; i++) {
		frame(p, &w[i], VERB_VERIFY, code);
		items[i].packet = w[i].data;
		items[i].len = w[i].len;
	}
	round_answer(p->site, &root, items, ROUND_MAX);
	for (i = 0; i < ROUND_MAX; i++) {
		right += items[i].outcome == OUT_OK_TOTP;
		spent += items[i].outcome == OUT_REPLAY;
	}
	assert_int_equal(right, 1);
	assert_int_equal(spent, ROUND_MAX - 1);

	for (i = 0; i < ROUND_MAX; i++) {
		frame(p, &w[i], VERB_VERIFY, phone.codes[0]);
		items[i].packet = w[i].data;
		items[i].len = w[i].len;
	}
	round_answer(p->site, &root, items, ROUND_MAX);
	for (right = spent = i = 0; i < ROUND_MAX; i++) {
		deferred += items[i].deferred;
		right += !items[i].deferred &&
		    items[i].outcome == OUT_OK_RECOVERY;
		spent += !items[i].deferred && items[i].outcome == OUT_REPLAY;
	}
	assert_int_equal(right, 1);
	assert_int_equal(spent, ROUND_RECOVERY_MAX - 1);
	assert_int_equal(deferred, ROUND_MAX - ROUND_RECOVERY_MAX);
	free(w);
}

/* A budget of K: exactly K evaluated, however many wait at the prompt. */
static void
budget(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	size_t i, wrong = 0, locked = 0;
	enum outcome o;

	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_DONE);
	for (i = 0; i < 40; i++) {
		char typed[9], step[9];
		int64_t now = totp_step(clock_now(), 30), near;
		bool hit = false;

		snprintf(typed, sizeof(typed), "%06zu", i);
		for (near = now - 2; near <= now + 2; near++) {
			phone_code(&phone, near, step);
			hit = hit || strcmp(step, typed) == 0;
		}
		if (hit)
			continue;
		o = ask(p, &root, VERB_VERIFY, typed);
		wrong += o == OUT_BAD_CODE;
		locked += o == OUT_LOCKED;
	}
	assert_int_equal(wrong, 10);
	assert_true(locked >= 25);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[3]),
	    OUT_OK_RECOVERY);
	/* A new phone lifts the wait. */
	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_DONE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_OK_RECOVERY);
}

/* Who asks and what about: the peer, not the frame. */
static void
authority(void **state)
{
	struct place *p = *state;
	struct caller self = { .door = DOOR_PUBLIC, .uid = getuid(),
	    .name = p->user };
	struct caller other = { .door = DOOR_PUBLIC, .uid = getuid() + 1,
	    .name = "somebody" };
	struct round_item item = { 0 };
	struct wire_writer w;

	assert_int_equal(ask(p, &self, VERB_CHECK, NULL), OUT_ASK);
	assert_int_equal(ask(p, &other, VERB_CHECK, NULL), OUT_PEER);
	assert_int_equal(ask(p, &other, VERB_VERIFY, "123456"), OUT_PEER);
	/* A verb that is none, a frame that is none. */
	frame(p, &w, 77, NULL);
	item.packet = w.data;
	item.len = w.len;
	round_answer(p->site, &root, &item, 1);
	assert_int_equal(item.outcome, OUT_PROTOCOL);
	item.len = 1;
	round_answer(p->site, &root, &item, 1);
	assert_int_equal(item.outcome, OUT_PROTOCOL);
	assert_true(wire_done(&item.reply));
}

/* The key is gone: no app code, recovery codes as ever, nobody passes. */
static void
without_key(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	char aside[128], code[9];

	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_DONE);
	snprintf(aside, sizeof(aside), "%s.aside", p->keyring);
	assert_int_equal(rename(p->keyring, aside), 0);
	site_reload(p->site);
	phone_code(&phone, phone.step + 1, code);
	assert_int_equal(ask(p, &root, VERB_VERIFY, code), OUT_KEY);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);
	assert_int_equal(ask(p, &root, VERB_VERIFY, phone.codes[0]),
	    OUT_OK_RECOVERY);
	assert_int_equal(converse(p, VERB_ENROLL, FLAG_REPLACE, &phone, 0),
	    OUT_KEY);
	assert_int_equal(rename(aside, p->keyring), 0);
	site_reload(p->site);
	assert_int_equal(ask(p, &root, VERB_VERIFY, code), OUT_OK_TOTP);
}

/* The store is gone, then back: refused meanwhile, noticed at once. */
static void
without_store(void **state)
{
	struct place *p = *state;
	char path[128], aside[160];

	snprintf(path, sizeof(path), "%s/stepup.db", p->state);
	snprintf(aside, sizeof(aside), "%s.aside", path);
	assert_int_equal(rename(path, aside), 0);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_STORE);
	assert_int_equal(ask(p, &root, VERB_VERIFY, "123456"), OUT_STORE);
	write_file(path, "");
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_STORE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(aside, path), 0);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);
}

/* Settings that are refused leave those in force. */
static void
settings_in_force(void **state)
{
	struct place *p = *state;
	char text[256];

	snprintf(text, sizeof(text), "store = \"sqlite:%s/stepup.db\"\n"
	    "services = [\"login\"]\n", p->state);
	write_file(p->conf, text);
	site_reload(p->site);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_NOT_COVERED);
	write_file(p->conf, "services = \"sudo\n");
	site_reload(p->site);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_NOT_COVERED);
	/* A fresh process falls back on the copy. */
	site_free(p->site);
	p->site = site_new(&p->paths, STORE_ADMIN);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_NOT_COVERED);
	snprintf(text, sizeof(text), "store = \"sqlite:%s/stepup.db\"\n",
	    p->state);
	write_file(p->conf, text);
	site_reload(p->site);
	assert_int_equal(ask(p, &root, VERB_CHECK, NULL), OUT_ASK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enroll_and_log_in),
		cmocka_unit_test(one_round),
		cmocka_unit_test(budget),
		cmocka_unit_test(authority),
		cmocka_unit_test(without_key),
		cmocka_unit_test(without_store),
		cmocka_unit_test(settings_in_force),
	};

	return cmocka_run_group_tests_name("service", tests, place_make,
	    place_drop);
}
