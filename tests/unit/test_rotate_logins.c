/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thousand people, key after key, while a service and spawned processes
 * answer logins and somebody enrolls all the time: nobody is refused, and
 * no secret is left behind with a key that is gone.
 */
#include "tests/unit/rotate_place.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include "common/wire.h"
#include "daemon/round.h"
#include "daemon/totp.h"

#define PEOPLE		1000
#define SERVED		800	/* by the service, the rest by spawned ones */
#define AT_ONCE		16	/* questions of one round */
#define ENROLLED	200	/* at most, meanwhile */
#define ROTATIONS	8

/* What the processes tell each other. */
static struct {
	volatile bool	 stop;
	volatile int	 ready;
	volatile unsigned logins, checks, refused, enrolled;
	volatile int	 outcome;	/* of the first that was refused */
	char		 reason[300];
} *shared;

static int64_t used[PEOPLE];	/* the step of the last code */

struct question {
	struct wire_writer	 w;
	bool			 login;
};

/* A login where there is a fresh code, else whether one would be asked. */
static void
make(struct question *q, unsigned n)
{
	int64_t now = totp_step(clock_now(), 30);
	int64_t step = used[n] + 1 > now ? used[n] + 1 : now;
	char name[16], code[OTP_DIGITS_MAX + 1];
	struct secret secret = { 0 };

	people_name(n, name);
	people_secret(n, &secret);
	q->login = step <= now + 1;
	wire_start(&q->w, WIRE_VERSION, q->login ? VERB_VERIFY : VERB_CHECK);
	wire_put_string(&q->w, TAG_NAME, name);
	wire_put_uint(&q->w, TAG_UID, PEOPLE_UID + n);
	wire_put_string(&q->w, TAG_SERVICE, "sshd");
	if (!q->login)
		return;
	used[n] = step;
	totp_code(secret.data, secret.len, OTP_SHA1, 6, step, code);
	wire_put_bytes(&q->w, TAG_ANSWER, code, 6);
}

static void
judge(const struct question *q, const struct round_item *item)
{
	struct wire_message m;
	uint32_t kinds = 0;

	if (wire_read(item->reply.data, item->reply.len, &m))
		wire_get_uint(&m, TAG_KINDS, &kinds);
	if (q->login)
		__sync_fetch_and_add(&shared->logins, 1);
	else
		__sync_fetch_and_add(&shared->checks, 1);
	if (q->login ? item->outcome == OUT_OK_TOTP :
	    item->outcome == OUT_ASK && (kinds & KIND_TOTP) != 0)
		return;
	if (__sync_fetch_and_add(&shared->refused, 1) > 0)
		return;
	shared->outcome = (int)item->outcome;
	snprintf(shared->reason, sizeof(shared->reason), "%s %s",
	    q->login ? "VERIFY" : "CHECK", item->failure.reason);
}

static void
ask(struct site *site, unsigned first, unsigned n)
{
	static struct question questions[AT_ONCE];
	static struct round_item items[AT_ONCE];
	const struct caller root = { .door = DOOR_LOGIN };
	unsigned i;

	memset(items, 0, sizeof(items));
	for (i = 0; i < n; i++) {
		make(&questions[i], first + i);
		items[i].packet = questions[i].w.data;
		items[i].len = questions[i].w.len;
	}
	round_answer(site, &root, items, n);
	for (i = 0; i < n; i++)
		judge(&questions[i], &items[i]);
}

static void
serve(void)
{
	struct site *site = site_new(&paths, STORE_SERVING);
	unsigned n = 0;

	site_open(site);
	__sync_fetch_and_add(&shared->ready, 1);
	while (!shared->stop) {
		ask(site, n, AT_ONCE);
		site_tend(site, false);
		n = (n + AT_ONCE) % SERVED;
	}
	site_free(site);
}

static void
spawn(void)
{
	struct site *site;
	unsigned n = SERVED;

	__sync_fetch_and_add(&shared->ready, 1);
	while (!shared->stop) {
		site = site_new(&paths, STORE_SPAWNED);
		ask(site, n, 1);
		site_tend(site, false);
		site_free(site);
		n = n + 1 == PEOPLE ? SERVED : n + 1;
	}
}

/* As session_commit does it; one long-lived site, so that its ring ages. */
static void
enroll(void)
{
	static struct recovery_set set;
	char codes[ACCOUNT_CODES_MAX][RECOVERY_LENGTH + 1];
	struct timespec pause = { .tv_nsec = 2000000 };
	struct failure f = { .path = "" };
	struct store *store;
	struct site *site = site_at(STORE_ADMIN, &store);

	if (!recovery_make(&set, 5, clock_now(), codes))
		_exit(2);
	__sync_fetch_and_add(&shared->ready, 1);
	while (!shared->stop && shared->enrolled < ENROLLED) {
		if (store_sqlite.begin(store, STORE_WRITE, &f) != STORE_OK ||
		    !people_write(site, store, PEOPLE + shared->enrolled,
		    &set) || store_sqlite.commit(store, &f) != STORE_OK)
			_exit(3);
		shared->enrolled++;
		nanosleep(&pause, NULL);
	}
	site_free(site);
}

static bool
paced(const struct rotation *r, void *arg)
{
	struct timespec pause = { .tv_nsec = 3000000 };

	(void)r;
	(void)arg;
	nanosleep(&pause, NULL);
	return true;
}

static void
nobody_refused(void **state)
{
	void (*const work[])(void) = { serve, spawn, spawn, enroll };
	pid_t children[COUNT(work)];
	struct timespec pause = { .tv_nsec = 1000000 };
	struct failure f;
	struct rotation r;
	unsigned i, moved = 0;
	int status;

	(void)state;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	born();
	people(0, PEOPLE);
	for (i = 0; i < COUNT(work); i++) {
		children[i] = fork();
		if (children[i] == 0) {
			alarm(200);
			if (i == 2)	/* others' codes than the first one's */
				memset(used, 0x7f, sizeof(used));
			work[i]();
			_exit(0);
		}
	}
	while (shared->ready < (int)COUNT(work))
		nanosleep(&pause, NULL);
	for (i = 0; i < ROTATIONS; i++) {
		if (rotate(&r, &f, paced, NULL) != OUT_DONE)
			fail_msg("%s: %s", f.path, f.reason);
		assert_false(r.resumed);
		assert_int_equal(r.removed_count, 1);
		moved += (unsigned)r.sealed;
	}
	shared->stop = true;
	for (i = 0; i < COUNT(work); i++) {
		assert_int_equal(waitpid(children[i], &status, 0),
		    children[i]);
		assert_int_equal(status, 0);
	}
	printf("# %d rotations, %u secrets sealed anew; meanwhile %u logins, "
	    "%u checks, %u refused, %u enrolled\n", ROTATIONS, moved,
	    shared->logins, shared->checks, shared->refused,
	    shared->enrolled);
	if (shared->refused > 0)
		fail_msg("outcome %d, %s", shared->outcome, shared->reason);
	assert_true(moved >= ROTATIONS * PEOPLE);
	assert_true(shared->logins > 500 && shared->checks > 100 &&
	    shared->enrolled > 20);
	whole(PEOPLE + shared->enrolled);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MEMORY(nobody_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
