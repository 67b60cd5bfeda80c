/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The admin door: descriptor 0 of `stepupd --admin`, started by root's
 * stepup for one command; everything, for anyone.
 */
#ifndef STEPUP_DAEMON_ADMIN_H
#define STEPUP_DAEMON_ADMIN_H

#include "daemon/paths.h"

#define ADMIN_REQUESTS	256

/* Returns the exit status; the caller ends by _exit. */
int admin_serve(const struct paths *);

#endif
