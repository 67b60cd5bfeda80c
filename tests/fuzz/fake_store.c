/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fake_store.h"

struct fake_store fake;
struct sealed fake_proof;

enum state { IDLE, READING, WRITING };

/* The one handle; the accounts as its transaction and savepoint see them. */
struct store {
	enum state	 state;
	bool		 marked;
	bool		 spoilt;	/* a failed apply, not yet undone */
	bool		 broken;
	struct account	 work[FAKE_ACCOUNTS];
	struct account	 before;	/* of `touched`, at the savepoint */
	int		 touched;	/* since then; -1: none */
	const char	*asked;
	struct fake_record pending[FAKE_RECORDS];
	size_t		 count, mark_count;
	const char	*loaded[FAKE_RECORDS];
	size_t		 loads;
};

bool
fake_fails(void)
{
	if (fake.in == NULL || (input_last(fake.in) & 0xe0) != 0xe0)
		return false;
	fake.failures++;
	return true;
}

void
fake_forget(void)
{
	fake.count = fake.loads = 0;
	fake.failures = 0;
}

bool
fake_was_loaded(const char *asked)
{
	size_t i;

	for (i = 0; i < fake.loads; i++)
		if (fake.loaded[i] == asked)
			return true;
	return false;
}

/* STORE_OK, or what the input wants; STORE_BROKEN stays. */
static enum store_code
luck(struct store *s, struct failure *f)
{
	static const enum store_code codes[] = { STORE_BUSY, STORE_ABSENT,
		STORE_BROKEN, STORE_REFUSED, STORE_MEMORY };
	enum store_code code = STORE_OK;
	uint8_t byte;

	if (s != NULL && s->broken)
		code = STORE_BROKEN;
	else if (fake.in != NULL &&
	    ((byte = input_last(fake.in)) & 0xe0) == 0xe0)
		code = codes[byte % COUNT(codes)];
	if (code == STORE_OK)
		return code;
	fake.failures++;
	if (s != NULL && code == STORE_BROKEN)
		s->broken = true;
	failure_set(f, store_outcome(code), "/store", "the input wants it");
	return code;
}

static enum store_code
fake_open(const char *path, const struct store_options *o, struct store **s,
    struct failure *f)
{
	enum store_code code = luck(NULL, f);

	(void)o;
	CLAIM(path[0] == '/' && fake.handles == 0);
	*s = NULL;
	if (code != STORE_OK)
		return code;
	*s = calloc(1, sizeof(**s));
	CLAIM(*s != NULL);
	fake.handles++;
	return STORE_OK;
}

static void
fake_close(struct store *s)
{
	CLAIM(fake.handles == 1);
	fake.handles--;
	free(s);
}

static enum store_code
fake_begin(struct store *s, enum store_mode mode, struct failure *f)
{
	enum store_code code = luck(s, f);

	CLAIM(s->state == IDLE);
	if (code != STORE_OK)
		return code;
	s->state = mode == STORE_WRITE ? WRITING : READING;
	s->marked = s->spoilt = false;
	s->count = s->loads = 0;
	memcpy(s->work, fake.accounts, sizeof(s->work));
	return STORE_OK;
}

static void
end(struct store *s, bool well)
{
	size_t i;

	for (i = 0; well && i < s->loads; i++)
		if (fake.loads < COUNT(fake.loaded))
			fake.loaded[fake.loads++] = s->loaded[i];
	s->state = IDLE;
}

static enum store_code
fake_commit(struct store *s, struct failure *f)
{
	enum store_code code = luck(s, f);
	size_t i;

	CLAIM(s->state == WRITING && !s->marked && !s->spoilt);
	end(s, code == STORE_OK);
	if (code != STORE_OK)
		return code;
	memcpy(fake.accounts, s->work, sizeof(s->work));
	for (i = 0; i < s->count; i++) {
		CLAIM(fake.count < FAKE_RECORDS);
		fake.records[fake.count++] = s->pending[i];
	}
	return STORE_OK;
}

