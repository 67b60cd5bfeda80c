/* SPDX-License-Identifier: BSD-2-Clause */
/* Which verb may be asked at which door, and what answers it. */
#ifndef STEPUP_DAEMON_VERBS_H
#define STEPUP_DAEMON_VERBS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/outcome.h"
#include "daemon/decide.h"

enum verb_handler {
	VERB_BY_NOBODY = 0,
	VERB_BY_ROUND,		/* round_answer: one frame, one reply */
	VERB_BY_TALK		/* selfservice_serve: a conversation */
};

/*
 * Who answers this verb at this door.  VERB_BY_NOBODY: *o is OUT_PEER for
 * a verb of another door, OUT_PROTOCOL for no request at all.
 */
enum verb_handler verb_handler(uint8_t verb, enum door, enum outcome *o);

#endif
