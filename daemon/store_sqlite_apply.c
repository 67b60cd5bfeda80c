/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Effects into rows.  An evaluated answer runs the same statements and
 * dirties the same rows whatever came of it: SQLite leaves a page alone
 * when its bytes stay the same, hence the touch column of each row.
 */
#include <string.h>

#include "daemon/store_sqlite.h"

/*
 * Always the same length, so that a row is overwritten in its place: as a
 * column, a counter that is cleared makes its row shorter.
 */
size_t
lite_pack_limiters(const struct account *a, uint8_t *out)
{
	const struct limiter *l;

	for (l = a->limiters; l < a->limiters + LIMITERS; l++) {
		out = lite_put(out, l->consecutive);
		out = lite_put(out, l->total);
		out = lite_put(out, l->total_since);
		out = lite_put(out, l->wait_start);
		out = lite_put(out, l->wait_length);
	}
	return LITE_LIMITERS;
}

/* What load would refuse is not written. */
static bool
limiters_sound(const struct account *a)
{
	const struct limiter *l;
	bool sound = true;

	for (l = a->limiters; l < a->limiters + LIMITERS; l++)
		sound = sound && l->consecutive >= 0 && l->total >= 0 &&
		    l->total_since >= 0 && l->wait_start >= 0 &&
		    l->wait_length >= 0 && l->wait_length <= LIMIT_WAIT_MAX;
	return sound;
}

static bool
spent_sound(const struct account *a)
{
	size_t i;

	for (i = 0; i < a->recovery.count; i++)
		if (a->recovery.codes[i].spent_at < 0)
			return false;
	return true;
}

static size_t
pack_spent(const struct recovery_set *set, uint8_t *out)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		out = lite_put(out, set->codes[i].spent_at);
	return set->count * 8;
}

static size_t
pack_hashes(const struct recovery_set *set, uint8_t *out)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		memcpy(out + i * RECOVERY_HASH, set->codes[i].hash,
		    RECOVERY_HASH);
	return set->count * RECOVERY_HASH;
}

static enum store_code
set_credentials(struct store *s, const struct account *a, struct failure *f)
{
	enum store_code code = STORE_OK;
	const struct credential *cred;
	struct lite_call c;
	size_t i;

	for (i = 0; i < a->credential_count && code == STORE_OK; i++) {
		cred = &a->credentials[i];
		lite_call(&c, s, LITE_SET_CREDENTIAL);
		lite_int(&c, cred->last_step);
		lite_int(&c, cred->used_at);
		lite_int(&c, cred->id);
		lite_int(&c, a->id);
		code = lite_write_one(&c, f);
	}
	return code;
}

static enum store_code
set_spent(struct store *s, const struct account *a, struct failure *f)
{
	uint8_t spent[ACCOUNT_CODES_MAX * 8];
	struct lite_call c;

	if (a->recovery.count == 0)
		return STORE_OK;
	lite_call(&c, s, LITE_SET_SPENT);
	lite_blob(&c, spent, pack_spent(&a->recovery, spent));
	lite_int(&c, a->id);
	lite_blob(&c, a->recovery.salt, RECOVERY_SALT);
	return lite_write_one(&c, f);
}

/* All that one recovery-shaped answer may have been. */
static enum store_code
set_codes(struct store *s, const struct account *a, struct failure *f)
{
	enum store_code code = set_spent(s, a, f);

	return code == STORE_OK ? lite_set_pass(s, a, PASS_LOGIN, f) : code;
}

/* All four are one row; those of the other door are as they were loaded. */
static enum store_code
set_limiters(struct store *s, const struct account *a, struct failure *f)
{
	uint8_t limiters[LITE_LIMITERS];
	struct lite_call c;

	lite_call(&c, s, LITE_SET_LIMITERS);
	lite_blob(&c, limiters, lite_pack_limiters(a, limiters));
	lite_int(&c, a->id);
	return lite_write_one(&c, f);
}

