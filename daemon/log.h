/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's own log: one datagram to /dev/log with MSG_DONTWAIT, never
 * blocking, lost lines counted and told with the next that goes through.
 * Started in the foreground under no supervisor's journal it writes to
 * stderr as well when that is a terminal.  Only what the module cannot
 * know is logged here.
 */
#ifndef STEPUP_DAEMON_LOG_H
#define STEPUP_DAEMON_LOG_H

#include <stdbool.h>

#include "daemon/failure.h"

/* tag: "stepupd"; descriptor opened lazily, close-on-exec. */
void log_start(const char *tag);
/* Where the datagrams go: "/dev/log" unless a test says otherwise. */
void log_path(const char *path);
/* Lines that did not get through and have not been told of. */
unsigned long log_lost(void);
/* From a uid's 11th connection in a minute on. */
void log_silence(bool);
/* priority LOG_*; the message is made printable and cut at 900 bytes. */
void log_line(int priority, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* `fail.store path=... reason=...` with the outcome's own priority; the
 * same line again only after a minute. */
void log_failure(enum outcome, const struct failure *);

#endif
