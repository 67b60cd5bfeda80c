/* SPDX-License-Identifier: BSD-2-Clause */
/* libpam tells the log of every broken stack: not that of this host. */
#undef _FORTIFY_SOURCE	/* would have its own syslog */

#include <stdarg.h>
#include <syslog.h>

#define EXPORT __attribute__((visibility("default")))

void __syslog_chk(int, int, const char *, ...)
    __attribute__((format(printf, 3, 4)));

EXPORT void
(syslog)(int priority, const char *format, ...)
{
	(void)priority;
	(void)format;
}

EXPORT void
__syslog_chk(int priority, int flag, const char *format, ...)
{
	(void)priority;
	(void)flag;
	(void)format;
}
