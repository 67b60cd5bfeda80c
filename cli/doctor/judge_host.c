/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/stat.h>

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor/judge.h"
#include "cli/folder.h"

#define ETC	"/etc/pam.d"
#define VENDOR	"/usr/lib/pam.d"
#define CONF	"/etc/pam.conf"

/* --- Lines that nobody reads ------------------------------------------- */

static void
ignored_file(const struct world *w, const char *path, const char *why,
    struct findings *f)
{
	char line[PAMTEXT_LINE_MAX];
	struct pamtext text;
	unsigned number;
	size_t len;
	bool cut;
	char *data = pamhost_read(&w->pam, path, PAMSTACK_FILE_MAX, &len);

	if (data == NULL)
		return;
	pamtext_open(&text, data, len);
	while (pamtext_next(&text, line, &number, &cut) == PAMTEXT_LINE)
		if (strstr(line, MODULE_OWN) != NULL)
			finding_add(f, FIND_PAM_IGNORED, path, number, NULL,
			    why);
	free(data);
}

static bool
has_capital(const char *name)
{
	while (*name != '\0' && !isupper((unsigned char)*name))
		name++;
	return *name != '\0';
}

static bool
is_file(const struct world *w, const char *folder, const char *name)
{
	char path[PATH_MAX], full[PATH_MAX];
	struct stat st;

	return snprintf(path, sizeof(path), "%s/%s", folder, name) <
	    (int)sizeof(path) && pamhost_path(&w->pam, path, full) &&
	    stat(full, &st) == 0;
}

static void
ignored_folder(const struct world *w, const char *folder, struct findings *f)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *dir = NULL;

	if (pamhost_path(&w->pam, folder, path))
		dir = opendir(path);
	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (known_leftover(e->d_name) || snprintf(path, sizeof(path),
		    "%s/%s", folder, e->d_name) >= (int)sizeof(path))
			continue;
		if (has_capital(e->d_name))
			ignored_file(w, path, "libpam asks for names in lower "
			    "case alone", f);
		else if (strcmp(folder, VENDOR) == 0 &&
		    is_file(w, ETC, e->d_name))
			ignored_file(w, path, ETC " has a file of this name",
			    f);
	}
	if (dir != NULL)
		closedir(dir);
}

void
judge_ignored(const struct world *w, struct findings *f)
{
	ignored_folder(w, ETC, f);
	ignored_folder(w, VENDOR, f);
	if (pamhost_is_folder(&w->pam, ETC) ||
	    pamhost_is_folder(&w->pam, VENDOR))
		ignored_file(w, CONF, "where there is " ETC ", " CONF
		    " is not read", f);
}

/* --- Settings, files, module ------------------------------------------- */

static void
settings(const struct world *w, struct findings *f)
{
	const struct world_settings *s = &w->settings;

	if (!s->seen)
		return;
	if (s->refused)
		finding_add(f, FIND_SETTINGS, s->where[0] != '\0' ? s->where :
		    w->conf, 0, NULL, s->reason);
	else if (world_lets_unenrolled(w))
		finding_add(f, FIND_SETTINGS_ALLOW, "-", 0, NULL,
		    s->unenrolled);
}

/* Owner and mode; false: there is none, or nobody may tell. */
static bool
file_is(const struct world *w, const char *path, mode_t forbidden,
    struct findings *f)
{
	struct world_file file;
	char detail[32];

	w->file(w, path, &file);
	if (!file.seen || !file.there)
		return false;
	if (file.uid != 0) {
		snprintf(detail, sizeof(detail), "%lu",
		    (unsigned long)file.uid);
		finding_add(f, FIND_FILE_OWNER, path, 0, NULL, detail);
	}
	if ((file.mode & forbidden) != 0) {
		snprintf(detail, sizeof(detail), "%04o",
		    (unsigned)file.mode & 07777);
		finding_add(f, FIND_FILE_MODE, path, 0, NULL, detail);
	}
	return true;
}

static bool
absent(const struct world *w, const char *path)
{
	struct world_file file;

	w->file(w, path, &file);
	return file.seen && !file.there;
}

