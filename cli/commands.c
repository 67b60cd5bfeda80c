/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <string.h>

#include "cli/commands.h"

/* Words after the options: least, most. */
#define NO_WORDS 0, 0
#define ONE_WORD 1, 1
#define MAYBE_ONE 0, 1
#define TWO_WORDS 2, 2
#define ANY_WORDS 0, 10000

#define HELP_USER \
	"  -u, --user NAME   for this account (root only)\n"
#define HELP_HELP \
	"  -h, --help        this text\n"

#define BIT(name) OPTION_BIT(OPTION_##name)
#define HELP_STDIN \
	"      --password-stdin, --code-stdin\n" \
	"                    read them from input that is no terminal\n"
#define HELP_JSON \
	"      --json        results for a program, as stepup-json(5) says\n"
#define HELP_YES \
	"  -y, --yes         do not ask whether that is meant\n"
#define HELP_REASON \
	"      --reason TEXT why, up to 200 bytes, for the log\n"
#define HELP_SECRET \
	"      --print-secret\n" \
	"                    print secrets although the output is no terminal\n"
#define HELP_QR \
	"      --qr=STYLE    utf8, ascii or none; else as the terminal can\n"
#define HELP_PASSPHRASE \
	"      --passphrase-fd N\n" \
	"                    the first line of this descriptor, not the " \
	"terminal\n"
#define HELP_SAVE \
	"  -s, --save FILE   the recovery codes go to a new file as well\n"

/* A conversation may be held by a program. */
#define BITS_TALK (BIT(USER) | BIT(CODE_STDIN) | BIT(PASSWORD_STDIN) | \
	BIT(JSON))
#define HELP_TALK HELP_USER HELP_STDIN HELP_JSON HELP_HELP

