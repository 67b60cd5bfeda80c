/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/verdict.h"

bool
call_has(const struct call *call, enum option_name name)
{
	return (call->options & OPTION_BIT(name)) != 0;
}

bool
call_asks(const struct call *call)
{
	const struct command *row = command_find(call->name);

	if (row == NULL)
		return false;
	if ((row->flags & ASKS) != 0 || call_has(call, OPTION_LIST) ||
	    call_has(call, OPTION_DRY_RUN))
		return true;
	if (row->run == key_run)
		return call->word_count > 0 &&
		    strcmp(call->words[0], "status") == 0;
	return row->run == codes_run && !call_has(call, OPTION_NEW);
}

enum exit_status
usage(const struct call *call, const char *what, const char *word)
{
	char clean[80], said[256], next[80];

	terminal_clean(word, clean, sizeof(clean));
	snprintf(said, sizeof(said), "stepup: %s%s%s", what,
	    *clean != '\0' ? ": " : "", clean);
	snprintf(next, sizeof(next), "stepup %s%s--help", call->name,
	    *call->name != '\0' ? " " : "");
	return verdict_refuse(call, EXIT_USAGE, said, next);
}

/*
 * EXIT_DONE: go on with the operand, if any, in argv[optind]; *ended: behind
 * "--" all words are operands.
 */
static enum exit_status
read_options(struct call *call, const struct command *row, int argc,
    char *argv[], bool *ended)
{
	const char *value = NULL;
	enum option_name name;
	int c, at;

	opterr = 0;
	optind = 0;
	for (;;) {
		at = optind > 0 ? optind : 1;
		c = getopt_long(argc, argv, "+:u:rnays:ph", command_options,
		    NULL);
		if (c == -1)
			break;
		if (c == ':')
			return usage(call, "a value is missing after",
			    argv[at]);
		name = command_option(c);
		if (name == OPTIONS || (OPTION_BIT(name) & (row->options |
		    OPTION_BIT(OPTION_HELP))) == 0)
			return usage(call, "unknown option", argv[at]);
		if (optarg != NULL && call->value[name] != NULL)
			return usage(call, "given twice", argv[at]);
		if (optarg != NULL)
			value = call->value[name] = optarg;
		call->options |= OPTION_BIT(name);
	}
	*ended = optind > 1 && argv[optind - 1] != value &&
	    strcmp(argv[optind - 1], "--") == 0;
	return EXIT_DONE;
}

/* Each form has a line of its own in the synopsis, below "usage: ". */
enum exit_status
usage_forms(const struct call *call, const char *what)
{
	const char *form = command_find(call->name)->synopsis;
	char next[CALL_COMMAND_MAX] = "";
	size_t used = 0, len;

	for (; *form != '\0' && used < sizeof(next); form += len) {
		form += strspn(form, "\n ");
		len = strcspn(form, "\n");
		used += (size_t)snprintf(next + used, sizeof(next) - used,
		    "%s%.*s", used > 0 ? ",\n      or " : "", (int)len, form);
	}
	return verdict_refuse(call, EXIT_USAGE, what, next);
}

/* FILE, USER, NEW: as the usage calls the first word that is not there. */
static enum exit_status
missing(const struct call *call, const struct command *row)
{
	char what[32];
	const char *word = row->synopsis;
	size_t skip = call->word_count + 2, len;

	for (; skip > 0 && *word != '\0'; skip--) {
		word += strcspn(word, " ");
		word += *word == ' ';
	}
	len = strcspn(word, " \n");
	if (len == 0 || len >= sizeof(what) || *word < 'A' || *word > 'Z')
		return usage_forms(call, "stepup: a word is missing");
	snprintf(what, sizeof(what), "%.*s", (int)len, word);
	return usage(call, "missing", what);
}

/* Operands move to the front of argv, in their order. */
enum exit_status
arguments_read(struct call *call, const struct command *row, int argc,
    char *argv[])
{
	enum exit_status status;
	char **words = argv + 1;
	bool ended = false;
	int used;

	call->words = words;
	for (;;) {
		used = 1;
		if (!ended) {
			status = read_options(call, row, argc, argv, &ended);
			if (status != EXIT_DONE)
				return status;
			used = optind;
		}
		argv += used;
		argc -= used;
		if (argc == 0)
			break;
		if (call->word_count == row->words_max) {
			if (call_has(call, OPTION_HELP))
				return EXIT_DONE;
			return usage(call, "unexpected word", argv[0]);
		}
		words[call->word_count++] = argv[0];
	}
	if (call->word_count > 0)
		call->operand = words[0];
	if (call->word_count < row->words_min && !call_has(call, OPTION_HELP))
		return missing(call, row);
	return EXIT_DONE;
}

/* Where quotes would not do, what is meant stands in its place. */
static void
quote(const char *word, const char *instead, char *buf, size_t size)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+@:,/%=";
	const char *sign = word[strspn(word, plain)] != '\0' ||
	    *word == '\0' ? "'" : "";

	if (strchr(word, '\'') != NULL) {
		sign = "";
		word = instead;
	}
	snprintf(buf, size, "%s%s%s", sign, word, sign);
}

void
call_quote(const char *name, char buf[CALL_NAME_MAX])
{
	char clean[CALL_NAME_MAX - 2];

	terminal_clean(name, clean, sizeof(clean));
	quote(clean, "NAME", buf, CALL_NAME_MAX);
}

/* Appends a word as a shell takes it, where there is room for all of it. */
static void
add_word(char buf[CALL_COMMAND_MAX], const char *sign, const char *word)
{
	char quoted[CALL_COMMAND_MAX];
	size_t used = strlen(buf);

	quote(word, "TEXT", quoted, sizeof(quoted));
	if (used + strlen(sign) + strlen(quoted) + 1 < CALL_COMMAND_MAX)
		snprintf(buf + used, CALL_COMMAND_MAX - used, " %s%s", sign,
		    quoted);
}

void
arguments_again(const struct call *call, char buf[CALL_COMMAND_MAX])
{
	const struct option *o;
	enum option_name name;
	unsigned i;

	snprintf(buf, CALL_COMMAND_MAX, "%s", call->name);
	for (o = command_options; o->name != NULL; o++) {
		name = command_option(o->val);
		if (name == OPTION_USER || !call_has(call, name))
			continue;
		add_word(buf, "--", o->name);
		if (call->value[name] != NULL)
			add_word(buf, "", call->value[name]);
	}
	for (i = 0; i < call->word_count && call->words[i][0] != '-'; i++)
		;
	if (i < call->word_count)
		add_word(buf, "", "--");
	for (i = 0; i < call->word_count; i++)
		add_word(buf, "", call->words[i]);
}
