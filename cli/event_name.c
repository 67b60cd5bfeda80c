/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cli/event.h"

/* What an event says was changed, as the store numbers it. */
static const char *const changes[] = { "", "change.enrolled", "change.added",
	"change.codes", "change.removed", "change.removed", "change.locked",
	"change.unlocked", "change.pass", "change.revoked", "change.imported",
	"change.restored", "change.key", "change.renamed", "change.rebound",
	"change.pruned", "change.backup" };
#define CHANGES (sizeof(changes) / sizeof(changes[0]))
_Static_assert(CHANGES <= 32, "a bit for each");

const char *
event_change(uint32_t n)
{
	return n < CHANGES ? changes[n] : NULL;
}

const char *
event_name(uint32_t outcome, uint32_t change)
{
	if (change == 0)
		return outcome_row((enum outcome)outcome)->audit;
	return change < CHANGES && changes[change] != NULL ?
	    changes[change] : "change";
}

static bool
begins(const char *name, const char *part)
{
	size_t len = strlen(part);

	return len > 0 && strncmp(name, part, len) == 0 &&
	    (name[len] == '\0' || name[len] == '.');
}

bool
event_match(const char *name, struct event_mask *mask)
{
	uint32_t i;

	memset(mask, 0, sizeof(*mask));
	for (i = 0; i < OUT_COUNT; i++)
		if (begins(outcome_row((enum outcome)i)->audit, name))
			mask->outcomes |= UINT64_C(1) << i;
	for (i = 1; i < CHANGES; i++)
		if (changes[i] != NULL && begins(changes[i], name))
			mask->changes |= UINT32_C(1) << i;
	return mask->outcomes != 0 || mask->changes != 0;
}
