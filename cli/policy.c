/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stepup policy: the settings in force, where each was set, and what they
 * mean for one person at one service.  All of it is the service's word.
 */
#include <stdio.h>
#include <string.h>

#include "cli/admin.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/verdict.h"
#include "common/text.h"

/* One setting, which may come in several rows. */
struct policy {
	const struct call *call;
	json_t		*list;
	char		 key[64], value[4096];
	char		 file[WIRE_STRING_MAX + 1];
	uint32_t	 line;		/* 0: unknown */
	bool		 told;
};

/* What the value is where nobody gave one. */
static const char *
unset(const char *key)
{
	return strcmp(key, "issuer") == 0 ? "(short host name)" : "-";
}

static void
tell_json(const struct policy *p)
{
	json_t *j = json_new();

	json_object_set_new(j, "key", json_words(p->key));
	json_object_set_new(j, "value", p->value[0] != '\0' ?
	    json_words(p->value) : json_null());
	json_object_set_new(j, "file", p->file[0] != '\0' ?
	    json_words(p->file) : json_null());
	json_object_set_new(j, "line", p->line != 0 ?
	    json_integer(p->line) : json_null());
	json_array_append_new(p->list, j);
}

/* Ends a setting: all of its rows have come. */
static void
tell(struct policy *p)
{
	char from[WIRE_STRING_MAX + 16], value[4096];

	if (p->key[0] == '\0')
		return;
	if (p->list != NULL)
		tell_json(p);
	terminal_clean(p->file, from, WIRE_STRING_MAX + 1);
	if (p->file[0] == '\0')
		snprintf(from, sizeof(from), "default");
	else if (p->line != 0)
		snprintf(from + strlen(from), 16, ":%u", (unsigned)p->line);
	terminal_clean(p->value[0] != '\0' ? p->value : unset(p->key), value,
	    sizeof(value));
	if (!p->told)
		result(p->call, "%-14s  %-22s  %s", "SETTING", "VALUE",
		    "SET IN");
	p->told = true;
	result(p->call, "%-14s  %-22s  %s", p->key, value, from);
	p->key[0] = '\0';
}

static bool
row(const struct wire_message *m, void *arg)
{
	char key[WIRE_STRING_MAX + 1], piece[WIRE_STRING_MAX + 1];
	struct policy *p = arg;
	size_t used;

	if (!wire_get_string(m, TAG_LABEL, key) || key[0] == '\0' ||
	    strlen(key) >= sizeof(p->key))
		return false;
	terminal_clean(key, key, sizeof(key));
	if (strcmp(key, p->key) != 0) {
		tell(p);
		snprintf(p->key, sizeof(p->key), "%.63s", key);
		p->value[0] = '\0';
		wire_get_string(m, TAG_PATH, p->file);
		wire_get_uint(m, TAG_COUNT, &p->line);
	}
	wire_get_string(m, TAG_TEXT, piece);
	used = strlen(p->value);
	if (used + strlen(piece) >= sizeof(p->value))
		return false;
	memcpy(p->value + used, piece, strlen(piece) + 1);
	return true;
}

static bool
packet(const struct wire_message *m, void *arg)
{
	return admin_rows(m, row, arg);
}

/* The files are refused: which, why, and what holds instead. */
static void
tell_refused(const struct call *call, const struct wire_message *m)
{
	char path[WIRE_STRING_MAX + 1], reason[WIRE_STRING_MAX + 1];
	uint32_t flags;
	bool refused;

	wire_get_uint(m, TAG_FLAGS, &flags);
	wire_get_string(m, TAG_PATH, path);
	wire_get_string(m, TAG_REASON, reason);
	refused = (flags & FLAG_ACCEPTED) != 0;
	if (call_has(call, OPTION_JSON)) {
		json_object_set_new(json_call(), "refused_at", refused ?
		    json_words(path) : json_null());
		json_object_set_new(json_call(), "refused_why", refused ?
		    json_words(reason) : json_null());
	}
	if (!refused)
		return;
	terminal_clean(path, path, sizeof(path));
	terminal_clean(reason, reason, sizeof(reason));
	say(call, "The settings files are refused: %s: %s", path, reason);
	say(call, "Those last accepted are in force.");
	say(call, "Next: correct the file, then: stepupd -t");
}

