/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to daemon/store_sqlite*.c and their test: one SQLite handle and
 * what the files of the driver share.  Names start with lite_.
 */
#ifndef STEPUP_DAEMON_STORE_SQLITE_H
#define STEPUP_DAEMON_STORE_SQLITE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "daemon/store.h"
#include "daemon/store_sqlite_sql.h"

/* Header of the file: "STUP", and user_version = 100 * major + minor. */
#define LITE_APPLICATION	0x53545550
#define LITE_MAJOR		1
#define LITE_MINOR		0
#define LITE_VERSION		(100 * LITE_MAJOR + LITE_MINOR)

/* A login dirties four or five pages wherever they lie: small ones cost
   the disk a quarter of 4 KB ones. */
#define LITE_PAGE		1024
#define LITE_WAL_HEADER		32
#define LITE_FRAME		(24 + LITE_PAGE)

/* Space kept so that a full disk does not stop logins. */
#define LITE_WAL_FRAMES		2000	/* working size of the WAL */
#define LITE_RESERVE		4096	/* free pages, made at birth ... */
#define LITE_RESERVE_LOW	1024	/* ... and again when fewer are left */
#define LITE_RESERVE_TIGHT	512	/* the disk is full: the newest event
					   takes the place of old ones */

/* When to checkpoint (SPEC 5), in frames. */
#define LITE_TEND_IDLE		250
#define LITE_TEND_BUSY		1000
#define LITE_TEND_SHORT		32	/* spawned and admin */

/* Waits for locks, in us: in all, and one step of it. */
#define LITE_PATIENCE		2000000
#define LITE_PATIENCE_SPACE	100000	/* when it is about space alone */
#define LITE_STEP_MIN		200
#define LITE_STEP_MAX		800

/* limiters of an account's row: five numbers each, in the order of enum
   limiter_name and struct limiter. */
#define LITE_LIMITERS		(LIMITERS * 5 * 8)

#define LITE_TALLY_DAYS		90
#define LITE_LIST_BATCH		16
#define LITE_LINES_BATCH	256
#define LITE_FLOOR_WINDOW	8	/* steps, at most */
#define LITE_STAGE_BATCH	64	/* accounts a transaction */
#define LITE_PASSES_BATCH	32

/* What an event says was changed; the schema names them. */
enum lite_change {
	CHANGE_NONE = 0,
	CHANGE_ENROLLED,
	CHANGE_ADDED,
	CHANGE_CODES,
	CHANGE_REMOVED,
	CHANGE_REMOVED_ONE,
	CHANGE_LOCKED,
	CHANGE_UNLOCKED,
	CHANGE_PASS,
	CHANGE_REVOKED,
	CHANGE_IMPORTED = 10,
	CHANGE_RESTORED = 11,
	CHANGE_KEY = 12,
	CHANGE_RENAMED = 13,
	CHANGE_REBOUND = 14,
	CHANGE_PRUNED = 15
};

enum lite_state { LITE_IDLE = 0, LITE_READING, LITE_WRITING };

struct store {
	sqlite3		*db;
	sqlite3_stmt	*statements[LITE_STATEMENTS];
	enum store_role	 role;
	uid_t		 owner;
	unsigned	 audit_events;
	char		 path[PATH_MAX];	/* every component resolved */
	dev_t		 dev;
	ino_t		 ino;
	bool		 empty;		/* less than a page */

	enum lite_state	 state;
	bool		 marked;	/* a savepoint is open */
	bool		 lost;		/* this transaction must not commit */
	bool		 broken;
	unsigned	 frames;	/* in the WAL, not yet checkpointed */
	/* A restore: the last event known of each ring, who lost a factor. */
	int64_t		 stage_seen[2];
	uint64_t	 stage_lost;

	int64_t		 patience;	/* us; 0: do not wait at all */
	int64_t		 wait_until;	/* us, monotonic; 0: not waiting yet */
	uint64_t	 jitter;
};

/* store_sqlite_handle.c: statements, errors, waiting */

/*
 * What a result code of SQLite means; marks the handle broken.  The failure
 * gets path and `doing: message`.
 */
enum store_code lite_code(struct store *, int rc, const char *doing,
    struct failure *);
enum store_code lite_refuse(struct store *, const char *why, struct failure *);
enum store_code lite_break(struct store *, const char *why, struct failure *);
/* Numbers in blobs: 8 bytes, big-endian; return what follows. */
uint8_t *lite_put(uint8_t *, int64_t);
const uint8_t *lite_get(const uint8_t *, int64_t *);
/* The busy handler; arg is the handle. */
int lite_busy(void *arg, int count);
void lite_patience(struct store *, int64_t us);
/* STORE_OK where this transaction is open and sound. */
enum store_code lite_within(struct store *, enum lite_state,
    struct failure *);
