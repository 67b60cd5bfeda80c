/* SPDX-License-Identifier: BSD-2-Clause */
/* The line somebody is asked with: always ends in the prompt, always fits. */
#include <stdio.h>
#include <string.h>

#include "common/outcome.h"
#include "pam/conversation.h"
#include "common/options.h"
#include "tests/unit/unit.h"

#define LONGEST	"123456789 123456789 12345678: "

static bool
ends_in(const char *line, const char *end)
{
	size_t n = strlen(line), k = strlen(end);

	return n >= k && strcmp(line + n - k, end) == 0;
}

static bool
is_plain(const char *line)
{
	for (; *line != '\0'; line++)
		if (*line < 0x20 || *line > 0x7e)
			return false;
	return true;
}

static void
expect_line(enum outcome o, const struct outcome_facts *f)
{
	char reason[CONVERSATION_COLUMNS + 1], line[CONVERSATION_COLUMNS + 1];
	enum outcome_follow follow = outcome_follow(o, f);

	if (follow == FOLLOW_NONE)
		return;
	outcome_next(o, f, reason, sizeof(reason));
	conversation_line(reason, LONGEST, follow, line);
	assert_true(is_plain(line));
	assert_true(strlen(line) <= 78);
	assert_true(ends_in(line, follow == FOLLOW_RECOVERY ?
	    "Recovery code: " : LONGEST));
	/* With the longest prompt there is still room for every reason. */
	assert_true(strncmp(line, reason, strlen(reason)) == 0);
}

/* Every outcome with every number that makes its text longer. */
static void
line_of_every_outcome(void **state)
{
	static const uint32_t waits[] = { 0, 1, 89, 5399, 172799, 172800,
		31536000, UINT32_MAX };
	static const enum outcome whys[] = { OUT_INTERNAL, OUT_LOCKED,
		OUT_DISABLED, OUT_KEY, OUT_CLOCK };
	struct outcome_facts f = { .limit = 20 };
	size_t i, k;
	int o;

	(void)state;
	for (o = 0; o < OUT_COUNT; o++) {
		for (f.kinds = 0; f.kinds <= 3; f.kinds++)
		for (f.kind = 0; f.kind <= 2; f.kind++)
		for (f.count = 0; f.count <= f.limit; f.count++)
		for (k = 0; k < COUNT(whys); k++)
		for (i = 0; i < COUNT(waits); i++) {
			f.why = whys[k];
			f.wait = f.lock = waits[i];
			expect_line((enum outcome)o, &f);
		}
	}
}

static void
line_without_room(void **state)
{
	static const struct { const char *reason; enum outcome_follow follow;
	const char *line; } rows[] = {
		{ "", FOLLOW_PROMPT, "Verification code: " },
		{ "", FOLLOW_RECOVERY, "Recovery code: " },
		{ "No.", FOLLOW_PROMPT, "No. Verification code: " },
		/* 58 and 19 and a space are 78, one more is too many. */
		{ "1234567890123456789012345678901234567890123456789012345678",
		  FOLLOW_PROMPT, "123456789012345678901234567890123456789012"
		  "3456789012345678 Verification code: " },
		{ "12345678901234567890123456789012345678901234567890123456789",
		  FOLLOW_PROMPT, "Verification code: " },
	};
	char line[CONVERSATION_COLUMNS + 1];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		conversation_line(rows[i].reason, OPTIONS_PROMPT,
		    rows[i].follow, line);
		assert_string_equal(line, rows[i].line);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_of_every_outcome),
		cmocka_unit_test(line_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
