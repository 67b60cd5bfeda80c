/* SPDX-License-Identifier: BSD-2-Clause */
#include <security/_pam_types.h>

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "common/outcome.h"
#include "common/text.h"

#define DENIED	"Verification failed."
#define UNAVAILABLE(kind) \
	"Codes cannot be checked on this host now (" kind "). " \
	"Nothing was counted."

/*
 * In the texts {wait} is facts->wait and {lock} facts->lock as a duration,
 * {more} how many failures are left before the lock.
 */
static const struct outcome_row rows[] = {
	[OUT_INTERNAL] = {
		.audit = "fail.internal", .pam = PAM_SERVICE_ERR,
		.priority = LOG_CRIT, .final = UNAVAILABLE("internal") },
	[OUT_MEMORY] = {
		.audit = "fail.memory", .pam = PAM_BUF_ERR,
		.priority = LOG_CRIT, .final = UNAVAILABLE("memory") },
	[OUT_CONFIG] = {
		.audit = "fail.config", .pam = PAM_SERVICE_ERR,
		.priority = LOG_ERR, .final = UNAVAILABLE("settings") },
	[OUT_SERVICE] = {
		.audit = "fail.service", .pam = PAM_SERVICE_ERR,
		.priority = LOG_ERR, .final = UNAVAILABLE("service") },
	[OUT_PROTOCOL] = {
		.audit = "fail.protocol", .pam = PAM_SERVICE_ERR,
		.priority = LOG_ERR, .final = UNAVAILABLE("service") },
	[OUT_BUSY] = {
		.audit = "fail.busy", .pam = PAM_SERVICE_ERR,
		.priority = LOG_ERR, .final = UNAVAILABLE("busy") },
	[OUT_STORE] = {
		.audit = "fail.store", .pam = PAM_SERVICE_ERR,
		.priority = LOG_CRIT, .final = UNAVAILABLE("store") },
	[OUT_KEY] = {
		.audit = "fail.key", .pam = PAM_SERVICE_ERR,
		.priority = LOG_CRIT, .final = UNAVAILABLE("key"),
		.next = "App codes cannot be checked now.",
		.again = true },
	[OUT_CLOCK] = {
		.audit = "fail.clock", .pam = PAM_SERVICE_ERR,
		.priority = LOG_CRIT, .final = UNAVAILABLE("clock"),
		.next = "App codes cannot be checked now.",
		.again = true },
	[OUT_PEER] = {
		.audit = "deny.peer", .pam = PAM_PERM_DENIED,
		.priority = LOG_WARNING, .final = DENIED },
	[OUT_ASK] = {
		.audit = "ask", .pam = PAM_SERVICE_ERR,
		.priority = LOG_DEBUG, .final = "" },
	[OUT_OK_TOTP] = {
		.audit = "accept.totp", .pam = PAM_SUCCESS,
		.priority = LOG_INFO, .final = "" },
	[OUT_OK_RECOVERY] = {
		.audit = "accept.recovery", .pam = PAM_SUCCESS,
		.priority = LOG_NOTICE, .final = "" },
	[OUT_NOT_COVERED] = {
		.audit = "skip.service", .pam = PAM_IGNORE,
		.priority = LOG_INFO, .final = "" },
	[OUT_NOT_ENROLLED] = {
		.audit = "skip.unenrolled", .pam = PAM_IGNORE,
		.priority = LOG_INFO, .final = "" },
	[OUT_MUST_ENROLL] = {
		.audit = "deny.unenrolled", .pam = PAM_AUTH_ERR,
		.priority = LOG_NOTICE, .final = DENIED },
	[OUT_BAD_CODE] = {
		.audit = "deny.code", .pam = PAM_AUTH_ERR,
		.priority = LOG_NOTICE, .final = DENIED, .charged = true,
		.next = "Wrong code. Recovery codes work too.",
		.again = true },
	[OUT_REPLAY] = {
		.audit = "deny.replay", .pam = PAM_AUTH_ERR,
		.priority = LOG_WARNING,
		.final = "Already used, next one in {wait}.",
		.next = "Already used, next one in {wait}.",
		.again = true },
	[OUT_BAD_FORMAT] = {
		.audit = "deny.format", .pam = PAM_AUTH_ERR,
		.priority = LOG_INFO,
		.final = "Not a complete code, not counted.",
		.next = "Not a complete code, not counted.",
		.again = true },
	[OUT_LOCKED] = {
		.audit = "deny.locked", .pam = PAM_MAXTRIES,
		.priority = LOG_NOTICE,
		.final = "Too many wrong codes. Try again in {wait}.",
		.next = "Locked for {wait}.", .again = true },
	[OUT_DISABLED] = {
		.audit = "deny.disabled", .pam = PAM_PERM_DENIED,
		.priority = LOG_NOTICE,
		.final = "App codes are switched off after too many wrong "
		    "ones. Use a recovery code.",
		.next = "App codes are off.", .again = true },
	[OUT_ADMIN_LOCK] = {
		.audit = "deny.admin", .pam = PAM_PERM_DENIED,
		.priority = LOG_NOTICE,
		.final = "An administrator has locked this login." },
	[OUT_CHANGED] = {
		.audit = "deny.changed", .pam = PAM_PERM_DENIED,
		.priority = LOG_WARNING,
		.final = "This login cannot be checked (account changed). "
		    "Tell your administrator." },
	[OUT_NO_USER] = {
		.audit = "deny.user", .pam = PAM_AUTH_ERR,
		.priority = LOG_NOTICE, .final = DENIED },
	[OUT_NO_INPUT] = {
		.audit = "deny.input", .pam = PAM_CONV_ERR,
		.priority = LOG_INFO, .final = "" },
	[OUT_DONE] = {
		.audit = "accept.change", .pam = PAM_SERVICE_ERR,
		.priority = LOG_NOTICE, .final = "" },
	[OUT_BAD_PASSWORD] = {
		.audit = "deny.password", .pam = PAM_SERVICE_ERR,
		.priority = LOG_NOTICE,
		.final = "Wrong password. Nothing was changed.",
		.next = "Wrong password.", .again = true },
	[OUT_PASSWORD_WAIT] = {
		.audit = "deny.passwords", .pam = PAM_SERVICE_ERR,
		.priority = LOG_WARNING,
		.final = "Too many wrong passwords. Try again in {wait}." },
	[OUT_EXISTS] = {
		.audit = "deny.enrolled", .pam = PAM_SERVICE_ERR,
		.priority = LOG_INFO,
		.final = "Already enrolled. A new phone: "
		    "stepup enroll --replace" },
	[OUT_LAST_FACTOR] = {
		.audit = "deny.last", .pam = PAM_SERVICE_ERR,
		.priority = LOG_INFO,
		.final = "This is your last factor, and logins need one. "
		    "stepup enroll --replace" },
	[OUT_NAME_TAKEN] = {
		.audit = "deny.name", .pam = PAM_SERVICE_ERR,
		.priority = LOG_INFO,
		.final = "There is an authenticator of that name." },
	[OUT_NO_NAME] = {
		.audit = "deny.noname", .pam = PAM_SERVICE_ERR,
		.priority = LOG_INFO,
		.final = "There is no authenticator of that name." },
	[OUT_FULL] = {
		.audit = "deny.full", .pam = PAM_SERVICE_ERR,
		.priority = LOG_INFO,
		.final = "There are as many authenticators as there can be." },
	[OUT_NO_ACCOUNT] = {
		.audit = "deny.noaccount", .pam = PAM_SERVICE_ERR,
		.priority = LOG_INFO,
		.final = "The store has no such account." },
	[OUT_LIVING] = {
		.audit = "deny.living", .pam = PAM_SERVICE_ERR,
		.priority = LOG_INFO,
		.final = "The store and this host agree about this account." },
	[OUT_MISMATCH] = {
		.audit = "deny.mismatch", .pam = PAM_SERVICE_ERR,
		.priority = LOG_INFO,
		.final = "The store and this host do not fit for that." },
	[OUT_OK_PASS] = {
		.audit = "accept.pass", .pam = PAM_SUCCESS,
		.priority = LOG_NOTICE, .final = "" },
	[OUT_OK_TICKET] = {
		.audit = "accept.ticket", .pam = PAM_SERVICE_ERR,
		.priority = LOG_NOTICE, .final = "" },
	[OUT_BAD_TICKET] = {
		.audit = "deny.ticket", .pam = PAM_SERVICE_ERR,
		.priority = LOG_NOTICE, .charged = true,
		.final = "That ticket is not in force. Nothing was changed.",
		.next = "That ticket is not in force.", .again = true },
	[OUT_NO_PASS] = {
		.audit = "deny.nopass", .pam = PAM_SERVICE_ERR,
		.priority = LOG_INFO,
		.final = "There is no pass of that kind." },
	[OUT_BAD_PASSPHRASE] = {
		.audit = "deny.passphrase", .pam = PAM_SERVICE_ERR,
		.priority = LOG_NOTICE,
		.final = "That is not the passphrase of the backup." },
	[OUT_BAD_FILE] = {
		.audit = "deny.file", .pam = PAM_SERVICE_ERR,
		.priority = LOG_NOTICE,
		.final = "The file is no sound backup." },
	[OUT_OCCUPIED] = {
		.audit = "deny.occupied", .pam = PAM_SERVICE_ERR,
		.priority = LOG_INFO,
		.final = "Somebody is enrolled on this host already." },
};

