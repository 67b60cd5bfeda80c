/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is said of an outcome: a line to the log for each, a text to the
 * person for the last.
 */
#ifndef STEPUP_PAM_REPORT_H
#define STEPUP_PAM_REPORT_H

#include <stdbool.h>

#include <security/pam_modules.h>

#include "pam/person.h"
#include "pam/reach.h"

/*
 * One line, `AUDIT user=NAME rhost=HOST tty=TTY` and, where they say
 * something, `count=N/LIMIT`, `path=PATH`, `reason=TEXT`; pam_syslog writes
 * what stands before.  A name that nobody has (or that OUT_NO_USER makes
 * nobody's) is written as `?`: people type passwords there.
 */
void report_log(pam_handle_t *, const struct person *, const struct reply *);

/*
 * The text of the end, with the site's line of help after a refusal; after
 * a recovery code how many are left, unless quiet.
 */
void report_person(pam_handle_t *, const struct reply *, bool quiet);

#endif
