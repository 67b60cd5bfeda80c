/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include <security/_pam_types.h>

#include "cli/doctor/study.h"
#include "common/options.h"

#define ARGUMENTS_MAX	PAMTEXT_LINE_MAX	/* more do not fit a line */

enum module_class
study_class(const struct pamline *l)
{
	return l->kind == PAMLINE_MODULE && l->module != NULL ?
	    known_module(l->module, l->arguments) : MODULE_QUIET;
}

bool
access_installed(const struct world *w, const struct pamline *l)
{
	/* A plan is about the day when it is. */
	if (w->pam.planned != NULL && study_class(l) == MODULE_OURS)
		return true;
	return !w->installed_known || w->installed(w, l->module);
}

bool
access_arguments(const struct pamline *l, char *why, size_t size)
{
	char text[PAMTEXT_LINE_MAX], *rest = text;
	const char *argv[ARGUMENTS_MAX];
	struct options o;
	int argc = 0;

	if (study_class(l) != MODULE_OURS || l->arguments == NULL)
		return true;
	snprintf(text, sizeof(text), "%s", l->arguments);
	while (argc < ARGUMENTS_MAX &&
	    (argv[argc] = pamtext_token(&rest)) != NULL)
		argc++;
	if (options_read(argc, argv, &o))
		return true;
	snprintf(why, size, "%s: %s", o.refused, o.why);
	return false;
}

/* The modules that may know the person, each once, and the conditions. */
void
study_look(struct study *s)
{
	const struct pamline *l;
	enum module_class class;
	size_t i, k;
	char why[8];

	for (i = 0; i < s->stack->count; i++) {
		l = &s->stack->lines[i];
		s->refused[i] = !access_arguments(l, why, sizeof(why));
		class = study_class(l);
		if (class == MODULE_CONDITION || class == MODULE_SCRIPT ||
		    class == MODULE_UNKNOWN) {
			if (s->conditions < ACCESS_CONDITIONS_MAX)
				s->condition[i] =
				    (unsigned char)++s->conditions;
			continue;
		}
		if (class != MODULE_PASSWORD)
			continue;
		for (k = 0; k < s->knowers; k++)
			if (strcmp(s->knower[k], l->module) == 0)
				break;
		if (k == s->knowers && k < KNOWERS_MAX)
			s->knower[s->knowers++] = l->module;
	}
}

static int
answer_password(const struct study *s, const struct pamline *l)
{
	if (s->login.knower < s->knowers &&
	    strcmp(s->knower[s->login.knower], l->module) != 0)
		return PAM_USER_UNKNOWN;
	return s->login.password ? PAM_SUCCESS : PAM_AUTH_ERR;
}

int
study_answer(void *arg, const struct pamline *l, size_t i)
{
	const struct study *s = arg;

	if (!access_installed(s->world, l))
		return PAM_MODULE_UNKNOWN;
	switch (study_class(l)) {
	case MODULE_OURS:
		return s->refused[i] ? PAM_SERVICE_ERR : s->login.ours;
	case MODULE_PASSWORD:
		return answer_password(s, l);
	case MODULE_FACTOR:
		return s->login.factor ? PAM_SUCCESS : PAM_AUTH_ERR;
	case MODULE_CONDITION:
	case MODULE_SCRIPT:
	case MODULE_UNKNOWN:
		return s->condition[i] == 0 || (s->login.mask &
		    1U << (s->condition[i] - 1)) != 0 ? PAM_SUCCESS :
		    PAM_AUTH_ERR;
	case MODULE_PERMIT:
		return PAM_SUCCESS;
	case MODULE_DENY:
	case MODULE_ROOT:
		return PAM_AUTH_ERR;
	case MODULE_QUIET:
		break;
	}
	return known_quiet_answer(l->module, l->arguments);
}

/* What our module may answer on this way; ends with -1. */
static const int *
our_answers(const struct study *s, enum access_way way)
{
	static const int right[] = { PAM_SUCCESS, -1 };
	static const int wrong[] = { PAM_AUTH_ERR, PAM_MAXTRIES,
	    PAM_PERM_DENIED, -1 };
	static const int cancel[] = { PAM_CONV_ERR, -1 };
	static const int down[] = { PAM_SERVICE_ERR, PAM_BUF_ERR, -1 };
	/* Nobody who has no factor waits; a lock they may have. */
	static const int none[] = { PAM_AUTH_ERR, PAM_PERM_DENIED, -1 };
	static const int passed[] = { PAM_IGNORE, -1 };

	if (!world_covers(s->world, s->service->name))
		return passed;
	switch (way) {
	case WAY_RIGHT:
	case WAY_CODE:
		return right;
	case WAY_WRONG:
	case WAY_NOTHING:
		return wrong;
	case WAY_CANCEL:
		return cancel;
	case WAY_DOWN:
		return down;
	case WAY_NEW:
	case WAY_NEW_NOTHING:
		return world_lets_unenrolled(s->world) ? passed : none;
	case WAYS:
		break;
	}
	return wrong;
}

/* Whether this way opens; the run that opened, else the last, in *out. */
bool
study_opens(struct study *s, enum access_way way, struct pamrun *out)
{
	const int *ours;

	s->login.password = way != WAY_CODE && way != WAY_NOTHING &&
	    way != WAY_NEW_NOTHING;
	for (ours = our_answers(s, way); *ours != -1; ours++) {
		s->login.ours = *ours;
		s->login.factor = false;
		if (pamrun(s->stack, study_answer, s, out) == PAM_SUCCESS)
			return true;
		/* The right person may have the other factors, too. */
		s->login.factor = true;
		if ((way == WAY_RIGHT || way == WAY_NEW) &&
		    pamrun(s->stack, study_answer, s, out) == PAM_SUCCESS)
			return true;
	}
	return false;
}
