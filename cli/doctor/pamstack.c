/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor/pamread.h"

/* The path, kept: lines and problems point to it. */
static const char *
keep(struct reader *r, const char *path)
{
	size_t i;

	for (i = 0; i < r->s->file_count; i++)
		if (strcmp(r->s->files[i], path) == 0)
			return r->s->files[i];
	if (i == PAMSTACK_FILES_MAX)
		return NULL;
	r->s->files[i] = strdup(path);
	if (r->s->files[i] == NULL) {
		r->memory = true;
		return NULL;
	}
	r->s->file_count++;
	return r->s->files[i];
}

/* at->file is who asks for it, until the file is there. */
bool
pamread_file(struct reader *r, const char *path, struct place *at)
{
	const char *kept = keep(r, path);
	bool done = false;
	size_t len;
	char *data;

	if (kept == NULL) {
		if (at->file != NULL)
			pamread_problem(r, at, PAMPROBLEM_LIMIT,
			    "too many files", NULL);
		return false;
	}
	data = pamhost_read(r->host, path, PAMSTACK_FILE_MAX, &len);
	if (data == NULL) {
		if (at->file == NULL)
			at->file = kept;
		pamread_problem(r, at, errno == EACCES ? PAMPROBLEM_UNSEEN :
		    errno == ENOENT ? PAMPROBLEM_MISSING : PAMPROBLEM_LIMIT,
		    errno == EACCES ? "may not be read" :
		    errno != ENOENT ? "not a file to read" :
		    strchr(path, '\r') != NULL ?
		    "not found, the line ends in CR LF" : "not found",
		    path);
		return false;
	}
	at->file = kept;
	done = pamread_text(r, data, len, at);
	free(data);
	return done;
}

/* Where a service's own file is; false: nowhere. */
static bool
service_path(const struct pamhost *host, const char *name,
    char path[PATH_MAX])
{
	const char *const folders[] = { host->confdir != NULL ?
	    host->confdir : PAMREAD_ETC, PAMREAD_VENDOR };
	size_t i, len, count = host->confdir != NULL ? 1 : 2;
	char *data;
	int n, error;

	for (i = 0; i < count; i++) {
		n = snprintf(path, PATH_MAX, "%s/%s", folders[i], name);
		if (n < 0 || n >= PATH_MAX)
			return false;
		data = pamhost_read(host, path, PAMSTACK_FILE_MAX, &len);
		error = errno;
		free(data);
		if (data != NULL || (error != ENOENT && error != ENOTDIR))
			return true;
	}
	return false;
}

/* One service's file of pam.d; true where there is none. */
static bool
read_service(struct reader *r, const char *name, bool *found)
{
	struct place at = { .service = name, .want = PAMTYPE_ANY,
	    .other = strcmp(name, PAMREAD_OTHER) == 0 };
	char path[PATH_MAX];

	*found = service_path(r->host, name, path);
	return !*found || pamread_file(r, path, &at);
}

static bool
read_all(struct reader *r)
{
	struct place at = { .want = PAMTYPE_ANY };
	struct pamservice *s = r->s;
	bool own, other, sound;

	if (r->host->confdir == NULL &&
	    !pamhost_is_folder(r->host, PAMREAD_ETC) &&
	    !pamhost_is_folder(r->host, PAMREAD_VENDOR)) {
		s->file = keep(r, PAMREAD_CONF);
		return pamread_file(r, PAMREAD_CONF, &at);
	}
	sound = read_service(r, s->name, &own);
	s->file = own && s->file_count > 0 ? s->files[0] : NULL;
	return sound && read_service(r, PAMREAD_OTHER, &other) &&
	    (own || other);
}

struct pamservice *
pamservice_read(const struct pamhost *host, const char *name)
{
	struct reader r = { .host = host };
	size_t i, len = strlen(name);

	if (len == 0 || len > PAMSTACK_NAME_MAX || strchr(name, '/') != NULL)
		return NULL;
	r.s = calloc(1, sizeof(*r.s));
	if (r.s == NULL)
		return NULL;
	for (i = 0; i < len; i++)
		r.s->name[i] = (char)tolower((unsigned char)name[i]);
	r.s->abort = !read_all(&r);
	if (!r.memory)
		return r.s;
	pamservice_free(r.s);
	return NULL;
}

static void
stack_free(struct pamstack *stack)
{
	size_t i;

	for (i = 0; i < stack->count; i++) {
		free(stack->lines[i].module);
		free(stack->lines[i].arguments);
	}
	free(stack->lines);
}

void
pamservice_free(struct pamservice *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < PAMTYPES; i++) {
		stack_free(&s->own[i]);
		stack_free(&s->other[i]);
	}
	for (i = 0; i < s->file_count; i++)
		free(s->files[i]);
	free(s);
}

const struct pamstack *
pamservice_stack(const struct pamservice *s, enum pamtype type)
{
	return s->own[type].count > 0 ? &s->own[type] : &s->other[type];
}
