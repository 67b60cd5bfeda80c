/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's side of an upload: rows go to `stepupd --admin` in packets as
 * full as they get, after the request of IMPORT or RESTORE and before its
 * answer.  A service that is slow makes us wait, one that has spoken or
 * ended makes us stop: its last word is then read as any answer.
 */
#ifndef STEPUP_CLI_UPLOAD_H
#define STEPUP_CLI_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/session.h"
#include "common/wire.h"

struct upload {
	struct session	*session;
	/* SESSION_OPEN: so far so good, or the service has something to say. */
	enum session_state state;
	bool		 answered;	/* it takes no more */
	size_t		 len;
	uint8_t		 data[WIRE_ROWS_MAX];	/* may hold secrets */
};

/* In a session that was asked (session_ask). */
void upload_open(struct upload *, struct session *);

/*
 * One row more; wiped.  False: nobody takes any, go on with upload_close.
 * A row that cannot be sent (failed, or longer than a packet) ends the
 * upload as SESSION_MALFORMED.
 */
bool upload_put(struct upload *, struct wire_writer *row);

/*
 * `whole`: sends what is left, and that this is all.  Else nothing more is
 * sent, and the service keeps nothing.  Wipes.  SESSION_OPEN: the answer is
 * on its way (session_next).
 */
enum session_state upload_close(struct upload *, bool whole);

#endif
