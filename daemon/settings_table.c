/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of settings: how each is read and written. */
#include <stdio.h>
#include <string.h>

#include "daemon/settings_table.h"

#define LOCK_MIN	60
#define LOCK_MAX	(24 * 3600)
#define SCHEME		"sqlite:"
/* SQLite puts -wal, -shm, birth a suffix of its own behind the path. */
#define STORE_SUFFIX	16
#define UNTIL		"allow-until "

#define NUMBER(field, name_, low, high) { \
	.name = name_, .must = "a number, " #low ".." #high, \
	.set = set_number, .print = print_number, \
	.offset = offsetof(struct settings, field), .min = low, .max = high }

static void
append_quoted(struct setting_text *t, const char *s)
{
	setting_append(t, "\"");
	for (; *s != '\0'; s++)
		setting_append(t, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
	setting_append(t, "\"");
}

/* The text of a setting, or NULL when it is something else. */
static const char *
text_of(const config_setting_t *value)
{
	return config_setting_type(value) == CONFIG_TYPE_STRING ?
	    config_setting_get_string(value) : NULL;
}

static bool
number_of(const config_setting_t *value, long long *number)
{
	if (config_setting_type(value) != CONFIG_TYPE_INT)
		return false;
	*number = config_setting_get_int(value);
	return true;
}

/* Copies into a field and clears the rest of it; false when too long. */
static bool
copy_text(char *field, size_t size, const char *text, size_t max)
{
	size_t len = strlen(text);

	if (len > max || len >= size)
		return false;
	memset(field, 0, size);
	memcpy(field, text, len);
	return true;
}

static unsigned *
number_field(struct settings *s, const struct setting_row *row)
{
	return (unsigned *)(void *)((char *)s + row->offset);
}

static bool
set_number(struct settings *s, const struct setting_row *row,
    const config_setting_t *value)
{
	long long number;

	if (!number_of(value, &number) || number < row->min ||
	    number > row->max)
		return false;
	*number_field(s, row) = (unsigned)number;
	return true;
}

static void
print_number(const struct settings *s, const struct setting_row *row,
    struct setting_text *t)
{
	setting_append(t, "%u",
	    *(const unsigned *)(const void *)((const char *)s + row->offset));
}

static bool
set_digits(struct settings *s, const struct setting_row *row,
    const config_setting_t *value)
{
	long long number;

	return number_of(value, &number) && (number == 6 || number == 8) &&
	    set_number(s, row, value);
}

static bool
set_algorithm(struct settings *s, const struct setting_row *row,
    const config_setting_t *value)
{
	const char *text = text_of(value);
	enum otp_algorithm a = OTP_NONE;

	(void)row;
	if (text != NULL)
		a = otp_algorithm_parse(text);
	if (a == OTP_NONE)
		return false;
	s->algorithm = a;
	return true;
}

static void
print_algorithm(const struct settings *s, const struct setting_row *row,
    struct setting_text *t)
{
	(void)row;
	append_quoted(t, otp_algorithm_name(s->algorithm));
}

static bool
set_lock(struct settings *s, const struct setting_row *row,
    const config_setting_t *value)
{
	const char *text = text_of(value);
	uint32_t seconds;

	(void)row;
	if (text == NULL || !setting_duration(text, &seconds) ||
	    seconds < LOCK_MIN || seconds > LOCK_MAX)
		return false;
	s->limits.lock = seconds;
	return true;
}

static void
print_lock(const struct settings *s, const struct setting_row *row,
    struct setting_text *t)
{
	char text[16];

	(void)row;
	setting_duration_text(s->limits.lock, text, sizeof(text));
	append_quoted(t, text);
}

static bool
set_issuer(struct settings *s, const struct setting_row *row,
    const config_setting_t *value)
{
	const char *text = text_of(value);

	(void)row;
	return text != NULL && *text != '\0' && strchr(text, ':') == NULL &&
	    setting_plain(text) &&
	    copy_text(s->issuer, sizeof(s->issuer), text, 64);
}

static void
print_issuer(const struct settings *s, const struct setting_row *row,
    struct setting_text *t)
{
	(void)row;
	if (s->issuer[0] != '\0')
		append_quoted(t, s->issuer);
}

static bool
printable(const char *text, unsigned char low)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < low ||
		    (unsigned char)*text > 0x7e)
			return false;
	return true;
}

static bool
set_help(struct settings *s, const struct setting_row *row,
    const config_setting_t *value)
{
	const char *text = text_of(value);

	(void)row;
	return text != NULL && *text != '\0' && printable(text, 0x20) &&
	    copy_text(s->help, sizeof(s->help), text, SETTINGS_HELP_MAX);
}

static void
print_help(const struct settings *s, const struct setting_row *row,
    struct setting_text *t)
{
	(void)row;
	if (s->help[0] != '\0')
		append_quoted(t, s->help);
}

/* Lower case without a locale, as libpam does it. */
static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
add_service(struct settings *s, const char *name)
{
	char *field;
	size_t i;

	if (name == NULL || *name == '\0' || strcmp(name, "*") == 0 ||
	    !printable(name, 0x21) || strchr(name, '/') != NULL ||
	    s->service_count == SETTINGS_SERVICES_MAX)
		return false;
	field = s->services[s->service_count];
	if (!copy_text(field, sizeof(s->services[0]), name,
	    SETTINGS_SERVICE_MAX))
		return false;
	for (i = 0; field[i] != '\0'; i++)
		field[i] = lower(field[i]);
	s->service_count++;
	return true;
}

