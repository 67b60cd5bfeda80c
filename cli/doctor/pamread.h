/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside of the reading of a service: its files, and the lines in them. */
#ifndef STEPUP_CLI_DOCTOR_PAMREAD_H
#define STEPUP_CLI_DOCTOR_PAMREAD_H

#include "cli/doctor/pamstack.h"

#define PAMREAD_ETC	"/etc/pam.d"
#define PAMREAD_VENDOR	"/usr/lib/pam.d"
#define PAMREAD_CONF	"/etc/pam.conf"
#define PAMREAD_OTHER	"other"

/* What one reading carries along. */
struct reader {
	const struct pamhost *host;
	struct pamservice *s;
	bool		 memory;	/* ran out */
};

/* Where a line stands, and for whom it is read. */
struct place {
	const char	*file;		/* NULL: nothing was opened yet */
	unsigned	 line;
	const char	*service;	/* NULL: the line names it (pam.conf) */
	enum pamtype	 want;
	unsigned	 level, depth;
	bool		 other;
	const struct place *up;		/* the line that took the file in */
};

/* Once for each line. */
void pamread_problem(struct reader *, const struct place *,
    enum pamproblem_kind, const char *what, const char *word);

/* The lines of a text; false: libpam gives the file up. */
bool pamread_text(struct reader *, const char *data, size_t len,
    struct place *);

/* A file by its path on the host; false as above, or not to be had. */
bool pamread_file(struct reader *, const char *path, struct place *);

#endif
