/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong: judgements over what was gathered, no look at the host. */
#ifndef STEPUP_CLI_DOCTOR_JUDGE_H
#define STEPUP_CLI_DOCTOR_JUDGE_H

#include "cli/doctor/finding.h"
#include "cli/doctor/survey.h"
#include "cli/doctor/world.h"

/* All of it. */
void judge_all(const struct world *, const struct survey *, bool plan,
    struct findings *);

/* Stacks, and the files they are in. */
void judge_pam(const struct world *, const struct survey *, bool plan,
    struct findings *);
/* The lines of one service, each by itself. */
void judge_lines(const struct world *, const struct surveyed *,
    struct findings *);
/* Lines of ours in files that nobody reads. */
void judge_ignored(const struct world *, struct findings *);
/* What `sshd -T` said. */
void judge_sshd(const struct world *, const struct survey *,
    struct findings *);
/* Whom sudo asks for nothing. */
void judge_sudoers(const struct world *, struct findings *);
/* Settings, files, module, doors, store, clock. */
void judge_host(const struct world *, struct findings *);
/* Who would be, or is, shut out: root, and with --plan everybody. */
void judge_people(const struct world *, const struct survey *, bool plan,
    struct findings *);

/* Whether sshd lets root in with a password alone, as far as `sshd -T` says. */
bool judge_sshd_opens_root(const struct world *);
/* Whether it asks nobody for a password who has not shown a key before. */
bool judge_sshd_asks_key(const struct world *);

/* What there is to say of sshd in place of who gets in by its stack; NULL. */
const char *judge_sshd_closed(const struct world *, const struct surveyed *);
/* The same for any service: "nobody: ..." */
const char *judge_closed(const struct world *, const struct surveyed *);

/*
 * What to write so that the line at `bypass` leads to ours: a jump that is
 * counted, or a substack.
 */
void remedy_bypass(const struct pamservice *, const struct access *,
    size_t bypass, char *next, size_t size);
/* How wrong passwords are kept from our line. */
void remedy_early(const struct pamservice *, const struct access *,
    char *next, size_t size);

#endif
