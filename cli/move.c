/* SPDX-License-Identifier: BSD-2-Clause */
/* stepup rename, stepup rebind: whom an account of the store belongs to. */
#include <stdio.h>
#include <string.h>

#include "cli/admin.h"
#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/json.h"

/* The call, about an account that perhaps the store alone has. */
static bool
about(const struct call *call, const char *name, struct call *c)
{
	*c = *call;
	if (*name == '\0' || strlen(name) >= sizeof(c->user))
		return false;
	snprintf(c->user, sizeof(c->user), "%s", name);
	c->named = true;
	return true;
}

static void
tell_renamed(const struct call *call, const char *new_name)
{
	char user[256], other[256], typed[CALL_NAME_MAX];

	terminal_clean(call->user, user, sizeof(user));
	terminal_clean(new_name, other, sizeof(other));
	result(call, "Done: the account of %s is %s's now, with everything "
	    "as it was.", user, other);
	call_quote(new_name, typed);
	say(call, "Next: %sstepup status -u %s", call_way(call), typed);
	if (!call_has(call, OPTION_JSON))
		return;
	json_object_set_new(json_call(), "old_name", json_words(call->user));
	json_object_set_new(json_call(), "new_name", json_words(new_name));
}

enum exit_status
rename_run(const struct call *call)
{
	char new_name[WIRE_STRING_MAX + 1];
	enum exit_status status;
	struct wire_message last;
	struct wire_writer w;
	struct session s;
	struct call c;

	if (!about(call, call->words[0], &c) || *call->words[1] == '\0' ||
	    strlen(call->words[1]) > WIRE_STRING_MAX)
		return usage(call, "not an account name", "");
	admin_start(&c, VERB_RENAME, &w);
	wire_put_string(&w, TAG_NEW_NAME, call->words[1]);
	status = admin_reason(call, false, &w);
	if (status != EXIT_DONE)
		return status;
	status = confirm_ask(&c, &w, &s, &last, NULL);
	if (status == EXIT_DONE) {
		wire_get_string(&last, TAG_NEW_NAME, new_name);
		tell_renamed(&c, new_name);
	}
	session_close(&s);
	return status;
}

static void
tell_rebound(const struct call *call, const struct wire_message *m)
{
	uint32_t before, now;
	char user[256], typed[CALL_NAME_MAX];

	wire_get_uint(m, TAG_STORED_UID, &before);
	wire_get_uint(m, TAG_UID, &now);
	terminal_clean(call->user, user, sizeof(user));
	result(call, "Done: %s is stored with user number %u now (it was "
	    "%u).", user, (unsigned)now, (unsigned)before);
	call_quote(call->user, typed);
	say(call, "Next: %sstepup status -u %s", call_way(call), typed);
	if (!call_has(call, OPTION_JSON))
		return;
	json_object_set_new(json_call(), "old_uid", json_integer(before));
	json_object_set_new(json_call(), "new_uid", json_integer(now));
}

enum exit_status
rebind_run(const struct call *call)
{
	enum exit_status status;
	struct wire_message last;
	struct wire_writer w;
	struct session s;

	admin_start(call, VERB_REBIND, &w);
	status = admin_reason(call, false, &w);
	if (status != EXIT_DONE)
		return status;
	status = confirm_ask(call, &w, &s, &last, NULL);
	if (status == EXIT_DONE)
		tell_rebound(call, &last);
	session_close(&s);
	return status;
}
