/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/types.h>
#include <sys/random.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/keyring.h"
#include "daemon/locked.h"
#include "daemon/trusted.h"

/* 32 bytes: ten groups of three and one of two. */
#define BASE64_LENGTH	44
#define LINE_LENGTH	(KEY_ID_LENGTH + 1 + BASE64_LENGTH)

struct key {
	char	id[KEY_ID_LENGTH + 1];
	uint8_t	bytes[KEY_LENGTH];
};

struct keyring {
	size_t		count;
	struct key	keys[KEYRING_MAX];
};

_Static_assert(KEYRING_TEXT_MAX > KEYRING_MAX * (LINE_LENGTH + 1),
    "the largest ring's text");
/* A page is 4096 bytes or more wherever Linux runs. */
_Static_assert(sizeof(struct keyring) <= 4096, "the ring fits one page");

void
keyring_free(struct keyring *ring)
{
	locked_free(ring, sizeof(*ring));
}

/* The value of a base64 digit (RFC 4648 section 4), or -1. */
static int
digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static char
digit(unsigned value)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";

	return digits[value & 63];
}

/* Exactly 43 digits and one '=', the last digit's spare bits zero. */
static bool
key_decode(const char text[BASE64_LENGTH], uint8_t key[KEY_LENGTH])
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t i, used = 0;
	bool sound;
	int value;

	for (i = 0; i < BASE64_LENGTH - 1; i++) {
		if ((value = digit_value(text[i])) == -1)
			return false;
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			key[used++] = (uint8_t)(bits >> have);
		}
	}
	sound = (bits & ((1u << have) - 1)) == 0 &&
	    text[BASE64_LENGTH - 1] == '=';
	explicit_bzero(&bits, sizeof(bits));
	return sound;
}

static void
key_encode(const uint8_t key[KEY_LENGTH], char text[BASE64_LENGTH])
{
	uint32_t group;
	size_t i, used = 0;

	for (i = 0; i < KEY_LENGTH; i += 3) {
		group = (uint32_t)key[i] << 16 | (uint32_t)key[i + 1] << 8;
		if (i + 2 < KEY_LENGTH)
			group |= key[i + 2];
		text[used++] = digit(group >> 18);
		text[used++] = digit(group >> 12);
		text[used++] = digit(group >> 6);
		text[used++] = i + 2 < KEY_LENGTH ? digit(group) : '=';
	}
	explicit_bzero(&group, sizeof(group));
}

static bool
id_sound(const char *id)
{
	return strspn(id, "0123456789abcdef") == KEY_ID_LENGTH &&
	    id[KEY_ID_LENGTH] == '\0';
}

/* One line without its end.  NULL, or what is wrong with it. */
static const char *
parse_line(struct keyring *ring, const char *line, size_t len)
{
	struct key *key = &ring->keys[ring->count];

	if (ring->count == KEYRING_MAX)
		return "more than 32 keys";
	if (len != LINE_LENGTH || line[KEY_ID_LENGTH] != ' ')
		return "not `ID BASE64(32 bytes)`";
	memcpy(key->id, line, KEY_ID_LENGTH);
	key->id[KEY_ID_LENGTH] = '\0';
	if (!id_sound(key->id))
		return "the id is not 8 lower-case hex digits";
	if (keyring_find(ring, key->id) != NULL)
		return "this id stands there twice";
	if (!key_decode(line + KEY_ID_LENGTH + 1, key->bytes))
		return "the key is not 32 bytes in base64";
	ring->count++;
	return NULL;
}

static enum outcome
parse(struct keyring *ring, const char *data, size_t len, const char *path,
    struct failure *f)
{
	const char *end, *wrong, *line = data;
	unsigned number;

	for (number = 1; line < data + len; number++, line = end + 1) {
		end = memchr(line, '\n', len - (size_t)(line - data));
		if (end == NULL)
			end = data + len;
		wrong = parse_line(ring, line, (size_t)(end - line));
		if (wrong != NULL)
			return failure_set(f, OUT_KEY, path, "line %u: %s",
			    number, wrong);
	}
	if (ring->count == 0)
		return failure_set(f, OUT_KEY, path, "no key in it");
	return OUT_DONE;
}

