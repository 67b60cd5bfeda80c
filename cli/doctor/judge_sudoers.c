/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sudoers(5), as far as one word: NOPASSWD and !authenticate, in the file
 * and the folder where they are by default.  PAM has no say in them.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor/judge.h"

#define CONFIG		"/etc/sudoers"
#define FOLDER		"/etc/sudoers.d"
#define FILE_MAX	(256 * 1024)

/* Whether len bytes of a line, which is no remark, take the question away. */
static bool
asks_nothing(const char *line, size_t len)
{
	char text[1024];

	snprintf(text, sizeof(text), "%.*s", len < sizeof(text) ? (int)len :
	    (int)sizeof(text) - 1, line);
	text[strcspn(text, "#")] = '\0';
	return strstr(text, "NOPASSWD:") != NULL ||
	    strstr(text, "!authenticate") != NULL;
}

/* Lines that a backslash joins are told by the first. */
static void
read_file(const struct world *w, const char *path, struct findings *f)
{
	unsigned line, first = 1;
	size_t len, n;
	char *data = pamhost_read(&w->pam, path, FILE_MAX, &len);
	const char *s = data;

	for (line = 1; s != NULL && *s != '\0'; line++) {
		n = strcspn(s, "\n");
		if (asks_nothing(s, n))
			finding_add(f, FIND_SUDO_NOPASSWD, path, first, NULL,
			    NULL);
		if (n == 0 || s[n - 1] != '\\')
			first = line + 1;
		s += n + (s[n] == '\n');
	}
	free(data);
}

void
judge_sudoers(const struct world *w, struct findings *f)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *dir = NULL;

	read_file(w, CONFIG, f);
	if (pamhost_path(&w->pam, FOLDER, path))
		dir = opendir(path);
	while (dir != NULL && (e = readdir(dir)) != NULL)
		/* sudo passes over backups and what packages leave. */
		if (strchr(e->d_name, '.') == NULL &&
		    e->d_name[strlen(e->d_name) - 1] != '~' &&
		    snprintf(path, sizeof(path), FOLDER "/%s", e->d_name) <
		    (int)sizeof(path))
			read_file(w, path, f);
	if (dir != NULL)
		closedir(dir);
}
