/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One CHECK or VERIFY: what was asked and what came of it.  Everything a
 * packet says is held against its limits here; what follows works on
 * values.
 */
#ifndef STEPUP_DAEMON_ASK_H
#define STEPUP_DAEMON_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/wire.h"
#include "daemon/account.h"
#include "daemon/decide.h"
#include "daemon/failure.h"
#include "daemon/recovery.h"
#include "daemon/round.h"

struct ask {
	uint8_t		 verb;		/* VERB_CHECK or VERB_VERIFY */
	char		 name[ACCOUNT_NAME_MAX + 1];
	uid_t		 uid;
	char		 service[WIRE_STRING_MAX + 1];	/* printable */
	char		 rhost[WIRE_STRING_MAX + 1];
	char		 tty[WIRE_STRING_MAX + 1];
	struct request	 request;
	struct secret	 typed;
	bool		 own;		/* self-service asks for a factor: the
					   service's coverage is no question */
	char		 code[RECOVERY_LENGTH + 1]; /* canonical; "" if typed
						       is no recovery code */
	/* out */
	enum outcome	 outcome;
	struct outcome_facts facts;
	struct failure	 failure;
	bool		 stale;		/* the salt changed: hash again; a CHECK:
					   no key for it, look again */
};

/*
 * Reads a packet of this caller.  OUT_ASK: *a is filled.  OUT_PROTOCOL:
 * malformed, a missing or wrong field.  OUT_PEER: not what this caller may
 * ask.  *verb is what the refusal answers to (0 when unreadable).
 */
enum outcome ask_read(const void *packet, size_t len, const struct caller *,
    struct ask *a, uint8_t *verb);

/* What was typed, as a VERIFY; a->typed and a->code are set. */
void ask_typed(struct ask *, const struct secret *typed);

/* The reply frame; path and reason only for root's doors. */
void ask_reply(const struct ask *, const char *help, struct wire_writer *);

void ask_wipe(struct ask *);

#endif
