/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For bash, with or without the package bash-completion.  A function for
 * each command says what it takes; the rest is the same for all.
 */
#include <stdio.h>

#include "cli/complete/complete.h"

static const char head[] =
"# bash completion for stepup(1), made from its table of commands\n"
"\n"
"_stepup_reply()\n"
"{\n"
"	mapfile -t COMPREPLY < <(\"$@\" 2>/dev/null)\n"
"}\n"
"\n"
"# _stepup_value KIND WORDS: what the word under the cursor can be\n"
"_stepup_value()\n"
"{\n"
"	case $1 in\n"
"	user) _stepup_reply compgen -u -- \"$cur\" ;;\n"
"	group) _stepup_reply compgen -g -- \"$cur\" ;;\n"
"	words) _stepup_reply compgen -W \"$2\" -- \"$cur\" ;;\n"
"	file)\n"
"		compopt -o filenames 2>/dev/null\n"
"		_stepup_reply compgen -f -- \"$cur\" ;;\n"
"	esac\n"
"}\n"
"\n";

static const char tail[] =
"# Readline makes words of their own of `=' and what is around it.\n"
"_stepup()\n"
"{\n"
"	local cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n"
"	local word before='' operands=0 i\n"
"	local options='' first='' rest='' kind='' words=''\n"
"	COMPREPLY=()\n"
"	if [ \"$COMP_CWORD\" -le 1 ]; then\n"
"		_stepup_reply compgen -W \"$(_stepup_commands) --help --version\" "
"-- \"$cur\"\n"
"		return\n"
"	fi\n"
"	_stepup_takes \"$command\" || return 0\n"
"	for ((i = 2; i < COMP_CWORD; i++)); do\n"
"		word=${COMP_WORDS[i]}\n"
"		[ \"$word\" = '=' ] && continue\n"
"		if [ -n \"$before\" ]; then\n"
"			before=''\n"
"			continue\n"
"		fi\n"
"		case $word in\n"
"		-*) _stepup_option \"$command\" \"$word\" && before=$word ;;\n"
"		*) operands=$((operands + 1)) ;;\n"
"		esac\n"
"	done\n"
"	[ \"$cur\" = '=' ] && cur=''\n"
"	if [ -n \"$before\" ]; then\n"
"		_stepup_option \"$command\" \"$before\"\n"
"		_stepup_value \"$kind\" \"$words\"\n"
"		return\n"
"	fi\n"
"	case $cur in\n"
"	-*)\n"
"		_stepup_value words \"$options\"\n"
"		return ;;\n"
"	esac\n"
"	if [ -n \"$first\" ] && [ \"$operands\" -eq 0 ]; then\n"
"		_stepup_value words \"$first\"\n"
"	else\n"
"		_stepup_value \"$rest\"\n"
"	fi\n"
"}\n"
"\n"
"complete -F _stepup stepup\n";

static const char *
kind_word(enum complete_kind kind)
{
	switch (kind) {
	case COMPLETE_USER:
		return "user";
	case COMPLETE_GROUP:
		return "group";
	case COMPLETE_FILE:
		return "file";
	case COMPLETE_WORDS:
		return "words";
	case COMPLETE_NOTHING:
		break;
	}
	return "nothing";
}

static void
takes(const struct command *row)
{
	struct complete_operands operands;
	struct complete_option o;
	size_t i;

	printf("	%s)\n		options='", row->name);
	for (i = 0; complete_option(row, i, &o); i++) {
		if (o.letter != '\0')
			printf("%s-%c", i > 0 ? " " : "", o.letter);
		printf("%s--%s", i > 0 || o.letter != '\0' ? " " : "",
		    o.text);
	}
	complete_operands(row, &operands);
	printf("'\n		first='%s' rest=%s ;;\n", operands.first,
	    kind_word(operands.rest));
}

/* Those that take a value. */
static void
values(const struct command *row)
{
	struct complete_option o;
	size_t i;

	for (i = 0; complete_option(row, i, &o); i++) {
		if (!o.takes)
			continue;
		printf("	%s:--%s", row->name, o.text);
		if (o.letter != '\0')
			printf("|%s:-%c", row->name, o.letter);
		printf(") kind=%s words='%s' ;;\n", kind_word(o.kind),
		    o.words);
	}
}

void
complete_bash(void)
{
	const struct command *row;
	size_t i;

	fputs(head, stdout);
	fputs("_stepup_commands()\n{\n	echo '", stdout);
	for (i = 0; (row = command_at(i)) != NULL; i++)
		printf("%s%s", i > 0 ? " " : "", row->name);
	fputs("'\n}\n\n# What a command takes; false: there is no such\n"
	    "_stepup_takes()\n{\n	case $1 in\n", stdout);
	for (i = 0; (row = command_at(i)) != NULL; i++)
		takes(row);
	fputs("	*) return 1 ;;\n	esac\n}\n\n"
	    "# The value of an option; false: it takes none\n"
	    "_stepup_option()\n{\n	case $1:$2 in\n", stdout);
	for (i = 0; (row = command_at(i)) != NULL; i++)
		values(row);
	fputs("	*) return 1 ;;\n	esac\n}\n\n", stdout);
	fputs(tail, stdout);
}
