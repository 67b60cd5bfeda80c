/* SPDX-License-Identifier: BSD-2-Clause */
/* For zsh: a list of commands, and _arguments for each. */
#include <stdio.h>
#include <string.h>

#include "cli/complete/complete.h"

static const char head[] =
"#compdef stepup\n"
"# zsh completion for stepup(1), made from its table of commands\n"
"\n"
"_stepup()\n"
"{\n"
"	local -a commands\n"
"	commands=(\n";

static const char middle[] =
"	)\n"
"	if (( CURRENT == 2 )); then\n"
"		_describe -t commands 'stepup command' commands\n"
"		_arguments '--help[how it is used]' '--version[which it is]'\n"
"		return\n"
"	fi\n"
"	local command=$words[2]\n"
"	shift words\n"
"	(( CURRENT-- ))\n"
"	case $command in\n";

static const char tail[] =
"	esac\n"
"}\n"
"\n"
"_stepup \"$@\"\n";

/* In single quotes, and inside of what _arguments reads. */
static void
put(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else {
			if (strchr("[]:\\", *text) != NULL)
				putchar('\\');
			putchar(*text);
		}
	}
}

static void
action(enum complete_kind kind, const char *words)
{
	switch (kind) {
	case COMPLETE_USER:
		fputs(":user:_users", stdout);
		return;
	case COMPLETE_GROUP:
		fputs(":group:_groups", stdout);
		return;
	case COMPLETE_FILE:
		fputs(":file:_files", stdout);
		return;
	case COMPLETE_WORDS:
		printf(":value:(%s)", words);
		return;
	case COMPLETE_NOTHING:
		break;
	}
	fputs(":text: ", stdout);
}

static void
spec(const struct complete_option *o)
{
	const char *equals = o->takes ? "=" : "";

	fputs(" \\\n		    ", stdout);
	if (o->letter != '\0')
		printf("'(-%c --%s)'{-%c%s,--%s%s}'[", o->letter, o->text,
		    o->letter, o->takes ? "+" : "", o->text, equals);
	else
		printf("'--%s%s[", o->text, equals);
	put(o->about);
	putchar(']');
	if (o->takes)
		action(o->kind, o->words);
	putchar('\'');
}

static void
command(const struct command *row)
{
	struct complete_operands operands;
	struct complete_option o;
	size_t i;

	printf("	%s)\n		_arguments -S", row->name);
	for (i = 0; complete_option(row, i, &o); i++)
		spec(&o);
	complete_operands(row, &operands);
	if (operands.first[0] != '\0') {
		fputs(" \\\n		    '1", stdout);
		action(COMPLETE_WORDS, operands.first);
		putchar('\'');
	}
	if (operands.rest != COMPLETE_NOTHING) {
		fputs(" \\\n		    '*", stdout);
		action(operands.rest, "");
		putchar('\'');
	}
	fputs(" ;;\n", stdout);
}

void
complete_zsh(void)
{
	const struct command *row;
	size_t i;

	fputs(head, stdout);
	for (i = 0; (row = command_at(i)) != NULL; i++) {
		printf("		'%s:", row->name);
		put(row->summary);
		fputs("'\n", stdout);
	}
	fputs(middle, stdout);
	for (i = 0; (row = command_at(i)) != NULL; i++)
		command(row);
	fputs(tail, stdout);
}
