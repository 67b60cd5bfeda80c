/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which machine this is: a hash of /etc/machine-id that says nothing of the
 * id itself, as machine-id(5) asks for.  A store keeps the one of the
 * machine it was made on; a copy elsewhere is told, never refused.
 */
#ifndef STEPUP_DAEMON_MACHINE_H
#define STEPUP_DAEMON_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/store.h"

/*
 * HMAC-SHA-256 with the id, 32 lower-case hex digits, as the key.  False: the
 * file is missing, or holds no id (yet): nobody knows.
 */
bool machine_hash(const char *path, uint8_t out[STORE_MACHINE]);

#endif
