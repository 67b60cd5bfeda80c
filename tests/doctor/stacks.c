/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/doctor/pamtext.h"
#include "tests/doctor/stacks.h"

#define FILES	6	/* taken in, each by those before it alone */

struct maker {
	uint64_t	 state;
	const char	*folder, *module;
	FILE		*out;
	unsigned	 file;		/* FILES: the service or other */
};

/* splitmix64 */
static unsigned
draw(struct maker *m, unsigned below)
{
	uint64_t z = m->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (unsigned)((z ^ (z >> 31)) % below);
}

static const char *
pick(struct maker *m, const char *const *words, unsigned count)
{
	return words[draw(m, count)];
}
#define PICK(m, words) pick(m, words, sizeof(words) / sizeof(words[0]))

static void
put_gap(struct maker *m)
{
	static const char *const gaps[] = { " ", "\t", "  ", " \t ",
	    "\\\n", " \\\n  ", " \\  \n\t" };

	fputs(draw(m, 4) != 0 ? " " : PICK(m, gaps), m->out);
}

static void
put_action(struct maker *m)
{
	static const char *const actions[] = { "ignore", "ok", "done", "bad",
	    "die", "reset" };
	static const char *const broken[] = { "0", "okay", "", "-1", "DIE",
	    "=", "1x" };

	if (draw(m, 60) == 0)
		fputs(PICK(m, broken), m->out);
	else if (draw(m, 3) == 0)
		fprintf(m->out, "%u", 1 + draw(m, 4));
	else
		fputs(PICK(m, actions), m->out);
}

static void
put_bracket(struct maker *m)
{
	static const char *const common[] = { "success", "default", "ignore",
	    "auth_err", "perm_denied", "new_authtok_reqd", "user_unknown",
	    "module_unknown" };
	static const char *const broken[] = { "Success", "nothing", "suc",
	    "]", "\\]", "default" };
	unsigned i, n = 1 + draw(m, 4), code;

	fputc('[', m->out);
	for (i = 0; i < n; i++) {
		if (draw(m, 80) == 0)
			fputs(PICK(m, broken), m->out);
		else if (draw(m, 3) != 0)
			fputs(PICK(m, common), m->out);
		else {
			code = draw(m, PAMTEXT_CODES - 1);
			fputs(pamtext_code((int)code), m->out);
		}
		fputs(draw(m, 8) == 0 ? " = " : "=", m->out);
		put_action(m);
		if (i + 1 < n || draw(m, 6) == 0)
			fputs(draw(m, 30) == 0 ? "" : " ", m->out);
	}
	fputs(draw(m, 150) == 0 ? "" : "]", m->out);
}

static void
put_control(struct maker *m)
{
	static const char *const words[] = { "required", "requisite",
	    "sufficient", "optional", "Required", "SUFFICIENT" };
	static const char *const broken[] = { "binding", "must", "required,",
	    "sufficent", "ok" };

	if (draw(m, 60) == 0)
		fputs(PICK(m, broken), m->out);
	else if (draw(m, 2) == 0)
		put_bracket(m);
	else
		fputs(PICK(m, words), m->out);
}

static void
put_type(struct maker *m)
{
	static const char *const odd[] = { "AUTH", "Auth", "session",
	    "password", "-session", "autth", "-", "[auth]" };

	if (draw(m, 12) == 0)
		fputs("-", m->out);
	if (draw(m, 25) == 0)
		fputs(PICK(m, odd), m->out);
	else
		fputs(draw(m, 5) == 0 ? "account" : "auth", m->out);
}

/* What a module answers: often one of four, seldom none that exists. */
static int
answer(struct maker *m)
{
	static const int often[] = { 0, 0, 0, 7, 25, 10, 6 };

	if (draw(m, 4) != 0)
		return often[draw(m, 7)];
	if (draw(m, 20) == 0)
		return draw(m, 2) == 0 ? -1 : PAMTEXT_CODES + 3;
	return (int)draw(m, PAMTEXT_CODES - 1);	/* but PAM_INCOMPLETE */
}

static void
put_module(struct maker *m)
{
	if (draw(m, 80) == 0)
		return;
	put_gap(m);
	if (draw(m, 25) == 0)
		fprintf(m->out, "%s/missing.so", m->folder);
	else
		fputs(m->module, m->out);
	put_gap(m);
	fprintf(m->out, "auth=%d", answer(m));
	put_gap(m);
	fprintf(m->out, "cred=%d acct=%d", answer(m), answer(m));
}

/* The next files down; 0: the last one takes nothing in. */
static unsigned
deeper(struct maker *m)
{
	unsigned first = m->file == FILES ? 0 : m->file + 1;

	return first < FILES ? first + draw(m, FILES - first) : FILES;
}

static void
put_include(struct maker *m)
{
	unsigned to = deeper(m);

	/* Debian's libpam has no actions for a failed one of a type. */
	if (m->file == FILES && draw(m, 3) == 0)
		fputs("@include", m->out);
	else {
		fputs(draw(m, 4) == 0 ? "account" : "auth", m->out);
		put_gap(m);
		fputs(draw(m, 2) == 0 ? "include" : "substack", m->out);
	}
	put_gap(m);
	if (draw(m, 40) == 0)
		fprintf(m->out, "%s/missing", m->folder);
	else
		fprintf(m->out, "%s/part%u", m->folder, to);
}

static void
put_line(struct maker *m)
{
	static const char *const empty[] = { "\n", "# auth required x\n",
	    "   \t\n", "#\\\n", "  # x \\\n" };
	static const char *const tails[] = { " # remark", "# remark \\", " ",
	    "\t" };
	unsigned i;

	if (draw(m, 10) == 0) {
		fputs(PICK(m, empty), m->out);
		return;
	}
	if (draw(m, 6) == 0 && deeper(m) < FILES)
		put_include(m);
	else {
		put_type(m);
		if (draw(m, 120) != 0) {
			put_gap(m);
			put_control(m);
			put_module(m);
		}
	}
	if (draw(m, 200) == 0)
		for (i = 0; i < 600; i++)
			fputs(" x", m->out);
	if (draw(m, 10) == 0)
		fputs(PICK(m, tails), m->out);
	fputc('\n', m->out);
}

static void
make_file(struct maker *m, const char *name, unsigned file)
{
	char path[PATH_MAX];
	unsigned i, n;

	snprintf(path, sizeof(path), "%s/%s", m->folder, name);
	/* Some file systems flush a file that is cut to nothing. */
	(void)unlink(path);
	m->out = fopen(path, "we");
	if (m->out == NULL)
		abort();
	m->file = file;
	n = draw(m, 8) + (file == FILES);
	for (i = 0; i < n; i++)
		put_line(m);
	if (draw(m, 150) == 0)
		fputs("auth required \\\n", m->out);
	else if (draw(m, 10) == 0)
		fprintf(m->out, "auth required %s auth=0", m->module);
	if (fclose(m->out) != 0)
		abort();
}

void
stacks_make(const char *folder, const char *module, uint64_t seed)
{
	struct maker m = { .state = seed * 7919 + 1, .folder = folder,
	    .module = module };
	char name[16], path[PATH_MAX];
	unsigned i;

	make_file(&m, "case", FILES);
	for (i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "part%u", i);
		make_file(&m, name, i);
	}
	snprintf(path, sizeof(path), "%s/other", folder);
	unlink(path);
	if (draw(&m, 10) != 0)
		make_file(&m, "other", FILES);
	snprintf(path, sizeof(path), "%s/case", folder);
	if (draw(&m, 50) == 0)
		unlink(path);
}
