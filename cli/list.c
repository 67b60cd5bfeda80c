/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stepup list: every account in a line.  By name the lines go through as
 * they come; other orders, and --missing, keep what they need, some dozen
 * bytes an account.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/admin.h"
#include "cli/verdict.h"
#include "common/text.h"

#define LINES_MAX	1000000

struct line {
	char		*name;
	int64_t		 enrolled, used;
	uint32_t	 apps, left, all, flags, wait;
};

struct list {
	const struct call *call;
	struct line	*lines;		/* where they are kept */
	size_t		 count, room;
	char		**members;	/* of --group, sorted; NULL: anybody */
	size_t		 member_count;
	bool		 keep;
	bool		 full;
	size_t		 told;
};

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

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

static void
day(int64_t when, char buf[16])
{
	time_t t = (time_t)when;
	struct tm tm;

	if (when <= 0 || localtime_r(&t, &tm) == NULL ||
	    strftime(buf, 16, "%Y-%m-%d", &tm) == 0)
		strcpy(buf, when <= 0 ? "never" : "?");
}

static void
state(const struct line *l, char buf[64])
{
	char wait[16];

	snprintf(buf, 64, "%s%s%s",
	    (l->flags & FLAG_ADMIN_LOCK) != 0 ? ",locked" : "",
	    (l->flags & FLAG_ENROLLED) == 0 ? ",none" : "",
	    (l->flags & FLAG_DISABLED) != 0 ? ",off" : "");
	if (l->wait > 0 && (l->flags & FLAG_DISABLED) == 0) {
		text_duration(l->wait, wait, sizeof(wait));
		snprintf(buf + strlen(buf), 64 - strlen(buf), ",wait %s",
		    wait);
	}
	if ((l->flags & FLAG_WEAK) != 0)
		snprintf(buf + strlen(buf), 64 - strlen(buf), ",weak");
}

/* A name too long for its column has a line of its own. */
static void
tell(struct list *t, const struct line *l)
{
	char name[256], enrolled[16], used[16], codes[24], states[64];

	if (t->told++ == 0)
		result(t->call, "%-18s  %-10s  %-10s  %4s  %5s  %s", "NAME",
		    "ENROLLED", "LAST USED", "APPS", "CODES", "STATE");
	terminal_clean(l->name, name, sizeof(name));
	if (strlen(name) > 18) {
		result(t->call, "%s", name);
		name[0] = '\0';
	}
	day(l->enrolled, enrolled);
	day(l->used, used);
	snprintf(codes, sizeof(codes), "%u/%u", (unsigned)l->left,
	    (unsigned)l->all);
	state(l, states);
	result(t->call, "%-18s  %-10s  %-10s  %4u  %5s  %s", name, enrolled,
	    used, (unsigned)l->apps, codes,
	    states[0] != '\0' ? states + 1 : "-");
}

static bool
wanted(const struct list *t, const struct line *l)
{
	if (call_has(t->call, OPTION_WEAK) && (l->flags & FLAG_WEAK) == 0)
		return false;
	return t->members == NULL || bsearch(&l->name, t->members,
	    t->member_count, sizeof(*t->members), by_text) != NULL;
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

static bool
row(const struct wire_message *m, void *arg)
{
	char name[WIRE_STRING_MAX + 1];
	struct line l = { .name = name };
	struct list *t = arg;
	uint32_t recovery;

	if (!wire_get_string(m, TAG_NAME, name) || name[0] == '\0')
		return false;
	wire_get_int64(m, TAG_ENROLLED, &l.enrolled);
	wire_get_int64(m, TAG_USED, &l.used);
	wire_get_uint(m, TAG_COUNT, &l.apps);
	wire_get_uint(m, TAG_LEFT, &l.left);
	wire_get_uint(m, TAG_CODES_ALL, &l.all);
	wire_get_uint(m, TAG_FLAGS, &l.flags);
	wire_get_uint(m, TAG_WAIT_TOTP, &l.wait);
	wire_get_uint(m, TAG_WAIT_RECOVERY, &recovery);
	if (recovery > l.wait)
		l.wait = recovery;
	if (call_has(t->call, OPTION_MISSING))
		return (l.flags & FLAG_ENROLLED) == 0 || keep(t, &l);
	if (!wanted(t, &l))
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

/* --- Who is there ----------------------------------------------------------- */

static bool
add_member(struct list *t, const char *name)
{
	char **more = realloc(t->members,
	    (t->member_count + 1) * sizeof(*more));

	if (more == NULL)
		return false;
	t->members = more;
	t->members[t->member_count] = strdup(name);
	return t->members[t->member_count++] != NULL;
}

/* Those it names, and those whose first group it is. */
static enum exit_status
find_members(struct list *t)
{
	const char *name = t->call->value[OPTION_GROUP];
	struct group *gr;
	struct passwd *pw;
	char clean[64];
	size_t i;
	bool ok = true;
	gid_t gid;

	if (name == NULL)
		return EXIT_DONE;
	gr = getgrnam(name);
	if (gr == NULL) {
		terminal_clean(name, clean, sizeof(clean));
		say(t->call, "This host knows no group %s.", clean);
		say(t->call, "Next: getent group %s should answer", clean);
		return EXIT_REFUSED;
	}
	gid = gr->gr_gid;
	for (i = 0; ok && gr->gr_mem[i] != NULL; i++)
		ok = add_member(t, gr->gr_mem[i]);
	setpwent();
	while (ok && (pw = getpwent()) != NULL)
		if (pw->pw_gid == gid)
			ok = add_member(t, pw->pw_name);
	endpwent();
	/* Nobody: an array that is there. */
	if (ok && t->members == NULL)
		ok = (t->members = calloc(1, sizeof(*t->members))) != NULL;
	if (!ok)
		return verdict_say(t->call, verdict_of_outcome(OUT_MEMORY),
		    NULL);
	qsort(t->members, t->member_count, sizeof(*t->members), by_text);
	return EXIT_DONE;
}

/* Sources of passwd that always tell whom they know. */
static bool
enumerable(const char *word)
{
	static const char *const known[] = { "files", "compat", "systemd",
	    "db", "altfiles" };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(word, known[i]) == 0)
			return true;
	return *word == '[';
}

/* A directory need not list its people: whoever is not listed is no proof. */
static void
warn_hidden(const struct call *call)
{
	char line[512], clean[64], *word, *rest;
	FILE *f;

	if (call->host->nsswitch == NULL ||
	    (f = fopen(call->host->nsswitch, "re")) == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "#\n")] = '\0';
		word = strtok_r(line, " \t", &rest);
		if (word == NULL || strcmp(word, "passwd:") != 0)
			continue;
		while ((word = strtok_r(NULL, " \t", &rest)) != NULL) {
			if (enumerable(word))
				continue;
			terminal_clean(word, clean, sizeof(clean));
			say(call, "The name service \"%s\" need not list the "
			    "people it knows: some may\nbe missing here. "
			    "Next: getent passwd shows who is listed.",
			    clean);
		}
	}
	fclose(f);
}

