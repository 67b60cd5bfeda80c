/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A module that answers what it is told: `auth=N cred=N acct=N`, numbers of
 * libpam; PAM_SUCCESS where nothing is told.
 */
#include <stdlib.h>
#include <string.h>

#include <security/pam_modules.h>

#define EXPORT	__attribute__((visibility("default")))

static int
said(const char *key, int argc, const char **argv)
{
	size_t len = strlen(key);
	int i;

	for (i = 0; i < argc; i++)
		if (strncmp(argv[i], key, len) == 0)
			return (int)strtol(argv[i] + len, NULL, 10);
	return PAM_SUCCESS;
}

EXPORT int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	(void)pamh;
	(void)flags;
	return said("auth=", argc, argv);
}

EXPORT int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	return said("cred=", argc, argv);
}

EXPORT int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	return said("acct=", argc, argv);
}
