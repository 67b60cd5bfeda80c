/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What doctor finds: a stable name, where, for whom, and one thing to do.
 * tests/doctor/README lists the names; the table in finding.c has the
 * sentences.
 */
#ifndef STEPUP_CLI_DOCTOR_FINDING_H
#define STEPUP_CLI_DOCTOR_FINDING_H

#include <stdbool.h>
#include <stddef.h>

enum finding_id {
	FIND_PAM_BROKEN = 0,
	FIND_PAM_MISSING_FILE,
	FIND_PAM_MISSING_MODULE,
	FIND_PAM_LOOP,
	FIND_PAM_JUMP,
	FIND_PAM_BYPASS,
	FIND_PAM_OPEN,
	FIND_PAM_OPTIONAL,
	FIND_PAM_FAILS_OPEN,
	FIND_PAM_NO_PASSWORD,
	FIND_PAM_NOBODY,
	FIND_PAM_EARLY,
	FIND_PAM_TWICE,
	FIND_PAM_ARGUMENT,
	FIND_PAM_FILE,
	FIND_PAM_IGNORED,
	FIND_PAM_ACCOUNT,
	FIND_PAM_SELF,
	FIND_PAM_EXEMPT,
	FIND_PAM_UNKNOWN,
	FIND_SSHD_CONFIG,
	FIND_SSHD_KBDINT,
	FIND_SSHD_USEPAM,
	FIND_SSHD_METHODS,
	FIND_SSHD_PASSWORD,
	FIND_SSHD_KEY,
	FIND_SSHD_MATCH,
	FIND_SSHD_GRACE,
	FIND_SUDO_NOPASSWD,
	FIND_SETTINGS,
	FIND_SETTINGS_COVERS,
	FIND_SETTINGS_ALLOW,
	FIND_ROOT_NOT_ENROLLED,
	FIND_FILE_MISSING,
	FIND_FILE_MODE,
	FIND_FILE_OWNER,
	FIND_NOT_INITIALISED,
	FIND_MODULE_MISSING,
	FIND_MODULE_KIND,
	FIND_MODULE_LINKS,
	FIND_DOOR_FOREIGN,
	FIND_DOOR_DEAF,
	FIND_DOOR_MODE,
	FIND_DOOR_LOGIN,
	FIND_DOOR_PUBLIC,
	FIND_STORE,
	FIND_KEY,
	FIND_STORE_MOVED,
	FIND_CLOCK,
	FIND_PLAN_ROOT,
	FIND_PLAN_PERSON,
	FIND_PLAN_NO_PROMPT,
	FIND_PLAN_SKIPPED,
	FIND_PLAN_ASKED,
	FINDINGS
};

#define FINDING_WHERE_MAX	512
#define FINDING_WORDS_MAX	256
#define FINDINGS_MAX		512

struct finding {
	enum finding_id	 id;
	char		 where[FINDING_WHERE_MAX];	/* FILE:LINE, FILE,
							   a name, "-" */
	char		 services[FINDING_WORDS_MAX];	/* "sshd, su", or "" */
	char		 detail[FINDING_WORDS_MAX];	/* printable, or "" */
};

struct findings {
	size_t		 count, problems, dropped;
	bool		 no_systemd;	/* of the host */
	struct finding	 all[FINDINGS_MAX];
};

struct finding_row {
	const char	*name;		/* "pam-bypass" */
	bool		 note;		/* told, but nothing is wrong */
	const char	*what;		/* a sentence; {services} {detail} */
	const char	*next;		/* what to do; filled the same way, and
					   {folder}, in which the place is */
	const char	*plain;		/* the same without systemd, or NULL */
};

const struct finding_row *finding_row(enum finding_id);
/* What to do on this host: for finding_text. */
const char *finding_next(const struct findings *,
    const struct finding_row *);

/*
 * Once for each id and place; a further service of the same is added to
 * the first.  file "-" or a name: line 0.  service and detail may be NULL.
 */
void finding_add(struct findings *, enum finding_id, const char *file,
    unsigned line, const char *service, const char *detail);

/*
 * What is said of several places alike is told once: `out` is the first of
 * them with the services of all, `at` has the places, at most FINDINGS_MAX.
 * How many; 0: an earlier one has told it.
 */
size_t finding_gather(const struct findings *, size_t first,
    struct finding *out, const char *at[FINDINGS_MAX]);

#define FINDING_TEXT_MAX 1024

/* The sentence of a finding, filled. */
void finding_text(const struct finding *, const char *template,
    char buf[FINDING_TEXT_MAX]);

#endif