enum store_code
lite_new_account(struct store *s, enum lite_statement which,
    const struct account *a, int *changed, struct failure *f)
{
	uint8_t limiters[LITE_LIMITERS];
	struct lite_call c;

	lite_call(&c, s, which);
	lite_int(&c, a->id);
	lite_blob(&c, a->name, strlen(a->name));
	lite_int(&c, a->uid);
	lite_int(&c, a->created_at);
	lite_int(&c, a->enrolled_at);
	lite_int(&c, a->locked);
	lite_blob(&c, a->lock_reason, strlen(a->lock_reason));
	lite_blob(&c, limiters, lite_pack_limiters(a, limiters));
	return changed == NULL ? lite_write_one(&c, f) :
	    lite_write(&c, changed, f);
}

/* The account's row: changed where it is there, else new. */
static enum store_code
set_enrolled(struct store *s, const struct account *a, struct failure *f)
{
	uint8_t limiters[LITE_LIMITERS];
	enum store_code code;
	struct lite_call c;
	int changed;

	lite_call(&c, s, LITE_SET_ENROLLED);
	lite_int(&c, a->enrolled_at);
	lite_blob(&c, limiters, lite_pack_limiters(a, limiters));
	lite_int(&c, a->id);
	lite_blob(&c, a->name, strlen(a->name));
	lite_int(&c, a->uid);
	code = lite_write(&c, &changed, f);
	if (code == STORE_OK && changed == 0)
		code = lite_new_account(s, LITE_NEW_ACCOUNT, a, NULL, f);
	return code;
}

/* Also somebody who has not enrolled yet can be locked. */
static enum store_code
set_lock(struct store *s, const struct account *a, struct failure *f)
{
	uint8_t limiters[LITE_LIMITERS];
	enum store_code code;
	struct lite_call c;
	int changed;

	lite_call(&c, s, LITE_SET_LOCK);
	lite_int(&c, a->locked);
	lite_blob(&c, a->lock_reason, strlen(a->lock_reason));
	lite_blob(&c, limiters, lite_pack_limiters(a, limiters));
	lite_int(&c, a->id);
	lite_blob(&c, a->name, strlen(a->name));
	lite_int(&c, a->uid);
	code = lite_write(&c, &changed, f);
	if (code == STORE_OK && changed == 0)
		code = lite_new_account(s, LITE_NEW_ACCOUNT, a, NULL, f);
	return code;
}

enum store_code
lite_new_credential(struct store *s, enum lite_statement which,
    const struct account *a, const struct credential *cred,
    struct failure *f)
{
	struct lite_call c;

	lite_call(&c, s, which);
	lite_int(&c, a->id);
	lite_int(&c, cred->id);
	lite_int(&c, cred->kind);
	lite_blob(&c, cred->label, strlen(cred->label));
	lite_int(&c, cred->algorithm);
	lite_int(&c, cred->digits);
	lite_int(&c, cred->period);
	lite_int(&c, cred->created_at);
	lite_int(&c, cred->used_at);
	lite_int(&c, cred->last_step);
	lite_text(&c, cred->sealed.key_id);
	lite_blob(&c, cred->sealed.nonce, SEAL_NONCE);
	lite_blob(&c, cred->sealed.data, cred->sealed.len);
	return lite_write_one(&c, f);
}

static enum store_code
drop(struct store *s, enum lite_statement which, const struct account *a,
    int *dropped, struct failure *f)
{
	struct lite_call c;

	lite_call(&c, s, which);
	lite_int(&c, a->id);
	return lite_write(&c, dropped, f);
}

enum store_code
lite_new_recovery(struct store *s, enum lite_statement which,
    const struct account *a, struct failure *f)
{
	const struct recovery_set *set = &a->recovery;
	uint8_t hashes[ACCOUNT_CODES_MAX * RECOVERY_HASH];
	uint8_t spent[ACCOUNT_CODES_MAX * 8];
	struct lite_call c;

	lite_call(&c, s, which);
	lite_int(&c, a->id);
	lite_int(&c, set->rounds);
	lite_int(&c, set->created_at);
	lite_int(&c, (int64_t)set->count);
	lite_blob(&c, set->salt, RECOVERY_SALT);
	lite_blob(&c, hashes, pack_hashes(set, hashes));
	lite_blob(&c, spent, pack_spent(set, spent));
	return lite_write_one(&c, f);
}

