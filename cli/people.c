/* SPDX-License-Identifier: BSD-2-Clause */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/people.h"
#include "cli/verdict.h"

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
add(struct members *m, const char *name)
{
	size_t room = m->room == 0 ? 64 : 2 * m->room;
	char **more;

	if (m->count == m->room) {
		more = realloc(m->names, room * sizeof(*more));
		if (more == NULL)
			return false;
		m->names = more;
		m->room = room;
	}
	m->names[m->count] = strdup(name);
	if (m->names[m->count] == NULL)
		return false;
	m->count++;
	return true;
}

static bool
collect(struct members *m, const struct group *gr)
{
	gid_t gid = gr->gr_gid;
	struct passwd *pw;
	bool ok = true;
	size_t i;

	for (i = 0; ok && gr->gr_mem[i] != NULL; i++)
		ok = add(m, gr->gr_mem[i]);
	setpwent();
	while (ok && (pw = getpwent()) != NULL)
		if (pw->pw_gid == gid)
			ok = add(m, pw->pw_name);
	endpwent();
	/* Nobody: an array that is there. */
	if (ok && m->names == NULL)
		ok = (m->names = calloc(1, sizeof(*m->names))) != NULL;
	return ok;
}

enum exit_status
members_find(struct members *m, const struct call *call)
{
	const char *name = call->value[OPTION_GROUP];
	const struct group *gr;
	char clean[64], next[128];

	memset(m, 0, sizeof(*m));
	if (name == NULL)
		return EXIT_DONE;
	gr = getgrnam(name);
	if (gr == NULL) {
		terminal_clean(name, clean, sizeof(clean));
		snprintf(next, sizeof(next), "getent group %s should answer",
		    clean);
		return verdict_refuse(call, EXIT_REFUSED,
		    "This host knows no such group.", next);
	}
	if (!collect(m, gr))
		return verdict_say(call, verdict_of_outcome(OUT_MEMORY), NULL);
	qsort(m->names, m->count, sizeof(*m->names), by_text);
	return EXIT_DONE;
}

bool
members_has(const struct members *m, const char *name)
{
	return m->names == NULL || bsearch(&name, m->names, m->count,
	    sizeof(*m->names), by_text) != NULL;
}

void
members_free(struct members *m)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		free(m->names[i]);
	free(m->names);
	memset(m, 0, sizeof(*m));
}

bool
people_login_shell(const char *shell)
{
	static const char *const none[] = { "nologin", "false", "sync",
	    "halt", "shutdown" };
	const char *base = strrchr(shell, '/');
	size_t i;

	base = base != NULL ? base + 1 : shell;
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (strcmp(base, none[i]) == 0)
			return false;
	return true;
}

/* --- Sources of names -------------------------------------------------- */

/* Sources of passwd that always tell whom they know. */
static bool
enumerable(const char *word)
{
	static const char *const known[] = { "files", "compat", "systemd",
	    "db", "altfiles" };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(word, known[i]) == 0)
			return true;
	return *word == '[';
}

static void
warn(const struct call *call, const char *word)
{
	char clean[64];

	terminal_clean(word, clean, sizeof(clean));
	say(call, "The name service \"%s\" need not list the people it "
	    "knows: some may\nbe missing here. Next: getent passwd shows who "
	    "is listed.", clean);
}

/* Each source of passwd that is not this host's own; false: no telling. */
typedef void each_source(const struct call *, const char *word, void *arg);
static bool
sources(const struct call *call, each_source *each, void *arg)
{
	char line[512], *word, *rest;
	FILE *f;

	if (call->host->nsswitch == NULL ||
	    (f = fopen(call->host->nsswitch, "re")) == NULL)
		return false;
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "#\n")] = '\0';
		word = strtok_r(line, " \t", &rest);
		if (word == NULL || strcmp(word, "passwd:") != 0)
			continue;
		while ((word = strtok_r(NULL, " \t", &rest)) != NULL)
			if (!enumerable(word))
				each(call, word, arg);
	}
	fclose(f);
	return true;
}

static void
hide(const struct call *call, const char *word, void *hidden)
{
	warn(call, word);
	if (hidden != NULL)
		json_array_append_new(hidden, json_words(word));
}

void
people_warn_hidden(const struct call *call)
{
	(void)sources(call, hide, call_has(call, OPTION_JSON) ?
	    json_list("hidden_by") : NULL);
}

struct names {
	char	*buf;
	size_t	 size;
};

static void
name_source(const struct call *call, const char *word, void *arg)
{
	struct names *n = arg;
	size_t used = strlen(n->buf);
	char clean[64];

	(void)call;
	terminal_clean(word, clean, sizeof(clean));
	if (used + strlen(clean) + 3 < n->size)
		snprintf(n->buf + used, n->size - used, "%s%s", used > 0 ?
		    ", " : "", clean);
}

bool
people_sources(const struct call *call, char *buf, size_t size)
{
	struct names n = { buf, size };

	buf[0] = '\0';
	if (!sources(call, name_source, &n))
		snprintf(buf, size, "sources that cannot be seen "
		    "(nsswitch.conf)");
	return buf[0] != '\0';
}
