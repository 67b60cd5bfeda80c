/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every fuzz target shares.  A target is one file with fuzz_name and
 * LLVMFuzzerTestOneInput; libFuzzer links it, or driver.c, which runs files.
 */
#ifndef STEPUP_TESTS_FUZZ_H
#define STEPUP_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Folder below tests/fuzz/corpus. */
extern const char fuzz_name[];

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What must hold for every input. */
#define CLAIM(what) do {						\
	if (!(what)) {							\
		fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__,	\
		    __LINE__, #what);					\
		abort();						\
	}								\
} while (0)

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * An input used up from both ends: what is asked for from the front, what
 * goes wrong from the back.  Used up it gives zeroes.
 */
struct input {
	const uint8_t	*data;
	size_t		 len;
};

static inline uint8_t
input_byte(struct input *in)
{
	if (in->len == 0)
		return 0;
	in->len--;
	return *in->data++;
}

static inline uint8_t
input_last(struct input *in)
{
	return in->len == 0 ? 0 : in->data[--in->len];
}

static inline uint64_t
input_number(struct input *in, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | input_byte(in);
	return v;
}

/* A count, then that many bytes, at most max of them. */
static inline size_t
input_bytes(struct input *in, void *buf, size_t max)
{
	size_t i, len = input_byte(in);

	if (len > max)
		len = max;
	if (len > in->len)
		len = in->len;
	for (i = 0; i < len; i++)
		((uint8_t *)buf)[i] = input_byte(in);
	return len;
}

#endif
