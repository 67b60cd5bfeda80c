/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include <security/pam_ext.h>

#include "common/text.h"
#include "pam/conversation.h"
#include "pam/report.h"

/* Every field at its longest, every byte of it escaped. */
#define LINE_MAX	(5 * (2 * WIRE_STRING_MAX + 16))

static const char *
or_null(const char *s)
{
	return s[0] != '\0' ? s : NULL;
}

void
report_log(pam_handle_t *pamh, const struct person *p, const struct reply *r)
{
	const struct outcome_row *row = outcome_row(r->outcome);
	bool named = p->known && r->outcome != OUT_NO_USER;
	char line[LINE_MAX] = "", count[32] = "";
	size_t used = 0;

	if (row->charged)
		snprintf(count, sizeof(count), "%u/%u",
		    (unsigned)r->facts.count, (unsigned)r->facts.limit);
	text_field(line, sizeof(line), &used, "user", named ? p->name : "?");
	text_field(line, sizeof(line), &used, "rhost", or_null(p->rhost));
	text_field(line, sizeof(line), &used, "tty", or_null(p->tty));
	text_field(line, sizeof(line), &used, "count", or_null(count));
	text_field(line, sizeof(line), &used, "path", or_null(r->path));
	text_field(line, sizeof(line), &used, "reason", or_null(r->reason));
	pam_syslog(pamh, row->priority, "%s%s", row->audit, line);
}

#define FEW_CODES 2	/* as the command line warns */

static void
say_left(pam_handle_t *pamh, const struct outcome_facts *f)
{
	char text[CONVERSATION_COLUMNS + 1];

	if (f->left == 0)
		snprintf(text, sizeof(text), "Last recovery code used. "
		    "Make new ones: stepup codes --new");
	else
		snprintf(text, sizeof(text), "Recovery code used, %u left.%s",
		    (unsigned)f->left, f->left <= FEW_CODES ?
		    " New ones: stepup codes --new" : "");
	conversation_say(pamh, PAM_TEXT_INFO, text);
}

void
report_person(pam_handle_t *pamh, const struct reply *r, bool quiet)
{
	char text[CONVERSATION_COLUMNS + 1];

	if (r->outcome == OUT_OK_RECOVERY && !quiet)
		say_left(pamh, &r->facts);
	if (r->outcome == OUT_OK_PASS && !quiet)
		conversation_say(pamh, PAM_TEXT_INFO,
		    "Login pass used: it does not work again.");
	outcome_final(r->outcome, &r->facts, text, sizeof(text));
	if (text[0] == '\0')
		return;
	conversation_say(pamh, PAM_ERROR_MSG, text);
	if (r->help[0] != '\0')
		conversation_say(pamh, PAM_ERROR_MSG, r->help);
}
