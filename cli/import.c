/* SPDX-License-Identifier: BSD-2-Clause */
/* stepup import: people keep the authenticator another module knew. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/admin.h"
#include "cli/commands.h"
#include "cli/import.h"
#include "cli/verdict.h"

struct import_entry *
import_add(struct import *im, const char *file, const char *user)
{
	size_t room = im->room == 0 ? 64 : 2 * im->room;
	struct import_entry *e;

	if (im->count == im->room) {
		e = im->count < 2 * IMPORT_MAX ?
		    reallocarray(im->entries, room, sizeof(*e)) : NULL;
		if (e == NULL) {
			im->full = true;
			return NULL;
		}
		im->entries = e;
		im->room = room;
	}
	e = &im->entries[im->count];
	memset(e, 0, sizeof(*e));
	e->file = strdup(file);
	e->user = user != NULL ? strdup(user) : NULL;
	im->count++;
	im->full = e->file == NULL || (user != NULL && e->user == NULL);
	return im->full ? NULL : e;
}

static void
note(struct import_entry *e, const struct foreign *f)
{
	e->bits = 8 * (unsigned)f->secret_len;
	e->window = f->window;
	e->skew = f->skew * (int64_t)f->period;
	if (f->secret_len < FOREIGN_SECRET_STRONG)
		e->notes |= IMPORT_WEAK;
	if (f->skew != 0)
		e->notes |= IMPORT_SKEW;
	if (f->pin)
		e->notes |= IMPORT_PIN;
	if (f->scratch > 0)
		e->notes |= IMPORT_SCRATCH;
}

void
import_send(struct import *im, struct import_entry *e, uid_t uid,
    struct foreign *f)
{
	struct wire_writer w;

	note(e, f);
	wire_start(&w, WIRE_VERSION, VERB_IMPORT);
	wire_put_string(&w, TAG_NAME, e->user);
	wire_put_uint(&w, TAG_UID, (uint32_t)uid);
	wire_put_bytes(&w, TAG_SECRET, f->secret, f->secret_len);
	wire_put_uint(&w, TAG_ALGORITHM, OTP_SHA1);
	wire_put_uint(&w, TAG_DIGITS, f->digits);
	wire_put_uint(&w, TAG_PERIOD, f->period);
	if (f->after > 0)
		wire_put_int64(&w, TAG_AFTER, f->after);
	explicit_bzero(f, sizeof(*f));
	/* Until the service says so nothing is imported. */
	e->why = IMPORT_NOT_WRITTEN;
	e->sent = upload_put(im->upload, &w);
	im->gone = !e->sent;
}

/* --- What the service says of each ------------------------------------------ */

struct answers {
	struct import	*im;
	size_t		 at;		/* the entry that is next */
};

static bool
row(const struct wire_message *m, void *arg)
{
	static const struct {
		enum outcome	outcome;
		enum import_why	why;
	} known[] = {
		{ OUT_DONE, IMPORT_FINE }, { OUT_EXISTS, IMPORT_ENROLLED },
		{ OUT_NAME_TAKEN, IMPORT_TWICE }, { OUT_REPLAY, IMPORT_SHARED },
		{ OUT_CHANGED, IMPORT_CHANGED }, { OUT_BUSY, IMPORT_MEANWHILE },
		{ OUT_ASK, IMPORT_NOT_WRITTEN },
	};
	struct answers *a = arg;
	uint32_t outcome;
	size_t i;

	while (a->at < a->im->count && !a->im->entries[a->at].sent)
		a->at++;
	if (a->at == a->im->count || !wire_get_uint(m, TAG_OUTCOME, &outcome))
		return false;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].outcome == (enum outcome)outcome) {
			a->im->entries[a->at++].why = known[i].why;
			return true;
		}
	return false;
}

/* Packets of rows, then the last one. */
static enum session_state
read_answer(struct import *im, struct session *s, struct wire_message *last)
{
	struct answers a = { .im = im };
	enum session_state state;

	for (;;) {
		state = session_next(s, last);
		if (state != SESSION_OPEN || wire_refused(last))
			return state;
		if (last->verb != (VERB_IMPORT | WIRE_REPLY))
			return SESSION_MALFORMED;
		if (wire_has(last, TAG_LAST))
			return SESSION_OPEN;
		if (!admin_rows(last, row, &a))
			return SESSION_MALFORMED;
	}
}

