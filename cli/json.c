/* SPDX-License-Identifier: BSD-2-Clause */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/json.h"
#include "cli/output.h"
#include "cli/verdict.h"

static json_t *document;
static bool lost;	/* a line that could not be made */

/* Some of it is secret: a key, recovery codes. */
static void
wipe_and_free(void *p)
{
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void
prepare(void)
{
	json_set_alloc_funcs(malloc, wipe_and_free);
}

json_t *
json_call(void)
{
	if (document == NULL) {
		prepare();
		document = json_object();
	}
	return document;
}

json_t *
json_new(void)
{
	prepare();
	return json_object();
}

json_t *
json_list(const char *name)
{
	json_t *list = json_call() != NULL ? json_array() : NULL;

	if (list != NULL && json_object_set_new(document, name, list) != 0)
		return NULL;
	return list;
}

json_t *
json_when(int64_t when)
{
	time_t t = (time_t)when;
	char text[40];
	struct tm tm;

	prepare();
	if (when <= 0 || gmtime_r(&t, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return json_null();
	return json_string(text);
}

json_t *
json_words(const char *words)
{
	char clean[512];
	json_t *j;

	prepare();
	j = json_string(words);
	if (j != NULL)
		return j;
	terminal_clean(words, clean, sizeof(clean));
	return json_string(clean);
}

/*
 * One line; the key order is that of the schema.  ASCII alone: what a name
 * may hold moves no cursor and turns no text.
 */
static bool
print(const struct call *call, json_t *j)
{
	char *text = j != NULL ? json_dumps(j, JSON_COMPACT |
	    JSON_ENSURE_ASCII) : NULL;
	bool ok;

	if (text == NULL)
		return false;
	ok = output_write(call, text, strlen(text)) &&
	    output_write(call, "\n", 1);
	wipe_and_free(text);
	return ok;
}

static json_t *
headed(const struct call *call, json_t *rest)
{
	json_t *j = json_object();

	if (j == NULL ||
	    json_object_set_new(j, "version", json_integer(JSON_VERSION)) ||
	    json_object_set_new(j, "command", json_words(call->name)) ||
	    json_object_set_new(j, "user", *call->user != '\0' ?
	    json_words(call->user) : json_null()) ||
	    (rest != NULL && json_object_update(j, rest))) {
		json_decref(j);
		return NULL;
	}
	return j;
}

bool
json_event(const struct call *call, const char *event, json_t *object)
{
	json_t *j = NULL;
	bool ok;

	if (object != NULL && json_object_set_new(object, "event",
	    json_string(event)) == 0)
		j = headed(call, object);
	ok = print(call, j);
	lost = lost || !ok;
	json_decref(j);
	json_decref(object);
	return ok;
}

/* What is broken for the terminal is one line here. */
static json_t *
one_line(const char *text)
{
	char line[1024];
	size_t n = 0;

	for (; *text != '\0' && n + 1 < sizeof(line); text++) {
		line[n++] = *text == '\n' ? ' ' : *text;
		if (*text == '\n')
			text += strspn(text + 1, " ");
	}
	line[n] = '\0';
	return json_words(line);
}

void
json_verdict(const char *what, const char *next)
{
	json_t *j = json_call();

	json_object_set_new(j, "message", one_line(what));
	json_object_set_new(j, "next", one_line(next));
}

bool
json_end(const struct call *call, enum exit_status status)
{
	const struct exit_row *row;
	json_t *j = json_call();
	bool ok;

	if (lost && status == EXIT_DONE)
		status = EXIT_UNAVAILABLE;
	row = verdict_of_exit(status);
	if (status != EXIT_DONE && json_object_get(j, "message") == NULL)
		json_verdict(row->what, row->next);
	json_object_set_new(j, "event", json_string("end"));
	json_object_set_new(j, "status", json_integer(status));
	json_object_set_new(j, "result", json_string(row->name));
	j = headed(call, j);
	ok = print(call, j) && !lost;
	json_decref(j);
	json_decref(document);
	document = NULL;
	lost = false;
	return ok;
}
