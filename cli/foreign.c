/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cli/foreign.h"
#include "common/text.h"

#define GA_PERIOD	30
#define GA_WINDOW	3	/* codes: one before, one after */
#define GA_WINDOW_MAX	100
#define GA_PERIOD_MAX	60
#define GA_SCRATCH	8	/* digits */
#define GA_SKEW_MAX	100000	/* steps: it learns up to half a day */
#define OATH_LINE_MAX	1024
#define DIGITS		"0123456789"

/* Numbers of up to 9 digits, as strtoul takes them, leading zeroes too. */
static bool
number(const char *s, uint64_t max, uint64_t *out)
{
	size_t n = strspn(s, "0");

	if (n > 0 && s[n] == '\0')
		n--;	/* "0" itself */
	return *s != '\0' && text_number(s + n, 0, max, out);
}

/* One line off the front, without its end; NULL: there is none. */
static char *
cut_line(char **text, size_t *left, size_t *len)
{
	char *line = *text, *end = memchr(line, '\n', *left);

	if (*left == 0)
		return NULL;
	*len = end != NULL ? (size_t)(end - line) : *left;
	*text += end != NULL ? *len + 1 : *len;
	*left -= end != NULL ? *len + 1 : *len;
	while (*len > 0 && line[*len - 1] == '\r')
		(*len)--;
	return line;
}

static bool
binary(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (((unsigned char)s[i] < 0x20 && s[i] != '\t' &&
		    s[i] != '\r') || s[i] == 0x7f)
			return true;
	return false;
}

static void
refuse(struct foreign *f, enum foreign_why why)
{
	f->why = why;
	explicit_bzero(f->secret, sizeof(f->secret));
	f->secret_len = 0;
}

/* --- .google_authenticator ------------------------------------------------ */

static int
symbol(char c)
{
	if (c == '0')
		c = 'O';
	else if (c == '1')
		c = 'L';
	else if (c == '8')
		c = 'B';
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* What bits are left over are dropped, as there. */
static void
ga_secret(struct foreign *f, const char *s, size_t len)
{
	unsigned bits = 0, have = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (strchr(" \t\r-", s[i]) != NULL)
			continue;
		if (symbol(s[i]) == -1) {
			refuse(f, FOREIGN_SECRET);
			return;
		}
		bits = (bits << 5 | (unsigned)symbol(s[i])) & 0xfff;
		have += 5;
		if (have < 8)
			continue;
		if (f->secret_len == sizeof(f->secret)) {
			refuse(f, FOREIGN_LONG);
			return;
		}
		have -= 8;
		f->secret[f->secret_len++] = (uint8_t)(bits >> have);
	}
	if (f->secret_len == 0)
		refuse(f, FOREIGN_EMPTY);
	else if (f->secret_len < FOREIGN_SECRET_MIN)
		refuse(f, FOREIGN_SHORT);
}

/* Seen once: of an option that stands there twice, the first counts. */
#define SEEN_TOTP	0x01u
#define SEEN_COUNTER	0x02u
#define SEEN_PERIOD	0x04u
#define SEEN_WINDOW	0x08u
#define SEEN_SKEW	0x10u
#define SEEN_REUSE	0x20u

static bool
ga_number(const char *value, uint64_t min, uint64_t max, unsigned *out)
{
	char word[16];
	uint64_t n;
	size_t len = strspn(value, DIGITS);

	if (len == 0 || len >= sizeof(word) ||
	    strchr(" \t", value[len]) == NULL)
		return false;
	memcpy(word, value, len);
	word[len] = '\0';
	if (!number(word, max, &n) || n < min)
		return false;
	*out = (unsigned)n;
	return true;
}

/* The highest step of the list that a code was taken for. */
static bool
ga_reuse(struct foreign *f, char *value)
{
	char *word, *rest = NULL;
	uint64_t step;

	for (word = strtok_r(value, " \t", &rest); word != NULL;
	    word = strtok_r(NULL, " \t", &rest)) {
		if (!number(word, INT32_MAX, &step))
			return false;
		if ((int64_t)step > f->after)
			f->after = (int64_t)step;
	}
	return true;
}

static bool
ga_skew(struct foreign *f, const char *value)
{
	unsigned n;
	bool back = *value == '-';

	if (!ga_number(value + back, 0, GA_SKEW_MAX, &n))
		return false;
	f->skew = back ? -(int64_t)n : (int64_t)n;
	return true;
}

/* `NAME VALUE` behind the quote; false: the value cannot be read. */
static bool
ga_option(struct foreign *f, char *name, unsigned *seen)
{
	static const struct { const char *name; unsigned bit; } known[] = {
		{ "TOTP_AUTH", SEEN_TOTP }, { "HOTP_COUNTER", SEEN_COUNTER },
		{ "STEP_SIZE", SEEN_PERIOD }, { "WINDOW_SIZE", SEEN_WINDOW },
		{ "TIME_SKEW", SEEN_SKEW }, { "DISALLOW_REUSE", SEEN_REUSE },
	};
	char *value = name + strcspn(name, " \t");
	unsigned bit = 0, counter;
	size_t i;

	if (*value != '\0')
		*value++ = '\0';
	value += strspn(value, " \t");
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name, known[i].name) == 0)
			bit = known[i].bit;
	if (bit == 0 || (*seen & bit) != 0)
		return true;
	*seen |= bit;
	switch (bit) {
	case SEEN_COUNTER:	/* 0 is as good as none, there */
		if (ga_number(value, 0, UINT32_MAX, &counter) && counter == 0)
			*seen &= ~SEEN_COUNTER;
		return true;
	case SEEN_PERIOD:
		return ga_number(value, 1, GA_PERIOD_MAX, &f->period);
	case SEEN_WINDOW:
		return ga_number(value, 1, GA_WINDOW_MAX, &f->window);
	case SEEN_SKEW:
		return ga_skew(f, value);
	case SEEN_REUSE:
		return ga_reuse(f, value);
	default:
		return true;
	}
}

