/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sshd: what `sshd -T` says holds; the files are only looked at to name the
 * line that says so.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/doctor/judge.h"
#include "common/text.h"

#define CONFIG		"/etc/ssh/sshd_config"
#define FOLDER		"/etc/ssh/sshd_config.d"
#define CONFIG_MAX	(256 * 1024)
#define FILES_MAX	128
#define GRACE_SHORT	60	/* s; a code lasts 30 */

struct where {
	char		 file[PATH_MAX];
	unsigned	 line;		/* 0: no line says it */
};

/* The value of a keyword of `sshd -T`, or what OpenSSH has without it. */
static void
value(const struct world *w, const char *key, const char *unset,
    char buf[256])
{
	const char *s = w->sshd_text;
	size_t len = strlen(key), n;

	snprintf(buf, 256, "%s", unset);
	for (; s != NULL && *s != '\0'; s += n + (s[n] == '\n')) {
		n = strcspn(s, "\n");
		if (n > len && strncasecmp(s, key, len) == 0 &&
		    s[len] == ' ') {
			snprintf(buf, 256, "%.*s", (int)(n - len - 1),
			    s + len + 1);
			return;
		}
	}
}

static bool
is(const struct world *w, const char *key, const char *unset,
    const char *wanted)
{
	char buf[256];

	value(w, key, unset, buf);
	return strcasecmp(buf, wanted) == 0;
}

/* First line of a text whose keyword this is, before any Match. */
static unsigned
line_of(const char *text, const char *key)
{
	bool match = strcasecmp(key, "Match") == 0;
	unsigned line = 1;
	size_t n;

	for (; *text != '\0'; line++) {
		text += strspn(text, " \t");
		n = strcspn(text, " \t=\n");
		if (n == strlen(key) && strncasecmp(text, key, n) == 0)
			return line;
		if (!match && n == 5 && strncasecmp(text, "Match", 5) == 0)
			return 0;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of FOLDER's *.conf, sorted; how many. */
static size_t
list(const struct world *w, char *names[FILES_MAX])
{
	char path[PATH_MAX];
	struct dirent *entry;
	size_t n = 0, len;
	DIR *dir;

	if (!pamhost_path(&w->pam, FOLDER, path) ||
	    (dir = opendir(path)) == NULL)
		return 0;
	while (n < FILES_MAX && (entry = readdir(dir)) != NULL) {
		len = strlen(entry->d_name);
		if (len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0 &&
		    (names[n] = strdup(entry->d_name)) != NULL)
			n++;
	}
	closedir(dir);
	qsort(names, n, sizeof(names[0]), by_name);
	return n;
}

static bool
find_in(const struct world *w, const char *path, const char *key,
    struct where *out)
{
	size_t len;
	char *data = pamhost_read(&w->pam, path, CONFIG_MAX, &len);

	out->line = data != NULL ? line_of(data, key) : 0;
	free(data);
	if (out->line == 0)
		return false;
	snprintf(out->file, sizeof(out->file), "%s", path);
	return true;
}

/* The line that says it: the folder's files come first. */
static void
find(const struct world *w, const char *key, struct where *out)
{
	char *names[FILES_MAX], path[PATH_MAX];
	size_t i, n = list(w, names);
	bool found = false;

	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), FOLDER "/%s", names[i]);
		found = found || find_in(w, path, key, out);
		free(names[i]);
	}
	if (found || find_in(w, CONFIG, key, out))
		return;
	snprintf(out->file, sizeof(out->file), CONFIG);
	out->line = 0;
}

static void
tell(const struct world *w, struct findings *f, enum finding_id id,
    const char *key, const char *detail)
{
	struct where at;

	find(w, key, &at);
	finding_add(f, id, at.file, at.line, "sshd", detail);
}

static bool
keyboard(const struct world *w)
{
	return is(w, "kbdinteractiveauthentication", "yes", "yes");
}

bool
judge_sshd_opens_root(const struct world *w)
{
	return w->sshd && w->sshd_seen && !w->sshd_failed &&
	    is(w, "permitrootlogin", "prohibit-password", "yes") &&
	    (keyboard(w) || is(w, "passwordauthentication", "yes", "yes"));
}

/* Whether a list of methods, len bytes, names this one. */
static bool
names_method(const char *list_of, size_t len, const char *method)
{
	size_t n, m = strlen(method);

	for (; len > 0; list_of += n, len -= n) {
		for (n = 0; n < len && list_of[n] != ','; n++)
			;
		if (n >= m && strncasecmp(list_of, method, m) == 0 &&
		    (n == m || list_of[m] == ':'))
			return true;
		n += n < len;
	}
	return false;
}

/* AuthenticationMethods, each way of it. */
static void
methods(const struct world *w, const char *all, struct findings *f)
{
	bool some = false, password = false, key = false;
	const char *s;
	size_t n;

	for (s = all; *s != '\0'; s += n + (s[n] == ' ')) {
		n = strcspn(s, " ");
		if (n == 0)
			continue;
		if (names_method(s, n, "keyboard-interactive"))
			some = true;
		else if (names_method(s, n, "password"))
			password = true;
		else
			key = true;
	}
	if (!some)
		tell(w, f, FIND_SSHD_METHODS, "AuthenticationMethods", all);
	else if (!keyboard(w))
		tell(w, f, FIND_SSHD_KBDINT, "KbdInteractiveAuthentication",
		    NULL);
	if (some && password)
		tell(w, f, FIND_SSHD_PASSWORD, "AuthenticationMethods", NULL);
	if (some && key)
		tell(w, f, FIND_SSHD_KEY, "AuthenticationMethods", NULL);
}

/* Any way: what is switched on. */
static void
any_method(const struct world *w, struct findings *f)
{
	if (!keyboard(w))
		tell(w, f, FIND_SSHD_KBDINT, "KbdInteractiveAuthentication",
		    NULL);
	else if (is(w, "passwordauthentication", "yes", "yes"))
		tell(w, f, FIND_SSHD_PASSWORD, "PasswordAuthentication",
		    NULL);
	if (is(w, "pubkeyauthentication", "yes", "yes"))
		tell(w, f, FIND_SSHD_KEY, "PubkeyAuthentication", NULL);
}

static void
grace(const struct world *w, struct findings *f)
{
	char buf[256];
	uint64_t seconds;

	value(w, "logingracetime", "120", buf);
	if (text_number(buf, 1, GRACE_SHORT - 1, &seconds))
		tell(w, f, FIND_SSHD_GRACE, "LoginGraceTime", buf);
}

void
judge_sshd(const struct world *w, const struct survey *v, struct findings *f)
{
	const struct surveyed *one = survey_find(v, "sshd");
	struct where match;
	char all[256];

	if (!w->sshd || !w->sshd_seen)
		return;
	if (w->sshd_failed) {
		finding_add(f, FIND_SSHD_CONFIG, CONFIG, 0, "sshd", "");
		return;
	}
	if (one == NULL || one->access.ours == PAMRUN_NONE ||
	    !world_covers(w, "sshd"))
		return;
	find(w, "Match", &match);
	if (match.line != 0)
		finding_add(f, FIND_SSHD_MATCH, match.file, match.line, "sshd",
		    NULL);
	if (!is(w, "usepam", "no", "yes")) {
		tell(w, f, FIND_SSHD_USEPAM, "UsePAM", NULL);
		return;
	}
	grace(w, f);
	value(w, "authenticationmethods", "any", all);
	if (strcasecmp(all, "any") == 0)
		any_method(w, f);
	else
		methods(w, all, f);
}