static bool
login_shell(const char *shell)
{
	static const char *const none[] = { "nologin", "false", "sync",
	    "halt", "shutdown" };
	const char *base = strrchr(shell, '/');
	size_t i;

	base = base != NULL ? base + 1 : shell;
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (strcmp(base, none[i]) == 0)
			return false;
	return true;
}

static int
line_name(const void *key, const void *line)
{
	return strcmp(key, ((const struct line *)line)->name);
}

/* Where nothing was listed there is no array, which bsearch must not get. */
static bool
listed(const struct list *t, const char *name)
{
	return t->count > 0 && bsearch(name, t->lines, t->count,
	    sizeof(*t->lines), line_name) != NULL;
}

/* Kept lines are in the order of their names' bytes: strcmp's. */
static enum exit_status
tell_missing(struct list *t)
{
	char name[256], shell[128];
	struct passwd *pw;
	int error;

	setpwent();
	for (;;) {
		errno = 0;
		pw = getpwent();
		error = errno;
		if (pw == NULL)
			break;
		if (!login_shell(pw->pw_shell) || listed(t, pw->pw_name) ||
		    (t->members != NULL && bsearch(&pw->pw_name, t->members,
		    t->member_count, sizeof(*t->members), by_text) == NULL))
			continue;
		if (t->told++ == 0)
			result(t->call, "%-32s  %10s  %s", "NAME", "UID",
			    "SHELL");
		terminal_clean(pw->pw_name, name, sizeof(name));
		terminal_clean(pw->pw_shell, shell, sizeof(shell));
		result(t->call, "%-32s  %10lu  %s", name,
		    (unsigned long)pw->pw_uid, shell);
	}
	endpwent();
	if (error != 0 && error != ENOENT && error != ESRCH)
		return verdict_say(t->call, verdict_of_outcome(OUT_SERVICE),
		    NULL);
	if (t->told == 0)
		say(t->call, "Everybody who is listed and can log in has a "
		    "factor.");
	warn_hidden(t->call);
	return EXIT_DONE;
}

static enum exit_status
tell_kept(struct list *t)
{
	const char *sort = t->call->value[OPTION_SORT];
	size_t i;

	if (call_has(t->call, OPTION_MISSING))
		return tell_missing(t);
	if (t->keep)
		qsort(t->lines, t->count, sizeof(*t->lines),
		    strcmp(sort, "used") == 0 ? by_used : by_enrolled);
	for (i = 0; i < t->count; i++)
		tell(t, &t->lines[i]);
	if (t->told == 0) {
		say(t->call, "There is nobody to list.");
		say(t->call, "Next: %sstepup enroll -u NAME",
		    t->call->host->sudo_user != NULL ? "sudo " : "");
	}
	if (t->members != NULL)
		warn_hidden(t->call);
	return EXIT_DONE;
}

static enum exit_status
ask(struct list *t)
{
	enum exit_status status;
	struct wire_message last;
	struct wire_writer w;
	struct session s;

	admin_start(t->call, VERB_LIST, &w);
	status = admin_ask(t->call, &w, &s, packet, t, &last);
	session_close(&s);
	if (t->full)
		say(t->call, "There is no memory for more accounts than %zu "
		    "in this order.", t->count);
	return status == EXIT_DONE ? tell_kept(t) : status;
}

enum exit_status
list_run(const struct call *call)
{
	const char *sort = call->value[OPTION_SORT];
	struct list t = { .call = call };
	enum exit_status status;
	size_t i;

	if ((sort != NULL && strcmp(sort, "name") != 0 &&
	    strcmp(sort, "used") != 0 && strcmp(sort, "enrolled") != 0) ||
	    (call_has(call, OPTION_MISSING) && (sort != NULL ||
	    call_has(call, OPTION_WEAK)))) {
		say(call, "stepup: --sort takes name, used or enrolled; "
		    "--missing is not sorted, and nobody\nmissing is weak");
		say(call, "Next: stepup list --help");
		return EXIT_USAGE;
	}
	t.keep = sort != NULL && strcmp(sort, "name") != 0;
	status = find_members(&t);
	if (status == EXIT_DONE)
		status = ask(&t);
	for (i = 0; i < t.count; i++)
		free(t.lines[i].name);
	for (i = 0; i < t.member_count; i++)
		free(t.members[i]);
	free(t.lines);
	free(t.members);
	return status;
}
