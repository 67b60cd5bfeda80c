/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * users.oath of libpam-oath: root's own file, an authenticator a line.  Who
 * else could write it could bring in a secret for anybody.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/folder.h"
#include "cli/import.h"

static void
take_line(struct import *im, const char *file, unsigned notes,
    struct foreign *f)
{
	char user[256] = "", *home = NULL;
	struct import_entry *e;
	uid_t uid = (uid_t)-1;

	e = import_add(im, file, f->user[0] != '\0' ? f->user : NULL);
	if (e == NULL)
		return;
	e->line = f->line;
	e->period = f->period;
	e->notes = notes;
	e->why = (enum import_why)f->why;
	if (e->why == IMPORT_FINE)
		e->why = import_account(f->user, 0, user, &uid, &home);
	free(home);
	if (e->why != IMPORT_FINE)
		return;
	free(e->user);
	e->user = strdup(user);
	if (e->user == NULL)
		im->full = true;
	else
		import_send(im, e, uid, f);
}

static void
take_lines(struct import *im, const char *file, unsigned notes, char *text,
    size_t len)
{
	struct foreign_lines lines = { .text = text, .len = len };
	struct foreign f;

	while (!im->full && !im->gone && foreign_oath(&lines, &f)) {
		take_line(im, file, notes, &f);
		explicit_bzero(&f, sizeof(f));
	}
}

void
import_oath(struct import *im, const char *file)
{
	const char *base;
	struct import_entry whole = { .why = IMPORT_OPEN }, *e;
	char *text = NULL;
	uid_t owner = (uid_t)-1;
	size_t len = 0;
	int dir = folder_open(file, &base);

	if (dir == -1)
		whole.error = errno;
	else
		whole.why = import_read(dir, base, IMPORT_LIST_MAX, &whole,
		    &owner, &text, &len);
	if (whole.why == IMPORT_FINE && owner != im->call->host->uid)
		whole.why = IMPORT_FOREIGN;
	if (whole.why == IMPORT_FINE)
		take_lines(im, file, whole.notes, text, len);
	else if ((e = import_add(im, file, NULL)) != NULL) {
		e->why = whole.why;
		e->error = whole.error;
	}
	if (text != NULL)
		explicit_bzero(text, len);
	free(text);
	if (dir != -1)
		close(dir);
}