/* Steps a statement without parameters and rows. */
enum store_code lite_run(struct store *, enum lite_statement,
    struct failure *);
/* The number a PRAGMA or SELECT gives. */
enum store_code lite_number(struct store *, enum lite_statement, int64_t *,
    struct failure *);
void lite_finalize(struct store *);

/*
 * A statement on its way: parameters in order, then step.  The first error
 * stays; lite_done reports it, resets and forgets the parameters.
 */
struct lite_call {
	struct store	*store;
	sqlite3_stmt	*statement;
	int		 rc;
	int		 next;
};

void lite_call(struct lite_call *, struct store *, enum lite_statement);
void lite_int(struct lite_call *, int64_t);
/* Borrowed until lite_done; NULL binds NULL. */
void lite_blob(struct lite_call *, const void *, size_t);
void lite_text(struct lite_call *, const char *);
/* True when there is a row. */
bool lite_row(struct lite_call *);
enum store_code lite_done(struct lite_call *, struct failure *);
/* Steps to the end; *changed (may be NULL) gets the number of rows. */
enum store_code lite_write(struct lite_call *, int *changed,
    struct failure *);

/* The same; anything but one row is STORE_REFUSED. */
enum store_code lite_write_one(struct lite_call *, struct failure *);

/* store_sqlite_schema.c: tables, versions */

/* All tables, and the version, of an empty store; in a transaction. */
enum store_code lite_make_schema(struct store *, struct failure *);

/* The tables of accounts once more, for a restore: names of their own. */
extern const char lite_stage_tables[];

/* In an open transaction: is the schema one we know. */
enum store_code lite_version(struct store *, int *version, struct failure *);

/* One minor to the next, inside one transaction. */
struct lite_upgrade {
	int		 from;		/* user_version before */
	const char	*sql;
};
extern const struct lite_upgrade lite_upgrades[];
/* From `version` to LITE_VERSION; the caller commits. */
enum store_code lite_upgrade(struct store *, const struct lite_upgrade *,
    size_t, int version, int target, struct failure *);
enum store_code lite_upgrade_all(struct store *, int version,
    struct failure *);

/* store_sqlite_birth.c */

enum store_code lite_create(const char *, const struct sealed *,
    const struct store_options *, struct failure *);
enum store_code lite_proof_at(const char *, const struct store_options *,
    struct sealed *, struct failure *);

/* store_sqlite_open.c: files, handle, settings of the connection */

enum store_code lite_open(const char *, const struct store_options *,
    struct store **, struct failure *);
void lite_close(struct store *);
/* A new handle on `path` with our settings; nothing is read yet. */
enum store_code lite_connect(const char *path, const struct store_options *,
    struct store **, struct failure *);
/* Is the file at our path still the one we have open. */
enum store_code lite_same(struct store *, struct failure *);
enum store_code lite_keep_files(struct store *, bool keep, struct failure *);
/* Settings that need the schema. */
enum store_code lite_settings(struct store *, struct failure *);

/* store_sqlite.c: transactions */

enum store_code lite_begin(struct store *, enum store_mode,
    struct failure *);
/* The same with the patience that was set. */
enum store_code lite_start(struct store *, enum store_mode,
    struct failure *);
enum store_code lite_commit(struct store *, struct failure *);
void lite_rollback(struct store *);

/* store_sqlite_seals.c: what is sealed, and with which key */

enum store_code lite_load_proof(struct store *, struct sealed *,
    struct failure *);
enum store_code lite_save_proof(struct store *, const struct sealed *,
    const struct store_event *, struct failure *);
enum store_code lite_seals(struct store *, int64_t, struct store_seal *,
    size_t *, struct failure *);
enum store_code lite_reseal(struct store *, const struct store_seal *,
    const struct sealed *, bool *, struct failure *);
/* Three columns from this one on: key id, nonce, what is sealed. */
bool lite_sealed(sqlite3_stmt *, int column, struct sealed *);

/* store_sqlite_load.c, store_sqlite_list.c, store_sqlite_apply.c */

enum store_code lite_load(struct store *, const char *, uid_t,
    struct account *, struct failure *);
enum store_code lite_load_password(struct store *, uid_t, struct limiter *,
    struct failure *);
enum store_code lite_list(struct store *, store_visit, void *,
    struct failure *);
enum store_code lite_lines(struct store *, store_line_visit, void *,
    struct failure *);
enum store_code lite_passes(struct store *, store_pass_visit, void *,
    struct failure *);
enum store_code lite_records(struct store *, enum store_ring, int64_t,
    struct store_record *, size_t *, struct failure *);
