/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * docs/doctor.md: what doctor says of every case, as one table.  Without an
 * argument a test: the file that is there is what would be written; with
 * `--print` it is written to the standard output (write-table).
 */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor/judge.h"
#include "tests/doctor/case.h"

#define CASES	TEST_SRCDIR "/doctor/cases"
#define PAGE	TEST_SRCDIR "/../docs/doctor.md"
#define PAGE_MAX (512 * 1024)

static struct doctor_case c;
static struct findings f;

/* --- Cells ------------------------------------------------------------- */

/* A bar would end the cell. */
static void
cell(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		fprintf(out, *text == '|' ? "\\|" : "%c", *text);
}

/* The one line of `about`. */
static void
about(FILE *out, const char *name)
{
	const struct pamhost here = { .root = c.folder };
	size_t len;
	char *text = pamhost_read(&here, "/about", 512, &len);

	if (text == NULL)
		fail_msg("%s: no about", c.folder);
	text[strcspn(text, "\n")] = '\0';
	cell(out, text);
	fprintf(out, " ([%s](../tests/doctor/cases/%s))", name, name);
	free(text);
}

/* As report.c says them, each once for all its places. */
static void
findings(FILE *out, bool note)
{
	const char *at[FINDINGS_MAX];
	const struct finding_row *r;
	char text[FINDING_TEXT_MAX];
	struct finding one;
	bool said = false;
	size_t i, j, n;

	for (i = 0; i < f.count; i++) {
		r = finding_row(f.all[i].id);
		if (r->note != note)
			continue;
		n = finding_gather(&f, i, &one, at);
		if (n == 0)
			continue;
		fprintf(out, "%s**%s**", said ? "<br>" : "", r->name);
		for (j = 0; j < n; j++)
			if (strcmp(at[j], "-") != 0)
				fprintf(out, " `%s`", at[j]);
		fputs(": ", out);
		finding_text(&one, r->what, text);
		cell(out, text);
		finding_text(&one, finding_next(&f, r), text);
		if (c.world.no_systemd)
			assert_null(strstr(text, "ctl"));
		if (text[0] != '\0') {
			fputs(" *Next:* ", out);
			cell(out, text);
		}
		said = true;
	}
}

/* --- Who gets in ------------------------------------------------------- */

static const char *
words(const struct surveyed *one)
{
	const enum access_state *in = one->access.in;

	const char *closed = judge_closed(&c.world, one);

	if (closed != NULL)
		return strncmp(closed, "nobody", 6) == 0 ? "nobody" : closed;
	if (in[WAY_RIGHT] == ACCESS_NO)
		return "nobody";
	if (in[WAY_NOTHING] != ACCESS_NO)
		return in[WAY_NOTHING] == ACCESS_SOME ? "some with nothing" :
		    "anybody";
	if (in[WAY_CODE] != ACCESS_NO)
		return in[WAY_WRONG] != ACCESS_NO ?
		    "the password alone, the code alone" : "the code alone";
	if (in[WAY_CANCEL] != ACCESS_NO && in[WAY_WRONG] == ACCESS_NO)
		return "the password and Ctrl-C";
	if (in[WAY_WRONG] != ACCESS_NO)
		return in[WAY_CANCEL] == ACCESS_NO ?
		    "the password and wrong codes" :
		    in[WAY_WRONG] == ACCESS_SOME ?
		    "for some the password alone" : "the password alone";
	if (in[WAY_DOWN] != ACCESS_NO)
		return "the password while the service is down";
	if (in[WAY_NEW] != ACCESS_NO)
		return "password and code; who has none, the password";
	return in[WAY_RIGHT] == ACCESS_SOME ? "some, with password and code" :
	    NULL;
}

static bool
is_door(const struct surveyed *one)
{
	return !one->part && one->kind != SERVICE_NO_DOOR &&
	    (one->kind != SERVICE_UNKNOWN && one->kind != SERVICE_NO_PROMPT &&
	    one->kind != SERVICE_LOCKER);
}

/* "sshd, su: the password alone": what is not as it should be. */
static void
doors(FILE *out)
{
	const struct survey *v = c.survey;
	const char *what;
	size_t i, j;
	bool said = false;

	for (i = 0; v != NULL && i < v->count; i++) {
		what = is_door(&v->all[i]) ? words(&v->all[i]) : NULL;
		for (j = 0; what != NULL && j < i; j++)
			if (is_door(&v->all[j]) && words(&v->all[j]) == what)
				what = NULL;
		if (what == NULL)
			continue;
		fprintf(out, "%s%s", said ? "<br>" : "",
		    v->all[i].service->name);
		for (j = i + 1; j < v->count; j++)
			if (is_door(&v->all[j]) && words(&v->all[j]) == what)
				fprintf(out, ", %s",
				    v->all[j].service->name);
		fprintf(out, ": %s", what);
		said = true;
	}
}

/* --- The page ---------------------------------------------------------- */

static void
row(FILE *out, const char *name, bool broken)
{
	char folder[PATH_MAX];

	memset(&f, 0, sizeof(f));
	snprintf(folder, sizeof(folder), CASES "/%s", name);
	case_open(&c, folder);
	(void)case_run(&c, &f);
	if (broken == (f.problems > 0)) {
		fputs("| ", out);
		about(out, name);
		fputs(" | ", out);
		findings(out, !broken);
		if (broken) {
			fputs(" | ", out);
			doors(out);
		}
		fputs(" |\n", out);
	}
	case_close(&c);
}

static int
visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static char *
page(void)
{
	struct dirent **all = NULL;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int i, n = scandir(CASES, &all, visible, alphasort);

	assert_non_null(out);
	assert_true(n > 2);
	fputs("# What `stepup doctor` says\n\n"
	    "Each row is a host of `tests/doctor/cases`: its files, what "
	    "`sshd -T` says there,\nand what else doctor sees. `make check` "
	    "runs doctor on every one, and holds this\npage against what it "
	    "said; `tests/doctor/write-table` writes it anew. Where the\n"
	    "configuration comes from stands in `expect`.\n\n"
	    "## Broken\n\n"
	    "Who gets in: doors that open otherwise than with password and "
	    "code.\n\n"
	    "| configuration | doctor | who gets in |\n"
	    "| --- | --- | --- |\n", out);
	for (i = 0; i < n; i++)
		row(out, all[i]->d_name, true);
	fputs("\n## Sound\n\n| configuration | notes |\n| --- | --- |\n",
	    out);
	for (i = 0; i < n; i++) {
		row(out, all[i]->d_name, false);
		free(all[i]);
	}
	free(all);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
doctor_table(void **state)
{
	const struct pamhost here = { .root = "" };
	char *wanted = page(), *is;
	size_t len, i, line = 1;

	(void)state;
	is = pamhost_read(&here, PAGE, PAGE_MAX, &len);
	if (is == NULL)
		fail_msg("%s cannot be read", PAGE);
	for (i = 0; is[i] == wanted[i] && is[i] != '\0'; i++)
		line += is[i] == '\n';
	if (is[i] != wanted[i])
		fail_msg("docs/doctor.md:%zu is not what doctor says; "
		    "Next: tests/doctor/write-table", line);
	free(is);
	free(wanted);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doctor_table),
	};
	char *text;

	if (argc == 2 && strcmp(argv[1], "--print") == 0) {
		text = page();
		fputs(text, stdout);
		free(text);
		return fflush(stdout) != 0;
	}
	return cmocka_run_group_tests_name("doctor_table", tests, NULL, NULL);
}