static enum store_code
remove_factors(struct store *s, const struct account *a, struct failure *f)
{
	enum store_code code = drop(s, LITE_DROP_CREDENTIALS, a, NULL, f);

	return code == STORE_OK ?
	    drop(s, LITE_DROP_RECOVERY, a, NULL, f) : code;
}

/*
 * A recovery set hangs on the credential at position 1, whichever goes: so
 * all go, and those that stay come again from the first place on.
 */
static enum store_code
remove_one(struct store *s, const struct account *a, struct failure *f)
{
	enum store_code code;
	int dropped;
	size_t i;

	code = drop(s, LITE_DROP_CREDENTIALS, a, &dropped, f);
	if (code == STORE_OK && (size_t)dropped != a->credential_count + 1)
		return lite_refuse(s, "an account's row is gone", f);
	for (i = 0; i < a->credential_count && code == STORE_OK; i++)
		code = lite_new_credential(s, LITE_NEW_CREDENTIAL, a,
		    &a->credentials[i], f);
	return code;
}

/* New codes for somebody who has some; a first set comes with ENROLL. */
static enum store_code
replace_recovery(struct store *s, const struct account *a, struct failure *f)
{
	enum store_code code;
	int dropped;

	code = drop(s, LITE_DROP_RECOVERY, a, &dropped, f);
	if (code == STORE_OK && dropped != 1)
		return lite_refuse(s, "an account's row is gone", f);
	return code == STORE_OK ? lite_new_recovery(s, LITE_NEW_RECOVERY, a, f) : code;
}

static enum store_code
enroll(struct store *s, const struct account *a, struct failure *f)
{
	enum store_code code;
	size_t i;

	code = set_enrolled(s, a, f);
	if (code == STORE_OK)
		code = remove_factors(s, a, f);
	if (code == STORE_OK)
		code = lite_new_recovery(s, LITE_NEW_RECOVERY, a, f);
	for (i = 0; i < a->credential_count && code == STORE_OK; i++)
		code = lite_new_credential(s, LITE_NEW_CREDENTIAL, a,
		    &a->credentials[i], f);
	return code == STORE_OK ? lite_replace_passes(s, a, f) : code;
}

/* Also somebody who has not enrolled yet can be given one. */
static enum store_code
set_passes(struct store *s, const struct account *a, struct failure *f)
{
	enum store_code code = set_enrolled(s, a, f);

	return code == STORE_OK ? lite_replace_passes(s, a, f) : code;
}

/* Unlocking somebody without a row: the event is all there is to write. */
static bool
rowless(const struct account *a)
{
	return a->match == ACCOUNT_NONE && a->id == 0 && !a->locked;
}

/*
 * Nothing half-written is begun: the schema would refuse the commit, and
 * with it everybody else's part of this transaction.
 */
static bool
whole(const struct account *a, enum effect_kind kind)
{
	bool credentials = a->credential_count >= 1 &&
	    a->credential_count <= ACCOUNT_CREDENTIALS_MAX;
	bool codes = a->recovery.count >= 1 &&
	    a->recovery.count <= ACCOUNT_CODES_MAX &&
	    a->recovery.created_at > 0;

	switch (kind) {
	case EFFECT_NONE:
	case EFFECT_EVENT:
	case EFFECT_TALLY:
		return true;
	case EFFECT_CREDENTIALS:
		return a->id > 0 &&
		    a->credential_count <= ACCOUNT_CREDENTIALS_MAX;
	case EFFECT_CODES:
		return a->id > 0 && a->recovery.count <= ACCOUNT_CODES_MAX &&
		    spent_sound(a) && lite_passes_sound(a);
	case EFFECT_TICKET:
		return a->id > 0 && lite_passes_sound(a);
	case EFFECT_PASS:
	case EFFECT_REVOKE:
		return a->id > 0 && limiters_sound(a) && lite_passes_sound(a);
	case EFFECT_LIMITERS:
		return a->id > 0 && limiters_sound(a);
	case EFFECT_LOCK:
		return (a->id > 0 || rowless(a)) && limiters_sound(a);
	case EFFECT_REMOVE:
		return a->id > 0;
	case EFFECT_ENROLL:
	case EFFECT_IMPORT:
	case EFFECT_ADD:
	case EFFECT_NEW_CODES:
	case EFFECT_REMOVE_ONE:
		return a->id > 0 && credentials && codes && spent_sound(a) &&
		    limiters_sound(a) && lite_passes_sound(a);
	}
	return false;
}

