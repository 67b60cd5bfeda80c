/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stepup pass: root gives somebody one code, for a login or for the first
 * enrollment; takes it back; lists what was given.
 */
#include <sys/mman.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/admin.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/pass.h"
#include "cli/standing.h"
#include "cli/verdict.h"
#include "cli/when.h"

#define TTL_MIN		60
#define TTL_MAX		(24 * 3600)
#define TTL_DEFAULT	3600
#define SERVICE_MAX	64
#define CODE_SHOWN	(WIRE_CODE_LENGTH + 3)

/* Where services of PAM are defined (pam.conf(5)). */
static const char *const folders[] = { "/etc/pam.d", "/usr/lib/pam.d",
	"/usr/share/pam.d" };

/* All that is secret, locked in memory and wiped at the end. */
static struct {
	struct session	session;
	char		code[CODE_SHOWN + 1];	/* XXXX-XXXX-XXXX-XXXX */
	char		line[CODE_SHOWN + 8];
} vault;

static bool
ticket(const struct call *call)
{
	return call_has(call, OPTION_ENROLL);
}

/* --- What is asked for ------------------------------------------------- */

static bool
service_fits(const char *name)
{
	size_t i, len = strlen(name);

	for (i = 0; i < len; i++)
		if (name[i] < 0x21 || name[i] > 0x7e || name[i] == '/')
			return false;
	return len > 0 && len <= SERVICE_MAX;
}

static enum exit_status
refuse(const struct call *call, const char *what)
{
	return verdict_refuse(call, EXIT_USAGE, what, "stepup pass --help");
}

/* One thing at a time, and nothing that would be ignored. */
static enum exit_status
look(const struct call *call, int64_t *ttl)
{
	const char *text = call->value[OPTION_TTL];
	const char *service = call->value[OPTION_SERVICE];
	bool list = call_has(call, OPTION_LIST);
	bool revoke = call_has(call, OPTION_REVOKE);

	*ttl = TTL_DEFAULT;
	if (!list && call->operand == NULL)
		return usage_forms(call, "stepup: a name is missing");
	if ((list && (revoke || ticket(call) || call->value[OPTION_REASON] !=
	    NULL)) || ((list || revoke) && (text != NULL || service != NULL)))
		return refuse(call, "stepup: these options do not go "
		    "together");
	if (ticket(call) && service != NULL)
		return refuse(call, "stepup: a ticket is for enrolling, not "
		    "for a service");
	if (text != NULL && (!when_span(text, ttl) || *ttl < TTL_MIN ||
	    *ttl > TTL_MAX))
		return refuse(call, "stepup: --ttl takes 1m to 24h");
	if (service != NULL && !service_fits(service))
		return refuse(call, "stepup: --service takes the name of a "
		    "PAM service: sshd, sudo");
	if (!list && !revoke && !call->terminal->out_tty &&
	    !call_has(call, OPTION_PRINT_SECRET))
		return verdict_say(call, &verdict_secret, NULL);
	return EXIT_DONE;
}

static void
request(const struct call *call, int64_t ttl, struct wire_writer *w)
{
	bool revoke = call_has(call, OPTION_REVOKE);

	wire_put_uint(w, TAG_FLAGS, (ticket(call) ? FLAG_TICKET : 0) |
	    (revoke ? FLAG_REVOKE : 0));
	if (revoke)
		return;
	wire_put_uint(w, TAG_TTL, (uint32_t)ttl);
	wire_put_string(w, TAG_SERVICE, call->value[OPTION_SERVICE]);
}

/* --- What came of it --------------------------------------------------- */

/* The one code of the sheet; false: it cannot be. */
static bool
take_code(const struct wire_message *m)
{
	const struct wire_field *f = &m->field[TAG_CODES];
	size_t i, n = 0;

	if (!f->present || f->len != WIRE_CODE_LENGTH)
		return false;
	for (i = 0; i < WIRE_CODE_LENGTH; i++) {
		if (!isalnum(f->data[i]))
			return false;
		if (i > 0 && i % 4 == 0)
			vault.code[n++] = '-';
		vault.code[n++] = (char)f->data[i];
	}
	vault.code[n] = '\0';
	return true;
}

static enum session_state
converse(const struct call *call, struct wire_writer *w,
    struct wire_message *m)
{
	enum session_state state = session_ask(&vault.session, call, w);

	while (state == SESSION_OPEN) {
		state = session_next(&vault.session, m);
		if (state != SESSION_OPEN || wire_refused(m))
			return state;
		if (m->verb == (VERB_PASS | WIRE_REPLY) &&
		    wire_has(m, TAG_LAST))
			return state;
		if (m->verb != VERB_SHEET || !take_code(m))
			state = SESSION_MALFORMED;
	}
	return state;
}

/* A service that nothing here asks under is a typing error. */
static void
warn_service(const struct call *call, const char *service)
{
	char path[32 + WIRE_STRING_MAX];
	size_t i;

	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], service);
		if (access(path, F_OK) == 0)
			return;
	}
	say(call, "Careful: this host has no PAM service %s.", service);
}

