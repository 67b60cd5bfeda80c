/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the store share: a folder of its own, accounts, a
 * store in one of the two.
 */
#ifndef STEPUP_TESTS_STORE_SAMPLE_H
#define STEPUP_TESTS_STORE_SAMPLE_H

#include "tests/unit/unit.h"

#include <sys/stat.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store.h"

#define SAMPLE_KEY	"0123abcd"

/* What a driver keeps and hands out; no driver opens it. */
static inline struct sealed
sample_proof(const char *key_id)
{
	struct sealed proof = { .len = 36 };

	snprintf(proof.key_id, sizeof(proof.key_id), "%s", key_id);
	memset(proof.nonce, 7, sizeof(proof.nonce));
	memset(proof.data, 8, proof.len);
	return proof;
}
#define SAMPLE_NOW	1800000000
#define SAMPLE_EVENTS	1000

/* A private folder; its path in dir. */
static inline void
sample_folder(char dir[256])
{
	const char *base = getenv("TMPDIR");

	snprintf(dir, 256, "%s/stepup-store-XXXXXX",
	    base != NULL && base[0] == '/' ? base : "/tmp");
	assert_non_null(mkdtemp(dir));
}

/* Removes it with the files and folders in it. */
static inline void
sample_clear(const char *dir)
{
	struct dirent *e;
	char path[600];
	DIR *d = opendir(dir);

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (e->d_name[0] != '.' && unlink(path) != 0)
			rmdir(path);
	}
	closedir(d);
	assert_int_equal(rmdir(dir), 0);
}

static inline struct store_options
sample_options(enum store_role role)
{
	struct store_options o = {
		.role = role, .owner = geteuid(),
		.audit_events = SAMPLE_EVENTS,
	};

	return o;
}

static inline void
sample_credential(struct credential *c, unsigned seed)
{
	memset(c, 0, sizeof(*c));
	c->id = 1000 + seed;
	c->kind = CREDENTIAL_TOTP;
	snprintf(c->label, sizeof(c->label), "phone %u", seed);
	c->algorithm = OTP_SHA1 + seed % 3;
	c->digits = seed % 2 ? 8 : 6;
	c->period = 15 + seed % 106;
	c->created_at = SAMPLE_NOW - seed;
	c->used_at = seed % 4 ? SAMPLE_NOW : 0;
	c->last_step = 60000000 + seed;
	memcpy(c->sealed.key_id, SAMPLE_KEY, KEY_ID_LENGTH + 1);
	memset(c->sealed.nonce, (int)(seed & 0xff), SEAL_NONCE);
	c->sealed.len = SEAL_TAG + 20 + seed % 45;
	memset(c->sealed.data, (int)(0x40 + seed % 64), c->sealed.len);
}

static inline void
sample_codes(struct recovery_set *set, unsigned seed, size_t count)
{
	size_t i;

	memset(set, 0, sizeof(*set));
	memset(set->salt, (int)(0x80 + seed % 64), RECOVERY_SALT);
	set->rounds = RECOVERY_ROUNDS;
	set->created_at = SAMPLE_NOW - seed;
	set->count = count;
	for (i = 0; i < count; i++) {
		memset(set->codes[i].hash, (int)(seed + i) & 0xff,
		    RECOVERY_HASH);
		set->codes[i].spent_at = i % 3 == 2 ? SAMPLE_NOW + (int)i : 0;
	}
}

/* An enrolled person; ids follow from the uid. */
static inline void
sample_account(struct account *a, const char *name, uid_t uid,
    size_t credentials, size_t codes)
{
	size_t i;

	memset(a, 0, sizeof(*a));
	a->match = ACCOUNT_FOUND;
	a->id = 1 + (int64_t)uid;
	snprintf(a->name, sizeof(a->name), "%s", name);
	a->uid = uid;
	a->created_at = a->enrolled_at = SAMPLE_NOW;
	a->credential_count = credentials;
	for (i = 0; i < credentials && i < ACCOUNT_CREDENTIALS_MAX; i++)
		sample_credential(&a->credentials[i],
		    (unsigned)(uid * 16 + i));
	if (codes > 0)
		sample_codes(&a->recovery, uid,
		    codes <= ACCOUNT_CODES_MAX ? codes : ACCOUNT_CODES_MAX);
	if (codes > ACCOUNT_CODES_MAX)
		a->recovery.count = codes;
	for (i = 0; i < LIMITERS; i++) {
		a->limiters[i].consecutive = (int64_t)i;
		a->limiters[i].total = 10 + (int64_t)i;
		a->limiters[i].total_since = SAMPLE_NOW - 1000;
		a->limiters[i].wait_start = SAMPLE_NOW;
		a->limiters[i].wait_length = 60 * (int64_t)i;
	}
}

static inline void
sample_pass(struct pass *p, unsigned seed)
{
	memset(p, 0, sizeof(*p));
	p->created_at = SAMPLE_NOW - seed;
	p->expires_at = p->created_at + 3600 + seed;
	p->seen_at = seed % 2 ? SAMPLE_NOW : 0;
	p->rounds = RECOVERY_ROUNDS;
	memset(p->salt, (int)(0x10 + seed % 64), RECOVERY_SALT);
	memset(p->hash, (int)(0x20 + seed % 64), RECOVERY_HASH);
	if (seed % 2)
		snprintf(p->service, sizeof(p->service), "sshd%u", seed);
	p->by_known = seed % 3 != 0;
	p->by = p->by_known ? 1000 + seed : 0;
	snprintf(p->note, sizeof(p->note), "lost phone %u", seed);
}

static inline struct store_event
sample_event(enum door door, enum outcome outcome)
{
	struct store_event e = {
		.at = SAMPLE_NOW, .door = door, .outcome = outcome,
		.kind = KIND_TOTP,
	};

	if (door != DOOR_PUBLIC) {
		e.service = "sshd";
		e.rhost = "203.0.113.7";
		e.tty = "ssh";
	}
	return e;
}

/* An evaluated app code, or a change, as decide and the doors say it. */
static inline struct decision
sample_decision(enum outcome outcome, size_t n, const enum effect_kind *kinds)
{
	struct decision d;

	memset(&d, 0, sizeof(d));
	d.outcome = outcome;
	d.effect_count = n;
	memcpy(d.effects, kinds, n * sizeof(*kinds));
	return d;
}

static inline enum store_code
sample_apply(const struct store_driver *driver, struct store *s,
    const struct account *a, enum effect_kind kind)
{
	struct store_event e = sample_event(DOOR_LOGIN, OUT_DONE);
	struct decision d = sample_decision(OUT_DONE, 1, &kind);
	struct failure f = { .path = "" };

	return driver->apply(s, a, &d, &e, &f);
}

/* One effect in a transaction of its own. */
static inline void
sample_write(const struct store_driver *driver, struct store *s,
    const struct account *a, enum effect_kind kind)
{
	struct failure f = { .path = "" };

	assert_int_equal(driver->begin(s, STORE_WRITE, &f), STORE_OK);
	assert_int_equal(sample_apply(driver, s, a, kind), STORE_OK);
	assert_int_equal(driver->commit(s, &f), STORE_OK);
}

static inline void
sample_load(const struct store_driver *driver, struct store *s,
    const char *name, uid_t uid, struct account *a)
{
	struct failure f = { .path = "" };

	assert_int_equal(driver->begin(s, STORE_READ, &f), STORE_OK);
	assert_int_equal(driver->load(s, name, uid, a, &f), STORE_OK);
	driver->rollback(s);
}

#endif
