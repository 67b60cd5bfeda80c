/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/stat.h>

#include <stdio.h>
#include <string.h>

#include <security/_pam_types.h>

#include "cli/doctor/judge.h"

/* One service under judgement. */
struct bench {
	const struct world *w;
	const struct surveyed *one;
	const struct pamservice *s;
	struct findings	*f;
	bool		 plan;
};

static const enum finding_id of_problem[] = {
	[PAMPROBLEM_SYNTAX] = FIND_PAM_BROKEN,
	[PAMPROBLEM_MISSING] = FIND_PAM_MISSING_FILE,
	[PAMPROBLEM_LOOP] = FIND_PAM_LOOP,
	[PAMPROBLEM_LIMIT] = FIND_PAM_BROKEN,
};

static void
problems(const struct bench *b)
{
	const struct pamproblem *p;
	size_t i;

	for (i = 0; i < b->s->problem_count; i++) {
		p = &b->s->problems[i];
		if (p->kind != PAMPROBLEM_UNSEEN)
			finding_add(b->f, of_problem[p->kind], p->file,
			    p->line, b->s->name, p->text);
	}
}

/* A module that is not there hurts unless its line takes no notice. */
static void
modules(const struct bench *b, enum pamtype type)
{
	const struct pamstack *stack = pamservice_stack(b->s, type);
	const struct pamline *l;
	size_t i;

	for (i = 0; i < stack->count; i++) {
		l = &stack->lines[i];
		if (l->kind != PAMLINE_MODULE || l->module == NULL)
			continue;
		if (type == PAMTYPE_AUTH &&
		    known_module(l->module) == MODULE_UNKNOWN)
			finding_add(b->f, FIND_PAM_UNKNOWN, l->file, l->line,
			    b->s->name, l->module);
		if (!access_installed(b->w, l) && (l->control.actions
		    [PAM_MODULE_UNKNOWN] != ACTION_IGNORE ||
		    known_module(l->module) == MODULE_OURS))
			finding_add(b->f, FIND_PAM_MISSING_MODULE, l->file,
			    l->line, b->s->name, l->module);
	}
}

/* Our arguments, read as the module reads them. */
static void
arguments(const struct bench *b)
{
	const struct pamstack *stack = pamservice_stack(b->s, PAMTYPE_AUTH);
	char why[FINDING_WORDS_MAX];
	size_t i;

	for (i = 0; i < stack->count; i++)
		if (!access_arguments(&stack->lines[i], why, sizeof(why)))
			finding_add(b->f, FIND_PAM_ARGUMENT,
			    stack->lines[i].file, stack->lines[i].line,
			    b->s->name, why);
}

/* A line of the auth stack; nothing for PAMRUN_NONE. */
static void
line_finding(const struct bench *b, enum finding_id id, size_t i)
{
	const struct pamstack *stack = pamservice_stack(b->s, PAMTYPE_AUTH);

	if (i < stack->count)
		finding_add(b->f, id, stack->lines[i].file,
		    stack->lines[i].line, b->s->name, NULL);
}

/* Whether something is known to be wrong with this line already. */
static bool
told(const struct bench *b, const struct pamline *l)
{
	char where[FINDING_WHERE_MAX];
	size_t i;

	snprintf(where, sizeof(where), "%s:%u", l->file, l->line);
	for (i = 0; i < b->f->count; i++)
		if (strcmp(b->f->all[i].where, where) == 0 &&
		    !finding_row(b->f->all[i].id)->note)
			return true;
	return false;
}

static bool
is_root_door(const struct bench *b)
{
	switch (b->one->kind) {
	case SERVICE_ROOT:
	case SERVICE_CALLER:
		return true;
	case SERVICE_SSHD:
		return judge_sshd_opens_root(b->w);
	case SERVICE_UNKNOWN:
	case SERVICE_LOGIN:
	case SERVICE_LOCKER:
	case SERVICE_NO_PROMPT:
	case SERVICE_NO_DOOR:
		break;
	}
	return false;
}

/* Refuses what is right: for doors, and where our line stands. */
static void
nobody(const struct bench *b)
{
	const struct pamstack *stack = pamservice_stack(b->s, PAMTYPE_AUTH);
	const struct access *a = &b->one->access;
	bool door = b->one->kind != SERVICE_UNKNOWN &&
	    b->one->kind != SERVICE_NO_DOOR;

	if (a->in[WAY_RIGHT] != ACCESS_NO ||
	    (!door && a->ours == PAMRUN_NONE))
		return;
	if (a->jump < stack->count)
		line_finding(b, FIND_PAM_JUMP, a->jump);
	else if (a->nobody >= stack->count)
		finding_add(b->f, FIND_PAM_NOBODY, b->s->file, 0, b->s->name,
		    NULL);
	else if (!told(b, &stack->lines[a->nobody]))
		line_finding(b, FIND_PAM_NOBODY, a->nobody);
}

