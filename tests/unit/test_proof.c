/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nobody passes for want of a row unless the keyring opens this very store:
 * not by the id of a key alone, and also where nobody is enrolled.
 */
#include "unit.h"

#include "common/wire.h"
#include "daemon/birth.h"
#include "daemon/keyring.h"
#include "daemon/log.h"
#include "daemon/round.h"
#include "daemon/seal.h"
#include "place.h"

static struct paths paths;
static struct settings settings;
static char ring_line[128];		/* as birth wrote it */

static void
born(void)
{
	struct failure f = { .path = "" };
	bool did;
	FILE *file;

	log_path("/nowhere/log");
	paths = place_paths();
	put("stepup.conf", "unenrolled = \"allow\"\n", 21, 0644);
	assert_int_equal(settings_read(&settings, &paths, &f), OUT_DONE);
	if (birth_of(&paths, &settings, &store_sqlite, &did, &f) != OUT_DONE)
		fail_msg("%s: %s", f.path, f.reason);
	file = fopen(paths.keyring, "r");
	assert_non_null(file);
	assert_non_null(fgets(ring_line, sizeof(ring_line), file));
	fclose(file);
}

/* Other bytes under the same id; or another id with the same bytes. */
static void
spoil(bool id)
{
	char line[sizeof(ring_line)];
	char *at = line + (id ? 0 : 12);

	memcpy(line, ring_line, sizeof(line));
	*at = *at == '0' ? '1' : '0';
	put_text("etc/keyring", line);
}

/* Somebody the store does not know. */
static struct round_item
ask(struct site *site, uint8_t verb)
{
	const struct caller root = { .door = DOOR_LOGIN };
	struct round_item item = { 0 };
	struct wire_writer w;

	wire_start(&w, WIRE_VERSION, verb);
	wire_put_string(&w, TAG_NAME, "mallory");
	wire_put_uint(&w, TAG_UID, 4712);
	wire_put_string(&w, TAG_SERVICE, "sshd");
	if (verb == VERB_VERIFY)
		wire_put_bytes(&w, TAG_ANSWER, "123456", 6);
	assert_true(wire_done(&w));
	item.packet = w.data;
	item.len = w.len;
	round_answer(site, &root, &item, 1);
	item.packet = NULL;
	return item;
}

static void
says(struct site *site, enum outcome o, const char *reason)
{
	static const uint8_t verbs[] = { VERB_CHECK, VERB_VERIFY };
	struct round_item item;
	struct wire_message m;
	char text[WIRE_STRING_MAX + 1];
	size_t i;

	for (i = 0; i < COUNT(verbs); i++) {
		item = ask(site, verbs[i]);
		assert_int_equal(item.outcome, o);
		if (reason == NULL)
			continue;
		assert_true(wire_read(item.reply.data, item.reply.len, &m));
		assert_true(wire_get_string(&m, TAG_PATH, text));
		assert_string_equal(text, paths.keyring);
		assert_true(wire_get_string(&m, TAG_REASON, text));
		if (strstr(text, reason) == NULL)
			fail_msg("%s", text);
	}
}

/* A process that starts with such a ring. */
static void
starts(enum outcome o, const char *reason)
{
	struct site *site = site_new(&paths, STORE_SPAWNED);

	assert_non_null(site);
	says(site, o, reason);
	site_free(site);
}

static void
only_its_own(void **state)
{
	(void)state;
	born();
	starts(OUT_NOT_ENROLLED, NULL);
	spoil(false);
	starts(OUT_KEY, "other bytes under its id");
	spoil(true);
	starts(OUT_KEY, "no key");
	assert_int_equal(unlink(paths.keyring), 0);
	starts(OUT_KEY, "");
	put_text("etc/keyring", ring_line);
	starts(OUT_NOT_ENROLLED, NULL);
}

/* The service notices; what was proven is not for ever. */
static void
runs(void **state)
{
	struct site *site;

	(void)state;
	born();
	site = site_new(&paths, STORE_SERVING);
	assert_non_null(site);
	site_open(site);
	says(site, OUT_NOT_ENROLLED, NULL);
	spoil(false);
	site_reload(site);
	says(site, OUT_KEY, "other bytes under its id");
	/* The right one is back: a refusal looks at the file each time. */
	put_text("etc/keyring", ring_line);
	says(site, OUT_NOT_ENROLLED, NULL);
	site_drop_store(site);
	says(site, OUT_NOT_ENROLLED, NULL);
	site_free(site);
}

/* Under a policy that denies, the key is no question: the same words. */
static void
denied(void **state)
{
	struct site *site;

	(void)state;
	born();
	put("stepup.conf", "unenrolled = \"deny\"\n", 20, 0644);
	spoil(false);
	site = site_new(&paths, STORE_SPAWNED);
	assert_non_null(site);
	assert_int_equal(ask(site, VERB_VERIFY).outcome, OUT_MUST_ENROLL);
	site_free(site);
}

/* Anything changed in the store's row is no proof; ids alone are none. */
static void
proof(void **state)
{
	struct sealed sealed, other;
	struct keyring *a, *b;
	size_t i;

	(void)state;
	assert_int_equal(keyring_make(&a), OUT_DONE);
	assert_int_equal(keyring_make(&b), OUT_DONE);
	assert_true(seal_prove(a, &sealed));
	assert_true(seal_proven(a, &sealed));
	assert_false(seal_proven(b, &sealed));
	assert_false(seal_proven(NULL, &sealed));
	assert_false(seal_prove(NULL, &other));
	for (i = 0; i < sealed.len; i++) {
		other = sealed;
		other.data[i] ^= 1;
		assert_false(seal_proven(a, &other));
	}
	other = sealed;
	other.nonce[0] ^= 1;
	assert_false(seal_proven(a, &other));
	memset(&other, 0, sizeof(other));
	assert_false(seal_proven(a, &other));
	keyring_free(a);
	keyring_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(only_its_own),
		IN_PLACE(runs),
		IN_PLACE(denied),
		cmocka_unit_test(proof),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
