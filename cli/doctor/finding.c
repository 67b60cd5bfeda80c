/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "cli/doctor/finding.h"
#include "cli/folder.h"
#include "cli/terminal.h"

/* Both doors, where no systemd holds them. */
#define START \
	"as the host's init does: stepupd --login --listen {folder}, " \
	"stepupd --public --listen {folder}"

static const struct finding_row rows[] = {
	[FIND_PAM_BROKEN] = { "pam-broken", false,
		"libpam cannot read this line ({detail}); it refuses, or "
		"gives the whole file up. Hit: {services}.",
		"correct the line; pam.d(5) has the words." },
	[FIND_PAM_MISSING_FILE] = { "pam-missing-file", false,
		"The file that is to be taken in here cannot be found "
		"({detail}), which refuses everybody. Hit: {services}.",
		"correct the name, or take the line out." },
	[FIND_PAM_MISSING_MODULE] = { "pam-missing-module", false,
		"The module {detail} is not installed; libpam takes that for "
		"a refusal. Hit: {services}.",
		"install it, or take the line out." },
	[FIND_PAM_LOOP] = { "pam-loop", false,
		"Files take each other in without end, or too deep "
		"({detail}), which refuses everybody. Hit: {services}.",
		"take this line out." },
	[FIND_PAM_JUMP] = { "pam-jump", false,
		"The jump goes behind the end of the stack, which refuses. "
		"Hit: {services}.",
		"count the lines of its type below, and jump over fewer." },
	[FIND_PAM_BYPASS] = { "pam-bypass", false,
		"The password alone opens {services}: this line ends the "
		"stack, or jumps, before pam_stepup.so is asked.",
		"{detail}." },
	[FIND_PAM_OPEN] = { "pam-open", false,
		"A door to root that the password alone opens: {services}.",
		"{detail} \"auth required pam_stepup.so\" below its "
		"password check." },
	[FIND_PAM_OPTIONAL] = { "pam-optional", false,
		"A code that is refused, or none, still opens {services}: "
		"this line lets it pass, or is forgotten.",
		"{detail}." },
	[FIND_PAM_FAILS_OPEN] = { "pam-fails-open", false,
		"When codes cannot be checked, the password alone opens "
		"{services}: the control of this line lets errors pass.",
		"write \"auth required pam_stepup.so\"." },
	[FIND_PAM_NO_PASSWORD] = { "pam-no-password", false,
		"No right password is needed for {services}: this line lets "
		"in by itself, everybody or whom its condition fits.",
		"{detail}." },
	[FIND_PAM_NOBODY] = { "pam-nobody", false,
		"Right password and right code are refused ({services}).",
		"{detail}." },
	[FIND_PAM_EARLY] = { "pam-early", false,
		"A code is asked for although the password was wrong "
		"({services}): whoever knows a name can use up its attempts.",
		"{detail}." },
	[FIND_PAM_TWICE] = { "pam-twice", false,
		"Two codes are asked for ({services}): this is the second "
		"line of pam_stepup.so in the stack.",
		"take one of the lines out." },
	[FIND_PAM_ARGUMENT] = { "pam-argument", false,
		"pam_stepup.so refuses everybody because of an argument: "
		"{detail}. Hit: {services}.",
		"correct it; pam_stepup(8) lists the arguments." },
	[FIND_PAM_FILE] = { "pam-file", false,
		"Others than root may change this file: {detail}.",
		"chown root:root, chmod 0644." },
	[FIND_PAM_IGNORED] = { "pam-ignored", false,
		"This line of pam_stepup.so never asks: {detail}.",
		"put an auth line into the file that is read." },
	[FIND_PAM_ACCOUNT] = { "pam-account", false,
		"The account stack of {services} refuses everybody.",
		"{detail}." },
	[FIND_PAM_SELF] = { "pam-self", false,
		"People cannot enroll or change a factor themselves: {detail} "
		"refuses the right password.",
		"give /etc/pam.d/stepup auth and account stacks that take "
		"it; a line of pam_stepup.so in them answers PAM_IGNORE." },
	[FIND_PAM_EXEMPT] = { "pam-exempt", true,
		"Under the condition of this line, {services} lets in without "
		"{detail}.",
		"see that the condition is meant so." },
	[FIND_PAM_UNKNOWN] = { "pam-unknown", true,
		"doctor does not know {detail}; both its answers were tried. "
		"In: {services}.",
		"see in its manual when it succeeds." },
	[FIND_SSHD_CONFIG] = { "sshd-config", false,
		"sshd -T cannot read its configuration. {detail}",
		"sshd -t names the line." },
	[FIND_SSHD_KBDINT] = { "sshd-kbdint", false,
		"sshd asks for a code, and has no way to show the prompt: "
		"KbdInteractiveAuthentication is off.",
		"KbdInteractiveAuthentication yes, and reload sshd." },
	[FIND_SSHD_USEPAM] = { "sshd-usepam", false,
		"sshd does not ask PAM: no code is asked for, a password "
		"alone may open.",
		"UsePAM yes, and reload sshd." },
	[FIND_SSHD_METHODS] = { "sshd-methods", false,
		"AuthenticationMethods has no way that ends in a code: "
		"{detail}. Only keyboard-interactive can ask; the password "
		"method is refused by this stack.",
		"AuthenticationMethods publickey,keyboard-interactive, or "
		"keyboard-interactive; reload sshd." },
	[FIND_SSHD_PASSWORD] = { "sshd-password", true,
		"The password method cannot ask for a code: who uses it is "
		"refused.",
		"PasswordAuthentication no, keyboard-interactive asks for "
		"the password too." },
	[FIND_SSHD_KEY] = { "sshd-key", true,
		"A key alone opens sshd: PAM is not asked for a code then.",
		"if a code is wanted too: AuthenticationMethods "
		"publickey,keyboard-interactive" },
	[FIND_SSHD_MATCH] = { "sshd-match", true,
		"Match blocks change the settings of sshd for some; doctor "
		"looked at what holds for root from this host.",
		"sshd -T -C user=NAME,host=NAME,addr=ADDRESS shows the rest." },
	[FIND_SSHD_GRACE] = { "sshd-grace", true,
		"LoginGraceTime is {detail} s: little time to type a password "
		"and wait for the next code.",
		"LoginGraceTime 120" },
	[FIND_SUDO_NOPASSWD] = { "sudo-nopasswd", true,
		"sudo asks whom this line names for neither password nor "
		"code.",
		"see that it is meant so; visudo." },
	[FIND_SETTINGS] = { "settings", false,
		"The settings are refused: {detail}. What was accepted last "
		"stays in force.",
		"correct the line; stepupd -t checks." },
	[FIND_SETTINGS_COVERS] = { "settings-covers", false,
		"The password alone opens {services} in spite of this line: "
		"the setting `services` leaves it out.",
		"add it to `services` in /etc/stepup.conf." },
	[FIND_SETTINGS_ALLOW] = { "settings-allow", true,
		"Who has not enrolled gets in with the password alone "
		"(`unenrolled` = {detail}).",
		"set unenrolled = \"deny\" when everybody has enrolled." },
	[FIND_ROOT_NOT_ENROLLED] = { "root-not-enrolled", false,
		"root has a password and no second factor: {detail}.",
		"sudo stepup enroll -u root" },
	[FIND_FILE_MISSING] = { "file-missing", false,
		"This is missing, its counterpart is there: {detail}.",
		"restore it from the backup; without it nobody can log in "
		"with a code." },
	[FIND_FILE_MODE] = { "file-mode", false,
		"The mode is {detail}: others may read or write it.",
		"chmod as `stepupd --init` made it: 0700 folders, 0600 "
		"files." },
	[FIND_FILE_OWNER] = { "file-owner", false,
		"It belongs to uid {detail}, not to root.",
		"chown root:root" },
	[FIND_NOT_INITIALISED] = { "not-initialised", false,
		"There is neither key nor store: everybody who is asked for a "
		"code is refused.",
		"stepupd --init" },
	[FIND_MODULE_MISSING] = { "module-missing", false,
		"pam_stepup.so is not where libpam looks for it; every stack "
		"with its line refuses everybody. Hit: {services}.",
		"install it again; configure --with-pam-dir names the "
		"folder." },
	[FIND_MODULE_KIND] = { "module-kind", false,
		"This is no module for this machine ({detail}): libpam cannot "
		"load it, and refuses. Hit: {services}.",
		"install the package of this architecture." },
	[FIND_MODULE_LINKS] = { "module-links", false,
		"The module needs a library that it should not: {detail}.",
		"install the module as it was built." },
	[FIND_DOOR_FOREIGN] = { "door-foreign", false,
		"Somebody who is not root listens here.",
		"stop that process, then: systemctl restart stepupd.socket",
		"stop that process, then start ours, " START },
	[FIND_DOOR_DEAF] = { "door-deaf", false,
		"Somebody listens here, and does not answer.",
		"systemctl restart stepupd; journalctl -u stepupd tells why.",
		"the system log tells why (stepupd); end it and start it "
		"anew, " START },
	[FIND_DOOR_MODE] = { "door-mode", false,
		"The mode of this socket is {detail}.",
		"systemctl restart stepupd.socket stepup-public.socket",
		"end stepupd and start it anew, " START },
	[FIND_DOOR_LOGIN] = { "door-login", true,
		"Nobody listens here: each login starts a service of its own, "
		"which a person who drives su or sudo can hold up.",
		"where people have shells: systemctl enable --now "
		"stepupd.socket",
		"where people have shells, from the host's init: stepupd "
		"--login --listen {folder}" },
	[FIND_DOOR_PUBLIC] = { "door-public", true,
		"Nobody listens here: people cannot enroll themselves, and "
		"screen lockers cannot ask for a code.",
		"if wanted: systemctl enable --now stepup-public.socket",
		"if wanted, from the host's init: stepupd --public --listen "
		"{folder}" },
	[FIND_STORE] = { "store", false,
		"The store cannot be used: {detail}.",
		"journalctl -t stepupd; restore it from the backup.",
		"the system log tells more (stepupd); restore it from the "
		"backup." },
	[FIND_KEY] = { "key", false,
		"The keyring cannot be used: {detail}.",
		"restore /etc/stepup/keyring from the backup; recovery "
		"codes work meanwhile." },
	[FIND_STORE_MOVED] = { "store-moved", false,
		"The store was made on another machine: a code that is used "
		"there counts here once more.",
		"stepup backup FILE, then stepup restore FILE --replace makes "
		"it this machine's." },
	[FIND_CLOCK] = { "clock", false,
		"The clock of this host is not synchronised ({detail}); codes "
		"go wrong when it drifts by half a minute.",
		"timedatectl set-ntp true, or start chrony.",
		"start chrony or ntpd." },
	[FIND_PLAN_ROOT] = { "plan-root", false,
		"root could not get in any more ({services}): no second "
		"factor.",
		"sudo stepup enroll -u root" },
	[FIND_PLAN_PERSON] = { "plan-person", false,
		"Could not get in any more: a password, and no second factor.",
		"stepup enroll, or unenrolled = \"allow-until DATE\" for a "
		"while." },
	[FIND_PLAN_NO_PROMPT] = { "plan-no-prompt", false,
		"{services} would ask for a code, and cannot show a prompt: "
		"its logins would be refused.",
		"name the services that ask in `services` of "
		"/etc/stepup.conf." },
	[FIND_PLAN_SKIPPED] = { "plan-skipped", false,
		"{services} would not ask: this line ends the stack, or "
		"jumps, before our line.",
		"{detail}." },
	[FIND_PLAN_ASKED] = { "plan-asked", true,
		"{services} would ask for a code.",
		"" },
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) == FINDINGS,
    "every finding has a row");

