/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/crypto.h>

#include "daemon/crypto.h"

bool
crypto_start(void)
{
	static bool started;

	if (!started)
		started = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG |
		    OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
		    OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
		    OPENSSL_INIT_NO_ADD_ALL_DIGESTS |
		    OPENSSL_INIT_NO_ATEXIT, NULL) == 1;
	return started;
}
