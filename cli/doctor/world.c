/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/doctor/world.h"
#include "cli/terminal.h"

#define UNTIL	"allow-until "	/* that day included */

void
world_unseen(struct world *w, const char *format, ...)
{
	char text[WORLD_TEXT_MAX];
	va_list ap;
	size_t i;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	terminal_clean(text, text, sizeof(text));
	for (i = 0; i < w->unseen_count; i++)
		if (strcmp(w->unseen[i], text) == 0)
			return;
	if (i < WORLD_UNSEEN_MAX)
		memcpy(w->unseen[w->unseen_count++], text, sizeof(text));
}

bool
world_covers(const struct world *w, const char *service)
{
	size_t i;

	/* The password check of self-service never asks. */
	if (strcmp(service, "stepup") == 0)
		return false;
	if (!w->settings.seen || w->settings.refused ||
	    w->settings.all_services)
		return true;
	for (i = 0; i < w->settings.service_count; i++)
		if (strcasecmp(w->settings.services[i], service) == 0)
			return true;
	return false;
}

bool
world_lets_unenrolled(const struct world *w)
{
	const char *words = w->settings.unenrolled;

	if (strncmp(words, UNTIL, strlen(UNTIL)) == 0)
		return strcmp(w->today, words + strlen(UNTIL)) <= 0;
	return strcmp(words, "allow") == 0;
}

const struct world_person *
world_person(const struct world *w, const char *name)
{
	size_t i;

	for (i = 0; i < w->people_count; i++)
		if (strcmp(w->people[i].name, name) == 0)
			return &w->people[i];
	return NULL;
}

/* The next "..." of a line; false: there is none. */
static bool
quoted(const char **s, char *buf, size_t size)
{
	const char *from = strchr(*s, '"'), *to;

	to = from != NULL ? strchr(from + 1, '"') : NULL;
	if (to == NULL)
		return false;
	snprintf(buf, size, "%.*s", (int)(to - from - 1), from + 1);
	*s = to + 1;
	return true;
}

static void
read_services(struct world_settings *s, const char *value)
{
	s->all_services = false;
	while (s->service_count < WORLD_SERVICES_MAX &&
	    quoted(&value, s->services[s->service_count],
	    sizeof(s->services[0]))) {
		if (strcmp(s->services[s->service_count], "*") == 0)
			s->all_services = true;
		s->service_count++;
	}
}

/* stepupd prints a line for each key, as a settings file has it. */
void
world_read_settings(struct world *w, const char *text)
{
	struct world_settings *s = &w->settings;
	char store[PATH_MAX];
	const char *value;
	size_t len;

	memset(s, 0, sizeof(*s));
	s->seen = true;
	s->all_services = true;
	for (; *text != '\0'; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		value = memchr(text, '=', len);
		if (value == NULL)
			continue;
		if (strncmp(text, "unenrolled", 10) == 0)
			(void)quoted(&value, s->unenrolled,
			    sizeof(s->unenrolled));
		else if (strncmp(text, "services", 8) == 0)
			read_services(s, value);
		else if (strncmp(text, "store", 5) == 0 &&
		    quoted(&value, store, sizeof(store)))
			snprintf(s->store, sizeof(s->store), "%s",
			    strncmp(store, "sqlite:", 7) == 0 ? store + 7 :
			    store);
	}
}

/* "stepupd: /etc/stepup.conf:3: reason" */
void
world_refuse_settings(struct world *w, const char *complaint)
{
	struct world_settings *s = &w->settings;
	const char *end, *reason;
	size_t len;

	memset(s, 0, sizeof(*s));
	s->seen = s->refused = s->all_services = true;
	if (strncmp(complaint, "stepupd: ", 9) == 0)
		complaint += 9;
	end = strstr(complaint, ": ");
	len = end != NULL ? (size_t)(end - complaint) : 0;
	reason = end != NULL ? end + 2 : complaint;
	snprintf(s->where, sizeof(s->where), "%.*s", (int)len, complaint);
	snprintf(s->reason, sizeof(s->reason), "%.*s",
	    (int)strcspn(reason, "\n"), reason);
}

void
world_free(struct world *w)
{
	free(w->sshd_text);
	free(w->people);
	memset(w, 0, sizeof(*w));
}
