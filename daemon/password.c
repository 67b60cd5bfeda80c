/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A typed password is charged to the uid's limiter, durably, before PAM
 * sees it, and given back when it was right: however many conversations
 * run at once, and however often a stack asks, an hour has room for
 * LIMIT_PASSWORDS wrong ones.
 */
#include <sys/stat.h>

#include <security/pam_appl.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/password.h"

struct password {
	struct session		*s;
	unsigned		 charged;	/* in this call of PAM */
	enum outcome		 stop;		/* why the conversation ended;
						   OUT_ASK: it did not */
};

static enum store_code
work_charge(struct session *s, struct store *store, int64_t now, void *arg,
    enum outcome *o)
{
	const struct store_driver *driver = site_driver(s->site);
	enum store_code code;
	struct limiter m;

	(void)arg;
	code = driver->load_password(store, s->uid, &m, &s->failure);
	if (code != STORE_OK)
		return code;
	if (limit_password_state(&m, now, &s->facts.wait) != LIMIT_OPEN) {
		*o = OUT_PASSWORD_WAIT;
		return STORE_OK;
	}
	m = limit_password_charge(m, now);
	return driver->save_password(store, s->uid, &m, &s->failure);
}

static enum store_code
work_refund(struct session *s, struct store *store, int64_t now, void *arg,
    enum outcome *o)
{
	const struct store_driver *driver = site_driver(s->site);
	const struct password *p = arg;
	enum store_code code;
	struct limiter m;

	(void)now;
	(void)o;
	code = driver->load_password(store, s->uid, &m, &s->failure);
	if (code != STORE_OK)
		return code;
	m = limit_forgive(m, p->charged);
	m.consecutive = m.consecutive > p->charged ?
	    m.consecutive - p->charged : 0;
	return driver->save_password(store, s->uid, &m, &s->failure);
}

/* One message of a PAM module; *out is malloc'd. */
static bool
converse_one(struct password *p, const struct pam_message *m, char **out)
{
	struct secret answer = { 0 };
	bool hidden = m->msg_style == PAM_PROMPT_ECHO_OFF;
	const char *text = m->msg != NULL ? m->msg : "";

	*out = NULL;
	if (m->msg_style == PAM_TEXT_INFO || m->msg_style == PAM_ERROR_MSG)
		return talk_note(p->s->talk, text);
	if (!hidden && m->msg_style != PAM_PROMPT_ECHO_ON)
		return false;
	p->stop = session_talk(talk_prompt(p->s->talk,
	    hidden ? STYLE_PASSWORD : STYLE_SHOWN, text, &answer));
	if (p->stop == OUT_ASK && hidden) {
		p->stop = session_write(p->s, work_charge, NULL);
		if (p->stop == OUT_DONE) {
			p->charged++;
			p->stop = OUT_ASK;
		}
	}
	if (p->stop == OUT_ASK &&
	    memchr(answer.data, '\0', answer.len) == NULL)
		*out = strdup((const char *)answer.data);
	secret_wipe(&answer);
	return *out != NULL;
}

static void
free_answers(struct pam_response *answers, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		if (answers[i].resp == NULL)
			continue;
		explicit_bzero(answers[i].resp, strlen(answers[i].resp));
		free(answers[i].resp);
	}
	free(answers);
}

static int
converse(int n, const struct pam_message **messages,
    struct pam_response **out, void *arg)
{
	struct pam_response *answers;
	int i;

