/* SPDX-License-Identifier: BSD-2-Clause */
/* stepup add, stepup remove: authenticators that have names. */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/verdict.h"
#include "cli/wizard.h"
#include "common/text.h"

#define LABEL_MAX 64	/* check_name says so */

static enum exit_status
check_name(const struct call *call)
{
	char name[80], what[112];

	if (text_name(call->operand, LABEL_MAX))
		return EXIT_DONE;
	terminal_clean(call->operand, name, sizeof(name));
	snprintf(what, sizeof(what), "stepup: not a name: %s", name);
	return verdict_refuse(call, EXIT_USAGE, what,
	    "1 to 64 letters, digits and . _ - + @ make one.");
}

static void
tell_name(const struct call *call)
{
	if (call_has(call, OPTION_JSON) && call->operand != NULL)
		json_object_set_new(json_call(), "authenticator",
		    json_words(call->operand));
}

enum exit_status
add_run(const struct call *call)
{
	enum exit_status status = check_name(call);
	struct wizard_done done;

	if (status != EXIT_DONE)
		return status;
	tell_name(call);
	status = wizard_run(call, VERB_ENROLL, FLAG_ADD, &done);
	if (status == EXIT_DONE)
		result(call, "Done: %s is set up. The others and the recovery "
		    "codes stay as they are.", call->operand);
	return status;
}

enum exit_status
remove_run(const struct call *call)
{
	bool all = call_has(call, OPTION_ALL);
	enum exit_status status;
	struct wizard_done done;

	if (all == (call->operand != NULL))
		return usage_forms(call,
		    "stepup: a name or --all, one of them");
	status = all ? EXIT_DONE : check_name(call);
	if (status != EXIT_DONE)
		return status;
	tell_name(call);
	status = wizard_run(call, VERB_REMOVE, all ? FLAG_ALL : 0, &done);
	if (status != EXIT_DONE)
		return status;
	if (all)
		result(call, "Done: no authenticator is left, and the "
		    "recovery codes are void.");
	else
		result(call, "Done: %s is removed. Its entry in the app can be "
		    "deleted.", call->operand);
	return EXIT_DONE;
}
