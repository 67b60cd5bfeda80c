/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "common/secret.h"
#include "common/text.h"

bool
secret_set(struct secret *s, const void *data, size_t len)
{
	if (len > SECRET_MAX) {
		secret_wipe(s);
		return false;
	}
	if (len > 0)
		memmove(s->data, data, len);	/* data may lie in s */
	explicit_bzero(s->data + len, sizeof(s->data) - len);
	s->len = len;
	return true;
}

bool
secret_equal(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && a->len <= SECRET_MAX &&
	    text_equal(a->data, b->data, a->len);
}

void
secret_wipe(struct secret *s)
{
	if (s != NULL)
		explicit_bzero(s, sizeof(*s));
}
