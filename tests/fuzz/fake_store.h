/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store in memory whose failures come from the input.  It stands at the
 * name store_sqlite, so that the shipped site, rounds and decisions use it
 * as they are.  It holds its callers to store.h: the order of calls, and
 * what an outcome may write.
 */
#ifndef STEPUP_TESTS_FAKE_STORE_H
#define STEPUP_TESTS_FAKE_STORE_H

#include "daemon/store.h"
#include "tests/fuzz/fuzz.h"

#define FAKE_ACCOUNTS	4
#define FAKE_RECORDS	64

/* One apply that was committed. */
struct fake_record {
	const char	*asked;		/* the name as load got it: whose */
	enum outcome	 outcome;
	int		 account;
	int		 credential;	/* OUT_OK_TOTP: which, else -1 */
	int64_t		 step;
	int		 code;		/* OUT_OK_RECOVERY: which, else -1 */
	bool		 charged;
	bool		 event;
};

struct fake_store {
	struct input	*in;		/* failures are taken from its end */
	struct account	 accounts[FAKE_ACCOUNTS];	/* as committed */
	unsigned	 failures;
	unsigned	 handles;	/* open now */
	/* Committed since fake_forget; loads of ended transactions. */
	struct fake_record records[FAKE_RECORDS];
	size_t		 count;
	const char	*loaded[4 * FAKE_RECORDS];
	size_t		 loads;
};

extern struct fake_store fake;
/* Of the ring this store was made for. */
extern struct sealed fake_proof;

/* True when the input wants this call to fail. */
bool fake_fails(void);
void fake_forget(void);
/* Whether this name was loaded since fake_forget, without an error and in a
   transaction that ended well. */
bool fake_was_loaded(const char *asked);

#endif
