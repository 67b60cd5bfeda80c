/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/types.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/settings_table.h"
#include "daemon/trusted.h"

#define FILES_MAX	64	/* in the folder */
#define SUFFIX		".conf"

struct reading {
	struct settings	settings;
	struct setting_origin origins[SETTING_COUNT];
	unsigned	order;
};

/* Names of the folder's files, in byte order. */
struct listing {
	char		*names[FILES_MAX];
	size_t		 count;
};

/* FILE:LINE; a long file name loses its beginning, not the line. */
static enum outcome
refuse_line(struct failure *f, const char *file, unsigned line,
    const char *reason)
{
	char at[sizeof(f->path)];
	size_t len = strlen(file), room = sizeof(at) - sizeof(":4294967295");

	if (len > room)
		file += len - room;
	snprintf(at, sizeof(at), "%.*s:%u", (int)room, file, line);
	return failure_set(f, OUT_CONFIG, at, "%s", reason);
}

static int
find_row(const char *name)
{
	int i;

	for (i = 0; i < SETTING_COUNT; i++)
		if (strcmp(setting_rows[i].name, name) == 0)
			return i;
	return -1;
}

static enum outcome
apply_one(struct reading *r, const char *file, const config_setting_t *value,
    struct failure *f)
{
	const char *name = config_setting_name(value);
	unsigned line = config_setting_source_line(value);
	struct setting_origin *origin;
	char reason[sizeof(f->reason)];
	int row = find_row(name);

	if (row == -1) {
		snprintf(reason, sizeof(reason), "unknown setting %.64s",
		    name);
		return refuse_line(f, file, line, reason);
	}
	if (!setting_rows[row].set(&r->settings, &setting_rows[row], value)) {
		snprintf(reason, sizeof(reason), "%s must be %s",
		    setting_rows[row].name, setting_rows[row].must);
		return refuse_line(f, file, line, reason);
	}
	origin = &r->origins[row];
	origin->order = ++r->order;
	origin->line = line;
	snprintf(origin->file, sizeof(origin->file), "%s", file);
	return OUT_DONE;
}

static enum outcome
apply_all(struct reading *r, const char *file, const config_t *config,
    struct failure *f)
{
	const config_setting_t *root = config_root_setting(config);
	enum outcome o = OUT_DONE;
	int i;

	for (i = 0; i < config_setting_length(root) && o == OUT_DONE; i++)
		o = apply_one(r, file, config_setting_get_elem(root,
		    (unsigned)i), f);
	return o;
}

static enum outcome
parse_file(struct reading *r, const char *file, const char *data, size_t len,
    struct failure *f)
{
	config_t config;
	const char *wrong;
	enum outcome o;
	unsigned line;
	char *text;

	if ((wrong = setting_look(data, len, &line)) != NULL)
		return refuse_line(f, file, line, wrong);
	/* To libconfig a comment without a newline is a syntax error. */
	if ((text = malloc(len + 2)) == NULL)
		return failure_set(f, OUT_MEMORY, file, "no memory");
	memcpy(text, data, len);
	memcpy(text + len, "\n", 2);
	config_init(&config);
	if (config_read_string(&config, text) == CONFIG_TRUE) {
		o = apply_all(r, file, &config, f);
	} else {
		wrong = config_error_text(&config);
		line = (unsigned)config_error_line(&config);
		o = refuse_line(f, file, line, wrong != NULL ? wrong :
		    "cannot be read");
	}
	config_destroy(&config);
	free(text);
	return o;
}

/* The later of two settings that do not go together is the one at fault. */
static enum outcome
refuse_pair(const struct reading *r, int a, int b, const char *reason,
    struct failure *f)
{
	const struct setting_origin *at = &r->origins[a];

	if (r->origins[b].order > at->order)
		at = &r->origins[b];
	return refuse_line(f, at->file, at->line, reason);
}