/* What a login would come to: a word for programs, and a sentence. */
static const char *
means(const struct call *call, enum outcome would, uint32_t kinds,
    const char *wait, char buf[VERDICT_TEXT_MAX])
{
	size_t size = VERDICT_TEXT_MAX;
	char what[256];

	switch (would) {
	case OUT_ASK:
		snprintf(buf, size, "is asked for %s.",
		    kinds == KIND_RECOVERY ? "a recovery code" :
		    kinds == KIND_TOTP ? "a code of the app" :
		    "a code of the app, or a recovery code");
		return "asked";
	case OUT_NOT_COVERED:
		snprintf(buf, size, "passes without a code: the service is "
		    "not covered (services).");
		return "passes";
	case OUT_NOT_ENROLLED:
		snprintf(buf, size, "passes without a code: not enrolled, and "
		    "that is allowed (unenrolled).");
		return "passes";
	case OUT_MUST_ENROLL:
		snprintf(buf, size, "is asked, and refused whatever is typed: "
		    "not enrolled (unenrolled).");
		return "refused";
	case OUT_LOCKED:
		snprintf(buf, size, "is refused for %s: too many wrong codes.",
		    wait);
		return "refused";
	case OUT_DISABLED:
		snprintf(buf, size, "is refused: app codes are switched off "
		    "after too many wrong ones.");
		return "refused";
	case OUT_ADMIN_LOCK:
		snprintf(buf, size, "is refused: locked by an "
		    "administrator.");
		return "refused";
	case OUT_CHANGED:
		snprintf(buf, size, "is refused: stored with another name or "
		    "user number.");
		return "refused";
	default:
		snprintf(what, sizeof(what), "is refused: %s",
		    verdict_of_outcome(would)->what);
		verdict_text(what, call, 0, buf);
		return "refused";
	}
}

static void
tell_person(const struct call *call, const struct wire_message *m)
{
	char text[VERDICT_TEXT_MAX], user[256], wait[16];
	char next[CALL_COMMAND_MAX];
	char service[WIRE_STRING_MAX + 1];
	uint32_t would, kinds, seconds;
	const char *login;

	if (!wire_get_uint(m, TAG_WHY, &would) || would >= OUT_COUNT)
		would = OUT_INTERNAL;
	wire_get_uint(m, TAG_KINDS, &kinds);
	wire_get_uint(m, TAG_WAIT, &seconds);
	wire_get_string(m, TAG_SERVICE, service);
	text_duration(seconds, wait, sizeof(wait));
	login = means(call, (enum outcome)would, kinds, wait, text);
	terminal_clean(call->user, user, sizeof(user));
	terminal_clean(service, service, sizeof(service));
	if (call->value[OPTION_SERVICE] != NULL)
		result(call, "\n%s at %s %s", user, service, text);
	else
		result(call, "\n%s at a covered service %s", user, text);
	call_command(call, would == OUT_MUST_ENROLL ? "enroll" : "status",
	    NULL, next);
	if (strcmp(login, "refused") == 0)
		say(call, "Next: %s", next);
	if (!call_has(call, OPTION_JSON))
		return;
	json_object_set_new(json_call(), "service", json_words(service));
	json_object_set_new(json_call(), "login", json_string(login));
	json_object_set_new(json_call(), "why",
	    json_string(outcome_row((enum outcome)would)->audit));
}

enum exit_status
policy_run(const struct call *call)
{
	const char *service = call->value[OPTION_SERVICE];
	struct policy p = { .call = call };
	enum exit_status status;
	struct wire_message last;
	struct wire_writer w;
	struct session s;

	if (service != NULL && (!call->named || *service == '\0' ||
	    strlen(service) > WIRE_STRING_MAX))
		return usage(call, "--service goes with a user", "");
	if (call_has(call, OPTION_JSON))
		p.list = json_list("settings");
	admin_start(call, VERB_POLICY, &w);
	wire_put_string(&w, TAG_SERVICE, service);
	status = admin_ask(call, &w, &s, packet, &p, &last);
	if (status == EXIT_DONE) {
		tell(&p);
		tell_refused(call, &last);
		if (call->named)
			tell_person(call, &last);
	}
	session_close(&s);
	return status;
}