/* Our line in the service's own file, and the settings leave it out. */
static void
covers(const struct bench *b)
{
	const struct pamstack *stack = pamservice_stack(b->s, PAMTYPE_AUTH);
	size_t ours = b->one->access.ours;

	if (ours < stack->count && b->s->file != NULL &&
	    strcmp(stack->lines[ours].file, b->s->file) == 0 &&
	    strcmp(b->s->name, "stepup") != 0)
		line_finding(b, FIND_SETTINGS_COVERS, ours);
}

static void
ways(const struct bench *b)
{
	const struct access *a = &b->one->access;
	bool covered = world_covers(b->w, b->s->name);

	nobody(b);
	if (b->one->kind == SERVICE_NO_DOOR)
		return;
	if ((a->ours == PAMRUN_NONE || !covered) && is_root_door(b) &&
	    a->in[WAY_WRONG] != ACCESS_NO && b->s->file != NULL)
		finding_add(b->f, FIND_PAM_OPEN, b->s->file, 0, b->s->name,
		    NULL);
	if (b->one->kind != SERVICE_UNKNOWN || a->ours != PAMRUN_NONE)
		line_finding(b, FIND_PAM_NO_PASSWORD, a->no_password);
	if (a->ours == PAMRUN_NONE)
		return;
	if (!covered) {
		covers(b);
		return;
	}
	line_finding(b, b->plan ? FIND_PLAN_SKIPPED : FIND_PAM_BYPASS,
	    a->bypass);
	line_finding(b, FIND_PAM_OPTIONAL, a->optional);
	if (a->optional == PAMRUN_NONE)
		line_finding(b, FIND_PAM_FAILS_OPEN, a->fails_open);
	line_finding(b, FIND_PAM_EARLY, a->early);
	line_finding(b, FIND_PAM_TWICE, a->twice);
	line_finding(b, FIND_PAM_EXEMPT, a->exempt);
	if (b->one->kind == SERVICE_NO_PROMPT && b->one->asks)
		finding_add(b->f, FIND_PLAN_NO_PROMPT, b->s->file, 0,
		    b->s->name, NULL);
	else if (b->plan && b->one->asks)
		finding_add(b->f, FIND_PLAN_ASKED, b->s->file, 0, b->s->name,
		    NULL);
}

static void
account(const struct bench *b)
{
	const struct pamstack *stack = pamservice_stack(b->s,
	    PAMTYPE_ACCOUNT);
	size_t line;

	if (b->one->kind == SERVICE_NO_DOOR ||
	    (b->one->kind == SERVICE_UNKNOWN &&
	    b->one->access.ours == PAMRUN_NONE) ||
	    access_account(b->w, b->s, &line))
		return;
	if (line >= stack->count)
		finding_add(b->f, FIND_PAM_ACCOUNT, b->s->file, 0, b->s->name,
		    NULL);
	else if (!told(b, &stack->lines[line]))
		finding_add(b->f, FIND_PAM_ACCOUNT, stack->lines[line].file,
		    stack->lines[line].line, b->s->name, NULL);
}

static void
files(const struct bench *b)
{
	struct world_file file;
	char detail[64];
	size_t i;

	for (i = 0; i < b->s->file_count; i++) {
		b->w->file(b->w, b->s->files[i], &file);
		if (!file.seen || !file.there ||
		    (file.uid == 0 && (file.mode & 022) == 0))
			continue;
		snprintf(detail, sizeof(detail), "uid %lu, mode %04o",
		    (unsigned long)file.uid, (unsigned)file.mode & 07777);
		finding_add(b->f, FIND_PAM_FILE, b->s->files[i], 0, NULL,
		    detail);
	}
}

void
judge_pam(const struct world *w, const struct survey *v, bool plan,
    struct findings *f)
{
	struct bench b = { .w = w, .f = f, .plan = plan };
	size_t i;

	for (i = 0; i < v->count; i++) {
		b.one = &v->all[i];
		b.s = b.one->service;
		files(&b);
		/* What is taken in is judged where it is taken in. */
		if (b.one->part || b.s->unseen)
			continue;
		problems(&b);
		if (b.s->abort)
			continue;
		modules(&b, PAMTYPE_AUTH);
		modules(&b, PAMTYPE_ACCOUNT);
		arguments(&b);
		ways(&b);
		account(&b);
	}
}
