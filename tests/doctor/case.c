/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor/judge.h"
#include "cli/doctor/known.h"
#include "cli/doctor/plan.h"
#include "tests/doctor/case.h"

/* settings_case.c */
void case_settings(struct doctor_case *);

static struct doctor_case *now;		/* of the looks below */

static const struct case_file usual[] = {
	{ "/etc/stepup", true, S_IFDIR | 0700, 0 },
	{ "/etc/stepup/keyring", true, S_IFREG | 0600, 0 },
	{ "/var/lib/stepup", true, S_IFDIR | 0700, 0 },
	{ "/var/lib/stepup/stepup.db", true, S_IFREG | 0600, 0 },
	{ "/lib/security/pam_stepup.so", true, S_IFREG | 0644, 0 },
};

static void
look_file(const struct world *w, const char *path, struct world_file *out)
{
	const struct case_file *f = NULL;
	char full[PATH_MAX];
	struct stat st;
	size_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < COUNT(usual); i++)
		if (strcmp(usual[i].path, path) == 0)
			f = &usual[i];
	for (i = 0; i < now->file_count; i++)
		if (strcmp(now->files[i].path, path) == 0)
			f = &now->files[i];
	out->seen = w->euid == 0 || strncmp(path, "/etc/stepup/", 12) != 0;
	if (f != NULL) {
		out->there = f->there;
		out->mode = f->mode;
		out->uid = f->uid;
	} else if (pamhost_path(&w->pam, path, full) && stat(full, &st) == 0) {
		out->there = true;
		out->mode = (st.st_mode & S_IFMT) | 0644;
	}
}

static bool
installed(const struct world *w, const char *module)
{
	const char *base = strrchr(module, '/');
	size_t i;

	base = base != NULL ? base + 1 : module;
	for (i = 0; i < now->missing_count; i++)
		if (strcmp(now->missing[i], base) == 0 ||
		    strcmp(now->missing[i], module) == 0)
			return false;
	return strcmp(base, MODULE_OWN) != 0 ||
	    w->module_state == WORLD_MODULE_OK ||
	    w->module_state == WORLD_MODULE_LINKS;
}

/* --- Facts ------------------------------------------------------------- */

bool
case_is(const char *value, const char *word)
{
	return value != NULL && strcmp(value, word) == 0;
}

static enum world_door
door(const struct doctor_case *c, const char *value)
{
	if (case_is(value, "absent"))
		return WORLD_DOOR_ABSENT;
	if (case_is(value, "foreign"))
		return WORLD_DOOR_FOREIGN;
	if (case_is(value, "deaf"))
		return WORLD_DOOR_DEAF;
	if (!case_is(value, "root"))
		fail_msg("%s: a door that is %s", c->folder, value);
	return WORLD_DOOR_ROOT;
}

static void
add_person(struct world *w, const char *name, const char *uid, bool password,
    bool enrolled)
{
	struct world_person *p;

	w->people = realloc(w->people, (w->people_count + 1) * sizeof(*p));
	assert_non_null(w->people);
	p = &w->people[w->people_count++];
	memset(p, 0, sizeof(*p));
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->uid = (uid_t)strtoul(uid, NULL, 10);
	p->password = password;
	p->enrolled = enrolled;
}

static void
file_fact(struct doctor_case *c, char *const word[5], bool there)
{
	struct case_file *f = &c->files[c->file_count++];

	assert_true(c->file_count <= CASE_FACTS_MAX);
	snprintf(f->path, sizeof(f->path), "%s", word[1]);
	f->there = there;
	f->mode = there ? (mode_t)strtoul(word[2], NULL, 8) : 0;
	f->uid = there ? (uid_t)strtoul(word[3], NULL, 10) : 0;
}

static void
store_fact(struct doctor_case *c, const char *value)
{
	struct world *w = &c->world;

	w->store = case_is(value, "absent") ? WORLD_STORE_ABSENT :
	    case_is(value, "broken") ? WORLD_STORE_BROKEN :
	    case_is(value, "key") ? WORLD_STORE_KEY :
	    case_is(value, "unknown") ? WORLD_STORE_UNSEEN : WORLD_STORE_OK;
	snprintf(w->store_detail, sizeof(w->store_detail), "a fact");
}

static void
module_fact(struct world *w, const char *value)
{
	w->module_state = case_is(value, "missing") ? WORLD_MODULE_MISSING :
	    case_is(value, "arch") ? WORLD_MODULE_KIND :
	    case_is(value, "links") ? WORLD_MODULE_LINKS : WORLD_MODULE_OK;
	snprintf(w->module_detail, sizeof(w->module_detail), "a fact");
}

