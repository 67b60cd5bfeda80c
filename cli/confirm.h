/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A question of root's to `stepupd --admin` that asks back: it tells what
 * there is, and wants a yes to one question.
 */
#ifndef STEPUP_CLI_CONFIRM_H
#define STEPUP_CLI_CONFIRM_H

#include <stdbool.h>

#include "cli/session.h"
#include "cli/subcommands.h"
#include "common/wire.h"

/*
 * Sends the request, tells what the service tells, asks (--yes: does not).
 * EXIT_DONE: it is done, *last is the answer, until session_close.  Else the
 * reason has been said, and nothing was changed; *stopped (or NULL): the
 * person said neither yes nor no, but wants no more of it.
 */
enum exit_status confirm_ask(const struct call *, struct wire_writer *,
    struct session *, struct wire_message *last, bool *stopped);

/*
 * Both sides of an account that store and host have differently, from the
 * answer OUT_CHANGED to a STATUS of root's, and which command settles it.
 */
enum exit_status changed_say(const struct call *,
    const struct wire_message *);

#endif
