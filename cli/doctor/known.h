/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of modules and services that others wrote: tables of
 * facts, for advice alone.  Nothing that decides about a login sees them.
 */
#ifndef STEPUP_CLI_DOCTOR_KNOWN_H
#define STEPUP_CLI_DOCTOR_KNOWN_H

#include <stdbool.h>

enum module_class {
	MODULE_UNKNOWN = 0,	/* both answers are tried */
	MODULE_OURS,
	MODULE_PASSWORD,	/* knows the person or not; right or wrong */
	MODULE_FACTOR,		/* another factor: an attacker fails */
	MODULE_CONDITION,	/* depends on the person, place, time; checks
				   no secret */
	MODULE_SCRIPT,		/* whatever somebody wrote decides */
	MODULE_PERMIT,
	MODULE_DENY,
	MODULE_ROOT,		/* only root itself passes */
	MODULE_QUIET		/* answers PAM_IGNORE, or success without
				   having checked anything */
};

#define MODULE_OWN "pam_stepup.so"

/* By the last component of the path, and what the arguments make of it. */
enum module_class known_module(const char *module, const char *arguments);
/* What the class answers when all is well: PAM_SUCCESS or PAM_IGNORE. */
int known_quiet_answer(const char *module, const char *arguments);

enum service_kind {
	SERVICE_UNKNOWN = 0,
	SERVICE_LOGIN,		/* people log in; maybe root */
	SERVICE_ROOT,		/* root's password opens root */
	SERVICE_CALLER,		/* the caller's password opens root */
	SERVICE_LOCKER,		/* runs as the person */
	SERVICE_NO_PROMPT,	/* has nowhere to show a second prompt */
	SERVICE_NO_DOOR,	/* opens nothing, or never asks */
	SERVICE_SSHD
};

enum service_kind known_service(const char *name);
/* The name of a backup or leftover, which nobody reads. */
bool known_leftover(const char *name);

#endif
