/* SPDX-License-Identifier: BSD-2-Clause */
/* What came of an import: who stayed behind and why, what to know of whom. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import.h"
#include "cli/json.h"
#include "cli/verdict.h"
#include "common/text.h"

/* A stable name, and a sentence. */
static const struct {
	const char	*name, *text;
} whys[] = {
	[IMPORT_FINE] = { "imported", "" },
	[IMPORT_EMPTY] = { "empty", "there is no key in it" },
	[IMPORT_BINARY] = { "binary", "it holds bytes that are no text" },
	[IMPORT_SECRET] = { "key", "its key cannot be decoded" },
	[IMPORT_SHORT] = { "short", "its key has less than 80 bits" },
	[IMPORT_LONG] = { "long", "its key has more than 512 bits" },
	[IMPORT_EVENT] = { "event-based", "its codes count events (HOTP), "
	    "not time" },
	[IMPORT_PERIOD] = { "period", "a new code every few seconds: 15 is "
	    "the least" },
	[IMPORT_OPTION] = { "option", "an option in it cannot be read" },
	[IMPORT_TYPE] = { "type", "a kind of line that is not known" },
	[IMPORT_LINE] = { "line", "a line that cannot be read" },
	[IMPORT_OPEN] = { "open", "" },
	[IMPORT_NOT_REGULAR] = { "not-regular", "a link, a folder or a "
	    "device: no regular file" },
	[IMPORT_LINKS] = { "hard-link", "it has a second name (a hard link)" },
	[IMPORT_WRITABLE] = { "writable", "others than its owner may write "
	    "it" },
	[IMPORT_TOO_LARGE] = { "too-large", "it is too large" },
	[IMPORT_FOREIGN] = { "owner", "it belongs to somebody else" },
	[IMPORT_UNTOLD] = { "untold", "nothing says whose it is: USER=FILE" },
	[IMPORT_AMBIGUOUS] = { "ambiguous", "owner and place name two "
	    "accounts: USER=FILE" },
	[IMPORT_NO_USER] = { "no-user", "this host knows no such account" },
	[IMPORT_NAME_SERVICE] = { "name-service", "the account could not be "
	    "looked up" },
	[IMPORT_ENROLLED] = { "enrolled", "is enrolled already" },
	[IMPORT_TWICE] = { "twice", "the account is named twice in this "
	    "import" },
	[IMPORT_SHARED] = { "shared", "another account has the same key" },
	[IMPORT_CHANGED] = { "changed", "is stored with another user number, "
	    "or another name" },
	[IMPORT_MEANWHILE] = { "meanwhile", "the account was changed "
	    "meanwhile: import it again" },
	[IMPORT_NOT_WRITTEN] = { "not-written", "the store did not take it" },
};
_Static_assert(sizeof(whys) / sizeof(whys[0]) == IMPORT_WHYS,
    "every reason has its words");

static const struct {
	unsigned	 note;
	const char	*name;
} notes[] = {
	{ IMPORT_WEAK, "weak" }, { IMPORT_WINDOW, "window" },
	{ IMPORT_SKEW, "clock" }, { IMPORT_PIN, "pin" },
	{ IMPORT_READABLE, "readable" }, { IMPORT_SCRATCH, "scratch-codes" },
};

static const char *
reason(const struct import_entry *e)
{
	return e->why == IMPORT_OPEN ? strerror(e->error) : whys[e->why].text;
}

static void
note_text(const struct import *im, const struct import_entry *e,
    unsigned note, char buf[128])
{
	long seconds = labs((long)e->skew);

	switch (note) {
	case IMPORT_WEAK:
		snprintf(buf, 128, "weak: a key of %u bits; enroll --replace "
		    "makes a strong one", e->bits);
		break;
	case IMPORT_WINDOW:
		snprintf(buf, 128, "took %u codes at a time, here %u: the "
		    "clock has to be right", e->window, 2 * im->window + 1);
		break;
	case IMPORT_SKEW:
		snprintf(buf, 128, "the app's clock was %ld s %s: it has to "
		    "be set", seconds, e->skew < 0 ? "slow" : "fast");
		break;
	case IMPORT_PIN:
		snprintf(buf, 128, "had a PIN before the code: here the code "
		    "comes alone");
		break;
	case IMPORT_READABLE:
		snprintf(buf, 128, "others could read the file: the key may "
		    "be known");
		break;
	default:
		buf[0] = '\0';
		break;
	}
}

