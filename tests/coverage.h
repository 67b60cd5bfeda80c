/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Put before every unit of a coverage build: processes that end by _exit, or
 * kill themselves, write what they counted, also those whose files may have
 * no size.
 */
#ifndef STEPUP_TESTS_COVERAGE_H
#define STEPUP_TESTS_COVERAGE_H

/* No header: a unit may have names of its own for what it does not include. */
extern void __gcov_dump(void);
extern void __gcov_reset(void);
extern void _exit(int) __attribute__((__noreturn__));
extern int execve(const char *, char *const [], char *const []);
extern int getpid(void);
extern int kill(int, int);
extern void (*signal(int, void (*)(int)))(int);

#define COVERAGE_SIGXFSZ 25	/* every Linux but MIPS and PA-RISC */

/* A vforked child's counts are its parent's: none is written twice. */
static inline __attribute__((__unused__)) void
coverage_write(void)
{
	__gcov_dump();
	__gcov_reset();
}

static inline __attribute__((__noreturn__, __unused__)) void
coverage_exit(int status)
{
	signal(COVERAGE_SIGXFSZ, (void (*)(int))1);
	coverage_write();
	_exit(status);
}

static inline __attribute__((__unused__)) int
coverage_kill(int pid, int number)
{
	if (pid == getpid())
		coverage_write();
	return kill(pid, number);
}

/* gcc's own way of counting before exec forgets what comes after vfork. */
static inline __attribute__((__unused__)) int
coverage_execve(const char *path, char *const argv[], char *const envp[])
{
	int (*volatile run)(const char *, char *const [], char *const []) =
	    execve;

	coverage_write();
	return run(path, argv, envp);
}

#define _exit(status) coverage_exit(status)
#define kill(pid, number) coverage_kill(pid, number)
#define execve(path, argv, envp) coverage_execve(path, argv, envp)

#endif
