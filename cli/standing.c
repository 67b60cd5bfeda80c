/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/confirm.h"
#include "cli/json.h"
#include "cli/session.h"
#include "cli/standing.h"
#include "cli/verdict.h"
#include "common/otpauth.h"

#define FEW_CODES 2

void
standing_time(int64_t when, char *buf, size_t size)
{
	time_t t = (time_t)when;
	struct tm tm;

	if (when <= 0 || localtime_r(&t, &tm) == NULL ||
	    strftime(buf, size, "%Y-%m-%d %H:%M", &tm) == 0)
		snprintf(buf, size, "never");
}

/* False: more than there can be, or a number nobody knows. */
static bool
read_authenticator(const struct wire_message *m, struct standing *out)
{
	struct authenticator *a = &out->authenticators[out->count];
	uint32_t algorithm;

	if (out->count == STANDING_AUTHENTICATORS)
		return false;
	wire_get_string(m, TAG_LABEL, a->label);
	terminal_clean(a->label, a->label, sizeof(a->label));
	wire_get_uint(m, TAG_ALGORITHM, &algorithm);
	wire_get_uint(m, TAG_DIGITS, &a->digits);
	wire_get_uint(m, TAG_PERIOD, &a->period);
	wire_get_int64(m, TAG_CREATED, &a->created);
	wire_get_int64(m, TAG_USED, &a->used);
	a->algorithm = otp_algorithm_name((enum otp_algorithm)algorithm);
	out->count++;
	return a->algorithm != NULL;
}

static void
read_last(const struct wire_message *m, struct standing *out)
{
	uint32_t flags;

	wire_get_uint(m, TAG_FLAGS, &flags);
	out->enrolled = (flags & FLAG_ENROLLED) != 0;
	out->disabled = (flags & FLAG_DISABLED) != 0;
	out->admin_lock = (flags & FLAG_ADMIN_LOCK) != 0;
	out->moved = (flags & FLAG_MOVED) != 0;
	wire_get_int64(m, TAG_ENROLLED, &out->enrolled_at);
	wire_get_int64(m, TAG_CODES_MADE, &out->codes_made);
	wire_get_uint(m, TAG_LEFT, &out->left);
	wire_get_uint(m, TAG_CODES_ALL, &out->all);
	wire_get_uint(m, TAG_WAIT_TOTP, &out->wait_totp);
	wire_get_uint(m, TAG_WAIT_RECOVERY, &out->wait_recovery);
	wire_get_int64(m, TAG_EXPIRES, &out->pass);
	wire_get_int64(m, TAG_EXPIRES_TICKET, &out->ticket);
	wire_get_string(m, TAG_SERVICE, out->service);
	terminal_clean(out->service, out->service, sizeof(out->service));
}

/* Root is told of a keyring by which nobody's app codes can be checked. */
static void
tell_key(const struct call *call, const struct wire_message *m)
{
	char reason[WIRE_STRING_MAX + 1];
	uint32_t why;

	if (!wire_get_uint(m, TAG_WHY, &why) || why != OUT_KEY)
		return;
	wire_get_string(m, TAG_REASON, reason);
	if (call_has(call, OPTION_JSON))
		json_object_set_new(json_call(), "key_problem",
		    json_words(reason));
	terminal_clean(reason, reason, sizeof(reason));
	say(call, "The keyring is not sound:\n  %s.", reason);
	say(call, "Next: %sstepup key status", call_way(call));
}

/* The run of packets; SESSION_OPEN when *m is the last one. */
static enum session_state
read_run(struct session *s, enum wire_verb verb, struct wire_message *m,
    struct standing *out)
{
	enum session_state state;

	for (;;) {
		state = session_next(s, m);
		if (state != SESSION_OPEN)
			return state;
		if (wire_refused(m))
			return SESSION_OPEN;
		if (m->verb != ((uint8_t)verb | WIRE_REPLY))
			return SESSION_MALFORMED;
		if (wire_has(m, TAG_LAST))
			return SESSION_OPEN;
		if (!read_authenticator(m, out))
			return SESSION_MALFORMED;
	}
}

