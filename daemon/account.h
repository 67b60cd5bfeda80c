/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One account, whole: what decide() looks at and what a store driver loads.
 * Bounded arrays, no pointers, so that an account can be copied.
 */
#ifndef STEPUP_DAEMON_ACCOUNT_H
#define STEPUP_DAEMON_ACCOUNT_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/otpauth.h"
#include "common/secret.h"
#include "daemon/limit.h"

#define ACCOUNT_NAME_MAX	255
#define ACCOUNT_CREDENTIALS_MAX	8
#define ACCOUNT_CODES_MAX	20
#define ACCOUNT_LABEL_MAX	64
#define ACCOUNT_REASON_MAX	200
/*
 * When a code was spent that never was in force: beside an imported
 * authenticator a set has to stand, of a code that nobody knows.
 */
#define ACCOUNT_CODE_VOID	1

#define KEY_ID_LENGTH		8	/* hex digits */
#define SEAL_NONCE		12
#define SEAL_TAG		16
#define SEAL_MAX		(OTP_SECRET_MAX + SEAL_TAG)
#define RECOVERY_SALT		16
#define RECOVERY_HASH		32
#define RECOVERY_ROUNDS		1000

#define PASS_SERVICE_MAX	64
#define PASS_TTL_MIN		60		/* s */
#define PASS_TTL_MAX		(24 * 3600)

enum credential_kind { CREDENTIAL_TOTP = 1 };

/* A secret as it lies in the store: AES-256-GCM, tag at the end. */
struct sealed {
	char	key_id[KEY_ID_LENGTH + 1];
	uint8_t	nonce[SEAL_NONCE];
	uint8_t	data[SEAL_MAX];
	size_t	len;
};

struct credential {
	int64_t		 id;		/* random, unique in the store, > 0 */
	enum credential_kind kind;
	char		 label[ACCOUNT_LABEL_MAX + 1];
	enum otp_algorithm algorithm;
	unsigned	 digits, period;
	int64_t		 created_at;
	int64_t		 used_at;	/* 0: never */
	int64_t		 last_step;	/* only later steps are fresh */
	struct sealed	 sealed;
	/* Not from the store: what seal_open() found; wiped by the opener. */
	bool		 opened;
	struct secret	 secret;
};

struct recovery_code {
	uint8_t	hash[RECOVERY_HASH];
	int64_t	spent_at;		/* 0: unspent; ACCOUNT_CODE_VOID */
};

struct recovery_set {
	uint8_t		 salt[RECOVERY_SALT];
	unsigned	 rounds;
	int64_t		 created_at;	/* 0: there is no set */
	size_t		 count;		/* 0..ACCOUNT_CODES_MAX */
	struct recovery_code codes[ACCOUNT_CODES_MAX]; /* [0] is number 1 */
};

/*
 * What root gives somebody in place of a factor they have not got: one code
 * of a recovery code's form, for a short time and one use.  A name each, so
 * that there is at most one of a kind.
 */
enum pass_name {
	PASS_LOGIN = 0,		/* stands for the code of a login */
	PASS_ENROLL,		/* a ticket: stands for the password at the
				   first enrollment */
	PASSES
};

struct pass {
	int64_t		 created_at;	/* 0: there is none */
	int64_t		 expires_at;	/* the first second without it */
	int64_t		 used_at;	/* 0: unused */
	int64_t		 seen_at;	/* the latest time an answer was held
					   against it: never moved back */
	unsigned	 rounds;
	uint8_t		 salt[RECOVERY_SALT];
	uint8_t		 hash[RECOVERY_HASH];
	char		 service[PASS_SERVICE_MAX + 1];	/* "": any */
	bool		 by_known;	/* who asked root for it */
	uid_t		 by;
	char		 note[ACCOUNT_REASON_MAX + 1];	/* why, not empty */
};

/* A limiter each for a kind and a door. */
enum limiter_name {
	LIMITER_TOTP_LOGIN = 0,
	LIMITER_RECOVERY_LOGIN,
	LIMITER_TOTP_PUBLIC,
	LIMITER_RECOVERY_PUBLIC,
	LIMITERS
};

/* What the store knows about a name and a uid. */
enum account_match {
	ACCOUNT_NONE = 0,	/* neither the name nor the uid */
	ACCOUNT_FOUND,		/* this name with this uid */
	ACCOUNT_CHANGED		/* the name with another uid, or the uid
				   under another name; only name and
				   uid, as asked, are filled */
};

struct account {
	enum account_match match;
	int64_t		 id;		/* > 0 when found */
	char		 name[ACCOUNT_NAME_MAX + 1];
	uid_t		 uid;
	int64_t		 created_at;
	int64_t		 enrolled_at;	/* last enrollment; 0: never */
	bool		 locked;	/* by an administrator */
	char		 lock_reason[ACCOUNT_REASON_MAX + 1];
	size_t		 credential_count;
	struct credential credentials[ACCOUNT_CREDENTIALS_MAX];
	struct recovery_set recovery;
	struct pass	 passes[PASSES];
	struct limiter	 limiters[LIMITERS];
};

/* Unspent recovery codes. */
size_t account_codes_left(const struct account *);
/* How many the set had, those that never were in force left out. */
size_t account_codes_all(const struct account *);
/* Is there a factor: a credential, or an unspent recovery code.  A pass is
   none: it makes nobody enrolled. */
bool account_has_factor(const struct account *);
/* The credential with this label; credential_count: none. */
size_t account_find_label(const struct account *, const char *label);
/* Wipes opened secrets (and everything else). */
void account_wipe(struct account *);

#endif
