/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/crypto.h"
#include "daemon/machine.h"

#define ID_LENGTH	32
#define PURPOSE		"stepup store 1"

/* It is no secret, and nothing is decided by it: anybody's file will do. */
static bool
read_id(const char *path, char id[ID_LENGTH + 1])
{
	char text[ID_LENGTH + 2];
	ssize_t len;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1)
		return false;
	len = read(fd, text, sizeof(text));
	close(fd);
	if (len < ID_LENGTH || (len > ID_LENGTH && text[ID_LENGTH] != '\n'))
		return false;
	memcpy(id, text, ID_LENGTH);
	id[ID_LENGTH] = '\0';
	return strspn(id, "0123456789abcdef") == ID_LENGTH &&
	    strspn(id, "0") != ID_LENGTH;
}

bool
machine_hash(const char *path, uint8_t out[STORE_MACHINE])
{
	char id[ID_LENGTH + 1];
	unsigned len = 0;

	memset(out, 0, STORE_MACHINE);
	return path != NULL && read_id(path, id) && crypto_start() &&
	    HMAC(EVP_sha256(), id, ID_LENGTH, (const uint8_t *)PURPOSE,
	    strlen(PURPOSE), out, &len) != NULL && len == STORE_MACHINE;
}
