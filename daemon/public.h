/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The public door's acceptor.  It reads nothing from anybody and never
 * holds a connection: whoever closes one last can be stopped for hours by
 * a descriptor that lingers and was passed along.  So the child accepts,
 * tells its uid, is told whether there is room, and becomes
 * `/proc/self/exe --self`; every connection ends with its process.
 */
#ifndef STEPUP_DAEMON_PUBLIC_H
#define STEPUP_DAEMON_PUBLIC_H

#include "daemon/listen.h"

/* A child that has not said who is there by then is ended. */
#define PUBLIC_REPORT_MS	5000

/*
 * What the child becomes: connection on descriptor 0, channel on 1 (a byte
 * for every packet that came in).  With PUBLIC_SILENT from a uid's 11th
 * connection in a minute on.
 */
#define PUBLIC_SELF	"--self"
#define PUBLIC_REPORT	"--report"
#define PUBLIC_SILENT	"--silent"

/* Serves until SIGTERM or SIGINT; the exit status. */
int public_serve(struct listener *);

#endif
