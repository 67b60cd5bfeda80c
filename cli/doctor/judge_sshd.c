/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sshd: what `sshd -T` says holds; the files are only looked at to name the
 * line that says so.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/doctor/judge.h"
#include "cli/doctor/sshdfile.h"
#include "common/text.h"

#define GRACE_SHORT	60	/* s; a code lasts 30 */

/* The value of a keyword of `sshd -T`, or what OpenSSH has without it. */
static void
value(const struct world *w, const char *key, const char *unset,
    char buf[256])
{
	const char *s = w->sshd_text;
	size_t len = strlen(key), n;

	snprintf(buf, 256, "%s", unset);
	for (; s != NULL && *s != '\0'; s += n + (s[n] == '\n')) {
		n = strcspn(s, "\n");
		if (n > len && strncasecmp(s, key, len) == 0 &&
		    s[len] == ' ') {
			snprintf(buf, 256, "%.*s", (int)(n - len - 1),
			    s + len + 1);
			return;
		}
	}
}

static bool
is(const struct world *w, const char *key, const char *unset,
    const char *wanted)
{
	char buf[256];

	value(w, key, unset, buf);
	return strcasecmp(buf, wanted) == 0;
}

static void
tell(const struct world *w, struct findings *f, enum finding_id id,
    const char *key, const char *detail)
{
	struct sshdfile_place at;

	sshdfile_find(&w->pam, key, &at);
	finding_add(f, id, at.file, at.line, "sshd", detail);
}

static bool
keyboard(const struct world *w)
{
	return is(w, "kbdinteractiveauthentication", "yes", "yes");
}

static bool
password(const struct world *w)
{
	return is(w, "passwordauthentication", "yes", "yes");
}

/* --- AuthenticationMethods --------------------------------------------- */

/* What one of its lists, "publickey,keyboard-interactive:pam", asks for. */
struct list {
	bool	 keyboard, password, key;
	bool	 key_first;
};

/* What all of them together do. */
struct lists {
	bool	 any;		/* no list: each method by itself */
	bool	 code;		/* one ends in a code */
	bool	 without_key;	/* one asks for no key */
	bool	 late_key;	/* one asks for something else first */
	bool	 password, key_alone;
	char	 text[256];
};

static bool
is_method(const char *word, size_t len, const char *method)
{
	size_t m = strlen(method);

	return len >= m && strncasecmp(word, method, m) == 0 &&
	    (len == m || word[m] == ':');
}

static void
read_list(const char *words, size_t len, struct list *l)
{
	size_t n;

	memset(l, 0, sizeof(*l));
	for (; len > 0; words += n, len -= n) {
		for (n = 0; n < len && words[n] != ','; n++)
			;
		if (is_method(words, n, "keyboard-interactive"))
			l->keyboard = true;
		else if (is_method(words, n, "password"))
			l->password = true;
		else {
			l->key = true;
			l->key_first |= !l->keyboard && !l->password;
		}
		n += n < len;
	}
}

static void
read_lists(const struct world *w, struct lists *all)
{
	struct list one;
	const char *s;
	size_t n;

	memset(all, 0, sizeof(*all));
	value(w, "authenticationmethods", "any", all->text);
	if (strcasecmp(all->text, "any") == 0) {
		all->any = all->without_key = all->late_key = true;
		all->code = keyboard(w);
		all->password = password(w);
		all->key_alone = is(w, "pubkeyauthentication", "yes", "yes");
		return;
	}
	for (s = all->text; *s != '\0'; s += n + (s[n] == ' ')) {
		n = strcspn(s, " ");
		if (n == 0)
			continue;
		read_list(s, n, &one);
		/* The password method never gets past our line. */
		all->code |= one.keyboard && !one.password;
		all->without_key |= !one.key;
		all->late_key |= !one.key_first;
		all->password |= one.password;
		all->key_alone |= one.key && !one.keyboard && !one.password;
	}
}