/* The lines behind the secret. */
static void
ga_lines(char *text, size_t left, struct foreign *f, unsigned *seen)
{
	unsigned line = 1;
	char *s;
	size_t len;

	while ((s = cut_line(&text, &left, &len)) != NULL) {
		line++;
		/* The byte behind a line is its own end, or the text's. */
		s[len] = '\0';
		if (len == GA_SCRATCH && strspn(s, DIGITS) == len)
			f->scratch++;
		if (len < 2 || s[0] != '"' || s[1] != ' ' ||
		    ga_option(f, s + 2, seen))
			continue;
		refuse(f, FOREIGN_OPTION);
		f->line = line;
		return;
	}
}

void
foreign_ga(char *text, size_t len, struct foreign *f)
{
	unsigned seen = 0;
	size_t first;
	char *s;

	*f = (struct foreign){ .line = 1, .digits = 6, .period = GA_PERIOD,
	    .window = GA_WINDOW };
	for (first = 0; first < len; first++)
		if (text[first] != '\n' && binary(text + first, 1)) {
			refuse(f, FOREIGN_BINARY);
			return;
		}
	s = cut_line(&text, &len, &first);
	if (s == NULL)
		refuse(f, FOREIGN_EMPTY);
	else
		ga_secret(f, s, first);
	if (f->why == FOREIGN_FINE)
		ga_lines(text, len, f, &seen);
	if (f->why != FOREIGN_FINE)
		return;
	if ((seen & SEEN_TOTP) == 0 || (seen & SEEN_COUNTER) != 0)
		refuse(f, FOREIGN_EVENT);
	else if (f->period < FOREIGN_PERIOD_MIN)
		refuse(f, FOREIGN_PERIOD);
}

/* --- users.oath ----------------------------------------------------------- */

/* HOTP, HOTP/E[/D]: events; HOTP/T30[/D], HOTP/T60[/D]: time. */
static enum foreign_why
oath_type(const char *type, struct foreign *f)
{
	static const struct { const char *name; unsigned period; } known[] = {
		{ "HOTP/T30", 30 }, { "HOTP/T60", 60 }, { "HOTP/E", 0 },
	};
	const char *rest = NULL;
	size_t i;

	if (strcmp(type, "HOTP") == 0)
		return FOREIGN_EVENT;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strncmp(type, known[i].name, strlen(known[i].name)) != 0)
			continue;
		rest = type + strlen(known[i].name);
		f->period = known[i].period;
	}
	if (rest == NULL)
		return FOREIGN_TYPE;
	f->digits = 6;
	if (*rest != '\0') {
		if (rest[0] != '/' || rest[1] < '6' || rest[1] > '8' ||
		    rest[2] != '\0')
			return FOREIGN_TYPE;
		f->digits = (unsigned)(rest[1] - '0');
	}
	return f->period == 0 ? FOREIGN_EVENT : FOREIGN_FINE;
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void
oath_secret(const char *hex, struct foreign *f)
{
	size_t len = strlen(hex), i;

	for (i = 0; i < len; i++)
		if (nibble(hex[i]) == -1)
			break;
	if (i < len || len % 2 != 0)
		refuse(f, FOREIGN_SECRET);
	else if (len > 2 * sizeof(f->secret))
		refuse(f, FOREIGN_LONG);
	else if (len < 2 * FOREIGN_SECRET_MIN)
		refuse(f, FOREIGN_SHORT);
	if (f->why != FOREIGN_FINE)
		return;
	for (i = 0; i < len; i += 2)
		f->secret[f->secret_len++] = (uint8_t)(nibble(hex[i]) << 4 |
		    nibble(hex[i + 1]));
}

/* type user pin secret [counter [last code [when]]] */
static void
oath_line(char *line, struct foreign *f)
{
	enum foreign_why why;
	char *rest = NULL, *type, *user, *pin, *secret;

	type = strtok_r(line, " \t\r", &rest);
	user = strtok_r(NULL, " \t\r", &rest);
	pin = strtok_r(NULL, " \t\r", &rest);
	secret = strtok_r(NULL, " \t\r", &rest);
	if (user != NULL && strlen(user) <= FOREIGN_NAME_MAX)
		memcpy(f->user, user, strlen(user) + 1);
	why = oath_type(type, f);
	if (why != FOREIGN_FINE)
		refuse(f, why);
	else if (f->user[0] == '\0' || secret == NULL)
		refuse(f, FOREIGN_LINE);
	else
		oath_secret(secret, f);
	f->pin = pin != NULL && strcmp(pin, "-") != 0;
}

bool
foreign_oath(struct foreign_lines *l, struct foreign *f)
{
	char *s;
	size_t len, blank;

	while ((s = cut_line(&l->text, &l->len, &len)) != NULL) {
		l->line++;
		*f = (struct foreign){ .line = l->line };
		for (blank = 0; blank < len && (s[blank] == ' ' ||
		    s[blank] == '\t' || s[blank] == '\r'); blank++)
			;
		if (blank == len || s[blank] == '#')
			continue;
		s[len] = '\0';
		if (len > OATH_LINE_MAX)
			refuse(f, FOREIGN_LINE);
		else if (binary(s, len))
			refuse(f, FOREIGN_BINARY);
		else
			oath_line(s, f);
		return true;
	}
	return false;
}
