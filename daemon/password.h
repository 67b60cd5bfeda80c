/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The person's password before a factor changes: the site's own PAM stacks
 * through service `stepup`, rate-limited by uid.  Only a --self process
 * calls this; it may block.
 */
#ifndef STEPUP_DAEMON_PASSWORD_H
#define STEPUP_DAEMON_PASSWORD_H

#include "daemon/session.h"

#define PASSWORD_TRIES 3

/*
 * Of s->name and s->uid.  OUT_DONE: right, and the account may log in.
 * OUT_BAD_PASSWORD, OUT_PASSWORD_WAIT (s->facts.wait seconds), OUT_NO_INPUT
 * (cancelled, gone), OUT_SERVICE (PAM cannot tell), or why the limiter could
 * not be written (nothing was evaluated then).
 */
enum outcome password_check(struct session *);

/*
 * Account checks alone (pam_acct_mgmt), for a proof that is no password;
 * nothing is asked.  OUT_DONE; OUT_PEER: this account may not log in now,
 * and the person was told why; OUT_SERVICE.
 */
enum outcome password_account(struct session *);

#endif
