/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stepup on another host: the whole program, told where the doors are and
 * who calls.
 *
 *	stepup_at UID SUDO_USER PUBLIC STEPUPD KEYRING [ARGUMENT...]
 *
 * SUDO_USER "-": none; SUDO_UID, and NSSWITCH for
 * nsswitch.conf, as in the environment.  The peer of the public door may be anybody here.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/subcommands.h"

static enum client_code
connect_anybody(const char *path, int *fd)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	*fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (*fd == -1 || strlen(path) >= sizeof(sun.sun_path))
		return CLIENT_ERROR;
	strcpy(sun.sun_path, path);
	if (connect(*fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return CLIENT_OK;
	close(*fd);
	*fd = -1;
	return errno == ENOENT || errno == ECONNREFUSED ? CLIENT_ABSENT :
	    CLIENT_ERROR;
}

int
main(int argc, char *argv[])
{
	static char name[] = "stepup";
	struct terminal_facts facts = {
		.in = 0, .out = 1, .err = 2,
		.term = getenv("TERM"),
		.colorterm = getenv("COLORTERM"),
		.no_color = getenv("NO_COLOR"),
	};
	struct host host = { .connect = connect_anybody };

	if (argc < 6) {
		fputs("stepup_at: too few arguments\n", stderr);
		return 99;
	}
	host.uid = (uid_t)strtoul(argv[1], NULL, 10);
	host.sudo_user = strcmp(argv[2], "-") == 0 ? NULL : argv[2];
	host.sudo_uid = getenv("SUDO_UID");
	host.nsswitch = getenv("NSSWITCH");
	host.public = argv[3];
	host.stepupd = argv[4];
	host.keyring = argv[5];
	setlocale(LC_CTYPE, "");
	facts.codeset = nl_langinfo(CODESET);
	argv[5] = name;
	return stepup_main(argc - 5, argv + 5, &host, &facts);
}
