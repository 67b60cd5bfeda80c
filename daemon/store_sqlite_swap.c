/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How staged accounts become current: the tables trade their names.  That
 * changes the schema's page and the store's own row, whether there are five
 * accounts or a hundred thousand; copying the rows would hold the write lock
 * for seconds.  Who has the store open sees another schema cookie, parses
 * anew and goes on.
 *
 * Until then logins go on with the current tables.  What they charge must
 * not get lost: first every account is merged into the staged ones, then
 * those that events tell of, and the last of these inside the transaction
 * that swaps.  A charge always writes an event.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/store_sqlite_row.h"

#define THERE_MAX 2	/* one with the id, one with the name */

/* Accounts that are current, as far as merging looks at them. */
static enum store_code
read_here(struct store *s, int64_t after, struct account *batch, size_t room,
    size_t *n, struct failure *f)
{
	enum store_code code;
	struct lite_call c;
	struct row r = { .ok = true };

	*n = 0;
	lite_call(&c, s, LITE_STAGE_HERE);
	lite_int(&c, after);
	lite_int(&c, (int64_t)room);
	while (r.ok && *n < room && lite_row(&c)) {
		memset(&batch[*n], 0, sizeof(batch[*n]));
		r.st = c.statement;
		r.next = 0;
		lite_row_account(&r, &batch[*n]);
		batch[*n].credential_count = (size_t)row_int(&r, 0, 1);
		batch[(*n)++].match = ACCOUNT_FOUND;
	}
	code = lite_done(&c, f);
	return code == STORE_OK && !r.ok ? row_damaged(s, f) : code;
}

/*
 * Whom the backup has for somebody here: by the id, who may have got another
 * name since, and by the name.
 */
static enum store_code
read_there(struct store *s, const struct account *here,
    struct account there[THERE_MAX], size_t *n, struct failure *f)
{
	enum store_code code;
	struct lite_call c;
	struct row r = { .ok = true };

	*n = 0;
	lite_call(&c, s, LITE_STAGE_THERE);
	lite_int(&c, here->id);
	lite_blob(&c, here->name, strlen(here->name));
	while (r.ok && *n < THERE_MAX && lite_row(&c)) {
		r.st = c.statement;
		r.next = 0;
		lite_row_account(&r, &there[*n]);
		there[(*n)++].match = ACCOUNT_FOUND;
	}
	code = lite_done(&c, f);
	return code == STORE_OK && !r.ok ? row_damaged(s, f) : code;
}

static enum store_code
write_merged(struct store *s, const struct account *a, struct failure *f)
{
	uint8_t limiters[LITE_LIMITERS];
	struct lite_call c;

	lite_call(&c, s, LITE_STAGE_MERGE);
	lite_int(&c, a->enrolled_at);
	lite_int(&c, a->locked);
	lite_blob(&c, a->lock_reason, strlen(a->lock_reason));
	lite_blob(&c, limiters, lite_pack_limiters(a, limiters));
	lite_int(&c, a->id);
	return lite_write_one(&c, f);
}

/* Whoever is not to come keeps a row: locks, counts, once had a factor. */
static enum store_code
write_kept(struct store *s, const struct account *a, bool factor,
    struct failure *f)
{
	enum store_code code;
	int changed;

	code = lite_new_account(s, LITE_STAGE_KEEP, a, &changed, f);
	if (code == STORE_OK && factor)
		s->stage_lost++;
	return code;
}

static enum store_code
carry(struct store *s, const struct account *here, store_merge merge,
    struct failure *f)
{
	struct account *there = calloc(THERE_MAX, sizeof(*there));
	enum store_code code;
	size_t i, n;

	if (there == NULL)
		return STORE_MEMORY;
	code = read_there(s, here, there, &n, f);
	for (i = 0; i < n && code == STORE_OK; i++) {
		merge(&there[i], here);
		code = write_merged(s, &there[i], f);
	}
	if (code == STORE_OK && n == 0) {
		there[0].id = here->id;
		memcpy(there[0].name, here->name, sizeof(there[0].name));
		there[0].uid = here->uid;
		there[0].created_at = here->created_at;
		merge(&there[0], here);
		code = write_kept(s, &there[0], here->credential_count > 0, f);
	}
	free(there);
	return code;
}

/* --- Everybody, once -------------------------------------------------- */

