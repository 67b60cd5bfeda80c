/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "cli/account.h"

#define ROOM (64 * 1024)

static int
take(const struct passwd *pw, char user[256], uid_t *found,
    char **home)
{
	size_t len = strlen(pw->pw_name);

	if (len >= 256)
		return ENOENT;
	if (home != NULL &&
	    (*home = strdup(pw->pw_dir != NULL ? pw->pw_dir : "")) == NULL)
		return ENOMEM;
	memcpy(user, pw->pw_name, len + 1);
	*found = pw->pw_uid;
	return 0;
}

int
account_find(const char *name, uid_t uid, char user[256],
    uid_t *found, char **home)
{
	struct passwd pw, *p = NULL;
	char *room = malloc(ROOM);
	int error = ENOMEM;

	if (home != NULL)
		*home = NULL;
	if (room != NULL)
		error = name != NULL ?
		    getpwnam_r(name, &pw, room, ROOM, &p) :
		    getpwuid_r(uid, &pw, room, ROOM, &p);
	if (error == 0)
		error = p != NULL ? take(p, user, found, home) : ENOENT;
	free(room);
	return error;
}
