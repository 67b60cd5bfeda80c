/* SPDX-License-Identifier: BSD-2-Clause */
/* The same as report.c says, for a program: stepup-json(5). */
#include <stdlib.h>
#include <string.h>

#include "cli/doctor/judge.h"
#include "cli/doctor/report.h"
#include "cli/json.h"

/* --- Who gets in ------------------------------------------------------- */

static const char *const ways[WAYS] = {
	[WAY_RIGHT] = "right_code",
	[WAY_WRONG] = "wrong_code",
	[WAY_CANCEL] = "no_code",
	[WAY_DOWN] = "no_service",
	[WAY_CODE] = "code_alone",
	[WAY_NOTHING] = "neither",
	[WAY_NEW] = "not_enrolled",
	[WAY_NEW_NOTHING] = "not_enrolled_neither",
};

static const char *const states[] = {
	[ACCESS_NO] = "no", [ACCESS_SOME] = "some", [ACCESS_YES] = "in",
};

static json_t *
access_json(const struct world *w, const struct surveyed *one)
{
	const struct access *a = &one->access;
	bool closed = judge_closed(w, one) != NULL;
	json_t *j = json_object();
	size_t i;

	for (i = 0; i < WAYS; i++)
		json_object_set_new(j, ways[i], json_string(states[closed ?
		    ACCESS_NO : a->in[i]]));
	return j;
}

/* access is null where nothing can be said of a service. */
static json_t *
service_json(const struct world *w, const struct surveyed *one)
{
	const char *closed = judge_closed(w, one);
	bool dark = one->service->unseen || one->service->abort ||
	    (closed != NULL && strncmp(closed, "nobody", 6) != 0);
	json_t *j = json_object();

	json_object_set_new(j, "name", json_words(one->service->name));
	json_object_set_new(j, "read", json_boolean(!one->service->unseen));
	json_object_set_new(j, "abandoned",
	    json_boolean(one->service->abort));
	json_object_set_new(j, "asks", dark ? json_null() :
	    json_boolean(one->asks));
	json_object_set_new(j, "access", dark ? json_null() :
	    access_json(w, one));
	return j;
}

/* --- Findings ---------------------------------------------------------- */

/* "/etc/pam.d/sshd:4", a name, or "-". */
static void
where_json(json_t *j, const char *where)
{
	const char *colon = strrchr(where, ':');
	char *end;
	long line = 0;

	if (colon != NULL && colon[1] != '\0') {
		line = strtol(colon + 1, &end, 10);
		if (*end != '\0' || line < 1)
			line = 0;
	}
	json_object_set_new(j, "where", strcmp(where, "-") == 0 ?
	    json_null() : line > 0 ?
	    json_stringn(where, (size_t)(colon - where)) :
	    json_words(where));
	json_object_set_new(j, "line", line > 0 ? json_integer(line) :
	    json_null());
}

/* "sshd, su" */
static json_t *
services_json(const char *list)
{
	json_t *j = json_array();
	size_t n;

	for (; *list != '\0'; list += n) {
		list += strspn(list, ", ");
		n = strcspn(list, ", ");
		if (n > 0)
			json_array_append_new(j, json_stringn(list, n));
	}
	return j;
}

static json_t *
finding_json(const struct findings *all, const struct finding *f)
{
	const struct finding_row *r = finding_row(f->id);
	char text[FINDING_TEXT_MAX];
	json_t *j = json_object();

	finding_text(f, r->what, text);
	json_object_set_new(j, "name", json_string(r->name));
	json_object_set_new(j, "problem", json_boolean(!r->note));
	where_json(j, f->where);
	json_object_set_new(j, "services", services_json(f->services));
	json_object_set_new(j, "detail", f->detail[0] != '\0' ?
	    json_words(f->detail) : json_null());
	json_object_set_new(j, "message", json_words(text));
	finding_text(f, finding_next(all, r), text);
	json_object_set_new(j, "next", text[0] != '\0' ? json_words(text) :
	    json_null());
	return j;
}

/* --- All --------------------------------------------------------------- */

void
report_json(const struct call *call, const struct world *w,
    const struct survey *v, const struct findings *f)
{
	json_t *list;
	size_t i;

	if (!call_has(call, OPTION_JSON) || json_call() == NULL)
		return;
	json_object_set_new(json_call(), "plan",
	    json_boolean(call_has(call, OPTION_PLAN)));
	list = json_list("services");
	for (i = 0; v != NULL && i < v->count; i++)
		if (!v->all[i].part && v->all[i].kind != SERVICE_NO_DOOR)
			json_array_append_new(list,
			    service_json(w, &v->all[i]));
	list = json_list("findings");
	for (i = 0; i < f->count; i++)
		json_array_append_new(list, finding_json(f, &f->all[i]));
	list = json_list("not_seen");
	for (i = 0; i < w->unseen_count; i++)
		json_array_append_new(list, json_words(w->unseen[i]));
	json_object_set_new(json_call(), "problems",
	    json_integer((json_int_t)f->problems));
	json_object_set_new(json_call(), "dropped",
	    json_integer((json_int_t)f->dropped));
}
