/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Effects into rows.  An evaluated answer runs the same statements whatever
 * came of it, and dirties the same rows (store_sqlite_write.c).
 */
#include "daemon/store_sqlite_write.h"

static enum store_code
remove_factors(struct store *s, const struct account *a, struct failure *f)
{
	enum store_code code = lite_drop(s, LITE_DROP_CREDENTIALS, a, NULL, f);

	return code == STORE_OK ?
	    lite_drop(s, LITE_DROP_RECOVERY, a, NULL, f) : code;
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

	code = lite_drop(s, LITE_DROP_CREDENTIALS, a, &dropped, f);
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

	code = lite_drop(s, LITE_DROP_RECOVERY, a, &dropped, f);
	if (code == STORE_OK && dropped != 1)
		return lite_refuse(s, "an account's row is gone", f);
	return code == STORE_OK ?
	    lite_new_recovery(s, LITE_NEW_RECOVERY, a, f) : code;
}

static enum store_code
enroll(struct store *s, const struct account *a, struct failure *f)
{
	enum store_code code;
	size_t i;

	code = lite_set_enrolled(s, a, f);
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
	enum store_code code = lite_set_enrolled(s, a, f);

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
		    lite_spent_sound(a) && lite_passes_sound(a);
	case EFFECT_TICKET:
		return a->id > 0 && lite_passes_sound(a);
	case EFFECT_PASS:
	case EFFECT_REVOKE:
		return a->id > 0 && lite_limiters_sound(a) &&
		    lite_passes_sound(a);
	case EFFECT_LIMITERS:
		return a->id > 0 && lite_limiters_sound(a);
	case EFFECT_LOCK:
		return (a->id > 0 || rowless(a)) && lite_limiters_sound(a);
	case EFFECT_REMOVE:
		return a->id > 0;
	case EFFECT_ENROLL:
	case EFFECT_IMPORT:
	case EFFECT_ADD:
	case EFFECT_NEW_CODES:
	case EFFECT_REMOVE_ONE:
		return a->id > 0 && credentials && codes &&
		    lite_spent_sound(a) && lite_limiters_sound(a) &&
		    lite_passes_sound(a);
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
		return lite_set_credentials(s, a, f);
	case EFFECT_CODES:
		return lite_set_codes(s, a, f);
	case EFFECT_TICKET:
		return lite_set_pass(s, a, PASS_ENROLL, f);
	case EFFECT_LIMITERS:
		return lite_set_limiters(s, a, f);
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
			code = lite_set_lock(s, a, f);
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
