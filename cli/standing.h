/* SPDX-License-Identifier: BSD-2-Clause */
/* How an account stands, asked from the service (STATUS, CODES). */
#ifndef STEPUP_CLI_STANDING_H
#define STEPUP_CLI_STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/subcommands.h"
#include "common/wire.h"

#define STANDING_AUTHENTICATORS 8

/* Times are seconds since 1970, 0: never; waits are seconds. */
struct authenticator {
	char		label[WIRE_STRING_MAX + 1];	/* printable */
	const char	*algorithm;
	unsigned	digits, period;
	int64_t		created, used;
};

struct standing {
	size_t		count;
	struct authenticator authenticators[STANDING_AUTHENTICATORS];
	bool		enrolled, disabled, admin_lock;
	bool		moved;	/* the store, from another machine */
	int64_t		enrolled_at, codes_made;
	uint32_t	left, all;	/* recovery codes */
	uint32_t	wait_totp, wait_recovery;
	int64_t		pass, ticket;	/* in force until then; 0: none */
	char		service[WIRE_STRING_MAX + 1];	/* of the pass, or "";
							   printable */
};

/* EXIT_DONE and *out filled, or the reason has been said. */
enum exit_status standing_ask(const struct call *, enum wire_verb,
    struct standing *out);

/* "2026-11-21 10:30", local time. */
void standing_time(int64_t when, char *buf, size_t size);

/* --json: {"codes": {"left": 9, "all": 10, "made": TIME}}; else nothing. */
void standing_codes_json(const struct call *, const struct standing *);

/* A login pass and a ticket that are in force, as lines of status or, for
   who is not enrolled, as messages. */
void standing_tell_pass(const struct call *, const struct standing *);
/* --json: {"pass": {...}, "ticket": TIME}; else nothing. */
void standing_pass_json(const struct call *, const struct standing *);

/* Says that the store was made on another machine, if so, and what to do. */
void standing_warn_moved(const struct call *, const struct standing *);

/* Says that there are few codes left, if so, and what to do. */
void standing_warn_codes(const struct call *, const struct standing *);

#endif