static void
tell(const struct import *im, const struct import_entry *e)
{
	bool fine = e->why == IMPORT_FINE;
	char user[256] = "?", file[1024], text[128];
	size_t i;

	/* Scratch codes stay behind for everybody: the end says so. */
	if (fine && (e->notes & ~IMPORT_SCRATCH) == 0)
		return;
	if (e->user != NULL)
		terminal_clean(e->user, user, sizeof(user));
	terminal_clean(e->file, file, sizeof(file));
	if (e->line > 0)
		snprintf(text, sizeof(text), ":%u", e->line);
	else
		text[0] = '\0';
	result(im->call, "%-8s  %-16s  %s%s", fine ? "imported" : "skipped",
	    user, file, text);
	if (!fine)
		result(im->call, "          %s", reason(e));
	for (i = 0; fine && i < sizeof(notes) / sizeof(notes[0]); i++) {
		if ((e->notes & notes[i].note) == 0)
			continue;
		note_text(im, e, notes[i].note, text);
		if (text[0] != '\0')
			result(im->call, "          %s", text);
	}
}

static json_t *
entry_json(const struct import_entry *e, bool dry)
{
	bool fine = e->why == IMPORT_FINE;
	json_t *j = json_object(), *list = json_array();
	size_t i;

	for (i = 0; fine && i < sizeof(notes) / sizeof(notes[0]); i++)
		if ((e->notes & notes[i].note) != 0)
			json_array_append_new(list,
			    json_string(notes[i].name));
	json_object_set_new(j, "user", e->user != NULL ?
	    json_words(e->user) : json_null());
	json_object_set_new(j, "file", json_words(e->file));
	json_object_set_new(j, "line", e->line > 0 ? json_integer(e->line) :
	    json_null());
	json_object_set_new(j, "imported", json_boolean(fine && !dry));
	json_object_set_new(j, "reason", fine ? json_null() :
	    json_string(whys[e->why].name));
	json_object_set_new(j, "text", fine ? json_null() :
	    json_words(reason(e)));
	json_object_set_new(j, "notes", list);
	return j;
}

static void
report_json(const struct import *im, bool dry)
{
	json_t *j = json_call();
	size_t i;

	for (i = 0; i < im->count && json_event(im->call, "account",
	    entry_json(&im->entries[i], dry)); i++)
		;
	json_object_set_new(j, "dry_run", json_boolean(dry));
	json_object_set_new(j, "imported", json_integer(im->imported));
	json_object_set_new(j, "weak", json_integer(im->weak));
	json_object_set_new(j, "skipped", json_integer(im->skipped));
}

/* The one thing to do next. */
static void
next_text(const struct import *im, bool dry, char buf[CALL_COMMAND_MAX])
{
	const char *sudo = call_way(im->call);

	if (im->imported == 0)
		snprintf(buf, CALL_COMMAND_MAX, "%sstepup enroll -u NAME, for "
		    "who has nothing that can be imported", sudo);
	else if (dry)
		snprintf(buf, CALL_COMMAND_MAX, "the same without --dry-run");
	else
		snprintf(buf, CALL_COMMAND_MAX, "stepup codes --new, by each "
		    "of them: there are no recovery codes yet");
}

enum exit_status
import_report(struct import *im)
{
	bool dry = call_has(im->call, OPTION_DRY_RUN);
	char said[256], next[CALL_COMMAND_MAX];
	size_t i;

	for (i = 0; i < im->count; i++)
		tell(im, &im->entries[i]);
	snprintf(said, sizeof(said), "%u %s %simported (%u weak), %u skipped.",
	    im->imported, im->imported == 1 ? "account" : "accounts",
	    dry ? "would be " : "", im->weak, im->skipped);
	next_text(im, dry, next);
	result(im->call, "%s", said);
	if (im->imported > 0 && !dry)
		say(im->call, "Codes up to now count as used, for they may "
		    "have been: the first one is\ntaken in %u s at the "
		    "latest. Scratch codes are not imported.",
		    (im->window + 1) * 30);
	say(im->call, "Next: %s", next);
	if (call_has(im->call, OPTION_JSON)) {
		report_json(im, dry);
		json_verdict(said, next);
	}
	return im->skipped > 0 ? EXIT_REFUSED : EXIT_DONE;
}
