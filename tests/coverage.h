/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Put before every unit of a coverage build: processes that end by _exit
 * write what they counted.
 */
#ifndef STEPUP_TESTS_COVERAGE_H
#define STEPUP_TESTS_COVERAGE_H

extern void __gcov_dump(void);
extern void _exit(int) __attribute__((__noreturn__));

static inline __attribute__((__noreturn__, __unused__)) void
coverage_exit(int status)
{
	__gcov_dump();
	_exit(status);
}

#define _exit(status) coverage_exit(status)

#endif