static void
fake_rollback(struct store *s)
{
	CLAIM(s->state != IDLE);
	end(s, s->state == READING && !s->broken);
}

static enum store_code
fake_mark(struct store *s, struct failure *f)
{
	enum store_code code = luck(s, f);

	CLAIM(s->state == WRITING && !s->marked && !s->spoilt);
	s->asked = NULL;
	if (code != STORE_OK)
		return code;
	s->marked = true;
	s->mark_count = s->count;
	s->touched = -1;
	return STORE_OK;
}

static enum store_code
fake_keep(struct store *s, struct failure *f)
{
	enum store_code code = luck(s, f);

	CLAIM(s->state == WRITING && s->marked && !s->spoilt);
	if (code == STORE_OK)
		s->marked = false;
	return code;
}

static void
fake_undo(struct store *s)
{
	CLAIM(s->state == WRITING && s->marked);
	if (s->touched != -1)
		s->work[s->touched] = s->before;
	s->touched = -1;
	s->count = s->mark_count;
	s->marked = s->spoilt = false;
}

static enum store_code
fake_load(struct store *s, const char *name, uid_t uid, struct account *a,
    struct failure *f)
{
	enum store_code code = luck(s, f);
	int i;

	CLAIM(s->state == READING || (s->state == WRITING && s->marked));
	s->asked = name;
	memset(a, 0, sizeof(*a));
	snprintf(a->name, sizeof(a->name), "%s", name);
	a->uid = uid;
	if (code != STORE_OK)
		return code;
	CLAIM(s->loads < COUNT(s->loaded));
	s->loaded[s->loads++] = name;
	for (i = 0; i < FAKE_ACCOUNTS; i++) {
		bool same_name = strcmp(s->work[i].name, name) == 0;
		bool same_uid = s->work[i].uid == uid;

		if (same_name && same_uid)
			*a = s->work[i];
		else if (same_name || same_uid)
			a->match = ACCOUNT_CHANGED;
	}
	return STORE_OK;
}

/* What changed in the credentials; none but an accepted code's. */
static void
credentials(const struct account *old, const struct account *a,
    struct fake_record *r)
{
	size_t i;

	CLAIM(old->credential_count == a->credential_count);
	for (i = 0; i < a->credential_count; i++) {
		CLAIM(a->credentials[i].id == old->credentials[i].id);
		if (a->credentials[i].last_step ==
		    old->credentials[i].last_step)
			continue;
		CLAIM(a->credentials[i].last_step >
		    old->credentials[i].last_step);
		CLAIM(r->outcome == OUT_OK_TOTP && r->credential == -1);
		r->credential = (int)i;
		r->step = a->credentials[i].last_step;
	}
	CLAIM((r->outcome == OUT_OK_TOTP) == (r->credential != -1));
}

static void
codes(const struct account *old, const struct account *a,
    struct fake_record *r)
{
	size_t i;

	CLAIM(old->recovery.count == a->recovery.count);
	for (i = 0; i < a->recovery.count; i++) {
		if (a->recovery.codes[i].spent_at ==
		    old->recovery.codes[i].spent_at)
			continue;
		CLAIM(old->recovery.codes[i].spent_at == 0);
		CLAIM(r->outcome == OUT_OK_RECOVERY && r->code == -1);
		r->code = (int)i;
	}
	CLAIM((r->outcome == OUT_OK_RECOVERY) == (r->code != -1));
}

/* A pass is used once, by the answer that says so, and keeps what it is. */
static void
passes(const struct account *old, const struct account *a,
    const struct fake_record *r)
{
	const struct pass *was = &old->passes[PASS_LOGIN];
	struct pass is = a->passes[PASS_LOGIN];

	CLAIM((r->outcome == OUT_OK_PASS) == (is.used_at != was->used_at));
	CLAIM(r->outcome != OUT_OK_PASS || (was->used_at == 0 &&
	    was->created_at != 0));
	CLAIM(is.seen_at >= was->seen_at);
	is.used_at = was->used_at;
	is.seen_at = was->seen_at;
	CLAIM(memcmp(&is, was, sizeof(is)) == 0);
	CLAIM(memcmp(&a->passes[PASS_ENROLL], &old->passes[PASS_ENROLL],
	    sizeof(is)) == 0);
}

