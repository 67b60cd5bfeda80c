/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "daemon/account.h"

size_t
account_codes_left(const struct account *a)
{
	size_t i, left = 0;

	for (i = 0; i < a->recovery.count && i < ACCOUNT_CODES_MAX; i++)
		if (a->recovery.codes[i].spent_at == 0)
			left++;
	return left;
}

size_t
account_codes_all(const struct account *a)
{
	size_t i, all = 0;

	for (i = 0; i < a->recovery.count && i < ACCOUNT_CODES_MAX; i++)
		if (a->recovery.codes[i].spent_at != ACCOUNT_CODE_VOID)
			all++;
	return all;
}

bool
account_has_factor(const struct account *a)
{
	return a->credential_count > 0 || account_codes_left(a) > 0;
}

size_t
account_find_label(const struct account *a, const char *label)
{
	size_t i;

	for (i = 0; i < a->credential_count; i++)
		if (strcmp(a->credentials[i].label, label) == 0)
			break;
	return i;
}

void
account_wipe(struct account *a)
{
	explicit_bzero(a, sizeof(*a));
}
