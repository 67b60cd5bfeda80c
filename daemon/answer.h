/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An answer: what form it has, and what it is equal to.  Pure.
 */
#ifndef STEPUP_DAEMON_ANSWER_H
#define STEPUP_DAEMON_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/otpauth.h"
#include "daemon/account.h"

/* The typed answer; the recovery hash is made before the transaction. */
#define ANSWER_CODE	(16 + 1)	/* RECOVERY_LENGTH and a NUL */

struct answer {
	unsigned kind;			/* KIND_NONE: cannot be a code */
	char	 digits[OTP_DIGITS_MAX + 1];
	uint8_t	 hash[RECOVERY_HASH];	/* with the salt below */
	uint8_t	 salt[RECOVERY_SALT];
	uint8_t	 pass_hash[RECOVERY_HASH];	/* the same code, hashed with */
	uint8_t	 pass_salt[RECOVERY_SALT];	/* the pass's salt */
};

/*
 * The form rule: digits whose number fits one of the account's
 * authenticators (6 when it has none) are an app code; 16 symbols of the
 * recovery alphabet with the right check symbol a recovery code.  Fills
 * kind and digits, and the canonical recovery code (to be hashed and
 * wiped).
 */
unsigned answer_form(const struct account *, const char *typed, size_t len,
    struct answer *, char code[ANSWER_CODE]);

/* Whether the code is this pass's; where there is none, after the same
   work. */
bool answer_is_pass(const struct answer *, const struct pass *);

/* What came of comparing an answer with everything it could be. */
struct match {
	bool	fresh;
	bool	spent;
	size_t	which;		/* the recovery code that was fresh */
	int64_t	steps[ACCOUNT_CREDENTIALS_MAX];	/* the latest fresh step of
						   each credential; 0: none */
	int64_t	next;		/* spent: when another code is due */
	bool	pass;		/* the login pass is this code, whatever may
				   be done with it */
	bool	failed;		/* could not be computed */
};

/*
 * `digits` against every step of the window of every authenticator that
 * shows as many.  Their secrets are open.  Two authenticators may show the
 * same: then both are told.
 */
struct match match_totp(const struct account *, unsigned window,
    const char *digits, int64_t now);

/* The hashes against every code of the set, and the login pass. */
struct match match_recovery(const struct account *,
    const struct answer *);

#endif
