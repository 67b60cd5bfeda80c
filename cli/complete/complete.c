/* SPDX-License-Identifier: BSD-2-Clause */
/* stepup-complete SHELL: the completions of that shell. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/complete/complete.h"
#include "cli/event.h"
#include "cli/values.h"

#define TOKEN_MAX 64

/* Once each, a space between them. */
static void
add_word(char words[COMPLETE_WORDS_MAX], const char *word, size_t len)
{
	size_t used = strlen(words);
	const char *s;

	for (s = words; (s = strstr(s, word)) != NULL; s += len)
		if (strncmp(s, word, len) == 0 &&
		    (s[len] == '\0' || s[len] == ' ') &&
		    (s == words || s[-1] == ' '))
			return;
	if (used + len + 2 < COMPLETE_WORDS_MAX)
		snprintf(words + used, COMPLETE_WORDS_MAX - used, "%s%.*s",
		    used > 0 ? " " : "", (int)len, word);
}

/* "deny.code", and "deny" for all of its kind. */
static void
add_outcome(char words[COMPLETE_WORDS_MAX], const char *name)
{
	char kind[TOKEN_MAX];

	snprintf(kind, sizeof(kind), "%.*s", (int)strcspn(name, "."), name);
	add_word(words, kind, strlen(kind));
	add_word(words, name, strlen(name));
}

static void
outcomes(char words[COMPLETE_WORDS_MAX])
{
	uint32_t i;

	for (i = 0; i < OUT_COUNT; i++)
		add_outcome(words, outcome_row((enum outcome)i)->audit);
	for (i = 1; event_change(i) != NULL; i++)
		add_outcome(words, event_change(i));
}

/* --- What help and synopsis say ---------------------------------------- */

/* Behind "--save" in a text; NULL: it is not there. */
static const char *
behind(const char *text, const char *option)
{
	size_t len = strlen(option);
	const char *s;

	for (s = text; (s = strstr(s, "--")) != NULL; s += 2)
		if (strncmp(s + 2, option, len) == 0 &&
		    s[2 + len] != '-' && !isalnum((unsigned char)s[2 + len]))
			return s + 2 + len;
	return NULL;
}

/* "FILE" of "--save FILE". */
static bool
takes_file(const char *text, const char *option)
{
	const char *s = behind(text, option);

	return s != NULL && (*s == ' ' || *s == '=') &&
	    strncmp(s + 1, "FILE", 4) == 0;
}

/* What stands behind it in its own line of the help, or in the next. */
static void
about(const char *help, const char *option, char buf[COMPLETE_TEXT_MAX])
{
	const char *s = behind(help, option), *gap;
	size_t n;

	buf[0] = '\0';
	if (s == NULL)
		return;
	n = strcspn(s, "\n");
	gap = strstr(s, "  ");
	if (gap == NULL)
		return;
	if (gap > s + n)
		gap = s + n + 1;	/* the next line */
	gap += strspn(gap, " ");
	snprintf(buf, COMPLETE_TEXT_MAX, "%.*s", (int)strcspn(gap, "\n"),
	    gap);
}

bool
complete_option(const struct command *row, size_t n,
    struct complete_option *out)
{
	const struct option *o;
	const char *const *w;

	for (o = command_options; o->name != NULL; o++) {
		out->name = command_option(o->val);
		if ((OPTION_BIT(out->name) & (row->options |
		    OPTION_BIT(OPTION_HELP))) != 0 && n-- == 0)
			break;
	}
	if (o->name == NULL)
		return false;
	out->text = o->name;
	out->letter = o->val < 256 ? (char)o->val : '\0';
	out->takes = o->has_arg != no_argument;
	out->kind = COMPLETE_NOTHING;
	out->words[0] = '\0';
	about(row->help, o->name, out->about);
	for (w = values_of(out->name); w != NULL && *w != NULL; w++)
		add_word(out->words, *w, strlen(*w));
	if (out->name == OPTION_OUTCOME)
		outcomes(out->words);
	if (out->words[0] != '\0')
		out->kind = COMPLETE_WORDS;
	else if (out->name == OPTION_USER)
		out->kind = COMPLETE_USER;
	else if (out->name == OPTION_GROUP)
		out->kind = COMPLETE_GROUP;
	else if (takes_file(row->synopsis, o->name) ||
	    takes_file(row->help, o->name))
		out->kind = COMPLETE_FILE;
	return true;
}

/*
 * A word of the synopsis that is no option and no value of one: one in
 * small letters is meant as it stands, USER OLD NEW are accounts, FILE is a
 * file, others are anything.
 */
static void
operand(struct complete_operands *out, const char *token, size_t len)
{
	static const char *const users[] = { "USER", "OLD", "NEW" };
	size_t i;

	if (islower((unsigned char)token[0])) {
		add_word(out->first, token, len);
		return;
	}
	for (i = 0; i < sizeof(users) / sizeof(users[0]); i++)
		if (strlen(users[i]) == len &&
		    strncmp(token, users[i], len) == 0)
			out->rest = COMPLETE_USER;
	if (len >= 4 && strncmp(token, "FILE", 4) == 0)
		out->rest = COMPLETE_FILE;
}

void
complete_operands(const struct command *row, struct complete_operands *out)
{
	static const char ends[] = " \n[]|()";
	const char *s = row->synopsis + strlen("stepup ");
	bool value = false;	/* what comes is the value of an option */
	size_t len;

	out->first[0] = '\0';
	out->rest = (row->flags & ACCOUNT) != 0 ? COMPLETE_USER :
	    COMPLETE_NOTHING;
	for (s += strlen(row->name); *s != '\0'; s += len) {
		/* `[--all] NAME`: what a bracket ends takes no value. */
		if (strchr("]|)", *s) != NULL)
			value = false;
		len = strcspn(s, ends);
		if (len == 0) {
			len = 1;
			continue;
		}
		if (*s == '-')
			value = memchr(s, '=', len) == NULL;
		else if (value && isupper((unsigned char)*s))
			value = false;
		else if (strncmp(s, "stepup", len) != 0 &&
		    strncmp(s, row->name, len) != 0)
			operand(out, s, len);
	}
}

/* --- The program ------------------------------------------------------- */

int
main(int argc, char *argv[])
{
	static const struct {
		const char	*name;
		void		(*write)(void);
	} shells[] = {
		{ "bash", complete_bash },
		{ "zsh", complete_zsh },
		{ "fish", complete_fish },
	};
	size_t i;

	for (i = 0; argc == 2 && i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(argv[1], shells[i].name) == 0) {
			shells[i].write();
			return fflush(stdout) == 0 && ferror(stdout) == 0 ?
			    0 : 1;
		}
	fputs("usage: complete bash|zsh|fish\n", stderr);
	return 2;
}
