/* SPDX-License-Identifier: BSD-2-Clause */
/* What to write in place of a line; the lines are counted for the reader. */
#include <stdio.h>
#include <string.h>

#include <security/_pam_types.h>

#include "cli/doctor/judge.h"

static const char *
base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/*
 * How many lines a jump from line `from` must skip to reach line `to`;
 * pam_permit right above it, which makes the stack good, is reached first.
 */
static size_t
distance(const struct pamstack *stack, size_t from, size_t to)
{
	const struct pamline *above;
	size_t i, n = 0;

	for (i = from + 1; i < to; i++)
		n += stack->lines[i].level == stack->lines[from].level;
	above = &stack->lines[to - 1];
	if (n > 0 && above->level == stack->lines[from].level &&
	    above->module != NULL &&
	    known_module(above->module, NULL) == MODULE_PERMIT)
		n--;
	return n;
}

void
remedy_bypass(const struct pamservice *s, const struct access *a,
    size_t bypass, char *next, size_t size)
{
	const struct pamstack *stack = pamservice_stack(s, PAMTYPE_AUTH);
	const struct pamline *l = &stack->lines[bypass];
	const struct pamline *ours = &stack->lines[a->ours];
	int action = l->control.actions[PAM_SUCCESS];
	size_t n;

	if (bypass >= a->ours || l->level != ours->level ||
	    (action != ACTION_DONE && action <= 0)) {
		snprintf(next, size, "put \"auth required pam_stepup.so\" "
		    "where every way passes it");
		return;
	}
	n = distance(stack, bypass, a->ours);
	if (action == ACTION_DONE && strcmp(l->file, ours->file) != 0)
		snprintf(next, size, "in %s, take %s in with \"auth substack "
		    "%s\": there, `sufficient` ends that file alone",
		    ours->file, base_of(l->file), base_of(l->file));
	else if (n == 0)
		snprintf(next, size, "write `requisite` for its control "
		    "word");
	else if (action == ACTION_DONE)
		snprintf(next, size, "write [success=%zu default=ignore] for "
		    "its control word: that leads to pam_stepup.so", n);
	else
		snprintf(next, size, "write success=%zu in its control word: "
		    "that leads to pam_stepup.so", n);
}

/* The last line above ours that checks a password, or PAMRUN_NONE. */
static size_t
password_above(const struct pamstack *stack, size_t ours)
{
	const struct pamline *l;

	while (ours-- > 0) {
		l = &stack->lines[ours];
		if (l->kind == PAMLINE_MODULE && l->module != NULL &&
		    known_module(l->module, l->arguments) == MODULE_PASSWORD)
			return ours;
	}
	return PAMRUN_NONE;
}

void
remedy_early(const struct pamservice *s, const struct access *a, char *next,
    size_t size)
{
	const struct pamstack *stack = pamservice_stack(s, PAMTYPE_AUTH);
	const struct pamline *ours = &stack->lines[a->early], *l;
	size_t by = a->noted, check = password_above(stack, a->early);

	if (check == PAMRUN_NONE) {
		snprintf(next, size, "move this line below the password "
		    "check");
		return;
	}
	l = &stack->lines[by != PAMRUN_NONE ? by : check];
	if (l->level > ours->level || (a->bypass_count > 0 &&
	    strcmp(l->file, ours->file) != 0))
		snprintf(next, size, "what a substack refuses does not end "
		    "the stack: put this line into %s, below a requisite "
		    "pam_deny.so that right passwords jump over", l->file);
	else
		snprintf(next, size, "write `requisite` for the control word "
		    "of %s line %u", l->file, l->line);
}
