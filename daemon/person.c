/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/person.h"

#define PASSWD_BUFFER	(64 * 1024)
#define ROSTER_MAX	1000000

static enum outcome
found(struct person *p, const struct passwd *pw, int error,
    struct failure *f)
{
	if (pw != NULL && strlen(pw->pw_name) >= sizeof(p->name))
		return failure_set(f, OUT_SERVICE, NULL, "name service: a "
		    "name of more than %d bytes", ACCOUNT_NAME_MAX);
	if (pw != NULL) {
		strcpy(p->name, pw->pw_name);
		p->uid = pw->pw_uid;
		p->known = true;
		return OUT_DONE;
	}
	if (error == 0 || error == ENOENT || error == ESRCH)
		return OUT_NO_USER;
	return failure_set(f, OUT_SERVICE, NULL, "name service: %s",
	    strerror(error));
}

static enum outcome
look_up(struct person *p, bool named, const char *name, uid_t uid,
    struct failure *f)
{
	char *buf = malloc(PASSWD_BUFFER);
	struct passwd pw, *one = NULL;
	enum outcome o;
	int error;

	memset(p, 0, sizeof(*p));
	if (buf == NULL)
		return OUT_MEMORY;
	error = named ?
	    getpwnam_r(name, &pw, buf, PASSWD_BUFFER, &one) :
	    getpwuid_r(uid, &pw, buf, PASSWD_BUFFER, &one);
	o = found(p, one, error, f);
	free(buf);
	return o;
}

enum outcome
person_by_name(struct person *p, const char *name, struct failure *f)
{
	return look_up(p, true, name, 0, f);
}

enum outcome
person_by_uid(struct person *p, uid_t uid, struct failure *f)
{
	return look_up(p, false, NULL, uid, f);
}

/* --- Everybody ------------------------------------------------------------ */

struct listed {
	char	*name;
	uid_t	 uid;
};

struct roster {
	struct listed	*listed;	/* by name, then uid */
	size_t		 count, room;
};

static int
by_name(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : (x->uid > y->uid) - (x->uid < y->uid);
}

static bool
roster_add(struct roster *r, const struct passwd *pw)
{
	size_t room = r->room == 0 ? 256 : 2 * r->room;
	struct listed *more;

	if (r->count == r->room) {
		more = room > ROSTER_MAX ? NULL :
		    realloc(r->listed, room * sizeof(*more));
		if (more == NULL)
			return false;
		r->listed = more;
		r->room = room;
	}
	r->listed[r->count].uid = pw->pw_uid;
	r->listed[r->count].name = strdup(pw->pw_name);
	if (r->listed[r->count].name == NULL)
		return false;
	r->count++;
	return true;
}

struct roster *
roster_new(void)
{
	struct roster *r = calloc(1, sizeof(*r));
	struct passwd *pw;

	if (r == NULL)
		return NULL;
	setpwent();
	while ((pw = getpwent()) != NULL && roster_add(r, pw))
		;
	endpwent();
	if (r->count > 0)
		qsort(r->listed, r->count, sizeof(*r->listed), by_name);
	return r;
}

void
roster_free(struct roster *r)
{
	if (r == NULL)
		return;
	while (r->count > 0)
		free(r->listed[--r->count].name);
	free(r->listed);
	free(r);
}

bool
roster_has(const struct roster *r, const char *name, uid_t uid)
{
	char copy[ACCOUNT_NAME_MAX + 1];
	struct listed key = { .name = copy, .uid = uid };

	if (r == NULL || r->count == 0 || strlen(name) >= sizeof(copy))
		return false;
	strcpy(copy, name);
	return bsearch(&key, r->listed, r->count, sizeof(*r->listed),
	    by_name) != NULL;
}
