/* SPDX-License-Identifier: BSD-2-Clause */
/* What there is to say; verdict_say.c says it. */
#include <stddef.h>

#include "cli/verdict.h"

#define NOTHING	"{nothing}"
#define LOG	"the log tells an administrator why: journalctl -t stepupd"

static const struct exit_row exits[] = {
	[EXIT_DONE] = { "done", "Done.", "nothing has to be done." },
	[EXIT_REFUSED] = { "refused", "Refused; nothing was changed.",
		"do what the message says, then the same again." },
	[EXIT_USAGE] = { "usage", "That is not how it is used.",
		"stepup --help" },
	[EXIT_NOT_ENROLLED] = { "not-enrolled", "The account is not enrolled.",
		"stepup enroll" },
	[EXIT_UNAVAILABLE] = { "unavailable",
		"No service, no store or no key.",
		"ask an administrator; root: stepup doctor" },
	[EXIT_CANCELLED] = { "cancelled", "Cancelled; nothing was changed.",
		"the same again starts anew." },
};

const struct exit_row *
verdict_of_exit(enum exit_status s)
{
	return &exits[(unsigned)s <= EXIT_CANCELLED ? s : EXIT_UNAVAILABLE];
}

/* What only the login door says never comes here, and is as bad as a bug. */
#define BUG { EXIT_UNAVAILABLE, \
	"stepupd answered with something that has no meaning here." NOTHING, \
	"install the same version of stepup and stepupd, then: {again}" }

static const struct verdict outcomes[] = {
	[OUT_INTERNAL] = { EXIT_UNAVAILABLE,
		"Something went wrong inside stepupd." NOTHING, LOG },
	[OUT_MEMORY] = { EXIT_UNAVAILABLE,
		"This host is out of memory." NOTHING,
		"wait a minute, then: {again}" },
	[OUT_CONFIG] = { EXIT_UNAVAILABLE,
		"The settings of stepup on this host are not valid." NOTHING,
		"stepupd -t names the file and the line." },
	[OUT_SERVICE] = { EXIT_UNAVAILABLE,
		"The account {user} could not be looked up on this host."
		NOTHING, "getent passwd {user} should answer; then: {again}" },
	[OUT_PROTOCOL] = { EXIT_UNAVAILABLE,
		"stepup and stepupd do not understand each other." NOTHING,
		"install the same version of both, then: {again}" },
	[OUT_BUSY] = { EXIT_UNAVAILABLE,
		"The store was busy for too long." NOTHING,
		"wait a moment, then: {again}" },
	[OUT_STORE] = { EXIT_UNAVAILABLE,
		"The store of this host cannot be used." NOTHING,
		"on a new host, root: stepupd --init; else " LOG },
	[OUT_KEY] = { EXIT_UNAVAILABLE,
		"The key that seals secrets on this host is missing or wrong."
		NOTHING, LOG },
	[OUT_CLOCK] = { EXIT_UNAVAILABLE,
		"The clock of this host is years off." NOTHING,
		"timedatectl shows the clock; set it, then: {again}" },
	[OUT_PEER] = { EXIT_REFUSED,
		"You may not do this here." NOTHING,
		"ask an administrator ({admin})." },
	[OUT_ASK] = BUG,
	[OUT_OK_TOTP] = BUG,
	[OUT_OK_RECOVERY] = BUG,
	[OUT_NOT_COVERED] = BUG,
	[OUT_NOT_ENROLLED] = { EXIT_NOT_ENROLLED,
		"{user} is not enrolled on this host.",
		"{enroll}" },
	[OUT_MUST_ENROLL] = { EXIT_NOT_ENROLLED,
		"{user} is not enrolled on this host, and logins need it.",
		"{enroll}" },
	[OUT_BAD_CODE] = { EXIT_REFUSED,
		"The code was wrong." NOTHING,
		"look whether the phone's clock is right, then: {again}" },
	[OUT_REPLAY] = { EXIT_REFUSED,
		"That code has been used already." NOTHING,
		"wait for the next one, then: {again}" },
	[OUT_BAD_FORMAT] = { EXIT_REFUSED,
		"That was not a complete code." NOTHING, "{again}" },
	[OUT_LOCKED] = { EXIT_REFUSED,
		"Too many wrong codes: locked for {wait}." NOTHING,
		"wait, or use the other kind of code: {again}" },
	[OUT_DISABLED] = { EXIT_REFUSED,
		"App codes of {user} are switched off after too many wrong "
		"ones." NOTHING,
		"answer with a recovery code: {replace}" },
	[OUT_ADMIN_LOCK] = { EXIT_REFUSED,
		"An administrator has locked {user}." NOTHING,
		"ask an administrator why." },
	[OUT_CHANGED] = { EXIT_REFUSED,
		"{user} is stored with another user number, or that number "
		"under another name." NOTHING,
		"{changed}" },
	[OUT_NO_USER] = { EXIT_REFUSED,
		"This host knows no account {user}." NOTHING,
		"getent passwd {user} should answer; then: {again}" },
	[OUT_NO_INPUT] = { EXIT_CANCELLED,
		"Cancelled." NOTHING, "{again} starts anew." },
	[OUT_DONE] = { EXIT_DONE, "Done.", "{status}" },
	[OUT_BAD_PASSWORD] = { EXIT_REFUSED,
		"The password of {user} was wrong." NOTHING,
		"{again}; an account without a password: ask an administrator "
		"(sudo stepup {name} -u {user})." },
	[OUT_PASSWORD_WAIT] = { EXIT_REFUSED,
		"Too many wrong passwords: locked for {wait}." NOTHING,
		"wait, then: {again}" },
	[OUT_EXISTS] = { EXIT_REFUSED,
		"{user} is enrolled already." NOTHING,
		"for a new phone (the old one becomes void): {replace}" },
	[OUT_LAST_FACTOR] = { EXIT_REFUSED,
		"This is the last factor of {user}, and logins need one."
		NOTHING, "for a new phone: {replace}" },
	[OUT_NAME_TAKEN] = { EXIT_REFUSED,
		"{user} has an authenticator of that name already." NOTHING,
		"take another name, or remove that one first: {remove}" },
	[OUT_NO_NAME] = { EXIT_REFUSED,
		"{user} has no authenticator of that name." NOTHING,
		"see the names: {status}" },
	[OUT_OK_PASS] = BUG,
	[OUT_OK_TICKET] = BUG,
	[OUT_BAD_TICKET] = { EXIT_REFUSED,
		"This ticket is not in force (wrong, used, revoked, over)."
		NOTHING, "look at it again, or ask an administrator for a new "
		"one (sudo stepup pass {user} --enroll --reason TEXT); then: "
		"{again}" },
	[OUT_NO_PASS] = { EXIT_REFUSED,
		"{user} has nothing of that kind." NOTHING,
		"see what there is: {passes}" },
	[OUT_FULL] = { EXIT_REFUSED,
		"{user} has 8 authenticators, and there cannot be more."
		NOTHING, "remove one first: {remove}" },
	[OUT_NO_ACCOUNT] = { EXIT_NOT_ENROLLED,
		"The store has no account {user}." NOTHING,
		"see who is in it: {list}" },
	[OUT_LIVING] = { EXIT_REFUSED,
		"{user} is an account of this host, and stored as it is."
		NOTHING, "see it: {status}" },
	[OUT_MISMATCH] = { EXIT_REFUSED,
		"The store and the accounts of this host do not fit for that."
		NOTHING, "see both sides: {status}, {list}" },
	[OUT_BAD_PASSPHRASE] = { EXIT_REFUSED,
		"That is not the passphrase of this backup." NOTHING,
		"{again} asks for it again." },
	[OUT_BAD_FILE] = { EXIT_REFUSED,
		"The file cannot be restored." NOTHING,
		"take another copy of the backup, or an older one: {again}" },
	[OUT_OCCUPIED] = { EXIT_REFUSED,
		"Somebody is enrolled on this host already." NOTHING,
		"see who: {list}; in place of all of them: {again} "
		"--replace" },
};

