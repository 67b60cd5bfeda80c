/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * racer [-o together|fifo|lifo|shuffle] [-s SEED] [-1] <PLAN
 *
 * Starts all logins of the plan (see host.h), waits until each stands at
 * its prompt, then lets them answer: all at one instant, or one after the
 * other in this order, each after the verdict of the one before.  Prints a
 * line for each, in the order of the plan.
 * -1: the first login alone, in this process, for programs that count
 * instructions.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/attack/host.h"

#define LOGINS_MAX 4096

struct race {
	size_t		 n;
	struct login	*logins;
	struct slot	*slots;
	pid_t		*pids;
	int64_t		*cpu;
	size_t		*order;
};

enum order { TOGETHER, FIFO, LIFO, SHUFFLE };

static const char *const order_names[] = {
	[TOGETHER] = "together", [FIFO] = "fifo", [LIFO] = "lifo",
	[SHUFFLE] = "shuffle"
};

static enum order
order_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(order_names) / sizeof(order_names[0]); i++)
		if (strcmp(name, order_names[i]) == 0)
			return (enum order)i;
	errx(2, "no such order: %s", name);
}

static void *
array(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		err(1, "calloc");
	return p;
}

static void
race_read(struct race *r)
{
	r->logins = array(LOGINS_MAX + 1, sizeof(*r->logins));
	while (host_read(stdin, &r->logins[r->n]))
		if (++r->n > LOGINS_MAX)
			errx(2, "more than %d logins", LOGINS_MAX);
	if (r->n == 0)
		errx(2, "an empty plan");
	r->slots = host_slots(r->n);
	if (r->slots == NULL)
		err(1, "mmap");
	r->pids = array(r->n, sizeof(*r->pids));
	r->cpu = array(r->n, sizeof(*r->cpu));
	r->order = array(r->n, sizeof(*r->order));
}

static void
race_order(struct race *r, enum order order)
{
	size_t i, k, swap;

	for (i = 0; i < r->n; i++)
		r->order[i] = order == LIFO ? r->n - 1 - i : i;
	for (i = r->n - 1; order == SHUFFLE && i > 0; i--) {
		k = (size_t)random() % (i + 1);
		swap = r->order[i];
		r->order[i] = r->order[k];
		r->order[k] = swap;
	}
}

static void
race_park(struct race *r, enum order order)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		r->pids[i] = host_start(&r->logins[i], &r->slots[i],
		    &r->slots[order == TOGETHER ? 0 : i].gate);
	for (i = 0; i < r->n; i++)
		if (!host_parked(&r->slots[i]))
			errx(1, "%s came to no prompt", r->logins[i].tag);
}

static void
race_run(struct race *r, enum order order)
{
	size_t i, k;

	for (i = 0; i < r->n; i++) {
		k = order == TOGETHER ? i : r->order[i];
		if (order != TOGETHER || i == 0)
			host_open(&r->slots[k].gate);
		host_end(r->pids[k], &r->slots[k], &r->cpu[k]);
	}
	for (i = 0; i < r->n; i++)
		host_print(&r->logins[i], &r->slots[i], r->cpu[i]);
}

int
main(int argc, char **argv)
{
	enum order order = TOGETHER;
	struct race r = { 0 };
	bool alone = false;
	int c;

	while ((c = getopt(argc, argv, "o:s:1")) != -1) {
		if (c == 'o')
			order = order_of(optarg);
		else if (c == 's')
			srandom((unsigned)strtoul(optarg, NULL, 10));
		else if (c == '1')
			alone = true;
		else
			return 2;
	}
	race_read(&r);
	if (alone) {
		host_here(&r.logins[0], &r.slots[0]);
		host_print(&r.logins[0], &r.slots[0], 0);
		return 0;
	}
	race_order(&r, order);
	race_park(&r, order);
	race_run(&r, order);
	return 0;
}
