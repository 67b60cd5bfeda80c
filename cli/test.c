/* SPDX-License-Identifier: BSD-2-Clause */
/* stepup test: an answer that counts as at a login, and what came of it. */
#include "cli/json.h"
#include "cli/standing.h"
#include "cli/subcommands.h"
#include "cli/verdict.h"
#include "cli/wizard.h"

enum exit_status
test_run(const struct call *call)
{
	char what[VERDICT_TEXT_MAX];
	enum exit_status status;
	struct wizard_done done;
	struct standing st = { .count = 0 };

	say(call, "This counts as at a login: a right code is used up, a "
	    "wrong one is charged.");
	status = wizard_run(call, VERB_TEST, 0, &done);
	if (status != EXIT_DONE)
		return status;
	verdict_text(verdict_of_test(done.outcome, false)->what, call, 0,
	    what);
	result(call, "%s", what);
	if (call_has(call, OPTION_JSON))
		json_object_set_new(json_call(), "message", json_words(what));
	if (done.outcome != OUT_OK_RECOVERY)
		return EXIT_DONE;
	result(call, "%u recovery codes are left.", (unsigned)done.left);
	st.left = done.left;
	standing_warn_codes(call, &st);
	return EXIT_DONE;
}
