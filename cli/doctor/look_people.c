/* SPDX-License-Identifier: BSD-2-Clause */
/* Who can log in, and who has a factor. */
#include <errno.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor/look.h"
#include "cli/people.h"
#include "cli/session.h"

#define PEOPLE_FIRST	1000	/* uids of people, root beside them */
#define PEOPLE_LAST	60000

/* Whether a password opens this account, as far as shadow tells. */
static bool
has_password(const struct passwd *pw)
{
	const struct spwd *sp = getspnam(pw->pw_name);

	/* A directory keeps its passwords to itself. */
	return sp == NULL || sp->sp_pwdp == NULL ||
	    (sp->sp_pwdp[0] != '!' && sp->sp_pwdp[0] != '*');
}

static bool
add(struct world *w, const struct passwd *pw)
{
	struct world_person *more, *p;

	if (strlen(pw->pw_name) >= sizeof(p->name) ||
	    w->people_count == WORLD_PEOPLE_MAX)
		return false;
	more = realloc(w->people, (w->people_count + 1) * sizeof(*more));
	if (more == NULL)
		return false;
	w->people = more;
	p = &more[w->people_count++];
	memset(p, 0, sizeof(*p));
	memcpy(p->name, pw->pw_name, strlen(pw->pw_name) + 1);
	p->uid = pw->pw_uid;
	p->password = has_password(pw);
	return true;
}

/* STATUS, asked as root for this person; false: no answer that tells. */
static bool
ask_enrolled(const struct call *call, struct world *w,
    struct world_person *p)
{
	struct call about = *call;
	enum session_state state;
	struct wire_message m;
	struct session s;
	uint32_t outcome = OUT_INTERNAL, flags = 0, why;

	snprintf(about.user, sizeof(about.user), "%s", p->name);
	state = session_open(&s, &about, VERB_STATUS, 0);
	while (state == SESSION_OPEN) {
		state = session_next(&s, &m);
		if (state != SESSION_OPEN || !wire_has(&m, TAG_LAST))
			continue;
		wire_get_uint(&m, TAG_OUTCOME, &outcome);
		wire_get_uint(&m, TAG_FLAGS, &flags);
		w->store_moved = w->store_moved || (flags & FLAG_MOVED) != 0;
		if (wire_get_uint(&m, TAG_WHY, &why) && why == OUT_KEY)
			look_store_is(w, WORLD_STORE_KEY, &m);
		break;
	}
	session_close(&s);
	/* Nobody gets in before root has said who it is. */
	if (outcome == OUT_CHANGED)
		world_unseen(w, "who %s is: another is stored so, see stepup "
		    "status -u %s", p->name, p->name);
	p->enrolled = outcome == OUT_CHANGED || (outcome == OUT_DONE &&
	    (flags & FLAG_ENROLLED) != 0);
	return outcome == OUT_CHANGED || outcome == OUT_DONE ||
	    outcome == OUT_NOT_ENROLLED;
}

void
look_people(const struct call *call, bool everybody, struct world *w)
{
	struct world_person *p;
	struct passwd *pw;
	bool may_ask = w->store == WORLD_STORE_OK ||
	    w->store == WORLD_STORE_KEY;
	size_t i, unknown = 0;
	char sources[128];

	if (w->euid != 0) {
		world_unseen(w, "who has a password, and who has enrolled: "
		    "only root may know");
		return;
	}
	setpwent();
	while ((errno = 0, pw = getpwent()) != NULL) {
		if (pw->pw_uid != 0 && (!everybody ||
		    pw->pw_uid < PEOPLE_FIRST || pw->pw_uid > PEOPLE_LAST ||
		    !people_login_shell(pw->pw_shell)))
			continue;
		if (!add(w, pw)) {
			world_unseen(w, "people after the first %zu",
			    w->people_count);
			break;
		}
	}
	endpwent();
	if (everybody && people_sources(call, sources, sizeof(sources)))
		world_unseen(w, "people whom %s need not list", sources);
	for (i = 0; i < w->people_count; i++) {
		p = &w->people[i];
		if ((p->password || p->uid == 0) && may_ask &&
		    !ask_enrolled(call, w, p))
			unknown++;
	}
	w->people_seen = may_ask && unknown == 0;
	if (unknown > 0)
		world_unseen(w, "whether %zu %s enrolled: stepupd did not "
		    "say", unknown, unknown == 1 ? "person has" :
		    "people have");
}
