/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pace [-d STORE] [-p PID] <PLAN
 *
 * Logins of the plan one after the other, each a process of its own, and
 * what each cost. A line that begins with `=` is SQL for the store, done
 * between two logins: one person's code is made fresh again, so that right
 * and wrong can be compared by the thousand.
 * Prints what host_print prints, and before it what process PID (the
 * running service, the same for all) was seen to do meanwhile:
 *
 *	CPU-US BYTES-WRITTEN WRITES
 */
#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "tests/attack/host.h"

struct watched {
	int64_t	cpu;		/* ns */
	int64_t	bytes;
	int64_t	writes;
};

/* 0 for what cannot be read: no process is watched, or it has ended. */
static struct watched
look(const char *pid)
{
	struct watched w = { 0, 0, 0 };
	char path[64], line[128];
	FILE *f;

	if (pid == NULL)
		return w;
	snprintf(path, sizeof(path), "/proc/%s/schedstat", pid);
	if ((f = fopen(path, "r")) != NULL) {
		if (fscanf(f, "%" SCNd64, &w.cpu) != 1)
			w.cpu = 0;
		fclose(f);
	}
	snprintf(path, sizeof(path), "/proc/%s/io", pid);
	if ((f = fopen(path, "r")) == NULL)
		return w;
	while (fgets(line, sizeof(line), f) != NULL) {
		(void)sscanf(line, "wchar: %" SCNd64, &w.bytes);
		(void)sscanf(line, "syscw: %" SCNd64, &w.writes);
	}
	fclose(f);
	return w;
}

/* Never the one that takes the store's log away at its end. */
static sqlite3 *
store_open(const char *path)
{
	sqlite3 *db = NULL;
	int keep = 1;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) !=
	    SQLITE_OK)
		errx(1, "%s: %s", path, sqlite3_errmsg(db));
	sqlite3_busy_timeout(db, 5000);
	sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	if (sqlite3_exec(db, "PRAGMA wal_autocheckpoint = 0;"
	    "PRAGMA synchronous = OFF", NULL, NULL, NULL) != SQLITE_OK)
		errx(1, "%s: %s", path, sqlite3_errmsg(db));
	return db;
}

static void
store_do(sqlite3 *db, const char *sql)
{
	if (db == NULL)
		errx(2, "SQL, and no store named");
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		errx(1, "%s: %s", sql, sqlite3_errmsg(db));
}

static void
login_once(const struct login *l, const char *pid)
{
	struct slot *s = host_slots(1);
	struct watched before, after;
	int64_t cpu;
	pid_t child;

	if (s == NULL)
		err(1, "mmap");
	child = host_start(l, s, &s->gate);
	if (!host_parked(s))
		errx(1, "%s came to no prompt", l->tag);
	before = look(pid);
	host_open(&s->gate);
	host_end(child, s, &cpu);
	after = look(pid);
	printf("%.3f %" PRId64 " %" PRId64 " ",
	    (double)(after.cpu - before.cpu) / 1e3,
	    after.bytes - before.bytes, after.writes - before.writes);
	host_print(l, s, cpu);
	host_free(s, 1);
}

/* Takes the SQL lines before the next login. */
static bool
next(sqlite3 *db, struct login *l)
{
	char sql[1024];
	int c;

	while ((c = getc(stdin)) == '=') {
		if (fgets(sql, sizeof(sql), stdin) == NULL)
			return false;
		store_do(db, sql);
	}
	(void)ungetc(c, stdin);
	return host_read(stdin, l);
}

int
main(int argc, char **argv)
{
	const char *pid = NULL;
	sqlite3 *db = NULL;
	struct login l;
	int c;

	while ((c = getopt(argc, argv, "d:p:")) != -1) {
		if (c == 'd')
			db = store_open(optarg);
		else if (c == 'p')
			pid = optarg;
		else
			return 2;
	}
	while (next(db, &l))
		login_once(&l, pid);
	sqlite3_close(db);
	return 0;
}
