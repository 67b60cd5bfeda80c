/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include <security/_pam_types.h>

#include "cli/doctor/study.h"

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
		if (study_class(&s->stack->lines[i]) == MODULE_OURS &&
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
		shut = study_opens(s, WAY_RIGHT, &s->run) &&
		    !study_opens(s, way, &s->run);
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
		    study_class(l) != MODULE_QUIET &&
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

/* Ours may be asked in spite of a wrong password. */
static void
early(const struct study *s, struct access *a)
{
	size_t asked = our_line(s, &s->run, 0), by = s->run.refused;

	if (asked == PAMRUN_NONE)
		return;
	set_once(&a->early, asked);
	if (by < asked && s->condition[by] == 0)
		set_once(&a->noted, by);
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
		if (study_opens(s, way, &s->run))
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
		if (!study_opens(s, WAY_NOTHING, &s->run))
			early(s, a);
		else if (trusted == PAMRUN_NONE)
			trusted = condition_of(s, WAY_NOTHING, PAMRUN_NONE);
		if (!study_opens(s, WAY_RIGHT, &s->right)) {
			set_once(&a->jump, s->right.bad_jump);
			refused(s, a);
			continue;
		}
		all++;
		open[WAY_RIGHT]++;
		study_ways(s, a, open);
		if (exempt == PAMRUN_NONE && a->ours != PAMRUN_NONE &&
		    study_opens(s, WAY_WRONG, &s->run))
			exempt = condition_of(s, WAY_WRONG,
			    s->run.left_by[a->ours]);
	}
	for (way = WAY_RIGHT; way < WAYS; way++)
		s->in[way] += open[way];
	/* Once more where it is always open, for the line that does it. */
	for (s->login.mask = 0; s->login.mask < masks; s->login.mask++)
		for (way = WAY_WRONG; way <= WAY_NOTHING; way++)
			if (all > 0 && open[way] == all &&
			    study_opens(s, WAY_RIGHT, &s->right) &&
			    study_opens(s, way, &s->run))
				explain(s, a, way);
	if (all > 0 && open[WAY_WRONG] > 0 && open[WAY_WRONG] < all)
		set_once(&a->exempt, exempt);
	if (trusted != PAMRUN_NONE && open[WAY_NOTHING] < all &&
	    study_class(&s->stack->lines[trusted]) == MODULE_CONDITION)
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

void
access_none(struct access *a)
{
	memset(a, 0, sizeof(*a));
	a->ours = a->optional = a->fails_open = a->no_password = a->trusted =
	    a->exempt = a->nobody = a->led = a->early = a->noted = a->twice =
	    a->jump = PAMRUN_NONE;
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
	access_none(a);
	s->world = w;
	s->service = service;
	s->stack = pamservice_stack(service, PAMTYPE_AUTH);
	study_look(s);
	for (i = 0; i < s->stack->count; i++)
		if (study_class(&s->stack->lines[i]) == MODULE_OURS)
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
	study_look(s);
	do
		for (s->login.mask = 0; !passes && s->login.mask <
		    1U << s->conditions; s->login.mask++) {
			passes = pamrun(s->stack, study_answer, s, &s->run) ==
			    PAM_SUCCESS;
			set_once(line, s->run.refused);
		}
	while (++s->login.knower < s->knowers && !passes);
	free(s);
	return passes;
}