enum store_code lite_tallies(struct store *, const struct store_tally *,
    struct store_tally *, size_t *, struct failure *);
enum store_code lite_apply(struct store *, const struct account *,
    const struct decision *, const struct store_event *, struct failure *);
enum store_code lite_save_password(struct store *, uid_t,
    const struct limiter *, struct failure *);

/* store_sqlite_pass.c: an account's passes, as load and apply need them */

enum store_code lite_load_passes(struct store *, struct account *,
    struct failure *);
enum store_code lite_set_pass(struct store *, const struct account *,
    enum pass_name, struct failure *);
/* Those of the account stand in place of all there were. */
enum store_code lite_replace_passes(struct store *, const struct account *,
    struct failure *);
bool lite_passes_sound(const struct account *);

/* store_sqlite_events.c */

enum store_code lite_write_event(struct store *, const struct account *,
    int change, const struct store_event *, struct failure *);
enum store_code lite_tell(struct store *, unsigned,
    const struct store_event *, struct failure *);
enum store_code lite_write_tally(struct store *, const struct account *,
    const struct store_event *, struct failure *);

/*
 * store_sqlite_write.c: a new row, by one of two statements each: current, or
 * staged.  Of an account, *changed says whether it came in; NULL: it has to.
 */

enum store_code lite_new_account(struct store *, enum lite_statement,
    const struct account *, int *changed, struct failure *);
enum store_code lite_new_recovery(struct store *, enum lite_statement,
    const struct account *, struct failure *);
enum store_code lite_new_credential(struct store *, enum lite_statement,
    const struct account *, const struct credential *, struct failure *);
size_t lite_pack_limiters(const struct account *, uint8_t *);
/* Credentials and codes of an account whose row was read. */
enum store_code lite_load_factors(struct store *, struct account *,
    struct failure *);
/* The columns of account, in the order of LITE_LOAD_ACCOUNT. */
struct row;
void lite_row_account(struct row *, struct account *);

/* store_sqlite_stage.c, store_sqlite_swap.c: backup and restore */

enum store_code lite_snapshot(struct store *, store_visit, void *,
    struct failure *);
enum store_code lite_stage_begin(struct store *, struct failure *);
enum store_code lite_stage(struct store *, const struct account *, size_t,
    struct failure *);
enum store_code lite_stage_carry(struct store *, store_merge,
    struct failure *);
enum store_code lite_stage_swap(struct store *, const struct store_swap *,
    const struct store_event *, bool *, uint64_t *, struct failure *);
enum store_code lite_stage_end(struct store *, struct failure *);
enum store_code lite_load_machine(struct store *, uint8_t *, bool *,
    struct failure *);
/* Where the rings stand: what comes later has changed meanwhile. */
enum store_code lite_stage_rings(struct store *, struct failure *);
/* After a batch: space for the next, and a WAL that stays short. */
enum store_code lite_stage_room(struct store *, struct failure *);

/* store_sqlite_move.c */

enum store_code lite_who(struct store *, const char *, uid_t,
    struct store_who *, struct failure *);
enum store_code lite_rename(struct store *, const struct account *,
    const char *, const struct store_event *, struct failure *);
enum store_code lite_rebind(struct store *, const struct account *, uid_t,
    const struct store_event *, struct failure *);
enum store_code lite_forget(struct store *, const struct account *,
    const struct store_event *, struct failure *);

/* store_sqlite_wal.c: checkpoints */

void lite_watch(struct store *);	/* wal_hook in place of automatic */
/* Blocks for the WAL's index, which has just been mapped; st: its file. */
void lite_hold_index(struct store *, const struct stat *st);
/* s->frames as all processes see it; returns how many the log has. */
uint32_t lite_look_frames(struct store *);
/* A serving start; STORE_OK with a reason in the failure: to be logged. */
enum store_code lite_serve(struct store *, struct failure *);
enum store_code lite_checkpoint(struct store *, int mode, struct failure *);
void lite_tend(struct store *, bool idle);
enum store_code lite_room(struct store *, bool pages, struct failure *);
unsigned lite_frames(const struct store *);

/* store_sqlite_space.c */

/*
 * The file grows here alone, and only into blocks that it has: anywhere
 * else a statement that needs a page where none is free fails (SQLITE_FULL)
 * and changes nothing.
 */
enum store_code lite_ceiling(struct store *, int64_t pages,
    struct failure *);
/* Makes sure of LITE_RESERVE free pages, in batches. */
enum store_code lite_reserve(struct store *, struct failure *);
/* The WAL at its working size, written down by a commit. */
enum store_code lite_lengthen_wal(struct store *, struct failure *);

#endif