static void
document(const struct call *call, const struct wire_message *m)
{
	char service[WIRE_STRING_MAX + 1];
	bool bound = wire_get_string(m, TAG_SERVICE, service);
	json_t *j = json_call();
	uint32_t flags;
	int64_t expires;

	if (j == NULL)
		return;
	wire_get_int64(m, TAG_EXPIRES, &expires);
	wire_get_uint(m, TAG_FLAGS, &flags);
	json_object_set_new(j, "kind", json_string(ticket(call) ? "enroll" :
	    "login"));
	json_object_set_new(j, "pass", json_string(vault.code));
	json_object_set_new(j, "expires", json_when(expires));
	json_object_set_new(j, "service", bound ? json_words(service) :
	    json_null());
	json_object_set_new(j, "replaced",
	    json_boolean((flags & FLAG_REVOKE) != 0));
}

static void
tell_code(const struct call *call)
{
	int n = snprintf(vault.line, sizeof(vault.line), "\n  %s\n\n",
	    vault.code);

	if (n > 0 && !call_has(call, OPTION_JSON))
		terminal_write(call->terminal->out, vault.line, (size_t)n);
}

static void
tell_made(const struct call *call, const struct wire_message *m)
{
	char user[256], until[32], service[WIRE_STRING_MAX + 1];
	char typed[CALL_NAME_MAX];
	uint32_t flags;
	int64_t expires;

	terminal_clean(call->user, user, sizeof(user));
	wire_get_int64(m, TAG_EXPIRES, &expires);
	wire_get_uint(m, TAG_FLAGS, &flags);
	wire_get_string(m, TAG_SERVICE, service);
	terminal_clean(service, service, sizeof(service));
	standing_time(expires, until, sizeof(until));
	result(call, "%s for %s, good once, until %s:", ticket(call) ?
	    "Enrollment ticket" : "Login pass", user, until);
	tell_code(call);
	result(call, ticket(call) ?
	    "%s types it in place of a password: stepup enroll --ticket" :
	    "%s types it where an app code is asked for.", user);
	if (service[0] != '\0') {
		result(call, "It works with the service %s alone.", service);
		warn_service(call, service);
	}
	if ((flags & FLAG_REVOKE) != 0)
		say(call, "The older one that was in force is void.");
	say(call, "It is not shown again. To take it back:");
	call_quote(call->user, typed);
	say(call, "Next: %sstepup pass %s%s --revoke", call_way(call), typed,
	    ticket(call) ? " --enroll" : "");
}

static void
tell_revoked(const struct call *call, const struct wire_message *m)
{
	char user[256];
	uint32_t flags;
	bool live;

	wire_get_uint(m, TAG_FLAGS, &flags);
	live = (flags & FLAG_REVOKE) != 0;
	terminal_clean(call->user, user, sizeof(user));
	if (call_has(call, OPTION_JSON)) {
		json_object_set_new(json_call(), "kind",
		    json_string(ticket(call) ? "enroll" : "login"));
		json_object_set_new(json_call(), "was_in_force",
		    json_boolean(live));
	}
	result(call, "The %s of %s is %s.", ticket(call) ? "ticket" :
	    "login pass", user, live ? "void" :
	    "off the record; it was used, or over, before");
}

static enum exit_status
change(const struct call *call, int64_t ttl)
{
	bool revoke = call_has(call, OPTION_REVOKE);
	enum session_state state;
	enum exit_status status;
	struct wire_message m;
	struct wire_writer w;
	uint32_t outcome;

	admin_start(call, VERB_PASS, &w);
	status = admin_reason(call, !revoke, &w);
	if (status != EXIT_DONE)
		return status;
	request(call, ttl, &w);
	state = converse(call, &w, &m);
	if (state != SESSION_OPEN)
		return verdict_say(call, verdict_of_state(state), NULL);
	if (!wire_get_uint(&m, TAG_OUTCOME, &outcome) || outcome != OUT_DONE)
		return verdict_say(call,
		    verdict_of_outcome((enum outcome)outcome), &m);
	if (!revoke && vault.code[0] == '\0')
		return verdict_say(call,
		    verdict_of_state(SESSION_MALFORMED), NULL);
	if (revoke)
		tell_revoked(call, &m);
	else {
		tell_made(call, &m);
		if (call_has(call, OPTION_JSON))
			document(call, &m);
	}
	return EXIT_DONE;
}

enum exit_status
pass_run(const struct call *call)
{
	enum exit_status status;
	int64_t ttl;

	status = look(call, &ttl);
	if (status != EXIT_DONE)
		return status;
	if (call_has(call, OPTION_LIST))
		return pass_list(call);
	if (mlockall(MCL_CURRENT) == -1)
		(void)mlock(&vault, sizeof(vault));
	vault.session.fd = -1;
	status = change(call, ttl);
	session_close(&vault.session);
	explicit_bzero(&vault, sizeof(vault));
	vault.session.fd = -1;
	return status;
}
