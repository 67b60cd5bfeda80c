/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Login passes and enrollment tickets: a code of root's, for a short time
 * and one use.  Pure but for pass_make.  Rules, and what each one stops:
 * - Its time is from created_at on, up to and without expires_at, at most
 *   PASS_TTL_MAX long.  Where the clock cannot be right (before the
 *   release, or before the pass was made) there is no pass.
 * - Each answer held against it leaves the time in seen_at, and so does the
 *   first one after its end that is held against nothing: a pass that was
 *   once found to be over stays over when the clock is set back.  A clock
 *   that goes back inside a pass's time, with nobody typing meanwhile, makes
 *   it last longer by as much: nothing here can know.
 * - Bound to a service it counts at the login door alone, where root's
 *   programs say which service asks; the public door's word is anybody's.
 */
#ifndef STEPUP_DAEMON_PASS_H
#define STEPUP_DAEMON_PASS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/account.h"
#include "daemon/decide.h"
#include "daemon/recovery.h"

enum pass_state {
	PASS_NONE = 0,
	PASS_LIVE,
	PASS_USED,
	PASS_OVER		/* too late, or too early */
};

enum pass_state pass_state(const struct pass *, bool clock_ok, int64_t now);

/* Whether it counts for what is asked; service NULL: not known. */
bool pass_here(const struct pass *, enum door, const char *service);

/* Whether the answer was hashed with another salt than the pass's. */
bool pass_stale(const struct pass *, const struct answer *);

/* What every answer held against it leaves, and what its use does. */
void pass_seen(struct pass *, int64_t now);
void pass_use(struct pass *, int64_t now);

/* An answer came after its end: true, and the time is left, once. */
bool pass_overdue(struct pass *, int64_t now);

/*
 * A new one: code, salt and hash; ttl PASS_TTL_MIN..PASS_TTL_MAX seconds.
 * Service, note and by are the caller's to fill.  False: a bad time, or
 * no randomness, and an empty code.
 */
bool pass_make(struct pass *, uint32_t ttl, int64_t now,
    char code[RECOVERY_LENGTH + 1]);

/* A PAM service's name as libpam spells it: 1..PASS_SERVICE_MAX printable
   bytes without '/', letters made small.  False, and "": it is none. */
bool pass_service(const char *name, char out[PASS_SERVICE_MAX + 1]);

#endif
