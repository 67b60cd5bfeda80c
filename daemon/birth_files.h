/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of a birth; inside of birth.c. */
#ifndef STEPUP_DAEMON_BIRTH_FILES_H
#define STEPUP_DAEMON_BIRTH_FILES_H

#include <limits.h>
#include <stdbool.h>

#include "daemon/birth.h"
#include "daemon/keyring.h"

struct birth {
	const struct paths		*paths;
	const struct settings		*settings;
	const struct store_driver	*driver;
	struct store_options		 options;
	struct failure			*failure;
	struct keyring			*ring;
	int				 key_dir, store_dir;
	bool				 did;
	/* Resolved; the temporary names beside them. */
	char	key[PATH_MAX], store[PATH_MAX];
	char	key_new[PATH_MAX + sizeof(BIRTH_SUFFIX)];
	char	store_new[PATH_MAX + sizeof(BIRTH_SUFFIX)];
};

/* What errno says, about path; OUT_MEMORY for ENOMEM. */
enum outcome birth_refuse(const struct birth *, enum outcome,
    const char *path);

/* Makes the folders that are missing, fills names and descriptors. */
enum outcome birth_find(struct birth *);

/*
 * One --init at a time; another takes a second.  The lock ends with
 * key_dir.
 */
enum outcome birth_lock(const struct birth *);

/* Whether there is something at path; o where that cannot be told. */
enum outcome birth_look(const struct birth *, const char *path,
    enum outcome o, bool *there);
bool birth_same(const char *a, const char *b);

/* A WAL of another store would be played into the new one: refused. */
enum outcome birth_check_beside(const struct birth *);

/* The ring's text under its temporary name, synced. */
enum outcome birth_write_key(const struct birth *);
/* The store under its temporary name, synced with its folder. */
enum outcome birth_sync_store(const struct birth *);

/* Removes what has a temporary name and nobody can have used. */
void birth_discard(const struct birth *);

#endif
