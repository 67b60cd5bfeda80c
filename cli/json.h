/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --json: what a program reads.  One document a line on the output, and
 * nothing else there; messages go to the error output as ever.  stepup-json(5)
 * is the schema; keys are only ever added in a version.
 *
 * A command fills the document of the call with jansson's own functions;
 * json_end prints it with how it ended.  Everything jansson allocates is
 * wiped when it is freed.
 */
#ifndef STEPUP_CLI_JSON_H
#define STEPUP_CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "cli/subcommands.h"

#define JSON_VERSION 1

/* The document of this call; borrowed.  NULL when memory is short. */
json_t *json_call(void);

/* An empty object for json_event; NULL when memory is short. */
json_t *json_new(void);

/* A new list in the document of this call, under that name; borrowed. */
json_t *json_list(const char *name);

/* A time as RFC 3339 has it, in UTC; 0 is null. */
json_t *json_when(int64_t when);

/* Text from elsewhere as it is, bytes that are no UTF-8 as '?'. */
json_t *json_words(const char *);

/*
 * A line before the last: `event` says what happened.  Takes `object`
 * (may be NULL: false), which may bring a `user` of its own.  False: nobody
 * reads it, or memory was short; then the call does not end in `done`.
 */
bool json_event(const struct call *, const char *event, json_t *object);

/* How it ended, in the words of the messages. */
void json_verdict(const char *what, const char *next);

/* Prints the document of the call and frees it. */
bool json_end(const struct call *, enum exit_status);

#endif
