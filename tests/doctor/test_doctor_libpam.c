/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor's reading of PAM files against the libpam that is installed: a
 * thousand stacks, each run by both; both must say the same.
 */
#include "tests/unit/unit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <security/pam_appl.h>

#include "cli/doctor/pamrun.h"
#include "tests/doctor/stacks.h"

#define SEEDS	1000

/*
 * libpam 1.5 frees nothing of a stack whose parsing it gave up, and a third
 * of these are broken.  The module's tests have no such line.
 */
__attribute__((visibility("default"))) const char *
__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libpam.so\n";
}

struct answers {
	int	auth, cred, acct;
};

static char folder[PATH_MAX], module[PATH_MAX];

static int
converse(int n, const struct pam_message **m, struct pam_response **r, void *p)
{
	(void)n;
	(void)m;
	(void)r;
	(void)p;
	return PAM_CONV_ERR;
}

static void
ask_libpam(struct answers *out)
{
	const struct pam_conv conv = { converse, NULL };
	pam_handle_t *pamh = NULL;

	out->auth = out->cred = out->acct = pam_start_confdir("case", "nobody",
	    &conv, folder, &pamh);
	if (out->auth != PAM_SUCCESS)
		return;
	out->auth = pam_authenticate(pamh, PAM_SILENT);
	out->cred = pam_setcred(pamh, PAM_SILENT);
	out->acct = pam_acct_mgmt(pamh, PAM_SILENT);
	pam_end(pamh, PAM_SUCCESS);
}

/* What pam_say.so answers to one of its keys. */
static int
said(void *key, const struct pamline *l, size_t i)
{
	char arguments[PAMTEXT_LINE_MAX], *rest = NULL, *word;
	size_t len = strlen(key);

	(void)i;
	if (strcmp(l->module, module) != 0)
		return PAM_MODULE_UNKNOWN;
	if (l->arguments != NULL) {
		snprintf(arguments, sizeof(arguments), "%s", l->arguments);
		rest = arguments;
	}
	while ((word = pamtext_token(&rest)) != NULL)
		if (strncmp(word, key, len) == 0)
			return (int)strtol(word + len, NULL, 10);
	return PAM_SUCCESS;
}

static void
ask_doctor(struct answers *out)
{
	static struct pamrun auth, acct;
	static char auth_key[] = "auth=", cred_key[] = "cred=",
	    acct_key[] = "acct=";
	const struct pamhost host = { .root = "", .confdir = folder };
	const struct pamstack *stack;
	struct pamservice *s = pamservice_read(&host, "case");

	assert_non_null(s);
	if (s->abort)
		out->auth = out->cred = out->acct = PAM_ABORT;
	else {
		stack = pamservice_stack(s, PAMTYPE_AUTH);
		out->auth = pamrun(stack, said, auth_key, &auth);
		out->cred = pamrun_setcred(&host, stack, said, cred_key,
		    &auth);
		out->acct = pamrun(pamservice_stack(s, PAMTYPE_ACCOUNT), said,
		    acct_key, &acct);
	}
	pamservice_free(s);
}

static void
doctor_says_what_libpam_says(void **state)
{
	struct answers theirs, ours;
	unsigned seed, granted = 0, aborted = 0;

	(void)state;
	for (seed = 1; seed <= SEEDS; seed++) {
		stacks_make(folder, module, seed);
		ask_libpam(&theirs);
		ask_doctor(&ours);
		if (memcmp(&theirs, &ours, sizeof(ours)) != 0)
			fail_msg("seed %u: libpam auth %d cred %d acct %d, "
			    "doctor %d %d %d; files in %s", seed, theirs.auth,
			    theirs.cred, theirs.acct, ours.auth, ours.cred,
			    ours.acct, folder);
		granted += ours.auth == PAM_SUCCESS;
		aborted += ours.auth == PAM_ABORT;
	}
	printf("# %d stacks, %u let in, %u not read\n", SEEDS, granted,
	    aborted);
	/* The stacks are worth something: some let in, most are read. */
	assert_in_range(granted, SEEDS / 20, SEEDS / 2);
	assert_in_range(aborted, 1, SEEDS / 5);
}

static int
prepare(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "%s/tests/doctor/stacks.XXXXXX",
	    TEST_BUILDDIR);
	snprintf(module, sizeof(module), "%s/tests/doctor/.libs/pam_say.so",
	    TEST_BUILDDIR);
	return mkdtemp(folder) == NULL;
}

static int
clean(void **state)
{
	static const char *const names[] = { "case", "other", "part0",
	    "part1", "part2", "part3", "part4", "part5" };
	char path[PATH_MAX + 16];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doctor_says_what_libpam_says),
	};

	return cmocka_run_group_tests(tests, prepare, clean);
}
