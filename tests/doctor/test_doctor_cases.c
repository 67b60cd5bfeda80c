/* SPDX-License-Identifier: BSD-2-Clause */
/* Every folder of tests/doctor/cases, a test each. */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/doctor/case.h"

#define CASES	TEST_SRCDIR "/doctor/cases"
#define CASES_MAX 512

static void
doctor_case(void **state)
{
	static struct doctor_case c;
	static struct findings f;
	char folder[PATH_MAX];
	bool as_expected;
	int status;

	memset(&f, 0, sizeof(f));
	snprintf(folder, sizeof(folder), CASES "/%s", (char *)*state);
	case_open(&c, folder);
	status = case_run(&c, &f);
	as_expected = case_expect(&c, &f, status);
	case_close(&c);
	assert_true(as_expected);
}

static int
by_name(const void *a, const void *b)
{
	const struct CMUnitTest *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int
main(void)
{
	static struct CMUnitTest tests[CASES_MAX];
	struct dirent *e;
	size_t n = 0;
	DIR *dir = opendir(CASES);

	while (dir != NULL && n < CASES_MAX && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		tests[n].name = strdup(e->d_name);
		tests[n].test_func = doctor_case;
		tests[n].initial_state = strdup(e->d_name);
		n++;
	}
	if (n < 2) {
		puts("not ok doctor_cases: none in " CASES);
		return 1;
	}
	closedir(dir);
	qsort(tests, n, sizeof(tests[0]), by_name);
	return _cmocka_run_group_tests("doctor", tests, n, NULL, NULL);
}
