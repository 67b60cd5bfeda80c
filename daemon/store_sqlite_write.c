/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An account's rows, out.  SQLite leaves a page alone when its bytes stay
 * the same, hence the touch column of each row; what changes with every
 * login is a blob of one length, so that its row stays in its place.
 */
#include <string.h>

#include "daemon/store_sqlite_write.h"

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

bool
lite_limiters_sound(const struct account *a)
{
	const struct limiter *l;
	bool sound = true;

	for (l = a->limiters; l < a->limiters + LIMITERS; l++)
		sound = sound && l->consecutive >= 0 && l->total >= 0 &&
		    l->total_since >= 0 && l->wait_start >= 0 &&
		    l->wait_length >= 0 && l->wait_length <= LIMIT_WAIT_MAX;
	return sound;
}

bool
lite_spent_sound(const struct account *a)
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

enum store_code
lite_set_credentials(struct store *s, const struct account *a,
    struct failure *f)
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

enum store_code
lite_set_codes(struct store *s, const struct account *a, struct failure *f)
{
	enum store_code code = set_spent(s, a, f);

	return code == STORE_OK ? lite_set_pass(s, a, PASS_LOGIN, f) : code;
}

/* All four are one row; those of the other door are as they were loaded. */
enum store_code
lite_set_limiters(struct store *s, const struct account *a, struct failure *f)
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

enum store_code
lite_set_enrolled(struct store *s, const struct account *a, struct failure *f)
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
enum store_code
lite_set_lock(struct store *s, const struct account *a, struct failure *f)
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

enum store_code
lite_drop(struct store *s, enum lite_statement which, const struct account *a,
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
