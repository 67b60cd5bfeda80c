/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/session.h"

/*
 * The child's side of a start: input and output where they are wanted, no
 * other descriptor, a plain signal mask, nothing in the environment.
 */
static _Noreturn void
become(const char *path, const char *mode, int in, int err)
{
	char *const env[] = { NULL };
	char *argv[3];
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	/* execve takes them as char *, and does not change them. */
	argv[0] = strdup(path);
	argv[1] = strdup(mode);
	argv[2] = NULL;
	if (null < 3 || argv[0] == NULL || argv[1] == NULL)
		_exit(127);
	if (dup2(in == -1 ? null : in, 0) == -1 || dup2(null, 1) == -1 ||
	    (err != 2 && dup2(null, 2) == -1) ||
	    close_range(3, ~0U, 0) == -1)
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(path, argv, env);
	_exit(127);
}

/* Ctrl-C and Ctrl-Z are for us: the child has a session of its own. */
static enum session_state
start_admin(struct session *s, const char *path)
{
	int pair[2];

	if (access(path, X_OK) == -1 || socketpair(AF_UNIX,
	    SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return SESSION_NO_PROGRAM;
	s->child = fork();
	if (s->child == 0) {
		setsid();
		become(path, "--admin", pair[1], -1);
	}
	close(pair[1]);
	s->fd = pair[0];
	if (s->child == -1) {
		s->child = 0;
		return SESSION_NO_PROGRAM;
	}
	return SESSION_OPEN;
}

static enum session_state
connect_public(struct session *s, const struct host *host)
{
	switch (host->connect(host->public, &s->fd)) {
	case CLIENT_OK:
		return SESSION_OPEN;
	case CLIENT_ABSENT:
		return SESSION_ABSENT;
	case CLIENT_NOT_ROOT:
		return SESSION_FOREIGN;
	case CLIENT_MALFORMED:
		return SESSION_MALFORMED;
	case CLIENT_GONE:
	case CLIENT_FULL:
	case CLIENT_LATE:
	case CLIENT_ERROR:
		break;
	}
	return SESSION_UNREACHABLE;
}

static bool
send_frame(struct session *s, struct wire_writer *w)
{
	bool sent = wire_done(w) && client_send(s->fd, w,
	    wire_now_ms() + CLIENT_REQUEST_MS) == CLIENT_OK;

	wire_wipe(w);
	return sent;
}

enum session_state
session_ask(struct session *s, const struct call *call, struct wire_writer *w)
{
	enum session_state state;

	memset(s, 0, sizeof(*s));
	s->fd = -1;
	s->terminal = call->terminal;
	state = call->host->uid == 0 ? start_admin(s, call->host->stepupd) :
	    connect_public(s, call->host);
	if (state != SESSION_OPEN) {
		wire_wipe(w);
		return state;
	}
	/* A refusal may be there already although nobody reads any more. */
	if (!send_frame(s, w) && !wire_wait(s->fd, POLLIN, wire_now_ms()))
		return SESSION_UNREACHABLE;
	return SESSION_OPEN;
}

enum session_state
session_open(struct session *s, const struct call *call, enum wire_verb verb,
    uint32_t flags)
{
	struct wire_writer w;

	wire_start(&w, WIRE_VERSION, (uint8_t)verb);
	if (call->host->uid == 0)
		wire_put_string(&w, TAG_NAME, call->user);
	if (flags != 0)
		wire_put_uint(&w, TAG_FLAGS, flags);
	if ((verb == VERB_ENROLL || verb == VERB_REMOVE) &&
	    call->operand != NULL)
		wire_put_string(&w, TAG_LABEL, call->operand);
	return session_ask(s, call, &w);
}

static enum session_state
receive(struct session *s, struct wire_message *m)
{
	switch (client_receive(s->fd, s->packet, m, wire_now_ms())) {
	case CLIENT_OK:
		return SESSION_OPEN;
	case CLIENT_MALFORMED:
		return SESSION_MALFORMED;
	case CLIENT_LATE:
		return SESSION_LATE;
	case CLIENT_ABSENT:
	case CLIENT_GONE:
	case CLIENT_FULL:
	case CLIENT_NOT_ROOT:
	case CLIENT_ERROR:
		break;
	}
	return SESSION_GONE;
}

enum session_state
session_next(struct session *s, struct wire_message *m)
{
	int64_t deadline = wire_now_ms() + SESSION_ANSWER_MS;

	memset(m, 0, sizeof(*m));
	explicit_bzero(s->packet, sizeof(s->packet));
	for (;;) {
		switch (terminal_wait(s->terminal, false, s->fd, deadline)) {
		case TERMINAL_PEER:
			return receive(s, m);
		case TERMINAL_CANCEL:
			return SESSION_CANCELLED;
		case TERMINAL_LATE:
			return SESSION_LATE;
		case TERMINAL_REDRAW:
		case TERMINAL_KEY:
			break;
		}
	}
}

bool
session_answer(struct session *s, const char *text)
{
	struct wire_writer w;

	wire_start(&w, WIRE_VERSION, VERB_ANSWER);
	wire_put_bytes(&w, TAG_ANSWER, text, strlen(text));
	return send_frame(s, &w);
}

bool
session_cancel(struct session *s, struct wire_message *m)
{
	int64_t deadline = wire_now_ms() + SESSION_CANCEL_MS;
	struct wire_writer w;

	memset(m, 0, sizeof(*m));
	if (s->fd == -1)
		return false;
	wire_start(&w, WIRE_VERSION, VERB_CANCEL);
	send_frame(s, &w);
	while (wire_wait(s->fd, POLLIN, deadline)) {
		if (receive(s, m) != SESSION_OPEN)
			return false;
		if ((m->verb & WIRE_REPLY) != 0 && wire_has(m, TAG_LAST))
			return true;
	}
	return false;
}

void
session_close(struct session *s)
{
	int status;

	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
	while (s->child > 0 && waitpid(s->child, &status, 0) == -1 &&
	    errno == EINTR)
		;
	s->child = 0;
	explicit_bzero(s->packet, sizeof(s->packet));
}

/* `stepupd --init`, its messages on our error output; true: exit 0. */
static bool
init_store(const struct call *call)
{
	const char *path = call->host->stepupd;
	pid_t child;
	int status = -1;

	child = fork();
	if (child == 0)
		become(path, "--init", -1, 2);
	if (child == -1)
		return false;
	while (waitpid(child, &status, 0) == -1)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

enum exit_status
session_prepare(const struct call *call)
{
	if (access(call->host->keyring, F_OK) == 0 || errno != ENOENT)
		return EXIT_DONE;
	say(call, "Nothing is set up on this host yet: making key and store "
	    "(stepupd --init).");
	if (init_store(call))
		return EXIT_DONE;
	say(call, "stepupd --init failed. Nothing was changed.");
	say(call, "Next: %s --init says why.", call->host->stepupd);
	return EXIT_UNAVAILABLE;
}