enum outcome
keyring_read(const char *path, uid_t owner, struct keyring **out,
    bool *absent, struct failure *f)
{
	struct keyring *ring = NULL;
	enum outcome result = OUT_KEY;
	char *data = NULL;
	size_t len = 0;

	*out = NULL;
	if (absent != NULL)
		*absent = false;
	if (!trusted_read(path, owner, TRUSTED_PRIVATE, &data, &len, absent,
	    f))
		goto out;
	if ((ring = locked_new(sizeof(struct keyring))) == NULL) {
		result = failure_set(f, OUT_MEMORY, path,
		    "no memory for the keys");
		goto out;
	}
	if ((result = parse(ring, data, len, path, f)) != OUT_DONE)
		goto out;
	*out = ring;
	ring = NULL;
out:
	keyring_free(ring);
	if (data != NULL)
		explicit_bzero(data, len);
	free(data);
	return result;
}

static bool
fill_random(void *buf, size_t len)
{
	/* Up to 256 bytes come whole or not at all (getrandom(2)). */
	return getrandom(buf, len, 0) == (ssize_t)len;
}

/* Behind the last; an id that is there already is drawn again. */
static bool
add_random(struct keyring *ring)
{
	struct key *key = &ring->keys[ring->count];
	uint32_t id;

	if (ring->count == KEYRING_MAX ||
	    !fill_random(key->bytes, KEY_LENGTH))
		return false;
	do {
		if (!fill_random(&id, sizeof(id)))
			return false;
		snprintf(key->id, sizeof(key->id), "%08x", (unsigned)id);
	} while (keyring_find(ring, key->id) != NULL);
	ring->count++;
	return true;
}

enum outcome
keyring_make(struct keyring **out)
{
	struct keyring *ring;

	*out = NULL;
	if ((ring = locked_new(sizeof(struct keyring))) == NULL)
		return OUT_MEMORY;
	if (!add_random(ring)) {
		keyring_free(ring);
		return OUT_KEY;
	}
	*out = ring;
	return OUT_DONE;
}

enum outcome
keyring_grow(const struct keyring *from, struct keyring **out)
{
	struct keyring *ring;

	*out = NULL;
	if ((ring = locked_new(sizeof(struct keyring))) == NULL)
		return OUT_MEMORY;
	*ring = *from;
	if (!add_random(ring)) {
		keyring_free(ring);
		return OUT_KEY;
	}
	*out = ring;
	return OUT_DONE;
}

enum outcome
keyring_prune(const struct keyring *from,
    bool (*keep)(const char *id, void *arg), void *arg, struct keyring **out)
{
	struct keyring *ring;
	size_t i;

	*out = NULL;
	if ((ring = locked_new(sizeof(struct keyring))) == NULL)
		return OUT_MEMORY;
	for (i = 0; i < from->count; i++)
		if (i + 1 == from->count || keep(from->keys[i].id, arg))
			ring->keys[ring->count++] = from->keys[i];
	*out = ring;
	return OUT_DONE;
}

size_t
keyring_count(const struct keyring *ring)
{
	return ring == NULL ? 0 : ring->count;
}

const char *
keyring_id(const struct keyring *ring, size_t i)
{
	return ring != NULL && i < ring->count ? ring->keys[i].id : NULL;
}

size_t
keyring_print(const struct keyring *ring, char *buf, size_t size)
{
	size_t i, used = 0;

	if (size == 0)
		return 0;
	buf[0] = '\0';
	if (size <= ring->count * (LINE_LENGTH + 1))
		return 0;
	for (i = 0; i < ring->count; i++) {
		memcpy(buf + used, ring->keys[i].id, KEY_ID_LENGTH);
		used += KEY_ID_LENGTH;
		buf[used++] = ' ';
		key_encode(ring->keys[i].bytes, buf + used);
		used += BASE64_LENGTH;
		buf[used++] = '\n';
	}
	buf[used] = '\0';
	return used;
}

const uint8_t *
keyring_find(const struct keyring *ring, const char *id)
{
	size_t i;

	for (i = 0; ring != NULL && i < ring->count; i++)
		if (strcmp(ring->keys[i].id, id) == 0)
			return ring->keys[i].bytes;
	return NULL;
}

const uint8_t *
keyring_active(const struct keyring *ring, const char **id)
{
	const struct key *last;

	*id = NULL;
	if (ring == NULL || ring->count == 0)
		return NULL;
	last = &ring->keys[ring->count - 1];
	*id = last->id;
	return last->bytes;
}
