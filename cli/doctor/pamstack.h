/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stacks of a service as libpam puts them together: /etc/pam.d over
 * /usr/lib/pam.d, /etc/pam.conf where there is neither, `other` for what a
 * service leaves out, include and @include put in place, substacks one
 * level up.  What is wrong on the way is listed; the stack is what libpam
 * makes of it all the same.
 */
#ifndef STEPUP_CLI_DOCTOR_PAMSTACK_H
#define STEPUP_CLI_DOCTOR_PAMSTACK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "cli/doctor/pamtext.h"

#define PAMSTACK_FILE_MAX	(256 * 1024)	/* bytes of one file */
#define PAMSTACK_LINES_MAX	1024		/* of one stack */
#define PAMSTACK_FILES_MAX	256		/* read for one service */
#define PAMSTACK_DEPTH_MAX	32		/* files inside of files */
#define PAMSTACK_LEVEL_MAX	16		/* substacks, as libpam's */
#define PAMSTACK_PROBLEMS_MAX	64
#define PAMSTACK_NAME_MAX	255

/* The host's files. */
struct pamhost {
	const char	*root;		/* before every path; "" for the host */
	const char	*confdir;	/* pam_start_confdir(3), or NULL */
	bool		 upstream;	/* libpam without Debian's changes: no
					   @include, includes are looked for
					   where services are, jumps count as
					   `ok` in setcred */
	/* A file as it would be, for --plan: NULL, or its path, its text and
	   the line after which one was put that is not there yet. */
	const char	*planned, *planned_text;
	unsigned	 planned_after;
};

enum pamtype {
	PAMTYPE_AUTH = 0,
	PAMTYPE_ACCOUNT,
	PAMTYPE_SESSION,
	PAMTYPE_PASSWORD,
	PAMTYPES,
	PAMTYPE_ANY = PAMTYPES
};

enum pamline_kind {
	PAMLINE_MODULE = 0,
	PAMLINE_MUST_FAIL,	/* answers PAM_PERM_DENIED, calls nothing */
	PAMLINE_SUBSTACK	/* a mark, passed over */
};

struct pamline {
	enum pamline_kind kind;
	bool		 silent;	/* leading `-` */
	unsigned	 level;		/* of substacks */
	struct pamcontrol control;
	char		*module;	/* as written; NULL */
	char		*arguments;	/* the rest of the line, or NULL */
	const char	*file;		/* of the host, without its root */
	unsigned	 line;
};

struct pamstack {
	size_t		 count;
	struct pamline	*lines;
};

enum pamproblem_kind {
	PAMPROBLEM_SYNTAX = 0,	/* libpam cannot read it */
	PAMPROBLEM_MISSING,	/* an include of a file that is not there */
	PAMPROBLEM_LOOP,	/* files inside of files, too deep */
	PAMPROBLEM_UNSEEN,	/* the file may not be read by this caller */
	PAMPROBLEM_LIMIT	/* more than doctor reads */
};

struct pamproblem {
	enum pamproblem_kind kind;
	const char	*file;
	unsigned	 line;
	char		 text[96];
};

struct pamservice {
	char		 name[PAMSTACK_NAME_MAX + 1];	/* lower case */
	const char	*file;		/* its own, NULL: only `other` */
	bool		 abort;		/* every call answers PAM_ABORT */
	bool		 unseen;	/* something could not be read */
	struct pamstack	 own[PAMTYPES];
	struct pamstack	 other[PAMTYPES];
	size_t		 problem_count;
	struct pamproblem problems[PAMSTACK_PROBLEMS_MAX];
	size_t		 file_count;
	char		*files[PAMSTACK_FILES_MAX];	/* every one read */
};

/* NULL: no memory, or a name that is empty, has a slash, or is too long. */
struct pamservice *pamservice_read(const struct pamhost *, const char *name);
void pamservice_free(struct pamservice *);

/* The stack that runs; never NULL, maybe empty. */
const struct pamstack *pamservice_stack(const struct pamservice *,
    enum pamtype);

/*
 * A whole file, NUL-terminated, freed by the caller; NULL and errno: not
 * there, no regular file (EINVAL), larger than max (EFBIG).
 */
char *pamhost_read(const struct pamhost *, const char *path, size_t max,
    size_t *len);
/* ROOT PATH in buf; false when it does not fit. */
bool pamhost_path(const struct pamhost *, const char *path,
    char buf[PATH_MAX]);
bool pamhost_is_folder(const struct pamhost *, const char *path);

#endif
