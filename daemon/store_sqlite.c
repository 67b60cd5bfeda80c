/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SQLite driver: its table of calls, and transactions.
 *
 * After an I/O error or a full disk SQLite may have rolled back by itself;
 * a statement that followed would commit alone.  Therefore every call first
 * asks whether its transaction is still there, and a commit that is not
 * certain is a rollback.
 */
#include <sys/random.h>

#include "daemon/store_sqlite.h"

static void
finish(struct store *s)
{
	s->state = LITE_IDLE;
	s->marked = false;
	s->lost = false;
}

void
lite_rollback(struct store *s)
{
	if (s->db != NULL && !sqlite3_get_autocommit(s->db) &&
	    lite_run(s, LITE_ROLLBACK, NULL) != STORE_OK &&
	    !sqlite3_get_autocommit(s->db))
		s->broken = true;
	finish(s);
}

/* BEGIN, and in the same transaction: is this a schema we know. */
static enum store_code
begin_once(struct store *s, enum store_mode mode, int *version,
    struct failure *f)
{
	enum store_code code;

	/* SQLite would make a reader of us and refuse only the first write:
	   after an answer was evaluated. */
	if (mode == STORE_WRITE && sqlite3_db_readonly(s->db, "main") != 0)
		return lite_refuse(s, "cannot be written", f);
	code = lite_run(s, mode == STORE_WRITE ? LITE_BEGIN_WRITE :
	    LITE_BEGIN_READ, f);
	if (code == STORE_OK)
		code = lite_version(s, version, f);
	if (code != STORE_OK) {
		lite_rollback(s);
		return code;
	}
	s->state = mode == STORE_WRITE ? LITE_WRITING : LITE_READING;
	return STORE_OK;
}

enum store_code
lite_begin(struct store *s, enum store_mode mode, struct failure *f)
{
	lite_patience(s, LITE_PATIENCE);
	return lite_start(s, mode, f);
}

enum store_code
lite_start(struct store *s, enum store_mode mode, struct failure *f)
{
	enum store_code code;
	int version = 0;

	if (s->state != LITE_IDLE)
		return lite_refuse(s, "a transaction is open", f);
	if ((code = lite_same(s, f)) != STORE_OK)
		return code;
	code = begin_once(s, mode, &version, f);
	if (code != STORE_OK || mode == STORE_READ || version >= LITE_VERSION)
		return code;
	code = lite_upgrade_all(s, version, f);
	if (code == STORE_OK)
		code = lite_commit(s, f);
	if (code != STORE_OK) {
		lite_rollback(s);
		return code;
	}
	return begin_once(s, mode, &version, f);
}

enum store_code
lite_commit(struct store *s, struct failure *f)
{
	enum store_code code;

	code = lite_within(s, LITE_READING, f);
	if (code == STORE_OK)
		code = lite_run(s, LITE_COMMIT, f);
	if (code == STORE_OK)
		finish(s);
	else
		lite_rollback(s);
	return code;
}

static enum store_code
mark(struct store *s, struct failure *f)
{
	enum store_code code;

	if ((code = lite_within(s, LITE_WRITING, f)) != STORE_OK)
		return code;
	if (s->marked)
		return lite_refuse(s, "a savepoint is open", f);
	code = lite_run(s, LITE_MARK, f);
	s->marked = code == STORE_OK;
	return code;
}

static enum store_code
keep(struct store *s, struct failure *f)
{
	enum store_code code;

	if ((code = lite_within(s, LITE_WRITING, f)) != STORE_OK)
		return code;
	if (!s->marked)
		return lite_refuse(s, "no savepoint is open", f);
	code = lite_run(s, LITE_KEEP, f);
	s->marked = code != STORE_OK;
	return code;
}

/* What cannot be undone must not be committed either. */
static void
undo(struct store *s)
{
	if (!s->marked)
		return;
	s->marked = false;
	if (lite_within(s, LITE_WRITING, NULL) != STORE_OK ||
	    lite_run(s, LITE_UNDO, NULL) != STORE_OK ||
	    lite_run(s, LITE_KEEP, NULL) != STORE_OK)
		s->lost = true;
}

/* 0, which apply refuses, should the kernel have no random bytes. */
static int64_t
new_id(struct store *s)
{
	uint64_t id = 0;
	int tries;

	(void)s;
	for (tries = 0; tries < 8 && id == 0; tries++) {
		if (getrandom(&id, sizeof(id), 0) != sizeof(id))
			id = 0;
		id &= INT64_MAX;
	}
	return (int64_t)id;
}

const struct store_driver store_sqlite = {
	.scheme = "sqlite",
	.create = lite_create,
	.proof_at = lite_proof_at,
	.load_proof = lite_load_proof,
	.save_proof = lite_save_proof,
	.seals = lite_seals,
	.reseal = lite_reseal,
	.room = lite_room,
	.open = lite_open,
	.close = lite_close,
	.begin = lite_begin,
	.commit = lite_commit,
	.rollback = lite_rollback,
	.mark = mark,
	.keep = keep,
	.undo = undo,
	.load = lite_load,
	.apply = lite_apply,
	.new_id = new_id,
	.who = lite_who,
	.rename = lite_rename,
	.rebind = lite_rebind,
	.forget = lite_forget,
	.load_password = lite_load_password,
	.save_password = lite_save_password,
	.list = lite_list,
	.lines = lite_lines,
	.passes = lite_passes,
	.records = lite_records,
	.tallies = lite_tallies,
	.load_machine = lite_load_machine,
	.tell = lite_tell,
	.snapshot = lite_snapshot,
	.stage_begin = lite_stage_begin,
	.stage = lite_stage,
	.stage_carry = lite_stage_carry,
	.stage_swap = lite_stage_swap,
	.stage_end = lite_stage_end,
	.reserve = lite_reserve,
	.tend = lite_tend,
	.frames = lite_frames,
};
