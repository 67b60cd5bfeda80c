/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <security/_pam_types.h>

#include "cli/doctor/pamtext.h"

_Static_assert(_PAM_RETURN_VALUES == PAMTEXT_CODES, "libpam's codes");

#define JUMP_MAX 1000000

void
pamtext_open(struct pamtext *t, const char *data, size_t len)
{
	t->data = data;
	t->len = len;
	t->at = 0;
	t->line = 0;
}

/* fgets(3): at most size - 1 bytes, up to and with a newline. */
static bool
chunk(struct pamtext *t, char *buf, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && t->at < t->len) {
		buf[n] = t->data[t->at++];
		if (buf[n++] == '\n') {
			t->line++;
			break;
		}
	}
	buf[n] = '\0';
	return n > 0;
}

/* Ends s before blanks at its end; true when a backslash stands there. */
static bool
goes_on(char *s, char **end)
{
	*end = s + strlen(s);
	while (*end > s && (*--*end == ' ' || **end == '\t' || **end == '\n'))
		;
	return **end == '\\';
}

enum pamtext_line
pamtext_next(struct pamtext *t, char line[PAMTEXT_LINE_MAX],
    unsigned *number, bool *cut)
{
	char *p = line, *end = line + PAMTEXT_LINE_MAX, *s, *last;
	bool used = false;
	unsigned at;
	size_t len;

	*number = 0;
	*cut = false;
	for (;;) {
		at = t->line + 1;
		/* With one byte left libpam reads nothing, for ever. */
		if (end - p < 2)
			return PAMTEXT_ABORT;
		if (!chunk(t, p, (size_t)(end - p)))
			return used ? PAMTEXT_ABORT : PAMTEXT_END;
		len = strlen(p);
		*cut |= p + len + 1 == end && p[len - 1] != '\n' &&
		    t->at < t->len;
		s = p + strspn(p, " \n\t");
		if (*s == '\0' || *s == '#')
			continue;
		if (*number == 0)
			*number = at;
		used = true;
		last = strchr(s, '#');
		if (last != NULL) {
			*last = '\0';
			return PAMTEXT_LINE;
		}
		if (!goes_on(s, &last))
			return PAMTEXT_LINE;
		*last++ = ' ';
		*last = '\0';
		p = last;
	}
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* After '[': the inside, moved together; the byte that ended it. */
static char *
bracket(char *from)
{
	char *to = from, *end = from;

	for (; *end != '\0' && *end != ']'; to++, end++) {
		if (*end == '\\' && end[1] == ']')
			end++;
		*to = *end;
	}
	if (to != end)
		*to = '\0';
	return end;
}

char *
pamtext_token(char **rest)
{
	char *from = *rest, *end;

	if (from == NULL)
		return NULL;
	while (blank(*from))
		from++;
	if (*from == '[')
		end = bracket(++from);
	else if (*from == '\0') {
		*rest = NULL;
		return NULL;
	} else
		for (end = from; *end != '\0' && !blank(*end); end++)
			;
	if (*end != '\0')
		*end++ = '\0';
	*rest = *end != '\0' ? end : NULL;
	return from;
}

/* --- Control ----------------------------------------------------------- */

static const char *const codes[] = {
	"success", "open_err", "symbol_err", "service_err", "system_err",
	"buf_err", "perm_denied", "auth_err", "cred_insufficient",
	"authinfo_unavail", "user_unknown", "maxtries", "new_authtok_reqd",
	"acct_expired", "session_err", "cred_unavail", "cred_expired",
	"cred_err", "no_module_data", "conv_err", "authtok_err",
	"authtok_recover_err", "authtok_lock_busy", "authtok_disable_aging",
	"try_again", "ignore", "abort", "authtok_expired", "module_unknown",
	"bad_item", "conv_again", "incomplete", "default"
};
_Static_assert(sizeof(codes) / sizeof(codes[0]) == PAMTEXT_CODES + 1,
    "a name for every code, and the default");

static const char *const actions[] = {
	"ignore", "ok", "done", "bad", "die", "reset"
};
#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

static const struct {
	const char	*word;
	int		 good, ignore, others;
} words[] = {
	{ "required", ACTION_OK, ACTION_IGNORE, ACTION_BAD },
	{ "requisite", ACTION_OK, ACTION_IGNORE, ACTION_DIE },
	{ "optional", ACTION_OK, ACTION_IGNORE, ACTION_IGNORE },
	{ "sufficient", ACTION_DONE, ACTION_IGNORE, ACTION_IGNORE },
};

const char *
pamtext_code(int code)
{
	return code >= 0 && code < PAMTEXT_CODES ? codes[code] : "?";
}

void
pamtext_control_all(struct pamcontrol *out, int action)
{
	size_t i;

	for (i = 0; i < PAMTEXT_CODES; i++)
		out->actions[i] = action;
}

static void
set_default(struct pamcontrol *out, int action)
{
	size_t i;

	for (i = 0; i < PAMTEXT_CODES; i++)
		if (out->actions[i] == ACTION_UNDEF)
			out->actions[i] = action;
}

static const char *
skip_space(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* The first name that s begins with; count where there is none. */
static size_t
match(const char *const *names, size_t count, const char **s)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strncmp(names[i], *s, strlen(names[i])) == 0) {
			*s += strlen(names[i]);
			break;
		}
	return i;
}

/* An action's word or the number of a jump; false: *why. */
static bool
read_action(const char **s, int *action, const char **why)
{
	size_t i = match(actions, ACTIONS, s);

	*action = -(int)i;
	if (i < ACTIONS)
		return true;
	*why = "an action is missing";
	if (!isdigit((unsigned char)**s))
		return false;
	*action = 0;
	while (isdigit((unsigned char)**s) && *action < JUMP_MAX)
		*action = *action * 10 + *(*s)++ - '0';
	*why = *action == 0 ? "a jump over 0 lines" :
	    "a jump that is too far";
	return *action > 0 && *action < JUMP_MAX;
}

/* VALUE=ACTION, once. */
static bool
read_pair(const char **s, struct pamcontrol *out, const char **why)
{
	size_t code = match(codes, PAMTEXT_CODES + 1, s);
	int action;

	*why = "not a return value";
	if (code > PAMTEXT_CODES || **s == '\0')
		return false;
	*s = skip_space(*s);
	*why = "an = is missing";
	if (**s != '=')
		return false;
	*s = skip_space(*s + 1);
	*why = "an action is missing";
	if (**s == '\0' || !read_action(s, &action, why))
		return false;
	if (code == PAMTEXT_CODES)
		set_default(out, action);
	else
		out->actions[code] = action;
	return true;
}

bool
pamtext_control(const char *word, struct pamcontrol *out, const char **why)
{
	const char *s;
	size_t i;

	*why = NULL;
	pamtext_control_all(out, ACTION_UNDEF);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(word, words[i].word) != 0)
			continue;
		out->actions[PAM_SUCCESS] = words[i].good;
		out->actions[PAM_NEW_AUTHTOK_REQD] = words[i].good;
		out->actions[PAM_IGNORE] = words[i].ignore;
		set_default(out, words[i].others);
		return true;
	}
	for (s = skip_space(word); *s != '\0'; s = skip_space(s))
		if (!read_pair(&s, out, why)) {
			pamtext_control_all(out, ACTION_BAD);
			return false;
		}
	*why = NULL;
	set_default(out, ACTION_BAD);
	return true;
}
