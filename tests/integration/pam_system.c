/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system as the module sees it.  The test program exports these names,
 * so that the module and libpam take them instead of the C library's.
 */
#undef _FORTIFY_SOURCE	/* would have its own syslog */

#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "pam_system.h"

#define EXPORT __attribute__((visibility("default")))

#ifdef __SANITIZE_ADDRESS__
#define real_free __interceptor_free
#else
#define real_free __libc_free
#endif
void real_free(void *);
void __syslog_chk(int, int, const char *, ...)
    __attribute__((format(printf, 3, 4)));
void __vsyslog_chk(int, int, const char *, va_list)
    __attribute__((format(printf, 3, 0)));

/* Answers that were handed out and not freed yet. */
static struct { char *text; size_t len; } answers[8];

void (*system_freed)(void);

EXPORT uid_t
geteuid(void)
{
	return host.euid;
}

EXPORT int
getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	if (syscall(SYS_getsockopt, fd, level, name, value, len) == -1)
		return -1;
	if (level == SOL_SOCKET && name == SO_PEERCRED)
		((struct ucred *)value)->uid = host.peer;
	return 0;
}

static const struct { const char *user, *name; uid_t uid; size_t size; int rc; }
people[] = {
	{ "alice", "alice", 1001, 0, 0 },
	{ "ALICE", "alice", 1001, 0, 0 },	/* a directory that folds */
	{ "bob smith", "bob smith", 1002, 0, 0 },
	{ "root", "root", 0, 0, 0 },
	{ "large", "large", 1003, 100000, 0 },	/* a long entry */
	{ "huge", "huge", 1004, (size_t)1 << 30, 0 },
	{ "nobody", "nobody", (uid_t)-1, 0, 0 },
	{ "broken", NULL, 0, 0, EIO },
	{ "absent", NULL, 0, 0, ENOENT },	/* a directory that is down */
	/* Names that would be fields of a log line. */
	{ "x rhost=198.51.100.9 tty=ssh", "x rhost=198.51.100.9 tty=ssh",
	  1005, 0, 0 },
	{ "x\" rhost=198.51.100.9", "x\" rhost=198.51.100.9", 1006, 0, 0 },
	{ "x\\", "x\\", 1007, 0, 0 },
};

EXPORT int
getpwnam_r(const char *user, struct passwd *entry, char *buf, size_t size,
    struct passwd **found)
{
	size_t i, len;

	*found = NULL;
	for (i = 0; i < sizeof(people) / sizeof(people[0]); i++) {
		if (strcmp(people[i].user, user) != 0)
			continue;
		if (people[i].rc != 0)
			return people[i].rc;
		len = strlen(people[i].name) + 1;
		if (size < people[i].size || size < len)
			return ERANGE;
		memset(entry, 0, sizeof(*entry));
		memcpy(buf, people[i].name, len);
		entry->pw_name = buf;
		entry->pw_uid = people[i].uid;
		*found = entry;
	}
	return 0;
}

/* For whoever wants to see what the module logs: fail2ban.py. */
static void
keep_line(const char *text)
{
	const char *path = getenv("STEPUP_LINES");
	FILE *f = path != NULL ? fopen(path, "ae") : NULL;

	if (f != NULL) {
		fprintf(f, "%s\n", text);
		fclose(f);
	}
}

static void __attribute__((format(printf, 2, 0)))
keep(int priority, const char *format, va_list ap)
{
	if (host.log_count == HOST_LINES)
		abort();
	host.priority[host.log_count] = priority;
	vsnprintf(host.log[host.log_count], HOST_TEXT, format, ap);
	keep_line(host.log[host.log_count++]);
}

#define KEEP(last)			\
	do {				\
		va_list ap;		\
					\
		va_start(ap, last);	\
		keep(priority, format, ap); \
		va_end(ap);		\
	} while (0)

EXPORT void
(syslog)(int priority, const char *format, ...)
{
	KEEP(format);
}

EXPORT void
(vsyslog)(int priority, const char *format, va_list ap)
{
	keep(priority, format, ap);
}

EXPORT void
__syslog_chk(int priority, int flag, const char *format, ...)
{
	(void)flag;
	KEEP(format);
}

EXPORT void
__vsyslog_chk(int priority, int flag, const char *format, va_list ap)
{
	(void)flag;
	keep(priority, format, ap);
}

/* In the spawned child: the stack alone is written. */
EXPORT int
(execve)(const char *path, char *const argv[], char *const envp[])
{
	if (strcmp(path, STEPUPD_PATH) != 0 || argv[0] == NULL ||
	    argv[1] == NULL || strcmp(argv[1], "--login") != 0 ||
	    argv[2] != NULL || envp[0] != NULL)
		_exit(99);
	if (host.helper == NULL) {
		errno = ENOENT;
		return -1;
	}
	return (int)syscall(SYS_execve, host.helper, argv, envp);
}

char *
system_answer(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (answers[i].text != NULL)
			continue;
		if ((answers[i].text = strdup(text)) == NULL)
			abort();
		answers[i].len = strlen(text);
		host.pending++;
		return answers[i].text;
	}
	abort();
}

void
system_forget(void)
{
	memset(answers, 0, sizeof(answers));
}

/* An answer that is freed must have been wiped.  A sanitizer's runtime frees
   before it is ready for instruments. */
EXPORT void __attribute__((no_sanitize("address", "undefined")))
free(void *p)
{
	size_t i, k;

	for (i = 0; p != NULL && i < sizeof(answers) / sizeof(answers[0]);
	    i++) {
		if (answers[i].text != p)
			continue;
		for (k = 0; k < answers[i].len; k++)
			if (answers[i].text[k] != '\0')
				break;
		if (k < answers[i].len)
			host.unwiped++;
		answers[i].text = NULL;
		host.pending--;
	}
	if (p != NULL && system_freed != NULL)
		system_freed();
	real_free(p);
}
