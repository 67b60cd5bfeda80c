/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BACKUP: every account as of one moment, sealed with a passphrase.
 *
 * The read transaction must not last as long as a slow client, a key
 * derivation and a disk: an open reader keeps the WAL from starting anew.
 * So rows go, sealed as they lie in the store, to a file without a name
 * first; opened, they are in locked memory alone, one account at a time,
 * and leave it inside a sealed chunk.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/text.h"
#include "daemon/archive.h"
#include "daemon/clock.h"
#include "daemon/keyring.h"
#include "daemon/locked.h"
#include "daemon/log.h"
#include "daemon/record.h"
#include "daemon/seal.h"
#include "daemon/session.h"

/* Behind the store's name. */
#define SPOOL "-spool"

/* In locked memory. */
struct backup {
	struct session	*s;
	const struct keyring *ring;
	FILE		*spool;
	uint64_t	 accounts;
	bool		 damaged;	/* somebody's row: nobody is left out */
	bool		 gone;		/* the client takes no more */
	struct secret	 passphrase;	/* until the header is written */
	struct archive	 archive;
	struct account	 account;
	uint8_t		 record[RECORD_MAX];
};

/* --- The spool -------------------------------------------------------- */

/*
 * Without O_TMPFILE a name for a moment, that nobody gives to a copy of the
 * store; what lies there was left by one who was killed.
 */
