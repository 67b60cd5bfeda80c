/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/stat.h>
#include <sys/timex.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/doctor/look.h"

#define LIBPAM		STEPUP_PAMDIR "/../libpam.so.0"
#define LIBPAM_MAX	(4 * 1024 * 1024)

/* Debian's libpam knows a word that upstream's does not. */
static bool
is_upstream(const struct world *w)
{
	size_t len;
	char *data = pamhost_read(&w->pam, LIBPAM, LIBPAM_MAX, &len);
	bool found = data == NULL ||
	    memmem(data, len, "@include", 8) != NULL;

	free(data);
	return !found;
}

static bool
there(const char *folder, const char *name)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s%s", folder, name) <
	    (int)sizeof(path) && access(path, F_OK) == 0;
}

/* Where libpam looks; Debian's in two folders. */
static bool
installed(const struct world *w, const char *module)
{
	const char *isa = strstr(module, "$ISA/");

	(void)w;
	if (isa != NULL)
		module = isa + 5;
	else if (module[0] == '/')
		return there("", module);
	return there(STEPUP_PAMDIR "/", module) ||
	    there("/lib/security/", module);
}

static void
file(const struct world *w, const char *path, struct world_file *out)
{
	struct stat st;

	(void)w;
	memset(out, 0, sizeof(*out));
	if (stat(path, &st) == -1) {
		out->seen = errno == ENOENT || errno == ENOTDIR;
		return;
	}
	out->seen = out->there = true;
	out->mode = st.st_mode;
	out->uid = st.st_uid;
}

/* What keeps the clock, where nothing does. */
static void
look_clock(struct world *w)
{
	struct timex tx = { 0 };
	int state = adjtimex(&tx);

	if (state == -1) {
		world_unseen(w, "the clock: %s", strerror(errno));
		return;
	}
	if (state != TIME_ERROR && (tx.status & STA_UNSYNC) == 0) {
		w->clock = WORLD_CLOCK_SYNCED;
		return;
	}
	w->clock = WORLD_CLOCK_UNSYNCED;
	snprintf(w->clock_detail, sizeof(w->clock_detail), "%s",
	    there("/run/chrony", "") ? "chrony runs, but has no source" :
	    there("/run/systemd/timesync", "") ?
	    "timesyncd runs, but has no source" :
	    "neither chrony nor timesyncd runs");
}

static void
paths(const struct call *call, struct world *w)
{
	w->euid = call->host->uid;
	w->pam.root = "";
	w->pam.upstream = is_upstream(w);
	w->conf = STEPUP_CONF;
	w->keyring = call->host->keyring;
	w->state = STEPUP_STATEDIR;
	w->module = STEPUP_PAMDIR "/" "pam_stepup.so";
	w->login = STEPUP_RUNDIR "/login";
	w->public = call->host->public;
	w->installed_known = true;
	w->installed = installed;
	w->file = file;
}

/* A day that cannot be told lets nobody pass: it sorts behind all dates. */
static void
look_day(struct world *w)
{
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL ||
	    strftime(w->today, sizeof(w->today), "%Y-%m-%d", &tm) == 0)
		snprintf(w->today, sizeof(w->today), "unknown");
}

void
look_host(const struct call *call, bool people, struct world *w)
{
	memset(w, 0, sizeof(*w));
	paths(call, w);
	look_day(w);
	look_settings(call, w);
	look_sshd(w);
	look_module(w, STEPUP_PAMDIR);
	look_doors(call, w);
	look_store(call, w);
	look_people(call, people, w);
	look_clock(w);
	w->no_systemd = !there("/run/systemd/system", "");
	if (w->euid != 0)
		world_unseen(w, "owner and mode of key and store: only root "
		    "may look into their folders");
}
