/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/doctor/pamread.h"

static const char *const types[] = {
	[PAMTYPE_AUTH] = "auth",
	[PAMTYPE_ACCOUNT] = "account",
	[PAMTYPE_SESSION] = "session",
	[PAMTYPE_PASSWORD] = "password",
};

void
pamread_problem(struct reader *r, const struct place *at,
    enum pamproblem_kind kind, const char *what, const char *word)
{
	struct pamservice *s = r->s;
	struct pamproblem *p;
	size_t i;

	for (i = 0; i < s->problem_count; i++)
		if (s->problems[i].line == at->line &&
		    strcmp(s->problems[i].file, at->file) == 0)
			return;
	if (kind == PAMPROBLEM_UNSEEN)
		s->unseen = true;
	if (s->problem_count == PAMSTACK_PROBLEMS_MAX)
		return;
	p = &s->problems[s->problem_count++];
	p->kind = kind;
	p->file = at->file;
	p->line = at->line;
	snprintf(p->text, sizeof(p->text), "%s%s%.60s", what,
	    word != NULL ? ": " : "", word != NULL ? word : "");
}

static char *
copy(struct reader *r, const char *text)
{
	char *s = text != NULL ? strdup(text) : NULL;

	r->memory |= text != NULL && s == NULL;
	return s;
}

/* libpam's extract_modulename: what is left must not be empty or "?". */
static bool
has_name(const char *path)
{
	const char *base = strrchr(path, '/'), *dot;
	size_t len;

	base = base != NULL ? base + 1 : path;
	dot = strrchr(base, '.');
	len = dot != NULL ? (size_t)(dot - base) : strlen(base);
	return len > 0 && !(len == 1 && *base == '?');
}

/* False: libpam gives the file up. */
static bool
add(struct reader *r, const struct place *at, enum pamtype type,
    const struct pamline *l)
{
	struct pamstack *stack;
	struct pamline *more;

	if (type >= PAMTYPES)
		return false;
	stack = at->other ? &r->s->other[type] : &r->s->own[type];
	if (stack->count == PAMSTACK_LINES_MAX) {
		pamread_problem(r, at, PAMPROBLEM_LIMIT, "too many lines",
		    NULL);
		return false;
	}
	more = realloc(stack->lines, (stack->count + 1) * sizeof(*more));
	if (more == NULL) {
		r->memory = true;
		return false;
	}
	stack->lines = more;
	more += stack->count++;
	*more = *l;
	more->level = at->level;
	more->file = at->file;
	more->line = at->line;
	more->module = copy(r, l->module);
	more->arguments = copy(r, l->arguments);
	if (l->module != NULL && !has_name(l->module)) {
		pamread_problem(r, at, PAMPROBLEM_SYNTAX, "not a module's name",
		    l->module);
		return false;
	}
	return !r->memory;
}

/* --- Files inside of files --------------------------------------------- */

/* The path an include names; false: libpam does not look anywhere. */
static bool
include_path(const struct reader *r, const char *name, char path[PATH_MAX])
{
	const struct pamhost *host = r->host;
	size_t len;
	char *data;
	int n;

	if (name[0] == '/')
		n = snprintf(path, PATH_MAX, "%s", name);
	else if (!host->upstream) {
		/* Debian: there, and nowhere else. */
		if (!pamhost_is_folder(host, PAMREAD_ETC))
			return false;
		n = snprintf(path, PATH_MAX, PAMREAD_ETC "/%s", name);
	} else if (host->confdir != NULL)
		n = snprintf(path, PATH_MAX, "%s/%s", host->confdir, name);
	else {
		n = snprintf(path, PATH_MAX, PAMREAD_ETC "/%s", name);
		if (n < 0 || n >= PATH_MAX)
			return false;
		data = pamhost_read(host, path, PAMSTACK_FILE_MAX, &len);
		if (data == NULL && errno == ENOENT)
			n = snprintf(path, PATH_MAX, PAMREAD_VENDOR "/%s",
			    name);
		free(data);
	}
	return n >= 0 && n < PATH_MAX;
}

/* Of files that go round, the line that does it first, whoever began. */
static void
too_deep(struct reader *r, const struct place *at, const char *name)
{
	const struct place *p, *q, *back = NULL;
	const char *base = NULL;

	for (p = at; p->up != NULL; p = p->up)
		for (q = p->up; q != NULL; q = q->up)
			if (strcmp(p->file, q->file) == 0) {
				back = p->up;
				base = strrchr(p->file, '/') + 1;
			}
	if (back != NULL)
		pamread_problem(r, back, PAMPROBLEM_LOOP,
		    "round and round, too deep", base);
	else
		pamread_problem(r, at, PAMPROBLEM_LOOP,
		    "files inside of files, too deep", name);
}

/* False: libpam puts a line there that always fails. */
static bool
include(struct reader *r, const struct place *at, const char *name,
    enum pamtype type, bool substack)
{
	struct place in = *at;
	char path[PATH_MAX];

	in.want = type;
	in.level += substack;
	in.depth++;
	in.up = at;
	if (in.level >= PAMSTACK_LEVEL_MAX || in.depth > PAMSTACK_DEPTH_MAX) {
		too_deep(r, at, name);
		return false;
	}
	if (!include_path(r, name, path)) {
		pamread_problem(r, at, PAMPROBLEM_MISSING, "not found", name);
		return false;
	}
	return pamread_file(r, path, &in);
}

/* --- Lines ------------------------------------------------------------- */

