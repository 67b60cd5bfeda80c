/* SPDX-License-Identifier: BSD-2-Clause */
/* Filling a world from the host, as far as the caller may see. */
#ifndef STEPUP_CLI_DOCTOR_LOOK_H
#define STEPUP_CLI_DOCTOR_LOOK_H

#include "cli/doctor/world.h"
#include "cli/subcommands.h"
#include "common/wire.h"

/* All of it; people: everybody who can log in, else root alone. */
void look_host(const struct call *, bool people, struct world *);

/* --- The parts --------------------------------------------------------- */

#define LOOK_OUTPUT_MAX	(256 * 1024)
#define LOOK_RUN_MS	(10 * 1000)

/*
 * Runs a program with an empty environment and no input; both outputs are
 * the caller's to free.  Its exit status, or -1: not there, killed, late.
 */
int look_run(char *const argv[], char **out, char **err);

/* sshd -T, stepupd -t. */
void look_sshd(struct world *);
void look_settings(const struct call *, struct world *);
/* The module's header against that of a module that works. */
void look_module(struct world *, const char *folder);
/* Both sockets. */
void look_doors(const struct call *, struct world *);
/* The store and the key, asked through the service as root. */
void look_store(const struct call *, struct world *);
/* The state of the store, with the path and reason of an answer. */
void look_store_is(struct world *, enum world_store,
    const struct wire_message *);
/* Who there is; asks for each, and learns of the keyring on the way. */
void look_people(const struct call *, bool everybody, struct world *);

#endif
