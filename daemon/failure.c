/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/failure.h"

enum outcome
failure_set(struct failure *f, enum outcome o, const char *path,
    const char *format, ...)
{
	struct failure new = { .path = "" };
	va_list ap;

	if (f == NULL)
		return o;
	/* Built aside: path and arguments may point into f. */
	if (path != NULL)
		snprintf(new.path, sizeof(new.path), "%s", path);
	va_start(ap, format);
	vsnprintf(new.reason, sizeof(new.reason), format, ap);
	va_end(ap);
	*f = new;
	return o;
}