enum word { WORD_TYPE, WORD_INCLUDE, WORD_BAD };

/* Also of no word. */
static bool
is_ascii(const char *word)
{
	while (word != NULL && *word != '\0' && (*word & 0x80) == 0)
		word++;
	return word == NULL || *word == '\0';
}

static enum word
read_type(const struct reader *r, const char *word, enum pamtype *type)
{
	size_t i;

	for (i = 0; i < PAMTYPES; i++)
		if (strcasecmp(word, types[i]) == 0) {
			*type = (enum pamtype)i;
			return WORD_TYPE;
		}
	if (!r->host->upstream && strcasecmp(word, "@include") == 0)
		return WORD_INCLUDE;
	return WORD_BAD;
}

/* The control, and for include and substack what they take in. */
static bool
read_include(struct reader *r, const struct place *at, enum pamtype type,
    bool substack, char *name, struct pamline *l)
{
	struct pamline mark = { .kind = PAMLINE_SUBSTACK, .module = name };

	pamtext_control_all(&mark.control, ACTION_UNDEF);
	if (name == NULL) {
		/* Upstream refuses the line, Debian's libpam crashes. */
		pamread_problem(r, at, PAMPROBLEM_SYNTAX,
		    "no file is named", NULL);
		if (!r->host->upstream)
			return false;
	}
	if (substack && !add(r, at, type, &mark))
		return false;
	if (name != NULL && include(r, at, name, type, substack))
		return true;
	if (r->memory)
		return false;
	pamtext_control_all(&l->control, ACTION_BAD);
	l->kind = PAMLINE_MUST_FAIL;
	return add(r, at, type, l);
}

static void
read_control(struct reader *r, const struct place *at, const char *word,
    struct pamline *l)
{
	const char *why;

	if (word == NULL) {
		pamread_problem(r, at, PAMPROBLEM_SYNTAX,
		    "no control word", NULL);
		pamtext_control_all(&l->control, ACTION_BAD);
		l->kind = PAMLINE_MUST_FAIL;
	} else if (!pamtext_control(word, &l->control, &why))
		pamread_problem(r, at, PAMPROBLEM_SYNTAX, why, word);
}

/* What stands after the service.  False: libpam gives the file up. */
static bool
read_words(struct reader *r, const struct place *at, char *rest)
{
	char *word = pamtext_token(&rest);
	enum pamtype type = at->want != PAMTYPE_ANY ? at->want : PAMTYPE_AUTH;
	enum word kind = WORD_BAD;
	struct pamline l = { .kind = PAMLINE_MODULE };

	if (word != NULL && *word == '-') {
		l.silent = true;
		word++;
	}
	if (word != NULL)
		kind = read_type(r, word, &type);
	if (kind == WORD_INCLUDE)
		return read_include(r, at, at->want, false,
		    pamtext_token(&rest), &l);
	if (kind == WORD_BAD) {
		pamread_problem(r, at, PAMPROBLEM_SYNTAX, is_ascii(word) ?
		    "not a type" : "a blank or letter that is not ASCII",
		    word);
		l.kind = PAMLINE_MUST_FAIL;
	}
	if (at->want != PAMTYPE_ANY && type != at->want)
		return true;
	word = pamtext_token(&rest);
	if (word != NULL && (strcasecmp(word, "include") == 0 ||
	    strcasecmp(word, "substack") == 0))
		return read_include(r, at, type,
		    strcasecmp(word, "substack") == 0,
		    pamtext_token(&rest), &l);
	read_control(r, at, word, &l);
	l.module = pamtext_token(&rest);
	l.arguments = rest;
	if (l.module == NULL) {
		pamread_problem(r, at, PAMPROBLEM_SYNTAX,
		    "no module is named", NULL);
		l.kind = PAMLINE_MUST_FAIL;
	}
	return add(r, at, type, &l);
}

/* A line of pam.conf begins with the service it is for. */
static bool
read_line(struct reader *r, struct place *at, char *line)
{
	char *rest = line, *service;

	if (at->service == NULL) {
		service = pamtext_token(&rest);
		at->other = service != NULL &&
		    strcasecmp(service, PAMREAD_OTHER) == 0;
		if (service == NULL || (!at->other &&
		    strcasecmp(service, r->s->name) != 0))
			return true;
	}
	return read_words(r, at, rest);
}

/* Lines are told by the numbers they have on the host. */
static unsigned
planned_after(const struct reader *r, const char *file)
{
	const struct pamhost *host = r->host;

	return host->planned != NULL && strcmp(host->planned, file) == 0 ?
	    host->planned_after : UINT_MAX;
}

bool
pamread_text(struct reader *r, const char *data, size_t len, struct place *at)
{
	char line[PAMTEXT_LINE_MAX];
	enum pamtext_line next;
	struct pamtext text;
	unsigned number;
	bool cut;

	pamtext_open(&text, data, len);
	while ((next = pamtext_next(&text, line, &number, &cut)) ==
	    PAMTEXT_LINE) {
		at->line = number - (number > planned_after(r, at->file));
		if (cut)
			pamread_problem(r, at, PAMPROBLEM_SYNTAX, "too long",
			    NULL);
		if (!read_line(r, at, line))
			return false;
	}
	if (next == PAMTEXT_END)
		return true;
	at->line = number != 0 ? number : text.line;
	pamread_problem(r, at, PAMPROBLEM_SYNTAX, "the file ends inside a line",
	    NULL);
	return false;
}
