/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor/survey.h"

#define ETC	"/etc/pam.d"
#define VENDOR	"/usr/lib/pam.d"
#define CONF	"/etc/pam.conf"

const struct surveyed *
survey_find(const struct survey *v, const char *name)
{
	size_t i;

	for (i = 0; i < v->count; i++)
		if (strcmp(v->all[i].service->name, name) == 0)
			return &v->all[i];
	return NULL;
}

/* False: no memory. */
static bool
add(struct world *w, struct survey *v, const char *name)
{
	struct surveyed *one = &v->all[v->count];
	struct pamservice *s;
	size_t i;

	if (v->count == SURVEY_MAX) {
		world_unseen(w, "service %s: there are too many", name);
		return true;
	}
	s = pamservice_read(&w->pam, name);
	if (s == NULL)
		return false;
	if (survey_find(v, s->name) != NULL) {
		pamservice_free(s);
		return true;
	}
	one->service = s;
	one->kind = known_service(s->name);
	one->shut_by = PAMRUN_NONE;
	access_none(&one->access);
	v->count++;
	for (i = 0; i < s->problem_count; i++)
		if (s->problems[i].kind == PAMPROBLEM_UNSEEN)
			world_unseen(w, "%s: may not be read",
			    s->problems[i].text);
	return true;
}

static int
by_name(const void *a, const void *b)
{
	const struct surveyed *x = a, *y = b;

	return strcmp(x->service->name, y->service->name);
}

/* The services of a folder.  False: no memory. */
static bool
add_folder(struct world *w, struct survey *v, const char *folder)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool done = true;
	DIR *dir = NULL;

	if (pamhost_path(&w->pam, folder, path))
		dir = opendir(path);
	if (dir == NULL && pamhost_is_folder(&w->pam, folder))
		world_unseen(w, "%s: may not be listed", folder);
	while (done && dir != NULL && (entry = readdir(dir)) != NULL)
		/* libpam asks for names in lower case alone. */
		if (!known_leftover(entry->d_name) && strpbrk(entry->d_name,
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL)
			done = add(w, v, entry->d_name);
	if (dir != NULL)
		closedir(dir);
	return done;
}

/* The services that pam.conf names. */
static bool
add_conf(struct world *w, struct survey *v)
{
	char line[PAMTEXT_LINE_MAX], *rest, *name;
	struct pamtext text;
	unsigned number;
	bool done = true, cut;
	size_t len;
	char *data = pamhost_read(&w->pam, CONF, PAMSTACK_FILE_MAX, &len);

	if (data == NULL)
		return true;
	pamtext_open(&text, data, len);
	while (done && pamtext_next(&text, line, &number, &cut) ==
	    PAMTEXT_LINE) {
		rest = line;
		name = pamtext_token(&rest);
		if (name != NULL && strchr(name, '/') == NULL &&
		    strlen(name) <= PAMSTACK_NAME_MAX && *name != '\0')
			done = add(w, v, name);
	}
	free(data);
	return done;
}

/* A file that another service takes in, unless it is a service we know. */
static void
mark_part(struct survey *v, const struct surveyed *by, const char *path)
{
	const char *base = strrchr(path, '/') + 1;
	struct surveyed *one;
	size_t i;

	for (i = 0; i < v->count; i++) {
		one = &v->all[i];
		if (one != by && one->kind == SERVICE_UNKNOWN &&
		    strcmp(one->service->name, base) == 0)
			one->part = true;
	}
}

static void
mark_parts(struct survey *v)
{
	const struct pamservice *s;
	size_t i, j;

	for (i = 0; i < v->count; i++)
		for (s = v->all[i].service, j = 1; j < s->file_count; j++)
			mark_part(v, &v->all[i], s->files[j]);
}

struct survey *
survey_make(struct world *w)
{
	struct survey *v = calloc(1, sizeof(*v));
	struct surveyed *one;
	bool done;
	size_t i;

	if (v == NULL)
		return NULL;
	if (pamhost_is_folder(&w->pam, ETC) ||
	    pamhost_is_folder(&w->pam, VENDOR))
		done = add_folder(w, v, ETC) && add_folder(w, v, VENDOR);
	else
		done = add_conf(w, v);
	/* Where it has no file, `other` answers. */
	if (done && v->count > 0 && survey_find(v, "stepup") == NULL)
		done = add(w, v, "stepup");
	if (done && v->count == 0)
		world_unseen(w, "PAM: neither " ETC " nor " CONF
		    " has a service");
	mark_parts(v);
	qsort(v->all, v->count, sizeof(v->all[0]), by_name);
	for (i = 0; done && i < v->count; i++) {
		one = &v->all[i];
		if (one->service->abort)
			continue;
		done = access_of(w, one->service, &one->access);
		one->shut = !access_account(w, one->service, &one->shut_by);
		one->asks = one->access.asks &&
		    world_covers(w, one->service->name);
	}
	if (done && v->count > 0)
		return v;
	survey_free(v);
	return NULL;
}

void
survey_free(struct survey *v)
{
	size_t i;

	for (i = 0; v != NULL && i < v->count; i++)
		pamservice_free(v->all[i].service);
	free(v);
}
