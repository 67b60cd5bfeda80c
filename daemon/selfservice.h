/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conversations on one connection: STATUS, ENROLL, CODES, REMOVE and TEST at
 * the public door (a person for themselves; what changes a factor asks for
 * the password, then a current factor where there is one) and at the admin
 * door (root, neither), which has those of administration besides.  Which
 * door may ask what is verb_handler's to say, before this is called.
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
