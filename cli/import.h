/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stepup import: what stands in files of other modules, and whose it is.
 * Private to cli/import*.c.
 *
 * The files of google-authenticator-libpam belong to the people, who may put
 * anything in their place while root reads: they are opened without
 * following a link and without waiting for a FIFO, looked at through the
 * descriptor, and belong to whoever owns them, or to the name that root's
 * own file carries.  Where these disagree, nothing is taken.
 */
#ifndef STEPUP_CLI_IMPORT_H
#define STEPUP_CLI_IMPORT_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/foreign.h"
#include "cli/subcommands.h"
#include "cli/upload.h"

#define IMPORT_FILE_MAX	(64 * 1024)		/* of one person */
#define IMPORT_LIST_MAX	(16 * 1024 * 1024)	/* of all of them */
#define IMPORT_MAX	100000			/* accounts at a time */

/* Why something stays behind; a row in import_report.c each. */
enum import_why {
	IMPORT_FINE = 0,	/* imported, or would be */
	/* As the reader of the file says. */
	IMPORT_EMPTY, IMPORT_BINARY, IMPORT_SECRET, IMPORT_SHORT, IMPORT_LONG,
	IMPORT_EVENT, IMPORT_PERIOD, IMPORT_OPTION, IMPORT_TYPE, IMPORT_LINE,
	/* The file. */
	IMPORT_OPEN,		/* entry->error: errno */
	IMPORT_NOT_REGULAR,
	IMPORT_LINKS,		/* it has a second name */
	IMPORT_WRITABLE,	/* by others than its owner */
	IMPORT_TOO_LARGE,
	IMPORT_FOREIGN,		/* it is somebody else's */
	/* Whose it is. */
	IMPORT_UNTOLD,		/* nothing says */
	IMPORT_AMBIGUOUS,	/* owner and place say two things */
	IMPORT_NO_USER,
	IMPORT_NAME_SERVICE,
	/* As the service says. */
	IMPORT_ENROLLED,
	IMPORT_TWICE,
	IMPORT_SHARED,
	IMPORT_CHANGED,
	IMPORT_MEANWHILE,
	IMPORT_NOT_WRITTEN,	/* the service failed before */
	IMPORT_WHYS
};
_Static_assert(IMPORT_LINE == (enum import_why)FOREIGN_LINE,
    "reasons of the reader");

/* What is worth saying of an account that was imported. */
#define IMPORT_WEAK	0x01u	/* a secret below 128 bits */
#define IMPORT_WINDOW	0x02u	/* it took more codes at a time */
#define IMPORT_SKEW	0x04u	/* the app's clock was off */
#define IMPORT_PIN	0x08u	/* a PIN went before the code */
#define IMPORT_READABLE	0x10u	/* others could read the secret */
#define IMPORT_SCRATCH	0x20u	/* scratch codes stay behind */

struct import_entry {
	char		*file, *user;	/* user: NULL while nobody knows */
	unsigned	 line;
	enum import_why	 why;
	int		 error;
	unsigned	 notes;
	unsigned	 bits, period, window;
	int64_t		 skew;		/* seconds */
	bool		 sent;		/* the service has it */
};

struct import {
	const struct call *call;
	struct import_entry *entries;
	size_t		 count, room;
	struct upload	*upload;
	bool		 full;		/* memory, or too many */
	bool		 gone;		/* the service takes no more */
	/* What it came to. */
	unsigned	 imported, weak, skipped, window;
};

/* A new entry; NULL when import->full.  file and user are copied. */
struct import_entry *import_add(struct import *, const char *file,
    const char *user);

/* Sends what was read for this account; wipes *f. */
void import_send(struct import *, struct import_entry *, uid_t,
    struct foreign *f);

/* What an operand of `import ga` names: FILE, USER=FILE or a folder. */
void import_ga(struct import *, const char *operand);
/* The operand of `import oath`. */
void import_oath(struct import *, const char *file);

/*
 * Looks at `base` in the folder `dir` (a descriptor) and reads it whole, a
 * byte behind it left free; the caller wipes and frees *text.  Regular,
 * one name, not writable by others, at most `max` bytes.  The reason else.
 */
enum import_why import_read(int dir, const char *base, size_t max,
    struct import_entry *, uid_t *owner, char **text, size_t *len);

/* By name, or by uid where name is NULL; the account's own spelling. */
enum import_why import_account(const char *name, uid_t uid, char user[256],
    uid_t *found, char **home);

/* The table, the counts, JSON; the exit status. */
enum exit_status import_report(struct import *);

#endif
