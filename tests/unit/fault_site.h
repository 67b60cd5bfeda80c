/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host on which something goes wrong at the n-th call: key, store and one
 * person who has an authenticator, recovery codes and a login pass, in a
 * folder of its own.  The settings let people without a factor pass, so that
 * whoever is taken for one would show.
 */
#ifndef STEPUP_TESTS_FAULT_SITE_H
#define STEPUP_TESTS_FAULT_SITE_H

#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <syslog.h>

#include "common/wire.h"
#include "daemon/birth.h"
#include "daemon/clock.h"
#include "daemon/keyring.h"
#include "daemon/log.h"
#include "daemon/pass.h"
#include "daemon/recovery.h"
#include "daemon/round.h"
#include "daemon/seal.h"
#include "daemon/totp.h"
#include "tests/unit/place.h"

#define FAULT_NAME	"alice"
#define FAULT_UID	4711
#define FAULT_CODES	5

static struct paths fault_paths;
static struct settings fault_settings;
static unsigned long fault_tried;	/* logins with a fault in them */
static struct account fault_person;
static struct secret fault_secret;
static char fault_codes[FAULT_CODES][RECOVERY_LENGTH + 1];
static char fault_pass[RECOVERY_LENGTH + 1];
static const char *fault_conf = "unenrolled = \"allow\"\n";

enum fault_question { ASK_CHECK, ASK_RIGHT, ASK_WRONG, ASK_RECOVERY, ASK_PASS,
	ASK_QUESTIONS };

static const char *const fault_names[] = {
	[ASK_CHECK] = "check", [ASK_RIGHT] = "app code",
	[ASK_WRONG] = "wrong code", [ASK_RECOVERY] = "recovery code",
	[ASK_PASS] = "login pass",
};

/* What is said where nothing fails. */
static const enum outcome fault_answers[] = {
	[ASK_CHECK] = OUT_ASK, [ASK_RIGHT] = OUT_OK_TOTP,
	[ASK_WRONG] = OUT_BAD_CODE, [ASK_RECOVERY] = OUT_OK_RECOVERY,
	[ASK_PASS] = OUT_OK_PASS,
};

/* What is on record about the person. */
struct fault_record {
	int64_t	step, charged;
	size_t	unspent;
	bool	passed;		/* the pass is used */
};

/* The store by a way on which nothing fails. */
static inline struct store *
fault_store(void)
{
	struct store_options options = { .role = STORE_ADMIN,
		.owner = getuid(), .audit_events = 1000, .vfs = "unix" };
	struct failure f = { .path = "" };
	struct store *s;

	if (store_sqlite.open(fault_settings.store, &options, &s, &f) !=
	    STORE_OK)
		fail_msg("%s: %s", f.path, f.reason);
	return s;
}

static inline struct fault_record
fault_look(void)
{
	struct failure f = { .path = "" };
	struct store *s = fault_store();
	static struct account a;

	assert_int_equal(store_sqlite.begin(s, STORE_READ, &f), STORE_OK);
	assert_int_equal(store_sqlite.load(s, FAULT_NAME, FAULT_UID, &a, &f),
	    STORE_OK);
	store_sqlite.rollback(s);
	store_sqlite.close(s);
	assert_int_equal(a.match, ACCOUNT_FOUND);
	assert_int_equal(a.credential_count, 1);
	return (struct fault_record){ .step = a.credentials[0].last_step,
		.charged = a.limiters[LIMITER_TOTP_LOGIN].consecutive,
		.unspent = account_codes_left(&a),
		.passed = a.passes[PASS_LOGIN].used_at != 0 };
}

static inline void
fault_sound(void)
{
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open_v2(fault_settings.store, &db,
	    SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1,
	    &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(st, 0), "ok");
	sqlite3_finalize(st);
	sqlite3_close(db);
}

/*
 * From one n to the next: FAULTS_EVERY tries them all, and under valgrind
 * one in 16 of those that are tried otherwise; fault_setup() says so.
 */
static inline unsigned
fault_stride(unsigned usual)
{
	if (getenv("FAULTS_EVERY") != NULL)
		return 1;
	return under_valgrind() ? 16 * usual : usual;
}

