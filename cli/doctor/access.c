/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <security/_pam_types.h>

#include "cli/doctor/access.h"
#include "cli/doctor/known.h"
#include "common/options.h"

#define ARGUMENTS_MAX	PAMTEXT_LINE_MAX	/* more do not fit a line */
#define KNOWERS_MAX	8	/* modules that may know the person */

/* One login, as the modules answer it. */
struct login {
	const struct world *world;
	const char	*service;
	bool		 password;	/* it is right */
	bool		 factor;	/* other factors are there */
	int		 ours;		/* what pam_stepup.so answers */
	size_t		 knower;	/* which of the modules knows them; as
					   many as there are: all of them */
	unsigned	 mask;		/* answers of the conditions */
};

struct study {
	const struct world *world;
	const struct pamservice *service;
	const struct pamstack *stack;
	size_t		 knowers;
	const char	*knower[KNOWERS_MAX];
	unsigned	 conditions;
	/* Of a line: which condition it is, 0 for none, else one more. */
	unsigned char	 condition[PAMSTACK_LINES_MAX];
	bool		 refused[PAMSTACK_LINES_MAX];	/* our arguments */
	struct pamrun	 run, right;
	unsigned	 in[WAYS];
	struct login	 login;
};

static enum module_class
class_of(const struct pamline *l)
{
	return l->kind == PAMLINE_MODULE && l->module != NULL ?
	    known_module(l->module, l->arguments) : MODULE_QUIET;
}

