/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of a service, each by itself. */
#include <stdio.h>
#include <string.h>

#include <security/_pam_types.h>

#include "cli/doctor/judge.h"

/* Of one service. */
struct page {
	const struct world *w;
	const struct pamservice *s;
	struct findings	*f;
};

static const enum finding_id of_problem[] = {
	[PAMPROBLEM_SYNTAX] = FIND_PAM_BROKEN,
	[PAMPROBLEM_MISSING] = FIND_PAM_MISSING_FILE,
	[PAMPROBLEM_LOOP] = FIND_PAM_LOOP,
	[PAMPROBLEM_LIMIT] = FIND_PAM_BROKEN,
};

static void
problems(const struct page *g)
{
	const struct pamproblem *p;
	size_t i;

	for (i = 0; i < g->s->problem_count; i++) {
		p = &g->s->problems[i];
		if (p->kind != PAMPROBLEM_UNSEEN)
			finding_add(g->f, of_problem[p->kind], p->file,
			    p->line, g->s->name, p->text);
	}
}

static bool
is_ours(const struct pamline *l)
{
	return l->kind == PAMLINE_MODULE && l->module != NULL &&
	    known_module(l->module, l->arguments) == MODULE_OURS;
}

/* Our module is not there: told once, not for each line that names it. */
static bool
own_module(const struct page *g)
{
	const struct world *w = g->w;

	if (w->module_state == WORLD_MODULE_MISSING)
		finding_add(g->f, FIND_MODULE_MISSING, w->module, 0,
		    g->s->name, NULL);
	else if (w->module_state == WORLD_MODULE_KIND)
		finding_add(g->f, FIND_MODULE_KIND, w->module, 0, g->s->name,
		    w->module_detail);
	else
		return false;
	return true;
}

/* A module that is not there hurts unless its line takes no notice. */
static void
missing(const struct page *g, const struct pamline *l)
{
	char name[FINDING_WORDS_MAX];

	if (!is_ours(l) &&
	    l->control.actions[PAM_MODULE_UNKNOWN] == ACTION_IGNORE)
		return;
	if (is_ours(l) && strchr(l->module, '/') == NULL && own_module(g))
		return;
	snprintf(name, sizeof(name), "%s%s", l->module,
	    strchr(l->module, '\r') != NULL ? " (the line ends in CR LF)" :
	    "");
	finding_add(g->f, FIND_PAM_MISSING_MODULE, l->file, l->line,
	    g->s->name, name);
}

static void
modules(const struct page *g, enum pamtype type)
{
	const struct pamstack *stack = pamservice_stack(g->s, type);
	const struct pamline *l;
	size_t i;

	for (i = 0; i < stack->count; i++) {
		l = &stack->lines[i];
		if (l->kind != PAMLINE_MODULE || l->module == NULL)
			continue;
		if (!access_installed(g->w, l))
			missing(g, l);
		else if (type == PAMTYPE_AUTH &&
		    known_module(l->module, l->arguments) == MODULE_UNKNOWN)
			finding_add(g->f, FIND_PAM_UNKNOWN, l->file, l->line,
			    g->s->name, l->module);
	}
}

/* Our arguments, read as the module reads them. */
static void
arguments(const struct page *g)
{
	const struct pamstack *stack = pamservice_stack(g->s, PAMTYPE_AUTH);
	char why[FINDING_WORDS_MAX];
	size_t i;

	for (i = 0; i < stack->count; i++)
		if (!access_arguments(&stack->lines[i], why, sizeof(why)))
			finding_add(g->f, FIND_PAM_ARGUMENT,
			    stack->lines[i].file, stack->lines[i].line,
			    g->s->name, why);
}

/* Our line in stacks of another type, and none in auth. */
static void
types(const struct page *g)
{
	const struct pamstack *stack;
	const struct pamline *l;
	enum pamtype type;
	size_t i;

	for (type = PAMTYPE_AUTH; type < PAMTYPES; type++) {
		stack = &g->s->own[type];
		for (i = 0; i < stack->count; i++) {
			l = &stack->lines[i];
			if (!is_ours(l))
				continue;
			if (type == PAMTYPE_AUTH)
				return;
			finding_add(g->f, FIND_PAM_IGNORED, l->file, l->line,
			    NULL, "only lines of type auth ask");
		}
	}
}

void
judge_lines(const struct world *w, const struct surveyed *one,
    struct findings *f)
{
	struct page g = { .w = w, .s = one->service, .f = f };

	problems(&g);
	if (g.s->abort)
		return;
	modules(&g, PAMTYPE_AUTH);
	modules(&g, PAMTYPE_ACCOUNT);
	arguments(&g);
	types(&g);
}
