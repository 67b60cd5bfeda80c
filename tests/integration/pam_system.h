/* SPDX-License-Identifier: BSD-2-Clause */
/* What pam_host needs of the faked system. */
#ifndef STEPUP_TESTS_PAM_SYSTEM_H
#define STEPUP_TESTS_PAM_SYSTEM_H

#include "pam_host.h"

/* A copy of text that free() will look at. */
char *system_answer(const char *text);

/* Called for each block that is freed; NULL: by nobody. */
extern void (*system_freed)(void);

/* Forgets copies that were never freed. */
void system_forget(void);

#endif
