/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor/known.h"
#include "cli/doctor/plan.h"

/* What pam-auth-update wrote, as far as it can be told from the file. */
struct layout {
	unsigned line;		/* of the last line that was looked at */
	unsigned deny, permit;	/* the end of the primary block */
	unsigned last;		/* the last line of a stack */
	bool	 ours;
};

static bool
ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), m = strlen(tail);

	return n >= m && strcmp(s + n - m, tail) == 0;
}

/* One line of the stack: its module is what comes after the control. */
static void
look_line(struct layout *l, char *line)
{
	char *rest = line, *type = pamtext_token(&rest), *module;

	l->last = l->line;
	if (type == NULL || pamtext_token(&rest) == NULL ||
	    (module = pamtext_token(&rest)) == NULL)
		return;
	if (ends_with(module, MODULE_OWN))
		l->ours = true;
	else if (l->deny == 0 && ends_with(module, "pam_deny.so"))
		l->deny = l->line;
	else if (l->deny != 0 && l->permit == 0 &&
	    ends_with(module, "pam_permit.so"))
		l->permit = l->line;
}

static void
look(struct layout *l, const char *data, size_t len)
{
	char line[PAMTEXT_LINE_MAX];
	struct pamtext text;
	unsigned number;
	bool cut;

	memset(l, 0, sizeof(*l));
	pamtext_open(&text, data, len);
	while (pamtext_next(&text, line, &number, &cut) == PAMTEXT_LINE) {
		/* A line that goes on ends where the next one begins. */
		l->line = text.line > number ? text.line : number;
		look_line(l, line);
	}
}

/* Where line `after` ends in data. */
static size_t
end_of(const char *data, size_t len, unsigned after)
{
	size_t i;

	for (i = 0; i < len && after > 0; i++)
		after -= data[i] == '\n';
	return i;
}

enum plan_code
plan_put(struct pamhost *host, char **text)
{
	struct layout l;
	size_t len, at, used;
	char *data, *out;

	*text = NULL;
	data = pamhost_read(host, PLAN_FILE, PAMSTACK_FILE_MAX, &len);
	if (data == NULL)
		return errno == ENOENT ? PLAN_NO_FILE : PLAN_FAILED;
	look(&l, data, len);
	out = malloc(len + sizeof("\n" PLAN_LINE));
	if (l.ours || out == NULL) {
		free(data);
		free(out);
		return l.ours ? PLAN_THERE : PLAN_FAILED;
	}
	host->planned_after = l.permit != 0 ? l.permit : l.deny != 0 ? l.deny :
	    l.last;
	at = end_of(data, len, host->planned_after);
	memcpy(out, data, at);
	used = at;
	if (at > 0 && data[at - 1] != '\n')
		out[used++] = '\n';
	memcpy(out + used, PLAN_LINE, sizeof(PLAN_LINE) - 1);
	used += sizeof(PLAN_LINE) - 1;
	memcpy(out + used, data + at, len - at);
	out[used + len - at] = '\0';
	free(data);
	host->planned = PLAN_FILE;
	host->planned_text = *text = out;
	return PLAN_PUT;
}
