/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>
#include <string.h>

#include "cli/values.h"

static const char *const styles[] = { "utf8", "ascii", "none", NULL };
static const char *const keys[] = { "name", "used", "enrolled", NULL };

const char *const *
values_of(enum option_name name)
{
	if (name == OPTION_QR)
		return styles;
	return name == OPTION_SORT ? keys : NULL;
}

bool
values_know(enum option_name name, const char *value)
{
	const char *const *words = values_of(name);

	if (value == NULL || words == NULL)
		return true;
	for (; *words != NULL; words++)
		if (strcmp(*words, value) == 0)
			return true;
	return false;
}
