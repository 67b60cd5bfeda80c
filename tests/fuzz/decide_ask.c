/* SPDX-License-Identifier: BSD-2-Clause */
/* What is asked: by whom, about whom, and what they typed. */
#include "tests/fuzz/fuzz_decide.h"

/* Of one of the person's authenticators, for a step near now. */
static void
right_code(const struct account *a, struct input *in, struct secret *typed)
{
	const struct credential *c;
	char code[OTP_DIGITS_MAX + 1];
	uint8_t how = input_byte(in);

	if (a->credential_count == 0)
		return;
	c = &a->credentials[how % a->credential_count];
	if (host_totp(c, totp_step(host_now, c->period) + (how >> 2) % 7 - 3,
	    code))
		secret_set(typed, code, c->digits);
}

static void
any_answer(const struct account *a, struct input *in, struct secret *typed)
{
	uint8_t how = input_byte(in), raw[WIRE_ANSWER_MAX];
	char code[RECOVERY_LENGTH + 1];

	switch (how % 6) {
	case 0: case 1:
		right_code(a, in, typed);
		break;
	case 2:
		secret_set(typed, host_sheet[how / 6 % (HOST_CODES + 1)],
		    RECOVERY_LENGTH);
		break;
	case 3:
		secret_set(typed, "00000000", how & 8 ? 8 : 6);
		break;
	case 4:
		host_code(code, 200u + how);
		secret_set(typed, code, RECOVERY_LENGTH);
		break;
	case 5:
		secret_set(typed, raw, input_bytes(in, raw, sizeof(raw)));
		break;
	}
}

void
ask_any(struct ask *a, struct input *in, uint8_t verb)
{
	uint8_t who = input_byte(in), how = input_byte(in);
	const struct account *person = &host_people[who % FAKE_ACCOUNTS];
	struct secret typed = { 0 };

	memset(a, 0, sizeof(*a));
	a->verb = verb;
	a->request.door = how & 1 ? DOOR_PUBLIC : DOOR_LOGIN;
	a->request.known = (how & 6) != 6;
	a->request.earlier = (how >> 3) % 6;
	a->own = (how & 0xc0) == 0xc0;
	if (a->request.known) {
		memcpy(a->name, person->name, sizeof(a->name));
		a->uid = person->uid + (who >> 2) % 16 / 15;
	}
	snprintf(a->service, sizeof(a->service), "%s", who & 128 ? "sshd" :
	    who & 64 ? "stepup" : "su");
	if (verb == VERB_VERIFY) {
		any_answer(person, in, &typed);
		ask_typed(a, &typed);
	}
	a->outcome = OUT_COUNT;
}
