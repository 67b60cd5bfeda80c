/* SPDX-License-Identifier: BSD-2-Clause */
/* One question of root's to `stepupd --admin`: a request, a run of packets. */
#ifndef STEPUP_CLI_ADMIN_H
#define STEPUP_CLI_ADMIN_H

#include <stdbool.h>

#include "cli/session.h"
#include "cli/subcommands.h"
#include "common/wire.h"

#define ADMIN_REASON_MAX 200

/* Begins the request: NAME where the call has an account, and BY. */
void admin_start(const struct call *, enum wire_verb, struct wire_writer *);

/*
 * --reason, one line of 1..ADMIN_REASON_MAX bytes; it may be missing unless
 * wanted.  EXIT_DONE, or what was wrong has been said.
 */
enum exit_status admin_reason(const struct call *, bool wanted,
    struct wire_writer *);

/* A packet before the last; false: it is malformed. */
typedef bool admin_packet(const struct wire_message *, void *arg);

/* Hands each row of a packet on; false: one of them is malformed. */
bool admin_rows(const struct wire_message *, admin_packet *each, void *arg);

/*
 * Asks, and hands every packet but the last to `each` (NULL: there is none).
 * EXIT_DONE: *last is the answer, until session_close.  Else the reason has
 * been said.
 */
enum exit_status admin_ask(const struct call *, struct wire_writer *,
    struct session *, admin_packet *each, void *arg,
    struct wire_message *last);

/*
 * The second half of it, for what sends rows between request and answer
 * (upload.h): `state` is how the sending went.
 */
enum exit_status admin_answer(const struct call *, enum wire_verb,
    struct session *, enum session_state, admin_packet *each, void *arg,
    struct wire_message *last);

#endif
