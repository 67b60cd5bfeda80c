/* SPDX-License-Identifier: BSD-2-Clause */
/* What every cmocka test includes first. */
#ifndef STEPUP_TESTS_UNIT_H
#define STEPUP_TESTS_UNIT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* tests/valgrind.sh says so: all is fifty times as slow. */
static inline bool
under_valgrind(void)
{
	return getenv("STEPUP_VALGRIND") != NULL;
}

/*
 * From one n to the next, or how many, of what is repeated for the number's
 * sake alone.  Where valgrind's figure is taken the run says so; `make
 * check-valgrind` shows these lines at its end.
 */
static inline unsigned
rounds(const char *what, unsigned usual, unsigned valgrind)
{
	if (!under_valgrind() || usual == valgrind)
		return usual;
	print_message("# valgrind: %s: %u instead of %u\n", what, valgrind,
	    usual);
	return valgrind;
}

#endif