_Static_assert(sizeof(rows) / sizeof(rows[0]) == OUT_COUNT,
    "every outcome has a row");

const struct outcome_row *
outcome_row(enum outcome o)
{
	if ((unsigned)o >= OUT_COUNT)
		return &rows[OUT_INTERNAL];
	return &rows[o];
}

static uint32_t
failures_left(const struct outcome_facts *f)
{
	return f->limit > f->count ? f->limit - f->count : 0;
}

/* Writes what a name in braces stands for. */
static void
expand(const char *name, size_t len, const struct outcome_facts *f, char *buf,
    size_t size)
{
	buf[0] = '\0';
	if (len == 4 && memcmp(name, "wait", 4) == 0)
		text_duration(f->wait, buf, size);
	else if (len == 4 && memcmp(name, "lock", 4) == 0)
		text_duration(f->lock, buf, size);
	else if (len == 4 && memcmp(name, "more", 4) == 0)
		snprintf(buf, size, "%u", (unsigned)failures_left(f));
}

static void
fill(const char *template, const struct outcome_facts *f, char *buf,
    size_t size)
{
	char word[32];
	size_t used = 0, n;
	const char *close;

	if (size == 0)
		return;
	for (; template != NULL && *template != '\0'; template++) {
		word[0] = *template;
		word[1] = '\0';
		if (*template == '{' &&
		    (close = strchr(template, '}')) != NULL) {
			expand(template + 1, (size_t)(close - template) - 1,
			    f, word, sizeof(word));
			template = close;
		}
		n = strlen(word);
		if (n >= size - used)
			break;
		memcpy(buf + used, word, n);
		used += n;
	}
	buf[used] = '\0';
}