static bool
set_services(struct settings *s, const struct setting_row *row,
    const config_setting_t *value)
{
	const char *text = text_of(value);
	int i, type = config_setting_type(value);

	(void)row;
	memset(s->services, 0, sizeof(s->services));
	s->service_count = 0;
	if (text != NULL)
		return strcmp(text, "*") == 0;
	if (type != CONFIG_TYPE_ARRAY && type != CONFIG_TYPE_LIST)
		return false;
	/* An empty list would read as "all of them". */
	if (config_setting_length(value) < 1)
		return false;
	for (i = 0; i < config_setting_length(value); i++)
		if (!add_service(s, text_of(config_setting_get_elem(value,
		    (unsigned)i))))
			return false;
	return true;
}

static void
print_services(const struct settings *s, const struct setting_row *row,
    struct setting_text *t)
{
	size_t i;

	(void)row;
	if (s->service_count == 0) {
		append_quoted(t, "*");
		return;
	}
	for (i = 0; i < s->service_count; i++) {
		setting_append(t, i == 0 ? "[" : ", ");
		append_quoted(t, s->services[i]);
	}
	setting_append(t, "]");
}

static bool
set_unenrolled(struct settings *s, const struct setting_row *row,
    const config_setting_t *value)
{
	const char *text = text_of(value);
	int64_t end = 0;

	(void)row;
	if (text == NULL)
		return false;
	if (strcmp(text, "deny") == 0)
		s->unenrolled = UNENROLLED_DENY;
	else if (strcmp(text, "allow") == 0)
		s->unenrolled = UNENROLLED_ALLOW;
	else if (strncmp(text, UNTIL, strlen(UNTIL)) == 0 &&
	    setting_day(text + strlen(UNTIL), &end))
		s->unenrolled = UNENROLLED_UNTIL;
	else
		return false;
	s->allow_until = end;
	return true;
}

static void
print_unenrolled(const struct settings *s, const struct setting_row *row,
    struct setting_text *t)
{
	char day[16];

	(void)row;
	switch (s->unenrolled) {
	case UNENROLLED_DENY:
		append_quoted(t, "deny");
		break;
	case UNENROLLED_ALLOW:
		append_quoted(t, "allow");
		break;
	case UNENROLLED_UNTIL:
		setting_day_text(s->allow_until, day, sizeof(day));
		setting_append(t, "\"" UNTIL "%s\"", day);
		break;
	}
}

static bool
set_store(struct settings *s, const struct setting_row *row,
    const config_setting_t *value)
{
	const char *text = text_of(value), *path;
	size_t len;

	(void)row;
	if (text == NULL || strncmp(text, SCHEME, strlen(SCHEME)) != 0)
		return false;
	path = text + strlen(SCHEME);
	len = strlen(path);
	return path[0] == '/' && path[len - 1] != '/' && setting_plain(path) &&
	    copy_text(s->store, sizeof(s->store), path,
	    PATH_MAX - 1 - STORE_SUFFIX);
}

static void
print_store(const struct settings *s, const struct setting_row *row,
    struct setting_text *t)
{
	char text[sizeof(SCHEME) + PATH_MAX];

	(void)row;
	snprintf(text, sizeof(text), SCHEME "%s", s->store);
	append_quoted(t, text);
}

const struct setting_row setting_rows[] = {
	[SETTING_ISSUER] = { .name = "issuer",
		.must = "a text of 1..64 bytes without a colon",
		.set = set_issuer, .print = print_issuer },
	[SETTING_DIGITS] = { .name = "digits", .must = "6 or 8",
		.set = set_digits, .print = print_number,
		.offset = offsetof(struct settings, digits),
		.min = 6, .max = 8 },
	[SETTING_PERIOD] = NUMBER(period, "period", 15, 120),
	[SETTING_ALGORITHM] = { .name = "algorithm",
		.must = "\"SHA1\", \"SHA256\" or \"SHA512\"",
		.set = set_algorithm, .print = print_algorithm },
	[SETTING_WINDOW] = NUMBER(window, "window", 0, 2),
	[SETTING_ATTEMPTS] = NUMBER(limits.attempts, "attempts", 3, 20),
	[SETTING_LOCK] = { .name = "lock",
		.must = "a duration, \"1m\"..\"24h\"",
		.set = set_lock, .print = print_lock },
	[SETTING_CAP] = NUMBER(limits.cap, "cap", 10, 50),
	[SETTING_CAP_YEAR] = NUMBER(limits.cap_year, "cap_year", 10, 1000),
	[SETTING_RECOVERY_CODES] =
		NUMBER(recovery_codes, "recovery_codes", 5, 20),
	[SETTING_SERVICES] = { .name = "services",
		.must = "\"*\" or a list of 1..32 PAM services, "
		    "[\"sshd\", \"sudo\"]",
		.set = set_services, .print = print_services },
	[SETTING_UNENROLLED] = { .name = "unenrolled",
		.must = "\"deny\", \"allow\" or \"allow-until 2026-12-31\" "
		    "(a real day)",
		.set = set_unenrolled, .print = print_unenrolled },
	[SETTING_HELP] = { .name = "help",
		.must = "one line of 1..200 printable ASCII characters",
		.set = set_help, .print = print_help },
	[SETTING_STORE] = { .name = "store",
		.must = "\"sqlite:/absolute/path\"",
		.set = set_store, .print = print_store },
	[SETTING_AUDIT_EVENTS] =
		NUMBER(audit_events, "audit_events", 1000, 1000000),
};

_Static_assert(sizeof(setting_rows) / sizeof(setting_rows[0]) ==
    SETTING_COUNT, "every setting has a row");