const struct finding_row *
finding_row(enum finding_id id)
{
	return &rows[(unsigned)id < FINDINGS ? id : FIND_PAM_BROKEN];
}

const char *
finding_next(const struct findings *f, const struct finding_row *r)
{
	return f->no_systemd && r->plain != NULL ? r->plain : r->next;
}

/* Whether "a, b" has this word. */
static bool
has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *s;

	for (s = list; (s = strstr(s, word)) != NULL; s += len)
		if ((s == list || s[-1] == ' ') &&
		    (s[len] == '\0' || s[len] == ','))
			return true;
	return false;
}

/* The list is cut with "..." where it gets too long. */
static void
add_word(char list[FINDING_WORDS_MAX], const char *word)
{
	char clean[80];
	size_t len = strlen(list);

	terminal_clean(word, clean, sizeof(clean));
	if (has_word(list, clean) || (len >= 3 &&
	    strcmp(list + len - 3, "...") == 0))
		return;
	if (len + strlen(clean) + 8 > FINDING_WORDS_MAX)
		snprintf(list + len, FINDING_WORDS_MAX - len, ", ...");
	else
		snprintf(list + len, FINDING_WORDS_MAX - len, "%s%s",
		    len > 0 ? ", " : "", clean);
}

void
finding_add(struct findings *f, enum finding_id id, const char *file,
    unsigned line, const char *service, const char *detail)
{
	char clean[FINDING_WHERE_MAX - 16], where[FINDING_WHERE_MAX];
	struct finding *n;
	size_t i;

	terminal_clean(file, clean, sizeof(clean));
	if (line > 0)
		snprintf(where, sizeof(where), "%s:%u", clean, line);
	else
		snprintf(where, sizeof(where), "%s", clean);
	for (i = 0; i < f->count; i++)
		if (f->all[i].id == id && strcmp(f->all[i].where, where) == 0)
			break;
	if (i == FINDINGS_MAX) {
		f->dropped++;
		return;
	}
	n = &f->all[i];
	if (i == f->count) {
		memset(n, 0, sizeof(*n));
		f->count++;
		f->problems += !rows[id].note;
		n->id = id;
		memcpy(n->where, where, sizeof(where));
		if (detail != NULL)
			terminal_clean(detail, n->detail, sizeof(n->detail));
	}
	if (service != NULL)
		add_word(n->services, service);
}

