/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stepup: one program for root and for everybody, without setuid, setgid or
 * capabilities.  What the host is like enters here.
 */
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/subcommands.h"

/* A descriptor 0, 1 or 2 that is closed would become a socket of ours. */
static bool
have_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < 3);
	return fd > 2 && close(fd) == 0;
}

int
main(int argc, char *argv[])
{
	const struct host host = {
		.uid = geteuid(),
		.sudo_user = getenv("SUDO_USER"),
		.sudo_uid = getenv("SUDO_UID"),
		.public = STEPUP_RUNDIR "/public",
		.stepupd = STEPUPD_PATH,
		.nsswitch = "/etc/nsswitch.conf",
		.keyring = STEPUP_KEYRING,
		.connect = client_connect,
	};
	struct terminal_facts facts = {
		.in = STDIN_FILENO, .out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.term = getenv("TERM"),
		.colorterm = getenv("COLORTERM"),
		.no_color = getenv("NO_COLOR"),
	};

	if (!have_standard_files())
		return EXIT_UNAVAILABLE;
	setlocale(LC_CTYPE, "");
	facts.codeset = nl_langinfo(CODESET);
	return stepup_main(argc, argv, &host, &facts);
}