	*out = NULL;
	if (n <= 0 || n > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	answers = calloc((size_t)n, sizeof(*answers));
	if (answers == NULL)
		return PAM_BUF_ERR;
	for (i = 0; i < n; i++) {
		if (!converse_one(arg, messages[i], &answers[i].resp)) {
			free_answers(answers, n);
			return PAM_CONV_ERR;
		}
	}
	*out = answers;
	return PAM_SUCCESS;
}

/* The limiter slows guessing down; nobody's process sleeps for it. */
static void
no_delay(int status, unsigned usec, void *arg)
{
	(void)status;
	(void)usec;
	(void)arg;
}

/* No module has made somebody else of them. */
static int
same_user(pam_handle_t *pamh, const char *name)
{
	const void *user = NULL;
	int rc = pam_get_item(pamh, PAM_USER, &user);

	if (rc == PAM_SUCCESS && (user == NULL || strcmp(user, name) != 0))
		rc = PAM_USER_UNKNOWN;
	return rc;
}

/* Right password, account open, and still the same person. */
static int
authenticate(pam_handle_t *pamh, const char *name)
{
	int rc;

	rc = pam_authenticate(pamh, PAM_DISALLOW_NULL_AUTHTOK);
	if (rc == PAM_SUCCESS)
		rc = pam_acct_mgmt(pamh, PAM_DISALLOW_NULL_AUTHTOK);
	if (rc == PAM_SUCCESS)
		rc = same_user(pamh, name);
	return rc;
}

static enum outcome
try_outcome(struct password *p, pam_handle_t *pamh, int rc)
{
	if (p->stop != OUT_ASK)
		return p->stop;
	switch (rc) {
	case PAM_SUCCESS:
		/* Nothing that asks for no password may pass here. */
		if (p->charged == 0)
			return failure_set(&p->s->failure, OUT_SERVICE, NULL,
			    "service stepup accepted without a password");
		(void)session_write(p->s, work_refund, p);
		return OUT_DONE;
	case PAM_AUTH_ERR:
	case PAM_USER_UNKNOWN:
	case PAM_MAXTRIES:
	case PAM_PERM_DENIED:
		if (p->charged == 0)
			return failure_set(&p->s->failure, OUT_SERVICE, NULL,
			    "service stepup asked for no password");
		return OUT_BAD_PASSWORD;
	case PAM_NEW_AUTHTOK_REQD:
	case PAM_ACCT_EXPIRED:
	case PAM_CRED_EXPIRED:
	case PAM_AUTHTOK_EXPIRED:
		talk_note(p->s->talk, pam_strerror(pamh, rc));
		return OUT_BAD_PASSWORD;
	default:
		return failure_set(&p->s->failure, OUT_SERVICE, NULL,
		    "service stepup: %s", pam_strerror(pamh, rc));
	}
}

static enum outcome
try_once(struct password *p, const char *name)
{
	struct pam_conv conv = { converse, p };
	pam_handle_t *pamh = NULL;
	enum outcome o;
	int rc;

	if (pam_start(SITE_OWN_SERVICE, name, &conv, &pamh) != PAM_SUCCESS)
		return failure_set(&p->s->failure, OUT_SERVICE, NULL,
		    "cannot start PAM service stepup");
	pam_set_item(pamh, PAM_RUSER, name);
	rc = pam_set_item(pamh, PAM_FAIL_DELAY,
	    __extension__ (const void *)no_delay);
	if (rc == PAM_SUCCESS)
		rc = authenticate(pamh, name);
	o = try_outcome(p, pamh, rc);
	pam_end(pamh, rc);
	return o;
}

/*
 * PAM's modules make files of their own (pam_faillock its folder in /run),
 * which other programs read: they get the umask those modules expect.
 */
static enum outcome
password_try(struct password *p, const char *name)
{
	mode_t before = umask(022);
	enum outcome o;

	p->charged = 0;
	p->stop = OUT_ASK;
	o = try_once(p, name);
	umask(before);
	return o;
}

enum outcome
password_check(struct session *s)
{
	struct password p = { .s = s };
	enum outcome o = OUT_BAD_PASSWORD;
	int i;

	for (i = 0; i < PASSWORD_TRIES && o == OUT_BAD_PASSWORD; i++) {
		if (i > 0 && !talk_note(s->talk, "Wrong password."))
			return OUT_NO_INPUT;
		o = password_try(&p, s->name);
	}
	return o;
}

/* Texts pass; a question of an account module has nobody to answer it. */
static int
only_texts(int n, const struct pam_message **messages,
    struct pam_response **out, void *arg)
{
	struct pam_response *answers;
	int i;

	*out = NULL;
	if (n <= 0 || n > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	for (i = 0; i < n; i++)
		if ((messages[i]->msg_style != PAM_TEXT_INFO &&
		    messages[i]->msg_style != PAM_ERROR_MSG) ||
		    !talk_note(arg, messages[i]->msg != NULL ?
		    messages[i]->msg : ""))
			return PAM_CONV_ERR;
	answers = calloc((size_t)n, sizeof(*answers));
	if (answers == NULL)
		return PAM_BUF_ERR;
	*out = answers;
	return PAM_SUCCESS;
}

static enum outcome
account_outcome(struct session *s, pam_handle_t *pamh, int rc)
{
	switch (rc) {
	case PAM_SUCCESS:
		return OUT_DONE;
	case PAM_AUTH_ERR:
	case PAM_USER_UNKNOWN:
	case PAM_PERM_DENIED:
	case PAM_NEW_AUTHTOK_REQD:
	case PAM_ACCT_EXPIRED:
	case PAM_CRED_EXPIRED:
	case PAM_AUTHTOK_EXPIRED:
		talk_note(s->talk, pam_strerror(pamh, rc));
		return OUT_PEER;
	default:
		return failure_set(&s->failure, OUT_SERVICE, NULL,
		    "service stepup, account: %s", pam_strerror(pamh, rc));
	}
}

enum outcome
password_account(struct session *s)
{
	struct pam_conv conv = { only_texts,
	    __extension__ (void *)(uintptr_t)s->talk };
	pam_handle_t *pamh = NULL;
	mode_t before = umask(022);
	enum outcome o;
	int rc;

	if (pam_start(SITE_OWN_SERVICE, s->name, &conv, &pamh) != PAM_SUCCESS) {
		umask(before);
		return failure_set(&s->failure, OUT_SERVICE, NULL,
		    "cannot start PAM service stepup");
	}
	pam_set_item(pamh, PAM_RUSER, s->name);
	rc = pam_acct_mgmt(pamh, PAM_DISALLOW_NULL_AUTHTOK);
	if (rc == PAM_SUCCESS)
		rc = same_user(pamh, s->name);
	o = account_outcome(s, pamh, rc);
	pam_end(pamh, rc);
	umask(before);
	return o;
}
