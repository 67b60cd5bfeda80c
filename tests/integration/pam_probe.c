/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A module for test stacks.
 *	set=HEX		makes these bytes the PAM_AUTHTOK
 *	expect=HEX	SERVICE_ERR when PAM_AUTHTOK is another
 *	return=N	returns N
 * otherwise SUCCESS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <security/pam_modules.h>

#define EXPORT __attribute__((visibility("default")))

static const char *
decode(const char *hex, char text[512])
{
	unsigned byte;
	size_t n = 0;

	while (n < 511 && sscanf(hex + 2 * n, "%2x", &byte) == 1)
		text[n++] = (char)byte;
	text[n] = '\0';
	return text;
}

static int
obey(pam_handle_t *pamh, int argc, const char **argv)
{
	const void *item = NULL;
	char text[512];
	int i;

	for (i = 0; i < argc; i++) {
		if (strncmp(argv[i], "set=", 4) == 0 &&
		    pam_set_item(pamh, PAM_AUTHTOK,
		    decode(argv[i] + 4, text)) != PAM_SUCCESS)
			return PAM_SERVICE_ERR;
		if (strncmp(argv[i], "expect=", 7) == 0 &&
		    (pam_get_item(pamh, PAM_AUTHTOK, &item) != PAM_SUCCESS ||
		    item == NULL ||
		    strcmp(item, decode(argv[i] + 7, text)) != 0))
			return PAM_SERVICE_ERR;
		if (strncmp(argv[i], "return=", 7) == 0)
			return atoi(argv[i] + 7);
	}
	return PAM_SUCCESS;
}

#define PROBE(name)							\
EXPORT int								\
name(pam_handle_t *pamh, int flags, int argc, const char **argv)	\
{									\
	(void)flags;							\
	return obey(pamh, argc, argv);					\
}

PROBE(pam_sm_authenticate)
PROBE(pam_sm_setcred)
PROBE(pam_sm_acct_mgmt)
PROBE(pam_sm_open_session)
PROBE(pam_sm_close_session)
PROBE(pam_sm_chauthtok)
