/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is shut out, or would be. */
#include <string.h>

#include "cli/doctor/judge.h"

/* Whether this service asks root for root's own code. */
static bool
asks_root(const struct world *w, const struct surveyed *one)
{
	if (!one->asks)
		return false;
	return one->kind == SERVICE_ROOT || (one->kind == SERVICE_SSHD &&
	    judge_sshd_opens_root(w));
}

/* Whether people meet this service with a password and a code. */
static bool
asks_people(const struct surveyed *one)
{
	return one->asks && one->kind != SERVICE_NO_DOOR &&
	    one->kind != SERVICE_NO_PROMPT;
}

/* How it stands with root: once for all services that ask. */
static void
root(const struct world *w, const struct survey *v, bool plan,
    struct findings *f)
{
	const struct world_person *p = world_person(w, "root");
	size_t i;

	if (p == NULL || !p->password || p->enrolled)
		return;
	for (i = 0; i < v->count; i++)
		if (asks_root(w, &v->all[i]))
			finding_add(f, plan && !world_lets_unenrolled(w) ?
			    FIND_PLAN_ROOT : FIND_ROOT_NOT_ENROLLED, "root", 0,
			    v->all[i].service->name,
			    world_lets_unenrolled(w) ?
			    "the password alone opens it" :
			    "it cannot log in where a code is asked for");
}

void
judge_people(const struct world *w, const struct survey *v, bool plan,
    struct findings *f)
{
	const struct world_person *p;
	size_t i, j;

	root(w, v, plan, f);
	if (!plan || world_lets_unenrolled(w))
		return;
	for (i = 0; i < w->people_count; i++) {
		p = &w->people[i];
		if (!p->password || p->enrolled ||
		    strcmp(p->name, "root") == 0)
			continue;
		for (j = 0; j < v->count; j++)
			if (asks_people(&v->all[j]))
				finding_add(f, FIND_PLAN_PERSON, p->name, 0,
				    v->all[j].service->name, NULL);
	}
}

const char *
judge_closed(const struct world *w, const struct surveyed *one)
{
	if (one->service->unseen)
		return "could not be read";
	if (one->service->abort)
		return "nobody: libpam gives its files up";
	if (one->shut)
		return "nobody: the account stack refuses";
	if (one->kind == SERVICE_SSHD)
		return judge_sshd_closed(w, one);
	if (one->kind == SERVICE_NO_PROMPT && one->asks)
		return world_lets_unenrolled(w) ?
		    "who has not enrolled: it has no way to ask for the code" :
		    "nobody: it has no way to ask for the code";
	return NULL;
}

void
judge_all(const struct world *w, const struct survey *v, bool plan,
    struct findings *f)
{
	f->no_systemd = w->no_systemd;
	judge_pam(w, v, plan, f);
	judge_ignored(w, f);
	judge_sshd(w, v, f);
	judge_sudoers(w, f);
	judge_host(w, f);
	judge_people(w, v, plan, f);
}
