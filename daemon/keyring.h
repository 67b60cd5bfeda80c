/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keyring: a line per key, `ID BASE64(32 bytes)`, ID 8 hex digits; the
 * last is active.  A trusted file, 0600.  Keys live in one locked page
 * that stays out of core dumps, and is empty in a child after fork(2).
 */
#ifndef STEPUP_DAEMON_KEYRING_H
#define STEPUP_DAEMON_KEYRING_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/account.h"
#include "daemon/failure.h"

#define KEY_LENGTH	32
#define KEYRING_MAX	32	/* keys */

struct keyring;

/*
 * OUT_DONE and *ring; OUT_KEY (missing, wrong mode, malformed line, same
 * id twice, no key, too many; *absent tells a missing file) or OUT_MEMORY
 * and *ring NULL.
 */
enum outcome keyring_read(const char *path, uid_t owner,
    struct keyring **ring, bool *absent, struct failure *);
/* One new random key in memory; for birth. */
enum outcome keyring_make(struct keyring **ring);
/*
 * The same keys and a new random one, which is active.  OUT_KEY: there are
 * KEYRING_MAX of them, or no random bytes; OUT_MEMORY.
 */
enum outcome keyring_grow(const struct keyring *, struct keyring **ring);
/*
 * The keys that `keep` wants, in their order, and the active one whatever
 * it says.  OUT_DONE, OUT_MEMORY.
 */
enum outcome keyring_prune(const struct keyring *,
    bool (*keep)(const char *id, void *arg), void *arg,
    struct keyring **ring);
/* How many keys, and the id of each, the active one last; borrowed. */
size_t keyring_count(const struct keyring *);
const char *keyring_id(const struct keyring *, size_t);

/* Bytes that the text of the largest ring takes, its NUL too. */
#define KEYRING_TEXT_MAX 2048
/* The text of the file, NUL-terminated; the caller wipes. 0: no room. */
size_t keyring_print(const struct keyring *, char *buf, size_t size);
void keyring_free(struct keyring *);

/* NULL when the ring has no such key; borrowed from the ring. */
const uint8_t *keyring_find(const struct keyring *, const char *id);
/* The key new secrets are sealed with; *id borrowed from the ring. */
const uint8_t *keyring_active(const struct keyring *, const char **id);

#endif
