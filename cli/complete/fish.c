/* SPDX-License-Identifier: BSD-2-Clause */
/* For fish: a line for each command, option and word. */
#include <stdio.h>

#include "cli/complete/complete.h"

/* In single quotes. */
static void
put(const char *text)
{
	putchar('\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('\'');
}

static void
action(enum complete_kind kind, const char *words)
{
	switch (kind) {
	case COMPLETE_USER:
		fputs(" -a '(__fish_complete_users)'", stdout);
		return;
	case COMPLETE_GROUP:
		fputs(" -a '(__fish_complete_groups)'", stdout);
		return;
	case COMPLETE_FILE:
		fputs(" -F", stdout);
		return;
	case COMPLETE_WORDS:
		fputs(" -a ", stdout);
		put(words);
		return;
	case COMPLETE_NOTHING:
		break;
	}
}

static void
options(const struct command *row)
{
	struct complete_option o;
	size_t i;

	for (i = 0; complete_option(row, i, &o); i++) {
		printf("complete -c stepup -n '__fish_seen_subcommand_from "
		    "%s'", row->name);
		if (o.letter != '\0')
			printf(" -s %c", o.letter);
		printf(" -l %s", o.text);
		if (o.takes) {
			fputs(o.kind == COMPLETE_FILE ? " -r" : " -x", stdout);
			action(o.kind, o.words);
		}
		if (o.about[0] != '\0') {
			fputs(" -d ", stdout);
			put(o.about);
		}
		putchar('\n');
	}
}

static void
words(const struct command *row)
{
	struct complete_operands operands;

	complete_operands(row, &operands);
	if (operands.first[0] != '\0') {
		printf("complete -c stepup -n '__fish_seen_subcommand_from "
		    "%s; and not __fish_seen_subcommand_from %s' -a ",
		    row->name, operands.first);
		put(operands.first);
		putchar('\n');
	}
	if (operands.rest == COMPLETE_NOTHING)
		return;
	printf("complete -c stepup -n '__fish_seen_subcommand_from %s",
	    row->name);
	if (operands.first[0] != '\0')
		printf("; and __fish_seen_subcommand_from %s",
		    operands.first);
	putchar('\'');
	action(operands.rest, "");
	putchar('\n');
}

void
complete_fish(void)
{
	const struct command *row;
	size_t i;

	fputs("# fish completion for stepup(1), made from its table of "
	    "commands\n\ncomplete -c stepup -f\n"
	    "complete -c stepup -n __fish_use_subcommand -l help "
	    "-d 'how it is used'\n"
	    "complete -c stepup -n __fish_use_subcommand -l version "
	    "-d 'which it is'\n", stdout);
	for (i = 0; (row = command_at(i)) != NULL; i++) {
		printf("complete -c stepup -n __fish_use_subcommand -a %s "
		    "-d ", row->name);
		put(row->summary);
		putchar('\n');
	}
	for (i = 0; (row = command_at(i)) != NULL; i++) {
		options(row);
		words(row);
	}
}
