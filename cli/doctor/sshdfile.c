/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/doctor/sshdfile.h"

#define FOLDER		"/etc/ssh/"	/* of a relative Include */
#define FILE_MAX	(256 * 1024)
#define FILES_MAX	128		/* of one Include */
#define DEPTH_MAX	8

static const struct {
	const char	*key, *old;
} aliases[] = {
	{ "KbdInteractiveAuthentication", "ChallengeResponseAuthentication" },
	{ "KbdInteractiveAuthentication", "SkeyAuthentication" },
};

struct search {
	const struct pamhost *host;
	const char	*key;
	unsigned	 depth;
	struct sshdfile_place *out;
};

static bool read_file(struct search *, const char *path);

/* len bytes, as it is written in a file. */
static bool
is_word(const char *word, size_t len, const char *wanted)
{
	return strlen(wanted) == len && strncasecmp(word, wanted, len) == 0;
}

static bool
is_key(const struct search *s, const char *word, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcmp(aliases[i].key, s->key) == 0 &&
		    is_word(word, len, aliases[i].old))
			return true;
	return is_word(word, len, s->key);
}

/* --- Include ----------------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of a folder that fit, sorted; how many. */
static size_t
list(const struct search *s, const char *folder, const char *pattern,
    char *names[FILES_MAX])
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir = NULL;
	size_t n = 0;

	if (pamhost_path(s->host, folder, path))
		dir = opendir(path);
	while (dir != NULL && n < FILES_MAX && (entry = readdir(dir)) != NULL)
		if (fnmatch(pattern, entry->d_name, FNM_PERIOD) == 0 &&
		    (names[n] = strdup(entry->d_name)) != NULL)
			n++;
	if (dir != NULL)
		closedir(dir);
	qsort(names, n, sizeof(names[0]), by_name);
	return n;
}

/* A file includes files, DEPTH_MAX of them deep. */
/* NOLINTBEGIN(misc-no-recursion) */

/* One pattern of an Include; folders are taken as they are written. */
static bool
read_pattern(struct search *s, const char *word, size_t len)
{
	char pattern[PATH_MAX], path[PATH_MAX], *names[FILES_MAX], *base;
	bool found = false;
	size_t i, n;

	if (len >= 2 && word[0] == '"' && word[len - 1] == '"') {
		word++;
		len -= 2;
	}
	if (snprintf(pattern, sizeof(pattern), "%s%.*s", len > 0 &&
	    word[0] == '/' ? "" : FOLDER, (int)len, word) >=
	    (int)sizeof(pattern))
		return false;
	base = strrchr(pattern, '/');
	*base++ = '\0';
	n = list(s, pattern, base, names);
	for (i = 0; i < n; i++) {
		found = found || (snprintf(path, sizeof(path), "%s/%s",
		    pattern, names[i]) < (int)sizeof(path) &&
		    read_file(s, path));
		free(names[i]);
	}
	return found;
}

static bool
include(struct search *s, const char *text, size_t len)
{
	bool found = false;
	size_t n;

	for (; len > 0 && !found; text += n, len -= n) {
		n = strspn(text, " \t=");
		n = n < len ? n : len;
		text += n;
		len -= n;
		n = strcspn(text, " \t");
		n = n < len ? n : len;
		if (n > 0)
			found = read_pattern(s, text, n);
	}
	return found;
}

/* --- Files ------------------------------------------------------------- */

/* True: it is said in this text, or in what it includes. */
static bool
read_text(struct search *s, const char *path, const char *text)
{
	bool match = strcasecmp(s->key, "Match") == 0;
	unsigned line;
	size_t n, len;

	for (line = 1; *text != '\0'; line++) {
		len = strcspn(text, "\n");
		n = strspn(text, " \t");
		text += n;
		len -= n;
		n = strcspn(text, " \t=\n");
		if (is_key(s, text, n)) {
			s->out->line = line;
			snprintf(s->out->file, sizeof(s->out->file), "%s",
			    path);
			return true;
		}
		if (!match && is_word(text, n, "Match"))
			return false;
		if (is_word(text, n, "Include") &&
		    include(s, text + n, len - n))
			return true;
		text += len;
		text += *text == '\n';
	}
	return false;
}

static bool
read_file(struct search *s, const char *path)
{
	bool found = false;
	size_t len;
	char *data;

	if (s->depth == DEPTH_MAX)
		return false;
	data = pamhost_read(s->host, path, FILE_MAX, &len);
	s->depth++;
	if (data != NULL)
		found = read_text(s, path, data);
	s->depth--;
	free(data);
	return found;
}
/* NOLINTEND(misc-no-recursion) */

void
sshdfile_find(const struct pamhost *host, const char *key,
    struct sshdfile_place *out)
{
	struct search s = { .host = host, .key = key, .out = out };

	if (read_file(&s, SSHDFILE_MAIN))
		return;
	snprintf(out->file, sizeof(out->file), "%s", SSHDFILE_MAIN);
	out->line = 0;
}
