/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * neighbour KIND DOOR UID N NAME
 *
 * Does what KIND says at DOOR as user UID, until SIGTERM or until its
 * parent ends.  N: connections held (park, rights), or nothing.  NAME: the
 * account's, for kinds that ask.  Prints `ready` when it has begun and,
 * at the end, `CONNECTED FULL SENT REFUSED EPERM`.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/wire.h"
#include "tests/neighbours/neighbour.h"

#define HELD_MAX	4096

struct neighbour {
	const char	*door, *name;
	uint32_t	 uid;
	int		 n;
	uint64_t	 random;
	int		 held[HELD_MAX];	/* 0: free */
	struct counts	 counts;
};

static volatile sig_atomic_t ended;

static void
end(int sig)
{
	(void)sig;
	ended = 1;
}

int
knock(const char *door, bool wait, struct counts *c)
{
	const struct timeval half = { .tv_usec = 500000 };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", door);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
	    (wait ? 0 : SOCK_NONBLOCK), 0);
	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &half, sizeof(half));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0) {
		c->connected++;
		return fd;
	}
	c->full += errno == EAGAIN;
	close(fd);
	return -1;
}

bool
say(int fd, const void *data, size_t len, struct counts *c)
{
	bool taken = send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) != -1;

	if (taken)
		c->sent++;
	else
		c->refused++;
	return taken;
}

static uint64_t
dice(struct neighbour *x)
{
	x->random ^= x->random << 13;
	x->random ^= x->random >> 7;
	return x->random ^= x->random << 17;
}

/* Connects and goes, as fast as it can. */
static void
kind_connect(struct neighbour *x)
{
	int fd = knock(x->door, false, &x->counts);

	if (fd != -1)
		close(fd);
}

/* The same, waiting for a place in the queue. */
static void
kind_queue(struct neighbour *x)
{
	int fd = knock(x->door, true, &x->counts);

	if (fd != -1)
		close(fd);
}

static void
kind_rubbish(struct neighbour *x)
{
	uint64_t junk[WIRE_PACKET_MAX / sizeof(uint64_t)];
	int fd = knock(x->door, true, &x->counts);
	size_t i;

	if (fd == -1)
		return;
	for (i = 0; i < sizeof(junk) / sizeof(junk[0]); i++)
		junk[i] = dice(x);
	if (dice(x) % 2 == 0)	/* as far as the table of verbs */
		((uint8_t *)junk)[0] = WIRE_VERSION;
	(void)say(fd, junk, 1 + dice(x) % sizeof(junk), &x->counts);
	close(fd);
}

static void
kind_empty(struct neighbour *x)
{
	int fd = knock(x->door, true, &x->counts), i;

	if (fd == -1)
		return;
	for (i = 0; i < 16; i++)
		(void)say(fd, "", 0, &x->counts);
	close(fd);
}

/* The largest frame, one byte more, and as much as the kernel takes. */
static void
kind_maximum(struct neighbour *x)
{
	static char big[64 * 1024];
	int fd = knock(x->door, true, &x->counts);

	if (fd == -1)
		return;
	(void)say(fd, big, WIRE_PACKET_MAX, &x->counts);
	(void)say(fd, big, WIRE_PACKET_MAX + 1, &x->counts);
	while (say(fd, big, sizeof(big), &x->counts))
		;
	close(fd);
}

/* Sent with the first packet, and gone. */
static void
kind_rights(struct neighbour *x)
{
	int fd = knock(x->door, true, &x->counts);

	if (fd == -1)
		return;
	(void)pass_lingering(fd, &x->counts);
	close(fd);
}

static void
rest(int ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000L };

	nanosleep(&t, NULL);
}

static bool
hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = 0 };

	return poll(&p, 1, 0) == 1;
}

/* N held; who was sent away comes again. */
static void
hold(struct neighbour *x, void (*greet)(struct neighbour *, int fd))
{
	int i;

	for (i = 0; i < x->n && !ended; i++) {
		if (x->held[i] > 0 && hung_up(x->held[i])) {
			close(x->held[i]);
			x->held[i] = 0;
		}
		if (x->held[i] > 0)
			continue;
		x->held[i] = knock(x->door, true, &x->counts);
		if (x->held[i] > 0 && greet != NULL)
			greet(x, x->held[i]);
	}
	rest(20);
}

static void
kind_park(struct neighbour *x)
{
	hold(x, NULL);
}

/* A question about itself: settings, libraries, store are all loaded. */
static void
ask(struct neighbour *x, int fd)
{
	struct wire_writer w;

	wire_start(&w, WIRE_VERSION, VERB_CHECK);
	wire_put_string(&w, TAG_NAME, x->name);
	wire_put_uint(&w, TAG_UID, x->uid);
	wire_put_string(&w, TAG_SERVICE, "neighbours");
	(void)say(fd, w.data, w.len, &x->counts);
}

static void
kind_ask_and_park(struct neighbour *x)
{
	hold(x, ask);
}

static void
pass(struct neighbour *x, int fd)
{
	(void)pass_lingering(fd, &x->counts);
}

static void
kind_rights_and_park(struct neighbour *x)
{
	hold(x, pass);
}

static void
kind_busy(struct neighbour *x)
{
	int i;

	for (i = 0; i < 1000000; i++)
		(void)dice(x);
}

static const struct {
	const char	*name;
	void		 (*once)(struct neighbour *);
} kinds[] = {
	{ "connect", kind_connect },
	{ "queue", kind_queue },
	{ "rubbish", kind_rubbish },
	{ "empty", kind_empty },
	{ "maximum", kind_maximum },
	{ "park", kind_park },
	{ "ask-and-park", kind_ask_and_park },
	{ "rights", kind_rights },
	{ "rights-and-park", kind_rights_and_park },
	{ "busy", kind_busy },
};

static void
become(uid_t uid)
{
	struct sigaction sa = { .sa_handler = end,
	    .sa_flags = SA_RESTART };
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
	if (setresgid(uid, uid, uid) == -1 || setresuid(uid, uid, uid) == -1)
		err(1, "uid %u", (unsigned)uid);
	/* After the uid, which would take it back. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 ||
	    sigaction(SIGTERM, &sa, NULL) == -1)
		err(1, "signals");
}

int
main(int argc, char **argv)
{
	static struct neighbour x;
	void (*once)(struct neighbour *) = NULL;
	size_t i;

	if (argc != 6)
		errx(2, "usage: neighbour KIND DOOR UID N NAME");
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(argv[1], kinds[i].name) == 0)
			once = kinds[i].once;
	x.door = argv[2];
	x.uid = (uint32_t)strtoul(argv[3], NULL, 10);
	x.n = atoi(argv[4]);
	x.name = argv[5];
	x.random = (uint64_t)getpid() * 0x9e3779b97f4a7c15;
	if (once == NULL || x.n < 0 || x.n > HELD_MAX)
		errx(2, "no such kind, or too many");
	become((uid_t)x.uid);
	once(&x);
	printf("ready\n");
	fflush(stdout);
	while (!ended)
		once(&x);
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
	    "\n", x.counts.connected, x.counts.full, x.counts.sent,
	    x.counts.refused, x.counts.eperm);
	fflush(stdout);
	_exit(0);	/* what lingers here does not keep us */
}
