/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The subcommands: a file each, a row in the table of commands.c, and a
 * prototype here.  What a person may do is decided by the service, never
 * here: a subcommand asks, and says what came of it.
 */
#ifndef STEPUP_CLI_SUBCOMMANDS_H
#define STEPUP_CLI_SUBCOMMANDS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "cli/terminal.h"
#include "common/client.h"

/* SPEC 8; stable. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_ENROLLED = 3,
	EXIT_UNAVAILABLE = 4,
	EXIT_CANCELLED = 5
};

/* The host as the program meets it; main has the one that is compiled in. */
struct host {
	uid_t		 uid;		/* who calls */
	const char	*sudo_user;	/* SUDO_USER, or NULL: a hint */
	const char	*sudo_uid;	/* SUDO_UID, or NULL: a hint */
	const char	*public;	/* socket of the public door */
	const char	*stepupd;	/* program of the admin door */
	const char	*nsswitch;	/* nsswitch.conf */
	const char	*keyring;	/* not there: nothing is set up yet */
	/* client_connect */
	enum client_code (*connect)(const char *path, int *fd);
};

#define CALL_COMMAND_MAX 640

/* A row in commands.c says how each is spelt and whether it takes a value. */
enum option_name {
	OPTION_USER = 0,
	OPTION_REPLACE,
	OPTION_NEW,
	OPTION_ALL,
	OPTION_YES,
	OPTION_SAVE,
	OPTION_QR,
	OPTION_PRINT_SECRET,
	OPTION_CODE_STDIN,
	OPTION_PASSWORD_STDIN,
	OPTION_JSON,
	OPTION_PLAN,
	OPTION_REASON,
	OPTION_MISSING,
	OPTION_GROUP,
	OPTION_WEAK,
	OPTION_SORT,
	OPTION_SERVICE,
	OPTION_OUTCOME,
	OPTION_SINCE,
	OPTION_UNTIL,
	OPTION_FOLLOW,
	OPTION_AFTER,
	OPTION_TTL,
	OPTION_ENROLL,
	OPTION_REVOKE,
	OPTION_LIST,
	OPTION_TICKET,
	OPTION_PASSPHRASE_FD,
	OPTION_DRY_RUN,
	OPTION_HELP,
	OPTIONS
};
#define OPTION_BIT(name) (UINT64_C(1) << (name))
_Static_assert(OPTIONS <= 64, "a bit for each");

/* One call of one subcommand. */
struct call {
	const struct host *host;
	struct terminal	*terminal;
	const char	*name;		/* "enroll" */
	char		 user[256];	/* canonical account name */
	bool		 named;		/* -u was given */
	uint64_t	 options;	/* OPTION_BIT of those given */
	const char	*value[OPTIONS]; /* of those that take one, or NULL */
	const char	*operand;	/* the first word beside them, or NULL */
	char	*const	*words;		/* all of them */
	unsigned	 word_count;
	/* How to say it again: "stepup enroll --replace -u alice". */
	char		 again[CALL_COMMAND_MAX];
};

typedef enum exit_status subcommand(const struct call *);

subcommand add_run;
subcommand doctor_run;
subcommand enroll_run;
subcommand remove_run;
subcommand status_run;
subcommand test_run;
subcommand codes_run;
subcommand lock_run;
subcommand unlock_run;
subcommand pass_run;
subcommand list_run;
subcommand log_run;
subcommand backup_run;
subcommand restore_run;
subcommand rename_run;
subcommand rebind_run;
subcommand prune_run;
subcommand policy_run;
subcommand import_run;
subcommand key_run;

/* Whether an option was given. */
bool call_has(const struct call *, enum option_name);
/* Whether this call is a question: whatever comes of it changes nothing. */
bool call_asks(const struct call *);

/* The program, whole. */
int stepup_main(int argc, char *argv[], const struct host *,
    const struct terminal_facts *);

/* A message: to the error output, a newline added. */
void say(const struct call *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A result: to the output, a newline added; never for secrets. */
void result(const struct call *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "sudo ", where root came that way; else "". */
const char *call_way(const struct call *);

#define CALL_NAME_MAX 264

/* An account's name as it is typed in a command: printable, quoted. */
void call_quote(const char *name, char buf[CALL_NAME_MAX]);

/*
 * "stepup NAME OPTION -u USER" as this caller types it for this account:
 * with sudo where root came that way.
 */
void call_command(const struct call *, const char *name, const char *option,
    char buf[CALL_COMMAND_MAX]);

#endif