enum exit_status
standing_ask(const struct call *call, enum wire_verb verb,
    struct standing *out)
{
	enum session_state state;
	enum exit_status status;
	struct wire_message m;
	struct session s;
	uint32_t outcome;

	memset(out, 0, sizeof(*out));
	state = session_open(&s, call, verb, 0);
	if (state == SESSION_OPEN)
		state = read_run(&s, verb, &m, out);
	if (state != SESSION_OPEN)
		status = verdict_say(call, verdict_of_state(state), NULL);
	else if (wire_get_uint(&m, TAG_OUTCOME, &outcome) &&
	    outcome == OUT_CHANGED && call->host->uid == 0 &&
	    verb == VERB_STATUS)
		status = changed_say(call, &m);
	else if (outcome != OUT_DONE || !wire_has(&m, TAG_OUTCOME))
		status = verdict_say(call,
		    verdict_of_outcome((enum outcome)outcome), &m);
	else {
		read_last(&m, out);
		tell_key(call, &m);
		status = EXIT_DONE;
	}
	if (status == EXIT_DONE && !out->enrolled && verb == VERB_STATUS) {
		if (out->admin_lock)
			result(call, "An administrator has locked this "
			    "account.");
		if (json_call() != NULL)
			json_object_set_new(json_call(), "locked",
			    json_boolean(out->admin_lock));
		standing_tell_pass(call, out);
		standing_pass_json(call, out);
	}
	if (status == EXIT_DONE && !out->enrolled)
		status = verdict_say(call,
		    verdict_of_outcome(OUT_NOT_ENROLLED), NULL);
	session_close(&s);
	return status;
}

void
standing_codes_json(const struct call *call, const struct standing *st)
{
	json_t *j;

	if (!call_has(call, OPTION_JSON) || json_call() == NULL)
		return;
	j = json_object();
	json_object_set_new(j, "left", json_integer(st->left));
	json_object_set_new(j, "all", json_integer(st->all));
	json_object_set_new(j, "made", json_when(st->codes_made));
	json_object_set_new(json_call(), "codes", j);
}

void
standing_pass_json(const struct call *call, const struct standing *st)
{
	json_t *j = json_null();

	if (!call_has(call, OPTION_JSON) || json_call() == NULL)
		return;
	if (st->pass != 0) {
		j = json_object();
		json_object_set_new(j, "expires", json_when(st->pass));
		json_object_set_new(j, "service", st->service[0] != '\0' ?
		    json_words(st->service) : json_null());
	}
	json_object_set_new(json_call(), "pass", j);
	json_object_set_new(json_call(), "ticket", json_when(st->ticket));
}

void
standing_tell_pass(const struct call *call, const struct standing *st)
{
	bool bound = st->service[0] != '\0';
	char until[32];

	standing_time(st->pass, until, sizeof(until));
	if (st->pass != 0 && st->enrolled)
		result(call, "  Login pass      until %s, once%s%s", until,
		    bound ? ", for " : "", st->service);
	else if (st->pass != 0)
		say(call, "A login pass is in force until %s, once%s%s.",
		    until, bound ? ", for " : "", st->service);
	standing_time(st->ticket, until, sizeof(until));
	if (st->ticket != 0)
		say(call, "An enrollment ticket is in force until %s: stepup "
		    "enroll --ticket", until);
}

void
standing_warn_moved(const struct call *call, const struct standing *st)
{
	const char *sudo = call_way(call);

	if (st->moved)
		say(call, "The store of this host was made on another "
		    "machine. If that one is still in use,\na code that was "
		    "used there counts here once more.\nNext: %sstepup backup "
		    "FILE, then %sstepup restore FILE --replace", sudo, sudo);
}

void
standing_warn_codes(const struct call *call, const struct standing *st)
{
	char command[CALL_COMMAND_MAX];

	if (st->left > FEW_CODES)
		return;
	call_command(call, "codes", "--new", command);
	say(call, "%s recovery codes are left. Next: %s", st->left == 0 ?
	    "No" : "Few", command);
}
