/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LD_PRELOAD for tests that run as an ordinary user: what belongs to this
 * user looks like root's.  Ids are 0 and may be set to 0; a peer of our own
 * uid is uid 0, or STEPUP_SHIM_PEER when that is set; our own files are
 * root's.  Programs that empty the environment and call execve keep the
 * shim: it puts itself back.  For tests alone, never installed.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

/* "NAME=value" of what goes on to the next program. */
static const char *const names[] = { "LD_PRELOAD", "STEPUP_SHIM_PEER",
	"ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS" };
#define KEPT (sizeof(names) / sizeof(names[0]))
static char kept[KEPT][4096];
static uid_t me;

__attribute__((constructor)) static void
shim_start(void)
{
	const char *value;
	size_t i;

	me = (uid_t)syscall(SYS_getuid);
	for (i = 0; i < KEPT; i++)
		if ((value = getenv(names[i])) != NULL)
			snprintf(kept[i], sizeof(kept[i]), "%s=%s", names[i],
			    value);
}

static void *
next(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (p == NULL)
		abort();
	return p;
}

PUBLIC uid_t
getuid(void)
{
	return 0;
}

PUBLIC uid_t
geteuid(void)
{
	return 0;
}

PUBLIC gid_t
getgid(void)
{
	return 0;
}

PUBLIC gid_t
getegid(void)
{
	return 0;
}

PUBLIC int
getresuid(uid_t *r, uid_t *e, uid_t *s)
{
	*r = *e = *s = 0;
	return 0;
}

PUBLIC int
getresgid(gid_t *r, gid_t *e, gid_t *s)
{
	*r = *e = *s = 0;
	return 0;
}

/* 0 and -1 ("as it is") are what we seem to have already. */
static int
set_ids(unsigned r, unsigned e, unsigned s)
{
	if (r + 1 <= 1 && e + 1 <= 1 && s + 1 <= 1)
		return 0;
	errno = EPERM;
	return -1;
}

PUBLIC int
setresuid(uid_t r, uid_t e, uid_t s)
{
	return set_ids(r, e, s);
}

PUBLIC int
setresgid(gid_t r, gid_t e, gid_t s)
{
	return set_ids(r, e, s);
}

PUBLIC int
setgroups(size_t n, const gid_t *groups)
{
	(void)n;
	(void)groups;
	errno = EPERM;
	return -1;
}

PUBLIC int
getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	struct ucred *peer = value;

	if (syscall(SYS_getsockopt, fd, level, name, value, len) == -1)
		return -1;
	if (level != SOL_SOCKET || name != SO_PEERCRED ||
	    *len != sizeof(*peer))
		return 0;
	if (kept[1][0] != '\0')
		peer->uid = (uid_t)strtoul(strchr(kept[1], '=') + 1, NULL, 10);
	else if (peer->uid == me)
		peer->uid = 0;
	return 0;
}

#define SHIM_STAT(name, type, params, args)				\
PUBLIC int								\
name params								\
{									\
	int (*real) params;						\
									\
	*(void **)&real = next(#name);					\
	if (real args == -1)						\
		return -1;						\
	if (st->st_uid == me)						\
		st->st_uid = 0;						\
	return 0;							\
}

SHIM_STAT(stat, struct stat, (const char *p, struct stat *st), (p, st))
SHIM_STAT(lstat, struct stat, (const char *p, struct stat *st), (p, st))
SHIM_STAT(fstat, struct stat, (int fd, struct stat *st), (fd, st))
SHIM_STAT(fstatat, struct stat,
    (int fd, const char *p, struct stat *st, int flags), (fd, p, st, flags))
SHIM_STAT(stat64, struct stat64, (const char *p, struct stat64 *st), (p, st))
SHIM_STAT(lstat64, struct stat64, (const char *p, struct stat64 *st), (p, st))
SHIM_STAT(fstat64, struct stat64, (int fd, struct stat64 *st), (fd, st))
SHIM_STAT(fstatat64, struct stat64,
    (int fd, const char *p, struct stat64 *st, int flags), (fd, p, st, flags))

/* More than a shell of a person or of make has; the stack has room. */
#define COUNT_ENV 1024

static int
is_variable(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

/* May run after vfork: the stack alone is written. */
PUBLIC int
(execve)(const char *path, char *const argv[], char *const envp[])
{
	char *env[COUNT_ENV];
	size_t n = 0, i, k;

	for (i = 0; envp != NULL && envp[i] != NULL; i++) {
		if (n == COUNT_ENV - KEPT - 1) {
			errno = E2BIG;
			return -1;
		}
		for (k = 0; k < KEPT; k++)
			if (is_variable(envp[i], names[k]))
				break;
		if (k == KEPT)
			env[n++] = envp[i];
	}
	for (i = 0; i < KEPT; i++)
		if (kept[i][0] != '\0')
			env[n++] = kept[i];
	env[n] = NULL;
	return (int)syscall(SYS_execve, path, argv, env);
}
