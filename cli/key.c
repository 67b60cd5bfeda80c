/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stepup key: how the keyring and the store stand to each other, and
 * another key for both.
 */
#include <stdio.h>
#include <string.h>

#include "cli/admin.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/verdict.h"

#define PROGRESS_EVERY	4	/* of the packets that tell it */
#define STUCK_SHOWN	8

struct key {
	const struct call *call;
	bool		 rotate;
	unsigned	 packets, told;
	size_t		 shown;		/* secrets that do not open, named */
	size_t		 removed;
	char		 removed_id[32];	/* the last of them */
};

static void
put(json_t *j, const char *key, json_t *value)
{
	json_object_set_new(j, key, value);
}

static void
key_line(struct key *k, const struct wire_message *m)
{
	char raw[WIRE_STRING_MAX + 1], id[32];
	uint32_t secrets, stuck, flags;
	json_t *j;

	wire_get_string(m, TAG_KEY, raw);
	wire_get_uint(m, TAG_COUNT, &secrets);
	wire_get_uint(m, TAG_STUCK, &stuck);
	wire_get_uint(m, TAG_FLAGS, &flags);
	terminal_clean(raw[0] != '\0' ? raw : "(damaged)", id, sizeof(id));
	if (call_has(k->call, OPTION_JSON)) {
		j = json_new();
		put(j, "id", json_words(raw));
		put(j, "active", json_boolean((flags & FLAG_ACTIVE) != 0));
		put(j, "in_ring", json_boolean((flags & FLAG_ABSENT) == 0));
		put(j, "secrets", json_integer(secrets));
		put(j, "unopened", json_integer(stuck));
		json_event(k->call, "key", j);
		return;
	}
	if (k->told++ == 0)
		result(k->call, "%-9s  %10s  %s", "KEY", "SECRETS", "STATE");
	result(k->call, "%-9s  %10u  %s%s", id, (unsigned)secrets,
	    (flags & FLAG_ACTIVE) != 0 ? "active" :
	    (flags & FLAG_ABSENT) != 0 ? "not in the ring" : "old",
	    stuck > 0 && (flags & FLAG_ABSENT) == 0 ?
	    ", does not open all of them" : "");
}

static void
removed_line(struct key *k, const struct wire_message *m)
{
	char raw[WIRE_STRING_MAX + 1];

	wire_get_string(m, TAG_KEY, raw);
	terminal_clean(raw, k->removed_id, sizeof(k->removed_id));
	k->removed++;
	if (call_has(k->call, OPTION_JSON))
		json_array_append_new(json_object_get(json_call(),
		    "removed"), json_words(raw));
}

/* Whose secret does not open; after them stands what to do. */
static void
stuck_line(struct key *k, const struct wire_message *m)
{
	char raw[WIRE_STRING_MAX + 1], name[256], id[32];
	json_t *j;

	wire_get_string(m, TAG_NAME, raw);
	terminal_clean(raw, name, sizeof(name));
	if (call_has(k->call, OPTION_JSON)) {
		j = json_new();
		put(j, "user", json_words(raw));
		wire_get_string(m, TAG_KEY, raw);
		put(j, "key", *raw != '\0' ? json_words(raw) : json_null());
		json_event(k->call, "unopened", j);
		return;
	}
	wire_get_string(m, TAG_KEY, raw);
	terminal_clean(raw, id, sizeof(id));
	if (k->shown++ < STUCK_SHOWN)
		result(k->call, "A secret of %s does not open (%s%s).", name,
		    *raw != '\0' ? "key " : "its row is damaged", id);
}

static bool
packet(const struct wire_message *m, void *arg)
{
	struct key *k = arg;
	uint32_t count;

	if (wire_has(m, TAG_NAME))
		stuck_line(k, m);
	else if (wire_has(m, TAG_KEY)) {
		if (k->rotate)
			removed_line(k, m);
		else
			key_line(k, m);
	} else if (wire_get_uint(m, TAG_COUNT, &count) &&
	    ++k->packets % PROGRESS_EVERY == 0)
		say(k->call, "  %u secrets sealed anew so far",
		    (unsigned)count);
	return true;
}