static const struct command rows[] = {
	{ "enroll", enroll_run, 0, BITS_TALK | BIT(REPLACE) | BIT(TICKET) |
	    BIT(SAVE) | BIT(QR) | BIT(PRINT_SECRET), NO_WORDS,
	    "stepup enroll [--replace | --ticket] [--save FILE] [--qr=STYLE]\n"
	    "       [-u NAME]",
	    "set up an authenticator app and recovery codes",
	    "Shows a QR code for an authenticator app, asks for a code of "
	    "it, shows ten\nrecovery codes and asks for one of them. Nothing "
	    "is saved before the last\nquestion is answered; Ctrl-C at any "
	    "time leaves everything as it was.\n\n"
	    "  -r, --replace     a new phone: the old one and all old "
	    "recovery codes become\n                    void\n"
	    "      --ticket      a ticket of an administrator, in place of "
	    "the password\n"
	    HELP_SAVE HELP_QR HELP_SECRET HELP_TALK },
	{ "add", add_run, 0, BITS_TALK | BIT(QR) | BIT(PRINT_SECRET),
	    ONE_WORD,
	    "stepup add NAME [--qr=STYLE] [-u NAME]",
	    "one more authenticator, of that name",
	    "Shows a QR code for another app or phone and asks for a code of "
	    "it. What is\nset up stays, recovery codes too; there can be 8. "
	    "Letters, digits and . _ - + @\nmake a name.\n\n"
	    HELP_QR HELP_SECRET HELP_TALK },
	{ "remove", remove_run, 0, BITS_TALK | BIT(ALL) | BIT(YES),
	    MAYBE_ONE,
	    "stepup remove NAME | --all [-u NAME]",
	    "remove an authenticator, or all of them",
	    "The names are those that stepup status shows. With the last one "
	    "the recovery\ncodes become void; where logins need a factor, "
	    "only root removes the last.\n\n"
	    "  -a, --all         all authenticators, and the recovery codes\n"
	    "  -y, --yes         do not ask whether that is meant\n"
	    HELP_TALK },
	{ "status", status_run, STORED | ASKS, BIT(USER) | BIT(JSON), NO_WORDS,
	    "stepup status [-u NAME]",
	    "what is set up, and since when",
	    "Says whether the account is enrolled, since when and with what, "
	    "how many\nrecovery codes are left, and what is locked.\n\n"
	    HELP_USER HELP_JSON HELP_HELP },
	{ "test", test_run, 0, BITS_TALK, NO_WORDS,
	    "stepup test [-u NAME]",
	    "type a code and see what a login would say",
	    "The code counts as at a login: a right one is used up, a wrong "
	    "one is charged.\nAfter a wrong app code the next one is asked "
	    "for: both together tell how far\nthe app's clock is off.\n\n"
	    HELP_TALK },
	{ "codes", codes_run, 0, BITS_TALK | BIT(NEW) | BIT(SAVE) |
	    BIT(PRINT_SECRET), NO_WORDS,
	    "stepup codes [--new [--save FILE]] [-u NAME]",
	    "how many recovery codes are left; make new ones",
	    "Says how many recovery codes are left. With --new it makes new "
	    "ones; the old\nones become void when the last question is "
	    "answered.\n\n"
	    "  -n, --new         make new recovery codes\n"
	    HELP_SAVE HELP_SECRET HELP_TALK },
	{ "doctor", doctor_run, ASKS, BIT(PLAN) | BIT(JSON), NO_WORDS,
	    "stepup doctor [--plan]",
	    "who gets in with what, and what is wrong here",
	    "Runs the PAM stacks of every service for every way a login can "
	    "go, looks at\nsshd, settings, files, doors, clock and store, and "
	    "says what is wrong, where,\nand what to do. It changes nothing. "
	    "Root sees all of it.\n\n"
	    "  -p, --plan        as if the line of pam_stepup.so stood where "
	    "pam-auth-update\n                    puts it: who will be asked, "
	    "who could not get in\n"
	    HELP_JSON HELP_HELP "\nExit status: 0 sound, 1 problems, 4 could not "
	    "look.\n" },
	{ "lock", lock_run, ROOTS | ACCOUNT, BIT(REASON) | BIT(JSON),
	    ONE_WORD,
	    "stepup lock USER --reason TEXT",
	    "refuse an account every login with a code",
	    "Whatever code is typed, right or wrong, is refused from now on: "
	    "by sshd, sudo,\nscreen lockers and self-service. Who has not "
	    "enrolled can be locked as well.\nSessions that are open stay "
	    "open.\n\n"
	    "      --reason TEXT why, up to 200 bytes, for the log\n"
	    HELP_JSON HELP_HELP },
	{ "unlock", unlock_run, ROOTS | ACCOUNT, BIT(REASON) | BIT(JSON),
	    ONE_WORD,
	    "stepup unlock USER [--reason TEXT]",
	    "let an account in again: lock, waits, counts",
	    "Lifts a lock, ends waits, switches app codes on again after too "
	    "many wrong\nones, and forgets what was counted. Says what of "
	    "this there was.\n\n"
	    "      --reason TEXT why, up to 200 bytes, for the log\n"
	    HELP_JSON HELP_HELP },
	{ "pass", pass_run, ROOTS | ACCOUNT, BIT(TTL) | BIT(REASON) |
	    BIT(SERVICE) | BIT(ENROLL) | BIT(REVOKE) | BIT(LIST) |
	    BIT(PRINT_SECRET) | BIT(JSON), MAYBE_ONE,
	    "stepup pass USER [--enroll] --reason TEXT [--ttl 1h] "
	    "[--service NAME]\n"
	    "       stepup pass USER [--enroll] --revoke [--reason TEXT]\n"
	    "       stepup pass --list [USER]",
	    "a code for one login, or for the first enrollment",
	    "A login pass stands for an app code, once: somebody's phone lies "
	    "at home. With\n--enroll it is a ticket that stands for the "
	    "password at the first enrollment:\nfor accounts that have none. "
	    "It is shown here alone, and once; a new one makes\nthe older "
	    "void.\n\n"
	    "      --ttl TIME    how long it lasts: 1m to 24h; else 1h\n"
	    "      --reason TEXT why, up to 200 bytes, for the log\n"
	    "      --service NAME\n"
	    "                    for this service alone: sshd, sudo\n"
	    "      --enroll      an enrollment ticket, for: stepup enroll "
	    "--ticket\n"
	    "      --revoke      take it back\n"
	    "      --list        passes and tickets on record, used or not\n"
	    HELP_SECRET HELP_JSON HELP_HELP },
	{ "list", list_run, ROOTS | ASKS, BIT(MISSING) | BIT(GROUP) |
	    BIT(WEAK) | BIT(SORT) | BIT(JSON), NO_WORDS,
	    "stepup list [--missing | --weak] [--group NAME] [--sort KEY]",
	    "who is enrolled, since when, and what is locked",
	    "A line for each account: enrolled, last used, apps, recovery "
	    "codes left, state.\nState: locked, off (app codes, after too "
	    "many wrong ones), wait, weak (a key\nbelow 128 bits), none (no "
	    "factor), pass, ticket (in force).\n\n"
	    "      --missing     instead: who can log in and has no factor\n"
	    "      --weak        only those with a weak key\n"
	    "      --group NAME  only members of this group\n"
	    "      --sort KEY    name, used or enrolled (the newest last)\n"
	    HELP_JSON HELP_HELP },
	{ "log", log_run, ROOTS | ASKS, BIT(USER) | BIT(SERVICE) |
	    BIT(OUTCOME) | BIT(SINCE) | BIT(UNTIL) | BIT(FOLLOW) |
	    BIT(AFTER) | BIT(JSON), NO_WORDS,
	    "stepup log [-u NAME] [--service NAME] [--outcome NAME]\n"
	    "       [--since TIME] [--until TIME] [--after CURSOR] [--follow]",
	    "what happened: logins, refusals, changes",
	    "The oldest first. Refusals that changed nothing are only "
	    "counted: a line for an\naccount, an outcome and an hour, behind "
	    "that hour, with (count) for a service.\n\n"
	    "  -u, --user NAME   of this account\n"
	    "      --service NAME\n"
	    "                    of this service: sshd, sudo\n"
	    "      --outcome NAME\n"
	    "                    accept, deny.code, change.locked ...\n"
	    "      --since TIME, --until TIME\n"
	    "                    2026-11-21, 2026-11-21T10:00:00Z, or 90m, "
	    "2h, 7d ago\n"
	    "      --after CURSOR\n"
	    "                    what came after an earlier call: it names "
	    "its cursor\n"
	    "      --follow      goes on with what happens, until Ctrl-C\n"
	    HELP_JSON HELP_HELP },
	{ "backup", backup_run, ROOTS, BIT(PASSPHRASE_FD) | BIT(JSON),
	    ONE_WORD,
	    "stepup backup FILE [--passphrase-fd N]",
	    "all accounts into a file sealed with a passphrase",
	    "FILE is new, and root's alone. Logins go on meanwhile; the file "
	    "holds what\nthere was at one moment: accounts with their "
	    "authenticators, counts and locks.\nNot in it: settings, keys of "
	    "this host, the log, login passes. Without the\npassphrase it "
	    "is worth nothing, to nobody.\n\n"
	    HELP_PASSPHRASE HELP_JSON HELP_HELP },
	{ "restore", restore_run, ROOTS, BIT(PASSPHRASE_FD) | BIT(REPLACE) |
	    BIT(YES) | BIT(JSON), ONE_WORD,
	    "stepup restore FILE [--replace] [--passphrase-fd N]",
	    "the accounts of a backup, on this host",
	    "People go on with the apps they have. Recovery codes become void, "
	    "and app codes\nup to now count as used: some may have been, since "
	    "the backup was made. It is\nall of it or nothing.\n\n"
	    "  -r, --replace     although somebody is enrolled here: what is "
	    "set up on this\n                    host becomes void\n"
	    "  -y, --yes         do not ask whether that is meant\n"
	    HELP_PASSPHRASE HELP_JSON HELP_HELP },
	{ "rename", rename_run, ROOTS | STORED, BIT(YES) | BIT(REASON) |
	    BIT(JSON), TWO_WORDS,
	    "stepup rename OLD NEW [--yes] [--reason TEXT]",
	    "an account has a new name on this host",
	    "The same person, the same user number, another name: what is "
	    "stored under OLD\nis NEW's from now on, with apps, recovery codes "
	    "and limits. Shows both, and\nasks.\n\n"
	    HELP_YES HELP_REASON HELP_JSON HELP_HELP },
	{ "rebind", rebind_run, ROOTS | ACCOUNT, BIT(YES) | BIT(REASON) |
	    BIT(JSON), ONE_WORD,
	    "stepup rebind USER [--yes] [--reason TEXT]",
	    "an account has a new user number on this host",
	    "The same person, the same name, another user number. Until this "
	    "is said logins\nare refused, for names are given out again. Shows "
	    "both numbers, and asks.\n\n"
	    HELP_YES HELP_REASON HELP_JSON HELP_HELP },
	{ "prune", prune_run, ROOTS | STORED, BIT(DRY_RUN) | BIT(YES) |
	    BIT(REASON) | BIT(JSON), ANY_WORDS,
	    "stepup prune --dry-run | [NAME...] [--yes] [--reason TEXT]",
	    "delete accounts that this host does not have any more",
	    "Each is shown and confirmed on the terminal. Without names those "
	    "that the name\nservice does not know, where it has no source that "
	    "may be down. What happened\nstays in the log.\n\n"
	    "      --dry-run     lists them, and deletes nobody\n"
	    HELP_YES HELP_REASON HELP_JSON HELP_HELP },
	{ "policy", policy_run, ROOTS | ACCOUNT | ASKS, BIT(SERVICE) |
	    BIT(JSON), MAYBE_ONE,
	    "stepup policy [USER [--service NAME]]",
	    "the settings in force, and what they mean for somebody",
	    "Every setting, its value and where it was set. For a user: "
	    "whether a login is\nasked for a code, passes without one, or is "
	    "refused, and why.\n\n"
	    "      --service NAME\n"
	    "                    at this service: sshd, sudo\n"
	    HELP_JSON HELP_HELP },
	{ "import", import_run, ROOTS, BIT(DRY_RUN) | BIT(JSON), 2, 200000,
	    "stepup import ga FILE | FOLDER | USER=FILE ... [--dry-run]\n"
	    "       stepup import oath FILE [--dry-run]",
	    "take over what another module knew",
	    "People keep the entry in their app. From google-authenticator "
	    "(ga): a file is\nits owner's; root's own file is that of the "
	    "account it is named after, or its\nfolder. A FOLDER is a folder "
	    "of homes, or of such files. From libpam-oath: its\nusers file. "
	    "The files are only read. Time-based codes alone are taken, no\n"
	    "scratch codes; who is enrolled already is left alone.\n\n"
	    "      --dry-run     say what would be done\n"
	    HELP_JSON HELP_HELP "\nExit status: 0 all imported, 1 some were "
	    "skipped.\n" },
	{ "key", key_run, ROOTS, BIT(REASON) | BIT(JSON), ONE_WORD,
	    "stepup key status\n"
	    "       stepup key rotate [--reason TEXT]",
	    "the keys that seal secrets; another one",
	    "status: the keys of the ring, how many secrets each seals, "
	    "whether all of them\nopen, and whether a rotation was not "
	    "finished.\n"
	    "rotate: makes a new key, seals every secret anew, and takes the "
	    "old key out of\nthe ring. Logins go on; stopped anywhere, "
	    "another call finishes it.\n\n"
	    "      --reason TEXT why, up to 200 bytes, for the log\n"
	    HELP_JSON HELP_HELP "\nExit status of status: 0 sound, 1 "
	    "trouble.\n" },
};