static void
count(struct import *im, const struct wire_message *last)
{
	struct import_entry *e;
	size_t i;

	wire_get_uint(last, TAG_LIMIT, &im->window);
	for (i = 0; i < im->count; i++) {
		e = &im->entries[i];
		if (e->why != IMPORT_FINE) {
			im->skipped++;
			continue;
		}
		im->imported++;
		im->weak += (e->notes & IMPORT_WEAK) != 0;
		if (e->window > 2 * im->window + 1)
			e->notes |= IMPORT_WINDOW;
	}
}

/* The outcome of the whole; what was imported is, whatever it says. */
static enum exit_status
conclude(struct import *im, enum session_state state,
    const struct wire_message *last)
{
	const struct call *call = im->call;
	uint32_t outcome;

	if (im->full)
		return verdict_say(call, verdict_of_outcome(OUT_MEMORY), NULL);
	if (state == SESSION_CANCELLED || state == SESSION_GONE ||
	    state == SESSION_LATE)
		return verdict_refuse(call, state == SESSION_CANCELLED ?
		    EXIT_CANCELLED : EXIT_UNAVAILABLE,
		    "The import was cut off. Each account is either imported "
		    "or as it was.", "stepup list shows who is in; the same "
		    "again imports the rest.");
	if (state != SESSION_OPEN)
		return verdict_say(call, verdict_of_state(state), NULL);
	count(im, last);
	if (wire_get_uint(last, TAG_OUTCOME, &outcome) && outcome == OUT_DONE)
		return import_report(im);
	if (im->imported == 0 || (enum outcome)outcome == OUT_PROTOCOL)
		return verdict_say(call,
		    verdict_of_outcome((enum outcome)outcome), last);
	import_report(im);
	return verdict_refuse(call, EXIT_UNAVAILABLE, "The store does not "
	    "take the rest. Who is imported is imported whole.",
	    "stepup doctor says why; the same again imports the rest.");
}

static enum exit_status
ask(struct import *im, void (*take)(struct import *, const char *),
    bool blank)
{
	const struct call *call = im->call;
	struct upload *upload = malloc(sizeof(*upload));
	uint32_t flags = (call_has(call, OPTION_DRY_RUN) ? FLAG_DRY_RUN : 0) |
	    (blank ? FLAG_NEW : 0);
	struct wire_message last;
	enum exit_status status;
	enum session_state state;
	struct wire_writer w;
	struct session s;
	unsigned i;

	if (upload == NULL)
		return verdict_say(call, verdict_of_outcome(OUT_MEMORY), NULL);
	memset(&last, 0, sizeof(last));
	admin_start(call, VERB_IMPORT, &w);
	if (flags != 0)
		wire_put_uint(&w, TAG_FLAGS, flags);
	state = session_ask(&s, call, &w);
	upload_open(upload, &s);
	im->upload = upload;
	for (i = 1; i < call->word_count && state == SESSION_OPEN &&
	    !im->full && !im->gone; i++)
		take(im, call->words[i]);
	if (state == SESSION_OPEN)
		state = upload_close(upload, !im->full);
	if (state == SESSION_OPEN && !im->full)
		state = read_answer(im, &s, &last);
	status = conclude(im, state, &last);
	session_close(&s);
	explicit_bzero(upload, sizeof(*upload));
	free(upload);
	return status;
}

static void
release(struct import *im)
{
	size_t i;

	for (i = 0; i < im->count; i++) {
		free(im->entries[i].file);
		free(im->entries[i].user);
	}
	free(im->entries);
}

enum exit_status
import_run(const struct call *call)
{
	bool ga = strcmp(call->words[0], "ga") == 0;
	enum exit_status status = EXIT_DONE;
	struct import im = { .call = call };
	bool blank;

	if (!ga && strcmp(call->words[0], "oath") != 0)
		return usage(call, "it takes ga or oath, not",
		    call->words[0]);
	blank = access(call->host->keyring, F_OK) == -1 && errno == ENOENT;
	if (blank && !call_has(call, OPTION_DRY_RUN))
		status = session_prepare(call);
	if (status != EXIT_DONE)
		return status;
	status = ask(&im, ga ? import_ga : import_oath,
	    blank && call_has(call, OPTION_DRY_RUN));
	release(&im);
	return status;
}
