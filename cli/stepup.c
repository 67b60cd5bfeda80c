/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/account.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/verdict.h"

const char *
call_way(const struct call *call)
{
	return call->host->uid == 0 && call->host->sudo_user != NULL ?
	    "sudo " : "";
}

void
call_command(const struct call *call, const char *name, const char *option,
    char buf[CALL_COMMAND_MAX])
{
	char user[CALL_NAME_MAX];

	call_quote(call->user, user);
	snprintf(buf, CALL_COMMAND_MAX, "%sstepup %s%s%s%s%s",
	    call_way(call), name,
	    option != NULL ? " " : "", option != NULL ? option : "",
	    call->named ? " -u " : "", call->named ? user : "");
}

/* --- Help -------------------------------------------------------------- */

static void
help_all(const struct call *call)
{
	const struct command *c;
	size_t i;

	result(call, "usage: stepup [COMMAND [OPTIONS]]\n");
	for (i = 0; (c = command_at(i)) != NULL; i++)
		result(call, "  %-8s  %s", c->name, c->summary);
	result(call, "\nWithout a command: status. stepup COMMAND --help tells "
	    "more.\n\nExit status: 0 done, 1 refused, 2 usage, 3 not enrolled, "
	    "4 unavailable,\n5 cancelled.");
}

static void
help_one(const struct call *call, const struct command *row)
{
	result(call, "usage: %s\n", row->synopsis);
	output_write(call, row->help, strlen(row->help));
}

/* --- Who --------------------------------------------------------------- */

static enum exit_status
find_user(struct call *call, const char *name)
{
	enum outcome why = OUT_NO_USER;
	uid_t uid = call->host->uid;
	char next[80];
	int error;

	if (name != NULL && (*name == '\0' || strlen(name) >= 256))
		return usage(call, "not an account name", name);
	error = account_find(name, call->host->uid, call->user, &uid, NULL);
	if (error == 0 && (call->host->uid == 0 || uid == call->host->uid))
		return EXIT_DONE;
	if (error == 0 || (name != NULL && call->host->uid != 0)) {
		snprintf(next, sizeof(next), "sudo stepup %s -u NAME",
		    call->name);
		return verdict_refuse(call, EXIT_REFUSED,
		    "Only root may do this for somebody else.", next);
	}
	if (name != NULL)
		snprintf(call->user, sizeof(call->user), "%s", name);
	else
		snprintf(call->user, sizeof(call->user), "%lu",
		    (unsigned long)call->host->uid);
	/* ENOENT and its kin: the name service answered, and knows nobody. */
	if (error != ENOENT && error != ESRCH)
		why = OUT_SERVICE;
	else if (name != NULL &&
	    (command_find(call->name)->flags & STORED) != 0)
		return EXIT_DONE;
	return verdict_say(call, verdict_of_outcome(why), NULL);
}

/* Its account, if any, stands where others have -u. */
static enum exit_status
run_roots(struct call *call, const struct command *row)
{
	char again[CALL_COMMAND_MAX];
	enum exit_status status = EXIT_DONE;

	arguments_again(call, again);
	call_command(call, again, NULL, call->again);
	if (call->host->uid != 0) {
		snprintf(again, sizeof(again), "sudo %.600s", call->again);
		return verdict_refuse(call, EXIT_REFUSED,
		    "Only root may do this.", again);
	}
	if ((row->flags & ACCOUNT) != 0 && call->operand != NULL) {
		status = find_user(call, call->operand);
		call->named = true;
	}
	return status == EXIT_DONE ? row->run(call) : status;
}

static enum exit_status
run_row(struct call *call, const struct command *row, int argc, char *argv[])
{
	char again[CALL_COMMAND_MAX];
	enum exit_status status;
	const char *user;

	call->name = row->name;
	status = arguments_read(call, row, argc, argv);
	if (status != EXIT_DONE)
		return status;
	if (call_has(call, OPTION_HELP)) {
		help_one(call, row);
		return EXIT_DONE;
	}
	if ((row->flags & ROOTS) != 0)
		return run_roots(call, row);
	user = call->value[OPTION_USER];
	call->named = user != NULL && call->host->uid == 0;
	snprintf(call->user, sizeof(call->user), "%s",
	    user != NULL ? user : "");
	arguments_again(call, again);
	call_command(call, again, NULL, call->again);
	status = find_user(call, user);
	if (status != EXIT_DONE)
		return status;
	call_command(call, again, NULL, call->again);
	return row->run(call);
}

static enum exit_status
dispatch(struct call *call, int argc, char *argv[])
{
	static char name[] = "status";
	char *alone[] = { name, NULL };
	const struct command *row;

	if (argc < 2)
		return run_row(call, command_find(name), 1, alone);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		help_all(call);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		result(call, "stepup %s", PACKAGE_VERSION);
		return EXIT_DONE;
	}
	/* Options without a command are those of status. */
	if (argv[1][0] == '-')
		return run_row(call, command_find(name), argc, argv);
	row = command_find(argv[1]);
	if (row == NULL)
		return usage(call, "unknown command", argv[1]);
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
	/* Whatever was found out, it did not arrive. */
	if (!output_flush(&call))
		status = EXIT_UNAVAILABLE;
	terminal_close(&terminal);
	return (int)status;
}