static enum outcome
check_together(const struct reading *r, struct failure *f)
{
	const struct limits *l = &r->settings.limits;
	char reason[sizeof(f->reason)];

	if (l->attempts >= l->cap) {
		snprintf(reason, sizeof(reason), "attempts (%u) must be less"
		    " than cap (%u)", l->attempts, l->cap);
		return refuse_pair(r, SETTING_ATTEMPTS, SETTING_CAP, reason,
		    f);
	}
	if (l->cap > l->cap_year) {
		snprintf(reason, sizeof(reason), "cap (%u) must not be more"
		    " than cap_year (%u)", l->cap, l->cap_year);
		return refuse_pair(r, SETTING_CAP, SETTING_CAP_YEAR, reason,
		    f);
	}
	return OUT_DONE;
}

static enum outcome
read_one(struct reading *r, const char *file, const struct paths *paths,
    int flags, bool *absent, struct failure *f)
{
	enum outcome o;
	char *data;
	size_t len;

	if (!trusted_read(file, paths->owner, flags, &data, &len, absent, f))
		return OUT_CONFIG;
	o = parse_file(r, file, data, len, f);
	free(data);
	return o;
}

/* `*.conf` as the shell has it: no hidden files, no backups. */
static bool
settings_name(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > strlen(SUFFIX) &&
	    strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
listing_free(struct listing *l)
{
	while (l->count > 0)
		free(l->names[--l->count]);
}

static enum outcome
list_entries(DIR *dir, const char *path, struct listing *l,
    struct failure *f)
{
	struct dirent *entry;

	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
		if (!settings_name(entry->d_name))
			continue;
		if (l->count == FILES_MAX)
			return failure_set(f, OUT_CONFIG, path,
			    "more than %d files", FILES_MAX);
		l->names[l->count] = strdup(entry->d_name);
		if (l->names[l->count] == NULL)
			return failure_set(f, OUT_MEMORY, path, "no memory");
		l->count++;
	}
	if (errno != 0)
		return failure_set(f, OUT_CONFIG, path, "%s",
		    strerror(errno));
	qsort(l->names, l->count, sizeof(l->names[0]), by_bytes);
	return OUT_DONE;
}

/* An absent folder is an empty one.  The caller frees, in any case. */
static enum outcome
list_folder(const struct paths *paths, struct listing *l, struct failure *f)
{
	enum outcome o;
	bool absent;
	DIR *dir;
	int fd;

	l->count = 0;
	fd = trusted_folder(paths->conf_dir, paths->owner, &absent, f);
	if (fd == -1)
		return absent ? OUT_DONE : OUT_CONFIG;
	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return failure_set(f, OUT_MEMORY, paths->conf_dir, "%s",
		    strerror(errno));
	}
	o = list_entries(dir, paths->conf_dir, l, f);
	closedir(dir);
	return o;
}

static enum outcome
read_folder(struct reading *r, const struct paths *paths, struct failure *f)
{
	char file[PATH_MAX];
	struct listing l;
	enum outcome o;
	bool absent;
	size_t i;

	o = list_folder(paths, &l, f);
	for (i = 0; i < l.count && o == OUT_DONE; i++) {
		if (snprintf(file, sizeof(file), "%s/%s", paths->conf_dir,
		    l.names[i]) >= (int)sizeof(file)) {
			o = failure_set(f, OUT_CONFIG, paths->conf_dir, "%s",
			    strerror(ENAMETOOLONG));
			break;
		}
		o = read_one(r, file, paths, TRUSTED_LINK, &absent, f);
		if (o != OUT_DONE && absent)
			o = OUT_DONE;	/* removed since it was listed */
	}
	listing_free(&l);
	return o;
}

static void
forget(struct failure *f)
{
	if (f != NULL)
		memset(f, 0, sizeof(*f));
}

