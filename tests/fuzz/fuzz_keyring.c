/* SPDX-License-Identifier: BSD-2-Clause */
/* The keyring's file.  trusted_read is this target's: it hands over text. */
#include "daemon/keyring.h"
#include "daemon/trusted.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "keyring";

static struct input text;

bool
trusted_read(const char *path, uid_t owner, int flags, char **data,
    size_t *len, bool *absent, struct failure *f)
{
	(void)path;
	(void)owner;
	(void)f;
	CLAIM(flags == TRUSTED_PRIVATE);
	if (absent != NULL)
		*absent = false;
	*len = text.len;
	*data = malloc(text.len + 1);
	CLAIM(*data != NULL);
	if (text.len > 0)
		memcpy(*data, text.data, text.len);
	(*data)[text.len] = '\0';
	return true;
}

/* What was accepted is printed, read again, and the same. */
static void
again(const struct keyring *ring)
{
	static char buf[64 * KEYRING_MAX];
	const uint8_t *key, *other;
	struct keyring *second;
	struct failure f = { .path = "" };
	const char *id, *active, *line;
	char name[KEY_ID_LENGTH + 1] = "";
	size_t len;

	len = keyring_print(ring, buf, sizeof(buf));
	CLAIM(len > 0 && strlen(buf) == len);
	CLAIM(keyring_print(ring, buf, len) == 0);
	CLAIM(keyring_print(ring, buf, len + 1) == len);
	text = (struct input){ (const uint8_t *)buf, len };
	CLAIM(keyring_read("keyring", 0, &second, NULL, &f) == OUT_DONE);
	for (line = buf; line != NULL && *line != '\0';
	    line = strchr(line, '\n') + 1) {
		memcpy(name, line, KEY_ID_LENGTH);
		key = keyring_find(ring, name);
		other = keyring_find(second, name);
		CLAIM(key != NULL && other != NULL);
		CLAIM(memcmp(key, other, KEY_LENGTH) == 0);
	}
	CLAIM(keyring_find(ring, "") == NULL);
	key = keyring_active(ring, &id);
	CLAIM(key != NULL && strcmp(id, name) == 0);
	CLAIM(keyring_find(ring, id) == key);
	CLAIM(keyring_active(second, &active) != NULL);
	keyring_free(second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct failure f = { .path = "" };
	struct keyring *ring;
	bool absent;

	if (len > TRUSTED_MAX)
		return 0;
	text = (struct input){ data, len };
	if (keyring_read("keyring", 0, &ring, &absent, &f) == OUT_DONE) {
		again(ring);
	} else {
		CLAIM(ring == NULL && f.reason[0] != '\0');
	}
	keyring_free(ring);
	return 0;
}
