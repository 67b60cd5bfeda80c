/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stepup doctor: who gets in with what, and what is wrong.  It looks, asks
 * and says; it changes nothing.
 */
#include <stdlib.h>

#include "cli/doctor/judge.h"
#include "cli/doctor/look.h"
#include "cli/doctor/plan.h"
#include "cli/doctor/report.h"
#include "cli/json.h"
#include "cli/subcommands.h"
#include "cli/verdict.h"

/* Our line where it would be; false: there is nothing to plan with. */
static bool
plan(const struct call *call, struct world *w, char **text)
{
	const char *what = "";

	switch (plan_put(&w->pam, text)) {
	case PLAN_PUT:
		result(call, "As if \"auth required pam_stepup.so\" stood in "
		    PLAN_FILE "\nafter line %u, where pam-auth-update puts "
		    "it.\n", w->pam.planned_after);
		return true;
	case PLAN_THERE:
		result(call, PLAN_FILE " has the line already.\n");
		return true;
	case PLAN_NO_FILE:
		what = "There is no " PLAN_FILE ": this host has no "
		    "pam-auth-update.";
		break;
	case PLAN_FAILED:
		what = PLAN_FILE " cannot be read.";
		break;
	}
	verdict_refuse(call, EXIT_UNAVAILABLE, what,
	    "write the line where you want it, then: stepup doctor");
	return false;
}

static enum exit_status
judge(const struct call *call, struct world *w, struct findings *f)
{
	struct survey *v = survey_make(w);

	if (v == NULL) {
		report_end(call, w, f);
		report_json(call, w, v, f);
		return verdict_refuse(call, EXIT_UNAVAILABLE,
		    "The PAM files of this host cannot be read.",
		    "look at /etc/pam.d, then: stepup doctor");
	}
	judge_all(w, v, call_has(call, OPTION_PLAN), f);
	report_access(call, w, v, call_has(call, OPTION_PLAN));
	report_findings(call, f);
	report_end(call, w, f);
	report_json(call, w, v, f);
	survey_free(v);
	if (f->problems == 0)
		return EXIT_DONE;
	if (call_has(call, OPTION_JSON))
		json_verdict("There are problems.",
		    "what each finding says is next");
	return EXIT_REFUSED;
}

enum exit_status
doctor_run(const struct call *call)
{
	struct findings *f = calloc(1, sizeof(*f));
	struct world *w = calloc(1, sizeof(*w));
	enum exit_status status = EXIT_UNAVAILABLE;
	char *text = NULL;

	if (f == NULL || w == NULL) {
		verdict_say(call, verdict_of_outcome(OUT_MEMORY), NULL);
		goto out;
	}
	look_host(call, call_has(call, OPTION_PLAN), w);
	if (!call_has(call, OPTION_PLAN) || plan(call, w, &text))
		status = judge(call, w, f);
	world_free(w);
out:
	free(text);
	free(w);
	free(f);
	return status;
}
