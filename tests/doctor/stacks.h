/* SPDX-License-Identifier: BSD-2-Clause */
/* Stacks made from a seed, as files in a folder. */
#ifndef STEPUP_TESTS_DOCTOR_STACKS_H
#define STEPUP_TESTS_DOCTOR_STACKS_H

#include <stdint.h>

/*
 * Writes the service `case`, `other` (mostly) and the files they take in;
 * old ones of this folder are gone first.  module is the path of
 * pam_say.so.  Everything but relative includes, which Debian's libpam
 * looks for in /etc/pam.d whatever pam_start_confdir was told, and what
 * makes libpam itself read memory that nobody has set.
 */
void stacks_make(const char *folder, const char *module, uint64_t seed);

#endif
