/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/subcommands.h"
#include "cli/verdict.h"

/* What may stand after the options. */
enum operand {
	OPERAND_NONE = 0,
	OPERAND_ONE,
	OPERAND_MAYBE
};

struct row {
	const char	*name;
	subcommand	*run;
	unsigned	 options;	/* OPTION_BIT of those it takes */
	enum operand	 operand;
	const char	*synopsis;
	const char	*summary;	/* one line */
	const char	*help;		/* the rest, lines of 78 columns */
};

#define HELP_USER \
	"  -u, --user NAME   for this account (root only)\n"
#define HELP_HELP \
	"  -h, --help        this text\n"

#define BIT(name) OPTION_BIT(OPTION_##name)
/* Administration: root's; an operand is an account. */
#define ROOTS (1u << 31)
_Static_assert(OPTIONS < 31, "options and ROOTS are bits");

#define HELP_STDIN \
	"      --password-stdin, --code-stdin\n" \
	"                    read them from input that is no terminal\n"
#define HELP_JSON \
	"      --json        results for a program, as stepup-json(5) says\n"
#define HELP_SECRET \
	"      --print-secret\n" \
	"                    print secrets although the output is no terminal\n"
#define HELP_QR \
	"      --qr=STYLE    utf8, ascii or none; else as the terminal can\n"
#define HELP_SAVE \
	"  -s, --save FILE   the recovery codes go to a new file as well\n"

/* A conversation may be held by a program. */
#define BITS_TALK (BIT(USER) | BIT(CODE_STDIN) | BIT(PASSWORD_STDIN) | \
	BIT(JSON))
#define HELP_TALK HELP_USER HELP_STDIN HELP_JSON HELP_HELP

