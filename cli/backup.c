/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stepup backup: all accounts into one sealed file.  What comes from the
 * service is sealed already; here it only gets a name, once it is whole and
 * on the disk.
 */
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/fs.h>

#include "cli/admin.h"
#include "cli/folder.h"
#include "cli/json.h"
#include "cli/passphrase.h"
#include "cli/verdict.h"

struct backup {
	const struct call *call;
	const char	*path;
	char		 part[PATH_MAX];	/* until it is whole */
	int		 fd;
	uint64_t	 bytes;
	int		 error;			/* of writing; 0: none */
};

static enum exit_status
refuse(const struct backup *b, int error)
{
	char path[256], why[512];

	terminal_clean(b->path, path, sizeof(path));
	if (error == EEXIST)
		snprintf(why, sizeof(why), "%s is there already; nothing is "
		    "ever written over.", path);
	else
		snprintf(why, sizeof(why), "%s: %s", path, strerror(error));
	return verdict_because(b->call, why, &verdict_backup);
}

/* Beside the name it will have: renaming must not cross a file system. */
static enum exit_status
start(struct backup *b)
{
	struct stat st;

	if (lstat(b->path, &st) == 0)
		return refuse(b, EEXIST);
	if (snprintf(b->part, sizeof(b->part), "%s.XXXXXX", b->path) >=
	    (int)sizeof(b->part))
		return refuse(b, ENAMETOOLONG);
	b->fd = mkostemp(b->part, O_CLOEXEC);
	if (b->fd != -1)
		return EXIT_DONE;
	b->part[0] = '\0';
	return refuse(b, errno);
}

static bool
packet(const struct wire_message *m, void *arg)
{
	const struct wire_field *data = &m->field[TAG_DATA];
	struct backup *b = arg;

	if (!data->present)
		return false;
	if (b->error == 0 && !terminal_write(b->fd, (const char *)data->data,
	    data->len))
		b->error = errno;
	b->bytes += data->len;
	return true;
}

/* Not every file system knows RENAME_NOREPLACE, nor every one links. */
static bool
publish(const char *part, const char *path)
{
	if (syscall(SYS_renameat2, AT_FDCWD, part, AT_FDCWD, path,
	    RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	return link(part, path) == 0 && unlink(part) == 0;
}

static enum exit_status
finish(struct backup *b)
{
	if (b->error != 0)
		return refuse(b, b->error);
	if (fsync(b->fd) == -1 || !publish(b->part, b->path))
		return refuse(b, errno);
	b->part[0] = '\0';
	return folder_sync(b->path) ? EXIT_DONE : refuse(b, errno);
}

static enum exit_status
ask(struct backup *b, uint32_t *accounts)
{
	char passphrase[PASSPHRASE_MAX + 1];
	enum exit_status status;
	struct wire_message last = { 0 };
	struct wire_writer w;
	struct session s;

	status = passphrase_get(b->call, true, passphrase);
	if (status != EXIT_DONE)
		return status;
	admin_start(b->call, VERB_BACKUP, &w);
	wire_put_bytes(&w, TAG_ANSWER, passphrase, strlen(passphrase));
	explicit_bzero(passphrase, sizeof(passphrase));
	status = admin_ask(b->call, &w, &s, packet, b, &last);
	wire_get_uint(&last, TAG_COUNT, accounts);
	session_close(&s);
	return status == EXIT_DONE ? finish(b) : status;
}

static void
tell(const struct backup *b, uint32_t accounts)
{
	const struct call *call = b->call;
	char path[256];
	json_t *j;

	terminal_clean(b->path, path, sizeof(path));
	result(call, "%u %s in %s (%llu KB).", (unsigned)accounts,
	    accounts == 1 ? "account is" : "accounts are", path,
	    (unsigned long long)(b->bytes + 1023) / 1024);
	say(call, "Whoever has the file and its passphrase has everybody's "
	    "app secrets. Keep both\naway from this host, and apart.");
	say(call, "Not in it: settings, keys of this host, the log, login "
	    "passes.");
	say(call, "Next: %sstepup restore FILE, on the host that takes over",
	    call_way(call));
	if (!call_has(call, OPTION_JSON) || (j = json_call()) == NULL)
		return;
	json_object_set_new(j, "file", json_words(b->path));
	json_object_set_new(j, "bytes", json_integer((json_int_t)b->bytes));
	json_object_set_new(j, "accounts", json_integer(accounts));
}

enum exit_status
backup_run(const struct call *call)
{
	struct backup b = { .call = call, .path = call->operand, .fd = -1 };
	enum exit_status status;
	uint32_t accounts = 0;

	status = start(&b);
	if (status == EXIT_DONE)
		status = ask(&b, &accounts);
	if (b.part[0] != '\0')
		unlink(b.part);
	if (b.fd != -1)
		close(b.fd);
	if (status == EXIT_DONE)
		tell(&b, accounts);
	return status;
}
