/* SPDX-License-Identifier: BSD-2-Clause */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/peer.h"
#include "daemon/single.h"
#include "daemon/verbs.h"

static enum wire_io
receive(int fd, uint8_t buf[WIRE_PACKET_MAX], size_t *len, int64_t deadline)
{
	enum wire_io io;

	while ((io = wire_receive(fd, buf, len)) == WIRE_AGAIN)
		if (!wire_wait(fd, POLLIN, deadline))
			return WIRE_AGAIN;
	return io;
}

void
single_refuse(int fd, enum outcome o, const struct failure *f)
{
	struct wire_writer w;

	round_refuse(0, o, f, &w);
	(void)wire_send(fd, &w);
}

bool
single_peer(bool root_only, uid_t *uid)
{
	if (!peer_connected(STDIN_FILENO)) {
		fputs("stepupd: descriptor 0 is no connected socket\n",
		    stderr);
		return false;
	}
	if (peer_accepted(STDIN_FILENO, uid) && (*uid == 0 || !root_only))
		return true;
	single_refuse(STDIN_FILENO, OUT_PEER, NULL);
	return false;
}

static bool
answer_round(struct single *s, const uint8_t *packet, size_t len)
{
	struct round_item item;
	bool sent;

	memset(&item, 0, sizeof(item));
	item.packet = packet;
	item.len = len;
	round_answer(s->site, &s->caller, &item, 1);
	if (item.deferred) {
		item.outcome = OUT_BUSY;
		round_refuse(packet[1], OUT_BUSY, NULL, &item.reply);
	}
	sent = wire_send(s->talk.fd, &item.reply) == WIRE_OK;
	if (s->told != NULL)
		s->told(s, len > 1 ? packet[1] : 0, item.outcome,
		    &item.failure);
	wire_wipe(&item.reply);
	return sent;
}

static bool
answer_refusal(struct single *s, uint8_t verb, enum outcome o)
{
	struct wire_writer w;

	round_refuse(verb, o, &s->failure, &w);
	if (s->told != NULL)
		s->told(s, verb, o, &s->failure);
	return wire_send(s->talk.fd, &w) == WIRE_OK;
}

/* False when this was the last request of the connection. */
static bool
answer(struct single *s, const uint8_t *packet, size_t len)
{
	uint8_t verb = len > 1 ? packet[1] : 0;
	struct wire_message m;
	enum outcome o;

	if (s->broken != OUT_DONE || s->site == NULL)
		return answer_refusal(s, verb,
		    s->broken != OUT_DONE ? s->broken : OUT_MEMORY);
	switch (verb_handler(verb, s->caller.door, &o)) {
	case VERB_BY_NOBODY:
		return answer_refusal(s, verb, o);
	case VERB_BY_ROUND:
		return answer_round(s, packet, len);
	case VERB_BY_TALK:
		if (!wire_read(packet, len, &m))
			return answer_refusal(s, verb, OUT_PROTOCOL);
		o = selfservice_serve(s->site, &s->caller, &m, &s->talk);
		if (s->told != NULL)
			s->told(s, verb, o, NULL);
		return false;
	}
	return false;
}

bool
single_serve(struct single *s, unsigned requests, int64_t idle_ms)
{
	uint8_t packet[WIRE_PACKET_MAX];
	enum wire_io io;
	bool more = true;
	unsigned i;
	size_t len;

	for (i = 0; more && i < requests; i++) {
		io = receive(s->talk.fd, packet, &len,
		    wire_now_ms() + idle_ms);
		if (io == WIRE_MALFORMED)
			single_refuse(s->talk.fd, OUT_PROTOCOL, NULL);
		if (io != WIRE_OK)
			break;
		if (s->talk.alive != NULL)
			s->talk.alive(s->talk.arg);
		more = answer(s, packet, len);
		explicit_bzero(packet, len);
	}
	return i > 0;
}
