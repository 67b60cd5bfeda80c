/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What root decides about whole accounts: another name, another uid, gone.
 * Each writes the rows that change and an event, and nothing where the
 * account is not, row for row, the one that was loaded.
 */
#include <string.h>

#include "daemon/store_sqlite_row.h"
#include "daemon/store_sqlite_write.h"

enum store_code
lite_who(struct store *s, const char *name, uid_t uid,
    struct store_who *who, struct failure *f)
{
	enum store_code code;
	struct account a;
	struct lite_call c;
	struct row r = { .ok = true };

	memset(who, 0, sizeof(*who));
	if ((code = lite_within(s, LITE_READING, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_LOAD_ACCOUNT);
	lite_blob(&c, name, strlen(name));
	lite_int(&c, uid);
	while (r.ok && lite_row(&c)) {
		r.st = c.statement;
		r.next = 1;	/* behind the id */
		row_string(&r, SQLITE_BLOB, 1, ACCOUNT_NAME_MAX, a.name);
		a.uid = (uid_t)row_int(&r, 0, UINT32_MAX - 1);
		if (strcmp(a.name, name) == 0) {
			who->by_name = true;
			who->uid = a.uid;
		}
		if (a.uid == uid) {
			who->by_uid = true;
			memcpy(who->name, a.name, sizeof(who->name));
		}
	}
	code = lite_done(&c, f);
	if (code == STORE_OK && r.ok)
		return STORE_OK;
	memset(who, 0, sizeof(*who));
	return code == STORE_OK ? row_damaged(s, f) : code;
}

/* The row that was loaded: by id, name and uid. */
static void
bind_row(struct lite_call *c, int64_t id, const char *name, uid_t uid)
{
	lite_int(c, id);
	lite_blob(c, name, strlen(name));
	lite_int(c, uid);
}

static bool
sound(const struct account *a)
{
	size_t i;

	if (a->id <= 0 || a->name[0] == '\0' || a->uid == (uid_t)-1 ||
	    a->credential_count > ACCOUNT_CREDENTIALS_MAX)
		return false;
	for (i = 0; i < a->credential_count; i++)
		if (a->credentials[i].sealed.len <= SEAL_TAG ||
		    a->credentials[i].sealed.len > SEAL_MAX)
			return false;
	return true;
}

static enum store_code
may_write(struct store *s, const struct account *a, struct failure *f)
{
	enum store_code code = lite_within(s, LITE_WRITING, f);

	if (code == STORE_OK && !sound(a))
		return lite_refuse(s, "this account cannot be written", f);
	return code;
}

static enum store_code
set_seal(struct store *s, const struct account *a,
    const struct credential *cred, struct failure *f)
{
	struct lite_call c;

	lite_call(&c, s, LITE_SET_SEAL);
	lite_text(&c, cred->sealed.key_id);
	lite_blob(&c, cred->sealed.nonce, SEAL_NONCE);
	lite_blob(&c, cred->sealed.data, cred->sealed.len);
	lite_int(&c, cred->id);
	lite_int(&c, a->id);
	return lite_write_one(&c, f);
}

enum store_code
lite_rename(struct store *s, const struct account *a, const char *before,
    const struct store_event *e, struct failure *f)
{
	enum store_code code;
	struct lite_call c;
	size_t i;

	if ((code = may_write(s, a, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_SET_NAME);
	lite_blob(&c, a->name, strlen(a->name));
	bind_row(&c, a->id, before, a->uid);
	code = lite_write_one(&c, f);
	for (i = 0; i < a->credential_count && code == STORE_OK; i++)
		code = set_seal(s, a, &a->credentials[i], f);
	return code == STORE_OK ?
	    lite_write_event(s, a, CHANGE_RENAMED, e, f) : code;
}

enum store_code
lite_rebind(struct store *s, const struct account *a, uid_t before,
    const struct store_event *e, struct failure *f)
{
	enum store_code code;
	struct lite_call c;

	if ((code = may_write(s, a, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_SET_UID);
	lite_int(&c, a->uid);
	bind_row(&c, a->id, a->name, before);
	code = lite_write_one(&c, f);
	return code == STORE_OK ?
	    lite_write_event(s, a, CHANGE_REBOUND, e, f) : code;
}

/* Everything that belongs to the account and to its uid, but no event. */
static enum store_code
drop_all(struct store *s, const struct account *a, struct failure *f)
{
	static const enum lite_statement owned[] = { LITE_DROP_CREDENTIALS,
	    LITE_DROP_RECOVERY, LITE_DROP_PASSES };
	enum store_code code = STORE_OK;
	struct lite_call c;
	size_t i;

	for (i = 0; i < sizeof(owned) / sizeof(owned[0]) && code == STORE_OK;
	    i++)
		code = lite_drop(s, owned[i], a, NULL, f);
	if (code != STORE_OK)
		return code;
	lite_call(&c, s, LITE_DROP_PASSWORD);
	lite_int(&c, a->uid);
	return lite_write(&c, NULL, f);
}

enum store_code
lite_forget(struct store *s, const struct account *a,
    const struct store_event *e, struct failure *f)
{
	enum store_code code;
	struct lite_call c;

	if ((code = may_write(s, a, f)) != STORE_OK ||
	    (code = drop_all(s, a, f)) != STORE_OK)
		return code;
	lite_call(&c, s, LITE_DROP_ACCOUNT);
	bind_row(&c, a->id, a->name, a->uid);
	code = lite_write_one(&c, f);
	return code == STORE_OK ?
	    lite_write_event(s, a, CHANGE_PRUNED, e, f) : code;
}
