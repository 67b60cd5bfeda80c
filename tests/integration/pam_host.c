/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_service.h"
#include "pam_system.h"
#include "tests/unit/unit.h"

#define SERVICE	"stepup-test"
#define MODULE	TEST_BUILDDIR "/pam/.libs/pam_stepup.so"
#define PROBE	TEST_BUILDDIR "/tests/integration/.libs/pam_probe.so"

struct host host;
char host_rundir[64];
bool *host_during;
bool host_talks;

/* Everything of a process that a module must leave as it was. */
struct traces {
	sigset_t		 mask;
	struct sigaction	 actions[NSIG];
	mode_t			 umask;
	char			 locale[64];
	char			 cwd[256];
	char			 fds[64][64];
};

static void
look_at_descriptors(struct traces *t)
{
	struct dirent *e;
	char path[64];
	DIR *d = opendir("/proc/self/fd");
	int fd, most = (int)sysconf(_SC_OPEN_MAX);
	ssize_t n;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		fd = atoi(e->d_name);
		if (e->d_name[0] == '.' || fd == dirfd(d))
			continue;
		/* A tool that watches keeps its own beyond the limit. */
		if (fd >= most)
			continue;
		assert_in_range(fd, 0, 63);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, t->fds[fd], sizeof(t->fds[fd]) - 1);
		assert_true(n > 0);
	}
	closedir(d);
}

static void
look(struct traces *t)
{
	int i;

	memset(t, 0, sizeof(*t));
	assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &t->mask), 0);
	for (i = 1; i < NSIG; i++)
		sigaction(i, NULL, &t->actions[i]);
	t->umask = umask(0);
	umask(t->umask);
	snprintf(t->locale, sizeof(t->locale), "%s", setlocale(LC_ALL, NULL));
	assert_non_null(getcwd(t->cwd, sizeof(t->cwd)));
	look_at_descriptors(t);
}

