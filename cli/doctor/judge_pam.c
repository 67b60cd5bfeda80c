/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/stat.h>

#include <stdio.h>
#include <string.h>

#include <security/_pam_types.h>

#include "cli/doctor/judge.h"

#define SELF	"stepup"	/* the service of self-service */

/* One service under judgement. */
struct bench {
	const struct world *w;
	const struct surveyed *one;
	const struct pamservice *s;
	struct findings	*f;
	bool		 plan;
};

/* A line of the auth stack; nothing for PAMRUN_NONE. */
static void
line_finding(const struct bench *b, enum finding_id id, size_t i)
{
	const struct pamstack *stack = pamservice_stack(b->s, PAMTYPE_AUTH);

	if (i < stack->count)
		finding_add(b->f, id, stack->lines[i].file,
		    stack->lines[i].line, b->s->name, NULL);
}

/* Without a right password. */
static void
lets_in(const struct bench *b, size_t i)
{
	const struct pamstack *stack = pamservice_stack(b->s, PAMTYPE_AUTH);
	const struct pamline *l;

	if (i >= stack->count)
		return;
	l = &stack->lines[i];
	finding_add(b->f, FIND_PAM_NO_PASSWORD, l->file, l->line, b->s->name,
	    l->module != NULL && known_module(l->module, l->arguments) ==
	    MODULE_OURS ? "make a password check above it `requisite`" :
	    "take it out, or put a password check above it that must "
	    "succeed");
}

/* Whether something else is known to be wrong with this line already. */
static bool
told(const struct bench *b, enum finding_id id, const struct pamline *l)
{
	char where[FINDING_WHERE_MAX];
	size_t i;

	snprintf(where, sizeof(where), "%s:%u", l->file, l->line);
	for (i = 0; i < b->f->count; i++)
		if (b->f->all[i].id != id &&
		    strcmp(b->f->all[i].where, where) == 0 &&
		    !finding_row(b->f->all[i].id)->note)
			return true;
	return false;
}

/* Whether root's own password opens anything. */
static bool
root_has_password(const struct bench *b)
{
	const struct world_person *root = world_person(b->w, "root");

	return root == NULL || root->password;
}