/* --- What follows from the last packet -------------------------------------- */

/* Who cannot use an app any more, and what there is to do. */
static void
say_stuck(const struct call *call, uint32_t stuck)
{
	say(call, "%u secret%s %s not open: %s app codes are refused, recovery "
	    "codes work.", (unsigned)stuck, stuck == 1 ? "" : "s",
	    stuck == 1 ? "does" : "do", stuck == 1 ? "its" : "their");
	say(call, "Next: put the key back into the ring, or: %sstepup enroll "
	    "--replace -u NAME", call_way(call));
}

static enum exit_status
say_status(struct key *k, const struct wire_message *m)
{
	const struct call *call = k->call;
	char path[WIRE_STRING_MAX + 1], reason[WIRE_STRING_MAX + 1];
	uint32_t count, stuck, flags, why;
	bool sound, foreign;

	wire_get_uint(m, TAG_COUNT, &count);
	wire_get_uint(m, TAG_STUCK, &stuck);
	wire_get_uint(m, TAG_FLAGS, &flags);
	wire_get_uint(m, TAG_WHY, &why);
	wire_get_string(m, TAG_PATH, path);
	wire_get_string(m, TAG_REASON, reason);
	terminal_clean(path, path, sizeof(path));
	terminal_clean(reason, reason, sizeof(reason));
	foreign = why == OUT_KEY;
	sound = !foreign && stuck == 0 && ((flags & FLAG_UNFINISHED) == 0 ||
	    (flags & FLAG_HELD) != 0);
	if (call_has(call, OPTION_JSON)) {
		json_t *j = json_call();

		put(j, "sound", json_boolean(sound));
		put(j, "keyring", json_words(path));
		put(j, "secrets", json_integer(count));
		put(j, "unopened", json_integer(stuck));
		put(j, "unfinished", json_boolean(
		    (flags & FLAG_UNFINISHED) != 0));
		put(j, "running", json_boolean((flags & FLAG_HELD) != 0));
		put(j, "problem", foreign ? json_words(reason) : json_null());
		return sound ? EXIT_DONE : EXIT_REFUSED;
	}
	result(call, "Keyring %s, %u secret%s sealed.", path, (unsigned)count,
	    count == 1 ? "" : "s");
	if (foreign) {
		say(call, "The keyring is not sound:\n  %s.", reason);
		say(call, "Next: put it back from a backup; recovery codes "
		    "work meanwhile.");
	} else if (stuck > 0)
		say_stuck(call, stuck);
	if ((flags & FLAG_HELD) != 0)
		say(call, "A rotation or restore is at work now.");
	else if ((flags & FLAG_UNFINISHED) != 0 && !foreign) {
		say(call, "A rotation was not finished: the ring has old "
		    "keys. Logins work.");
		say(call, "Next: %sstepup key rotate", call_way(call));
	}
	return sound ? EXIT_DONE : EXIT_REFUSED;
}

static enum exit_status
say_rotated(struct key *k, const struct wire_message *m)
{
	const struct call *call = k->call;
	char raw[WIRE_STRING_MAX + 1], id[32], gone[64] = "";
	uint32_t count, stuck, flags;
	json_t *j;

	wire_get_uint(m, TAG_COUNT, &count);
	wire_get_uint(m, TAG_STUCK, &stuck);
	wire_get_uint(m, TAG_FLAGS, &flags);
	wire_get_string(m, TAG_KEY, raw);
	terminal_clean(raw, id, sizeof(id));
	if (call_has(call, OPTION_JSON)) {
		j = json_call();
		put(j, "active", json_words(raw));
		put(j, "sealed", json_integer(count));
		put(j, "unopened", json_integer(stuck));
		put(j, "resumed", json_boolean((flags & FLAG_RESUMED) != 0));
		put(j, "unfinished", json_boolean(
		    (flags & FLAG_UNFINISHED) != 0));
		return stuck > 0 ? EXIT_REFUSED : EXIT_DONE;
	}
	if (k->removed > 1)
		snprintf(gone, sizeof(gone), ", %zu old keys removed",
		    k->removed);
	else if (k->removed == 1)
		snprintf(gone, sizeof(gone), ", key %s removed",
		    k->removed_id);
	if ((flags & FLAG_RESUMED) != 0)
		result(call, "An earlier rotation is gone on with.");
	result(call, "%u secret%s sealed anew with key %s%s.", (unsigned)count,
	    count == 1 ? "" : "s", id, gone);
	if ((flags & FLAG_UNFINISHED) != 0)
		say(call, "A key that a secret still names stays in the "
		    "ring.");
	if (stuck > 0) {
		say_stuck(call, stuck);
		return EXIT_REFUSED;
	}
	say(call, "What is older is as it was: a stolen copy of the old ring "
	    "still opens a stolen\ncopy of the store, and backups open with "
	    "their passphrase.");
	say(call, "Next: after a theft, each person: %sstepup enroll "
	    "--replace -u NAME", call_way(call));
	return EXIT_DONE;
}

