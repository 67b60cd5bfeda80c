/* SPDX-License-Identifier: BSD-2-Clause */
/* PAM files with bad input: every limit, and what is said about it. */
#include "tests/unit/unit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <security/_pam_types.h>

#include "cli/doctor/pamstack.h"

static char root[64];

static void
path_of(const char *path, char buf[PATH_MAX])
{
	const struct pamhost host = { .root = root };

	assert_true(pamhost_path(&host, path, buf));
}

static void
put_bytes(const char *path, const char *data, size_t len)
{
	char full[PATH_MAX];
	FILE *f;

	path_of(path, full);
	f = fopen(full, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void
put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

static void
gone(const char *path)
{
	char full[PATH_MAX];

	path_of(path, full);
	(void)unlink(full);
	(void)rmdir(full);
}

static struct pamservice *
reads(const char *name, bool upstream)
{
	const struct pamhost host = { .root = root, .upstream = upstream };
	struct pamservice *s = pamservice_read(&host, name);

	assert_non_null(s);
	return s;
}

/* The service `s` with this text: one problem of this kind on this line. */
static void
one_problem(const char *text, enum pamproblem_kind kind, unsigned line,
    const char *what)
{
	struct pamservice *s;

	put("/etc/pam.d/s", text);
	s = reads("s", false);
	if (s->problem_count != 1)
		fail_msg("%zu problems in: %s", s->problem_count, text);
	assert_int_equal(s->problems[0].kind, kind);
	assert_int_equal(s->problems[0].line, line);
	assert_string_equal(s->problems[0].file, "/etc/pam.d/s");
	if (strstr(s->problems[0].text, what) == NULL)
		fail_msg("%s: not %s", s->problems[0].text, what);
	pamservice_free(s);
}

static void
pamstack_syntax(void **state)
{
	(void)state;
	one_problem("auth required pam_unix.so\nauht required x.so\n",
	    PAMPROBLEM_SYNTAX, 2, "not a type: auht");
	one_problem("auth\n", PAMPROBLEM_SYNTAX, 1, "no control word");
	one_problem("\n#\nauth required\n", PAMPROBLEM_SYNTAX, 3,
	    "no module is named");
	one_problem("auth [success=0] x.so\n", PAMPROBLEM_SYNTAX, 1,
	    "a jump over 0 lines");
	one_problem("auth [success=] x.so\n", PAMPROBLEM_SYNTAX, 1,
	    "an action is missing");
	one_problem("auth [success=end default=ignore] x.so\n",
	    PAMPROBLEM_SYNTAX, 1, "an action is missing");
	one_problem("auth [success] x.so\n", PAMPROBLEM_SYNTAX, 1,
	    "not a return value");
	one_problem("auth [success 1] x.so\n", PAMPROBLEM_SYNTAX, 1,
	    "an = is missing");
	one_problem("auth [succes=1] x.so\n", PAMPROBLEM_SYNTAX, 1,
	    "not a return value");
	one_problem("auth [success=99999999999999999999] x.so\n",
	    PAMPROBLEM_SYNTAX, 1, "a jump that is too far");
	one_problem("auth binding x.so\n", PAMPROBLEM_SYNTAX, 1,
	    "not a return value: binding");
	one_problem("auth required x.so \\\n", PAMPROBLEM_SYNTAX, 1,
	    "the file ends inside a line");
	one_problem("auth required .so\n", PAMPROBLEM_SYNTAX, 1,
	    "not a module's name");
	one_problem("@include\n", PAMPROBLEM_SYNTAX, 1, "no file is named");
	one_problem("@include nothing\n", PAMPROBLEM_MISSING, 1, "nothing");
	one_problem("auth include nothing\n", PAMPROBLEM_MISSING, 1,
	    "not found");
	one_problem("auth include s\n", PAMPROBLEM_LOOP, 1, "too deep");
	one_problem("auth required x.so\nauth substack s\n", PAMPROBLEM_LOOP,
	    2, "too deep");
}

/* What is fine must not be complained about. */
static void
pamstack_fine(void **state)
{
	static const char *const fine[] = {
		"", "\n\n", "# auth [success=0\n", "#\\\nauth required x.so",
		"auth required x.so", "AUTH REQUIRED x.so\n",
		"auth [success=1 default=ignore]x.so\n",
		"auth\\\n required \\\n x.so # \\\n",
		"-auth [ success = ok ignore=ignore  default=die ] x.so a b\n",
		"auth [success=1default=ignore] x.so\n",
		"auth required x.so [a b] \\]\n",
	};
	struct pamservice *s;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(fine); i++) {
		put("/etc/pam.d/s", fine[i]);
		s = reads("S", false);
		if (s->problem_count != 0 || s->abort)
			fail_msg("%s: %s", fine[i], s->problems[0].text);
		pamservice_free(s);
	}
}

static void
pamstack_limits(void **state)
{
	static char big[PAMSTACK_FILE_MAX + 2];
	const char line[] = "auth required pam_x.so\n";
	size_t i, n = sizeof(line) - 1;

	(void)state;
	/* Longer than libpam's buffer: two lines, the second is none. */
	memset(big, 'x', 1200);
	memcpy(big, line, n - 1);
	big[n - 1] = ' ';
	memcpy(big + 1200, "\n", 2);
	one_problem(big, PAMPROBLEM_SYNTAX, 1, "too long");
	memset(big, ' ', 2000);
	memcpy(big + 2000, "\n", 2);
	put("/etc/pam.d/s", big);
	pamservice_free(reads("s", false));
	/* A continuation that fills it up to the last byte. */
	memset(big, 'x', 1022);
	memcpy(big, line, n - 1);
	big[n - 1] = ' ';
	memcpy(big + 1022, "\\\nauth required y.so\n", 22);
	one_problem(big, PAMPROBLEM_SYNTAX, 1, "the file ends inside a line");
	for (i = 0; i * n < sizeof(big) - n; i++)
		memcpy(big + i * n, line, n);
	big[i * n] = '\0';
	one_problem(big, PAMPROBLEM_LIMIT, PAMSTACK_LINES_MAX + 1,
	    "too many lines");
	memset(big, '#', sizeof(big));
	put_bytes("/etc/pam.d/s", big, sizeof(big) - 1);
	one_problem("@include /etc/pam.d/t\n", PAMPROBLEM_MISSING, 1, "/t");
}

static void
pamstack_hostile(void **state)
{
	static const char junk[] = "auth\0 required\0\nauth required\xff\x01\n"
	    "[[[[\n]]]]\n\\\n[\n-\n--auth\n= = =\n@\n";
	const struct pamhost host = { .root = root };
	char name[PAMSTACK_NAME_MAX + 2], full[PATH_MAX];
	struct pamservice *s;

	(void)state;
	put_bytes("/etc/pam.d/s", junk, sizeof(junk) - 1);
	s = reads("s", false);
	assert_true(s->problem_count > 4);
	pamservice_free(s);
	assert_null(pamservice_read(&host, ""));
	assert_null(pamservice_read(&host, "../shadow"));
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_null(pamservice_read(&host, name));
	/* A FIFO does not hang, a folder is no file. */
	gone("/etc/pam.d/s");
	path_of("/etc/pam.d/s", full);
	assert_int_equal(mkfifo(full, 0600), 0);
	s = reads("s", false);
	assert_true(s->abort);
	assert_int_equal(s->problems[0].kind, PAMPROBLEM_LIMIT);
	pamservice_free(s);
	gone("/etc/pam.d/s");
	assert_int_equal(mkdir(full, 0700), 0);
	s = reads("s", false);
	assert_true(s->abort);
	pamservice_free(s);
	gone("/etc/pam.d/s");
}

/* Where files are looked for, on Debian and elsewhere. */
static void
pamstack_places(void **state)
{
	struct pamservice *s;

	(void)state;
	gone("/etc/pam.d/s");
	put("/usr/lib/pam.d/s", "auth include part\n");
	put("/usr/lib/pam.d/part", "auth required pam_x.so\n");
	s = reads("s", true);
	assert_int_equal(s->problem_count, 0);
	assert_int_equal(pamservice_stack(s, PAMTYPE_AUTH)->count, 1);
	assert_string_equal(s->file, "/usr/lib/pam.d/s");
	pamservice_free(s);
	s = reads("s", false);
	assert_int_equal(s->problem_count, 1);
	assert_int_equal(s->problems[0].kind, PAMPROBLEM_MISSING);
	pamservice_free(s);
	put("/etc/pam.d/s", "account required pam_y.so\n");
	put("/etc/pam.d/other", "auth required pam_z.so\n");
	s = reads("s", false);
	assert_string_equal(s->file, "/etc/pam.d/s");
	assert_string_equal(pamservice_stack(s, PAMTYPE_AUTH)->lines[0].module,
	    "pam_z.so");
	assert_string_equal(pamservice_stack(s, PAMTYPE_ACCOUNT)->lines[0]
	    .module, "pam_y.so");
	pamservice_free(s);
	s = reads("nothing", false);
	assert_null(s->file);
	assert_false(s->abort);
	pamservice_free(s);
	gone("/etc/pam.d/other");
	s = reads("nothing", false);
	assert_true(s->abort);
	pamservice_free(s);
	/* @include is Debian's. */
	put("/etc/pam.d/s", "@include other\n");
	s = reads("s", true);
	assert_int_equal(s->problem_count, 1);
	pamservice_free(s);
}

static void
pamstack_conf(void **state)
{
	static const char conf[] = "S auth required pam_x.so\n"
	    "t auth nonsense\nOTHER account required pam_y.so\n";
	char etc[PATH_MAX], lib[PATH_MAX], away[PATH_MAX + 8];
	char off[PATH_MAX + 8];
	struct pamservice *s;

	(void)state;
	put("/etc/pam.conf", conf);
	s = reads("s", false);
	assert_string_equal(s->file, "/etc/pam.d/s");
	pamservice_free(s);
	path_of("/etc/pam.d", etc);
	path_of("/usr/lib/pam.d", lib);
	snprintf(away, sizeof(away), "%s.off", etc);
	snprintf(off, sizeof(off), "%s.off", lib);
	assert_int_equal(rename(etc, away), 0);
	assert_int_equal(rename(lib, off), 0);
	s = reads("s", false);
	assert_int_equal(s->problem_count, 0);
	assert_string_equal(s->file, "/etc/pam.conf");
	assert_int_equal(pamservice_stack(s, PAMTYPE_AUTH)->count, 1);
	assert_int_equal(pamservice_stack(s, PAMTYPE_ACCOUNT)->lines[0].line,
	    3);
	pamservice_free(s);
	assert_int_equal(rename(away, etc), 0);
	assert_int_equal(rename(off, lib), 0);
}

static int
prepare(void **state)
{
	static const char *const folders[] = { "/etc", "/etc/pam.d", "/usr",
	    "/usr/lib", "/usr/lib/pam.d" };
	char full[PATH_MAX];
	size_t i;

	(void)state;
	strcpy(root, "/tmp/test_pamstack.XXXXXX");
	if (mkdtemp(root) == NULL)
		return -1;
	for (i = 0; i < COUNT(folders); i++) {
		path_of(folders[i], full);
		if (mkdir(full, 0700) == -1)
			return -1;
	}
	return 0;
}

static int
clean(void **state)
{
	static const char *const all[] = { "/etc/pam.d/s", "/etc/pam.d/t",
	    "/etc/pam.d/other", "/etc/pam.conf", "/usr/lib/pam.d/s",
	    "/usr/lib/pam.d/part", "/etc/pam.d", "/etc", "/usr/lib/pam.d",
	    "/usr/lib", "/usr" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(all); i++)
		gone(all[i]);
	return rmdir(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pamstack_syntax),
		cmocka_unit_test(pamstack_fine),
		cmocka_unit_test(pamstack_limits),
		cmocka_unit_test(pamstack_hostile),
		cmocka_unit_test(pamstack_places),
		cmocka_unit_test(pamstack_conf),
	};

	return cmocka_run_group_tests(tests, prepare, clean);
}
