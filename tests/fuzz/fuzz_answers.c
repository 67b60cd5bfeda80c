/* SPDX-License-Identifier: BSD-2-Clause */
/* The form rule over any account, and the spelling of recovery codes. */
#include <ctype.h>

#include "common/outcome.h"
#include "common/text.h"
#include "common/wire.h"
#include "daemon/answer.h"
#include "daemon/recovery.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "answers";

static bool
shows(const struct account *a, size_t digits)
{
	size_t i;

	if (a->match != ACCOUNT_FOUND || a->credential_count == 0)
		return digits == 6;
	for (i = 0; i < a->credential_count; i++)
		if (a->credentials[i].digits == digits)
			return true;
	return false;
}

/* Case, spaces, dashes and the look-alikes do not change a code. */
static void
respell(const char code[RECOVERY_LENGTH + 1], struct input *in)
{
	char text[4 * RECOVERY_LENGTH], again[RECOVERY_LENGTH + 1];
	size_t i, n = 0;
	uint8_t how;

	for (i = 0; i < RECOVERY_LENGTH; i++) {
		how = input_byte(in);
		if (how & 1)
			text[n++] = '-';
		if (how & 2)
			text[n++] = ' ';
		text[n] = how & 4 ? (char)tolower(code[i]) : code[i];
		if (code[i] == '0' && how & 8)
			text[n] = 'o';
		if (code[i] == '1' && how & 8)
			text[n] = how & 16 ? 'I' : 'l';
		n++;
	}
	CLAIM(recovery_parse(text, n, again));
	CLAIM(strcmp(code, again) == 0);
	/* One symbol more, fewer or other is no code. */
	text[n] = '0';
	CLAIM(!recovery_parse(text, n + 1, again) && again[0] == '\0');
	CLAIM(!recovery_parse(text, n - 1, again) && again[0] == '\0');
	memcpy(text, code, RECOVERY_LENGTH);
	i = input_byte(in) % RECOVERY_LENGTH;
	text[i] = text[i] == '7' ? '8' : '7';
	CLAIM(!recovery_parse(text, RECOVERY_LENGTH, again));
}

static void
account(struct account *a, struct input *in)
{
	size_t i;

	memset(a, 0, sizeof(*a));
	a->match = (enum account_match)(input_byte(in) % 3);
	a->credential_count = input_byte(in) % (ACCOUNT_CREDENTIALS_MAX + 1);
	for (i = 0; i < a->credential_count; i++) {
		a->credentials[i].kind = CREDENTIAL_TOTP;
		a->credentials[i].digits = 6 + input_byte(in) % 3;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char code[ANSWER_CODE], parsed[RECOVERY_LENGTH + 1];
	char typed[WIRE_ANSWER_MAX], wiped[OTP_DIGITS_MAX + 1] = "";
	struct input in = { data, len };
	struct answer answer;
	struct account a;
	size_t i, n;

	account(&a, &in);
	n = input_bytes(&in, typed, sizeof(typed));
	memset(&answer, 0xff, sizeof(answer));
	memset(code, 'x', sizeof(code));
	CLAIM(answer_form(&a, typed, n, &answer, code) == answer.kind);
	switch (answer.kind) {
	case KIND_TOTP:
		i = strnlen(answer.digits, sizeof(answer.digits));
		CLAIM(i <= OTP_DIGITS_MAX && shows(&a, i));
		CLAIM(strspn(answer.digits, "0123456789") == i);
		CLAIM(code[0] == '\0');
		break;
	case KIND_RECOVERY:
		CLAIM(strnlen(code, sizeof(code)) == RECOVERY_LENGTH);
		CLAIM(recovery_parse(typed, n, parsed));
		CLAIM(strcmp(parsed, code) == 0);
		respell(code, &in);
		break;
	default:
		CLAIM(answer.kind == KIND_NONE && code[0] == '\0');
	}
	if (answer.kind != KIND_TOTP)
		CLAIM(text_equal(answer.digits, wiped, sizeof(wiped)));
	return 0;
}
