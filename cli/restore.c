/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stepup restore: the accounts of a backup become those of this host.  The
 * file goes to the service as it is; what it says of it is told here.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/admin.h"
#include "cli/json.h"
#include "cli/passphrase.h"
#include "cli/standing.h"
#include "cli/upload.h"
#include "cli/verdict.h"

#define TRIES		3
#define DIFFER_MAX	20	/* lines */
/* How the file of a backup begins: nobody types a passphrase for another. */
#define MAGIC		"stepupBK"

struct restore {
	const struct call *call;
	int		 fd;
	bool		 sent;		/* all of it: it cannot be stopped */
	int64_t		 made;
	char		 host[WIRE_STRING_MAX + 1];
	uint32_t	 accounts, lost, differ, left_out;
	json_t		*list;
};

static enum exit_status
refuse(const struct restore *r, const char *why)
{
	char path[256], because[512];

	terminal_clean(r->call->operand, path, sizeof(path));
	snprintf(because, sizeof(because), "%s: %s", path, why);
	return verdict_because(r->call, because,
	    verdict_of_outcome(OUT_BAD_FILE));
}

static enum exit_status
start(struct restore *r)
{
	char magic[sizeof(MAGIC) - 1];
	struct stat st;

	r->fd = open(r->call->operand, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	    O_NONBLOCK);
	if (r->fd == -1 || fstat(r->fd, &st) == -1)
		return refuse(r, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(r, "not a regular file");
	if (pread(r->fd, magic, sizeof(magic), 0) != sizeof(magic) ||
	    memcmp(magic, MAGIC, sizeof(magic)) != 0)
		return refuse(r, "it is not a backup of stepup");
	return EXIT_DONE;
}

static enum exit_status
confirm(const struct call *call)
{
	char line[TERMINAL_LINE_MAX + 1];

	if (!call_has(call, OPTION_REPLACE) || call_has(call, OPTION_YES))
		return EXIT_DONE;
	if (!call->terminal->in_tty)
		return verdict_say(call, &verdict_yes, NULL);
	say(call, "All authenticators and recovery codes of this host become "
	    "void; those of the\nbackup take their place.");
	if (terminal_ask(call->terminal, "Go on? [y/N] ", false, -1, line) ==
	    TERMINAL_TYPED &&
	    (strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0))
		return EXIT_DONE;
	return verdict_say(call, verdict_of_state(SESSION_CANCELLED), NULL);
}

static bool
find_factor(const struct wire_message *m, void *arg)
{
	uint32_t apps;

	*(bool *)arg = wire_get_uint(m, TAG_COUNT, &apps) && apps > 0;
	return !*(bool *)arg;
}

/*
 * A passphrase is not asked for in vain: the service would refuse, and
 * decides it again.  What it does not answer now it is asked for then.
 */
static enum exit_status
look_occupied(const struct call *call)
{
	enum session_state state;
	struct wire_message m;
	struct wire_writer w;
	struct session s;
	bool occupied = false;

	if (call_has(call, OPTION_REPLACE) || !passphrase_typed(call) ||
	    !call->terminal->in_tty)
		return EXIT_DONE;
	admin_start(call, VERB_LIST, &w);
	state = session_ask(&s, call, &w);
	while (state == SESSION_OPEN && !occupied) {
		state = session_next(&s, &m);
		if (state != SESSION_OPEN || wire_refused(&m) ||
		    wire_has(&m, TAG_LAST) || (!admin_rows(&m, find_factor,
		    &occupied) && !occupied))
			break;
	}
	session_close(&s);
	if (state == SESSION_CANCELLED)
		return verdict_say(call, verdict_of_state(state), NULL);
	return occupied ? verdict_say(call, verdict_of_outcome(OUT_OCCUPIED),
	    NULL) : EXIT_DONE;
}

/* --- There ------------------------------------------------------------- */

static enum session_state
send_file(struct restore *r, struct session *s)
{
	struct upload u;
	uint8_t data[WIRE_DATA_MAX];
	struct wire_writer w;
	bool more = true;
	ssize_t n = 0;

	upload_open(&u, s);
	while (more && (n = read(r->fd, data, sizeof(data))) > 0) {
		wire_start(&w, WIRE_VERSION, VERB_RESTORE);
		wire_put_bytes(&w, TAG_DATA, data, (size_t)n);
		more = upload_put(&u, &w);
	}
	if (n == -1)
		say(r->call, "The file: %s", strerror(errno));
	r->sent = more && n == 0;
	return upload_close(&u, r->sent);
}

/* --- And back ---------------------------------------------------------- */

static bool
differs(const struct wire_message *m, void *arg)
{
	struct restore *r = arg;
	char name[WIRE_STRING_MAX + 1];
	uint32_t stored, here;
	bool known;
	json_t *j;

	if (!wire_get_string(m, TAG_NAME, name) ||
	    !wire_get_uint(m, TAG_STORED_UID, &stored))
		return false;
	known = wire_get_uint(m, TAG_UID, &here);
	if (r->list != NULL && (j = json_object()) != NULL) {
		json_object_set_new(j, "name", json_words(name));
		json_object_set_new(j, "uid", json_integer(stored));
		json_object_set_new(j, "uid_here", known ?
		    json_integer(here) : json_null());
		json_array_append_new(r->list, j);
	}
	terminal_clean(name, name, sizeof(name));
	if (r->differ++ == 0)
		result(r->call, "Not the same here:");
	if (r->differ > DIFFER_MAX)
		return true;
	if (known)
		result(r->call, "  %-18s  uid %u in the backup, %u here",
		    name, (unsigned)stored, (unsigned)here);
	else
		result(r->call, "  %-18s  uid %u in the backup, no account "
		    "here", name, (unsigned)stored);
	return true;
}

static bool
packet(const struct wire_message *m, struct restore *r)
{
	if (wire_has(m, TAG_ROWS))
		return admin_rows(m, differs, r);
	wire_get_int64(m, TAG_CREATED, &r->made);
	wire_get_string(m, TAG_TEXT, r->host);
	terminal_clean(r->host, r->host, sizeof(r->host));
	wire_get_uint(m, TAG_COUNT, &r->left_out);
	return true;
}

/* Once all is sent, how it ends is the service's word. */
static enum session_state
read_answer(struct restore *r, struct session *s, struct wire_message *last)
{
	enum session_state state;
	bool told = false;

	for (;;) {
		state = session_next(s, last);
		if (state == SESSION_CANCELLED && r->sent) {
			if (!told)
				say(r->call, "It cannot be stopped any more; "
				    "waiting for how it ends.");
			told = true;
			continue;
		}
		if (state != SESSION_OPEN || wire_refused(last))
			return state;
		if (last->verb != (VERB_RESTORE | WIRE_REPLY))
			return SESSION_MALFORMED;
		if (wire_has(last, TAG_LAST))
			return SESSION_OPEN;
		if (!packet(last, r))
			return SESSION_MALFORMED;
	}
}

/* OUT_DONE, or the reason has been said, and *status. */
static enum outcome
attempt(struct restore *r, enum exit_status *status)
{
	char passphrase[PASSPHRASE_MAX + 1];
	uint32_t outcome = OUT_INTERNAL;
	enum session_state state;
	struct wire_message last = { 0 };
	struct wire_writer w;
	struct session s;

	memset(&last, 0, sizeof(last));
	*status = passphrase_get(r->call, false, passphrase);
	if (*status != EXIT_DONE)
		return OUT_NO_INPUT;
	admin_start(r->call, VERB_RESTORE, &w);
	wire_put_bytes(&w, TAG_ANSWER, passphrase, strlen(passphrase));
	if (call_has(r->call, OPTION_REPLACE))
		wire_put_uint(&w, TAG_FLAGS, FLAG_REPLACE);
	explicit_bzero(passphrase, sizeof(passphrase));
	lseek(r->fd, 0, SEEK_SET);
	state = session_ask(&s, r->call, &w);
	if (state == SESSION_OPEN)
		state = send_file(r, &s);
	if (state == SESSION_OPEN)
		state = read_answer(r, &s, &last);
	if (state != SESSION_OPEN)
		*status = verdict_say(r->call, verdict_of_state(state), NULL);
	else if (!wire_get_uint(&last, TAG_OUTCOME, &outcome) ||
	    outcome != OUT_DONE)
		*status = verdict_say(r->call,
		    verdict_of_outcome((enum outcome)outcome), &last);
	wire_get_uint(&last, TAG_COUNT, &r->accounts);
	wire_get_uint(&last, TAG_LEFT, &r->lost);
	session_close(&s);
	return state == SESSION_OPEN ? (enum outcome)outcome : OUT_INTERNAL;
}

/* --- Told -------------------------------------------------------------- */

static void
tell_differ(const struct restore *r)
{
	const char *sudo = call_way(r->call);

	if (r->differ > DIFFER_MAX)
		result(r->call, "  and %u more",
		    (unsigned)(r->differ - DIFFER_MAX));
	if (r->left_out > 0)
		result(r->call, "%u names were not looked up on this host.",
		    (unsigned)r->left_out);
	if (r->differ > 0)
		say(r->call, "They are refused until an administrator decides."
		    "\nNext: %sstepup rebind USER, for each who is meant",
		    sudo);
	else
		say(r->call, "Next: %sstepup doctor", sudo);
}

static void
tell(struct restore *r)
{
	json_t *j = json_call();
	char made[32];

	standing_time(r->made, made, sizeof(made));
	result(r->call, "%u %s restored, from the backup of %s, made %s.",
	    (unsigned)r->accounts, r->accounts == 1 ? "account" : "accounts",
	    r->host, made);
	result(r->call, "All recovery codes are void: people make new ones "
	    "with stepup codes --new.");
	result(r->call, "App codes of now and of the next minute are spent; "
	    "those after it are taken.");
	if (r->lost > 0)
		result(r->call, "%u %s of this host, not in the backup, %s no "
		    "factor any more.", (unsigned)r->lost, r->lost == 1 ?
		    "account" : "accounts", r->lost == 1 ? "has" : "have");
	tell_differ(r);
	if (!call_has(r->call, OPTION_JSON) || j == NULL)
		return;
	json_object_set_new(j, "accounts", json_integer(r->accounts));
	json_object_set_new(j, "made", json_when(r->made));
	json_object_set_new(j, "host", json_words(r->host));
	json_object_set_new(j, "without_factor", json_integer(r->lost));
	json_object_set_new(j, "not_looked_up", json_integer(r->left_out));
}

static enum exit_status
run(struct restore *r)
{
	enum outcome o = OUT_BAD_PASSPHRASE;
	enum exit_status status = EXIT_DONE;
	int i;

	for (i = 0; i < TRIES && o == OUT_BAD_PASSPHRASE; i++) {
		o = attempt(r, &status);
		if (!passphrase_typed(r->call))
			break;
	}
	if (o == OUT_DONE)
		tell(r);
	return status;
}

enum exit_status
restore_run(const struct call *call)
{
	struct restore r = { .call = call, .fd = -1 };
	enum exit_status status;

	status = start(&r);
	if (status == EXIT_DONE)
		status = confirm(call);
	if (status == EXIT_DONE)
		status = session_prepare(call);
	if (status == EXIT_DONE)
		status = look_occupied(call);
	if (status == EXIT_DONE && call_has(call, OPTION_JSON))
		r.list = json_list("differ");
	if (status == EXIT_DONE)
		status = run(&r);
	if (r.fd != -1)
		close(r.fd);
	return status;
}
