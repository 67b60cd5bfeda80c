/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a call ended, in the words of the command line: for every outcome
 * and every way a conversation can break off an exit status, one sentence
 * that says what happened, and one thing to do next.
 */
#ifndef STEPUP_CLI_VERDICT_H
#define STEPUP_CLI_VERDICT_H

#include "cli/session.h"
#include "cli/subcommands.h"
#include "common/outcome.h"

/*
 * Templates: {again} the command that was given, {enroll} {replace} {status}
 * the commands for this account, {user} its name, {wait} a duration, {admin}
 * {list} {changed} what an administrator types.  {nothing} {unsaved} say
 * that nothing was changed, saved, where that was no question.
 */
struct verdict {
	enum exit_status status;
	const char	*what;
	const char	*next;	/* after "Next: " */
};

/*
 * An exit status: its stable name (--json), what it says of the call, what
 * to do in general; the templates have no {words}.
 */
struct exit_row {
	const char	*name, *what, *next;
};

/* Never NULL; out of range gives that of EXIT_UNAVAILABLE. */
const struct exit_row *verdict_of_exit(enum exit_status);

/* Never NULL; out of range gives the row of zero. */
const struct verdict *verdict_of_outcome(enum outcome);
const struct verdict *verdict_of_state(enum session_state);

/* The same for `test`; clock: the codes told how far it is off. */
const struct verdict *verdict_of_test(enum outcome, bool clock);

/* OUT_BAD_CODE of a wizard: the new authenticator's, the sheet's. */
extern const struct verdict verdict_new_code, verdict_sheet_code;
/* What the command line itself refuses. */
extern const struct verdict verdict_secret, verdict_stdin, verdict_yes,
    verdict_qr, verdict_file, verdict_ticket, verdict_passphrase,
    verdict_no_passphrase, verdict_passphrase_fd, verdict_new_passphrase,
    verdict_bad_passphrase, verdict_backup;
/* `key rotate`: refused before it began, ended on the way. */
extern const struct verdict verdict_ring, verdict_rotation;

/* What happened and what to do, where no table has it; --json too. */
enum exit_status verdict_refuse(const struct call *, enum exit_status,
    const char *what, const char *next);

#define VERDICT_TEXT_MAX 640

/* Fills a template; the result is printable ASCII. */
void verdict_text(const char *template, const struct call *, uint32_t wait,
    char buf[VERDICT_TEXT_MAX]);

/* The same after what made it so, which is printable. */
enum exit_status verdict_because(const struct call *, const char *because,
    const struct verdict *);

/* Says both sentences, and path and reason to root; the exit status. */
enum exit_status verdict_say(const struct call *, const struct verdict *,
    const struct wire_message *answer);

#endif
