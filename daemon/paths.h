/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where things lie.  main() has the one set that is compiled in and hands
 * it down; tests hand down another.
 */
#ifndef STEPUP_DAEMON_PATHS_H
#define STEPUP_DAEMON_PATHS_H

#include <sys/types.h>

struct paths {
	const char	*conf;		/* /etc/stepup.conf */
	const char	*conf_dir;	/* /etc/stepup.conf.d */
	const char	*keyring;	/* /etc/stepup/keyring */
	const char	*state;		/* /var/lib/stepup */
	const char	*accepted;	/* /var/lib/stepup/settings.accepted */
	const char	*rundir;	/* /run/stepup */
	const char	*machine_id;	/* /etc/machine-id; NULL: unknown */
	uid_t		 owner;		/* whom trusted files belong to: 0 */
};

#endif
