/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POLICY by the daemon's inside: the settings in force, where each stands,
 * and what they mean for one person.
 */
#include "tests/unit/moves_place.h"

struct seen {
	size_t	settings, set;
	char	cap[64], services[4096], at[300];
};

static void
policy_row(const struct wire_message *row, void *arg)
{
	char key[WIRE_STRING_MAX + 1], text[WIRE_STRING_MAX + 1];
	struct seen *s = arg;
	uint32_t line;

	wire_get_string(row, TAG_LABEL, key);
	wire_get_string(row, TAG_TEXT, text);
	if (strcmp(key, "services") == 0)
		strcat(s->services, text);
	if (strcmp(key, "cap") == 0) {
		strcpy(s->cap, text);
		wire_get_string(row, TAG_PATH, s->at);
		wire_get_uint(row, TAG_COUNT, &line);
		snprintf(s->at + strlen(s->at), 16, ":%u", (unsigned)line);
	}
	s->settings++;
	s->set += wire_has(row, TAG_PATH);
}

static enum outcome
policy(struct place *p, const char *service, struct seen *seen,
    struct question *q)
{
	struct failure f = { .path = "" };
	const struct settings *settings;

	memset(seen, 0, sizeof(*seen));
	*q = (struct question){ .name = service != NULL ? p->user : NULL,
	    .service = service, .row = policy_row, .arg = seen };
	site_reload(p->site);
	assert_int_equal(site_settings(p->site, wire_now_ms(), &settings, &f),
	    OUT_DONE);
	return put(p, VERB_POLICY, q);
}

static void
set(struct place *p, const char *text)
{
	char whole[4096];

	snprintf(whole, sizeof(whole), "store = \"sqlite:%s/stepup.db\"\n%s",
	    p->state, text);
	write_file(p->conf, whole);
}

static void
policy_tells_settings(void **state)
{
	struct place *p = *state;
	char services[2048] = "services = [", want[300];
	struct question q;
	struct seen seen;
	int i;

	assert_int_equal(policy(p, NULL, &seen, &q), OUT_DONE);
	assert_int_equal(seen.settings, 15);
	assert_int_equal(seen.set, 1);
	assert_string_equal(seen.cap, "50");
	/* A value longer than a string, and a line in a file of the folder. */
	for (i = 0; i < 30; i++)
		snprintf(services + strlen(services), 64,
		    "%s\"service-number-%d\"", i > 0 ? ", " : "", i);
	strcat(services, "]\n");
	set(p, services);
	assert_int_equal(mkdir(p->conf_dir, 0755), 0);
	snprintf(want, sizeof(want), "%s/a.conf", p->conf_dir);
	write_file(want, "# a remark\ncap = 40\n");
	assert_int_equal(policy(p, NULL, &seen, &q), OUT_DONE);
	services[strlen(services) - 1] = '\0';
	assert_string_equal(seen.services, services + strlen("services = "));
	assert_string_equal(seen.cap, "40");
	strcat(want, ":2");
	assert_string_equal(seen.at, want);
	assert_int_equal(number(&q, TAG_FLAGS), 0);
	/* Refused files: the copy is in force, and why. */
	set(p, "cap = 3\n");
	*strrchr(want, ':') = '\0';
	assert_int_equal(unlink(want), 0);
	assert_int_equal(policy(p, NULL, &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_FLAGS), FLAG_ACCEPTED);
	assert_string_equal(seen.cap, "40");
	assert_int_equal(strncmp(seen.at, p->accepted, strlen(p->accepted)),
	    0);
	assert_true(wire_has(&q.last, TAG_REASON));
}

static void
policy_tells_persons(void **state)
{
	struct place *p = *state;
	struct phone phone = { 0 };
	struct question q;
	struct seen seen;
	uint8_t packet[WIRE_PACKET_MAX];
	struct wire_message last;

	assert_int_equal(policy(p, "sshd", &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_WHY), OUT_MUST_ENROLL);
	assert_int_equal(move(p, VERB_POLICY, OTHER, NULL), OUT_NO_USER);
	set(p, "unenrolled = \"allow\"\n");
	assert_int_equal(policy(p, "sshd", &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_WHY), OUT_NOT_ENROLLED);
	set(p, "services = [\"sshd\"]\n");
	assert_int_equal(converse(p, VERB_ENROLL, 0, &phone, 0), OUT_DONE);
	assert_int_equal(policy(p, "sshd", &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_WHY), OUT_ASK);
	assert_int_equal(number(&q, TAG_KINDS), KIND_TOTP | KIND_RECOVERY);
	assert_int_equal(policy(p, "SSHD", &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_WHY), OUT_ASK);
	assert_int_equal(policy(p, "sudo", &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_WHY), OUT_NOT_COVERED);
	/* Which service it was where none was named: one that is covered. */
	assert_int_equal(policy(p, "", &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_WHY), OUT_ASK);
	assert_int_equal(lock(p, VERB_LOCK, "why", packet, &last), OUT_DONE);
	assert_int_equal(policy(p, "sshd", &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_WHY), OUT_ADMIN_LOCK);
	assert_int_equal(lock(p, VERB_UNLOCK, NULL, packet, &last), OUT_DONE);
	stored_as(p, OLD, getuid());
	assert_int_equal(policy(p, "sshd", &seen, &q), OUT_DONE);
	assert_int_equal(number(&q, TAG_WHY), OUT_CHANGED);
}

int
main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, place_make, place_drop)
	const struct CMUnitTest tests[] = {
		TEST(policy_tells_settings),
		TEST(policy_tells_persons),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
