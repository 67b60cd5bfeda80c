/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/un.h>

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/text.h"
#include "common/options.h"

/* The longest name of a door, with its slash and the NUL. */
#define DOOR_NAME	sizeof("/public")

struct option_row {
	const char	*name;
	bool		 value;		/* NAME=VALUE */
	bool		(*set)(struct options *, const char *value);
	const char	*why;		/* what a refused value is told */
};

static bool
set_prompt(struct options *o, const char *value)
{
	size_t i, len = strlen(value);

	if (len == 0 || len > OPTIONS_PROMPT_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (value[i] < 0x20 || value[i] > 0x7e)
			return false;
	o->prompt = value;
	return true;
}

static bool
set_echo(struct options *o, const char *value)
{
	(void)value;
	o->noecho = false;
	return true;
}

static bool
set_noecho(struct options *o, const char *value)
{
	(void)value;
	o->noecho = true;
	return true;
}

static bool
set_tries(struct options *o, const char *value)
{
	uint64_t n;

	if (!text_number(value, 1, OPTIONS_TRIES_MAX, &n))
		return false;
	o->tries = (unsigned)n;
	return true;
}

static bool
set_quiet(struct options *o, const char *value)
{
	(void)value;
	o->quiet = true;
	return true;
}

static bool
set_debug(struct options *o, const char *value)
{
	(void)value;
	o->debug = true;
	return true;
}

static bool
set_rundir(struct options *o, const char *value)
{
	struct sockaddr_un address;

	if (value[0] != '/' ||
	    strlen(value) + DOOR_NAME > sizeof(address.sun_path))
		return false;
	o->rundir = value;
	return true;
}

static const struct option_row rows[] = {
	{ "prompt", true, set_prompt, "not 1 to 30 printable ASCII bytes" },
	{ "echo", false, set_echo, NULL },
	{ "noecho", false, set_noecho, NULL },
	{ "tries", true, set_tries, "not a number from 1 to 5" },
	{ "quiet", false, set_quiet, NULL },
	{ "debug", false, set_debug, NULL },
	{ "rundir", true, set_rundir, "not an absolute path a socket fits in" },
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))

/* The row of an argument and its value, "" without one; NULL: unknown. */
static const struct option_row *
find(const char *argument, const char **value)
{
	size_t i, len = strcspn(argument, "=");
	bool has_value = argument[len] == '=';

	*value = argument + len + (has_value ? 1 : 0);
	for (i = 0; i < ROWS; i++)
		if (strlen(rows[i].name) == len &&
		    memcmp(rows[i].name, argument, len) == 0 &&
		    rows[i].value == has_value)
			return &rows[i];
	return NULL;
}

static const char *
read_one(const char *argument, bool seen[ROWS], struct options *o)
{
	const struct option_row *row;
	const char *value;

	row = find(argument, &value);
	if (row == NULL)
		return "not known";
	if (seen[row - rows])
		return "given twice";
	seen[row - rows] = true;
	return row->set(o, value) ? NULL : row->why;
}

bool
options_read(int argc, const char **argv, struct options *o)
{
	bool seen[ROWS] = { false };
	const char *why;
	int i;

	memset(o, 0, sizeof(*o));
	o->prompt = OPTIONS_PROMPT;
	o->rundir = STEPUP_RUNDIR;
	o->tries = OPTIONS_TRIES;
	for (i = 0; i < argc; i++) {
		why = read_one(argv[i], seen, o);
		if (why != NULL && o->refused == NULL) {
			o->refused = argv[i];
			o->why = why;
		}
	}
	return o->refused == NULL;
}
