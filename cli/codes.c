/* SPDX-License-Identifier: BSD-2-Clause */
/* stepup codes: how many recovery codes are left; --new makes new ones. */
#include "cli/standing.h"
#include "cli/subcommands.h"
#include "cli/verdict.h"
#include "cli/wizard.h"

static enum exit_status
count_codes(const struct call *call)
{
	enum exit_status status;
	struct standing st;
	char made[32];

	if (call->value[OPTION_SAVE] != NULL)
		return verdict_refuse(call, EXIT_USAGE, "stepup: only new "
		    "codes can be saved",
		    "stepup codes --new --save FILE");
	status = standing_ask(call, VERB_CODES, &st);
	if (status != EXIT_DONE)
		return status;
	standing_time(st.codes_made, made, sizeof(made));
	if (st.all == 0)
		result(call, "There are no recovery codes, and have not been "
		    "any.");
	else
		result(call, "%u of %u recovery codes are left, made %s.",
	    (unsigned)st.left, (unsigned)st.all, made);
	standing_warn_codes(call, &st);
	standing_codes_json(call, &st);
	return EXIT_DONE;
}

static enum exit_status
make_codes(const struct call *call)
{
	struct wizard_done done;
	enum exit_status status;

	status = wizard_run(call, VERB_CODES, FLAG_NEW, &done);
	if (status == EXIT_DONE)
		result(call, "Done: %u new recovery codes are in force, the "
		    "old ones are void.", (unsigned)done.left);
	return status;
}

enum exit_status
codes_run(const struct call *call)
{
	return call_has(call, OPTION_NEW) ? make_codes(call) :
	    count_codes(call);
}
