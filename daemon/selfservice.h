/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * STATUS, ENROLL, CODES and REMOVE: conversations on one connection, at
 * the public door (a person for themselves: password, then a current
 * factor where SPEC 6 asks for it) and at the admin door (root, neither).
 */
#ifndef STEPUP_DAEMON_SELFSERVICE_H
#define STEPUP_DAEMON_SELFSERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/wire.h"
#include "daemon/round.h"
#include "daemon/site.h"
#include "daemon/talk.h"

/* Whether this verb starts a conversation. */
bool selfservice_verb(uint8_t verb);

/*
 * Holds the whole conversation that `request` began and sends the final
 * answer (every refusal too).  Returns what it said.  The client's end
 * going away at any point leaves nothing behind.
 */
enum outcome selfservice_serve(struct site *, const struct caller *,
    const struct wire_message *request, const struct talk *);

#endif
