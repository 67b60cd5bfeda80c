/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything doctor knows of a host, gathered before anything is judged:
 * look.c fills it from the host, tests from a folder.  What could not be
 * seen says so, and is never taken for sound.
 */
#ifndef STEPUP_CLI_DOCTOR_WORLD_H
#define STEPUP_CLI_DOCTOR_WORLD_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "cli/doctor/pamstack.h"

#define WORLD_PEOPLE_MAX	4096
#define WORLD_SERVICES_MAX	32	/* of the setting `services` */
#define WORLD_UNSEEN_MAX	32
#define WORLD_TEXT_MAX		256

struct world_person {
	char		 name[256];
	uid_t		 uid;
	bool		 password;	/* there is one that opens */
	bool		 enrolled;
};

enum world_door {
	WORLD_DOOR_UNSEEN = 0,
	WORLD_DOOR_ROOT,	/* listens, and is root's */
	WORLD_DOOR_ABSENT,
	WORLD_DOOR_FOREIGN,
	WORLD_DOOR_DEAF
};

enum world_store {
	WORLD_STORE_UNSEEN = 0,
	WORLD_STORE_OK,
	WORLD_STORE_ABSENT,
	WORLD_STORE_BROKEN,
	WORLD_STORE_KEY		/* the keyring does not open it */
};

enum world_clock {
	WORLD_CLOCK_UNSEEN = 0,
	WORLD_CLOCK_SYNCED,
	WORLD_CLOCK_UNSYNCED
};

enum world_module {
	WORLD_MODULE_UNSEEN = 0,
	WORLD_MODULE_OK,
	WORLD_MODULE_MISSING,
	WORLD_MODULE_KIND,
	WORLD_MODULE_LINKS
};

struct world_file {
	bool		 there;
	bool		 seen;		/* else only root may tell */
	mode_t		 mode;		/* 07777 and the type */
	uid_t		 uid;
};

struct world_settings {
	bool		 seen;
	bool		 refused;
	char		 where[512];	/* FILE:LINE of the refusal, or FILE */
	char		 reason[WORLD_TEXT_MAX];
	char		 unenrolled[64];	/* "deny", "allow-until ..." */
	bool		 all_services;
	size_t		 service_count;
	char		 services[WORLD_SERVICES_MAX][65];
	char		 store[PATH_MAX];
};

struct world {
	struct pamhost	 pam;
	uid_t		 euid;
	const char	*conf, *keyring, *state, *module, *login, *public;

	bool		 installed_known;
	/* Whether a module is there; path as written in the line. */
	bool		 (*installed)(const struct world *, const char *);
	void		 (*file)(const struct world *, const char *path,
			     struct world_file *);
	void		*arg;

	bool		 sshd;		/* there is one */
	bool		 sshd_seen;
	bool		 sshd_failed;
	char		*sshd_text;	/* sshd -T; NULL */

	char		 today[11];	/* "2026-11-21", local */
	struct world_settings settings;
	enum world_module module_state;
	char		 module_detail[WORLD_TEXT_MAX];
	enum world_door	 door_login, door_public;
	enum world_store store;
	char		 store_detail[WORLD_TEXT_MAX];
	bool		 store_moved;	/* made on another machine */
	bool		 no_systemd;	/* services are started otherwise */
	enum world_clock clock;
	char		 clock_detail[WORLD_TEXT_MAX];
	bool		 people_seen;
	size_t		 people_count;
	struct world_person *people;

	size_t		 unseen_count;
	char		 unseen[WORLD_UNSEEN_MAX][WORLD_TEXT_MAX];
};

/* "the store: only root may ask": told at the end, once. */
void world_unseen(struct world *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether the settings have this service asked. */
bool world_covers(const struct world *, const char *service);
/* Whether somebody without a factor is let in (`unenrolled`). */
bool world_lets_unenrolled(const struct world *);
/* NULL: not among the people. */
const struct world_person *world_person(const struct world *,
    const char *name);
/* Text of `stepupd -t`, or what it complained about. */
void world_read_settings(struct world *, const char *text);
void world_refuse_settings(struct world *, const char *complaint);
void world_free(struct world *);

#endif
