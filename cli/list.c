/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stepup list: every account in a line.  By name the lines go through as
 * they come; other orders, and --missing, keep what they need, some dozen
 * bytes an account.
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "cli/admin.h"
#include "cli/json.h"
#include "cli/line.h"
#include "cli/output.h"
#include "cli/people.h"
#include "cli/values.h"
#include "cli/verdict.h"

#define LINES_MAX	1000000

struct list {
	const struct call *call;
	struct line	*lines;		/* where they are kept */
	size_t		 count, room;
	struct members	 members;
	bool		 keep;
	bool		 full;
	size_t		 told;
};

static int
by_used(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return x->used != y->used ? (x->used > y->used) - (x->used < y->used) :
	    strcmp(x->name, y->name);
}

static int
by_enrolled(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return x->enrolled != y->enrolled ?
	    (x->enrolled > y->enrolled) - (x->enrolled < y->enrolled) :
	    strcmp(x->name, y->name);
}

static int
by_name(const void *name, const void *line)
{
	return strcmp(name, ((const struct line *)line)->name);
}

static bool
keep(struct list *t, const struct line *l)
{
	size_t room = t->room == 0 ? 256 : 2 * t->room;
	struct line *more;

	if (t->count == t->room) {
		more = t->count < LINES_MAX ?
		    realloc(t->lines, room * sizeof(*more)) : NULL;
		if (more == NULL) {
			t->full = true;
			return false;
		}
		t->lines = more;
		t->room = room;
	}
	t->lines[t->count] = *l;
	t->lines[t->count].name = strdup(l->name);
	if (t->lines[t->count].name == NULL)
		t->full = true;
	else
		t->count++;
	return !t->full;
}

static void
tell(struct list *t, const struct line *l)
{
	line_tell(t->call, l, t->told == 0);
	t->told++;
}

static bool
row(const struct wire_message *m, void *arg)
{
	char name[WIRE_STRING_MAX + 1];
	struct list *t = arg;
	struct line l;

	if (!line_read(m, name, &l))
		return false;
	if (call_has(t->call, OPTION_MISSING))
		return (l.flags & FLAG_ENROLLED) == 0 || keep(t, &l);
	if ((call_has(t->call, OPTION_WEAK) && (l.flags & FLAG_WEAK) == 0) ||
	    !members_has(&t->members, l.name))
		return true;
	if (t->keep)
		return keep(t, &l);
	tell(t, &l);
	return true;
}

static bool
packet(const struct wire_message *m, void *arg)
{
	return admin_rows(m, row, arg);
}

/* --- Who is missing ---------------------------------------------------- */

static void
tell_person(struct list *t, const struct passwd *pw)
{
	char name[256], shell[128];
	json_t *j;

	if (call_has(t->call, OPTION_JSON)) {
		j = json_new();
		json_object_set_new(j, "user", json_words(pw->pw_name));
		json_object_set_new(j, "uid", json_integer(pw->pw_uid));
		json_object_set_new(j, "shell", json_words(pw->pw_shell));
		json_event(t->call, "missing", j);
	}
	if (t->told++ == 0)
		result(t->call, "%-32s  %10s  %s", "NAME", "UID", "SHELL");
	terminal_clean(pw->pw_name, name, sizeof(name));
	terminal_clean(pw->pw_shell, shell, sizeof(shell));
	result(t->call, "%-32s  %10lu  %s", name, (unsigned long)pw->pw_uid,
	    shell);
}

/*
 * Kept lines are in the order of their names' bytes: strcmp's.  Where
 * nothing was listed there is no array, which bsearch must not get.
 */
static bool
listed(const struct list *t, const char *name)
{
	return t->count > 0 && bsearch(name, t->lines, t->count,
	    sizeof(*t->lines), by_name) != NULL;
}

static enum exit_status
tell_missing(struct list *t)
{
	struct passwd *pw;
	int error;

	setpwent();
	for (;;) {
		errno = 0;
		pw = getpwent();
		error = errno;
		if (pw == NULL)
			break;
		if (people_login_shell(pw->pw_shell) &&
		    !listed(t, pw->pw_name) &&
		    members_has(&t->members, pw->pw_name))
			tell_person(t, pw);
	}
	endpwent();
	if (error != 0 && error != ENOENT && error != ESRCH)
		return verdict_say(t->call, verdict_of_outcome(OUT_SERVICE),
		    NULL);
	if (t->told == 0)
		say(t->call, "Everybody who is listed and can log in has a "
		    "factor.");
	people_warn_hidden(t->call);
	return EXIT_DONE;
}

/* --- All --------------------------------------------------------------- */

static enum exit_status
tell_kept(struct list *t)
{
	const char *sort = t->call->value[OPTION_SORT];
	bool narrowed = call_has(t->call, OPTION_WEAK) ||
	    t->members.names != NULL;
	size_t i;

	if (call_has(t->call, OPTION_MISSING))
		return tell_missing(t);
	if (t->keep && t->count > 1)
		qsort(t->lines, t->count, sizeof(*t->lines),
		    strcmp(sort, "used") == 0 ? by_used : by_enrolled);
	for (i = 0; i < t->count; i++)
		tell(t, &t->lines[i]);
	if (t->told == 0) {
		say(t->call, narrowed ? "Nobody is like that." :
		    "There is nobody to list.");
		say(t->call, "Next: %sstepup %s",
		    call_way(t->call), narrowed ? "list" : "enroll -u NAME");
	}
	if (t->members.names != NULL)
		people_warn_hidden(t->call);
	return EXIT_DONE;
}

static enum exit_status
ask(struct list *t)
{
	enum exit_status status;
	struct wire_message last;
	struct wire_writer w;
	struct session s;

	output_hold();
	admin_start(t->call, VERB_LIST, &w);
	status = admin_ask(t->call, &w, &s, packet, t, &last);
	session_close(&s);
	if (t->full)
		say(t->call, "There is no memory for more accounts than %zu "
		    "in this order.", t->count);
	if (status == EXIT_DONE)
		status = tell_kept(t);
	if (call_has(t->call, OPTION_JSON))
		json_object_set_new(json_call(), "count",
		    json_integer((json_int_t)t->told));
	return status;
}

enum exit_status
list_run(const struct call *call)
{
	const char *sort = call->value[OPTION_SORT];
	struct list t = { .call = call };
	enum exit_status status;
	size_t i;

	if (!values_know(OPTION_SORT, sort) || (call_has(call, OPTION_MISSING) &&
	    (sort != NULL || call_has(call, OPTION_WEAK))))
		return verdict_refuse(call, EXIT_USAGE, "stepup: --sort takes "
		    "name, used or enrolled; --missing is not sorted, and "
		    "nobody\nmissing is weak", "stepup list --help");
	t.keep = sort != NULL && strcmp(sort, "name") != 0;
	status = members_find(&t.members, call);
	if (status == EXIT_DONE)
		status = ask(&t);
	for (i = 0; i < t.count; i++)
		free(t.lines[i].name);
	free(t.lines);
	members_free(&t.members);
	return output_flush(call) ? status : EXIT_UNAVAILABLE;
}