_Static_assert(sizeof(outcomes) / sizeof(outcomes[0]) == OUT_COUNT,
    "every outcome has a verdict");

static const struct verdict states[] = {
	[SESSION_OPEN] = BUG,
	[SESSION_ABSENT] = { EXIT_UNAVAILABLE,
		"Self-service is not running here.",
		"Ask an administrator (sudo stepup enroll -u NAME)." },
	[SESSION_UNREACHABLE] = { EXIT_UNAVAILABLE,
		"Self-service does not answer." NOTHING,
		"wait a minute, then: {again}" },
	[SESSION_FOREIGN] = { EXIT_UNAVAILABLE,
		"The service that listens here is not root's; it was told "
		"nothing.", "tell an administrator." },
	[SESSION_NO_PROGRAM] = { EXIT_UNAVAILABLE,
		"stepupd cannot be started." NOTHING,
		"install it where stepup looks for it, then: {again}" },
	[SESSION_GONE] = { EXIT_UNAVAILABLE,
		"The service ended in the middle.{unsaved}",
		"{again}" },
	[SESSION_LATE] = { EXIT_UNAVAILABLE,
		"The service did not answer in time.",
		"see what is set up: {status}" },
	[SESSION_MALFORMED] = { EXIT_UNAVAILABLE,
		"stepup and stepupd do not understand each other." NOTHING,
		"install the same version of both, then: {again}" },
	[SESSION_CANCELLED] = { EXIT_CANCELLED,
		"Cancelled." NOTHING, "{again} starts anew." },
};

_Static_assert(sizeof(states) / sizeof(states[0]) == SESSION_CANCELLED + 1,
    "every state has a verdict");

