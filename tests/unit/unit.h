/* SPDX-License-Identifier: BSD-2-Clause */
/* What every cmocka test includes first. */
#ifndef STEPUP_TESTS_UNIT_H
#define STEPUP_TESTS_UNIT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
