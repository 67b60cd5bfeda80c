/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store: accounts, limiters, events, behind a driver.  A driver loads
 * an account and writes effects inside one transaction; it knows no
 * policy, reads no clock but to bound its own waits, logs nothing.
 *
 * Order of calls: open; then any number of
 *   begin(READ), load..., rollback
 *   begin(WRITE), { mark, load, apply, (undo | keep) }..., commit
 * A commit that fails has changed nothing.  After STORE_BROKEN the handle
 * is only good for close.  One handle is used by one thread and never
 * carried across fork.
 */
#ifndef STEPUP_DAEMON_STORE_H
#define STEPUP_DAEMON_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/account.h"
#include "daemon/decide.h"
#include "daemon/failure.h"

enum store_code {
	STORE_OK = 0,
	STORE_BUSY,	/* 2 s did not suffice for the write lock */
	STORE_ABSENT,	/* there is no store at that path */
	STORE_BROKEN,	/* corrupt, foreign, newer major, replaced under us,
			   untrusted */
	STORE_REFUSED,	/* the disk refused: full, read-only, I/O error */
	STORE_MEMORY
};

/* OUT_DONE, OUT_BUSY, OUT_STORE, OUT_STORE, OUT_STORE, OUT_MEMORY. */
enum outcome store_outcome(enum store_code);

enum store_mode { STORE_READ, STORE_WRITE };

#define STORE_BACKED_UP	16	/* a change, as events number them */
#define STORE_MACHINE	32	/* bytes of a machine's hash */

/* How a handle will be used: decides checkpoints (SPEC 5). */
enum store_role {
	STORE_SERVING,	/* --login, long-lived: grows the WAL, RESTART right
			   after opening, PASSIVE when idle */
	STORE_SPAWNED,	/* --login on descriptor 0 */
	STORE_ADMIN,
	STORE_SELF	/* never checkpoints */
};

struct store_options {
	enum store_role	 role;
	uid_t		 owner;		/* whom folder and files belong to */
	unsigned	 audit_events;	/* newest kept, per ring */
	const char	*vfs;		/* NULL: the default one */
	const uint8_t	*machine;	/* create: STORE_MACHINE bytes, the
					   machine it is made on; or NULL */
};

/* What an event or a tally says besides outcome and account. */
struct store_event {
	int64_t		 at;
	enum door	 door;
	enum outcome	 outcome;
	unsigned	 kind;
	const char	*service, *rhost, *tty;	/* printable; NULL at the
						   public door */
	/* Of a change by root: who asked for it and why, when told. */
	bool		 by_known;
	uid_t		 by;
	const char	*note;		/* 1..ACCOUNT_REASON_MAX bytes */
};

struct store;

/*
 * Callback of list: the account without secrets opened; false ends it.
 */
typedef bool (*store_visit)(const struct account *, void *arg);

/* Who stands in a store under a name, and who under a uid. */
struct store_who {
	bool		 by_name;	/* somebody has that name, */
	uid_t		 uid;		/* with this uid */
	bool		 by_uid;	/* somebody has that uid, */
	char		 name[ACCOUNT_NAME_MAX + 1];	/* under this name */
};

/*
 * Of a restore: what an account that is to come keeps of the one of its
 * name, or of its id (it was renamed since), that is `here`: limiters, lock.
 * Of `here` the row alone is loaded; credential_count says whether there is
 * any.  Where none of them is to come, `coming` has id, name, uid and
 * created_at of `here`, no factor.
 */
typedef void (*store_merge)(struct account *coming,
    const struct account *here);

/* How staged accounts become current. */
struct store_swap {
	bool		 replace;	/* also where somebody has a factor */
	unsigned	 window;	/* steps after the event's that are
					   spent as well */
	const uint8_t	*machine;	/* whose the store is from now on, or
					   NULL */
	store_merge	 merge;
};

/* One line of a list: what can be said of an account without its codes. */
struct store_line {
	char		 name[ACCOUNT_NAME_MAX + 1];
	uid_t		 uid;
	int64_t		 enrolled_at;
	int64_t		 used_at;	/* of any factor; 0: never */
	size_t		 credential_count;
	size_t		 secret_least;	/* bytes of the shortest; 0: none */
	size_t		 codes_left, codes_all;
	bool		 locked;
	struct limiter	 limiters[LIMITERS];
	int64_t		 pass_until[PASSES];	/* unused; 0: none */
};
typedef bool (*store_line_visit)(const struct store_line *, void *arg);

/* A pass on record, and whose. */
struct store_pass {
	int64_t		 id;		/* grows */
	char		 name[ACCOUNT_NAME_MAX + 1];
	uid_t		 uid;
	enum pass_name	 which;
	struct pass	 pass;
};
typedef bool (*store_pass_visit)(const struct store_pass *, void *arg);

