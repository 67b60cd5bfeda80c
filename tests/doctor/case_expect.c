/* SPDX-License-Identifier: BSD-2-Clause */
/* What a case expects, held against what doctor said. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/doctor/case.h"

static const struct findings *found;
static bool met[FINDINGS_MAX], unmet, sound;
static int expected;

/* FILE fits FILE:LINE, too. */
static bool
fits(const struct finding *f, const char *id, const char *where)
{
	size_t n = strlen(where);

	return strcmp(finding_row(f->id)->name, id) == 0 &&
	    strncmp(f->where, where, n) == 0 && (f->where[n] == '\0' ||
	    (f->where[n] == ':' && strspn(f->where + n + 1, "0123456789") ==
	    strlen(f->where + n + 1)));
}

/* "right,~wrong": the ways that open a service, ~ for some people alone. */
static void
ways_open(const struct surveyed *one, char buf[128])
{
	static const char *const names[WAYS] = { "right", "wrong", "cancel",
	    "down", "code", "neither", "new", "new-neither" };
	size_t way, n = 0;

	buf[0] = '\0';
	for (way = 0; !one->service->abort && !one->shut && way < WAYS; way++)
		if (one->access.in[way] != ACCESS_NO)
			n += (size_t)snprintf(buf + n, 128 - n, "%s%s%s",
			    n > 0 ? "," : "", one->access.in[way] ==
			    ACCESS_SOME ? "~" : "", names[way]);
	if (n == 0)
		strcpy(buf, "nobody");
}

static void
expect_in(const struct doctor_case *c, const char *service, const char *ways)
{
	const struct surveyed *one = c->survey != NULL ?
	    survey_find(c->survey, service) : NULL;
	char open[128] = "no such service";

	if (one != NULL)
		ways_open(one, open);
	if (case_is(ways, open))
		return;
	unmet = true;
	printf("# %s: in %s %s, not %s\n", c->folder, service, open, ways);
}

static void
expect(struct doctor_case *c, char *const word[6])
{
	bool any = false;
	size_t i;

	if (case_is(word[0], "sound")) {
		sound = true;
		return;
	}
	if (case_is(word[0], "in")) {
		expect_in(c, word[1], word[2]);
		return;
	}
	if (word[1] == NULL)
		fail_msg("%s: expect: %s", c->folder, word[0]);
	if (case_is(word[0], "exit")) {
		expected = atoi(word[1]);
		return;
	}
	for (i = 0; i < found->count; i++) {
		if (case_is(word[0], "not")) {
			any |= strcmp(finding_row(found->all[i].id)->name,
			    word[1]) == 0;
		} else if (fits(&found->all[i], word[0], word[1]))
			met[i] = any = true;
	}
	if (any != case_is(word[0], "not"))
		return;
	unmet = true;
	printf("# %s: %s %s %s\n", c->folder, any ? "found" : "not found",
	    word[0], word[1]);
}

bool
case_expect(const struct doctor_case *c, const struct findings *f, int status)
{
	struct doctor_case copy = *c;
	size_t i;

	found = f;
	memset(met, 0, sizeof(met));
	unmet = sound = false;
	expected = -1;
	case_each_line(&copy, "expect", expect);
	if (expected == -1)
		expected = sound ? 0 : 1;
	for (i = 0; i < f->count; i++)
		if (!met[i] && !finding_row(f->all[i].id)->note) {
			unmet = true;
			printf("# %s: unexpected %s %s (%s) %s\n", c->folder,
			    finding_row(f->all[i].id)->name,
			    f->all[i].where, f->all[i].services,
			    f->all[i].detail);
		}
	if (status != expected) {
		unmet = true;
		printf("# %s: exit %d, not %d\n", c->folder, status,
		    expected);
	}
	return !unmet;
}
