/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Outcomes: everything that can come of a request, and all that follows
 * from it, in one const table.  A decision returns one of these and nothing
 * else; what it means to PAM, to the log and to the person is said here
 * alone.
 *
 * The numbers travel on the wire: rows are only ever added at the end.
 * Zero is never assigned on purpose and denies.
 */
#ifndef STEPUP_COMMON_OUTCOME_H
#define STEPUP_COMMON_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum outcome {
	OUT_INTERNAL = 0,
	OUT_MEMORY,
	OUT_CONFIG,
	OUT_SERVICE,
	OUT_PROTOCOL,
	OUT_BUSY,
	OUT_STORE,
	OUT_KEY,
	OUT_CLOCK,
	OUT_PEER,
	OUT_ASK,
	OUT_OK_TOTP,
	OUT_OK_RECOVERY,
	OUT_NOT_COVERED,
	OUT_NOT_ENROLLED,
	OUT_MUST_ENROLL,
	OUT_BAD_CODE,
	OUT_REPLAY,
	OUT_BAD_FORMAT,
	OUT_LOCKED,
	OUT_DISABLED,
	OUT_ADMIN_LOCK,
	OUT_CHANGED,
	OUT_NO_USER,
	OUT_NO_INPUT,
	/* Self-service and administration; they never reach PAM as success. */
	OUT_DONE,		/* the question is answered, the change saved */
	OUT_BAD_PASSWORD,	/* self-service: wrong password */
	OUT_PASSWORD_WAIT,	/* self-service: too many wrong passwords */
	OUT_EXISTS,		/* enroll: there is a factor already */
	OUT_LAST_FACTOR,	/* remove: policy would then deny */
	OUT_NAME_TAKEN,		/* add: an authenticator has this name */
	OUT_NO_NAME,		/* remove: no authenticator has this name */
	OUT_FULL,		/* add: there are as many as there can be */
	OUT_NO_ACCOUNT,		/* the store has no such account */
	OUT_LIVING,		/* it is one of this host, as it is stored */
	OUT_MISMATCH,		/* rename, rebind: store and host do not fit */
	OUT_OK_PASS,		/* an administrator's login pass, now used:
				   at logins as well */
	OUT_OK_TICKET,		/* enroll: the ticket that stands for the
				   password */
	OUT_BAD_TICKET,		/* enroll: not the ticket, or none is in
				   force; charged where one is */
	OUT_NO_PASS,		/* pass: there is none to revoke */
	OUT_BAD_PASSPHRASE,	/* restore: not the one of the backup */
	OUT_BAD_FILE,		/* restore: no backup, or damaged */
	OUT_OCCUPIED,		/* restore: somebody has a factor here */
	OUT_COUNT
};

/* The kinds of answer; also bits of a mask. */
#define KIND_NONE	0u
#define KIND_TOTP	1u
#define KIND_RECOVERY	2u

/* Which prompt follows a refusal. */
enum outcome_follow {
	FOLLOW_NONE = 0,	/* final */
	FOLLOW_PROMPT,		/* reason, then the ordinary prompt */
	FOLLOW_RECOVERY,	/* reason, then `Recovery code: ` */
};

struct outcome_row {
	const char	*audit;		/* stable name, `deny.code` */
	const char	*final;		/* text when nothing follows; template */
	const char	*next;		/* text before the next prompt; template */
	int		 pam;		/* PAM_* return value */
	int		 priority;	/* LOG_* of syslog(3) */
	bool		 charged;	/* counts as a failure */
	bool		 again;		/* another answer may be asked for */
};

/*
 * What a text or a log line may say besides the outcome.  Zero means
 * unknown or none.  All of it travels in the answer of CHECK and VERIFY.
 */
struct outcome_facts {
	unsigned	 kind;		/* KIND_* that was typed */
	unsigned	 kinds;		/* mask of KIND_* usable now */
	enum outcome	 why;		/* why app codes cannot be used now:
					   LOCKED, DISABLED, KEY or CLOCK;
					   OUT_INTERNAL: they can */
	uint32_t	 wait;		/* seconds until the thing is possible */
	uint32_t	 count;		/* failures of that kind in this run,
					   1..limit; at limit the wait begins */
	uint32_t	 limit;		/* failures that bring a wait */
	uint32_t	 lock;		/* seconds that wait will take */
	uint32_t	 left;		/* unspent recovery codes */
};

/* Never NULL; a number out of range gives the row of OUT_INTERNAL. */
const struct outcome_row *outcome_row(enum outcome);

/*
 * Whether another answer may be asked for after this outcome, and which
 * one: none where the row is final or no kind is usable any more.  OUT_ASK
 * always has a prompt.
 */
enum outcome_follow outcome_follow(enum outcome, const struct outcome_facts *);

/*
 * The text a person sees.  `outcome_final` when nothing more is asked,
 * `outcome_next` in front of the next prompt (without the prompt).  Both
 * write plain ASCII of at most 78 columns and always terminate; the result
 * is empty where the row has no text.  OUT_ASK in outcome_next gives the
 * reason why app codes cannot be used (facts->why), else nothing.
 */
void outcome_final(enum outcome, const struct outcome_facts *, char *buf,
    size_t size);
void outcome_next(enum outcome, const struct outcome_facts *, char *buf,
    size_t size);

#endif