/* One event as it was written; names that are not known are "". */
enum store_ring { RING_LOGIN = 0, RING_PUBLIC };
struct store_record {
	enum store_ring	 ring;
	int64_t		 id;		/* grows in its ring */
	int64_t		 at;
	bool		 uid_known;
	uid_t		 uid;
	char		 name[ACCOUNT_NAME_MAX + 1];
	unsigned	 outcome, kind, change;
	char		 service[256], rhost[256], tty[256];
	bool		 by_known;
	uid_t		 by;
	char		 note[ACCOUNT_REASON_MAX + 1];
};
#define STORE_RECORDS 64

/* How often the login door refused somebody in an hour, changing nothing. */
struct store_tally {
	int64_t		 hour;		/* since 1970 */
	int64_t		 uid;		/* -1: somebody NSS does not know */
	char		 name[ACCOUNT_NAME_MAX + 1];	/* "": not known */
	unsigned	 outcome;
	int64_t		 count, last_at;
};

/* A sealed secret and whose it is. */
struct store_seal {
	int64_t		 account_id, credential_id;
	char		 name[ACCOUNT_NAME_MAX + 1];
	struct sealed	 sealed;
};
#define STORE_SEALS 128

struct store_driver {
	const char *scheme;	/* "sqlite" */

	/*
	 * Makes a new store at `path` (which must not exist), closed and
	 * checkpointed.  `proof` is a seal of the ring it is made for
	 * (seal_prove) and is kept in the store: it tells whose store this
	 * is, also when nobody is enrolled.
	 */
	enum store_code (*create)(const char *path, const struct sealed *proof,
	    const struct store_options *, struct failure *);
	/* The proof of a store that nobody has open; zeroed on failure. */
	enum store_code (*proof_at)(const char *path,
	    const struct store_options *, struct sealed *, struct failure *);
	/*
	 * STORE_OK with a reason in the failure: the store serves, but space
	 * for bad days could not be kept (log it).
	 */
	enum store_code (*open)(const char *path, const struct store_options *,
	    struct store **, struct failure *);
	void (*close)(struct store *);

	enum store_code (*begin)(struct store *, enum store_mode,
	    struct failure *);
	enum store_code (*commit)(struct store *, struct failure *);
	void (*rollback)(struct store *);
	/* A savepoint inside a write transaction: one level. */
	enum store_code (*mark)(struct store *, struct failure *);
	enum store_code (*keep)(struct store *, struct failure *);
	void (*undo)(struct store *);

	/*
	 * By name and uid; always fills *account: match, and when it was not
	 * found the name and uid as asked, nothing else.
	 */
	enum store_code (*load)(struct store *, const char *name, uid_t,
	    struct account *, struct failure *);
	/*
	 * Writes the effects.  *account is the state after them; for ENROLL,
	 * IMPORT, LOCK and PASS of a new account (id 0) the caller gives it
	 * an id before, see new_id.  Every EFFECT_CREDENTIALS / CODES /
	 * TICKET / LIMITERS dirties the same rows whatever changed (touch
	 * counter); no credential's last_step is moved back.  ENROLL, IMPORT,
	 * ADD, NEW_CODES, REMOVE, REMOVE_ONE, LOCK (which unlocks who has no
	 * row by the event alone), PASS and REVOKE write an event of their
	 * own, and EFFECT_EVENT beside them none.  What would be half an
	 * enrollment is STORE_REFUSED.
	 */
	enum store_code (*apply)(struct store *, const struct account *,
	    const struct decision *, const struct store_event *,
	    struct failure *);
	/* A random id > 0 for a new account or credential (getrandom). */
	int64_t (*new_id)(struct store *);

	/* The store's proof (see create), inside a transaction. */
	enum store_code (*load_proof)(struct store *, struct sealed *,
	    struct failure *);
	/* Another one, and the event that the key was changed. */
	enum store_code (*save_proof)(struct store *, const struct sealed *,
	    const struct store_event *, struct failure *);
	/*
	 * Up to STORE_SEALS credentials after that id, in the order of ids,
	 * as they lie; no transaction open.  A row that cannot be read has a
	 * seal of length 0.
	 */
	enum store_code (*seals)(struct store *, int64_t after,
	    struct store_seal *, size_t *n, struct failure *);
	/*
	 * Inside a write transaction: this seal in place of the one that was
	 * read.  *changed is false where the row is another by now.
	 */
	enum store_code (*reseal)(struct store *, const struct store_seal *,
	    const struct sealed *, bool *changed, struct failure *);
	/*
	 * Before each batch of a long work, no transaction open: keeps the
	 * log short, and makes sure of free pages where `pages` says that
	 * rows will be added.  STORE_BUSY: the log cannot be shortened now,
	 * a reader holds it; ask again.
	 */
	enum store_code (*room)(struct store *, bool pages, struct failure *);

	/* The password limiter of self-service, by uid; upsert. */
	enum store_code (*load_password)(struct store *, uid_t,
	    struct limiter *, struct failure *);
	enum store_code (*save_password)(struct store *, uid_t,
	    const struct limiter *, struct failure *);

