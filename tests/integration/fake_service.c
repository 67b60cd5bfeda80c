/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_service.h"
#include "tests/unit/unit.h"

#define STEPS_MAX	12
#define PATIENCE_MS	20000

struct step {
	enum fake_act		act;
	struct wire_writer	w;
};

static struct step steps[STEPS_MAX];
static size_t step_count;
static size_t request_count;
static int control = -1;	/* closing it ends the service */
static int records = -1;
static char socket_path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];

void
fake_clear(void)
{
	memset(steps, 0, sizeof(steps));
	step_count = 0;
}

struct wire_writer *
fake_step(enum fake_act act)
{
	assert_true(step_count < STEPS_MAX);
	steps[step_count].act = act;
	return &steps[step_count++].w;
}

struct wire_writer *
fake_reply(uint8_t verb, unsigned outcome)
{
	struct wire_writer *w = fake_step(FAKE_REPLY);

	wire_start(w, WIRE_VERSION, verb | WIRE_REPLY);
	wire_put_uint(w, TAG_OUTCOME, outcome);
	return w;
}

void
fake_ask(unsigned kinds)
{
	wire_put_uint(fake_reply(VERB_CHECK, OUT_ASK), TAG_KINDS, kinds);
}

struct wire_writer *
fake_verdict(unsigned outcome, unsigned kind)
{
	struct wire_writer *w = fake_reply(VERB_VERIFY, outcome);

	wire_put_uint(w, TAG_KINDS, KIND_TOTP | KIND_RECOVERY);
	wire_put_uint(w, TAG_KIND, kind);
	return w;
}

/* The service: waits for something on fd, or for the test's end. */
static void
await(int fd, int end)
{
	struct pollfd p[2] = {
		{ .fd = fd, .events = POLLIN }, { .fd = end }
	};

	do
		poll(p, 2, -1);
	while (p[0].revents == 0 && p[1].revents == 0);
	if (p[1].revents != 0)
		_exit(0);
}

static void
record(int out, const void *data, size_t len)
{
	uint32_t n = (uint32_t)len;

	if (write(out, &n, sizeof(n)) != sizeof(n) ||
	    (len > 0 && write(out, data, len) != (ssize_t)len))
		_exit(1);
}

static void
take_step(const struct step *s, int fd, int end, int out)
{
	uint8_t buf[WIRE_PACKET_MAX];
	ssize_t n = 0;

	if (s == NULL || s->act == FAKE_SLAM) {
		record(out, NULL, 0);
		return;
	}
	await(fd, end);
	n = recv(fd, buf, sizeof(buf), 0);
	record(out, buf, n > 0 ? (size_t)n : 0);
	if (s->act == FAKE_REPLY &&
	    send(fd, s->w.data, s->w.len, MSG_NOSIGNAL) == -1)
		_exit(1);
	if (s->act == FAKE_HANG)
		await(-1, end);
}

static void __attribute__((noreturn))
serve(int listener, int end, int out)
{
	size_t i;
	int fd;

	for (i = 0;; i++) {
		await(listener, end);
		if ((fd = accept(listener, NULL, NULL)) == -1)
			_exit(1);
		take_step(i < step_count ? &steps[i] : NULL, fd, end, out);
		close(fd);
	}
}

/* Twice removed: it belongs to init, not to us. */
static void
launch(int listener, int end, int out)
{
	int status;
	pid_t pid = fork();

	assert_true(pid != -1);
	if (pid == 0) {
		close(control);
		close(records);
		pid = fork();
		if (pid == 0)
			serve(listener, end, out);
		_exit(pid == -1);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_int_equal(status, 0);
}

void
fake_start(const char *path, int queue)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int end[2], out[2], listener;

	assert_true(strlen(path) < sizeof(sun.sun_path));
	strcpy(sun.sun_path, path);
	strcpy(socket_path, path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(listener != -1);
	assert_int_equal(bind(listener, (struct sockaddr *)&sun, sizeof(sun)),
	    0);
	assert_int_equal(listen(listener, queue), 0);
	assert_int_equal(pipe2(end, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	control = end[1];
	records = out[0];
	request_count = 0;
	launch(listener, end[0], out[1]);
	close(listener);
	close(end[0]);
	close(out[1]);
}

/* False at the end of all records. */
static int
next_record(uint8_t buf[WIRE_PACKET_MAX], size_t *len)
{
	struct pollfd p = { .fd = records, .events = POLLIN };
	uint32_t n = 0;
	ssize_t got;

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	got = read(records, &n, sizeof(n));
	if (got == 0)
		return 0;
	assert_int_equal(got, sizeof(n));
	assert_true(n <= WIRE_PACKET_MAX);
	if (n > 0)
		assert_int_equal(read(records, buf, n), n);
	*len = n;
	request_count++;
	return 1;
}

size_t
fake_request(uint8_t buf[WIRE_PACKET_MAX])
{
	size_t len = 0;

	assert_true(next_record(buf, &len));
	return len;
}

void
fake_message(uint8_t buf[WIRE_PACKET_MAX], struct wire_message *m)
{
	size_t len = fake_request(buf);

	assert_true(wire_read(buf, len, m));
	assert_int_equal(m->version, 1);
}

void
fake_drop(void)
{
	if (control != -1) {
		close(control);
		unlink(socket_path);
	}
	if (records != -1)
		close(records);
	control = records = -1;
}

void
fake_stop(void)
{
	uint8_t buf[WIRE_PACKET_MAX];
	size_t len;

	close(control);
	control = -1;
	unlink(socket_path);
	while (next_record(buf, &len))
		;
	fake_drop();
	assert_int_equal(request_count, step_count);
}
