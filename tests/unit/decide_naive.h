/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A second decide(), as simple-minded as can be, written from SPEC 2, 4, 5
 * and 6 alone.  It keeps no counters: it remembers everything that ever
 * happened and works out each question from that anew.  What it has in
 * common with the real one is headers.
 */
#ifndef STEPUP_TESTS_DECIDE_NAIVE_H
#define STEPUP_TESTS_DECIDE_NAIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/outcome.h"
#include "daemon/account.h"
#include "daemon/decide.h"

#define NAIVE_EVENTS	2048	/* more than a run has steps */
#define NAIVE_TYPED	128
#define NAIVE_CODE	17

/* An authenticator app. */
struct naive_device {
	uint8_t	 secret[OTP_SECRET_MAX];
	size_t	 secret_len;
	enum otp_algorithm algorithm;
	unsigned digits, period;
	int64_t	 first;		/* the step spent by its enrollment */
};

enum naive_what {
	NAIVE_RIGHT = 1,	/* accepted */
	NAIVE_WRONG,		/* charged */
	NAIVE_LATER,		/* a wait begins again */
	NAIVE_SEEN,		/* an answer was held against a pass */
	NAIVE_RESET		/* unlocked, or enrolled anew */
};

struct naive_event {
	enum naive_what	 what;
	int64_t		 at;
	int		 door;		/* 0 login, 1 public */
	unsigned	 kind;
	unsigned	 earlier;
	int		 life;		/* which enrollment it belongs to */
	size_t		 which;		/* RIGHT: the recovery code */
	int		 pass;		/* RIGHT, SEEN: that pass; 0: none */
	/* RIGHT, an app code: the step of each device that showed it; 0 */
	int64_t		 steps[ACCOUNT_CREDENTIALS_MAX];
	struct limits	 limits;	/* as they were then */
};

/* What root gave; [0] for logins, [1] for the enrollment. */
struct naive_pass {
	int	 number;	/* 0: there is none */
	int64_t	 made, seconds;
	char	 code[NAIVE_CODE];
	char	 service[16];	/* "": any */
};

/* One person, all there is to know. */
struct naive {
	enum account_match match;
	bool	known, locked, had_factor;
	int	life;
	size_t	devices, codes;
	struct naive_device device[ACCOUNT_CREDENTIALS_MAX];
	char	code[ACCOUNT_CODES_MAX][NAIVE_CODE];	/* in the clear */
	struct naive_pass pass[2];
	size_t	events;
	struct naive_event event[NAIVE_EVENTS];
};

struct naive_verdict {
	enum outcome	 outcome;
	struct outcome_facts facts;
	bool		 stale;		/* hashed with another set's salt */
	size_t		 effect_count;
	enum effect_kind effects[EFFECTS_MAX];
};

/* What was asked. */
struct naive_ask {
	const struct policy *policy;
	int64_t		 now;
	enum door	 door;
	unsigned	 earlier;
	char		 typed[NAIVE_TYPED];
	size_t		 len;
	bool		 other_salt, other_pass_salt;
	bool		 ticket;	/* an enrollment ticket is asked for */
	const char	*service;	/* or NULL */
	size_t		 broken;	/* this device's code cannot be
					   computed, from 1 */
};

/* What an answer turned out to be. */
struct naive_found {
	bool	fresh, spent, failed;
	bool	pass;		/* the login pass, where it counts */
	size_t	which;
	int64_t	steps[ACCOUNT_CREDENTIALS_MAX];
	int64_t	next;
};

/* ---- decide_naive.c ---- */

void naive_check(const struct naive *, const struct naive_ask *,
    struct naive_verdict *);
/* Adds to the history. */
void naive_verify(struct naive *, const struct naive_ask *,
    struct naive_verdict *);

/* The same for a ticket. */
void naive_ticket(struct naive *, const struct naive_ask *,
    struct naive_verdict *);

/* ---- decide_naive_history.c ---- */

/* The event that used pass i, NULL: none; the latest time an answer was
   held against it, 0: never. */
const struct naive_event *naive_pass_used(const struct naive *, int i);
int64_t naive_pass_seen(const struct naive *, int i);
/* RIGHT or SEEN of pass i, if there is one. */
void naive_remember_pass(struct naive *, enum naive_what,
    const struct naive_ask *, int i);

/* RFC 4226 over OpenSSL's HMAC. */
void naive_totp(const struct naive_device *, int64_t step, char code[9]);
/* Crockford's check symbol of 15 symbols; 0 when it is none of the 32. */
char naive_symbol(const char code[15]);
/* The form rule; `clean` is the digits or the canonical recovery code. */
unsigned naive_form(const struct naive *, const char *typed, size_t len,
    char clean[NAIVE_CODE]);

/* Unlocks one kind at both doors; enrolling does so for app codes. */
void naive_reset(struct naive *, unsigned kind, int64_t now);

/* NULL: nothing was found, or it does not matter. */
void naive_remember(struct naive *, enum naive_what, unsigned kind,
    const struct naive_ask *, const struct naive_found *);
/* The wait that n failures bring: 0 unless n is a multiple. */
int64_t naive_penalty(int64_t n, const struct limits *);

/* What history says; kind KIND_*, door 0 or 1. */
int64_t naive_consecutive(const struct naive *, unsigned kind, int door);
int64_t naive_total(const struct naive *, unsigned kind, int door,
    int64_t *since);
bool naive_wait(const struct naive *, unsigned kind, int door,
    int64_t *start, int64_t *length);
int64_t naive_last_step(const struct naive *, size_t device);
/* The event that used a code or, last, a device; NULL: never. */
const struct naive_event *naive_used(const struct naive *, unsigned kind,
    size_t which);
unsigned naive_codes_left(const struct naive *);
/* Fills what history decides in an account: limiters, steps, spent. */
void naive_account(const struct naive *, struct account *);

#endif
