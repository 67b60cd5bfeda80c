/* SPDX-License-Identifier: BSD-2-Clause */
/* What rename, rebind and prune share: both sides, shown before they ask. */
#ifndef STEPUP_DAEMON_MOVE_H
#define STEPUP_DAEMON_MOVE_H

#include "daemon/person.h"
#include "daemon/session.h"

/* The request's NAME, one of the store: s->name, s->uid, s->account. */
enum outcome move_read(struct session *);

/*
 * Inside a transaction: the account as it is now, if it is still the one
 * that was shown; else *o is OUT_BUSY.
 */
enum store_code move_load_again(struct session *, struct store *,
    struct account *, enum outcome *o);

/* "In the store: alice, user number 1000, enrolled 2026-11-21, ..." */
bool move_tell_stored(const struct session *);
/* "On this host: alice, user number 1005"; somebody unknown: so. */
bool move_tell_host(const struct session *, const char *name,
    const struct person *);

#endif
