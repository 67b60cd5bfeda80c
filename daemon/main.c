/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stepupd: the argument names the door.  What a process may do follows
 * from that and from who the kernel says is at the other end.
 */
#include <sys/stat.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/admin.h"
#include "daemon/birth.h"
#include "daemon/clean.h"
#include "daemon/listen.h"
#include "daemon/log.h"
#include "daemon/login.h"
#include "daemon/paths.h"
#include "daemon/peer.h"
#include "daemon/public.h"
#include "daemon/self.h"
#include "daemon/settings.h"

#define EXIT_USAGE	2
#define SETTINGS_TEXT_MAX (32 * 1024)

static const struct paths paths = {
	.conf = STEPUP_CONF,
	.conf_dir = STEPUP_CONF_DIR,
	.keyring = STEPUP_KEYRING,
	.machine_id = "/etc/machine-id",
	.state = STEPUP_STATEDIR,
	.accepted = STEPUP_STATEDIR "/settings.accepted",
	.rundir = STEPUP_RUNDIR,
	.owner = 0,
};

static int
usage(void)
{
	fputs("usage: stepupd --login [--listen DIR]\n"
	    "       stepupd --public [--listen DIR]\n"
	    "       stepupd --admin | --init | --version\n"
	    "       stepupd -t [-f FILE]\n", stderr);
	return EXIT_USAGE;
}

static void
complain(const struct failure *f)
{
	fprintf(stderr, "stepupd: %s%s%s\n", f->path,
	    f->path[0] != '\0' ? ": " : "", f->reason);
}

/* `--listen DIR`, or systemd's; *status where neither gives a socket. */
static bool
listener_get(int argc, char **argv, const char *name, mode_t mode, int queue,
    struct listener *l, int *status)
{
	struct failure f = { 0 };
	enum outcome o;

	if (argc == 2 && strcmp(argv[0], "--listen") == 0)
		o = listen_bind(argv[1], name, mode, queue, l, &f);
	else if (argc == 0 && listen_passed())
		o = listen_take(queue, l, &f);
	else {
		*status = usage();
		return false;
	}
	if (o == OUT_DONE)
		return true;
	complain(&f);
	*status = EXIT_FAILURE;
	return false;
}

static int
mode_login(int argc, char **argv)
{
	struct listener l;
	int status;

	if (argc == 0 && !listen_passed() && peer_connected(STDIN_FILENO))
		return login_spawned(&paths);
	if (!listener_get(argc, argv, "login", 0600, LISTEN_QUEUE_LOGIN, &l,
	    &status))
		return status;
	return login_serve(&paths, &l);
}

static int
mode_public(int argc, char **argv)
{
	struct listener l;
	int status;

	if (!listener_get(argc, argv, "public", 0666, LISTEN_QUEUE_PUBLIC, &l,
	    &status))
		return status;
	return public_serve(&l);
}

/* Started by the acceptor alone, hence not in the usage. */
static int
mode_self(int argc, char **argv)
{
	bool report = false, silent = false;
	int i;

	for (i = 0; i < argc; i++) {
		if (strcmp(argv[i], PUBLIC_REPORT) == 0)
			report = true;
		else if (strcmp(argv[i], PUBLIC_SILENT) == 0)
			silent = true;
		else
			return usage();
	}
	return self_serve(&paths, report, silent);
}

static int
mode_admin(int argc, char **argv)
{
	(void)argv;
	return argc == 0 ? admin_serve(&paths) : usage();
}

static int
mode_init(int argc, char **argv)
{
	struct failure f = { 0 };
	enum outcome o;

	(void)argv;
	if (argc != 0)
		return usage();
	umask(077);
	o = birth(&paths, &f);
	if (o != OUT_DONE || f.reason[0] != '\0')
		complain(&f);
	return o == OUT_DONE ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
mode_test(int argc, char **argv)
{
	static char text[SETTINGS_TEXT_MAX];
	static struct settings s;
	struct failure f = { 0 };
	enum outcome o;

	if (argc == 0)
		o = settings_read(&s, &paths, &f);
	else if (argc == 2 && strcmp(argv[0], "-f") == 0)
		o = settings_read_file(&s, &paths, argv[1], &f);
	else
		return usage();
	/* With -f, owner and mode are only remarked. */
	if (o != OUT_DONE || f.reason[0] != '\0')
		complain(&f);
	if (o != OUT_DONE)
		return EXIT_FAILURE;
	(void)settings_print(&s, text, sizeof(text));
	fputs(text, stdout);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
mode_version(int argc, char **argv)
{
	(void)argv;
	if (argc != 0)
		return usage();
	puts("stepupd " PACKAGE_VERSION);
	return EXIT_SUCCESS;
}

struct mode {
	const char	*argument;
	bool		 anybody;	/* else root alone */
	int		 (*run)(int argc, char **argv);	/* what follows */
};

static const struct mode modes[] = {
	{ "--login", false, mode_login },
	{ "--public", false, mode_public },
	{ PUBLIC_SELF, false, mode_self },
	{ "--admin", false, mode_admin },
	{ "--init", false, mode_init },
	{ "-t", true, mode_test },
	{ "--version", true, mode_version },
};

int
main(int argc, char **argv)
{
	size_t i;

	if (!clean_stdio())
		return EXIT_FAILURE;
	log_start("stepupd");
	for (i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(argv[1], modes[i].argument) != 0)
			continue;
		if (!modes[i].anybody && geteuid() != 0) {
			fputs("stepupd: only root may do this\n", stderr);
			return EXIT_FAILURE;
		}
		/* No handler at exit closes what may linger. */
		argc = modes[i].run(argc - 2, argv + 2);
		(void)fflush(NULL);
		_exit(argc);
	}
	return usage();
}
