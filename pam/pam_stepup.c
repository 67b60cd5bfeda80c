/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pam_stepup.so: asks the person, has stepupd decide.
 *
 * - Nothing is held across a prompt: it may stay open for days, and be
 *   parked by hundreds.
 * - Nothing here lets anybody in: PAM codes come from the outcome's row, and
 *   an outcome that has no place where it came from is an error.
 * - The host notices nothing: no handler, mask, static state, descriptor,
 *   child or changed item is left behind.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include "common/outcome.h"
#include "common/secret.h"
#include "pam/conversation.h"
#include "common/options.h"
#include "pam/person.h"
#include "pam/reach.h"
#include "pam/report.h"

#define EXPORT		__attribute__((visibility("default")))

/* All prompts of one call, free answers included. */
#define PROMPTS_MAX	5

#define PASSWORD_TEXT	"That was the password, not a code."
/* Both also come of a program that gives the password to every prompt. */
#define HINT_PROMPT \
	"no answer: cancelled, or KbdInteractiveAuthentication is off"
#define HINT_PASSWORD \
	"the password for an answer, twice: KbdInteractiveAuthentication off?"

/* One call of pam_authenticate. */
struct login {
	pam_handle_t	*pamh;
	struct options	 options;
	struct reach	 reach;
	struct person	 person;
	struct reply	 reply;		/* the last, and what came of it */
	unsigned	 prompts;
	unsigned	 charged;	/* answers of any kind */
	unsigned	 earlier;	/* app codes among them */
	unsigned	 passwords;	/* answers that were the password */
};

/* An outcome that no frame brought. */
static void
settle(struct login *l, enum outcome o, const char *reason)
{
	l->reply.outcome = o;
	l->reply.path[0] = '\0';
	snprintf(l->reply.reason, sizeof(l->reply.reason), "%s",
	    reason != NULL ? reason : "");
}

static enum outcome
read_options(struct login *l, int argc, const char **argv)
{
	char reason[WIRE_STRING_MAX + 1];

	if (options_read(argc, argv, &l->options))
		return OUT_ASK;
	snprintf(reason, sizeof(reason), "argument %s: %s", l->options.refused,
	    l->options.why);
	settle(l, OUT_CONFIG, reason);
	return OUT_CONFIG;
}

static enum outcome
find_person(struct login *l)
{
	const char *reason;
	enum outcome o;

	o = person_who(l->pamh, &l->person, &reason);
	if (o != OUT_ASK)
		settle(l, o, reason);
	return o;
}

/* A thread that is cancelled in here would leave the connection behind. */
static enum outcome
check(struct login *l)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	reach_check(&l->reach, &l->person, &l->reply);
	pthread_setcancelstate(state, NULL);
	return l->reply.outcome;
}

static void
verify(struct login *l, bool nobody, const struct secret *typed)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	reach_verify(&l->reach, &l->person, nobody, typed, l->earlier,
	    &l->reply);
	pthread_setcancelstate(state, NULL);
	if (!outcome_row(l->reply.outcome)->charged)
		return;
	l->charged++;
	if (l->reply.facts.kind == KIND_TOTP)
		l->earlier++;
}

/*
 * The answer was the password: it is not sent, and asked for once more
 * unless the program does so whatever it is asked.
 */
static bool
refuse_password(struct login *l)
{
	if (++l->passwords < 2 && l->prompts < PROMPTS_MAX)
		return true;
	settle(l, OUT_NO_INPUT, HINT_PASSWORD);
	return false;
}

/*
 * One prompt.  True: *reason and *follow say how to ask again.  False: the
 * reply is the end.
 */
static bool
prompt(struct login *l, char reason[CONVERSATION_COLUMNS + 1],
    enum outcome_follow *follow)
{
	char line[CONVERSATION_COLUMNS + 1];
	struct secret typed = { 0 };
	enum answer answer;

	conversation_line(reason, l->options.prompt, *follow, line);
	l->prompts++;
	answer = conversation_ask(l->pamh, line, !l->options.noecho, &typed);
	switch (answer) {
	case ANSWER_NONE:
		settle(l, OUT_NO_INPUT, HINT_PROMPT);
		return false;
	case ANSWER_PASSWORD:
		snprintf(reason, CONVERSATION_COLUMNS + 1, PASSWORD_TEXT);
		return refuse_password(l);
	case ANSWER_TYPED:
	case ANSWER_JUNK:
		break;
	}
	verify(l, answer == ANSWER_JUNK, &typed);
	secret_wipe(&typed);
	*follow = outcome_follow(l->reply.outcome, &l->reply.facts);
	outcome_next(l->reply.outcome, &l->reply.facts, reason,
	    CONVERSATION_COLUMNS + 1);
	if (*follow == FOLLOW_NONE || l->charged >= l->options.tries ||
	    l->prompts >= PROMPTS_MAX)
		return false;
	report_log(l->pamh, &l->person, &l->reply);
	return true;
}

static void
converse(struct login *l)
{
	char reason[CONVERSATION_COLUMNS + 1];
	enum outcome_follow follow;

	follow = outcome_follow(OUT_ASK, &l->reply.facts);
	outcome_next(OUT_ASK, &l->reply.facts, reason, sizeof(reason));
	if (l->options.debug)
		report_log(l->pamh, &l->person, &l->reply);
	while (prompt(l, reason, &follow))
		;
}

EXPORT int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	struct login l = { .pamh = pamh };
	enum outcome o;

	person_where(pamh, &l.person);
	o = read_options(&l, argc, argv);
	l.reach.rundir = l.options.rundir;
	l.reach.helper = STEPUPD_PATH;
	l.reach.root = geteuid() == 0;
	if (o == OUT_ASK)
		o = find_person(&l);
	if (o == OUT_ASK)
		o = check(&l);
	if (o == OUT_ASK)
		converse(&l);
	report_log(pamh, &l.person, &l.reply);
	if ((flags & PAM_SILENT) == 0)
		report_person(pamh, &l.reply, l.options.quiet);
	return outcome_row(l.reply.outcome)->pam;
}

EXPORT int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}

static int
no_work_yet(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_IGNORE;
}

EXPORT int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return no_work_yet(pamh, flags, argc, argv);
}

EXPORT int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	return no_work_yet(pamh, flags, argc, argv);
}

EXPORT int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	return no_work_yet(pamh, flags, argc, argv);
}

EXPORT int
pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return no_work_yet(pamh, flags, argc, argv);
}
