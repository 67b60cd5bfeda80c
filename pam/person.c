/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "pam/person.h"

/* Group and directory entries are large at times, but not that large. */
#define BUFFER_FIRST	((size_t)4096)
#define BUFFER_MAX	((size_t)1 << 20)

/* Copies an item, cut to what fits; "" when there is none. */
static void
copy_item(const pam_handle_t *pamh, int item, char buf[WIRE_STRING_MAX + 1])
{
	const void *value = NULL;
	size_t len;

	buf[0] = '\0';
	if (pam_get_item(pamh, item, &value) != PAM_SUCCESS || value == NULL)
		return;
	len = strnlen(value, WIRE_STRING_MAX);
	memcpy(buf, value, len);
	buf[len] = '\0';
}

/* An entry may hold a password hash: whoever frees it wipes it. */
static void
drop(char *buf, size_t size)
{
	if (buf != NULL)
		explicit_bzero(buf, size);
	free(buf);
}

static enum outcome
take_entry(const struct passwd *entry, struct person *p, const char **reason)
{
	size_t len = strlen(entry->pw_name);

	if (len == 0 || len > WIRE_STRING_MAX || entry->pw_uid == (uid_t)-1) {
		*reason = "the name service's entry cannot be used";
		return OUT_SERVICE;
	}
	memcpy(p->name, entry->pw_name, len + 1);
	p->uid = entry->pw_uid;
	p->known = true;
	return OUT_ASK;
}

/*
 * One question with a buffer of this size; ERANGE asks for a larger one.
 * Only 0 without an entry means that the name is unknown: a directory that
 * cannot be asked must not turn somebody into nobody.
 */
static int
look_up(const char *user, size_t size, struct person *p, enum outcome *o,
    const char **reason)
{
	struct passwd entry, *found = NULL;
	char *buf;
	int rc;

	if ((buf = malloc(size)) == NULL) {
		*reason = "no memory for the account's entry";
		*o = OUT_MEMORY;
		return 0;
	}
	do
		rc = getpwnam_r(user, &entry, buf, size, &found);
	while (rc == EINTR);
	*o = OUT_ASK;
	if (rc == 0 && found != NULL)
		*o = take_entry(found, p, reason);
	drop(buf, size);
	return rc;
}

static enum outcome
resolve(const char *user, struct person *p, const char **reason)
{
	enum outcome o = OUT_SERVICE;
	size_t size;
	int rc = ERANGE;

	for (size = BUFFER_FIRST; rc == ERANGE && size <= BUFFER_MAX; size *= 2)
		rc = look_up(user, size, p, &o, reason);
	if (rc == 0)
		return o;
	*reason = "the name service failed";
	return OUT_SERVICE;
}

/*
 * A service's name that is longer than a file's can be has no stack of its
 * own: cut, it is one more name that no setting lists.
 */
void
person_where(const pam_handle_t *pamh, struct person *p)
{
	memset(p, 0, sizeof(*p));
	copy_item(pamh, PAM_SERVICE, p->service);
	copy_item(pamh, PAM_RHOST, p->rhost);
	copy_item(pamh, PAM_TTY, p->tty);
}

enum outcome
person_who(pam_handle_t *pamh, struct person *p, const char **reason)
{
	const char *user = NULL;
	int rc;

	*reason = NULL;
	rc = pam_get_user(pamh, &user, NULL);
	if (rc == PAM_BUF_ERR) {
		*reason = "no memory for the user's name";
		return OUT_MEMORY;
	}
	if (rc != PAM_SUCCESS || user == NULL || user[0] == '\0') {
		*reason = "no user name";
		return OUT_NO_INPUT;
	}
	return resolve(user, p, reason);
}