static const struct row rows[] = {
	{ "enroll", enroll_run, BITS_TALK | BIT(REPLACE) | BIT(SAVE) |
	    BIT(QR) | BIT(PRINT_SECRET), OPERAND_NONE,
	    "stepup enroll [--replace] [--save FILE] [--qr=STYLE] [-u NAME]",
	    "set up an authenticator app and recovery codes",
	    "Shows a QR code for an authenticator app, asks for a code of "
	    "it, shows ten\nrecovery codes and asks for one of them. Nothing "
	    "is saved before the last\nquestion is answered; Ctrl-C at any "
	    "time leaves everything as it was.\n\n"
	    "  -r, --replace     a new phone: the old one and all old "
	    "recovery codes become\n                    void\n"
	    HELP_SAVE HELP_QR HELP_SECRET HELP_TALK },
	{ "add", add_run, BITS_TALK | BIT(QR) | BIT(PRINT_SECRET),
	    OPERAND_ONE,
	    "stepup add NAME [--qr=STYLE] [-u NAME]",
	    "one more authenticator, of that name",
	    "Shows a QR code for another app or phone and asks for a code of "
	    "it. What is\nset up stays, recovery codes too; there can be 8. "
	    "Letters, digits and . _ - + @\nmake a name.\n\n"
	    HELP_QR HELP_SECRET HELP_TALK },
	{ "remove", remove_run, BITS_TALK | BIT(ALL) | BIT(YES),
	    OPERAND_MAYBE,
	    "stepup remove NAME | --all [-u NAME]",
	    "remove an authenticator, or all of them",
	    "The names are those that stepup status shows. With the last one "
	    "the recovery\ncodes become void; where logins need a factor, "
	    "only root removes the last.\n\n"
	    "  -a, --all         all authenticators, and the recovery codes\n"
	    "  -y, --yes         do not ask whether that is meant\n"
	    HELP_TALK },
	{ "status", status_run, BIT(USER) | BIT(JSON), OPERAND_NONE,
	    "stepup status [-u NAME]",
	    "what is set up, and since when",
	    "Says whether the account is enrolled, since when and with what, "
	    "how many\nrecovery codes are left, and what is locked.\n\n"
	    HELP_USER HELP_JSON HELP_HELP },
	{ "test", test_run, BITS_TALK, OPERAND_NONE,
	    "stepup test [-u NAME]",
	    "type a code and see what a login would say",
	    "The code counts as at a login: a right one is used up, a wrong "
	    "one is charged.\nAfter a wrong app code the next one is asked "
	    "for: both together tell how far\nthe app's clock is off.\n\n"
	    HELP_TALK },
	{ "codes", codes_run, BITS_TALK | BIT(NEW) | BIT(SAVE) |
	    BIT(PRINT_SECRET), OPERAND_NONE,
	    "stepup codes [--new [--save FILE]] [-u NAME]",
	    "how many recovery codes are left; make new ones",
	    "Says how many recovery codes are left. With --new it makes new "
	    "ones; the old\nones become void when the last question is "
	    "answered.\n\n"
	    "  -n, --new         make new recovery codes\n"
	    HELP_SAVE HELP_SECRET HELP_TALK },
	{ "doctor", doctor_run, BIT(PLAN), OPERAND_NONE,
	    "stepup doctor [--plan]",
	    "who gets in with what, and what is wrong here",
	    "Runs the PAM stacks of every service for every way a login can "
	    "go, looks at\nsshd, settings, files, doors, clock and store, and "
	    "says what is wrong, where,\nand what to do. It changes nothing. "
	    "Root sees all of it.\n\n"
	    "  -p, --plan        as if the line of pam_stepup.so stood where "
	    "pam-auth-update\n                    puts it: who will be asked, "
	    "who could not get in\n"
	    HELP_HELP "\nExit status: 0 sound, 1 problems, 4 could not "
	    "look.\n" },
	{ "lock", lock_run, ROOTS | BIT(REASON), OPERAND_ONE,
	    "stepup lock USER --reason TEXT",
	    "refuse an account every login with a code",
	    "Whatever code is typed, right or wrong, is refused from now on: "
	    "by sshd, sudo,\nscreen lockers and self-service. Who has not "
	    "enrolled can be locked as well.\nSessions that are open stay "
	    "open.\n\n"
	    "      --reason TEXT why, up to 200 bytes, for the log\n"
	    HELP_HELP },
	{ "unlock", unlock_run, ROOTS | BIT(REASON), OPERAND_ONE,
	    "stepup unlock USER [--reason TEXT]",
	    "let an account in again: lock, waits, counts",
	    "Lifts a lock, ends waits, switches app codes on again after too "
	    "many wrong ones,\nand forgets what was counted. Says what of "
	    "this there was.\n\n"
	    "      --reason TEXT why, up to 200 bytes, for the log\n"
	    HELP_HELP },
	{ "list", list_run, ROOTS | BIT(MISSING) | BIT(GROUP) | BIT(WEAK) |
	    BIT(SORT), OPERAND_NONE,
	    "stepup list [--missing | --weak] [--group NAME] [--sort KEY]",
	    "who is enrolled, since when, and what is locked",
	    "A line for each account: enrolled, last used, apps, recovery "
	    "codes left, state.\nState: locked, off (app codes, after too "
	    "many wrong ones), wait, weak (a key\nbelow 128 bits), none (no "
	    "factor).\n\n"
	    "      --missing     instead: who can log in and has no factor\n"
	    "      --weak        only those with a weak key\n"
	    "      --group NAME  only members of this group\n"
	    "      --sort KEY    name, used or enrolled (the newest last)\n"
	    HELP_HELP },
	{ "log", log_run, ROOTS | BIT(USER) | BIT(SERVICE) | BIT(OUTCOME) |
	    BIT(SINCE) | BIT(UNTIL) | BIT(FOLLOW) | BIT(AFTER), OPERAND_NONE,
	    "stepup log [-u NAME] [--service NAME] [--outcome NAME]\n"
	    "       [--since TIME] [--until TIME] [--after CURSOR] [--follow]",
	    "what happened: logins, refusals, changes",
	    "The oldest first. What a refusal did not change is counted, not "
	    "told: it stands\nin the log of the system alone.\n\n"
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
	    HELP_HELP },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void __attribute__((format(printf, 2, 0)))
say_to(int fd, const char *format, va_list ap)
{
	char text[1024];
	int n = vsnprintf(text, sizeof(text) - 1, format, ap);

	if (n < 0)
		return;
	if ((size_t)n > sizeof(text) - 2)
		n = (int)sizeof(text) - 2;
	text[n] = '\n';
	terminal_write(fd, text, (size_t)n + 1);
}

void
say(const struct call *call, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say_to(call->terminal->err, format, ap);
	va_end(ap);
}

void
result(const struct call *call, const char *format, ...)
{
	va_list ap;

	/* Its result is the one document at the end. */
	if (call_has(call, OPTION_JSON) && !call_has(call, OPTION_HELP))
		return;
	va_start(ap, format);
	say_to(call->terminal->out, format, ap);
	va_end(ap);
}

void
call_command(const struct call *call, const char *name, const char *option,
    char buf[CALL_COMMAND_MAX])
{
	char user[sizeof(call->user)];

	terminal_clean(call->user, user, sizeof(user));
	snprintf(buf, CALL_COMMAND_MAX, "%sstepup %s%s%s%s%s",
	    call->host->uid == 0 && call->host->sudo_user != NULL ?
	    "sudo " : "", name,
	    option != NULL ? " " : "", option != NULL ? option : "",
	    call->named ? " -u " : "", call->named ? user : "");
}

/* --- Help -------------------------------------------------------------- */

static void
help_all(const struct call *call)
{
	size_t i;

	result(call, "usage: stepup [COMMAND [OPTIONS]]\n");
	for (i = 0; i < ROWS; i++)
		result(call, "  %-8s  %s", rows[i].name, rows[i].summary);
	result(call, "\nWithout a command: status. stepup COMMAND --help tells "
	    "more.\n\nExit status: 0 done, 1 refused, 2 usage, 3 not enrolled, "
	    "4 unavailable,\n5 cancelled.");
}

static void
help_one(const struct call *call, const struct row *row)
{
	result(call, "usage: %s\n", row->synopsis);
	terminal_write(call->terminal->out, row->help, strlen(row->help));
}

static enum exit_status
usage(const struct call *call, const char *what, const char *word)
{
	char clean[80];

	terminal_clean(word, clean, sizeof(clean));
	say(call, "stepup: %s%s%s", what, *clean != '\0' ? ": " : "", clean);
	say(call, "Next: stepup %s%s--help", call->name,
	    *call->name != '\0' ? " " : "");
	return EXIT_USAGE;
}

/* --- Who --------------------------------------------------------------- */

/* The account of a name, or of the caller's uid when name is NULL. */
static int
look_up(const char *name, uid_t uid, char user[256], uid_t *found)
{
	struct passwd pw, *p = NULL;
	char *room = malloc(65536);
	int error = ENOMEM;

	if (room != NULL)
		error = name != NULL ?
		    getpwnam_r(name, &pw, room, 65536, &p) :
		    getpwuid_r(uid, &pw, room, 65536, &p);
	if (error == 0 && p != NULL && strlen(p->pw_name) < 256) {
		strcpy(user, p->pw_name);
		*found = p->pw_uid;
	} else if (error == 0)
		error = ENOENT;
	free(room);
	return error;
}

static enum exit_status
find_user(struct call *call, const char *name)
{
	enum outcome why = OUT_NO_USER;
	uid_t uid = call->host->uid;
	int error;

	if (name != NULL && (*name == '\0' || strlen(name) >= 256))
		return usage(call, "not an account name", name);
	error = look_up(name, call->host->uid, call->user, &uid);
	if (error == 0 && (call->host->uid == 0 || uid == call->host->uid))
		return EXIT_DONE;
	if (error == 0 || (name != NULL && call->host->uid != 0)) {
		say(call, "Only root may do this for somebody else.");
		say(call, "Next: sudo stepup %s -u NAME", call->name);
		return EXIT_REFUSED;
	}
	if (name != NULL)
		snprintf(call->user, sizeof(call->user), "%s", name);
	else
		snprintf(call->user, sizeof(call->user), "%lu",
		    (unsigned long)call->host->uid);
	/* ENOENT and its kin: the name service answered, and knows nobody. */
	if (error != ENOENT && error != ESRCH)
		why = OUT_SERVICE;
	return verdict_say(call, verdict_of_outcome(why), NULL);
}

/* --- Arguments --------------------------------------------------------- */

/* An option without a letter. */
#define LONG(name) (256 + OPTION_##name)

static const struct option long_options[] = {
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
	[OPTION_HELP] = 'h',
};

/* OPTIONS: getopt's '?'. */
static enum option_name
option_of(int c)
{
	unsigned i;

	for (i = 0; i < OPTIONS; i++)
		if (letters[i] == c)
			break;
	return (enum option_name)i;
}

bool
call_has(const struct call *call, enum option_name name)
{
	return (call->options & OPTION_BIT(name)) != 0;
}

/* EXIT_DONE: go on with the operand, if any, in argv[optind]. */
static enum exit_status
read_options(struct call *call, const struct row *row, int argc, char *argv[])
{
	enum option_name name;
	int c, at;

	opterr = 0;
	optind = 0;
	for (;;) {
		at = optind > 0 ? optind : 1;
		c = getopt_long(argc, argv, "+:u:rnays:ph", long_options, NULL);
		if (c == -1)
			break;
		if (c == ':')
			return usage(call, "a value is missing after",
			    argv[at]);
		name = option_of(c);
		if (name == OPTIONS || (OPTION_BIT(name) & (row->options |
		    OPTION_BIT(OPTION_HELP))) == 0)
			return usage(call, "unknown option", argv[at]);
		if (optarg != NULL && call->value[name] != NULL)
			return usage(call, "given twice", argv[at]);
		if (optarg != NULL)
			call->value[name] = optarg;
		call->options |= OPTION_BIT(name);
	}
	return EXIT_DONE;
}

/* Options may stand behind the operand as well as before it. */
static enum exit_status
read_words(struct call *call, const struct row *row, int argc, char *argv[])
{
	enum exit_status status = read_options(call, row, argc, argv);
	bool wanted = row->operand != OPERAND_NONE;

	if (status == EXIT_DONE && optind < argc && wanted) {
		call->operand = argv[optind];
		argv += optind;
		argc -= optind;
		status = read_options(call, row, argc, argv);
	}
	if (status != EXIT_DONE || call_has(call, OPTION_HELP))
		return status;
	if (optind < argc)
		return usage(call, "unexpected word", argv[optind]);
	if (call->operand == NULL && row->operand == OPERAND_ONE)
		return usage(call, "a name is missing", "");
	return EXIT_DONE;
}

/* Appends a word as a shell takes it, where there is room for all of it. */
static void
add_word(char buf[CALL_COMMAND_MAX], const char *sign, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+@:,/%=";
	const char *quote = word[strspn(word, plain)] != '\0' ||
	    *word == '\0' ? "'" : "";
	size_t used = strlen(buf);

	if (*quote != '\0' && strchr(word, '\'') != NULL) {
		quote = "";
		word = "TEXT";
	}
	if (used + strlen(sign) + strlen(word) + 3 < CALL_COMMAND_MAX)
		snprintf(buf + used, CALL_COMMAND_MAX - used, " %s%s%s%s",
		    sign, quote, word, quote);
}

/* The call as it was made, without -u. */
static void
say_again(const struct call *call, char buf[CALL_COMMAND_MAX])
{
	const struct option *o;
	enum option_name name;

	snprintf(buf, CALL_COMMAND_MAX, "%s", call->name);
	for (o = long_options; o->name != NULL; o++) {
		name = option_of(o->val);
		if (name == OPTION_USER || !call_has(call, name))
			continue;
		add_word(buf, "--", o->name);
		if (call->value[name] != NULL)
			add_word(buf, "", call->value[name]);
	}
	if (call->operand != NULL)
		add_word(buf, "", call->operand);
}

/* Its account, if any, stands where others have -u. */
static enum exit_status
run_roots(struct call *call, const struct row *row)
{
	char again[CALL_COMMAND_MAX];
	enum exit_status status = EXIT_DONE;

	say_again(call, again);
	call_command(call, again, NULL, call->again);
	if (call->host->uid != 0) {
		say(call, "Only root may do this.");
		say(call, "Next: sudo %s", call->again);
		return EXIT_REFUSED;
	}
	if (call->operand != NULL)
		status = find_user(call, call->operand);
	call->named = call->operand != NULL;
	return status == EXIT_DONE ? row->run(call) : status;
}

static enum exit_status
run_row(struct call *call, const struct row *row, int argc, char *argv[])
{
	char again[CALL_COMMAND_MAX];
	enum exit_status status;
	const char *user;

	call->name = row->name;
	status = read_words(call, row, argc, argv);
	if (status != EXIT_DONE)
		return status;
	if (call_has(call, OPTION_HELP)) {
		help_one(call, row);
		return EXIT_DONE;
	}
	if ((row->options & ROOTS) != 0)
		return run_roots(call, row);
	user = call->value[OPTION_USER];
	call->named = user != NULL && call->host->uid == 0;
	snprintf(call->user, sizeof(call->user), "%s",
	    user != NULL ? user : "");
	say_again(call, again);
	call_command(call, again, NULL, call->again);
	status = find_user(call, user);
	if (status != EXIT_DONE)
		return status;
	call_command(call, again, NULL, call->again);
	return row->run(call);
}

static const struct row *
find_row(const char *name)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static enum exit_status
dispatch(struct call *call, int argc, char *argv[])
{
	static char name[] = "status";
	char *alone[] = { name, NULL };
	const struct row *row;

	if (argc < 2)
		return run_row(call, find_row(name), 1, alone);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		help_all(call);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		result(call, "stepup %s", PACKAGE_VERSION);
		return EXIT_DONE;
	}
	row = find_row(argv[1]);
	if (row == NULL)
		return usage(call, argv[1][0] == '-' ? "unknown option" :
		    "unknown command", argv[1]);
	return run_row(call, row, argc - 1, argv + 1);
}

/* It shows secrets: no core dump, no debugger of the same person. */
static bool
keep_memory_private(void)
{
	const struct rlimit none = { 0, 0 };

	return setrlimit(RLIMIT_CORE, &none) == 0 &&
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

int
stepup_main(int argc, char *argv[], const struct host *host,
    const struct terminal_facts *facts)
{
	static struct terminal terminal;
	struct call call = { .host = host, .terminal = &terminal, .name = "" };
	enum exit_status status;

	if (!keep_memory_private())
		return EXIT_UNAVAILABLE;
	terminal_open(&terminal, facts);
	status = dispatch(&call, argc, argv);
	if (call_has(&call, OPTION_JSON) && !call_has(&call, OPTION_HELP) &&
	    !json_end(&call, status))
		status = EXIT_UNAVAILABLE;
	terminal_close(&terminal);
	return (int)status;
}