static bool
is_root_door(const struct bench *b)
{
	switch (b->one->kind) {
	case SERVICE_CALLER:
		return true;
	case SERVICE_ROOT:
		return root_has_password(b);
	case SERVICE_SSHD:
		return root_has_password(b) && judge_sshd_opens_root(b->w);
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
	char next[FINDING_WORDS_MAX];
	const struct pamline *l;

	if (b->one->kind == SERVICE_NO_DOOR ||
	    (b->one->kind == SERVICE_UNKNOWN && a->ours == PAMRUN_NONE))
		return;
	if (a->jump < stack->count)
		line_finding(b, FIND_PAM_JUMP, a->jump);
	if (a->in[WAY_RIGHT] == ACCESS_YES)
		return;
	if (a->nobody >= stack->count) {
		if (a->jump == PAMRUN_NONE)
			finding_add(b->f, FIND_PAM_NOBODY, b->s->file, 0,
			    b->s->name, "look at this file");
		return;
	}
	l = &stack->lines[a->nobody];
	/* A line that cannot be read, a module that is not there. */
	if (told(b, FIND_PAM_NOBODY, l) || l->kind == PAMLINE_MUST_FAIL ||
	    !access_installed(b->w, l))
		return;
	if (a->led < stack->count)
		snprintf(next, sizeof(next), "the jump of %.60s, line %u, "
		    "leads here; count its lines again",
		    stack->lines[a->led].module, stack->lines[a->led].line);
	else
		snprintf(next, sizeof(next), "take this line out, or jump "
		    "over it when all is well");
	finding_add(b->f, FIND_PAM_NOBODY, l->file, l->line, b->s->name,
	    next);
}

/*
 * The settings leave this service out although it opens root, or has our
 * line in its own file.
 */
static bool
left_out(const struct bench *b)
{
	const struct pamstack *stack = pamservice_stack(b->s, PAMTYPE_AUTH);
	size_t ours = b->one->access.ours;

	return ours < stack->count && b->s->file != NULL &&
	    !world_covers(b->w, b->s->name) &&
	    strcmp(b->s->name, SELF) != 0 && (is_root_door(b) ||
	    strcmp(stack->lines[ours].file, b->s->file) == 0);
}

/*
 * The file our line is missing in: su-l takes su in, and would ask twice if
 * each had one.
 */
static const char *
place_of_line(const struct bench *b)
{
	enum service_kind kind;
	size_t i;

	for (i = 1; i < b->s->file_count; i++) {
		kind = known_service(strrchr(b->s->files[i], '/') + 1);
		if (kind == SERVICE_ROOT || kind == SERVICE_CALLER)
			return b->s->files[i];
	}
	return b->s->file;
}

/* What a distribution has put there is not to be edited: pam.d(5). */
static void
open_door(const struct bench *b, const char *file)
{
	finding_add(b->f, FIND_PAM_OPEN, file, 0, b->s->name,
	    strncmp(file, "/usr/", 5) == 0 ? "copy the file to /etc/pam.d, "
	    "and add" : "add");
}

/* Who gets in without a password, and whether that is all there is to say. */
static void
no_password(const struct bench *b)
{
	const struct access *a = &b->one->access;

	if (b->one->kind == SERVICE_SSHD && judge_sshd_asks_key(b->w))
		return;
	lets_in(b, a->no_password);
	if (a->trusted != PAMRUN_NONE && is_root_door(b))
		lets_in(b, a->trusted);
}

static void
early(const struct bench *b)
{
	const struct access *a = &b->one->access;
	char next[FINDING_WORDS_MAX];
	const struct pamline *l;

	/* What lets in by itself need not be said to ask too early. */
	if (a->early == PAMRUN_NONE || a->early == a->no_password ||
	    (b->one->kind == SERVICE_SSHD && judge_sshd_asks_key(b->w)))
		return;
	l = &pamservice_stack(b->s, PAMTYPE_AUTH)->lines[a->early];
	remedy_early(b->s, a, next, sizeof(next));
	finding_add(b->f, FIND_PAM_EARLY, l->file, l->line, b->s->name, next);
}

static void
bypasses(const struct bench *b)
{
	const struct access *a = &b->one->access;
	char next[FINDING_WORDS_MAX];
	const struct pamline *l;
	size_t i;

	for (i = 0; i < a->bypass_count; i++) {
		if (a->bypass[i] == PAMRUN_NONE ||
		    a->bypass[i] == a->no_password)
			continue;
		l = &pamservice_stack(b->s, PAMTYPE_AUTH)->
		    lines[a->bypass[i]];
		remedy_bypass(b->s, a, a->bypass[i], next, sizeof(next));
		finding_add(b->f, b->plan ? FIND_PLAN_SKIPPED :
		    FIND_PAM_BYPASS, l->file, l->line, b->s->name, next);
	}
}

/* The control word of our line, or one below that forgets it. */
static void
optional(const struct bench *b)
{
	static const int refusals[] = { PAM_AUTH_ERR, PAM_MAXTRIES,
	    PAM_PERM_DENIED, PAM_CONV_ERR };
	size_t line = b->one->access.optional, i;
	const struct pamline *l;
	bool strict = true;

	if (line == PAMRUN_NONE)
		return;
	l = &pamservice_stack(b->s, PAMTYPE_AUTH)->lines[line];
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		strict &= l->control.actions[refusals[i]] == ACTION_BAD ||
		    l->control.actions[refusals[i]] == ACTION_DIE;
	finding_add(b->f, FIND_PAM_OPTIONAL, l->file, l->line, b->s->name,
	    strict ? "take `reset` out of the lines below: it forgets what "
	    "was refused" : "write \"auth required pam_stepup.so\"");
}

/* At a door to root, who is let in with nothing is a problem of its own. */
static void
exempt(const struct bench *b)
{
	const struct access *a = &b->one->access;
	const struct pamline *l;

	if (a->exempt == PAMRUN_NONE ||
	    (a->exempt == a->trusted && is_root_door(b)))
		return;
	l = &pamservice_stack(b->s, PAMTYPE_AUTH)->lines[a->exempt];
	finding_add(b->f, FIND_PAM_EXEMPT, l->file, l->line, b->s->name,
	    a->exempt == a->trusted ? "password and code" : "a code");
}

static void
prompts(const struct bench *b)
{
	if (!b->one->asks)
		return;
	if (b->one->kind == SERVICE_NO_PROMPT)
		finding_add(b->f, FIND_PLAN_NO_PROMPT, b->s->file, 0,
		    b->s->name, NULL);
	else if (b->plan)
		finding_add(b->f, FIND_PLAN_ASKED, b->s->file, 0, b->s->name,
		    NULL);
}

static void
ways(const struct bench *b)
{
	const struct access *a = &b->one->access;

	nobody(b);
	/* It answers for every service that has no file. */
	if (strcmp(b->s->name, "other") == 0)
		lets_in(b, a->no_password);
	if (b->one->kind == SERVICE_NO_DOOR)
		return;
	if (left_out(b))
		line_finding(b, FIND_SETTINGS_COVERS, a->ours);
	else if (a->ours == PAMRUN_NONE && is_root_door(b) &&
	    a->in[WAY_WRONG] != ACCESS_NO && b->s->file != NULL)
		open_door(b, place_of_line(b));
	if (b->one->kind != SERVICE_UNKNOWN || a->ours != PAMRUN_NONE)
		no_password(b);
	if (a->ours == PAMRUN_NONE || !world_covers(b->w, b->s->name))
		return;
	bypasses(b);
	optional(b);
	if (a->optional == PAMRUN_NONE)
		line_finding(b, FIND_PAM_FAILS_OPEN, a->fails_open);
	early(b);
	line_finding(b, FIND_PAM_TWICE, a->twice);
	exempt(b);
	prompts(b);
}

static void
account(const struct bench *b)
{
	const struct pamstack *stack = pamservice_stack(b->s,
	    PAMTYPE_ACCOUNT);
	const char *next;
	size_t line;

	if (b->one->kind == SERVICE_NO_DOOR ||
	    (b->one->kind == SERVICE_UNKNOWN &&
	    b->one->access.ours == PAMRUN_NONE) || !b->one->shut)
		return;
	line = b->one->shut_by;
	next = b->s->own[PAMTYPE_ACCOUNT].count > 0 ? "take this line out, or "
	    "jump over it when all is well" : "give the service account lines "
	    "of its own; those of `other` are used where it has none";
	if (line >= stack->count)
		finding_add(b->f, FIND_PAM_ACCOUNT, b->s->file, 0, b->s->name,
		    next);
	else if (!told(b, FIND_PAM_ACCOUNT, &stack->lines[line]))
		finding_add(b->f, FIND_PAM_ACCOUNT, stack->lines[line].file,
		    stack->lines[line].line, b->s->name, next);
}

/* Where self-service checks passwords; there our line steps aside. */
static void
self(const struct bench *b)
{
	const struct access *a = &b->one->access;

	if (b->s->unseen || b->w->door_public == WORLD_DOOR_ABSENT)
		return;
	if (b->s->problem_count > 0 || (a->nobody != PAMRUN_NONE &&
	    told(b, FIND_PAM_SELF, &pamservice_stack(b->s, PAMTYPE_AUTH)->
	    lines[a->nobody])))
		return;
	if (b->s->abort || b->one->shut || a->in[WAY_RIGHT] == ACCESS_NO)
		finding_add(b->f, FIND_PAM_SELF, b->s->file != NULL ?
		    b->s->file : "/etc/pam.d/" SELF, 0, NULL,
		    b->s->file != NULL ? "its stack" : b->s->abort ?
		    "there is neither this file nor `other`, which" :
		    "`other`, which answers since this file is not there,");
	else
		lets_in(b, a->no_password);
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
		if (b.s->file == NULL)
			continue;
		judge_lines(w, b.one, f);
		if (b.s->abort)
			continue;
		ways(&b);
		account(&b);
	}
	/* The last: it shares what others have been told of. */
	b.one = survey_find(v, SELF);
	if (b.one != NULL) {
		b.s = b.one->service;
		self(&b);
	}
}
