/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STEPUP_TESTS_NO_FILES_H
#define STEPUP_TESTS_NO_FILES_H

#include "daemon/paths.h"

/* The keyring's text; NULL: there is none. */
extern const char *no_files_keyring;
extern const struct paths no_files_paths;

#endif
