/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which line of sshd's configuration says something: sshd_config(5), the
 * first value is used, Include reads other files at its place.
 */
#ifndef STEPUP_CLI_DOCTOR_SSHDFILE_H
#define STEPUP_CLI_DOCTOR_SSHDFILE_H

#include "cli/doctor/pamstack.h"

#define SSHDFILE_MAIN	"/etc/ssh/sshd_config"

struct sshdfile_place {
	char		 file[PATH_MAX];	/* of the host, without root */
	unsigned	 line;			/* 0: no line says it */
};

/*
 * The first line with this keyword, or an older name of it, outside of
 * Match; for "Match" the first block of all files.
 */
void sshdfile_find(const struct pamhost *, const char *key,
    struct sshdfile_place *);

#endif
