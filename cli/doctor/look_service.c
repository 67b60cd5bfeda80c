/* SPDX-License-Identifier: BSD-2-Clause */
/* Doors, store and key: asked, not guessed from files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor/look.h"
#include "cli/session.h"

/* A service that always steps aside: nothing is asked, nothing counted. */
#define ASIDE		"stepup"
#define ANSWER_MS	(3 * 1000)

/* Any answer will do: somebody is awake there. */
static bool
answers(int fd)
{
	uint8_t packet[WIRE_PACKET_MAX];
	int64_t deadline = wire_now_ms() + ANSWER_MS;
	struct wire_message m;
	struct wire_writer w;
	enum client_code code;

	wire_start(&w, WIRE_VERSION, VERB_CHECK);
	wire_put_string(&w, TAG_SERVICE, ASIDE);
	if (!wire_done(&w) || client_send(fd, &w, deadline) != CLIENT_OK)
		return false;
	code = client_receive(fd, packet, &m, deadline);
	return code == CLIENT_OK || code == CLIENT_MALFORMED;
}

static enum world_door
look_door(const struct call *call, struct world *w, const char *path)
{
	int fd = -1;

	switch (call->host->connect(path, &fd)) {
	case CLIENT_OK:
		break;
	case CLIENT_ABSENT:
		return WORLD_DOOR_ABSENT;
	case CLIENT_NOT_ROOT:
		return WORLD_DOOR_FOREIGN;
	case CLIENT_FULL:
	case CLIENT_LATE:
		return WORLD_DOOR_DEAF;
	case CLIENT_GONE:
	case CLIENT_MALFORMED:
	case CLIENT_ERROR:
		world_unseen(w, "%s: %s", path, errno == EACCES ?
		    "only root may connect" : strerror(errno));
		return WORLD_DOOR_UNSEEN;
	}
	if (answers(fd)) {
		close(fd);
		return WORLD_DOOR_ROOT;
	}
	close(fd);
	return WORLD_DOOR_DEAF;
}

void
look_doors(const struct call *call, struct world *w)
{
	w->door_login = look_door(call, w, w->login);
	w->door_public = look_door(call, w, w->public);
}

/* What the service says is wrong, with path and reason. */
void
look_store_is(struct world *w, enum world_store state,
    const struct wire_message *m)
{
	char path[WIRE_STRING_MAX + 1], reason[WIRE_STRING_MAX + 1];
	bool has_path = wire_get_string(m, TAG_PATH, path);

	wire_get_string(m, TAG_REASON, reason);
	w->store = state;
	snprintf(w->store_detail, sizeof(w->store_detail), "%.120s%s%.120s",
	    path, has_path ? ": " : "", reason[0] != '\0' ? reason :
	    "no reason was given");
}

static void
store_answer(struct world *w, const struct wire_message *m)
{
	uint32_t outcome, why;

	if (!wire_get_uint(m, TAG_OUTCOME, &outcome)) {
		world_unseen(w, "the store: stepupd gave no answer");
		return;
	}
	wire_get_uint(m, TAG_WHY, &why);
	if (outcome == OUT_KEY || why == OUT_KEY)
		look_store_is(w, WORLD_STORE_KEY, m);
	else if (outcome == OUT_STORE)
		look_store_is(w, WORLD_STORE_BROKEN, m);
	else if (outcome == OUT_CONFIG || outcome == OUT_BUSY ||
	    outcome == OUT_SERVICE || outcome == OUT_MEMORY ||
	    outcome == OUT_PEER || outcome == OUT_PROTOCOL)
		world_unseen(w, "the store: stepupd answered %s",
		    outcome_row((enum outcome)outcome)->audit);
	else
		w->store = WORLD_STORE_OK;
}

/* CHECK of root: it opens settings, store, and root's seals. */
void
look_store(const struct call *call, struct world *w)
{
	struct wire_message m;
	struct wire_writer out;
	struct session s;

	if (w->euid != 0) {
		world_unseen(w, "store and key: only root may ask for them");
		return;
	}
	wire_start(&out, WIRE_VERSION, VERB_CHECK);
	wire_put_string(&out, TAG_NAME, "root");
	wire_put_uint(&out, TAG_UID, 0);
	wire_put_string(&out, TAG_SERVICE, "doctor");
	if (session_ask(&s, call, &out) == SESSION_OPEN &&
	    session_next(&s, &m) == SESSION_OPEN)
		store_answer(w, &m);
	else
		world_unseen(w, "the store: %s --admin does not answer",
		    call->host->stepupd);
	session_close(&s);
}
