/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "daemon/settings_table.h"

#define STORE_NAME	"stepup.db"

void
settings_default(struct settings *s, const struct paths *paths)
{
	memset(s, 0, sizeof(*s));
	s->algorithm = OTP_SHA1;
	s->digits = 6;
	s->period = 30;
	s->window = 1;
	s->limits = (struct limits){ .attempts = 10, .lock = 30 * 60,
		.cap = 50, .cap_year = 100 };
	s->recovery_codes = 10;
	s->unenrolled = UNENROLLED_DENY;
	snprintf(s->store, sizeof(s->store), "%s/%s", paths->state,
	    STORE_NAME);
	s->audit_events = 100000;
}

static bool
listed(const struct settings *s, const char *service)
{
	size_t i;

	/* ASCII letters alone: stepupd never leaves the C locale. */
	for (i = 0; i < s->service_count; i++)
		if (strcasecmp(s->services[i], service) == 0)
			return true;
	return false;
}

bool
settings_covers(const struct settings *s, const char *service)
{
	return s->service_count == 0 || listed(s, service);
}

static bool
covers_all_of(const struct settings *a, const struct settings *b)
{
	size_t i;

	if (a->service_count == 0)
		return true;
	for (i = 0; i < b->service_count; i++)
		if (!listed(a, b->services[i]))
			return false;
	return b->service_count > 0;
}

/* Until when people without a factor are let in. */
static int64_t
open_until(const struct settings *s)
{
	switch (s->unenrolled) {
	case UNENROLLED_DENY:
		return INT64_MIN;
	case UNENROLLED_ALLOW:
		return INT64_MAX;
	case UNENROLLED_UNTIL:
		return s->allow_until;
	}
	return INT64_MAX;
}

bool
settings_laxer(const struct settings *a, const struct settings *b)
{
	return a->limits.attempts > b->limits.attempts ||
	    a->limits.lock < b->limits.lock ||
	    a->limits.cap > b->limits.cap ||
	    a->limits.cap_year > b->limits.cap_year ||
	    a->window > b->window || a->period > b->period ||
	    a->digits < b->digits || open_until(a) > open_until(b) ||
	    !covers_all_of(a, b) ||
	    /* Another store knows other people and other failures. */
	    strcmp(a->store, b->store) != 0;
}

void
setting_append(struct setting_text *t, const char *format, ...)
{
	va_list ap;
	int len;

	if (t->full)
		return;
	va_start(ap, format);
	len = vsnprintf(t->buf + t->used, t->size - t->used, format, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= t->size - t->used) {
		t->full = true;
		return;
	}
	t->used += (size_t)len;
}

size_t
settings_print(const struct settings *s, char *buf, size_t size)
{
	struct setting_text t = { .buf = buf, .size = size };
	size_t i, before, value;

	if (size == 0)
		return 0;
	buf[0] = '\0';
	for (i = 0; i < SETTING_COUNT; i++) {
		before = t.used;
		setting_append(&t, "%s = ", setting_rows[i].name);
		value = t.used;
		setting_rows[i].print(s, &setting_rows[i], &t);
		if (t.used == value && !t.full) {
			/* No value, no line: the default it is. */
			t.used = before;
			buf[before] = '\0';
			continue;
		}
		setting_append(&t, "\n");
	}
	if (t.full) {
		buf[0] = '\0';
		return 0;
	}
	return t.used;
}
