/* SPDX-License-Identifier: BSD-2-Clause */
/* stepup status: what is set up, since when, and what is locked. */
#include <stdio.h>

#include "cli/json.h"
#include "cli/standing.h"
#include "cli/subcommands.h"
#include "common/text.h"

static void
tell_authenticator(const struct call *call, const struct authenticator *a)
{
	char created[32], used[32];

	standing_time(a->created, created, sizeof(created));
	standing_time(a->used, used, sizeof(used));
	result(call, "  App             %s: %s, %u digits, %u s", a->label,
	    a->algorithm, a->digits, a->period);
	result(call, "                  added %s, last used %s", created, used);
}

static void
tell_codes(const struct call *call, const struct standing *st)
{
	char made[32];

	if (st->all == 0) {
		result(call, "  Recovery codes  none, there have not been any");
		return;
	}
	standing_time(st->codes_made, made, sizeof(made));
	result(call, "  Recovery codes  %u of %u left, made %s",
	    (unsigned)st->left, (unsigned)st->all, made);
}

static void
tell_locks(const struct call *call, const struct standing *st)
{
	char command[CALL_COMMAND_MAX], wait[16];

	if (st->admin_lock)
		result(call, "  Locked          by an administrator");
	if (st->disabled) {
		call_command(call, "enroll", "--replace", command);
		result(call, "  Switched off    app codes, after too many "
		    "wrong ones; recovery codes work.\n"
		    "                  Next: %s", command);
	} else if (st->wait_totp > 0) {
		text_duration(st->wait_totp, wait, sizeof(wait));
		result(call, "  Waiting         app codes, for %s", wait);
	}
	if (st->wait_recovery > 0) {
		text_duration(st->wait_recovery, wait, sizeof(wait));
		result(call, "  Waiting         recovery codes, for %s", wait);
	}
}

static void
authenticators_json(const struct standing *st)
{
	const struct authenticator *a;
	json_t *list = json_array(), *j;

	for (a = st->authenticators; a < st->authenticators + st->count; a++) {
		j = json_object();
		json_object_set_new(j, "name", json_words(a->label));
		json_object_set_new(j, "algorithm", json_words(a->algorithm));
		json_object_set_new(j, "digits", json_integer(a->digits));
		json_object_set_new(j, "period", json_integer(a->period));
		json_object_set_new(j, "added", json_when(a->created));
		json_object_set_new(j, "last_used", json_when(a->used));
		json_array_append_new(list, j);
	}
	json_object_set_new(json_call(), "authenticators", list);
}

static void
status_json(const struct call *call, const struct standing *st)
{
	json_t *j = json_call();

	if (j == NULL)
		return;
	json_object_set_new(j, "enrolled", json_when(st->enrolled_at));
	authenticators_json(st);
	standing_codes_json(call, st);
	json_object_set_new(j, "locked", json_boolean(st->admin_lock));
	if (call->host->uid == 0)
		json_object_set_new(j, "store_moved",
		    json_boolean(st->moved));
	json_object_set_new(j, "app_codes_off", json_boolean(st->disabled));
	json_object_set_new(j, "wait_app_codes", json_integer(st->wait_totp));
	json_object_set_new(j, "wait_recovery_codes",
	    json_integer(st->wait_recovery));
	standing_pass_json(call, st);
}

enum exit_status
status_run(const struct call *call)
{
	char user[256], since[32];
	enum exit_status status;
	struct standing st;
	size_t i;

	status = standing_ask(call, VERB_STATUS, &st);
	if (status != EXIT_DONE)
		return status;
	terminal_clean(call->user, user, sizeof(user));
	standing_time(st.enrolled_at, since, sizeof(since));
	result(call, "%s is enrolled since %s.", user, since);
	for (i = 0; i < st.count; i++)
		tell_authenticator(call, &st.authenticators[i]);
	tell_codes(call, &st);
	tell_locks(call, &st);
	standing_tell_pass(call, &st);
	standing_warn_codes(call, &st);
	standing_warn_moved(call, &st);
	if (call_has(call, OPTION_JSON))
		status_json(call, &st);
	return EXIT_DONE;
}
