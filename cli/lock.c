/* SPDX-License-Identifier: BSD-2-Clause */
/* stepup lock, stepup unlock: root refuses an account, or lets it in again. */
#include <string.h>

#include "cli/admin.h"
#include "cli/json.h"
#include "common/text.h"

enum exit_status
lock_run(const struct call *call)
{
	char user[256], typed[CALL_NAME_MAX];
	enum exit_status status;
	struct wire_message last;
	struct wire_writer w;
	struct session s;

	admin_start(call, VERB_LOCK, &w);
	status = admin_reason(call, true, &w);
	if (status != EXIT_DONE)
		return status;
	status = admin_ask(call, &w, &s, NULL, NULL, &last);
	session_close(&s);
	if (status != EXIT_DONE)
		return status;
	if (call_has(call, OPTION_JSON)) {
		json_object_set_new(json_call(), "locked", json_true());
		json_object_set_new(json_call(), "reason",
		    json_words(call->value[OPTION_REASON]));
	}
	terminal_clean(call->user, user, sizeof(user));
	result(call, "%s is locked: every login with a code is refused.",
	    user);
	call_quote(call->user, typed);
	say(call, "Next: %sstepup unlock %s", call_way(call), typed);
	return EXIT_DONE;
}

static void
tell_wait(const struct call *call, const struct wire_message *m,
    enum wire_tag tag, const char *kind)
{
	char wait[16];
	uint32_t seconds;

	if (!wire_get_uint(m, tag, &seconds))
		return;
	text_duration(seconds, wait, sizeof(wait));
	result(call, "  Wait      %s, %s were left", kind, wait);
}

/* What there was to clear, a line each; false: nothing. */
static bool
tell_cleared(const struct call *call, const struct wire_message *m)
{
	char reason[WIRE_STRING_MAX + 1];
	uint32_t flags, count, passwords;

	wire_get_uint(m, TAG_FLAGS, &flags);
	wire_get_uint(m, TAG_COUNT, &count);
	wire_get_string(m, TAG_TEXT, reason);
	terminal_clean(reason, reason, sizeof(reason));
	if ((flags & FLAG_ADMIN_LOCK) != 0)
		result(call, "  Lock      by an administrator: %s", reason);
	if ((flags & FLAG_DISABLED) != 0)
		result(call, "  Cap       app codes were switched off after "
		    "too many wrong ones");
	tell_wait(call, m, TAG_WAIT_TOTP, "app codes");
	tell_wait(call, m, TAG_WAIT_RECOVERY, "recovery codes");
	if (count > 0)
		result(call, "  Count     %u wrong %s", (unsigned)count,
		    count == 1 ? "code" : "codes");
	if (wire_get_uint(m, TAG_PASSWORDS, &passwords))
		result(call, "  Passwords %u wrong %s in self-service",
		    (unsigned)passwords, passwords == 1 ? "one" : "ones");
	return flags != 0 || count > 0 || wire_has(m, TAG_WAIT_TOTP) ||
	    wire_has(m, TAG_WAIT_RECOVERY) || passwords > 0;
}

static void
cleared_json(const struct wire_message *m)
{
	char reason[WIRE_STRING_MAX + 1];
	uint32_t flags, count, totp, recovery, passwords;
	json_t *j = json_call() != NULL ? json_object() : NULL;

	wire_get_uint(m, TAG_FLAGS, &flags);
	wire_get_uint(m, TAG_COUNT, &count);
	wire_get_uint(m, TAG_WAIT_TOTP, &totp);
	wire_get_uint(m, TAG_WAIT_RECOVERY, &recovery);
	wire_get_uint(m, TAG_PASSWORDS, &passwords);
	wire_get_string(m, TAG_TEXT, reason);
	json_object_set_new(j, "locked",
	    json_boolean((flags & FLAG_ADMIN_LOCK) != 0));
	json_object_set_new(j, "reason", (flags & FLAG_ADMIN_LOCK) != 0 ?
	    json_words(reason) : json_null());
	json_object_set_new(j, "app_codes_off",
	    json_boolean((flags & FLAG_DISABLED) != 0));
	json_object_set_new(j, "wait_app_codes", json_integer(totp));
	json_object_set_new(j, "wait_recovery_codes", json_integer(recovery));
	json_object_set_new(j, "wrong_codes", json_integer(count));
	json_object_set_new(j, "wrong_passwords", json_integer(passwords));
	json_object_set_new(json_call(), "cleared", j);
}

enum exit_status
unlock_run(const struct call *call)
{
	char user[256];
	enum exit_status status;
	struct wire_message last;
	struct wire_writer w;
	struct session s;

	admin_start(call, VERB_UNLOCK, &w);
	status = admin_reason(call, false, &w);
	if (status != EXIT_DONE)
		return status;
	status = admin_ask(call, &w, &s, NULL, NULL, &last);
	terminal_clean(call->user, user, sizeof(user));
	if (status == EXIT_DONE && call_has(call, OPTION_JSON))
		cleared_json(&last);
	else if (status == EXIT_DONE) {
		result(call, "%s may use codes again. Cleared:", user);
		if (!tell_cleared(call, &last))
			result(call, "  nothing: there was no lock, no wait, "
			    "and nothing counted");
	}
	session_close(&s);
	return status;
}
