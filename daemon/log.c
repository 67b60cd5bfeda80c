/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 3164 datagrams.  Any user can fill the queue of /dev/log, and
 * syslog(3) then waits: nobody who counts guesses may.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "common/text.h"
#include "common/wire.h"
#include "daemon/log.h"

#define LINE_MAX_BYTES	900
#define SAME_MS		(60 * 1000)	/* one failure, once a minute */

static struct {
	char		 tag[32];
	char		 path[108];
	int		 fd;
	bool		 silent;
	unsigned long	 lost;
	char		 last[LINE_MAX_BYTES];
	int64_t		 last_at;
} logger = { .tag = "stepupd", .path = "/dev/log", .fd = -1 };

void
log_start(const char *tag)
{
	snprintf(logger.tag, sizeof(logger.tag), "%s", tag);
}

void
log_path(const char *path)
{
	snprintf(logger.path, sizeof(logger.path), "%s", path);
}

void
log_silence(bool silent)
{
	logger.silent = silent;
}

unsigned long
log_lost(void)
{
	return logger.lost;
}

/* One datagram, or nothing; the name is looked up each time, so that a
 * syslog that was restarted is found again. */
static bool
deliver(const char *data, size_t len)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (logger.fd == -1)
		logger.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (logger.fd == -1)
		return false;
	memcpy(sa.sun_path, logger.path, sizeof(sa.sun_path));
	return sendto(logger.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL,
	    (const struct sockaddr *)&sa, sizeof(sa)) == (ssize_t)len;
}

/* Only where somebody looks, and only as far as it takes no waiting. */
static void
show(const char *message)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	char line[LINE_MAX_BYTES + 48];
	int n;

	if (!isatty(STDERR_FILENO) || poll(&p, 1, 0) != 1)
		return;
	n = snprintf(line, sizeof(line), "%s: %s\n", logger.tag, message);
	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) == -1)
		errno = 0;
}

static bool
emit(int priority, const char *message)
{
	char line[LINE_MAX_BYTES + 128], stamp[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	int n;

	if (localtime_r(&now, &tm) != NULL)
		(void)strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S ", &tm);
	n = snprintf(line, sizeof(line), "<%d>%s%s[%ld]: %s",
	    LOG_MAKEPRI(LOG_AUTHPRIV, LOG_PRI(priority)), stamp, logger.tag,
	    (long)getpid(), message);
	return n > 0 && (size_t)n < sizeof(line) && deliver(line, (size_t)n);
}

/* Those that went before come first, or the reader never learns of them. */
static bool
emit_lost(void)
{
	char message[64];

	if (logger.lost == 0)
		return true;
	snprintf(message, sizeof(message), "%lu lines lost, the log was full",
	    logger.lost);
	if (!emit(LOG_WARNING, message))
		return false;
	logger.lost = 0;
	return true;
}

static void
printable(char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			*s = '?';
}

void
log_line(int priority, const char *format, ...)
{
	char message[LINE_MAX_BYTES];
	int saved = errno;
	va_list ap;

	if (logger.silent)
		return;
	va_start(ap, format);
	if (vsnprintf(message, sizeof(message), format, ap) < 0)
		message[0] = '\0';
	va_end(ap);
	printable(message);
	show(message);
	if (!emit_lost() || !emit(priority, message))
		logger.lost++;
	errno = saved;
}

/* A broken store is told once a minute, not once a login. */
static bool
said_lately(const char *message)
{
	int64_t now = wire_now_ms();

	if (strcmp(message, logger.last) == 0 &&
	    now - logger.last_at < SAME_MS)
		return true;
	snprintf(logger.last, sizeof(logger.last), "%s", message);
	logger.last_at = now;
	return false;
}

void
log_failure(enum outcome o, const struct failure *f)
{
	const struct outcome_row *row = outcome_row(o);
	char message[LINE_MAX_BYTES];
	size_t used;
	int n;

	n = snprintf(message, sizeof(message), "%s", row->audit);
	used = n < 0 ? 0 : (size_t)n;
	if (f != NULL) {
		if (f->path[0] != '\0')
			text_field(message, sizeof(message), &used, "path",
			    f->path);
		if (f->reason[0] != '\0')
			text_field(message, sizeof(message), &used, "reason",
			    f->reason);
	}
	if (!said_lately(message))
		log_line(row->priority, "%s", message);
}
