/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_pam.h"

struct fake_pam fake_pam;

void
fake_pam_stack(int prompts, int result)
{
	memset(&fake_pam, 0, sizeof(fake_pam));
	fake_pam.prompts = prompts;
	fake_pam.result = result;
	fake_pam.message = (struct pam_message){ PAM_PROMPT_ECHO_OFF,
		"Password: " };
}

int
pam_start(const char *service, const char *user, const struct pam_conv *conv,
    pam_handle_t **pamh)
{
	assert_string_equal(service, "stepup");
	fake_pam.conv = conv;
	fake_pam.user = user;
	*pamh = (pam_handle_t *)(void *)&fake_pam;
	return fake_pam.start;
}

static bool
converse_once(void)
{
	const struct pam_message *all[PAM_MAX_NUM_MSG + 1];
	int i, n = fake_pam.messages == 0 ? 1 : fake_pam.messages;
	struct pam_response *r = NULL;

	for (i = 0; i <= PAM_MAX_NUM_MSG; i++)
		all[i] = &fake_pam.message;
	fake_pam.conversed = fake_pam.conv->conv(n, all, &r,
	    fake_pam.conv->appdata_ptr);
	if (fake_pam.conversed != PAM_SUCCESS) {
		assert_null(r);
		return false;
	}
	fake_pam.asked++;
	for (i = 0; i < n; i++) {
		snprintf(fake_pam.last, sizeof(fake_pam.last), "%s",
		    r[i].resp != NULL ? r[i].resp : "");
		free(r[i].resp);
	}
	free(r);
	return true;
}

int
pam_authenticate(pam_handle_t *pamh, int flags)
{
	int i;

	(void)pamh;
	assert_int_equal(flags, PAM_DISALLOW_NULL_AUTHTOK);
	if (fake_pam.meanwhile != NULL)
		fake_pam.meanwhile(fake_pam.arg);
	for (i = 0; i < fake_pam.prompts; i++)
		if (!converse_once())
			return PAM_CONV_ERR;
	return fake_pam.result;
}

int
pam_get_item(const pam_handle_t *pamh, int item, const void **value)
{
	(void)pamh;
	assert_int_equal(item, PAM_USER);
	*value = fake_pam.renamed != NULL ? fake_pam.renamed : fake_pam.user;
	return PAM_SUCCESS;
}

int
pam_set_item(pam_handle_t *pamh, int item, const void *value)
{
	(void)pamh;
	(void)item;
	(void)value;
	return PAM_SUCCESS;
}

int
pam_acct_mgmt(pam_handle_t *pamh, int flags)
{
	(void)pamh;
	assert_int_equal(flags, PAM_DISALLOW_NULL_AUTHTOK);
	if (fake_pam.account_asks && !converse_once())
		return PAM_CONV_ERR;
	return fake_pam.account;
}

int
pam_end(pam_handle_t *pamh, int status)
{
	(void)pamh;
	(void)status;
	return PAM_SUCCESS;
}

const char *
pam_strerror(pam_handle_t *pamh, int error)
{
	(void)pamh;
	return error == PAM_ACCT_EXPIRED ? "User account has expired" :
	    "some error";
}
