/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "common/wire.h"
#include "pam/conversation.h"

static const char junk[] = { '\b', '\n', '\r', '\177' };

/*
 * One message through the program's function.  On failure the response is
 * the program's and is not touched: some have freed it by then.
 */
static int
converse(pam_handle_t *pamh, int style, const char *text,
    struct pam_response **response)
{
	const struct pam_message message = { .msg_style = style, .msg = text };
	const struct pam_message *messages = &message;
	const struct pam_conv *conv;
	const void *item = NULL;
	int rc;

	*response = NULL;
	rc = pam_get_item(pamh, PAM_CONV, &item);
	conv = item;
	if (rc != PAM_SUCCESS || conv == NULL || conv->conv == NULL)
		return PAM_CONV_ERR;
	rc = conv->conv(1, &messages, response, conv->appdata_ptr);
	if (rc != PAM_SUCCESS)
		*response = NULL;
	return rc;
}

static void
drop(struct pam_response *response)
{
	if (response == NULL)
		return;
	if (response->resp != NULL)
		explicit_bzero(response->resp, strlen(response->resp));
	free(response->resp);
	free(response);
}

void
conversation_line(const char *reason, const char *prompt,
    enum outcome_follow follow, char line[CONVERSATION_COLUMNS + 1])
{
	int n;

	if (follow == FOLLOW_RECOVERY)
		prompt = CONVERSATION_RECOVERY;
	n = snprintf(line, CONVERSATION_COLUMNS + 1, "%s%s%s", reason,
	    reason[0] != '\0' ? " " : "", prompt);
	if (n < 0 || n > CONVERSATION_COLUMNS)
		snprintf(line, CONVERSATION_COLUMNS + 1, "%s", prompt);
}

static bool
is_junk(const char *answer, size_t len)
{
	size_t n = len < sizeof(junk) ? len : sizeof(junk);

	return len > 0 && memcmp(answer, junk, n) == 0;
}

/* Equal to the password that was typed before; an empty one is nobody's. */
static bool
is_password(const pam_handle_t *pamh, const char *answer, size_t len)
{
	const void *password = NULL;

	if (pam_get_item(pamh, PAM_AUTHTOK, &password) != PAM_SUCCESS ||
	    password == NULL)
		return false;
	return len > 0 && strlen(password) == len &&
	    text_equal(password, answer, len);
}

/* Junk first: for nobody's account the password is junk as well. */
static enum answer
judge(const pam_handle_t *pamh, const char *answer, struct secret *typed)
{
	size_t len = strlen(answer);

	if (is_junk(answer, len))
		return ANSWER_JUNK;
	if (is_password(pamh, answer, len))
		return ANSWER_PASSWORD;
	secret_set(typed, answer, len);
	return ANSWER_TYPED;
}

enum answer
conversation_ask(pam_handle_t *pamh, const char *line, bool echo,
    struct secret *typed)
{
	struct pam_response *response;
	enum answer answer = ANSWER_NONE;
	int rc;

	secret_wipe(typed);
	rc = converse(pamh, echo ? PAM_PROMPT_ECHO_ON : PAM_PROMPT_ECHO_OFF,
	    line, &response);
	if (rc == PAM_SUCCESS && response != NULL && response->resp != NULL)
		answer = judge(pamh, response->resp, typed);
	drop(response);
	return answer;
}

void
conversation_say(pam_handle_t *pamh, int style, const char *text)
{
	char line[WIRE_STRING_MAX + 1];
	struct pam_response *response;
	size_t i;

	for (i = 0; i < sizeof(line) - 1 && text[i] != '\0'; i++)
		line[i] = text[i] >= 0x20 && text[i] <= 0x7e ? text[i] : '?';
	line[i] = '\0';
	converse(pamh, style, line, &response);
	drop(response);
}