void
outcome_final(enum outcome o, const struct outcome_facts *f, char *buf,
    size_t size)
{
	const char *text = outcome_row(o)->final;

	if (o == OUT_REPLAY && f->kind == KIND_RECOVERY)
		text = "Recovery code already used, take another.";
	if (o == OUT_DISABLED && (f->kinds & KIND_RECOVERY) == 0)
		text = "App codes are switched off after too many wrong ones."
		    " Ask an administrator.";
	fill(text, f, buf, size);
}

enum outcome_follow
outcome_follow(enum outcome o, const struct outcome_facts *f)
{
	if (o == OUT_ASK)
		return f->kinds == KIND_RECOVERY ? FOLLOW_RECOVERY :
		    FOLLOW_PROMPT;
	if (!outcome_row(o)->again || f->kinds == 0)
		return FOLLOW_NONE;
	return (f->kinds & KIND_TOTP) != 0 ? FOLLOW_PROMPT : FOLLOW_RECOVERY;
}

/* A wrong code says how near the lock is once half of the way is gone. */
static const char *
bad_code_text(const struct outcome_facts *f)
{
	uint32_t left = failures_left(f);

	if (left > 0 && left <= f->limit / 2 && f->lock > 0)
		return "Wrong code, {more} more lock this for {lock}.";
	if ((f->kinds & KIND_RECOVERY) == 0)
		return "Wrong code.";
	if (f->kind == KIND_RECOVERY)
		return "Wrong recovery code.";
	return outcome_row(OUT_BAD_CODE)->next;
}

void
outcome_next(enum outcome o, const struct outcome_facts *f, char *buf,
    size_t size)
{
	bool recovery = f->kind == KIND_RECOVERY;
	const char *text = outcome_row(o)->next;

	/* An app code that just became useless: say why, not what it was. */
	if (!recovery && (f->kinds & KIND_TOTP) == 0 && f->why != OUT_INTERNAL)
		text = outcome_row(f->why)->next;
	else if (o == OUT_BAD_CODE)
		text = bad_code_text(f);
	else if (o == OUT_REPLAY && recovery)
		text = "Recovery code already used, take another.";
	else if (o == OUT_LOCKED && recovery)
		text = "Recovery codes are locked for {wait}.";
	fill(text, f, buf, size);
}