static enum outcome
read_set(struct reading *r, const struct paths *paths, struct failure *f)
{
	enum outcome o;
	bool absent;

	settings_default(&r->settings, paths);
	o = read_one(r, paths->conf, paths, TRUSTED_LINK, &absent, f);
	if (o != OUT_DONE && absent)
		o = OUT_DONE;
	if (o == OUT_DONE)
		o = read_folder(r, paths, f);
	if (o == OUT_DONE)
		o = check_together(r, f);
	if (o == OUT_DONE)
		forget(f);
	return o;
}

enum outcome
settings_read(struct settings *out, const struct paths *paths,
    struct failure *f)
{
	struct reading r = { .order = 0 };
	enum outcome o = read_set(&r, paths, f);

	if (o == OUT_DONE)
		*out = r.settings;
	return o;
}

enum outcome
settings_trace(struct setting_origin origins[SETTING_COUNT],
    const struct paths *paths, struct failure *f)
{
	struct reading r = { .order = 0 };
	enum outcome o = read_set(&r, paths, f);

	memset(origins, 0, SETTING_COUNT * sizeof(*origins));
	if (o == OUT_DONE)
		memcpy(origins, r.origins, sizeof(r.origins));
	return o;
}

enum outcome
settings_read_file(struct settings *out, const struct paths *paths,
    const char *file, struct failure *f)
{
	struct reading r = { .order = 0 };
	enum outcome o;
	bool absent;

	forget(f);
	settings_default(&r.settings, paths);
	o = read_one(&r, file, paths, TRUSTED_REMARK, &absent, f);
	if (o == OUT_DONE)
		o = check_together(&r, f);
	if (o == OUT_DONE)
		*out = r.settings;
	return o;
}

enum outcome
settings_parse(struct settings *s, const char *file, const char *data,
    size_t len, struct failure *f)
{
	struct reading r = { .settings = *s };
	enum outcome o;

	o = parse_file(&r, file, data, len, f);
	if (o == OUT_DONE)
		o = check_together(&r, f);
	if (o == OUT_DONE)
		*s = r.settings;
	return o;
}

/* FNV-1a: tells changes apart, against nobody. */
static void
digest(struct settings_mark *m, const void *data, size_t len)
{
	const unsigned char *c = data;

	for (; len > 0; len--, c++)
		m->digest = (m->digest ^ *c) * UINT64_C(1099511628211);
}

static void
digest_number(struct settings_mark *m, int64_t n)
{
	digest(m, &n, sizeof(n));
}

/* The thing itself and, where it is a link, what it leads to. */
static void
digest_file(struct settings_mark *m, const char *path)
{
	struct stat st;
	int flags[] = { AT_SYMLINK_NOFOLLOW, 0 };
	size_t i;

	digest(m, path, strlen(path));
	for (i = 0; i < 2; i++) {
		if (fstatat(AT_FDCWD, path, &st, flags[i]) == -1) {
			digest_number(m, errno);
			continue;
		}
		digest_number(m, (int64_t)st.st_dev);
		digest_number(m, (int64_t)st.st_ino);
		digest_number(m, (int64_t)st.st_mode);
		digest_number(m, (int64_t)st.st_uid);
		digest_number(m, (int64_t)st.st_size);
		digest_number(m, (int64_t)st.st_mtim.tv_sec);
		digest_number(m, (int64_t)st.st_mtim.tv_nsec);
		digest_number(m, (int64_t)st.st_ctim.tv_sec);
		digest_number(m, (int64_t)st.st_ctim.tv_nsec);
	}
}

void
settings_look(const struct paths *paths, struct settings_mark *m)
{
	char file[PATH_MAX];
	struct listing l;
	size_t i;

	m->digest = UINT64_C(14695981039346656037);
	digest_file(m, paths->conf);
	digest_file(m, paths->conf_dir);
	digest_number(m, list_folder(paths, &l, NULL));
	for (i = 0; i < l.count; i++)
		if (snprintf(file, sizeof(file), "%s/%s", paths->conf_dir,
		    l.names[i]) < (int)sizeof(file))
			digest_file(m, file);
	listing_free(&l);
}
