/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of the target `decide` share: the host (its accounts,
 * settings and clock), what is asked there, and what must hold.
 */
#ifndef STEPUP_TESTS_FUZZ_DECIDE_H
#define STEPUP_TESTS_FUZZ_DECIDE_H

#include "daemon/ask.h"
#include "daemon/recovery.h"
#include "daemon/settings.h"
#include "daemon/totp.h"
#include "tests/fuzz/fake_store.h"
#include "tests/fuzz/no_files.h"

#define HOST_START	INT64_C(1800000015)
#define HOST_CODES	3
#define ASKS		12	/* in a round, at most */
#define ROUNDS		8

/* --- decide_host.c ---------------------------------------------------- */

/* The wall clock; CLOCK_MONOTONIC stands still. */
extern int64_t host_now;
/* The people as they are before the input changes anything. */
extern struct account host_people[FAKE_ACCOUNTS];
/* Recovery codes of whoever has some, and everybody's login pass. */
extern char host_sheet[HOST_CODES + 1][RECOVERY_LENGTH + 1];
#define HOST_PASS host_sheet[HOST_CODES]
/* The keyring that is of the store. */
extern const char host_ring[];

/* Once; then for each input: the clock, the settings, the fake's accounts. */
void host_make(void);
void host_start(struct settings *, struct input *);
/* The first code from this symbol on whose check symbol is one of the 32. */
void host_code(char code[RECOVERY_LENGTH + 1], unsigned seed);
/* That step's code of that authenticator. */
bool host_totp(const struct credential *, int64_t step,
    char code[OTP_DIGITS_MAX + 1]);

/* --- decide_ask.c ----------------------------------------------------- */

/* A question, about anybody. */
void ask_any(struct ask *, struct input *, uint8_t verb);

/* --- decide_judge.c --------------------------------------------------- */

/* Forgets what was accepted before. */
void judge_start(void);
bool judge_accepted(enum outcome);
/* That record of a success is the only one of its step or code. */
void judge_once(const struct fake_record *);
/* An ask that was answered by these settings. */
void judge_ask(const struct ask *, const struct settings *);

#endif
