/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/admin.h"
#include "daemon/clean.h"
#include "daemon/log.h"
#include "daemon/peer.h"
#include "daemon/single.h"

static void
tell(const struct single *s, uint8_t verb, enum outcome o,
    const struct failure *f)
{
	(void)s;
	(void)verb;
	if (f != NULL && f->reason[0] != '\0')
		log_failure(o, f);
}

int
admin_serve(const struct paths *paths)
{
	struct single s = { .caller = { .door = DOOR_ADMIN }, .told = tell };

	if (!single_peer(true, &s.caller.uid))
		return 1;
	s.broken = clean_process(&s.talk.fd, NULL, &s.failure);
	s.site = site_new(paths, STORE_ADMIN);
	(void)single_serve(&s, ADMIN_REQUESTS, TALK_IDLE_MS);
	if (s.site != NULL)
		site_tend(s.site, false);
	site_free(s.site);
	return 0;
}
