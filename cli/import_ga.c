/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files of google-authenticator-libpam: in people's homes, or in a
 * folder of root's (its options secret= and user=), a file or a folder each.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/folder.h"
#include "cli/import.h"

#define GA_NAME ".google_authenticator"

/* An account that a name might mean. */
struct guess {
	enum import_why	 why;
	char		 user[256];
	uid_t		 uid;
	bool		 home;		/* the file lies in its home */
};

static bool
same_folder(int dir, const char *path)
{
	struct stat a, b;

	return path != NULL && *path == '/' && fstat(dir, &a) == 0 &&
	    stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino;
}

static void
guess(struct guess *g, const char *name, uid_t uid, int dir)
{
	char *home = NULL;

	memset(g, 0, sizeof(*g));
	g->why = import_account(name, uid, g->user, &g->uid, &home);
	g->home = same_folder(dir, home);
	free(home);
}

/* The last part of the folder's own name. */
static void
folder_name(int dir, char name[NAME_MAX + 1])
{
	char link[64], path[PATH_MAX], *slash;
	ssize_t n;

	name[0] = '\0';
	snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash != NULL)
		snprintf(name, NAME_MAX + 1, "%s", slash + 1);
}

/*
 * Who names what lies in a folder, whoever owns it: its owner moves it at
 * will.  (uid_t)-1: many do.
 */