static void
compare(const struct traces *before)
{
	struct traces after;
	int i;

	look(&after);
	assert_memory_equal(&before->mask, &after.mask, sizeof(after.mask));
	for (i = 1; i < NSIG; i++)
		assert_true(before->actions[i].sa_handler ==
		    after.actions[i].sa_handler);
	assert_int_equal(before->umask, after.umask);
	assert_string_equal(before->locale, after.locale);
	assert_string_equal(before->cwd, after.cwd);
	for (i = 0; i < 64; i++)
		assert_string_equal(before->fds[i], after.fds[i]);
	/* No child at all, dead or alive, of any kind. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	assert_int_equal(errno, ECHILD);
}

static int
take(int n, const struct pam_message **messages,
    struct pam_response **responses)
{
	const char *answer;
	int style;

	assert_int_equal(n, 1);
	assert_true(host.said_count < HOST_LINES);
	style = messages[0]->msg_style;
	host.style[host.said_count] = style;
	snprintf(host.said[host.said_count++], HOST_TEXT, "%s",
	    messages[0]->msg);
	*responses = NULL;
	if (style == PAM_ERROR_MSG || style == PAM_TEXT_INFO) {
		*responses = calloc(1, sizeof(**responses));
		return PAM_SUCCESS;
	}
	assert_true(host.prompt_count < 8);
	answer = host.answers[host.prompt_count++];
	if (answer == NULL || answer == ANSWER_CONV_ERR)
		return PAM_CONV_ERR;
	if (answer == ANSWER_NO_ARRAY)
		return PAM_SUCCESS;
	*responses = calloc(1, sizeof(**responses));
	assert_non_null(*responses);
	if (answer != ANSWER_NO_TEXT)
		(*responses)->resp = system_answer(answer);
	return PAM_SUCCESS;
}

static int
talk(int n, const struct pam_message **messages,
    struct pam_response **responses, void *data)
{
	int rc;

	(void)data;
	host_talks = true;
	rc = take(n, messages, responses);
	host_talks = false;
	return rc;
}

static void
put_file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", host_rundir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/*
 * A stack that returns what the module returned: an IGNORE goes on to the
 * line that returns HOST_IGNORED, a success past it.
 */
static void
put_stack(const char *facility, const char *arguments)
{
	char text[4096], set[1024] = "", expect[600] = "", rundir[96] = "";
	char hex[512] = "";
	size_t i;

	if (host.password != NULL && strcmp(facility, "auth") == 0) {
		for (i = 0; host.password[i] != '\0'; i++)
			snprintf(hex + 2 * i, sizeof(hex) - 2 * i, "%02x",
			    (unsigned char)host.password[i]);
		snprintf(set, sizeof(set), "auth [success=ignore default=die] "
		    PROBE " set=%s\n", hex);
		snprintf(expect, sizeof(expect), " expect=%s", hex);
	}
	if (!host.plain)
		snprintf(rundir, sizeof(rundir), "rundir=%s", host_rundir);
	snprintf(text, sizeof(text), "%s"
	    "%s [success=1 ignore=ignore default=die] " MODULE " %s %s\n"
	    "%s [default=die] " PROBE " return=%d\n"
	    "%s required " PROBE "%s\n", set, facility, rundir, arguments,
	    facility, HOST_IGNORED, facility, expect);
	put_file(SERVICE, text);
	put_file("other", "auth required " PROBE " return=7\n");
}

static pam_handle_t *
start(void)
{
	static const struct pam_conv conv = { talk, NULL }, none;
	pam_handle_t *pamh;

	assert_int_equal(pam_start_confdir(SERVICE, host.user,
	    host.no_conversation ? &none : &conv, host_rundir, &pamh),
	    PAM_SUCCESS);
	if (host.rhost != NULL)
		pam_set_item(pamh, PAM_RHOST, host.rhost);
	if (host.tty != NULL)
		pam_set_item(pamh, PAM_TTY, host.tty);
	return pamh;
}

int
host_login(const char *arguments, int flags)
{
	struct traces before;
	pam_handle_t *pamh;
	int rc;

	put_stack("auth", arguments);
	pamh = start();
	look(&before);
	if (host_during != NULL)
		*host_during = true;
	rc = pam_authenticate(pamh, flags);
	if (host_during != NULL)
		*host_during = false;
	compare(&before);
	assert_int_equal(host.unwiped, 0);
	assert_int_equal(host.pending, 0);
	pam_end(pamh, rc);
	return rc;
}

int
host_other(int (*call)(pam_handle_t *, int))
{
	pam_handle_t *pamh;
	int rc;

	put_stack(call == pam_setcred ? "auth" : call == pam_acct_mgmt ?
	    "account" : call == pam_chauthtok ? "password" : "session", "");
	pamh = start();
	rc = call(pamh, 0);
	pam_end(pamh, rc);
	return rc;
}

const char *
host_door(const char *name)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/%s", host_rundir, name);
	return path;
}

static const char *
nth(size_t i, bool prompts)
{
	size_t k;
	bool is_prompt;

	for (k = 0; k < host.said_count; k++) {
		is_prompt = host.style[k] == PAM_PROMPT_ECHO_ON ||
		    host.style[k] == PAM_PROMPT_ECHO_OFF;
		if (is_prompt == prompts && i-- == 0)
			return host.said[k];
	}
	return "";
}

const char *
host_prompt(size_t i)
{
	return nth(i, true);
}

const char *
host_message(size_t i)
{
	return nth(i, false);
}

const char *
host_line(size_t i)
{
	return i < host.log_count ? host.log[i] : "";
}

int
host_reset(void **state)
{
	(void)state;
	fake_drop();
	fake_clear();
	unlink(host_door("login"));
	unlink(host_door("public"));
	system_forget();
	memset(&host, 0, sizeof(host));
	host.user = "alice";
	host.rhost = "203.0.113.7";
	host.tty = "ssh";
	host.helper = TEST_BUILDDIR "/tests/integration/fake_stepupd";
	return 0;
}

int
host_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	/* What the caller left open is not to be counted. */
	close_range(STDERR_FILENO + 1, ~0U, 0);
	snprintf(host_rundir, sizeof(host_rundir), "%s/stepup-XXXXXX",
	    tmp != NULL && strlen(tmp) < 40 ? tmp : "/tmp");
	if (mkdtemp(host_rundir) == NULL)
		return -1;
	return host_reset(state);
}

int
host_teardown(void **state)
{
	host_reset(state);
	unlink(host_door(SERVICE));
	unlink(host_door("other"));
	return rmdir(host_rundir);
}
