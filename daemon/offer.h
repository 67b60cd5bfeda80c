/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A new authenticator on its way: offered, proved by a code, named.
 * Private to enroll.c and its kin.  Nothing is written here.
 */
#ifndef STEPUP_DAEMON_OFFER_H
#define STEPUP_DAEMON_OFFER_H

#include "daemon/session.h"

/* What enroll calls the authenticator, where others have names. */
#define OFFER_LABEL "phone"

/* Whether anything can be set up: OUT_DONE, OUT_CHANGED, OUT_KEY, OUT_CLOCK. */
enum outcome offer_ready(struct session *);

/*
 * Makes a secret, shows it (OFFER), asks for a code of it.  OUT_DONE: *c
 * has the secret in the clear, which the caller wipes, and the step of that
 * code as last_step: it is spent.  A wrong code is searched for in what
 * apps take where they ignore the URI, then a day around, and never charged.
 */
enum outcome offer_run(struct session *, const char *label,
    struct credential *c);

/* Ids of the rows to come: the account's own or a new one, a new one. */
enum outcome offer_ids(struct session *, struct credential *c,
    int64_t *account_id);

#endif