static enum store_code
carry_batch(struct store *s, int64_t *after, struct account *batch,
    size_t *n, store_merge merge, struct failure *f)
{
	const uint64_t lost = s->stage_lost;
	enum store_code code;
	size_t i;

	*n = 0;
	if ((code = lite_begin(s, STORE_WRITE, f)) != STORE_OK)
		return code;
	code = read_here(s, *after, batch, LITE_STAGE_BATCH, n, f);
	for (i = 0; i < *n && code == STORE_OK; i++) {
		*after = batch[i].id;
		code = carry(s, &batch[i], merge, f);
	}
	if (code == STORE_OK && *n > 0)
		code = lite_commit(s, f);
	if (code != STORE_OK)
		s->stage_lost = lost;
	lite_rollback(s);
	return code;
}

static enum store_code
carry_all(struct store *s, struct account *batch, store_merge merge,
    struct failure *f)
{
	enum store_code code = STORE_OK;
	size_t n = LITE_STAGE_BATCH;
	int64_t after = 0;

	while (code == STORE_OK && n == LITE_STAGE_BATCH) {
		code = carry_batch(s, &after, batch, &n, merge, f);
		if (code == STORE_OK)
			code = lite_stage_room(s, f);
	}
	return code;
}

/* --- Who was changed meanwhile ---------------------------------------- */

/* Accounts of the next events; *n of them, 0: no more. */
static enum store_code
read_changed(struct store *s, enum store_ring ring,
    int64_t ids[LITE_STAGE_BATCH], size_t *n, struct failure *f)
{
	int64_t seen = s->stage_seen[ring], id;
	enum store_code code;
	struct lite_call c;
	struct row r = { .ok = true };
	bool gap = false;

	*n = 0;
	lite_call(&c, s, ring == RING_PUBLIC ? LITE_STAGE_CHANGED_PUBLIC :
	    LITE_STAGE_CHANGED_LOGIN);
	lite_int(&c, seen);
	lite_int(&c, LITE_STAGE_BATCH);
	while (r.ok && *n < LITE_STAGE_BATCH && lite_row(&c)) {
		r.st = c.statement;
		r.next = 0;
		id = row_int(&r, 1, INT64_MAX);
		gap = gap || id != seen + 1;
		seen = id;
		ids[(*n)++] = row_int(&r, 0, INT64_MAX);
	}
	code = lite_done(&c, f);
	if (code == STORE_OK && !r.ok)
		return row_damaged(s, f);
	if (code == STORE_OK && gap) {
		/* The ring dropped some: who was charged is not known. */
		failure_set(f, OUT_BUSY, s->path, "too many logins meanwhile");
		return STORE_BUSY;
	}
	if (code == STORE_OK)
		s->stage_seen[ring] = seen;
	return code;
}

/* A transaction is open. */
static enum store_code
carry_changed(struct store *s, enum store_ring ring, store_merge merge,
    size_t *n, struct failure *f)
{
	struct account *here = calloc(1, sizeof(*here));
	int64_t ids[LITE_STAGE_BATCH];
	enum store_code code;
	size_t i, found;

	if (here == NULL)
		return STORE_MEMORY;
	code = read_changed(s, ring, ids, n, f);
	for (i = 0; i < *n && code == STORE_OK; i++) {
		if (ids[i] == 0)
			continue;
		code = read_here(s, ids[i] - 1, here, 1, &found, f);
		if (code == STORE_OK && found == 1 && here->id == ids[i])
			code = carry(s, here, merge, f);
	}
	free(here);
	return code;
}

/* Until a ring has less than a batch, which the swap then takes. */
static enum store_code
catch_up(struct store *s, enum store_ring ring, store_merge merge,
    struct failure *f)
{
	const int64_t before = s->stage_seen[ring];
	size_t n = LITE_STAGE_BATCH;
	enum store_code code = STORE_OK;
	uint64_t lost = s->stage_lost;

	while (code == STORE_OK && n == LITE_STAGE_BATCH) {
		lost = s->stage_lost;
		code = lite_begin(s, STORE_WRITE, f);
		if (code == STORE_OK)
			code = carry_changed(s, ring, merge, &n, f);
		if (code == STORE_OK)
			code = lite_commit(s, f);
		if (code == STORE_OK)
			code = lite_stage_room(s, f);
	}
	if (code != STORE_OK) {
		lite_rollback(s);
		s->stage_seen[ring] = before;
		s->stage_lost = lost;
	}
	return code;
}

