/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who logs in, where and from where: PAM's items and the name service.
 * Copies, since the program may change its items during a conversation.
 */
#ifndef STEPUP_PAM_PERSON_H
#define STEPUP_PAM_PERSON_H

#include <sys/types.h>

#include <stdbool.h>

#include <security/pam_modules.h>

#include "common/outcome.h"
#include "common/wire.h"

struct person {
	bool	known;		/* the name service knows the name */
	uid_t	uid;		/* known: pw_uid */
	char	name[WIRE_STRING_MAX + 1];	/* known: pw_name, else "" */
	char	service[WIRE_STRING_MAX + 1];	/* "": none that can be sent */
	char	rhost[WIRE_STRING_MAX + 1];	/* "": none; cut */
	char	tty[WIRE_STRING_MAX + 1];	/* the same */
};

/* The service and where from; nobody yet.  Cannot fail. */
void person_where(const pam_handle_t *pamh, struct person *person);

/*
 * Asks for the user's name where PAM does not know it yet, and resolves it.
 * OUT_ASK: *person is filled, known or not.  Otherwise *reason says for the
 * log what went wrong:
 *   OUT_NO_INPUT	there is no name
 *   OUT_SERVICE	the name service failed (not: does not know the name)
 *   OUT_MEMORY
 */
enum outcome person_who(pam_handle_t *pamh, struct person *person,
    const char **reason);

#endif