/* One line, its words apart; word[0] is there. */
static void
fact(struct doctor_case *c, char *const word[6])
{
	struct world *w = &c->world;

	if (case_is(word[0], "plan"))
		c->plan = true;
	else if (word[1] == NULL)
		fail_msg("%s: facts: %s of what?", c->folder, word[0]);
	else if (case_is(word[0], "euid"))
		w->euid = (uid_t)strtoul(word[1], NULL, 10);
	else if (case_is(word[0], "person") && word[2] != NULL)
		add_person(w, word[1], word[2],
		    !case_is(word[3], "nopassword") &&
		    !case_is(word[4], "nopassword"),
		    !case_is(word[3], "missing") &&
		    !case_is(word[4], "missing"));
	else if (case_is(word[0], "no-module") &&
	    c->missing_count < CASE_FACTS_MAX)
		snprintf(c->missing[c->missing_count++], 64, "%s", word[1]);
	else if (case_is(word[0], "module"))
		module_fact(w, word[1]);
	else if (case_is(word[0], "file") && word[3] != NULL)
		file_fact(c, word, true);
	else if (case_is(word[0], "no-file"))
		file_fact(c, word, false);
	else if (case_is(word[0], "login"))
		w->door_login = door(c, word[1]);
	else if (case_is(word[0], "public"))
		w->door_public = door(c, word[1]);
	else if (case_is(word[0], "clock"))
		w->clock = case_is(word[1], "unsynced") ? WORLD_CLOCK_UNSYNCED :
		    WORLD_CLOCK_SYNCED;
	else if (case_is(word[0], "init"))
		w->no_systemd = !case_is(word[1], "systemd");
	else if (case_is(word[0], "store"))
		store_fact(c, word[1]);
	else if (case_is(word[0], "today"))
		snprintf(w->today, sizeof(w->today), "%s", word[1]);
	else if (case_is(word[0], "libpam"))
		w->pam.upstream = case_is(word[1], "upstream");
	else
		fail_msg("%s: facts: %s %s", c->folder, word[0], word[1]);
}

void
case_each_line(struct doctor_case *c, const char *name,
    void (*each)(struct doctor_case *, char *const word[6]))
{
	char path[PATH_MAX + 16], line[512], *word[6], *save;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", c->folder, name);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "#\n")] = '\0';
		memset(word, 0, sizeof(word));
		save = NULL;
		for (n = 0; n < 6 && (word[n] = strtok_r(n == 0 ? line : NULL,
		    " \t", &save)) != NULL; n++)
			;
		if (word[0] != NULL)
			each(c, word);
	}
	if (f != NULL)
		fclose(f);
}

static void
read_sshd(struct doctor_case *c)
{
	const struct pamhost here = { .root = c->folder };
	struct world *w = &c->world;
	size_t len;

	w->sshd_text = pamhost_read(&here, "/sshd-T", PAMSTACK_FILE_MAX, &len);
	w->sshd = w->sshd_text != NULL;
	w->sshd_seen = w->sshd && w->euid == 0;
	w->sshd_failed = w->sshd && len == 0;
}

/* What only root sees. */
static void
not_root(struct world *w)
{
	w->store = WORLD_STORE_UNSEEN;
	w->door_login = WORLD_DOOR_UNSEEN;
	free(w->people);
	w->people = NULL;
	w->people_count = 0;
	world_unseen(w, "what only root may see");
}

void
case_open(struct doctor_case *c, const char *folder)
{
	struct world *w = &c->world;

	memset(c, 0, sizeof(*c));
	now = c;
	snprintf(c->folder, sizeof(c->folder), "%s", folder);
	assert_true((size_t)snprintf(c->root, sizeof(c->root), "%s/root",
	    folder) < sizeof(c->root));
	w->pam.root = c->root;
	w->conf = "/etc/stepup.conf";
	w->keyring = "/etc/stepup/keyring";
	w->state = "/var/lib/stepup";
	w->module = "/lib/security/pam_stepup.so";
	w->login = "/run/stepup/login";
	w->public = "/run/stepup/public";
	strcpy(w->today, "2026-11-21");
	w->installed_known = true;
	w->installed = installed;
	w->file = look_file;
	w->module_state = WORLD_MODULE_OK;
	w->door_login = w->door_public = WORLD_DOOR_ROOT;
	w->store = WORLD_STORE_OK;
	w->clock = WORLD_CLOCK_SYNCED;
	strcpy(w->clock_detail, "a fact");
	case_each_line(c, "facts", fact);
	if (w->people_count == 0) {
		add_person(w, "root", "0", true, true);
		add_person(w, "alice", "1000", true, true);
	}
	case_settings(c);
	read_sshd(c);
	if (w->euid != 0)
		not_root(w);
}

void
case_close(struct doctor_case *c)
{
	survey_free(c->survey);
	world_free(&c->world);
	free(c->planned);
	now = NULL;
}

int
case_run(struct doctor_case *c, struct findings *f)
{
	struct world *w = &c->world;
	enum plan_code plan;

	if (c->plan) {
		plan = plan_put(&w->pam, &c->planned);
		if (plan != PLAN_PUT && plan != PLAN_THERE)
			return 4;
	}
	c->survey = survey_make(w);
	if (c->survey == NULL)
		return 4;
	judge_all(w, c->survey, c->plan, f);
	return f->problems > 0 ? 1 : 0;
}
