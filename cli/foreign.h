/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of other modules: one authenticator each (.google_authenticator of
 * google-authenticator-libpam) or one a line (users.oath of libpam-oath).
 * Text in, values out: nothing here opens files or asks anybody.
 *
 * Secrets are read as the other module reads them, so that the app's entry
 * stays good: where it took a mistyped 0 for an O, we do.
 */
#ifndef STEPUP_CLI_FOREIGN_H
#define STEPUP_CLI_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/otpauth.h"

#define FOREIGN_SECRET_MIN	10	/* bytes: 80 bits */
#define FOREIGN_SECRET_STRONG	16	/* 128 bits: below it is weak */
#define FOREIGN_NAME_MAX	255
#define FOREIGN_PERIOD_MIN	15
#define FOREIGN_PERIOD_MAX	120

enum foreign_why {
	FOREIGN_FINE = 0,
	FOREIGN_EMPTY,		/* no secret in it */
	FOREIGN_BINARY,		/* NUL or control bytes: no such file */
	FOREIGN_SECRET,		/* cannot be decoded */
	FOREIGN_SHORT,		/* below 80 bits */
	FOREIGN_LONG,		/* above 512 bits */
	FOREIGN_EVENT,		/* counts events (HOTP), not time */
	FOREIGN_PERIOD,		/* a step we do not have */
	FOREIGN_OPTION,		/* an option's value cannot be read */
	FOREIGN_TYPE,		/* a kind nobody knows */
	FOREIGN_LINE		/* fields are missing, or it is too long */
};

struct foreign {
	enum foreign_why why;
	unsigned	 line;		/* what `why` or the secret stands in */
	size_t		 secret_len;	/* 0 unless fine */
	uint8_t		 secret[OTP_SECRET_MAX];
	unsigned	 digits, period;
	unsigned	 window;	/* codes taken at a time; 0: not said */
	int64_t		 skew;		/* steps the app's clock was off */
	int64_t		 after;		/* the last step it had used; 0 */
	unsigned	 scratch;	/* scratch codes: they stay behind */
	bool		 pin;		/* a PIN went before the code */
	char		 user[FOREIGN_NAME_MAX + 1]; /* users.oath alone */
};

/*
 * The whole file.  text is changed, and text[len], which has to be there;
 * the caller wipes it, and *f.
 */
void foreign_ga(char *text, size_t len, struct foreign *f);

/* Where the reading of users.oath stands; starts as { text, len }. */
struct foreign_lines {
	char		*text;		/* is changed; the caller's to wipe;
					   text[len] has to be there */
	size_t		 len;
	unsigned	 line;
};

/*
 * The next line that is neither empty nor a comment; false: there is none.
 * user is "" where the line has not got that far.
 */
bool foreign_oath(struct foreign_lines *, struct foreign *f);

#endif
