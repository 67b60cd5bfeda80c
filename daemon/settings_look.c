/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <strings.h>

#include "daemon/settings_table.h"

#define NUMBER_DIGITS	9	/* fits an int, so libconfig cannot wrap it */

#define QUOTES	"text, durations and dates stand in quotes: \"...\""

struct scan {
	const char	*at, *end;
	unsigned	 line;
	unsigned	 depth;		/* of open lists */
	bool		 value;		/* a value comes next */
};

static const char *
look_at_bytes(const char *data, size_t len, unsigned *line)
{
	unsigned char c;
	size_t i;

	*line = 1;
	for (i = 0; i < len; i++) {
		c = (unsigned char)data[i];
		if (c == '\0')
			return "a NUL byte";
		if (c == '\r')
			return "a carriage return: lines end in LF alone";
		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			return "a control character";
		if (c == '\n')
			++*line;
	}
	*line = 1;
	return NULL;
}

static bool
word_byte(char c)
{
	return c != '\0' && strchr("abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+*./", c) != NULL;
}

static bool
starts(const struct scan *s, const char *what)
{
	size_t len = strlen(what);

	return (size_t)(s->end - s->at) >= len &&
	    memcmp(s->at, what, len) == 0;
}

static void
skip_line(struct scan *s)
{
	while (s->at < s->end && *s->at != '\n')
		s->at++;
}

static const char *
skip_comment(struct scan *s)
{
	unsigned start = s->line;

	for (s->at += 2; !starts(s, "*/"); s->at++) {
		if (s->at == s->end) {
			s->line = start;
			return "this comment is never closed";
		}
		if (*s->at == '\n')
			s->line++;
	}
	s->at += 2;
	return NULL;
}

static const char *
skip_text(struct scan *s)
{
	for (s->at++; s->at < s->end && *s->at != '\n'; s->at++) {
		if (*s->at == '"') {
			s->at++;
			s->value = false;
			return NULL;
		}
		if (*s->at != '\\')
			continue;
		/* \xHH can be anything, a NUL that cuts the text too. */
		if (starts(s, "\\x") || starts(s, "\\X"))
			return "\\x in a text";
		if (++s->at == s->end || *s->at == '\n')
			break;
	}
	return "the closing quote is missing";
}

static const char *
skip_word(struct scan *s)
{
	const char *start = s->at;
	size_t len, digits;

	while (s->at < s->end && word_byte(*s->at) && !starts(s, "//") &&
	    !starts(s, "/*"))
		s->at++;
	if (!s->value)
		return NULL;
	s->value = false;
	len = (size_t)(s->at - start);
	if ((len == 4 && strncasecmp(start, "true", 4) == 0) ||
	    (len == 5 && strncasecmp(start, "false", 5) == 0))
		return NULL;	/* the type is wrong, the table says it */
	if (*start == '-' || *start == '+') {
		start++;
		len--;
	}
	for (digits = 0; digits < len; digits++)
		if (start[digits] < '0' || start[digits] > '9')
			return QUOTES;
	if (len > NUMBER_DIGITS || (len > 1 && *start == '0'))
		return "a number has at most 9 digits, no leading 0";
	return NULL;
}

/* A byte that is no part of a text, a comment or a word. */
static const char *
skip_sign(struct scan *s)
{
	switch (*s->at++) {
	case '\n':
		s->line++;
		break;
	case '=':
	case ':':
		s->value = true;
		break;
	case '[':
	case '(':
		s->depth++;
		s->value = true;
		break;
	case '{':
	case '}':
		s->value = false;
		break;
	case ']':
	case ')':
		if (s->depth > 0)
			s->depth--;
		s->value = false;
		break;
	case ',':
	case ';':
		s->value = s->depth > 0;
		break;
	case '@':
		return "@include is not known here, use stepup.conf.d";
	}
	return NULL;
}

const char *
setting_look(const char *data, size_t len, unsigned *line)
{
	struct scan s = { .at = data, .end = data + len, .line = 1 };
	const char *wrong;

	wrong = look_at_bytes(data, len, line);
	while (wrong == NULL && s.at < s.end) {
		if (*s.at == '#' || starts(&s, "//"))
			skip_line(&s);
		else if (starts(&s, "/*"))
			wrong = skip_comment(&s);
		else if (*s.at == '"')
			wrong = skip_text(&s);
		else if (word_byte(*s.at))
			wrong = skip_word(&s);
		else
			wrong = skip_sign(&s);
		*line = s.line;
	}
	return wrong;
}
