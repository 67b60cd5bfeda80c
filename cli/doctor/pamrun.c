/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <security/_pam_types.h>

#include "cli/doctor/pamrun.h"

#define MUST_FAIL	PAM_PERM_DENIED

enum impression { UNDEFINED = 0, POSITIVE, NEGATIVE };

struct state {
	enum impression	 impression;
	int		 status;
};

/* One run, seen from inside. */
struct run {
	const struct pamstack *stack;
	struct pamrun	*out;
	const int	*frozen;	/* setcred: what the first run got */
	bool		 jump_is_ok;	/* setcred of upstream's libpam */
	struct state	 now;
	struct state	 saved[PAMSTACK_LEVEL_MAX];
	size_t		 at;
};

static const struct pamline *
line(const struct run *r, size_t i)
{
	return &r->stack->lines[i];
}

/* Whether a next line belongs to this substack, or one inside it. */
static bool
more(const struct run *r, unsigned level)
{
	return r->at + 1 < r->stack->count &&
	    line(r, r->at + 1)->level >= level;
}

static void
step(struct run *r, size_t by)
{
	r->out->left_by[++r->at] = by;
}

/* The stack, or substack, is decided: the rest of it is not run. */
static void
leave(struct run *r, unsigned level)
{
	size_t by = r->at;

	while (more(r, level))
		step(r, by);
}

/* Also for what is no action at all, which denies like a bad jump. */
static void
jump(struct run *r, unsigned level, int lines)
{
	size_t by = r->at;

	while (lines > 0 && more(r, level)) {
		do
			step(r, by);
		while (more(r, level + 1));
		lines--;
	}
	if (lines == 0)
		return;
	if (r->out->bad_jump == PAMRUN_NONE)
		r->out->bad_jump = by;
	if (r->out->refused == PAMRUN_NONE)
		r->out->refused = by;
	r->now.impression = NEGATIVE;
	r->now.status = MUST_FAIL;
}

/* Of ok, done, and a frozen jump; what the first run got is `cached`. */
static void
good(struct run *r, int answer, int cached)
{
	struct state *s = &r->now;

	if (s->impression != UNDEFINED &&
	    (s->impression != POSITIVE || s->status != PAM_SUCCESS))
		return;
	/* Along the frozen way PAM_IGNORE may come; it is not returned. */
	if (answer == PAM_IGNORE && cached != answer)
		return;
	s->impression = POSITIVE;
	s->status = answer;
	if (answer == PAM_SUCCESS && r->out->granted == PAMRUN_NONE)
		r->out->granted = r->at;
}

static void
bad(struct run *r, int answer)
{
	if (r->now.impression == NEGATIVE)
		return;
	r->now.impression = NEGATIVE;
	r->now.status = answer == PAM_IGNORE ? MUST_FAIL : answer;
	if (r->out->refused == PAMRUN_NONE)
		r->out->refused = r->at;
}

static void
act(struct run *r, unsigned level, int action, int answer, int cached)
{
	switch (action) {
	case ACTION_RESET:
		r->now = r->saved[level];
		break;
	case ACTION_OK:
		good(r, answer, cached);
		break;
	case ACTION_DONE:
		good(r, answer, cached);
		if (r->now.impression == POSITIVE)
			leave(r, level);
		break;
	case ACTION_BAD:
		bad(r, answer);
		break;
	case ACTION_DIE:
		bad(r, answer);
		leave(r, level);
		break;
	case ACTION_IGNORE:
		break;
	default:
		if (action > 0 && r->jump_is_ok)
			good(r, answer, cached);
		jump(r, level, action);
	}
}

static void
run_line(struct run *r, pamrun_answer *ask, void *arg)
{
	const struct pamline *l = line(r, r->at);
	int answer = MUST_FAIL, cached;

	if (l->kind == PAMLINE_SUBSTACK)
		return;
	if (l->kind == PAMLINE_MODULE)
		answer = ask(arg, l, r->at);
	r->out->visited[r->at] = true;
	r->out->answered[r->at] = answer;
	cached = answer;
	/* A line that was not run before is taken as it is now. */
	if (r->frozen != NULL && r->frozen[r->at] >= 0)
		cached = r->frozen[r->at];
	if (cached < 0 || cached >= PAMTEXT_CODES)
		bad(r, MUST_FAIL);
	else
		act(r, l->level, l->control.actions[cached], answer, cached);
}

static int
run_all(struct run *r, pamrun_answer *ask, void *arg)
{
	unsigned level = 0;
	size_t i;

	memset(r->out, 0, sizeof(*r->out));
	r->out->granted = r->out->refused = r->out->bad_jump = PAMRUN_NONE;
	for (i = 0; i < PAMSTACK_LINES_MAX; i++) {
		r->out->answered[i] = -1;
		r->out->left_by[i] = PAMRUN_NONE;
	}
	r->now.status = MUST_FAIL;
	r->saved[0] = r->now;
	for (r->at = 0; r->at < r->stack->count; r->at++) {
		if (line(r, r->at)->level > level)
			r->saved[line(r, r->at)->level] = r->now;
		level = line(r, r->at)->level;
		run_line(r, ask, arg);
	}
	if (r->now.status == PAM_SUCCESS && r->now.impression != POSITIVE)
		return MUST_FAIL;
	return r->now.status;
}

int
pamrun(const struct pamstack *stack, pamrun_answer *ask, void *arg,
    struct pamrun *out)
{
	struct run r = { .stack = stack, .out = out };

	return run_all(&r, ask, arg);
}

int
pamrun_setcred(const struct pamhost *host, const struct pamstack *stack,
    pamrun_answer *ask, void *arg, const struct pamrun *auth)
{
	struct pamrun out;
	struct run r = { .stack = stack, .out = &out,
	    .frozen = auth->answered, .jump_is_ok = host->upstream };

	return run_all(&r, ask, arg);
}
