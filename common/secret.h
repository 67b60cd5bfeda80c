/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A secret: bytes with one owner, wiped when freed.  The type has no
 * formatter.  Secrets are small (a key, a TOTP secret, a typed answer) and
 * live inside the struct, so that no copy stays behind in the heap.
 */
#ifndef STEPUP_COMMON_SECRET_H
#define STEPUP_COMMON_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECRET_MAX 128

struct secret {
	size_t	len;
	uint8_t	data[SECRET_MAX + 1];	/* a NUL always follows */
};

/* Copies; false (and s empty) when len > SECRET_MAX. */
bool secret_set(struct secret *s, const void *data, size_t len);

/* Same length and bytes; time depends on the lengths alone. */
bool secret_equal(const struct secret *a, const struct secret *b);

/* Overwrites all of it; NULL is fine. */
void secret_wipe(struct secret *s);

#endif
