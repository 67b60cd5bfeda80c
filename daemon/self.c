/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/prctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/clean.h"
#include "daemon/log.h"
#include "daemon/peer.h"
#include "daemon/self.h"
#include "daemon/single.h"

/* The acceptor learns that somebody is at work here. */
static void
report_alive(void *arg)
{
	const int *channel = arg;

	if (send(*channel, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		errno = 0;
}

static bool
starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/*
 * A line for what leaves no row in the store: failures, questions about
 * somebody else, refused answers.  One for a connection, so that ten
 * connections a minute are ten lines.  The name is NSS's, not the frame's.
 */
static void
tell(const struct single *s, uint8_t verb, enum outcome o,
    const struct failure *f)
{
	const struct outcome_row *row = outcome_row(o);
	static bool told;

	if (told)
		return;
	if (starts(row->audit, "fail."))
		log_failure(o, f);
	else if (o == OUT_PEER || (verb == VERB_VERIFY && !row->charged &&
	    starts(row->audit, "deny.")))
		log_line(row->priority, "public door: %s user=%s uid=%lu",
		    row->audit, s->caller.name, (unsigned long)s->caller.uid);
	else
		return;
	told = true;
}

int
self_serve(const struct paths *paths, bool report, bool silent)
{
	struct single s = { .caller = { .door = DOOR_PUBLIC } };
	char name[ACCOUNT_NAME_MAX + 1];
	int channel = -1;
	enum outcome o;

	if (!single_peer(false, &s.caller.uid))
		return 1;
	s.broken = clean_process(&s.talk.fd, report ? &channel : NULL,
	    &s.failure);
	log_silence(silent);
	/* Started through /proc/self/exe, which is no name for ps. */
	(void)prctl(PR_SET_NAME, "stepupd", 0, 0, 0);
	if (report) {
		s.talk.alive = report_alive;
		s.talk.arg = &channel;
	}
	o = peer_name(s.caller.uid, name, &s.failure);
	if (o == OUT_PEER) {
		log_failure(o, &s.failure);
		single_refuse(s.talk.fd, o, NULL);
		return 1;
	}
	if (s.broken == OUT_DONE)
		s.broken = o;
	s.caller.name = name;
	s.told = tell;
	s.site = site_new(paths, STORE_SELF);
	(void)single_serve(&s, SELF_REQUESTS, TALK_IDLE_MS);
	site_free(s.site);
	return 0;
}
