/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ways in which the n-th call of something fails: of the disk, of
 * memory, once or from then on.
 */
#ifndef STEPUP_TESTS_FAULT_WAY_H
#define STEPUP_TESTS_FAULT_WAY_H

#include "tests/unit/fault_memory.h"
#include "tests/unit/fault_site.h"
#include "tests/unit/fault_vfs.h"

struct fault_way {
	const char	*name;
	bool		 memory;
	bool		 sticky;
	int		 code;	/* of the disk: SQLite's */
	/* Each of the first `all`, then one in `some`; FAULTS_EVERY: each. */
	unsigned	 all, some;
};

static const struct fault_way fault_ways[] = {
	{ "disk, once", false, false, 0, 2000, 1 },
	{ "disk full from then on", false, true, SQLITE_FULL, 2000, 1 },
	{ "memory, once", true, false, 0, 40, 193 },
	{ "memory, from then on", true, true, 0, 20, 257 },
};

/* For a whole group of tests: a host, and both kinds of faults. */
static inline int
fault_ways_setup(void **state)
{
	fault_memory_start();
	if (fault_setup(state) != 0)
		return -1;
	fault_vfs_register(true);
	return 0;
}

static inline void
fault_arm(const struct fault_way *w, unsigned n)
{
	struct fault_how how = { .sticky = w->sticky, .code = w->code };

	if (w->memory)
		fault_memory_arm(n, w->sticky);
	else
		fault_vfs_arm(n, &how);
}

/* How many calls failed. */
static inline unsigned
fault_disarm(const struct fault_way *w)
{
	return w->memory ? fault_memory_disarm() : fault_vfs_disarm();
}

/*
 * Every n until a run needs no n calls: run() does what may fail and says
 * what came of it, judge() what holds then.  The last run had no trouble:
 * its outcome is `right`.
 */
struct fault_run {
	const char	*name;
	enum outcome	 right;
	void		(*before)(void);
	enum outcome	(*run)(void);
	void		(*judge)(enum outcome);
};

static inline void
fault_every(const struct fault_run *r, const struct fault_way *w)
{
	unsigned n, failed, tried = 0, fds = descriptors();
	enum outcome o;

	for (n = 1;; n += fault_stride(n < w->all ? 1 : w->some)) {
		r->before();
		fault_arm(w, n);
		o = r->run();
		failed = fault_disarm(w);
		if (failed == 0)
			assert_int_equal(o, r->right);
		r->judge(o);
		assert_int_equal(descriptors(), fds);
		if (failed == 0)
			break;
		tried++;
		assert_true(n < 200000);
	}
	fault_sound();
	assert_true(tried * fault_stride(1) > 10);
	fault_tried += tried;
	print_message("# %s, %s: %u of %u calls\n", r->name, w->name, tried,
	    n - 1);
}

static inline void
fault_every_way(const struct fault_run *r)
{
	size_t i;

	for (i = 0; i < COUNT(fault_ways); i++)
		fault_every(r, &fault_ways[i]);
}

/* Trouble, said as such; anything else has to be earned. */
static inline bool
fault_is_trouble(enum outcome o)
{
	switch ((int)o) {
	case OUT_STORE:
	case OUT_BUSY:
	case OUT_MEMORY:
	case OUT_CONFIG:
	case OUT_KEY:
	case OUT_SERVICE:
		return true;
	default:
		return false;
	}
}

#endif