/* Whether PAM is asked for nobody's password: keys open it, or nothing. */
static bool
keys_only(const struct world *w, const struct lists *all)
{
	if (all->any)
		return !keyboard(w) && !password(w);
	return !all->code && !all->password;
}

static bool
looked(const struct world *w)
{
	return w->sshd && w->sshd_seen && !w->sshd_failed;
}

bool
judge_sshd_opens_root(const struct world *w)
{
	struct lists all;

	if (!looked(w) || !is(w, "permitrootlogin", "prohibit-password",
	    "yes"))
		return false;
	read_lists(w, &all);
	return all.without_key && (keyboard(w) || password(w));
}

bool
judge_sshd_asks_key(const struct world *w)
{
	struct lists all;

	if (!looked(w))
		return false;
	read_lists(w, &all);
	return !all.late_key;
}

const char *
judge_sshd_closed(const struct world *w, const struct surveyed *one)
{
	struct lists all;

	if (!looked(w))
		return NULL;
	if (!is(w, "usepam", "no", "yes"))
		return "does not ask PAM: UsePAM no";
	read_lists(w, &all);
	if (keys_only(w, &all))
		return "keys alone: nobody is asked for a password";
	if (one->asks && (!all.code || !keyboard(w)))
		return "nobody: it has no way to ask for the code";
	return NULL;
}

/* --- Findings ---------------------------------------------------------- */

static void
methods(const struct world *w, const struct surveyed *one, struct findings *f)
{
	const struct pamstack *stack = pamservice_stack(one->service,
	    PAMTYPE_AUTH);
	struct lists all;
	bool meant;

	read_lists(w, &all);
	/* Who wrote the line into sshd's own file wants it asked. */
	meant = one->service->file != NULL && strcmp(one->service->file,
	    stack->lines[one->access.ours].file) == 0;
	if (keys_only(w, &all) && !meant)
		;
	else if (!all.any && !all.code)
		tell(w, f, FIND_SSHD_METHODS, "AuthenticationMethods",
		    all.text);
	else if (!keyboard(w))
		tell(w, f, FIND_SSHD_KBDINT, "KbdInteractiveAuthentication",
		    NULL);
	else if (all.password)
		tell(w, f, FIND_SSHD_PASSWORD, all.any ?
		    "PasswordAuthentication" : "AuthenticationMethods", NULL);
	if (all.key_alone)
		tell(w, f, FIND_SSHD_KEY, all.any ? "PubkeyAuthentication" :
		    "AuthenticationMethods", NULL);
}

static void
grace(const struct world *w, struct findings *f)
{
	char buf[256];
	uint64_t seconds;

	value(w, "logingracetime", "120", buf);
	if (text_number(buf, 1, GRACE_SHORT - 1, &seconds))
		tell(w, f, FIND_SSHD_GRACE, "LoginGraceTime", buf);
}

void
judge_sshd(const struct world *w, const struct survey *v, struct findings *f)
{
	const struct surveyed *one = survey_find(v, "sshd");
	struct sshdfile_place match;

	if (!w->sshd || !w->sshd_seen)
		return;
	if (w->sshd_failed) {
		finding_add(f, FIND_SSHD_CONFIG, SSHDFILE_MAIN, 0, "sshd",
		    "");
		return;
	}
	if (one == NULL || one->service->abort ||
	    one->access.ours == PAMRUN_NONE ||
	    !world_covers(w, "sshd"))
		return;
	sshdfile_find(&w->pam, "Match", &match);
	if (match.line != 0)
		finding_add(f, FIND_SSHD_MATCH, match.file, match.line, "sshd",
		    NULL);
	if (!is(w, "usepam", "no", "yes")) {
		tell(w, f, FIND_SSHD_USEPAM, "UsePAM", NULL);
		return;
	}
	grace(w, f);
	methods(w, one, f);
}
