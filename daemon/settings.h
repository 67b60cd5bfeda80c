/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings: /etc/stepup.conf, then /etc/stepup.conf.d/\*.conf in byte
 * order, libconfig's syntax, held against one table of keys (SPEC 7).
 * No file at all is fine: defaults are compiled in.
 */
#ifndef STEPUP_DAEMON_SETTINGS_H
#define STEPUP_DAEMON_SETTINGS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/otpauth.h"
#include "daemon/failure.h"
#include "daemon/limit.h"
#include "daemon/paths.h"

#define SETTINGS_SERVICES_MAX	32
#define SETTINGS_SERVICE_MAX	64	/* bytes of a name */
#define SETTINGS_HELP_MAX	200

enum unenrolled {
	UNENROLLED_DENY = 0,
	UNENROLLED_ALLOW,
	UNENROLLED_UNTIL	/* like ALLOW before allow_until; never for an
				   account that once had a factor */
};

struct settings {
	char		 issuer[64 + 1];	/* "": the short host name */
	enum otp_algorithm algorithm;
	unsigned	 digits;		/* 6 or 8 */
	unsigned	 period;		/* 15..120 s */
	unsigned	 window;		/* 0..2 steps each way */
	struct limits	 limits;
	unsigned	 recovery_codes;	/* 5..20 */
	size_t		 service_count;		/* 0: all services */
	char		 services[SETTINGS_SERVICES_MAX]
			     [SETTINGS_SERVICE_MAX + 1];
	enum unenrolled	 unenrolled;
	int64_t		 allow_until;		/* first second after it */
	char		 help[SETTINGS_HELP_MAX + 1]; /* printable ASCII */
	char		 store[PATH_MAX];	/* path, without `sqlite:` */
	unsigned	 audit_events;
};

void settings_default(struct settings *, const struct paths *);

/* libpam folds service names to lower case; compare that way. */
bool settings_covers(const struct settings *, const char *service);

/*
 * Reads the whole set.  OUT_DONE: *out is what the files say.  OUT_CONFIG:
 * refused (file, line and reason in the failure, "FILE:LINE" as path), *out
 * untouched.  OUT_MEMORY.
 */
enum outcome settings_read(struct settings *out, const struct paths *,
    struct failure *);
/*
 * One file alone, over the defaults: stepupd -t -f FILE.  Owner and mode
 * are only remarked: OUT_DONE and a failure with a reason.
 */
enum outcome settings_read_file(struct settings *out, const struct paths *,
    const char *file, struct failure *);

/*
 * What a starting process uses: the files, or where they are refused or
 * untrusted the copy last accepted (*fell_back true, the failure says what
 * was wrong with the files).  OUT_CONFIG only when there is no good copy
 * either.  Writes the copy when the files were accepted and differ from it;
 * failure to write it is only told through *copy_failed (the failure says
 * why).  Before birth there is no folder for it, and nothing is written.
 */
enum outcome settings_start(struct settings *out, const struct paths *,
    bool *fell_back, bool *copy_failed, struct failure *);

/*
 * What a running process does when the files changed: reads them, writes
 * the copy like settings_start, looks once more whether they changed
 * meanwhile.  OUT_CONFIG: *out is untouched, keep what is in force.
 */
enum outcome settings_renew(struct settings *out, const struct paths *,
    bool *copy_failed, struct failure *);

/*
 * Writes the accepted copy: temporary file, fsync, rename, fsync of the
 * folder; 0600.  False fills the failure; then a copy that is laxer than
 * these settings is gone, it must not come back into force.
 */
bool settings_accept(const struct settings *, const struct paths *,
    struct failure *);

/*
 * Whether any file of the set changed since the mark was taken: device,
 * inode, size, mtime, ctime of the file, the folder and the files in it.
 */
struct settings_mark { uint64_t digest; };
void settings_look(const struct paths *, struct settings_mark *);

/*
 * Lists every key with its value as a settings file: settings.accepted, -t.
 * Bytes without the NUL; 0 and an empty buf when size is too small.
 */
size_t settings_print(const struct settings *, char *buf, size_t size);

#endif