/* Who fails is charged once, and at one limiter; who does not, nowhere. */
static void
limiters(const struct account *old, const struct account *a,
    struct fake_record *r)
{
	const struct limiter *was, *is;
	bool ok = r->outcome == OUT_OK_TOTP ||
	    r->outcome == OUT_OK_RECOVERY || r->outcome == OUT_OK_PASS;
	int i, charged = 0;

	for (i = 0; i < LIMITERS; i++) {
		was = &old->limiters[i];
		is = &a->limiters[i];
		CLAIM(is->consecutive >= 0 && is->total >= 0);
		CLAIM(is->wait_length >= 0 &&
		    is->wait_length <= LIMIT_WAIT_MAX);
		if (is->consecutive > was->consecutive) {
			CLAIM(is->consecutive == was->consecutive + 1);
			CLAIM(is->total == was->total + 1);
			charged++;
		} else if (!ok)
			CLAIM(is->consecutive == was->consecutive &&
			    is->total == was->total);
	}
	CLAIM(charged == (r->outcome == OUT_BAD_CODE));
	r->charged = charged == 1;
}

static enum store_code
fake_apply(struct store *s, const struct account *a, const struct decision *d,
    const struct store_event *e, struct failure *f)
{
	struct fake_record r = { .asked = s->asked, .outcome = d->outcome,
		.account = -1, .credential = -1, .code = -1 };
	enum store_code code = luck(s, f);
	size_t i;

	CLAIM(s->state == WRITING && s->marked && !s->spoilt);
	CLAIM(d->effect_count > 0 && d->effect_count <= EFFECTS_MAX);
	CLAIM(!d->stale_salt && e->outcome == d->outcome);
	CLAIM(e->door != DOOR_PUBLIC || e->service == NULL);
	CLAIM(outcome_row(d->outcome)->audit != NULL);
	for (i = 0; i < d->effect_count; i++)
		r.event = r.event || d->effects[i] == EFFECT_EVENT;
	for (i = 0; i < FAKE_ACCOUNTS && a->match == ACCOUNT_FOUND; i++)
		if (s->work[i].id == a->id)
			r.account = (int)i;
	if (r.account != -1) {
		credentials(&s->work[r.account], a, &r);
		codes(&s->work[r.account], a, &r);
		passes(&s->work[r.account], a, &r);
		limiters(&s->work[r.account], a, &r);
	} else
		CLAIM(d->outcome != OUT_OK_TOTP &&
		    d->outcome != OUT_OK_RECOVERY &&
		    d->outcome != OUT_OK_PASS &&
		    d->outcome != OUT_BAD_CODE);
	/* A call that failed may have written all of it. */
	s->spoilt = code != STORE_OK;
	if (r.account != -1) {
		CLAIM(s->touched == -1 || s->touched == r.account);
		if (s->touched == -1)
			s->before = s->work[r.account];
		s->touched = r.account;
		s->work[r.account] = *a;
	}
	CLAIM(s->count < FAKE_RECORDS);
	s->pending[s->count++] = r;
	return code;
}

static enum store_code
fake_load_proof(struct store *s, struct sealed *proof, struct failure *f)
{
	enum store_code code;

	CLAIM(s->state != IDLE);
	memset(proof, 0, sizeof(*proof));
	if ((code = luck(s, f)) == STORE_OK)
		*proof = fake_proof;
	return code;
}

const struct store_driver store_sqlite = {
	.scheme = "fake",
	.open = fake_open,
	.close = fake_close,
	.begin = fake_begin,
	.commit = fake_commit,
	.rollback = fake_rollback,
	.mark = fake_mark,
	.keep = fake_keep,
	.undo = fake_undo,
	.load = fake_load,
	.apply = fake_apply,
	.load_proof = fake_load_proof,
};
