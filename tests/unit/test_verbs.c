/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "common/wire.h"
#include "daemon/selfservice.h"
#include "daemon/verbs.h"

/* Every verb there can be, at every door, against SPEC's table of doors. */
static void
doors(void **state)
{
	enum verb_handler own, login, admin;
	enum outcome o;
	unsigned v;
	bool roots;

	(void)state;
	for (v = 0; v <= UINT8_MAX; v++) {
		roots = (v >= VERB_LOCK && v <= VERB_IMPORT) ||
		    v == VERB_BACKUP || v == VERB_RESTORE ||
		    (v >= VERB_KEY && v <= VERB_POLICY);
		login = verb_handler((uint8_t)v, DOOR_LOGIN, &o);
		if (v == VERB_CHECK || v == VERB_VERIFY) {
			assert_int_equal(login, VERB_BY_ROUND);
			own = VERB_BY_ROUND;
		} else {
			own = v >= VERB_STATUS && v <= VERB_TEST ?
			    VERB_BY_TALK : VERB_BY_NOBODY;
			assert_int_equal(login, VERB_BY_NOBODY);
			assert_int_equal(o, own == VERB_BY_TALK || roots ?
			    OUT_PEER : OUT_PROTOCOL);
		}
		assert_int_equal(verb_handler((uint8_t)v, DOOR_PUBLIC, &o),
		    own);
		admin = verb_handler((uint8_t)v, DOOR_ADMIN, &o);
		assert_int_equal(admin, roots ? VERB_BY_TALK : own);
		if (own == VERB_BY_NOBODY && !roots)
			assert_int_equal(o, OUT_PROTOCOL);
		/* What self-service serves can be asked for. */
		if (selfservice_verb((uint8_t)v))
			assert_int_equal(admin, VERB_BY_TALK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
