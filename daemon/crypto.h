/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libcrypto's start: nothing is loaded that we do not use.  No openssl.cnf
 * (it could name engines and providers, and reading it costs a millisecond
 * in every spawned login), no error texts, no exit handler.
 *
 * Whoever calls libcrypto calls crypto_start() first: it is lazy, so that a
 * CHECK never pays for it, and free after the first time.
 */
#ifndef STEPUP_DAEMON_CRYPTO_H
#define STEPUP_DAEMON_CRYPTO_H

#include <stdbool.h>

/* False when libcrypto cannot start (memory). */
bool crypto_start(void);

#endif
