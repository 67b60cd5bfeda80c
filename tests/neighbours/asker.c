/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asker DOOR NAME UID COUNT PAUSE-MS ANSWER PACKETS
 *
 * Asks at a door as the module does, COUNT times with a pause between: a
 * connection for CHECK, one for VERIFY with ANSWER ("-": none).  The time
 * of a login is that of both.  PACKETS above 1: so many VERIFY follow on
 * one connection, where the door allows it.  The process's own uid is what
 * counts; NAME and UID are what it says.
 * Prints: N P50-US P99-US MAX-US, then OUTCOME=N for each seen (an audit
 * name, or what the client saw).
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/client.h"
#include "common/outcome.h"
#include "common/wire.h"

#define NO_ROOM	8	/* after enum client_code: refused unread */
#define CODES	9	/* before the outcomes */
#define RESULTS	(CODES + OUT_COUNT)

struct question {
	const char	*door, *name, *answer;
	uint32_t	 uid;
};

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
request(const struct question *q, uint8_t verb, struct wire_writer *w)
{
	wire_start(w, WIRE_VERSION, verb);
	wire_put_string(w, TAG_NAME, q->name);
	wire_put_uint(w, TAG_UID, q->uid);
	wire_put_string(w, TAG_SERVICE, "neighbours");
	if (verb == VERB_VERIFY) {
		wire_put_bytes(w, TAG_ANSWER, q->answer, strlen(q->answer));
		wire_put_uint(w, TAG_EARLIER, 0);
	}
}

/* What came of it, as an index of results. */
static unsigned
exchange(int fd, const struct question *q, uint8_t verb)
{
	int64_t deadline = wire_now_ms() + CLIENT_REQUEST_MS;
	uint8_t buf[WIRE_PACKET_MAX];
	enum client_code code;
	struct wire_message m;
	struct wire_writer w;
	uint32_t outcome;

	request(q, verb, &w);
	code = client_send(fd, &w, deadline);
	if (code == CLIENT_OK)
		code = client_receive(fd, buf, &m, deadline);
	if (code != CLIENT_OK)
		return code;
	if (!wire_get_uint(&m, TAG_OUTCOME, &outcome) || outcome >= OUT_COUNT)
		return CLIENT_MALFORMED;
	if (outcome == OUT_BUSY && wire_refused(&m))
		return NO_ROOM;
	return CODES + outcome;
}

static unsigned
ask(const struct question *q, uint8_t verb, int packets, unsigned *results)
{
	enum client_code code;
	unsigned result = 0;
	int fd, i;

	code = client_connect(q->door, &fd);
	if (code != CLIENT_OK) {
		results[code]++;
		return code;
	}
	for (i = 0; i < packets; i++) {
		result = exchange(fd, q, verb);
		results[result]++;
		if (result < CODES)
			break;
	}
	close(fd);
	return result;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
report(int64_t *took, int n, const unsigned *results)
{
	unsigned i;

	qsort(took, (size_t)n, sizeof(*took), compare);
	printf("%d %" PRId64 " %" PRId64 " %" PRId64, n, took[n / 2],
	    took[(n * 99 - 1) / 100], took[n - 1]);
	for (i = 0; i < RESULTS; i++) {
		if (results[i] == 0)
			continue;
		printf("\t%s=%u", i == NO_ROOM ? "no room" : i < NO_ROOM ?
		    client_reason((enum client_code)i) :
		    outcome_row((enum outcome)(i - CODES))->audit,
		    results[i]);
	}
	printf("\n");
}

int
main(int argc, char **argv)
{
	unsigned results[RESULTS] = { 0 };
	struct question q;
	int count, pause_ms, packets, i;
	int64_t *took, begin;

	if (argc != 8)
		errx(2, "usage: asker DOOR NAME UID COUNT PAUSE-MS ANSWER "
		    "PACKETS");
	q = (struct question){ .door = argv[1], .name = argv[2],
	    .uid = (uint32_t)strtoul(argv[3], NULL, 10), .answer = argv[6] };
	count = atoi(argv[4]);
	pause_ms = atoi(argv[5]);
	packets = atoi(argv[7]);
	if (count < 1 || packets < 1 ||
	    (took = calloc((size_t)count, sizeof(*took))) == NULL)
		errx(2, "nothing to do");
	for (i = 0; i < count; i++) {
		begin = now_us();
		(void)ask(&q, VERB_CHECK, 1, results);
		if (strcmp(q.answer, "-") != 0)
			(void)ask(&q, VERB_VERIFY, packets, results);
		took[i] = now_us() - begin;
		if (i + 1 < count)
			usleep((useconds_t)pause_ms * 1000);
	}
	report(took, count, results);
	free(took);
	return fflush(stdout) == 0 ? 0 : 1;
}
