/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POLICY: the settings in force, each with where it stands, and what they
 * mean for one person at one service.  What is in force is what every
 * process of ours starts with (site_settings); what it means is asked of
 * the same CHECK that a login asks.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/ask.h"
#include "daemon/person.h"
#include "daemon/rows.h"
#include "daemon/settings_table.h"
#include "daemon/verify.h"

#define VALUE_MAX (3 * PATH_MAX)

/* A row for each piece of the value that fits into one. */
static bool
put_setting(struct rows *rows, const char *key, const char *value,
    const struct setting_origin *at)
{
	char piece[WIRE_STRING_MAX + 1];
	struct wire_writer row;
	size_t n;

	do {
		n = strnlen(value, WIRE_STRING_MAX);
		memcpy(piece, value, n);
		piece[n] = '\0';
		value += n;
		wire_start(&row, WIRE_VERSION, VERB_POLICY);
		wire_put_string(&row, TAG_LABEL, key);
		wire_put_string(&row, TAG_TEXT, piece);
		if (at->file[0] != '\0')
			wire_put_cut(&row, TAG_PATH, at->file);
		if (at->line != 0)
			wire_put_uint(&row, TAG_COUNT, at->line);
		if (!rows_add(rows, &row))
			return false;
	} while (*value != '\0');
	return true;
}

static bool
put_settings(struct session *s,
    const struct setting_origin origins[SETTING_COUNT], char *value)
{
	struct rows rows = { .s = s };
	struct setting_text t;
	size_t i;

	for (i = 0; i < SETTING_COUNT; i++) {
		t = (struct setting_text){ .buf = value, .size = VALUE_MAX };
		value[0] = '\0';
		setting_rows[i].print(&s->settings, &setting_rows[i], &t);
		if (!put_setting(&rows, setting_rows[i].name, value,
		    &origins[i]))
			return false;
	}
	return rows_flush(&rows);
}

/* Files that are refused do not say where anything stands: the copy does. */
static enum outcome
tell_settings(struct session *s)
{
	struct setting_origin origins[SETTING_COUNT];
	char *value = malloc(VALUE_MAX);
	struct failure f = { .path = "" };
	enum outcome o;
	size_t i;

	if (value == NULL)
		return OUT_MEMORY;
	o = settings_trace(origins, site_paths(s->site), &f);
	if (o == OUT_CONFIG) {
		s->flags |= FLAG_ACCEPTED;
		s->failure = f;
		for (i = 0; i < SETTING_COUNT; i++)
			strncpy(origins[i].file, site_paths(s->site)->accepted,
			    sizeof(origins[i].file) - 1);
		o = OUT_DONE;
	}
	if (o == OUT_DONE && !put_settings(s, origins, value))
		o = OUT_NO_INPUT;
	free(value);
	return o;
}

/* Of a login as root's programs ask for it, at this service. */
static enum outcome
tell_person(struct session *s)
{
	struct ask *a = calloc(1, sizeof(*a));
	struct ask *one[] = { a };
	enum outcome o;

	if (a == NULL)
		return OUT_MEMORY;
	o = session_load(s);
	if (o != OUT_DONE) {
		free(a);
		return o;
	}
	a->verb = VERB_CHECK;
	memcpy(a->name, s->name, sizeof(a->name));
	a->uid = s->uid;
	a->request.door = DOOR_LOGIN;
	a->request.known = true;
	memcpy(a->service, s->service, sizeof(a->service));
	a->outcome = OUT_INTERNAL;
	verify_checks(s->site, &s->settings, one, 1);
	s->facts = a->facts;
	s->would = a->outcome;
	/*
	 * Asked for the look of it: CHECK does not tell who is enrolled.  With
	 * a pass alone no app code is asked for.
	 */
	if (s->would == OUT_ASK && !account_has_factor(&s->account) &&
	    (s->facts.kinds & KIND_TOTP) != 0)
		s->would = OUT_MUST_ENROLL;
	if (a->failure.reason[0] != '\0' && s->failure.reason[0] == '\0')
		s->failure = a->failure;
	ask_wipe(a);
	free(a);
	return OUT_DONE;
}

/* Where no service was named: one that is covered, if any is. */
static void
read_service(struct session *s)
{
	char service[WIRE_STRING_MAX + 1];

	if (wire_get_string(s->request, TAG_SERVICE, service) &&
	    service[0] != '\0')
		text_printable(service, strlen(service), s->service,
		    sizeof(s->service));
	else if (s->settings.service_count > 0)
		strcpy(s->service, s->settings.services[0]);
	else
		strcpy(s->service, "login");
}

enum outcome
policy_serve(struct session *s)
{
	char name[WIRE_STRING_MAX + 1];
	struct person p;
	enum outcome o;

	s->flags = 0;
	if (wire_get_string(s->request, TAG_NAME, name)) {
		o = person_by_name(&p, name, &s->failure);
		if (o != OUT_DONE)
			return o;
		memcpy(s->name, p.name, sizeof(s->name));
		s->uid = p.uid;
		s->uid_known = true;
		read_service(s);
	}
	o = tell_settings(s);
	if (o == OUT_DONE && s->name[0] != '\0')
		o = tell_person(s);
	return o;
}

void
policy_put(const struct session *s, struct wire_writer *w)
{
	wire_put_uint(w, TAG_FLAGS, s->flags & FLAG_ACCEPTED);
	if (s->name[0] == '\0')
		return;
	wire_put_string(w, TAG_SERVICE, s->service);
	wire_put_uint(w, TAG_UID, s->uid);
}
