/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>

#include "common/wire.h"
#include "daemon/verbs.h"

#define AT(door)	(1u << (door))
#define AT_OWN		(AT(DOOR_PUBLIC) | AT(DOOR_ADMIN))
#define AT_ALL		(AT(DOOR_LOGIN) | AT_OWN)

struct verb_row {
	uint8_t		  verb;
	unsigned	  doors;
	enum verb_handler handler;
};

static const struct verb_row rows[] = {
	{ VERB_CHECK, AT_ALL, VERB_BY_ROUND },
	{ VERB_VERIFY, AT_ALL, VERB_BY_ROUND },
	{ VERB_STATUS, AT_OWN, VERB_BY_TALK },
	{ VERB_ENROLL, AT_OWN, VERB_BY_TALK },
	{ VERB_CODES, AT_OWN, VERB_BY_TALK },
	{ VERB_REMOVE, AT_OWN, VERB_BY_TALK },
	{ VERB_TEST, AT_OWN, VERB_BY_TALK },
	{ VERB_LOCK, AT(DOOR_ADMIN), VERB_BY_TALK },
	{ VERB_UNLOCK, AT(DOOR_ADMIN), VERB_BY_TALK },
	{ VERB_LIST, AT(DOOR_ADMIN), VERB_BY_TALK },
	{ VERB_LOG, AT(DOOR_ADMIN), VERB_BY_TALK },
	{ VERB_BACKUP, AT(DOOR_ADMIN), VERB_BY_TALK },
	{ VERB_RESTORE, AT(DOOR_ADMIN), VERB_BY_TALK },
	{ VERB_RENAME, AT(DOOR_ADMIN), VERB_BY_TALK },
	{ VERB_REBIND, AT(DOOR_ADMIN), VERB_BY_TALK },
	{ VERB_PRUNE, AT(DOOR_ADMIN), VERB_BY_TALK },
	{ VERB_POLICY, AT(DOOR_ADMIN), VERB_BY_TALK },
	{ VERB_PASS, AT(DOOR_ADMIN), VERB_BY_TALK },
	{ VERB_IMPORT, AT(DOOR_ADMIN), VERB_BY_TALK },
	{ VERB_KEY, AT(DOOR_ADMIN), VERB_BY_TALK },
};

enum verb_handler
verb_handler(uint8_t verb, enum door door, enum outcome *o)
{
	size_t i;

	*o = OUT_PROTOCOL;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].verb != verb)
			continue;
		if ((rows[i].doors & AT(door)) != 0)
			return rows[i].handler;
		*o = OUT_PEER;
	}
	return VERB_BY_NOBODY;
}
