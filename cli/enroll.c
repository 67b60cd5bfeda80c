/* SPDX-License-Identifier: BSD-2-Clause */
/* stepup enroll: an authenticator app and recovery codes. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/session.h"
#include "cli/subcommands.h"
#include "cli/verdict.h"
#include "cli/wizard.h"

/* `sudo stepup enroll` is root's own account: rarely what was meant. */
static enum exit_status
confirm_root(const struct call *call)
{
	const char *me = call->host->sudo_user;
	char line[TERMINAL_LINE_MAX + 1], user[256];
	char other[CALL_NAME_MAX] = "NAME", typed[CALL_NAME_MAX];
	char what[1024], next[320];
	bool yes;
	int n;

	terminal_clean(call->user, user, sizeof(user));
	call_quote(call->user, typed);
	n = snprintf(what, sizeof(what), "This enrolls %s itself.", user);
	if (n > 0 && me != NULL && *me != '\0' &&
	    strcmp(me, call->user) != 0) {
		call_quote(me, other);
		snprintf(what + n, sizeof(what) - (size_t)n, "\nFor %s it is: "
		    "sudo stepup enroll -u %s", other, other);
	}
	snprintf(next, sizeof(next), "%sstepup enroll -u %s", call_way(call),
	    typed);
	if (!call->terminal->in_tty)
		return verdict_refuse(call, EXIT_USAGE, what, next);
	say(call, "%s", what);
	yes = terminal_ask(call->terminal, "Go on? [y/N] ", false, -1, line)
	    == TERMINAL_TYPED &&
	    (strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0);
	if (yes)
		return EXIT_DONE;
	say(call, "Nothing was changed.");
	say(call, "Next: %sstepup enroll -u %s", call_way(call), other);
	return EXIT_CANCELLED;
}

static void
say_done(const struct call *call, const struct wizard_done *done)
{
	char user[256], codes[CALL_COMMAND_MAX];

	terminal_clean(call->user, user, sizeof(user));
	call_command(call, "codes", "--new", codes);
	result(call, "Done: %s is enrolled.%s", user,
	    call_has(call, OPTION_REPLACE) ?
	    " The old authenticator and the old codes are void." : "");
	result(call, "%u recovery codes are in force; each can be typed in "
	    "place of an app code, once.", (unsigned)done->left);
	result(call, "New ones: %s", codes);
}

enum exit_status
enroll_run(const struct call *call)
{
	bool ticket = call_has(call, OPTION_TICKET);
	enum exit_status status = EXIT_DONE;
	struct wizard_done done;

	if (ticket && (call_has(call, OPTION_REPLACE) ||
	    call->host->uid == 0))
		return verdict_say(call, &verdict_ticket, NULL);
	if (call->host->uid == 0 && !call->named)
		status = confirm_root(call);
	if (status == EXIT_DONE && call->host->uid == 0)
		status = session_prepare(call);
	if (status == EXIT_DONE)
		status = wizard_run(call, VERB_ENROLL,
		    call_has(call, OPTION_REPLACE) ? FLAG_REPLACE :
		    ticket ? FLAG_TICKET : 0, &done);
	if (status == EXIT_DONE)
		say_done(call, &done);
	return status;
}