/* --- Asking ----------------------------------------------------------------- */

/* Ctrl-C: the service ends the batch it is at, and says how far it got. */
static enum session_state
listen(struct session *s, struct key *k, struct wire_message *m)
{
	enum session_state state;

	for (;;) {
		state = session_next(s, m);
		if (state == SESSION_CANCELLED) {
			if (k->rotate)
				say(k->call, "Stopping where nothing is half "
				    "done.");
			return session_cancel(s, m) ? SESSION_OPEN : state;
		}
		if (state != SESSION_OPEN || wire_refused(m))
			return state;
		if (m->verb != (VERB_KEY | WIRE_REPLY))
			return SESSION_MALFORMED;
		if (wire_has(m, TAG_LAST))
			return SESSION_OPEN;
		packet(m, k);
	}
}

static enum exit_status
ended(struct key *k, enum session_state state, const struct wire_message *m)
{
	uint32_t outcome = OUT_INTERNAL, flags = 0;

	if (state != SESSION_OPEN)
		return verdict_say(k->call, k->rotate &&
		    (state == SESSION_CANCELLED || state == SESSION_GONE ||
		    state == SESSION_LATE) ? &verdict_rotation :
		    verdict_of_state(state), NULL);
	wire_get_uint(m, TAG_OUTCOME, &outcome);
	wire_get_uint(m, TAG_FLAGS, &flags);
	if (outcome == OUT_DONE)
		return k->rotate ? say_rotated(k, m) : say_status(k, m);
	if (k->rotate && (flags & FLAG_UNFINISHED) != 0)
		return verdict_say(k->call, &verdict_rotation, m);
	if (k->rotate && outcome == OUT_KEY)
		return verdict_say(k->call, &verdict_ring, m);
	return verdict_say(k->call, verdict_of_outcome((enum outcome)outcome),
	    m);
}

enum exit_status
key_run(const struct call *call)
{
	struct key k = { .call = call };
	enum session_state state;
	enum exit_status status;
	struct wire_message m;
	struct wire_writer w;
	struct session s;

	k.rotate = strcmp(call->operand, "rotate") == 0;
	if (!k.rotate && strcmp(call->operand, "status") != 0)
		return usage(call, "status or rotate is wanted, not",
		    call->operand);
	if (!k.rotate && call_has(call, OPTION_REASON))
		return usage(call, "only rotate takes a reason", "");
	if (k.rotate && call_has(call, OPTION_JSON))
		json_list("removed");
	admin_start(call, VERB_KEY, &w);
	if (k.rotate) {
		status = admin_reason(call, false, &w);
		if (status != EXIT_DONE)
			return status;
		wire_put_uint(&w, TAG_FLAGS, FLAG_NEW);
		say(call, "Every secret is sealed anew with a new key, and "
		    "the old key is removed.\nNobody's app or codes change, "
		    "and logins go on meanwhile.");
	}
	state = session_ask(&s, call, &w);
	if (state == SESSION_OPEN)
		state = listen(&s, &k, &m);
	status = ended(&k, state, &m);
	session_close(&s);
	return status;
}