static bool
alike(const struct finding *a, const struct finding *b)
{
	return a->id == b->id && strcmp(a->detail, b->detail) == 0;
}

static void
add_words(char list[FINDING_WORDS_MAX], const char *more)
{
	char word[FINDING_WORDS_MAX];
	size_t n;

	for (; *more != '\0'; more += n) {
		more += strspn(more, ", ");
		n = strcspn(more, ", ");
		snprintf(word, sizeof(word), "%.*s", (int)n, more);
		if (n > 0)
			add_word(list, word);
	}
}

size_t
finding_gather(const struct findings *f, size_t first, struct finding *out,
    const char *at[FINDINGS_MAX])
{
	size_t i, n = 0;

	for (i = 0; i < first; i++)
		if (alike(&f->all[i], &f->all[first]))
			return 0;
	*out = f->all[first];
	for (i = first; i < f->count; i++)
		if (alike(&f->all[i], out)) {
			add_words(out->services, f->all[i].services);
			at[n++] = f->all[i].where;
		}
	return n;
}

void
finding_text(const struct finding *f, const char *template,
    char buf[FINDING_TEXT_MAX])
{
	const char *word;
	size_t used = 0;
	char one[2], folder[PATH_MAX];
	int n;

	if (!folder_of(f->where, folder))
		folder[0] = '\0';
	buf[0] = '\0';
	while (*template != '\0') {
		one[0] = *template;
		one[1] = '\0';
		word = one;
		if (strncmp(template, "{services}", 10) == 0) {
			word = f->services[0] != '\0' ? f->services : "none";
			template += 9;
		} else if (strncmp(template, "{detail}", 8) == 0) {
			word = f->detail;
			template += 7;
		} else if (strncmp(template, "{folder}", 8) == 0) {
			word = folder;
			template += 7;
		}
		template++;
		n = snprintf(buf + used, FINDING_TEXT_MAX - used, "%s", word);
		if (n < 0 || (size_t)n >= FINDING_TEXT_MAX - used)
			return;
		used += (size_t)n;
	}
}
