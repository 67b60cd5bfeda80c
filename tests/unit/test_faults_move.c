/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RENAME, REBIND and PRUNE of one account, by the daemon's inside: killed
 * before each call to the disk, and while the n-th call or allocation
 * fails.  The account is as before or as after, every row of it, and opens
 * with the ring there is; the same command a second time finishes, or has
 * nothing left to do.
 */
#include "tests/unit/fault_move.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <pwd.h>

#include "daemon/selfservice.h"

/* --- The command ----------------------------------------------- */

/* Root says yes before the question comes; what the last packet says. */
static enum outcome
converse(struct site *site, const struct wire_message *request)
{
	const struct caller admin = { .door = DOOR_ADMIN };
	struct talk talk = { 0 };
	struct wire_message m = { 0 };
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_writer w;
	enum outcome o;
	uint32_t said;
	size_t len;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	talk.fd = fds[1];
	wire_start(&w, WIRE_VERSION, VERB_ANSWER);
	wire_put_bytes(&w, TAG_ANSWER, "yes", 3);
	assert_int_equal(wire_send(fds[0], &w), WIRE_OK);
	o = selfservice_serve(site, &admin, request, &talk);
	while (!wire_has(&m, TAG_LAST)) {
		assert_int_equal(wire_receive(fds[0], packet, &len), WIRE_OK);
		assert_true(wire_read(packet, len, &m));
	}
	assert_true(wire_get_uint(&m, TAG_OUTCOME, &said));
	assert_int_equal(said, o);
	close(fds[0]);
	close(fds[1]);
	return o;
}

static enum outcome
run(void)
{
	struct wire_message request;
	struct wire_writer w;
	struct site *site;
	enum outcome o;

	if ((site = site_new(&fault_paths, STORE_ADMIN)) == NULL)
		return OUT_MEMORY;
	wire_start(&w, WIRE_VERSION, moving->verb);
	wire_put_string(&w, TAG_NAME, moving->from);
	if (moving->verb == VERB_RENAME)
		wire_put_string(&w, TAG_NEW_NAME, moving->to);
	assert_true(wire_read(w.data, w.len, &request));
	o = converse(site, &request);
	site_tend(site, false);
	site_free(site);
	return o;
}

/* A login of this test's own account; code NULL: CHECK. */
static enum outcome
login(const char *code)
{
	struct wire_writer *w = &fault_packet;

	wire_start(w, WIRE_VERSION, code == NULL ? VERB_CHECK : VERB_VERIFY);
	wire_put_string(w, TAG_NAME, move_me);
	wire_put_uint(w, TAG_UID, getuid());
	wire_put_string(w, TAG_SERVICE, "sshd");
	if (code != NULL)
		wire_put_bytes(w, TAG_ANSWER, code, strlen(code));
	return fault_ask(STORE_SPAWNED);
}

/* --- What holds afterwards ------------------------------------------- */

/* True: as after; false: as before; nothing between them. */
static bool
moved(void)
{
	struct account here = move_load(moving->from, moving->from_uid);
	bool after = here.match != ACCOUNT_FOUND;

	assert_int_equal(move_events(moving->change), after ? 1 : 0);
	if (!after)
		move_same(here);
	else if (moving->to != NULL)
		move_same(move_load(moving->to, getuid()));
	if (moving->to != NULL)
		assert_int_equal(move_rows(), MOVE_ROWS);
	else
		assert_int_equal(move_rows(), after ? 0 : MOVE_ROWS);
	assert_int_equal(login(NULL), !after ? OUT_CHANGED :
	    moving->to != NULL ? OUT_ASK : OUT_NOT_ENROLLED);
	return after;
}

/* Finished by a second one, and the factor is good for the new place. */
static void
judge(enum outcome o)
{
	bool after = moved();

	assert_true(o == OUT_DONE || fault_is_trouble(o));
	assert_true(after || o != OUT_DONE);
	assert_int_equal(run(), after ? moving->again : OUT_DONE);
	if (!after)
		assert_true(moved());
	if (moving->to == NULL)
		return;
	assert_int_equal(login(fault_codes[1]), OUT_REPLAY);
	assert_int_equal(login(fault_codes[0]), OUT_OK_RECOVERY);
	assert_int_equal(login(fault_pass), OUT_OK_PASS);
}

/* Ends with FAULT_KILLED, or with 100 + the outcome. */
static int
killed_at(unsigned n)
{
	const struct fault_how how = { .kill = true };
	pid_t child = fork();
	int status;

	assert_int_not_equal(child, -1);
	if (child == 0) {
		fault_vfs_arm(n, &how);
		_exit(100 + (int)run());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
killed(void)
{
	unsigned n, as_before = 0, as_after = 0;
	int ended;

	for (n = 1;; n += fault_stride(1)) {
		move_anew();
		ended = killed_at(n);
		if (move_load(moving->from, moving->from_uid).match ==
		    ACCOUNT_FOUND)
			as_before++;
		else
			as_after++;
		judge(ended == FAULT_KILLED ? OUT_STORE :
		    (enum outcome)(ended - 100));
		fault_sound();
		if (ended != FAULT_KILLED)
			break;
		fault_tried++;
		assert_true(n < 2000);
	}
	assert_int_equal(ended, 100 + OUT_DONE);
	print_message("# %s, killed at each of %u calls: %u as before, %u as"
	    " after\n", moving->name, n - 1, as_before, as_after);
	assert_true(as_before > 1 && as_after > 0);
}

static void
every(void **state)
{
	const struct moving all[] = {
		{ "rename", VERB_RENAME, MOVE_OLD, move_me, getuid(),
		    CHANGE_RENAMED, OUT_NO_ACCOUNT },
		{ "rebind", VERB_REBIND, move_me, move_me, getuid() + 1,
		    CHANGE_REBOUND, OUT_LIVING },
		{ "prune", VERB_PRUNE, MOVE_OLD, NULL, getuid(),
		    CHANGE_PRUNED, OUT_NO_ACCOUNT },
	};
	struct fault_run r = { .right = OUT_DONE, .before = move_anew,
		.run = run, .judge = judge };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(all); i++) {
		moving = &all[i];
		r.name = moving->name;
		killed();
		fault_every_way(&r);
	}
}

static int
setup(void **state)
{
	struct passwd *pw = getpwuid(getuid());

	if (pw == NULL || fault_ways_setup(state) != 0)
		return -1;
	snprintf(move_me, sizeof(move_me), "%s", pw->pw_name);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every),
	};

	return cmocka_run_group_tests(tests, setup, fault_cleanup);
}
