/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings in up to three files.  trusted_read and trusted_folder are this
 * target's: the input is cut at lines of "%" into stepup.conf and two files
 * of its folder.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "daemon/settings_table.h"
#include "daemon/trusted.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "settings";

/* libconfig 1.5 forgets a text that stands before a syntax error. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig\n";
}

#define FILES 3
#define CUT "%\n"

static const char *const names[FILES] = {
	"/nowhere/stepup.conf",
	"/nowhere/stepup.conf.d/a.conf",
	"/nowhere/stepup.conf.d/b.conf",
};
static const struct paths paths = {
	.conf = "/nowhere/stepup.conf", .conf_dir = "/nowhere/stepup.conf.d",
	.state = "/var/lib/stepup",
	.accepted = "/var/lib/stepup/settings.accepted",
};
static struct input files[FILES];
static char folder[] = "/tmp/stepup-fuzz-XXXXXX";
static int folder_fd = -1;

static void
remove_folder(void)
{
	unlinkat(folder_fd, "a.conf", 0);
	unlinkat(folder_fd, "b.conf", 0);
	close(folder_fd);
	rmdir(folder);
}

/* Only its names are looked at. */
static void
make_folder(void)
{
	CLAIM(mkdtemp(folder) != NULL);
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLAIM(folder_fd != -1);
	close(openat(folder_fd, "b.conf", O_WRONLY | O_CREAT, 0600));
	close(openat(folder_fd, "a.conf", O_WRONLY | O_CREAT, 0600));
	atexit(remove_folder);
}

int
trusted_folder(const char *path, uid_t owner, bool *absent,
    struct failure *f)
{
	(void)owner;
	CLAIM(strcmp(path, paths.conf_dir) == 0);
	*absent = files[1].data == NULL;
	if (*absent) {
		failure_set(f, OUT_CONFIG, path, "absent");
		return -1;
	}
	return openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool
trusted_read(const char *path, uid_t owner, int flags, char **data,
    size_t *len, bool *absent, struct failure *f)
{
	const struct input *in = &files[0];
	size_t i;

	(void)owner;
	(void)flags;
	for (i = 0; i < FILES; i++)
		if (strcmp(path, names[i]) == 0)
			in = &files[i];
	*data = NULL;
	*len = 0;
	*absent = in->data == NULL;
	if (*absent) {
		failure_set(f, OUT_CONFIG, path, "absent");
		return false;
	}
	*data = malloc(in->len + 1);
	CLAIM(*data != NULL);
	if (in->len > 0)
		memcpy(*data, in->data, in->len);
	(*data)[in->len] = '\0';
	*len = in->len;
	return true;
}

static void
cut(const uint8_t *data, size_t len)
{
	const uint8_t *end;
	int i;

	memset(files, 0, sizeof(files));
	for (i = 0; i < FILES; i++) {
		end = i + 1 < FILES && len > 0 ?
		    memmem(data, len, CUT, strlen(CUT)) : NULL;
		files[i].data = data;
		files[i].len = end == NULL ? len : (size_t)(end - data);
		if (end == NULL)
			return;
		data = end + strlen(CUT);
		len -= files[i].len + strlen(CUT);
	}
}

static void
in_range(const struct settings *s)
{
	CLAIM(s->digits == 6 || s->digits == 8);
	CLAIM(s->period >= 15 && s->period <= 120 && s->window <= 2);
	CLAIM(otp_secret_length(s->algorithm) != 0);
	CLAIM(s->limits.attempts >= 3 && s->limits.attempts <= 20);
	CLAIM(s->limits.lock >= 60 && s->limits.lock <= 24 * 3600);
	CLAIM(s->limits.attempts < s->limits.cap);
	CLAIM(s->limits.cap >= 10 && s->limits.cap <= 50);
	CLAIM(s->limits.cap <= s->limits.cap_year &&
	    s->limits.cap_year <= 1000);
	CLAIM(s->recovery_codes >= 5 && s->recovery_codes <= 20);
	CLAIM(s->service_count <= SETTINGS_SERVICES_MAX);
	CLAIM(s->audit_events >= 1000 && s->audit_events <= 1000000);
	CLAIM(s->store[0] == '/');
	CLAIM(strnlen(s->issuer, sizeof(s->issuer)) <= 64);
	CLAIM(strchr(s->issuer, ':') == NULL);
	CLAIM(strnlen(s->help, sizeof(s->help)) <= SETTINGS_HELP_MAX);
}

/* The accepted copy says what the files said, and is no laxer. */
static void
copy(const struct settings *s)
{
	static char text[16 * 1024], second[16 * 1024];
	struct failure f = { .path = "" };
	struct settings back;
	size_t len;

	len = settings_print(s, text, sizeof(text));
	CLAIM(len > 0 && len < TRUSTED_MAX);
	settings_default(&back, &paths);
	CLAIM(settings_parse(&back, "copy", text, len, &f) == OUT_DONE);
	in_range(&back);
	CLAIM(!settings_laxer(&back, s) && !settings_laxer(s, &back));
	CLAIM(settings_print(&back, second, sizeof(second)) == len);
	CLAIM(memcmp(text, second, len) == 0);
	CLAIM(settings_covers(s, "sshd") == settings_covers(&back, "sshd"));
}

/* Where each value came from: a line that is there. */
static void
traced(enum outcome o)
{
	struct setting_origin origins[SETTING_COUNT];
	struct failure f = { .path = "" };
	const uint8_t *at, *end;
	unsigned lines;
	int i, j;

	CLAIM(settings_trace(origins, &paths, &f) == o);
	for (i = 0; i < SETTING_COUNT; i++) {
		if (o != OUT_DONE || origins[i].line == 0) {
			CLAIM(origins[i].file[0] == '\0');
			continue;
		}
		for (j = 0; j < FILES; j++)
			if (strcmp(origins[i].file, names[j]) == 0)
				break;
		CLAIM(j < FILES && files[j].data != NULL);
		end = files[j].data + files[j].len;
		for (lines = 1, at = files[j].data; at < end; at++)
			lines += *at == '\n';
		CLAIM(origins[i].line <= lines);
	}
}

/* stepupd -t -f says what the service would of that file alone. */
static void
alone(enum outcome o, const struct settings *whole)
{
	static char text[16 * 1024], second[16 * 1024];
	struct failure f = { .path = "" };
	struct settings s;
	size_t len;

	CLAIM(settings_read_file(&s, &paths, names[0], &f) == o);
	if (o != OUT_DONE)
		return;
	len = settings_print(&s, text, sizeof(text));
	CLAIM(len == settings_print(whole, second, sizeof(second)));
	CLAIM(memcmp(text, second, len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct failure f = { .path = "" };
	struct settings s, before;
	enum outcome o;

	if (folder_fd == -1)
		make_folder();
	memset(&s, 0x5a, sizeof(s));
	before = s;
	cut(data, len);
	o = settings_read(&s, &paths, &f);
	CLAIM(o == OUT_DONE || o == OUT_CONFIG);
	if (o == OUT_DONE) {
		in_range(&s);
		copy(&s);
	} else {
		CLAIM(f.reason[0] != '\0' && f.path[0] != '\0');
		CLAIM(memcmp(&s, &before, sizeof(s)) == 0);
	}
	traced(o);
	if (files[1].data == NULL)
		alone(o, &s);
	return 0;
}