/* Whether key and store are both there, or may be. */
static bool
pair(const struct world *w, const char *store, struct findings *f)
{
	bool no_key = absent(w, w->keyring), no_store = absent(w, store);

	if (no_key && no_store)
		finding_add(f, FIND_NOT_INITIALISED, store, 0, NULL, NULL);
	else if (no_key)
		finding_add(f, FIND_FILE_MISSING, w->keyring, 0, NULL,
		    "the store is sealed with the key");
	else if (no_store)
		finding_add(f, FIND_FILE_MISSING, store, 0, NULL,
		    "the key without the store opens nothing");
	return !no_key && !no_store;
}

static void
files(const struct world *w, struct findings *f)
{
	char store[PATH_MAX], folder[PATH_MAX];

	if (w->settings.store[0] != '\0')
		snprintf(store, sizeof(store), "%s", w->settings.store);
	else if (snprintf(store, sizeof(store), "%s/stepup.db", w->state) >=
	    (int)sizeof(store))
		return;
	(void)file_is(w, w->conf, 022, f);
	if (folder_of(w->keyring, folder))
		(void)file_is(w, folder, 077, f);
	(void)file_is(w, w->keyring, 077, f);
	if (folder_of(store, folder))
		(void)file_is(w, folder, 077, f);
	(void)file_is(w, store, 077, f);
	if (!pair(w, store, f))
		return;
	if (w->store == WORLD_STORE_BROKEN || w->store == WORLD_STORE_ABSENT)
		finding_add(f, FIND_STORE, store, 0, NULL, w->store_detail);
	else if (w->store == WORLD_STORE_KEY)
		finding_add(f, FIND_KEY, w->keyring, 0, NULL,
		    w->store_detail);
	if (w->store_moved)
		finding_add(f, FIND_STORE_MOVED, store, 0, NULL, NULL);
}

static void
module(const struct world *w, struct findings *f)
{
	switch (w->module_state) {
	case WORLD_MODULE_MISSING:
		finding_add(f, FIND_MODULE_MISSING, w->module, 0, NULL, NULL);
		return;
	case WORLD_MODULE_KIND:
		finding_add(f, FIND_MODULE_KIND, w->module, 0, NULL,
		    w->module_detail);
		break;
	case WORLD_MODULE_LINKS:
		finding_add(f, FIND_MODULE_LINKS, w->module, 0, NULL,
		    w->module_detail);
		break;
	case WORLD_MODULE_UNSEEN:
	case WORLD_MODULE_OK:
		break;
	}
	(void)file_is(w, w->module, 022, f);
}

/* --- Doors, clock ------------------------------------------------------ */

static void
door(const struct world *w, enum world_door state, const char *path,
    mode_t mode, enum finding_id without, struct findings *f)
{
	struct world_file file;
	char detail[32];

	w->file(w, path, &file);
	if (file.seen && file.there && (file.mode & 0777) != mode) {
		snprintf(detail, sizeof(detail), "%04o, not %04o",
		    (unsigned)file.mode & 07777, (unsigned)mode);
		finding_add(f, FIND_DOOR_MODE, path, 0, NULL, detail);
	}
	switch (state) {
	case WORLD_DOOR_FOREIGN:
		finding_add(f, FIND_DOOR_FOREIGN, path, 0, NULL, NULL);
		break;
	case WORLD_DOOR_DEAF:
		finding_add(f, FIND_DOOR_DEAF, path, 0, NULL, NULL);
		break;
	case WORLD_DOOR_ABSENT:
		finding_add(f, without, path, 0, NULL, NULL);
		break;
	case WORLD_DOOR_UNSEEN:
	case WORLD_DOOR_ROOT:
		break;
	}
}

void
judge_host(const struct world *w, struct findings *f)
{
	settings(w, f);
	module(w, f);
	files(w, f);
	door(w, w->door_login, w->login, 0600, FIND_DOOR_LOGIN, f);
	door(w, w->door_public, w->public, 0666, FIND_DOOR_PUBLIC, f);
	if (w->clock == WORLD_CLOCK_UNSYNCED)
		finding_add(f, FIND_CLOCK, "-", 0, NULL, w->clock_detail);
}
