/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conformance suite of the store drivers: what its files share.  Each
 * test gets a scene with one open store.
 */
#ifndef STEPUP_TESTS_STORE_SUITE_H
#define STEPUP_TESTS_STORE_SUITE_H

#include "tests/unit/store_sample.h"

/* Larger than any time, step or count will ever be. */
#define HUGE_NUMBER	(INT64_C(1) << 53)

/* The driver under test. */
extern const struct store_driver *driver;

struct scene {
	char		 dir[256];
	char		 path[300];
	struct store	*store;
};

struct store *suite_open(const struct scene *, enum store_role);
void suite_begin(struct store *, enum store_mode);
void suite_commit(struct store *);
/* This account and no other is what the store has under its name. */
void suite_expect(struct store *, const struct account *);
/* Whether name and uid are known; nothing else is filled when not found. */
enum account_match suite_match(struct store *, const char *name, uid_t);

/* store_rows.c */
void suite_whole(void **);
void suite_identity(void **);
void suite_answers(void **);
void suite_bad_accounts(void **);
void suite_gone(void **);
void suite_replaced(void **);
void suite_passwords(void **);

/* store_changes.c */
void suite_changes(void **);
void suite_removed_one(void **);
void suite_removed_wrong(void **);
void suite_locked(void **);
void suite_passes(void **);
void suite_notes(void **);
void suite_bad_events(void **);

/* store_lists.c */
void suite_listed(void **);
void suite_lines(void **);
void suite_records(void **);

/* store_moves.c */
void suite_who(void **);
void suite_renamed(void **);
void suite_rebound(void **);
void suite_forgotten(void **);
void suite_moves_refused(void **);

/* store_turns.c */
void suite_undone(void **);
void suite_round_of_two(void **);
void suite_refused_alone(void **);
void suite_order(void **);
void suite_two_handles(void **);
void suite_processes(void **);
void suite_killed(void **);

#endif
