/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "cli/json.h"
#include "cli/verdict.h"
#include "common/text.h"

static const char *
root_way(const struct call *call)
{
	return call->host->uid == 0 && call->host->sudo_user == NULL ? "" :
	    "sudo ";
}

/* Only root can tell who it is, and says so by the command it takes. */
static void
expand_changed(const struct call *call, char buf[CALL_COMMAND_MAX])
{
	const char *way = root_way(call);
	char user[CALL_NAME_MAX];

	call_quote(call->user, user);
	snprintf(buf, CALL_COMMAND_MAX, "%s%sstepup status -u %s shows both "
	    "sides, and which it takes: stepup rebind, rename or prune.",
	    call->host->uid == 0 ? "" : "ask an administrator: ", way, user);
}

static bool
is(const char *name, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(word, name, len) == 0;
}

/* What {name} stands for; "" for a name nobody knows. */
static void
expand(const char *name, size_t len, const struct call *call, uint32_t wait,
    char buf[CALL_COMMAND_MAX])
{
	static const struct {
		const char *name, *command, *option;
	} commands[] = {
		{ "enroll", "enroll", NULL },
		{ "replace", "enroll", "--replace" },
		{ "status", "status", NULL },
		{ "codes", "codes", NULL },
		{ "remove", "remove", "NAME" },
	};
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (is(name, len, commands[i].name))
			call_command(call, commands[i].command,
			    commands[i].option, buf);
	if (is(name, len, "passes"))
		snprintf(buf, CALL_COMMAND_MAX, "%sstepup pass --list",
		    call_way(call));
	else if (is(name, len, "again"))
		terminal_clean(call->again, buf, CALL_COMMAND_MAX);
	else if (is(name, len, "user"))
		terminal_clean(call->user, buf, CALL_COMMAND_MAX);
	else if (is(name, len, "wait"))
		text_duration(wait, buf, CALL_COMMAND_MAX);
	else if (is(name, len, "name"))
		terminal_clean(call->name, buf, CALL_COMMAND_MAX);
	else if (is(name, len, "stdin"))
		snprintf(buf, CALL_COMMAND_MAX, "%s--code-stdin",
		    call->host->uid != 0 && strcmp(call->name, "test") != 0 ?
		    "--password-stdin " : "");
	else if (is(name, len, "list"))
		snprintf(buf, CALL_COMMAND_MAX, "%sstepup list",
		    root_way(call));
	else if (is(name, len, "changed"))
		expand_changed(call, buf);
	else if (is(name, len, "nothing"))
		snprintf(buf, CALL_COMMAND_MAX, "%s", call_asks(call) ? "" :
		    " Nothing was changed.");
	else if (is(name, len, "unsaved"))
		snprintf(buf, CALL_COMMAND_MAX, "%s", call_asks(call) ? "" :
		    " Nothing was saved.");
	else if (is(name, len, "admin"))
		snprintf(buf, CALL_COMMAND_MAX, "sudo stepup %s -u NAME",
		    call->name);
}

void
verdict_text(const char *template, const struct call *call, uint32_t wait,
    char buf[VERDICT_TEXT_MAX])
{
	char word[CALL_COMMAND_MAX];
	const char *close;
	size_t used = 0, n;

	for (; *template != '\0'; template++) {
		word[0] = *template;
		word[1] = '\0';
		if (*template == '{' &&
		    (close = strchr(template, '}')) != NULL) {
			expand(template + 1, (size_t)(close - template) - 1,
			    call, wait, word);
			template = close;
		}
		n = strlen(word);
		if (n >= VERDICT_TEXT_MAX - used)
			break;
		memcpy(buf + used, word, n);
		used += n;
	}
	buf[used] = '\0';
}

/* Where it is wrong is root's business, and nobody else's. */
static void
say_failure(const struct call *call, const struct wire_message *answer)
{
	char path[WIRE_STRING_MAX + 1], reason[WIRE_STRING_MAX + 1];
	char clean[2 * WIRE_STRING_MAX + 4];
	bool has_path, has_reason;

	if (answer == NULL || call->host->uid != 0)
		return;
	has_path = wire_get_string(answer, TAG_PATH, path);
	has_reason = wire_get_string(answer, TAG_REASON, reason);
	terminal_clean(path, path, sizeof(path));
	terminal_clean(reason, reason, sizeof(reason));
	snprintf(clean, sizeof(clean), "%s%s%s", path,
	    has_path && has_reason ? ": " : "", reason);
	if (clean[0] != '\0')
		say(call, "  %s", clean);
}

enum exit_status
verdict_say(const struct call *call, const struct verdict *v,
    const struct wire_message *answer)
{
	char what[VERDICT_TEXT_MAX], next[VERDICT_TEXT_MAX];
	uint32_t wait = 0;

	if (answer != NULL)
		wire_get_uint(answer, TAG_WAIT, &wait);
	verdict_text(v->what, call, wait, what);
	verdict_text(v->next, call, wait, next);
	if (call_has(call, OPTION_JSON))
		json_verdict(what, next);
	/* These words are promised (SPEC 8). */
	if (v == verdict_of_state(SESSION_ABSENT)) {
		say(call, "%s %s", what, next);
		return v->status;
	}
	say(call, "%s", what);
	say_failure(call, answer);
	say(call, "Next: %s", next);
	return v->status;
}

enum exit_status
verdict_because(const struct call *call, const char *because,
    const struct verdict *v)
{
	char both[2 * VERDICT_TEXT_MAX], what[VERDICT_TEXT_MAX];
	char next[VERDICT_TEXT_MAX];

	verdict_text(v->what, call, 0, what);
	verdict_text(v->next, call, 0, next);
	snprintf(both, sizeof(both), "%.600s\n%s", because, what);
	return verdict_refuse(call, v->status, both, next);
}

enum exit_status
verdict_refuse(const struct call *call, enum exit_status status,
    const char *what, const char *next)
{
	if (call_has(call, OPTION_JSON))
		json_verdict(what, next);
	say(call, "%s", what);
	say(call, "Next: %s", next);
	return status;
}
