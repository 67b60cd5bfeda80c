/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A name service whose moods a test sets: each line of the control file is
 *	ASKED ANSWERED UID MILLISECONDS MOOD
 * where MOOD is ok, unavail or again.  Names not in it are not found.
 */
#include <errno.h>
#include <nss.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CONTROL "/run/stepup-place/nss"

struct line {
	char		asked[64], answered[64], mood[16];
	unsigned	uid, ms;
};

enum nss_status _nss_stepuptest_getpwnam_r(const char *, struct passwd *,
    char *, size_t, int *);
enum nss_status _nss_stepuptest_getpwuid_r(uid_t, struct passwd *, char *,
    size_t, int *);

static enum nss_status
answer(const struct line *l, struct passwd *pw, char *buf, size_t size,
    int *error)
{
	struct timespec t = { .tv_sec = l->ms / 1000,
	    .tv_nsec = l->ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
	*error = EIO;
	if (strcmp(l->mood, "unavail") == 0)
		return NSS_STATUS_UNAVAIL;
	*error = EAGAIN;
	if (strcmp(l->mood, "again") == 0)
		return NSS_STATUS_TRYAGAIN;
	*error = ERANGE;
	if (size < sizeof(l->answered) + 32)
		return NSS_STATUS_TRYAGAIN;
	snprintf(buf, size, "%s", l->answered);
	memset(pw, 0, sizeof(*pw));
	pw->pw_name = buf;
	pw->pw_uid = pw->pw_gid = l->uid;
	pw->pw_passwd = strcpy(buf + 64, "x");
	pw->pw_gecos = strcpy(buf + 66, "");
	pw->pw_dir = strcpy(buf + 68, "/");
	pw->pw_shell = strcpy(buf + 70, "/bin/sh");
	return NSS_STATUS_SUCCESS;
}

static enum nss_status
look(const char *name, uid_t uid, struct passwd *pw, char *buf, size_t size,
    int *error)
{
	enum nss_status status = NSS_STATUS_NOTFOUND;
	FILE *f = fopen(CONTROL, "re");
	struct line l;

	*error = ENOENT;
	while (f != NULL && fscanf(f, "%63s %63s %u %u %15s", l.asked,
	    l.answered, &l.uid, &l.ms, l.mood) == 5) {
		if (name != NULL ? strcmp(name, l.asked) != 0 : uid != l.uid)
			continue;
		status = answer(&l, pw, buf, size, error);
		break;
	}
	if (f != NULL)
		fclose(f);
	return status;
}

enum nss_status
_nss_stepuptest_getpwnam_r(const char *name, struct passwd *pw, char *buf,
    size_t size, int *error)
{
	return look(name, 0, pw, buf, size, error);
}

enum nss_status
_nss_stepuptest_getpwuid_r(uid_t uid, struct passwd *pw, char *buf,
    size_t size, int *error)
{
	return look(NULL, uid, pw, buf, size, error);
}