/* --- Options ----------------------------------------------------------- */

/* An option without a letter. */
#define LONG(name) (256 + OPTION_##name)

const struct option command_options[] = {
	{ "user", required_argument, NULL, 'u' },
	{ "replace", no_argument, NULL, 'r' },
	{ "new", no_argument, NULL, 'n' },
	{ "all", no_argument, NULL, 'a' },
	{ "yes", no_argument, NULL, 'y' },
	{ "save", required_argument, NULL, 's' },
	{ "qr", required_argument, NULL, LONG(QR) },
	{ "print-secret", no_argument, NULL, LONG(PRINT_SECRET) },
	{ "code-stdin", no_argument, NULL, LONG(CODE_STDIN) },
	{ "password-stdin", no_argument, NULL, LONG(PASSWORD_STDIN) },
	{ "json", no_argument, NULL, LONG(JSON) },
	{ "plan", no_argument, NULL, 'p' },
	{ "reason", required_argument, NULL, LONG(REASON) },
	{ "missing", no_argument, NULL, LONG(MISSING) },
	{ "group", required_argument, NULL, LONG(GROUP) },
	{ "weak", no_argument, NULL, LONG(WEAK) },
	{ "sort", required_argument, NULL, LONG(SORT) },
	{ "service", required_argument, NULL, LONG(SERVICE) },
	{ "outcome", required_argument, NULL, LONG(OUTCOME) },
	{ "since", required_argument, NULL, LONG(SINCE) },
	{ "until", required_argument, NULL, LONG(UNTIL) },
	{ "follow", no_argument, NULL, LONG(FOLLOW) },
	{ "after", required_argument, NULL, LONG(AFTER) },
	{ "ttl", required_argument, NULL, LONG(TTL) },
	{ "enroll", no_argument, NULL, LONG(ENROLL) },
	{ "revoke", no_argument, NULL, LONG(REVOKE) },
	{ "list", no_argument, NULL, LONG(LIST) },
	{ "ticket", no_argument, NULL, LONG(TICKET) },
	{ "passphrase-fd", required_argument, NULL, LONG(PASSPHRASE_FD) },
	{ "dry-run", no_argument, NULL, LONG(DRY_RUN) },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static const int letters[OPTIONS] = {
	[OPTION_USER] = 'u',
	[OPTION_REPLACE] = 'r',
	[OPTION_NEW] = 'n',
	[OPTION_PLAN] = 'p',
	[OPTION_ALL] = 'a',
	[OPTION_YES] = 'y',
	[OPTION_SAVE] = 's',
	[OPTION_QR] = LONG(QR),
	[OPTION_PRINT_SECRET] = LONG(PRINT_SECRET),
	[OPTION_CODE_STDIN] = LONG(CODE_STDIN),
	[OPTION_PASSWORD_STDIN] = LONG(PASSWORD_STDIN),
	[OPTION_JSON] = LONG(JSON),
	[OPTION_REASON] = LONG(REASON),
	[OPTION_MISSING] = LONG(MISSING),
	[OPTION_GROUP] = LONG(GROUP),
	[OPTION_WEAK] = LONG(WEAK),
	[OPTION_SORT] = LONG(SORT),
	[OPTION_SERVICE] = LONG(SERVICE),
	[OPTION_OUTCOME] = LONG(OUTCOME),
	[OPTION_SINCE] = LONG(SINCE),
	[OPTION_UNTIL] = LONG(UNTIL),
	[OPTION_FOLLOW] = LONG(FOLLOW),
	[OPTION_AFTER] = LONG(AFTER),
	[OPTION_TTL] = LONG(TTL),
	[OPTION_ENROLL] = LONG(ENROLL),
	[OPTION_REVOKE] = LONG(REVOKE),
	[OPTION_LIST] = LONG(LIST),
	[OPTION_TICKET] = LONG(TICKET),
	[OPTION_PASSPHRASE_FD] = LONG(PASSPHRASE_FD),
	[OPTION_DRY_RUN] = LONG(DRY_RUN),
	[OPTION_HELP] = 'h',
};

/* OPTIONS: getopt's '?'. */
enum option_name
command_option(int c)
{
	unsigned i;

	for (i = 0; i < OPTIONS; i++)
		if (letters[i] == c)
			break;
	return (enum option_name)i;
}

const struct command *
command_at(size_t i)
{
	return i < sizeof(rows) / sizeof(rows[0]) ? &rows[i] : NULL;
}

const struct command *
command_find(const char *name)
{
	const struct command *c;
	size_t i;

	for (i = 0; (c = command_at(i)) != NULL; i++)
		if (strcmp(c->name, name) == 0)
			break;
	return c;
}
