/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program that a test of the module plays: it loads the built module
 * with pam_start_confdir, answers its prompts from a list, keeps what it
 * said and logged, and looks after each call whether anything was left
 * behind (descriptors, children, masks, handlers, answers in memory).
 *
 * What the module takes from the system is put in its place here, by
 * symbols of the test program: geteuid, the peer of a socket, the name
 * service, syslog, the program that is spawned.
 */
#ifndef STEPUP_TESTS_PAM_HOST_H
#define STEPUP_TESTS_PAM_HOST_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include <security/pam_appl.h>

#define HOST_LINES	24
#define HOST_TEXT	3072

/* pam_authenticate's answer when the module said PAM_IGNORE. */
#define HOST_IGNORED	PAM_AUTHTOK_LOCK_BUSY

/* Answers that are none. */
#define ANSWER_CONV_ERR	((const char *)1)	/* the conversation fails */
#define ANSWER_NO_ARRAY	((const char *)2)	/* success, no response */
#define ANSWER_NO_TEXT	((const char *)3)	/* a response without text */

struct host {
	/* What the test says beforehand. */
	const char	*answers[8];	/* NULL ends; then CONV_ERR */
	const char	*user;		/* default alice */
	const char	*rhost;		/* default 203.0.113.7 */
	const char	*tty;		/* default ssh */
	const char	*password;	/* PAM_AUTHTOK; NULL: none */
	uid_t		 euid;		/* default 0 */
	uid_t		 peer;		/* of every socket; default 0 */
	bool		 no_conversation;
	bool		 plain;		/* arguments without a rundir */
	const char	*helper;	/* what is started for stepupd; NULL:
					   starting it fails */
	/* What came of it. */
	size_t		 said_count;
	int		 style[HOST_LINES];
	char		 said[HOST_LINES][HOST_TEXT];
	size_t		 prompt_count;	/* said[] that were prompts */
	size_t		 log_count;
	int		 priority[HOST_LINES];
	char		 log[HOST_LINES][HOST_TEXT];
	size_t		 unwiped;	/* answers freed as they were */
	size_t		 pending;	/* answers not freed */
};

extern struct host host;

/* Sockets live here. */
extern char host_rundir[64];

/* True while pam_authenticate runs; NULL: nobody wants to know. */
extern bool *host_during;

/* True while the conversation, which is the host's own, runs. */
extern bool host_talks;

/* cmocka group setup and teardown; test setup (defaults). */
int host_setup(void **state);
int host_teardown(void **state);
int host_reset(void **state);

/*
 * One pam_start, pam_authenticate, pam_end with these module arguments
 * (besides rundir); the stack returns what the module returned.
 */
int host_login(const char *arguments, int flags);

/* The same for another facility: "account", "session", ... */
int host_other(int (*call)(pam_handle_t *, int));

/* The path of a door. */
const char *host_door(const char *name);

/* The i-th prompt, message that was no prompt, log line; "" for none. */
const char *host_prompt(size_t i);
const char *host_message(size_t i);
const char *host_line(size_t i);

#endif