	/*
	 * Root's decisions about a whole account.  The account was loaded in
	 * this transaction and is given as it is afterwards; each writes its
	 * event.  STORE_REFUSED: the row is another one by now, or name or
	 * uid are somebody's.
	 *   who     both may be the same account; uid -1 is nobody's
	 *   rename  the name, and the seal of every credential: step, use,
	 *           codes and limiters stay
	 *   rebind  the uid alone; the password limiters of both stay theirs
	 *   forget  the account, its credentials, codes, passes and limiters,
	 *           the password limiter of its uid; events stay
	 */
	enum store_code (*who)(struct store *, const char *name, uid_t,
	    struct store_who *, struct failure *);
	enum store_code (*rename)(struct store *, const struct account *,
	    const char *before, const struct store_event *, struct failure *);
	enum store_code (*rebind)(struct store *, const struct account *,
	    uid_t before, const struct store_event *, struct failure *);
	enum store_code (*forget)(struct store *, const struct account *,
	    const struct store_event *, struct failure *);

	/* Every account in name order, in batches; no transaction open. */
	enum store_code (*list)(struct store *, store_visit, void *arg,
	    struct failure *);

	/* The same in short: a hundred thousand in a second or two. */
	enum store_code (*lines)(struct store *, store_line_visit, void *arg,
	    struct failure *);
	/* Every pass on record, the oldest first; the same. */
	enum store_code (*passes)(struct store *, store_pass_visit, void *arg,
	    struct failure *);
	/* Up to STORE_RECORDS events of a ring after that one; the same. */
	enum store_code (*records)(struct store *, enum store_ring,
	    int64_t after, struct store_record *, size_t *n,
	    struct failure *);
	/*
	 * Up to STORE_RECORDS tallies behind one (hour, uid, outcome), in
	 * that order; the same.
	 */
	enum store_code (*tallies)(struct store *,
	    const struct store_tally *after, struct store_tally *, size_t *n,
	    struct failure *);

	/* The machine it was made on, or restored on; inside a transaction.
	   *known is false where nobody knew. */
	enum store_code (*load_machine)(struct store *,
	    uint8_t machine[STORE_MACHINE], bool *known, struct failure *);

	/* An event about nobody: STORE_BACKED_UP, in a transaction. */
	enum store_code (*tell)(struct store *, unsigned change,
	    const struct store_event *, struct failure *);

	/*
	 * Every account as of one moment, by id, in one read transaction:
	 * visit must wait for nobody.  False: STORE_OK, and no more come.
	 */
	enum store_code (*snapshot)(struct store *, store_visit, void *arg,
	    struct failure *);

	/*
	 * A restore.  Rows are staged beside those that are current, in
	 * transactions of some dozen accounts; nobody but us sees them.
	 *   stage_begin  drops what an earlier one left behind; begins
	 *   stage        n accounts, sealed, ids their own.  STORE_REFUSED:
	 *                two claim one id, name or uid
	 *   stage_carry  merges all that is current into what is staged, and
	 *                then what changed meanwhile
	 *   stage_swap   inside a transaction of the caller's, who has read
	 *                the clock in it: merges the last changes, writes the
	 *                event, makes the staged rows current.  However many
	 *                there are, it changes a handful of pages.  Steps up
	 *                to the event's and `window` more are spent, of all
	 *                credentials that are not made later.
	 *                *occupied: somebody has a factor and that was not to
	 *                be; nothing was changed.  STORE_BUSY: too much has
	 *                happened since stage_carry, which is called again.
	 *                *lost: who had a factor and is not among the new
	 *   stage_end    drops what is staged, or was current, in batches
	 */
	enum store_code (*stage_begin)(struct store *, struct failure *);
	enum store_code (*stage)(struct store *, const struct account *,
	    size_t n, struct failure *);
	enum store_code (*stage_carry)(struct store *, store_merge,
	    struct failure *);
	enum store_code (*stage_swap)(struct store *,
	    const struct store_swap *, const struct store_event *,
	    bool *occupied, uint64_t *lost, struct failure *);
	enum store_code (*stage_end)(struct store *, struct failure *);

	/*
	 * Before a batch of new rows: room for them and for bad days.
	 * Refused where the disk has none: what is free then is kept for
	 * logins.
	 */
	enum store_code (*reserve)(struct store *, struct failure *);
	/*
	 * Checkpoints, as the role asks (SPEC 5): `idle` when the serving
	 * loop has been quiet for a quarter of a second, else after the
	 * answers of a round.  Also at the end of SPAWNED and ADMIN.
	 */
	void (*tend)(struct store *, bool idle);
	/* Frames in the WAL since the last checkpoint; for tests and loop. */
	unsigned (*frames)(const struct store *);
};

extern const struct store_driver store_sqlite;

#endif
