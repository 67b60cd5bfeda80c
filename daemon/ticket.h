/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An enrollment ticket in place of the password, for people who have none:
 * cloud accounts, keys alone.  PAM's password stack is never called for it,
 * the account checks are.
 */
#ifndef STEPUP_DAEMON_TICKET_H
#define STEPUP_DAEMON_TICKET_H

#include "daemon/session.h"

/*
 * Asks for the ticket of s->account, who has no factor, at the public door.
 * OUT_DONE: right, the account may log in, and s->ticket_used and
 * s->ticket_salt hold the commit to it, which has to come within its time;
 * it is spent with the enrollment.
 * Else as decide_ticket() says, OUT_PEER (password_account), OUT_NO_INPUT.
 */
enum outcome ticket_prove(struct session *);

#endif
