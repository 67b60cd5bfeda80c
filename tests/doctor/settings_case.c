/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The settings of a case, as stepupd reads them: a copy in a folder of our
 * own, since owner and mode in a source tree say nothing.
 */
#include "tests/unit/unit.h"

#include <sys/stat.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/settings.h"
#include "tests/doctor/case.h"

void case_settings(struct doctor_case *);

static void
copy(const struct doctor_case *c, const char *path, const char *to)
{
	size_t len;
	char *data = pamhost_read(&c->world.pam, path, PAMSTACK_FILE_MAX,
	    &len);
	FILE *f;

	if (data == NULL)
		return;
	f = fopen(to, "we");
	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0644), 0);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	free(data);
}

/* Copies the files of /etc/stepup.conf.d, or takes the copies away. */
static void
folder(const struct doctor_case *c, const char *to, bool away)
{
	char from[PATH_MAX], path[PATH_MAX + 300];
	struct dirent *e;
	DIR *dir = NULL;

	if (pamhost_path(&c->world.pam, "/etc/stepup.conf.d", from))
		dir = opendir(from);
	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", to, e->d_name);
		snprintf(from, sizeof(from), "/etc/stepup.conf.d/%s",
		    e->d_name);
		if (away)
			(void)unlink(path);
		else
			copy(c, from, path);
	}
	if (dir != NULL)
		closedir(dir);
}

/* As stepupd -t would say it on that host. */
static void
refused(struct doctor_case *c, const char *base, const struct failure *f)
{
	char text[1024];
	const char *path = f->path;

	if (strncmp(path, base, strlen(base)) == 0)
		path += strlen(base);
	/* /tmp/X/conf.d/a is /etc/stepup.conf.d/a there. */
	snprintf(text, sizeof(text), "stepupd: /etc/stepup%s: %s\n", path,
	    f->reason);
	world_refuse_settings(&c->world, text);
}

void
case_settings(struct doctor_case *c)
{
	char base[32] = "/tmp/test_doctor.XXXXXX", conf[64], conf_d[64];
	static char text[32 * 1024];
	struct paths paths = { .conf = conf, .conf_dir = conf_d,
	    .state = "/var/lib/stepup", .owner = geteuid() };
	struct settings *s = calloc(1, sizeof(*s));
	struct failure f = { 0 };

	assert_non_null(s);
	assert_non_null(mkdtemp(base));
	snprintf(conf, sizeof(conf), "%s/.conf", base);
	snprintf(conf_d, sizeof(conf_d), "%s/.conf.d", base);
	assert_int_equal(mkdir(conf_d, 0755), 0);
	copy(c, "/etc/stepup.conf", conf);
	folder(c, conf_d, false);
	strcat(base, "/");
	if (settings_read(s, &paths, &f) != OUT_DONE)
		refused(c, base, &f);
	else {
		assert_true(settings_print(s, text, sizeof(text)) > 0);
		world_read_settings(&c->world, text);
	}
	free(s);
	folder(c, conf_d, true);
	(void)unlink(conf);
	(void)rmdir(conf_d);
	base[strlen(base) - 1] = '\0';
	(void)rmdir(base);
}