/* What hangs is killed, and so fails. */
static inline unsigned
fault_patience(void)
{
	return getenv("FAULTS_EVERY") != NULL ? 7200 :
	    under_valgrind() ? 1800 : 600;
}

/* As after enrollment: the step, the codes, the failures are fresh. */
static inline void
fault_refresh(void)
{
	struct store_event event = { .at = clock_now(), .outcome = OUT_DONE,
		.door = DOOR_ADMIN };
	struct decision d = { .outcome = OUT_DONE, .effect_count = 1,
		.effects = { EFFECT_ENROLL } };
	struct failure f = { .path = "" };
	struct store *s = fault_store();

	assert_int_equal(store_sqlite.begin(s, STORE_WRITE, &f), STORE_OK);
	if (store_sqlite.apply(s, &fault_person, &d, &event, &f) != STORE_OK)
		fail_msg("%s: %s", f.path, f.reason);
	assert_int_equal(store_sqlite.commit(s, &f), STORE_OK);
	/* Logins that are refused leave this to nobody else: the log would
	   grow, and each opening read the whole of it. */
	store_sqlite.tend(s, false);
	store_sqlite.close(s);
}

static inline void
fault_enroll(void)
{
	struct account *a = &fault_person;
	struct credential *c = &a->credentials[0];
	struct failure f = { .path = "" };
	struct keyring *ring;
	struct seal_row row;

	memset(a, 0, sizeof(*a));
	a->match = ACCOUNT_FOUND;
	a->id = 12;
	memcpy(a->name, FAULT_NAME, sizeof(FAULT_NAME));
	a->uid = FAULT_UID;
	a->created_at = a->enrolled_at = clock_now();
	a->credential_count = 1;
	*c = (struct credential){ .id = 34,
	    .kind = CREDENTIAL_TOTP, .algorithm = OTP_SHA1, .digits = 6,
	    .period = 30, .created_at = clock_now(), .last_step = 1 };
	secret_set(&fault_secret, "12345678901234567890", 20);
	row = (struct seal_row){ a->id, a->name, c->id };
	assert_int_equal(keyring_read(fault_paths.keyring, getuid(), &ring,
	    NULL, &f), OUT_DONE);
	assert_true(seal_close(ring, &row, &fault_secret, &c->sealed));
	keyring_free(ring);
	assert_true(recovery_make(&a->recovery, FAULT_CODES, clock_now(),
	    fault_codes));
	assert_true(pass_make(&a->passes[PASS_LOGIN], PASS_TTL_MAX,
	    clock_now(), fault_pass));
	memcpy(a->passes[PASS_LOGIN].note, "why", 4);
	fault_refresh();
}

/* For a whole group of tests. */
static inline int
fault_setup(void **state)
{
	struct failure f = { .path = "" };
	bool did;

	(void)state;
	alarm(fault_patience());
	fault_tried = 0;
	if (fault_stride(1) > 1)
		(void)rounds("from one n to the next", 1, 16);
	umask(022);
	/* Thousands of synced commits: in memory where that can be. */
	strcpy(place, "/dev/shm/stepup-test-XXXXXX");
	if (mkdtemp(place) == NULL) {
		strcpy(place, "/tmp/stepup-test-XXXXXX");
		assert_non_null(mkdtemp(place));
	}
	/* Its descriptor stays: opened now, it is nobody's leak. */
	log_path("/nowhere/log");
	log_line(LOG_DEBUG, "faults");
	fault_paths = place_paths();
	put("stepup.conf", fault_conf, strlen(fault_conf), 0644);
	assert_int_equal(settings_read(&fault_settings, &fault_paths, &f),
	    OUT_DONE);
	if (birth_of(&fault_paths, &fault_settings, &store_sqlite, &did, &f)
	    != OUT_DONE)
		fail_msg("%s: %s", f.path, f.reason);
	fault_enroll();
	return 0;
}