static int
spool_open(const char *store)
{
	char dir[PATH_MAX], *slash;
	int fd;

	if (snprintf(dir, sizeof(dir), "%s", store) >= (int)sizeof(dir) ||
	    (slash = strrchr(dir, '/')) == NULL)
		return -1;
	*slash = '\0';
	fd = open(*dir != '\0' ? dir : "/", O_TMPFILE | O_RDWR | O_CLOEXEC,
	    0600);
	if (fd != -1 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	if (snprintf(dir, sizeof(dir), "%s" SPOOL, store) >=
	    (int)sizeof(dir))
		return -1;
	unlink(dir);
	fd = open(dir, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd != -1)
		unlink(dir);
	return fd;
}

static enum outcome
spool_failed(struct backup *b)
{
	return failure_set(&b->s->failure, OUT_STORE, b->s->settings.store,
	    "a file for the backup beside the store: %s", strerror(errno));
}

/* In place of a path: whose row it is. */
static void
blame(struct backup *b, const struct account *a)
{
	text_printable(a->name, strlen(a->name), b->s->failure.path,
	    sizeof(b->s->failure.path));
}

static bool
spool_account(const struct account *a, void *arg)
{
	struct backup *b = arg;
	size_t len = record_put_account(a, RECORD_SEALED, b->record);

	if (len == 0) {
		b->damaged = true;
		failure_set(&b->s->failure, OUT_STORE, NULL,
		    "this account's row is damaged");
		blame(b, a);
		return false;
	}
	if (fwrite(b->record, 1, len, b->spool) != len)
		return false;
	b->accounts++;
	return true;
}

/* All rows of one moment, as quickly as the disk takes them. */
static enum outcome
spool_fill(struct backup *b)
{
	struct session *s = b->s;
	struct store *store;
	enum outcome o;
	int fd;

	if ((o = site_store(s->site, &store, &s->failure)) != OUT_DONE)
		return o;
	fd = spool_open(s->settings.store);
	if (fd == -1)
		return spool_failed(b);
	if ((b->spool = fdopen(fd, "w+")) == NULL) {
		close(fd);
		return OUT_MEMORY;
	}
	o = session_store_code(s, site_driver(s->site)->snapshot(store,
	    spool_account, b, &s->failure));
	if (o == OUT_DONE && b->damaged)
		return OUT_STORE;
	if (o == OUT_DONE && (ferror(b->spool) || fflush(b->spool) != 0 ||
	    fseek(b->spool, 0, SEEK_SET) != 0))
		o = spool_failed(b);
	return o;
}

/* The next account, sealed. */
static bool
spool_next(struct backup *b)
{
	size_t len;

	errno = EIO;		/* what is read is not what was written */
	if (fread(b->record, 1, RECORD_HEADER, b->spool) != RECORD_HEADER)
		return false;
	len = (size_t)b->record[0] << 8 | b->record[1];
	return len <= RECORD_MAX - RECORD_HEADER &&
	    fread(b->record, 1, len, b->spool) == len &&
	    record_get_account(b->record, len, RECORD_SEALED, &b->account);
}

/* --- Out -------------------------------------------------------------- */

static bool
send_bytes(const uint8_t *data, size_t len, void *arg)
{
	struct backup *b = arg;
	struct wire_writer w;

	wire_start(&w, WIRE_VERSION, VERB_BACKUP | WIRE_REPLY);
	wire_put_bytes(&w, TAG_DATA, data, len);
	b->gone = !talk_send(b->s->talk, &w);
	return !b->gone;
}

static enum outcome
archive_outcome(struct backup *b, enum archive_code code)
{
	if (code == ARCHIVE_OK)
		return OUT_DONE;
	return b->gone ? OUT_NO_INPUT : OUT_MEMORY;
}

static enum outcome
put_record(struct backup *b, size_t len)
{
	enum archive_code code;

	if (len == 0)
		return OUT_INTERNAL;
	code = archive_write(&b->archive, b->record, len, send_bytes, b);
	explicit_bzero(b->record, sizeof(b->record));
	return archive_outcome(b, code);
}

static enum outcome
put_head(struct backup *b, int64_t now)
{
	struct record_head head = { .made_at = now };
	char host[RECORD_HOST_MAX + 1] = "";

	if (gethostname(host, sizeof(host) - 1) == 0)
		text_printable(host, strlen(host), head.host,
		    sizeof(head.host));
	return put_record(b, record_put_head(&head, b->record));
}

/*
 * A secret that does not open ends it: a backup from which somebody is
 * missing would be found out when it is needed.
 */
static enum outcome
open_account(struct backup *b)
{
	if (seal_open_account(b->ring, &b->account, &b->s->failure))
		return OUT_DONE;
	blame(b, &b->account);
	return OUT_KEY;
}

static enum outcome
put_accounts(struct backup *b)
{
	enum outcome o = OUT_DONE;
	uint64_t i;

	for (i = 0; i < b->accounts && o == OUT_DONE; i++) {
		if (!spool_next(b))
			return spool_failed(b);
		o = open_account(b);
		if (o == OUT_DONE)
			o = put_record(b, record_put_account(&b->account,
			    RECORD_OPEN, b->record));
		account_wipe(&b->account);
	}
	return o;
}

static enum outcome
write_archive(struct backup *b, int64_t now)
{
	static const struct archive_costs costs = { ARCHIVE_LOG_N, ARCHIVE_R,
		ARCHIVE_P };
	enum outcome o;

	o = archive_outcome(b, archive_create(&b->archive, &b->passphrase,
	    &costs, send_bytes, b));
	secret_wipe(&b->passphrase);
	if (o == OUT_DONE)
		o = put_head(b, now);
	if (o == OUT_DONE)
		o = put_accounts(b);
	if (o == OUT_DONE)
		o = put_record(b, record_put_end(b->accounts, b->record));
	if (o == OUT_DONE)
		o = archive_outcome(b, archive_finish(&b->archive, send_bytes,
		    b));
	return o;
}

/* --- Told ------------------------------------------------------------- */

/* On record before the secrets are out: who takes them, and when. */
static enum store_code
write_event(struct session *s, struct store *store, int64_t now, void *arg,
    enum outcome *o)
{
	struct store_event event = session_event(s, now);

	(void)arg;
	*o = OUT_DONE;
	return site_driver(s->site)->tell(store, STORE_BACKED_UP, &event,
	    &s->failure);
}

void
session_tell_accounts(const struct session *s, const char *what,
    uint64_t accounts)
{
	char line[160] = "", by[16], count[24];
	size_t used = 0;

	snprintf(by, sizeof(by), "%lu", (unsigned long)s->by);
	snprintf(count, sizeof(count), "%llu", (unsigned long long)accounts);
	text_field(line, sizeof(line), &used, "accounts", count);
	text_field(line, sizeof(line), &used, "by", s->by_known ? by : NULL);
	log_line(LOG_NOTICE, "%s%s", what, line);
}

static enum outcome
serve(struct backup *b)
{
	struct session *s = b->s;
	int64_t now = clock_now();
	enum outcome o;

	b->ring = site_keyring(s->site, &s->failure);
	if (b->ring == NULL)
		return OUT_KEY;
	o = spool_fill(b);
	if (o == OUT_DONE)
		o = session_write(s, write_event, NULL);
	if (o == OUT_DONE) {
		session_tell_accounts(s, "change.backup", b->accounts);
		o = write_archive(b, now);
	}
	s->facts.count = b->accounts > UINT32_MAX ? UINT32_MAX :
	    (uint32_t)b->accounts;
	return o;
}

static enum outcome
read_request(struct backup *b)
{
	struct session *s = b->s;
	enum outcome o;

	if ((o = session_note(s, false)) != OUT_DONE)
		return o;
	if (wire_get_secret(s->request, TAG_ANSWER, &b->passphrase) &&
	    b->passphrase.len >= ARCHIVE_PASSPHRASE_MIN)
		return OUT_DONE;
	return failure_set(&s->failure, OUT_PROTOCOL, NULL,
	    "a passphrase has at least %d bytes", ARCHIVE_PASSPHRASE_MIN);
}

enum outcome
backup_serve(struct session *s)
{
	struct backup *b = locked_new(sizeof(*b));
	enum outcome o;
	int dir = -1;

	if (b == NULL)
		return OUT_MEMORY;
	b->s = s;
	o = read_request(b);
	/* What is spooled is sealed: its key stays in the ring. */
	if (o == OUT_DONE)
		o = session_hold(s, true, &dir);
	if (o == OUT_DONE)
		o = serve(b);
	if (dir != -1)
		close(dir);
	if (b->spool != NULL)
		fclose(b->spool);
	locked_free(b, sizeof(*b));
	return o;
}