enum store_code
lite_stage_carry(struct store *s, store_merge merge, struct failure *f)
{
	struct account *batch = calloc(LITE_STAGE_BATCH, sizeof(*batch));
	enum store_code code;

	if (batch == NULL)
		return STORE_MEMORY;
	code = lite_begin(s, STORE_READ, f);
	if (code == STORE_OK)
		code = lite_stage_rings(s, f);
	lite_rollback(s);
	if (code == STORE_OK)
		code = carry_all(s, batch, merge, f);
	if (code == STORE_OK)
		code = catch_up(s, RING_LOGIN, merge, f);
	if (code == STORE_OK)
		code = catch_up(s, RING_PUBLIC, merge, f);
	free(batch);
	return code;
}

/* --- The swap --------------------------------------------------------- */

static enum store_code
carry_last(struct store *s, store_merge merge, struct failure *f)
{
	enum store_code code = STORE_OK;
	int ring;
	size_t n;

	for (ring = RING_LOGIN; ring <= RING_PUBLIC && code == STORE_OK;
	    ring++)
		do
			code = carry_changed(s, (enum store_ring)ring, merge,
			    &n, f);
		while (code == STORE_OK && n == LITE_STAGE_BATCH);
	return code;
}

static enum store_code
set_floor(struct store *s, int64_t now, const struct store_swap *swap,
    struct failure *f)
{
	struct lite_call c;

	lite_call(&c, s, LITE_STAGE_FLOOR);
	lite_int(&c, now);
	lite_int(&c, swap->window);
	lite_blob(&c, swap->machine, STORE_MACHINE);
	return lite_write_one(&c, f);
}

/* References between the tables follow their names. */
static enum store_code
trade_names(struct store *s, struct failure *f)
{
	return lite_code(s, sqlite3_exec(s->db,
	    "ALTER TABLE pass RENAME TO gone_pass;"
	    "ALTER TABLE account RENAME TO gone_account;"
	    "ALTER TABLE recovery RENAME TO gone_recovery;"
	    "ALTER TABLE credential RENAME TO gone_credential;"
	    "ALTER TABLE stage_account RENAME TO account;"
	    "ALTER TABLE stage_recovery RENAME TO recovery;"
	    "ALTER TABLE stage_credential RENAME TO credential;"
	    "ALTER TABLE stage_pass RENAME TO pass",
	    NULL, NULL, NULL), "restore", f);
}

enum store_code
lite_stage_swap(struct store *s, const struct store_swap *swap,
    const struct store_event *e, bool *occupied, uint64_t *lost,
    struct failure *f)
{
	const int64_t seen[2] = { s->stage_seen[0], s->stage_seen[1] };
	const uint64_t before = s->stage_lost;
	enum store_code code;
	int64_t there = 0;

	*occupied = false;
	*lost = 0;
	if ((code = lite_within(s, LITE_WRITING, f)) != STORE_OK)
		return code;
	if (!swap->replace)
		code = lite_number(s, LITE_STAGE_OCCUPIED, &there, f);
	*occupied = there != 0;
	if (code != STORE_OK || *occupied)
		return code;
	code = carry_last(s, swap->merge, f);
	if (code == STORE_OK)
		code = set_floor(s, e->at, swap, f);
	if (code == STORE_OK)
		code = trade_names(s, f);
	if (code == STORE_OK)
		code = lite_tell(s, CHANGE_RESTORED, e, f);
	if (code != STORE_OK)
		memcpy(s->stage_seen, seen, sizeof(seen));
	*lost = s->stage_lost;
	s->stage_lost = before;	/* should the commit be refused */
	return code;
}

/* --- Whose the store is ----------------------------------------------- */

enum store_code
lite_load_machine(struct store *s, uint8_t *machine, bool *known,
    struct failure *f)
{
	enum store_code code;
	struct lite_call c;
	struct row r = { .ok = true };
	size_t len = 0;

	*known = false;
	memset(machine, 0, STORE_MACHINE);
	if ((code = lite_within(s, LITE_READING, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_LOAD_MACHINE);
	if (lite_row(&c)) {
		r.st = c.statement;
		len = row_bytes(&r, SQLITE_BLOB, 0, STORE_MACHINE, machine);
	}
	code = lite_done(&c, f);
	*known = code == STORE_OK && len == STORE_MACHINE;
	return code;
}