static enum store_code
apply_one(struct store *s, const struct account *a, enum effect_kind kind,
    const struct store_event *e, bool changing, struct failure *f)
{
	enum lite_change change = CHANGE_NONE;
	enum store_code code = STORE_OK;

	if (!whole(a, kind))
		return lite_refuse(s, "this account cannot be written", f);
	switch (kind) {
	case EFFECT_NONE:
		return STORE_OK;
	case EFFECT_CREDENTIALS:
		return set_credentials(s, a, f);
	case EFFECT_CODES:
		return set_codes(s, a, f);
	case EFFECT_TICKET:
		return lite_set_pass(s, a, PASS_ENROLL, f);
	case EFFECT_LIMITERS:
		return set_limiters(s, a, f);
	case EFFECT_EVENT:	/* a change writes its own */
		return changing ? STORE_OK :
		    lite_write_event(s, a, CHANGE_NONE, e, f);
	case EFFECT_TALLY:
		return lite_write_tally(s, a, e, f);
	case EFFECT_ENROLL:
		code = enroll(s, a, f);
		change = CHANGE_ENROLLED;
		break;
	case EFFECT_IMPORT:
		code = enroll(s, a, f);
		change = CHANGE_IMPORTED;
		break;
	case EFFECT_ADD:
		code = lite_new_credential(s, LITE_NEW_CREDENTIAL, a,
		    &a->credentials[a->credential_count - 1], f);
		change = CHANGE_ADDED;
		break;
	case EFFECT_NEW_CODES:
		code = replace_recovery(s, a, f);
		change = CHANGE_CODES;
		break;
	case EFFECT_REMOVE:
		code = remove_factors(s, a, f);
		change = CHANGE_REMOVED;
		break;
	case EFFECT_REMOVE_ONE:
		code = remove_one(s, a, f);
		change = CHANGE_REMOVED_ONE;
		break;
	case EFFECT_LOCK:
		if (!rowless(a))
			code = set_lock(s, a, f);
		change = a->locked ? CHANGE_LOCKED : CHANGE_UNLOCKED;
		break;
	case EFFECT_PASS:
	case EFFECT_REVOKE:
		code = set_passes(s, a, f);
		change = kind == EFFECT_PASS ? CHANGE_PASS : CHANGE_REVOKED;
		break;
	}
	if (code == STORE_OK)
		code = lite_write_event(s, a, change, e, f);
	return code;
}

enum store_code
lite_apply(struct store *s, const struct account *a,
    const struct decision *d, const struct store_event *e, struct failure *f)
{
	enum store_code code;
	bool changing = false;
	size_t i;

	if ((code = lite_within(s, LITE_WRITING, f)) != STORE_OK)
		return code;
	if (d->effect_count > EFFECTS_MAX)
		return lite_refuse(s, "too many effects", f);
	for (i = 0; i < d->effect_count; i++)
		changing = changing || d->effects[i] >= EFFECT_ENROLL;
	for (i = 0; i < d->effect_count && code == STORE_OK; i++)
		code = apply_one(s, a, d->effects[i], e, changing, f);
	return code;
}

enum store_code
lite_save_password(struct store *s, uid_t uid, const struct limiter *l,
    struct failure *f)
{
	enum store_code code;
	struct lite_call c;

	if ((code = lite_within(s, LITE_WRITING, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_SAVE_PASSWORD);
	lite_int(&c, uid);
	lite_int(&c, l->consecutive);
	lite_int(&c, l->wait_start);
	return lite_write_one(&c, f);
}