const struct verdict verdict_new_code = { EXIT_REFUSED,
	"The app's code was wrong too often." NOTHING,
	"set the phone's clock to automatic, delete the new entry in the app, "
	"then: {again}" };
const struct verdict verdict_secret = { EXIT_USAGE,
	"Secrets are not printed where the output is no terminal.",
	"use a terminal, or print them all the same: {again} --print-secret" };
const struct verdict verdict_stdin = { EXIT_USAGE,
	"The input is no terminal, so nothing is asked.",
	"use a terminal, or say what is read from there: {again} "
	"{stdin}" };
const struct verdict verdict_yes = { EXIT_USAGE,
	"This has to be confirmed, and the input is no terminal." NOTHING,
	"{again} --yes" };
const struct verdict verdict_qr = { EXIT_USAGE,
	"--qr takes utf8, ascii or none.", "stepup {name} --help" };
const struct verdict verdict_file = { EXIT_REFUSED,
	"The file for the recovery codes cannot be made." NOTHING,
	"name one that does not exist, in a folder of yours: {again}" };
const struct verdict verdict_ticket = { EXIT_USAGE,
	"A ticket is for somebody's own first enrollment: not for root, and "
	"not for a new phone.", "without it: {enroll}" };
const struct verdict verdict_passphrase = { EXIT_USAGE,
	"The input is no terminal, so no passphrase is asked for.",
	"use a terminal, or say where it is read from: {again} "
	"--passphrase-fd N" };
const struct verdict verdict_no_passphrase = { EXIT_REFUSED,
	"No passphrase was given." NOTHING, "{again} asks for it again." };
const struct verdict verdict_passphrase_fd = { EXIT_USAGE,
	"stepup: --passphrase-fd takes the number of an open descriptor.",
	"stepup {name} FILE --passphrase-fd 3 3<PASSPHRASE-FILE" };
const struct verdict verdict_new_passphrase = { EXIT_USAGE,
	"stepup: a passphrase is one line of 12 to 128 bytes.",
	"write one there, then: {again}" };
const struct verdict verdict_bad_passphrase = { EXIT_USAGE,
	"stepup: a passphrase is one line of up to 128 bytes.",
	"write it there, then: {again}" };
const struct verdict verdict_backup = { EXIT_REFUSED,
	"The backup was not made.",
	"name a new file, where there is room: stepup backup FILE" };
const struct verdict verdict_ring = { EXIT_UNAVAILABLE,
	"The keyring cannot be changed, or is not this store's." NOTHING,
	"what stands above says what is in the way; then: {again}" };
const struct verdict verdict_rotation = { EXIT_REFUSED,
	"The rotation is not finished. Logins go on: the ring has the new key "
	"and the old.", "{again} goes on with it." };
const struct verdict verdict_sheet_code = { EXIT_REFUSED,
	"The recovery code was wrong too often." NOTHING,
	"delete the new entry in the app, then: {again}" };

/* `test` has changed something: what was charged or spent is so. */
static const struct {
	enum outcome	outcome;
	struct verdict	verdict;
} tests[] = {
	{ OUT_OK_TOTP, { EXIT_DONE,
		"The code is right. It is used up: a login takes the next "
		"one.", "{status} shows what is set up." } },
	{ OUT_OK_RECOVERY, { EXIT_DONE,
		"The recovery code is right. It is used up now.",
		"{codes} tells how many are left." } },
	{ OUT_OK_PASS, { EXIT_DONE,
		"The login pass is right. It is used up now.",
		"{status} shows what is set up." } },
	{ OUT_BAD_CODE, { EXIT_REFUSED,
		"The code is wrong, and was counted as at a login.",
		"look whether the app's entry is the one of this host, then: "
		"{again}; a new phone: {replace}" } },
	{ OUT_REPLAY, { EXIT_REFUSED,
		"That code has been used already. Nothing was counted.",
		"wait for the next one, then: {again}" } },
	{ OUT_BAD_FORMAT, { EXIT_REFUSED,
		"That was not a complete code. Nothing was counted.",
		"{again}" } },
	{ OUT_NO_INPUT, { EXIT_CANCELLED,
		"Cancelled. What was typed before that counts.",
		"{again} starts anew." } },
};

static const struct verdict test_clock = { EXIT_REFUSED,
	"Both codes are right for another time. They were counted as wrong.",
	"set that clock to automatic, wait for the next code, then: {again}" };

const struct verdict *
verdict_of_test(enum outcome o, bool clock)
{
	size_t i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		if (tests[i].outcome == o)
			return clock && o == OUT_BAD_CODE ? &test_clock :
			    &tests[i].verdict;
	return verdict_of_outcome(o);
}

const struct verdict *
verdict_of_outcome(enum outcome o)
{
	return &outcomes[(unsigned)o < OUT_COUNT ? o : OUT_INTERNAL];
}

const struct verdict *
verdict_of_state(enum session_state s)
{
	return &states[(unsigned)s <= SESSION_CANCELLED ? s : SESSION_OPEN];
}