/* A code that none of the window's steps has. */
static inline void
fault_code(bool right, char code[OTP_DIGITS_MAX + 1])
{
	char other[OTP_DIGITS_MAX + 1];
	int64_t step = totp_step(clock_now(), 30);
	unsigned n;
	int i;

	assert_true(totp_code(fault_secret.data, fault_secret.len, OTP_SHA1,
	    6, step, code));
	for (n = 0; !right && n < 10; n++) {
		snprintf(code, OTP_DIGITS_MAX + 1, "%06u", n);
		for (i = -3; i <= 3; i++) {
			totp_code(fault_secret.data, fault_secret.len,
			    OTP_SHA1, 6, step + i, other);
			if (strcmp(code, other) == 0)
				break;
		}
		if (i > 3)
			return;
	}
}

static struct wire_writer fault_packet;

/* The packet, made before anything goes wrong. */
static inline void
fault_frame(enum fault_question what)
{
	struct wire_writer *w = &fault_packet;
	char code[OTP_DIGITS_MAX + 1];

	wire_start(w, WIRE_VERSION, what == ASK_CHECK ? VERB_CHECK :
	    VERB_VERIFY);
	wire_put_string(w, TAG_NAME, FAULT_NAME);
	wire_put_uint(w, TAG_UID, FAULT_UID);
	wire_put_string(w, TAG_SERVICE, "sshd");
	fault_code(what == ASK_RIGHT, code);
	if (what == ASK_RECOVERY || what == ASK_PASS)
		wire_put_bytes(w, TAG_ANSWER, what == ASK_PASS ? fault_pass :
		    fault_codes[0], RECOVERY_LENGTH);
	else if (what != ASK_CHECK)
		wire_put_bytes(w, TAG_ANSWER, code, 6);
	assert_true(wire_done(w));
}

/* One process' work: a site, a round of that packet, the end. */
static inline enum outcome
fault_ask(enum store_role role)
{
	const struct caller login = { .door = DOOR_LOGIN };
	static struct round_item item;
	struct wire_message m;
	struct site *site;
	uint32_t outcome = OUT_COUNT;

	memset(&item, 0, sizeof(item));
	item.packet = fault_packet.data;
	item.len = fault_packet.len;
	if ((site = site_new(&fault_paths, role)) == NULL)
		return OUT_MEMORY;
	round_answer(site, &login, &item, 1);
	site_tend(site, true);
	site_tend(site, false);
	site_free(site);
	assert_false(item.deferred);
	assert_true(wire_done(&item.reply));
	assert_true(wire_read(item.reply.data, item.reply.len, &m));
	assert_true(wire_get_uint(&m, TAG_OUTCOME, &outcome));
	assert_int_equal(outcome, item.outcome);
	return item.outcome;
}

/* Nobody passes, and who is let in or told "wrong" is on record. */
static inline void
fault_judge(enum fault_question what, enum outcome o)
{
	struct fault_record r = fault_look();
	bool stepped = r.step != 1, spent = r.unspent != FAULT_CODES;

	switch (o) {
	case OUT_ASK:
		assert_int_equal(what, ASK_CHECK);
		break;
	case OUT_OK_TOTP:
		assert_int_equal(what, ASK_RIGHT);
		assert_true(stepped);
		break;
	case OUT_OK_RECOVERY:
		assert_int_equal(what, ASK_RECOVERY);
		assert_true(spent);
		break;
	case OUT_OK_PASS:
		assert_int_equal(what, ASK_PASS);
		assert_true(r.passed);
		break;
	case OUT_BAD_CODE:
		assert_int_equal(what, ASK_WRONG);
		assert_int_equal(r.charged, 1);
		break;
	case OUT_STORE:
	case OUT_BUSY:
	case OUT_MEMORY:
	case OUT_CONFIG:
	case OUT_KEY:
		break;
	default:
		fail_msg("outcome %d", (int)o);
	}
	/* Nothing but what this question may write. */
	if (stepped)
		assert_int_equal(what, ASK_RIGHT);
	if (spent)
		assert_int_equal(what, ASK_RECOVERY);
	if (r.passed)
		assert_int_equal(what, ASK_PASS);
	if (r.charged != 0) {
		assert_int_equal(what, ASK_WRONG);
		assert_int_equal(r.charged, 1);
	}
}

static inline int
fault_cleanup(void **state)
{
	print_message("# %lu logins with a fault in them\n", fault_tried);
	return place_cleanup(state);
}

#endif