static uid_t
keeper(int dir)
{
	struct stat st;

	if (fstat(dir, &st) == -1 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return (uid_t)-1;
	return st.st_uid;
}

/* Whether the folder's own name is root's word. */
static bool
named_by_root(int dir)
{
	int above = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool sure = above != -1 && keeper(above) == 0;

	if (above != -1)
		close(above);
	return sure;
}

/* Of root's file: the name it has, or that of its folder. */
static enum import_why
named(const struct guess *by_base, const struct guess *by_folder,
    struct guess *out)
{
	if (by_base->why == IMPORT_FINE && by_folder->why == IMPORT_FINE &&
	    by_base->uid != by_folder->uid)
		return IMPORT_AMBIGUOUS;
	*out = by_base->why == IMPORT_FINE ? *by_base : *by_folder;
	if (by_base->why == IMPORT_NAME_SERVICE ||
	    by_folder->why == IMPORT_NAME_SERVICE)
		return IMPORT_NAME_SERVICE;
	return out->why == IMPORT_FINE ? IMPORT_FINE : IMPORT_UNTOLD;
}

/* Of a person's file: its owner, unless the place says another. */
static enum import_why
owned(uid_t owner, int dir, const struct guess *by_base,
    const struct guess *by_folder, struct guess *out)
{
	guess(out, NULL, owner, dir);
	if (out->why != IMPORT_FINE)
		return out->why;
	if ((by_base->why == IMPORT_FINE && by_base->uid != owner) ||
	    (by_folder->why == IMPORT_FINE && by_folder->uid != owner))
		return IMPORT_AMBIGUOUS;
	/* Two names may have one number: the place tells which is meant. */
	if (by_base->why == IMPORT_FINE)
		*out = *by_base;
	else if (by_folder->why == IMPORT_FINE)
		*out = *by_folder;
	return IMPORT_FINE;
}

/*
 * Whose this file is; a file of root's in a person's folder is that person's,
 * wherever in it it has been moved to.
 */
static enum import_why
whose(const char *base, int dir, uid_t owner, struct guess *out)
{
	struct guess by_base = { .why = IMPORT_NO_USER };
	struct guess by_folder = { .why = IMPORT_NO_USER };
	char folder[NAME_MAX + 1];

	folder_name(dir, folder);
	if (base[0] != '.')
		guess(&by_base, base, 0, dir);
	if (folder[0] != '\0')
		guess(&by_folder, folder, 0, dir);
	/* A folder of many files says something when it is somebody's home. */
	if (base[0] != '.' && by_folder.why == IMPORT_FINE && !by_folder.home)
		by_folder.why = IMPORT_NO_USER;
	if (owner == 0 && !by_folder.home && !named_by_root(dir))
		by_folder.why = IMPORT_NO_USER;
	if (owner == 0)
		owner = keeper(dir);
	if (owner == (uid_t)-1)
		return IMPORT_UNTOLD;
	return owner == 0 ? named(&by_base, &by_folder, out) :
	    owned(owner, dir, &by_base, &by_folder, out);
}

/* Root said whose it is: then it is root's file, or that person's. */
static enum import_why
told(const char *user, int dir, uid_t owner, struct guess *out)
{
	guess(out, user, 0, dir);
	if (out->why != IMPORT_FINE)
		return out->why;
	return owner == 0 || owner == out->uid ? IMPORT_FINE :
	    IMPORT_FOREIGN;
}

static void
take_text(struct import *im, struct import_entry *e, char *text, size_t len,
    const struct guess *who)
{
	struct foreign f;

	foreign_ga(text, len, &f);
	e->why = (enum import_why)f.why;
	e->line = f.line;
	e->period = f.period;
	if (e->why == IMPORT_FINE)
		import_send(im, e, who->uid, &f);
	explicit_bzero(&f, sizeof(f));
}

static void
take(struct import *im, const char *user, const char *path, int dir,
    const char *base)
{
	struct import_entry *e = import_add(im, path, user);
	struct guess who = { .why = IMPORT_UNTOLD };
	uid_t owner = (uid_t)-1;
	char *text = NULL;
	size_t len = 0;

	if (e == NULL)
		return;
	e->why = import_read(dir, base, IMPORT_FILE_MAX, e, &owner, &text,
	    &len);
	if (e->why == IMPORT_FINE)
		e->why = user != NULL ? told(user, dir, owner, &who) :
		    whose(base, dir, owner, &who);
	if (e->why == IMPORT_FINE) {
		free(e->user);
		e->user = strdup(who.user);
		if (e->user == NULL)
			im->full = true;
		else
			take_text(im, e, text, len, &who);
	}
	if (text != NULL)
		explicit_bzero(text, len);
	free(text);
}

/* --- Operands -------------------------------------------------------------- */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What lies in a folder, in the order of the names. */
static char **
names_of(struct import *im, DIR *d, size_t *count)
{
	size_t room = 0;
	char **names = NULL, **more;
	struct dirent *ent;

	*count = 0;
	while (!im->full && (ent = readdir(d)) != NULL) {
		if (strcmp(ent->d_name, ".") == 0 ||
		    strcmp(ent->d_name, "..") == 0)
			continue;
		if (*count == room) {
			room = room == 0 ? 256 : 2 * room;
			more = room <= 4 * IMPORT_MAX ?
			    reallocarray(names, room, sizeof(*more)) : NULL;
			im->full = more == NULL;
			if (more == NULL)
				break;
			names = more;
		}
		names[*count] = strdup(ent->d_name);
		if (names[*count] == NULL)
			im->full = true;
		else
			(*count)++;
	}
	if (*count > 0)
		qsort(names, *count, sizeof(*names), by_text);
	return names;
}

/* NAME/.google_authenticator where NAME is a folder, else NAME. */
static void
take_inside(struct import *im, const char *path, int dir, const char *name)
{
	const char *slash = path[strlen(path) - 1] == '/' ? "" : "/";
	char inner[PATH_MAX];
	struct stat st;
	int sub;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISDIR(st.st_mode)) {
		snprintf(inner, sizeof(inner), "%s%s%s", path, slash, name);
		take(im, NULL, inner, dir, name);
		return;
	}
	sub = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (sub == -1)
		return;
	snprintf(inner, sizeof(inner), "%s%s%s/" GA_NAME, path, slash, name);
	if (fstatat(sub, GA_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	    errno != ENOENT)
		take(im, NULL, inner, sub, GA_NAME);
	close(sub);
}

static void
take_folder(struct import *im, const char *path, int fd)
{
	size_t count, i;
	char **names;
	DIR *d = fdopendir(fd);

	if (d == NULL) {
		close(fd);
		im->full = true;
		return;
	}
	names = names_of(im, d, &count);
	for (i = 0; i < count; i++) {
		if (!im->full && !im->gone)
			take_inside(im, path, fd, names[i]);
		free(names[i]);
	}
	free(names);
	closedir(d);
}

static void
take_file(struct import *im, const char *user, const char *path)
{
	struct import_entry *e;
	const char *base;
	int dir = folder_open(path, &base), error = errno;

	if (dir != -1) {
		take(im, user, path, dir, base);
		close(dir);
		return;
	}
	e = import_add(im, path, user);
	if (e != NULL) {
		e->why = IMPORT_OPEN;
		e->error = error;
	}
}

void
import_ga(struct import *im, const char *operand)
{
	const char *equals = strchr(operand, '='), *base;
	char user[256];
	int fd;

	/* A path that begins as paths do may well have an = in it. */
	if (equals != NULL && operand[0] != '/' && operand[0] != '.' &&
	    (size_t)(equals - operand) < sizeof(user) && equals != operand) {
		memcpy(user, operand, (size_t)(equals - operand));
		user[equals - operand] = '\0';
		take_file(im, user, equals + 1);
		return;
	}
	/* Where a file is meant, people may put a folder: no list of files. */
	base = strrchr(operand, '/');
	fd = strcmp(base != NULL ? base + 1 : operand, GA_NAME) == 0 ? -1 :
	    open(operand, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	if (fd != -1)
		take_folder(im, operand, fd);
	else
		take_file(im, NULL, operand);
}
