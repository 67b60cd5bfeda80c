/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stepupd that says what the test wrote down: a process of its own (not a
 * child, so that the module's children are the only ones), one step per
 * connection.
 */
#ifndef STEPUP_TESTS_FAKE_SERVICE_H
#define STEPUP_TESTS_FAKE_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "common/outcome.h"
#include "common/wire.h"

enum fake_act {
	FAKE_REPLY = 1,	/* read, answer with the frame */
	FAKE_HANG,	/* read, never answer */
	FAKE_GONE,	/* read, close */
	FAKE_SLAM,	/* close without reading */
	FAKE_WATCH	/* read until something or the end comes, close */
};

/* Forgets all steps. */
void fake_clear(void);

/* The next step.  The frame may be written to until the service starts. */
struct wire_writer *fake_step(enum fake_act);

/* FAKE_REPLY with an outcome. */
struct wire_writer *fake_reply(uint8_t verb, unsigned outcome);

/* CHECK is answered with OUT_ASK, these kinds. */
void fake_ask(unsigned kinds);

/* VERIFY is answered with this outcome, both kinds usable. */
struct wire_writer *fake_verdict(unsigned outcome, unsigned kind);

/* Listens at path; queue is the backlog. */
void fake_start(const char *path, int queue);

/* The next request that came, its length; 0: an end without one.  Fails the
   test when none came. */
size_t fake_request(uint8_t buf[WIRE_PACKET_MAX]);

/* The same, read. */
void fake_message(uint8_t buf[WIRE_PACKET_MAX], struct wire_message *m);

/* Ends it.  Fails the test when connections were more or fewer than steps. */
void fake_stop(void);

/* Ends it, whatever it did: after a failed test. */
void fake_drop(void);

#endif