bool
access_installed(const struct world *w, const struct pamline *l)
{
	/* A plan is about the day when it is. */
	if (w->pam.planned != NULL && class_of(l) == MODULE_OURS)
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

	if (class_of(l) != MODULE_OURS || l->arguments == NULL)
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
static void
look(struct study *s)
{
	const struct pamline *l;
	enum module_class class;
	size_t i, k;
	char why[8];

	for (i = 0; i < s->stack->count; i++) {
		l = &s->stack->lines[i];
		s->refused[i] = !access_arguments(l, why, sizeof(why));
		class = class_of(l);
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

static int
answer(void *arg, const struct pamline *l, size_t i)
{
	const struct study *s = arg;

	if (!access_installed(s->world, l))
		return PAM_MODULE_UNKNOWN;
	switch (class_of(l)) {
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
static bool
opens(struct study *s, enum access_way way, struct pamrun *out)
{
	const int *ours;

	s->login.password = way != WAY_CODE && way != WAY_NOTHING &&
	    way != WAY_NEW_NOTHING;
	for (ours = our_answers(s, way); *ours != -1; ours++) {
		s->login.ours = *ours;
		s->login.factor = false;
		if (pamrun(s->stack, answer, s, out) == PAM_SUCCESS)
			return true;
		/* The right person may have the other factors, too. */
		s->login.factor = true;
		if ((way == WAY_RIGHT || way == WAY_NEW) &&
		    pamrun(s->stack, answer, s, out) == PAM_SUCCESS)
			return true;
	}
	return false;
}

static void
set_once(size_t *line, size_t value)
{
	if (*line == PAMRUN_NONE)
		*line = value;
}

/* Our lines that this run asked: the n-th from 0, or PAMRUN_NONE. */
static size_t
our_line(const struct study *s, const struct pamrun *run, unsigned n)
{
	size_t i;

	for (i = 0; i < s->stack->count; i++)
		if (class_of(&s->stack->lines[i]) == MODULE_OURS &&
		    run->visited[i] && n-- == 0)
			return i;
	return PAMRUN_NONE;
}

/* Which condition opens this way: with its other answer it is shut. */
static size_t
condition_of(struct study *s, enum access_way way, size_t otherwise)
{
	unsigned mask = s->login.mask;
	size_t i, found = otherwise;
	bool shut;

	for (i = 0; i < s->stack->count && found == otherwise; i++) {
		if (s->condition[i] == 0)
			continue;
		s->login.mask = mask ^ 1U << (s->condition[i] - 1);
		shut = opens(s, WAY_RIGHT, &s->run) &&
		    !opens(s, way, &s->run);
		if (shut)
			found = i;
	}
	s->login.mask = mask;
	return found;
}

/* The line that let in: the last that said yes, and counters do not count. */
static size_t
lets_in(const struct study *s, const struct pamrun *run)
{
	const struct pamline *l;
	size_t i;
	int action;

	for (i = s->stack->count; i-- > 0;) {
		l = &s->stack->lines[i];
		action = l->control.actions[PAM_SUCCESS];
		if (run->visited[i] && run->answered[i] == PAM_SUCCESS &&
		    class_of(l) != MODULE_QUIET &&
		    (action == ACTION_OK || action == ACTION_DONE))
			return i;
	}
	return run->granted;
}

static void
add_bypass(struct access *a, size_t line)
{
	size_t i;

	for (i = 0; i < a->bypass_count; i++)
		if (a->bypass[i] == line)
			return;
	if (i < ACCESS_BYPASS_MAX)
		a->bypass[a->bypass_count++] = line;
}

/* What stands behind a way that opened although it should not. */
static void
explain(struct study *s, struct access *a, enum access_way way)
{
	size_t asked = our_line(s, &s->run, 0);

	if (way == WAY_CODE || way == WAY_NOTHING)
		set_once(&a->no_password, lets_in(s, &s->run));
	else if (a->ours == PAMRUN_NONE)
		return;
	else if (asked == PAMRUN_NONE)
		add_bypass(a, s->run.left_by[a->ours]);
	else
		set_once(way == WAY_DOWN ? &a->fails_open : &a->optional,
		    asked);
}

/* Right password and code are refused: by which line, and what led there. */
static void
refused(const struct study *s, struct access *a)
{
	size_t line = s->right.refused, by;

	if (a->nobody != PAMRUN_NONE || line == PAMRUN_NONE)
		return;
	a->nobody = line;
	by = line > 0 ? s->right.left_by[line - 1] : PAMRUN_NONE;
	if (by != PAMRUN_NONE && s->stack->lines[by].control.actions
	    [s->right.answered[by]] > 0)
		a->led = by;
}

/* The other ways, for one set of conditions under which the right one is
   open; how many of them are is added to open. */
static void
study_ways(struct study *s, struct access *a, unsigned open[WAYS])
{
	enum access_way way;

	a->asks |= our_line(s, &s->right, 0) != PAMRUN_NONE;
	set_once(&a->twice, our_line(s, &s->right, 1));
	for (way = WAY_WRONG; way < WAYS; way++)
		if (opens(s, way, &s->run))
			open[way]++;
}

/* All conditions, for one place where the person is known. */
static bool
study_knower(struct study *s, struct access *a)
{
	unsigned open[WAYS] = { 0 }, all = 0, masks = 1U << s->conditions;
	size_t exempt = PAMRUN_NONE, trusted = PAMRUN_NONE;
	enum access_way way;

	for (s->login.mask = 0; s->login.mask < masks; s->login.mask++) {
		if (!opens(s, WAY_NOTHING, &s->run))
			set_once(&a->early, our_line(s, &s->run, 0));
		else if (trusted == PAMRUN_NONE)
			trusted = condition_of(s, WAY_NOTHING, PAMRUN_NONE);
		if (!opens(s, WAY_RIGHT, &s->right)) {
			set_once(&a->jump, s->right.bad_jump);
			refused(s, a);
			continue;
		}
		all++;
		open[WAY_RIGHT]++;
		study_ways(s, a, open);
		if (exempt == PAMRUN_NONE && a->ours != PAMRUN_NONE &&
		    opens(s, WAY_WRONG, &s->run))
			exempt = condition_of(s, WAY_WRONG,
			    s->run.left_by[a->ours]);
	}
	for (way = WAY_RIGHT; way < WAYS; way++)
		s->in[way] += open[way];
	/* Once more where it is always open, for the line that does it. */
	for (s->login.mask = 0; s->login.mask < masks; s->login.mask++)
		for (way = WAY_WRONG; way <= WAY_NOTHING; way++)
			if (all > 0 && open[way] == all &&
			    opens(s, WAY_RIGHT, &s->right) &&
			    opens(s, way, &s->run))
				explain(s, a, way);
	if (all > 0 && open[WAY_WRONG] > 0 && open[WAY_WRONG] < all)
		set_once(&a->exempt, exempt);
	if (trusted != PAMRUN_NONE && open[WAY_NOTHING] < all &&
	    class_of(&s->stack->lines[trusted]) == MODULE_CONDITION)
		set_once(&a->trusted, trusted);
	return all > 0;
}

/* reached: whom every module knows gets in, under some condition. */
static void
settle(struct study *s, struct access *a, bool reached)
{
	enum access_way way;

	for (way = WAY_RIGHT; way < WAYS; way++)
		a->in[way] = s->in[way] == 0 ? ACCESS_NO :
		    s->in[way] == s->in[WAY_RIGHT] ? ACCESS_YES : ACCESS_SOME;
	if (reached)
		a->nobody = a->led = PAMRUN_NONE;
	else if (a->in[WAY_RIGHT] == ACCESS_YES)
		a->in[WAY_RIGHT] = ACCESS_SOME;
}

bool
access_of(const struct world *w, const struct pamservice *service,
    struct access *a)
{
	struct study *s = calloc(1, sizeof(*s));
	bool reached;
	size_t i;

	if (s == NULL)
		return false;
	memset(a, 0, sizeof(*a));
	a->ours = a->optional = a->fails_open = a->no_password = a->trusted =
	    a->exempt = a->nobody = a->led = a->early = a->twice = a->jump =
	    PAMRUN_NONE;
	s->world = w;
	s->service = service;
	s->stack = pamservice_stack(service, PAMTYPE_AUTH);
	look(s);
	for (i = 0; i < s->stack->count; i++)
		if (class_of(&s->stack->lines[i]) == MODULE_OURS)
			set_once(&a->ours, i);
	/* The last time, if there are several, everybody knows them. */
	do
		reached = study_knower(s, a);
	while (++s->login.knower < s->knowers + (s->knowers > 1));
	settle(s, a, reached);
	free(s);
	return true;
}

bool
access_account(const struct world *w, const struct pamservice *service,
    size_t *line)
{
	struct study *s = calloc(1, sizeof(*s));
	bool passes = false;

	*line = PAMRUN_NONE;
	if (s == NULL)
		return true;
	s->world = w;
	s->service = service;
	s->stack = pamservice_stack(service, PAMTYPE_ACCOUNT);
	s->login.password = true;
	s->login.ours = PAM_IGNORE;
	look(s);
	do
		for (s->login.mask = 0; !passes && s->login.mask <
		    1U << s->conditions; s->login.mask++) {
			passes = pamrun(s->stack, answer, s, &s->run) ==
			    PAM_SUCCESS;
			set_once(line, s->run.refused);
		}
	while (++s->login.knower < s->knowers && !passes);
	free(s);
	return passes;
}
