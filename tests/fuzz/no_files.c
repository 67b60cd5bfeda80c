/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host without settings, in place of daemon/trusted.c: only the keyring
 * is there, and holds what the test says.
 */
#include <string.h>

#include "daemon/trusted.h"
#include "tests/fuzz/no_files.h"

const char *no_files_keyring;

const struct paths no_files_paths = {
	.conf = "/nowhere/stepup.conf", .conf_dir = "/nowhere/stepup.conf.d",
	.keyring = "/nowhere/keyring", .state = "/nowhere/lib",
	.accepted = "/nowhere/lib/settings.accepted",
	.rundir = "/nowhere/run",
};

bool
trusted_read(const char *path, uid_t owner, int flags, char **data,
    size_t *len, bool *absent, struct failure *f)
{
	bool there = no_files_keyring != NULL &&
	    strcmp(path, no_files_paths.keyring) == 0;

	(void)owner;
	(void)flags;
	*data = NULL;
	*len = 0;
	if (absent != NULL)
		*absent = !there;
	if (there && (*data = strdup(no_files_keyring)) != NULL)
		*len = strlen(*data);
	else
		failure_set(f, OUT_CONFIG, path, "absent");
	return *data != NULL;
}

bool
trusted_stat(const char *path, const struct stat *st, uid_t owner, int flags,
    struct failure *f)
{
	(void)st;
	(void)owner;
	(void)flags;
	failure_set(f, OUT_CONFIG, path, "absent");
	return false;
}

int
trusted_folder(const char *path, uid_t owner, bool *absent,
    struct failure *f)
{
	(void)owner;
	if (absent != NULL)
		*absent = true;
	failure_set(f, OUT_CONFIG, path, "absent");
	return -1;
}

bool
trusted_mark(const char *path, struct trusted_mark *m)
{
	(void)path;
	memset(m, 0, sizeof(*m));
	return no_files_keyring != NULL;
}

bool
trusted_same(const struct trusted_mark *a, const struct trusted_mark *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
