/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor/judge.h"
#include "cli/doctor/report.h"

#define COLUMNS	78

/* --- Text -------------------------------------------------------------- */

/*
 * A paragraph, broken at spaces; the first line begins with `first`, the
 * others with as many spaces.
 */
static void
paragraph(const struct call *call, const char *first, const char *text)
{
	char line[COLUMNS * 8];
	size_t indent = strlen(first), used, n;

	used = (size_t)snprintf(line, sizeof(line), "%s", first);
	for (; *text != '\0'; text += n) {
		text += strspn(text, " ");
		n = strcspn(text, " ");
		if (n == 0)
			break;
		if (used > indent && used + 1 + n > COLUMNS) {
			result(call, "%s", line);
			used = (size_t)snprintf(line, sizeof(line), "%*s",
			    (int)indent, "");
		}
		/* A word longer than a line stands on a line of its own. */
		used += (size_t)snprintf(line + used, sizeof(line) - used,
		    "%s%.*s", used > indent ? " " : "",
		    (int)(n < 500 ? n : 500), text);
		if (used >= sizeof(line))
			used = sizeof(line) - 1;
	}
	if (used > indent)
		result(call, "%s", line);
}

/* --- Who gets in ------------------------------------------------------- */

static const struct {
	const char	*head1, *head2;
	enum access_way	 way;
} columns[] = {
	{ "right", "code", WAY_RIGHT },
	{ "wrong", "code", WAY_WRONG },
	{ "no", "code", WAY_CANCEL },
	{ "no", "service", WAY_DOWN },
	{ "only a", "code", WAY_CODE },
	{ "", "neither", WAY_NOTHING },
	{ "not", "enrolled", WAY_NEW },
};
#define COUNT (sizeof(columns) / sizeof(columns[0]))

static const char *
state_word(enum access_state state)
{
	switch (state) {
	case ACCESS_NO:
		return "-";
	case ACCESS_SOME:
		return "some";
	case ACCESS_YES:
		break;
	}
	return "in";
}

static void
head(const struct call *call)
{
	char line[COLUMNS * 2];
	size_t i, used;

	used = (size_t)snprintf(line, sizeof(line), "  %-18s", "");
	for (i = 0; i < COUNT; i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used,
		    i + 1 < COUNT ? "%-8s" : "%s", columns[i].head1);
	result(call, "%s", line);
	used = (size_t)snprintf(line, sizeof(line), "  %-18s", "");
	for (i = 0; i < COUNT; i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used,
		    i + 1 < COUNT ? "%-8s" : "%s", columns[i].head2);
	result(call, "%s", line);
}

static void
row(const struct call *call, const struct world *w,
    const struct surveyed *one)
{
	const char *closed = judge_closed(w, one);
	char line[COLUMNS * 2], name[18];
	size_t i, used;

	terminal_clean(one->service->name, name, sizeof(name));
	used = (size_t)snprintf(line, sizeof(line), "  %-17s ", name);
	if (closed != NULL) {
		result(call, "%s%s", line, closed);
		return;
	}
	for (i = 0; i < COUNT; i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used,
		    i + 1 < COUNT ? "%-8s" : "%s",
		    state_word(one->access.in[columns[i].way]));
	result(call, "%s", line);
}

void
report_access(const struct call *call, const struct world *w,
    const struct survey *v, bool plan)
{
	const struct surveyed *one;
	size_t i;

	result(call, plan ? "Who would get in, with the password and" :
	    "Who gets in, with the password and");
	head(call);
	for (i = 0; i < v->count; i++)
		if (!v->all[i].part && v->all[i].kind != SERVICE_NO_DOOR)
			row(call, w, &v->all[i]);
	one = survey_find(v, "sshd");
	if (one != NULL && one->asks && judge_sshd_asks_key(w))
		result(call, "  sshd asks for a key before all this.");
	result(call, "  \"only a code\" and \"neither\" are with a wrong "
	    "password; \"some\": it depends.\n");
}

/* --- Findings ---------------------------------------------------------- */

/* "PROBLEM pam-open  /etc/pam.d/su, /etc/pam.d/sudo" */
static void
places(const struct call *call, const struct finding_row *r,
    const char *const at[], size_t count)
{
	char head[COLUMNS], *list;
	size_t i, size = 1;
	FILE *out;

	snprintf(head, sizeof(head), "%s %s  ", r->note ? "note   " :
	    "PROBLEM", r->name);
	out = open_memstream(&list, &size);
	for (i = 0; out != NULL && i < count && strcmp(at[i], "-") != 0; i++)
		fprintf(out, "%s%s", i > 0 ? ", " : "", at[i]);
	if (out == NULL || fclose(out) != 0)
		return;
	if (*list != '\0')
		paragraph(call, head, list);
	else
		result(call, "%s %s", r->note ? "note   " : "PROBLEM",
		    r->name);
	free(list);
}

/* Once for all places of which the same is to be said. */
static void
one_finding(const struct call *call, const struct findings *all, size_t i)
{
	const struct finding_row *r = finding_row(all->all[i].id);
	const char *at[FINDINGS_MAX];
	char text[FINDING_TEXT_MAX];
	struct finding one, *f = &one;
	size_t count = finding_gather(all, i, f, at);

	if (count == 0)
		return;
	places(call, r, at, count);
	finding_text(f, r->what, text);
	paragraph(call, "  ", text);
	finding_text(f, finding_next(all, r), text);
	if (text[0] != '\0')
		paragraph(call, "  Next: ", text);
}

void
report_findings(const struct call *call, const struct findings *f)
{
	size_t i;
	int note;

	for (note = 0; note < 2; note++)
		for (i = 0; i < f->count; i++)
			if (finding_row(f->all[i].id)->note == (note == 1))
				one_finding(call, f, i);
	if (f->dropped > 0)
		result(call, "... and %zu more.", f->dropped);
}

void
report_end(const struct call *call, const struct world *w,
    const struct findings *f)
{
	size_t i;

	if (f->count > 0)
		result(call, "%s", "");
	for (i = 0; i < w->unseen_count; i++)
		paragraph(call, i == 0 ? "Not seen: " : "          ",
		    w->unseen[i]);
	if (w->unseen_count > 0 && call->host->uid != 0)
		result(call, "Root sees more: sudo stepup doctor");
	if (f->problems > 0)
		result(call, "%zu problem%s.", f->problems + f->dropped,
		    f->problems + f->dropped == 1 ? "" : "s");
	else
		result(call, w->unseen_count > 0 ?
		    "No problem in what could be seen." : "No problem.");
}
