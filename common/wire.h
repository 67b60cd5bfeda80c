/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The protocol of stepupd, whole.
 *
 * Transport: AF_UNIX SOCK_SEQPACKET, one frame a packet, at most
 * WIRE_PACKET_MAX bytes.  An empty packet means the end.
 *
 * Frame:   version u8 | verb u8 | field*
 * Field:   tag u8 | length u16 big-endian | length bytes
 *
 * A tag with WIRE_IGNORABLE set may be skipped by a reader that does not
 * know it.  Every other unknown tag, a tag twice, bytes left over, a field
 * of the wrong length or a string with a NUL makes the frame malformed
 * (OUT_PROTOCOL).  Integers are unsigned and big-endian; i64 is two's
 * complement.
 *
 * CHECK, VERIFY (version 1; answered for ever; newer fields carry
 * WIRE_IGNORABLE; the answer's version byte is the server's version):
 *   request   [NAME, UID] SERVICE [RHOST] [TTY]; VERIFY also ANSWER EARLIER
 *             No NAME and UID: the name service does not know the person,
 *             at either door.  At the public door the UID must be the
 *             peer's, else OUT_PEER.
 *   answer    verb | WIRE_REPLY: OUTCOME and, where they say something,
 *             KINDS WHY WAIT COUNT LIMIT LOCK LEFT KIND PATH REASON HELP
 *   A server that refuses before it has read anything (OUT_BUSY, OUT_PEER)
 *   answers with the verb WIRE_REPLY alone; clients take that for any verb,
 *   also when their own request could no longer be sent (EPIPE).
 *
 * STATUS, ENROLL, CODES, REMOVE, TEST: a conversation on one connection.
 *   request   [NAME] (administration only) [FLAGS] [LABEL]
 *   then any number of rounds, the server speaks and the client answers:
 *     PROMPT  TEXT STYLE                 -> ANSWER (or CANCEL)
 *     NOTE    TEXT                       (no answer)
 *     OFFER   SECRET ISSUER NAME ALGORITHM DIGITS PERIOD
 *                                        (no answer: show it, a PROMPT
 *                                        with STYLE_NEW_CODE follows)
 *     MISS    TRIES [SKEW] [FLAGS]       (the new code was wrong; another
 *                                        PROMPT follows; FLAG_DEFAULTS with
 *                                        the ALGORITHM DIGITS PERIOD that
 *                                        give this code)
 *     SHEET   CODES [NUMBER]             -> with NUMBER: show, and a PROMPT
 *                                        STYLE_SHEET_CODE follows that asks
 *                                        for that code; without: show them
 *   answer    verb | WIRE_REPLY, one packet or a run of them; LAST in the
 *             last, which alone carries OUTCOME (and the facts above).
 *             STATUS: a packet for each authenticator (LABEL ALGORITHM
 *             DIGITS PERIOD CREATED [USED]), then the last: OUTCOME NAME
 *             [ENROLLED LEFT CODES_MADE CODES_ALL], and per locked kind
 *             WAIT_TOTP WAIT_RECOVERY, FLAGS (FLAG_MOVED, FLAG_DISABLED,
 *             FLAG_ADMIN_LOCK).  To administration WHY is OUT_KEY, with
 *             PATH and REASON, where there is no sound keyring, or none of
 *             this store.
 *             CODES without FLAG_NEW: the last packet as for STATUS.
 *             To the account's own uid and to administration also the
 *             login pass and the ticket that are in force: EXPIRES
 *             EXPIRES_TICKET, SERVICE where the pass is bound to one.
 *             ENROLL with FLAG_ADD: LABEL names one more; no SHEET.
 *             ENROLL with FLAG_TICKET: an enrollment ticket is asked for (a
 *             PROMPT STYLE_FACTOR) in place of the password.
 *             TEST: a PROMPT STYLE_FACTOR, answered as a VERIFY is; after a
 *             wrong app code another, for the next code of the app.  OUTCOME
 *             and facts are those of the last; SKEW (and LABEL) when both
 *             were codes of two steps in a row within a day.
 *             REMOVE: LABEL, or FLAG_ALL.  The last one: refused where
 *             policy would then deny (OUT_LAST_FACTOR); at the admin door
 *             a PROMPT STYLE_CONFIRM asks.
 *
 * LOCK, UNLOCK: administration alone, conversations without rounds.
 *   request   NAME [BY]; LOCK also REASON (1..200 bytes, no control bytes)
 *   answer    OUTCOME NAME.  UNLOCK: what it cleared, as STATUS says it,
 *             the longer wait of both doors; COUNT, wrong codes counted;
 *             TEXT, why it was locked; PASSWORDS, wrong ones in this hour.
 * PASS: administration alone, a conversation without rounds.
 *   request   NAME [BY] [FLAGS], and with FLAG_REVOKE: [REASON]; else REASON
 *             TTL [SERVICE].  FLAG_TICKET: about the enrollment ticket, not
 *             the login pass.
 *   answer    SHEET CODES with the one code, which is in force; then
 *             OUTCOME NAME EXPIRES [SERVICE], FLAGS (FLAG_REVOKE: an older
 *             one became void).  FLAG_REVOKE: OUTCOME alone; OUT_NO_PASS:
 *             there was none.
 * LIST, LOG: administration alone, about nobody.
 *   request   LIST: [FLAG_PASSES]; LOG: [AFTER] [AFTER_PUBLIC] [AFTER_HOUR]
 *             [FLAG_FOLLOW], and what is wanted: [UID] [SERVICE] [SINCE]
 *             [UNTIL] [OUTCOMES] [CHANGES]
 *   answer    a run of packets with ROWS, then the last: OUTCOME.  A packet
 *             without ROWS says that the service is alive.
 *             LIST, by name: NAME UID [ENROLLED] [USED] COUNT (of
 *             authenticators) LEFT CODES_ALL FLAGS [WAIT_TOTP]
 *             [WAIT_RECOVERY], the longer of both doors, [EXPIRES]
 *             [EXPIRES_TICKET] of a pass and a ticket in force.  With
 *             FLAG_PASSES, each pass on record, in force or not: NAME UID
 *             CREATED EXPIRES [USED] [SERVICE] [BY] REASON FLAGS
 *             (FLAG_TICKET; FLAG_ENROLLED: it is in force).
 *             LOG, each ring oldest first: RING EVENT CREATED [UID] [NAME]
 *             OUTCOME KIND CHANGE [SERVICE] [RHOST] [TTY] [BY] [REASON].
 *             What the login door only counted, behind the events of its
 *             hour: RING WIRE_RING_TALLY, EVENT the hour since 1970,
 *             CREATED the last of them, [UID] [NAME] OUTCOME COUNT, and
 *             FLAG_RUNNING: the hour is not over.
 *             Each packet has AFTER AFTER_PUBLIC AFTER_HOUR, where its
 *             client stands then; COUNT, events that a ring had dropped
 *             before they were read; FLAG_ANEW: the place that was asked
 *             for is of another store, all is told.
 *
 * RENAME, REBIND, PRUNE: administration alone; the name is one of the store.
 *   request   NAME [BY] [REASON]; RENAME also NEW_NAME, one of this host
 *   then      NOTE ...                 (what is there, and what it means)
 *             PROMPT STYLE_CONFIRM     -> ANSWER
 *   answer    OUTCOME NAME [UID]; RENAME also NEW_NAME, REBIND STORED_UID,
 *             the one it was.
 * PRUNE without NAME: a list, nothing is changed.
 *   answer    a run of packets with ROWS, then the last: OUTCOME.  Accounts
 *             of the store that the name service does not have so: NAME
 *             STORED_UID [ENROLLED] [USED] COUNT LEFT, [UID] that name's
 *             number on this host, [NEW_NAME] whose number it is there.
 * OUT_CHANGED to administration: NAME UID as the name service says, with
 *             STORED_UID, which uid the store has under that name, and
 *             STORED_NAME, under which name it has that uid.  STATUS of a
 *             name that the store alone has: no UID.
 *
 * POLICY: administration alone: the settings in force.
 *   request   [NAME [SERVICE]]
 *   answer    a run of packets with ROWS, then the last.  A row: LABEL, the
 *             key; TEXT, its value (a long one goes on in the next row of
 *             that LABEL; none: there is no value); where it was set, PATH
 *             and COUNT, the line; neither: the default.
 *             Last: OUTCOME; FLAG_ACCEPTED with PATH and REASON where the
 *             files are refused and those last accepted are in force.  With
 *             NAME: NAME SERVICE KINDS WAIT, and WHY, what a login would
 *             come to: OUT_ASK, OUT_NOT_COVERED, OUT_MUST_ENROLL ...
 *
 * IMPORT: administration alone, about nobody: factors of other modules.
 *   request   [BY] [FLAGS] (FLAG_DRY_RUN; with FLAG_NEW: there is no store
 *             yet, as if it were empty), then an upload; a row: NAME UID
 *             SECRET ALGORITHM DIGITS PERIOD [AFTER], the last step that is
 *             known to be used up.
 *   answer    a run of packets with ROWS, then the last: OUTCOME, COUNT of
 *             the accounts imported, LIMIT, the window in force.  Nothing
 *             is written before the whole upload was there, then account by
 *             account: each is whole or not there, also when OUTCOME is a
 *             failure.  A row for each of the upload, in its order: OUTCOME,
 *             OUT_DONE; OUT_EXISTS, a factor is there; OUT_NAME_TAKEN, in
 *             the upload twice; OUT_REPLAY, another account has the same
 *             secret; OUT_CHANGED; OUT_BUSY, changed meanwhile; OUT_ASK,
 *             not written because of the failure.
 * BACKUP: administration alone, about nobody.
 *   request   ANSWER, the passphrase (12 bytes at least) [BY]
 *   answer    packets with DATA, the file in its order, then the last:
 *             OUTCOME COUNT (of accounts).
 * RESTORE: administration alone, about nobody.
 *   request   ANSWER [FLAG_REPLACE] [BY]
 *   then      an upload; a row is DATA, the file in its order
 *   answer    packets with ROWS: NAME STORED_UID [UID], who is another one
 *             on this host, or nobody (no UID); one with CREATED TEXT COUNT:
 *             when and on which host the backup was made, how many names
 *             were not looked up; then the last: OUTCOME COUNT (of accounts
 *             restored) LEFT (how many others have no factor any more).
 *
 * KEY: administration alone, about nobody.
 *   request   nothing: a report; FLAG_NEW: rotate, [BY] [REASON]
 *   answer    a run of packets, then the last.
 *             Report, a packet for each key of the ring, then for each that
 *             secrets name and the ring has not: KEY COUNT (secrets sealed
 *             with it) STUCK (those of them that do not open) FLAGS
 *             (FLAG_ACTIVE, FLAG_ABSENT).
 *             Rotation: COUNT alone, so far, now and then; at the end KEY
 *             FLAG_ABSENT for each key that left the ring.
 *             Both, for the first secrets that do not open: NAME [KEY].
 *             Last: OUTCOME COUNT (secrets in all; sealed anew) STUCK PATH
 *             [KEY, the active one] FLAGS (FLAG_UNFINISHED: the ring has old
 *             keys; FLAG_RESUMED: had when this began; FLAG_HELD:
 *             somebody holds it).  Report: WHY and REASON where there is no
 *             sound ring of this store.
 *
 * An upload: what a client sends after the request of IMPORT or RESTORE
 * (administration), before the answer.
 *     UPLOAD  [ROWS] [LAST]              (no answer: the next, or after
 *                                        LAST the answer to the request)
 *             Rows are frames as in the answer of LIST; the request's verb
 *             says what they hold.  A CANCEL, or an end before LAST, undoes
 *             all of it.  A server that refuses answers before LAST; who
 *             sends has to look, and to stop then.
 */
#ifndef STEPUP_COMMON_WIRE_H
#define STEPUP_COMMON_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"

#define WIRE_VERSION	1
#define WIRE_PACKET_MAX	4096
#define WIRE_STRING_MAX	255
#define WIRE_ANSWER_MAX	128
#define WIRE_IGNORABLE	0x80
#define WIRE_REPLY	0x80

/* A code on a sheet: 16 symbols, no separators; at most 20 of them. */
#define WIRE_CODE_LENGTH 16
#define WIRE_CODES_MAX	20
#define WIRE_ROWS_MAX	4000
#define WIRE_RING_TALLY	2
#define WIRE_DATA_MAX	3900	/* as a row it fits a packet */

enum wire_verb {
	VERB_CHECK = 1,
	VERB_VERIFY = 2,
	VERB_STATUS = 3,
	VERB_ENROLL = 4,
	VERB_CODES = 5,
	VERB_REMOVE = 6,
	VERB_TEST = 7,
	/* administration */
	VERB_LOCK = 16,
	VERB_UNLOCK = 17,
	VERB_LIST = 18,
	VERB_LOG = 19,
	VERB_PASS = 20,
	VERB_IMPORT = 21,
	VERB_BACKUP = 22,
	VERB_RESTORE = 23,
	VERB_KEY = 24,
	VERB_RENAME = 25,
	VERB_REBIND = 26,
	VERB_PRUNE = 27,
	VERB_POLICY = 28,
	/* inside a conversation */
	VERB_PROMPT = 32,
	VERB_NOTE = 33,
	VERB_OFFER = 34,
	VERB_MISS = 35,
	VERB_SHEET = 36,
	VERB_ANSWER = 40,	/* the client's ANSWER to a prompt */
	VERB_CANCEL = 41,	/* the person gave up; the server ends */
	VERB_UPLOAD = 42	/* the client's rows, before the answer */
};

enum wire_tag {
	TAG_NAME = 1,		/* string */
	TAG_UID,		/* u32 */
	TAG_SERVICE,		/* string */
	TAG_RHOST,		/* string */
	TAG_TTY,		/* string */
	TAG_ANSWER,		/* bytes 0..128, what was typed */
	TAG_EARLIER,		/* u8 0..5: wrong app codes charged before in
				   this conversation */
	TAG_OUTCOME,		/* u8, enum outcome */
	TAG_KINDS,		/* u8, mask of KIND_* */
	TAG_WHY,		/* u8, enum outcome */
	TAG_WAIT,		/* u32 s */
	TAG_COUNT,		/* u32 */
	TAG_LIMIT,		/* u32 */
	TAG_LOCK,		/* u32 s */
	TAG_LEFT,		/* u32, unspent recovery codes */
	TAG_KIND,		/* u8, KIND_* */
	TAG_PATH,		/* string, for the log */
	TAG_REASON,		/* string, for the log */
	TAG_HELP,		/* string, for the person (setting `help`) */
	TAG_LAST,		/* u8 1 */
	TAG_TEXT,		/* string, for the person */
	TAG_STYLE,		/* u8, enum wire_style */
	TAG_SECRET,		/* bytes 10..64; OFFER: 16.. */
	TAG_ISSUER,		/* string */
	TAG_ALGORITHM,		/* u8, enum otp_algorithm */
	TAG_DIGITS,		/* u8 */
	TAG_PERIOD,		/* u8 */
	TAG_CODES,		/* bytes, n * WIRE_CODE_LENGTH */
	TAG_NUMBER,		/* u8, 1.. */
	TAG_TRIES,		/* u8, how many are left */
	TAG_SKEW,		/* i64 s, the phone's clock less ours */
	TAG_FLAGS,		/* u32, FLAG_* */
	TAG_LABEL,		/* string, name of an authenticator */
	TAG_CREATED,		/* i64, seconds since 1970 */
	TAG_USED,		/* i64 */
	TAG_ENROLLED,		/* i64 */
	TAG_CODES_MADE,		/* i64 */
	TAG_CODES_ALL,		/* u32, how many codes the set had */
	TAG_WAIT_TOTP,		/* u32 s */
	TAG_WAIT_RECOVERY,	/* u32 s */
	TAG_BY,			/* u32 uid, a hint: who asks through root */
	TAG_ROWS,		/* bytes: frames of this format, each behind
				   its length (u16, big-endian) */
	TAG_EVENT,		/* i64, number of an event in its ring */
	TAG_RING,		/* u8, 0: login and admin door, 1: public,
				   WIRE_RING_TALLY */
	TAG_AFTER,		/* i64, the last event known of ring 0 */
	TAG_AFTER_PUBLIC,	/* i64, the same of ring 1 */
	TAG_CHANGE,		/* u8, what an event changed; 0: an answer */
	TAG_PASSWORDS,		/* u32, wrong ones in self-service */
	TAG_NEW_NAME,		/* string, what an account is called now */
	TAG_STORED_NAME,	/* string, whom the store has under a uid */
	TAG_STORED_UID,		/* u32, which uid it has under a name */
	TAG_TTL,		/* u32 s, 60..86400 */
	TAG_EXPIRES,		/* i64, of a pass: the first second without */
	TAG_EXPIRES_TICKET,	/* i64, the same of an enrollment ticket */
	TAG_AFTER_HOUR,		/* i64, hour since 1970: what was counted
				   before it is known */
	TAG_SINCE,		/* i64, seconds since 1970 */
	TAG_UNTIL,		/* i64 */
	TAG_OUTCOMES,		/* i64, a bit for each enum outcome */
	TAG_CHANGES,		/* u32, a bit for each number of CHANGE */
	TAG_DATA,		/* bytes of a backup's file */
	TAG_KEY,		/* string, the id of a key */
	TAG_STUCK,		/* u32, sealed secrets that do not open */
	WIRE_TAGS		/* one more than the last tag */
};

enum wire_style {
	STYLE_PASSWORD = 1,	/* hidden */
	STYLE_SHOWN,		/* echoed */
	STYLE_FACTOR,		/* a current code or recovery code */
	STYLE_NEW_CODE,		/* the code of the secret just offered */
	STYLE_SHEET_CODE,	/* one code of the sheet just shown */
	STYLE_CONFIRM		/* yes or no: ANSWER is "yes" or anything else */
};

#define FLAG_REPLACE	0x01u	/* ENROLL: old authenticators become void;
				   RESTORE: so do all accounts */
#define FLAG_NEW	0x02u	/* CODES: make new ones; KEY: rotate */
#define FLAG_ALL	0x04u	/* REMOVE: all authenticators */
#define FLAG_DISABLED	0x08u	/* STATUS: app codes are at their cap */
#define FLAG_ADMIN_LOCK	0x10u	/* STATUS: locked by an administrator */
#define FLAG_DEFAULTS	0x20u	/* MISS: the app ignores part of the OFFER */
#define FLAG_ENROLLED	0x40u	/* STATUS: there is a factor */
#define FLAG_ADD	0x80u	/* ENROLL: one more, its name is LABEL; the
				   others and the recovery codes stay */
#define FLAG_WEAK	0x100u	/* LIST: a secret below 128 bits */
#define FLAG_FOLLOW	0x200u	/* LOG: what happens from now on, too */
#define FLAG_ACCEPTED	0x400u	/* POLICY: the copy is in force */
#define FLAG_TICKET	0x800u	/* ENROLL: a ticket is typed in place of the
				   password; PASS, LIST: a ticket, no pass */
#define FLAG_REVOKE	0x1000u	/* PASS: take it back */
#define FLAG_PASSES	0x2000u	/* LIST: passes and tickets, not accounts */
#define FLAG_RUNNING	0x4000u	/* LOG: this count may grow */
#define FLAG_ANEW	0x8000u	/* LOG: the cursor was of another store */
#define FLAG_ACTIVE	0x10000u	/* KEY: new secrets are sealed with it */
#define FLAG_ABSENT	0x20000u	/* KEY: not in the ring */
#define FLAG_UNFINISHED	0x40000u	/* KEY: the ring has old keys */
#define FLAG_RESUMED	0x80000u	/* KEY: it had when this began */
#define FLAG_HELD	0x100000u /* KEY: a rotation is at work */
#define FLAG_MOVED	0x200000u /* STATUS to administration: the store was
				   made on another machine */
#define FLAG_DRY_RUN	0x400000u /* say what would be done, do nothing */

struct wire_field {
	const uint8_t	*data;	/* into the packet that was read */
	uint16_t	 len;
	bool		 present;
};

struct wire_message {
	uint8_t		 version;
	uint8_t		 verb;
	struct wire_field field[WIRE_TAGS];
};

/*
 * Reads one packet.  False, and nothing present, when it is malformed or
 * its version is 0.  The fields borrow from data.  Lengths and the content
 * of strings have been held against the tag's row; values have not.
 */
bool wire_read(const void *data, size_t len, struct wire_message *);

/*
 * Whether this is a refusal made before any request was read (verb
 * WIRE_REPLY alone): it answers every verb, and only failures and OUT_PEER
 * come that way.
 */
bool wire_refused(const struct wire_message *);

/*
 * Getters.  Absent: false, *out is 0 or "".  The integer ones take a field
 * of the tag's own width.
 */
bool wire_has(const struct wire_message *, enum wire_tag);
bool wire_get_uint(const struct wire_message *, enum wire_tag, uint32_t *out);
bool wire_get_int64(const struct wire_message *, enum wire_tag, int64_t *out);
/* buf holds WIRE_STRING_MAX + 1 bytes. */
bool wire_get_string(const struct wire_message *, enum wire_tag,
    char buf[WIRE_STRING_MAX + 1]);
bool wire_get_secret(const struct wire_message *, enum wire_tag,
    struct secret *out);

/*
 * Writing.  A writer remembers its first failure (a value too long, too
 * large, of another type, or no room); wire_done tells.  A writer may hold
 * a secret: wire_wipe after the last use.
 */
struct wire_writer {
	size_t	len;
	bool	failed;
	uint8_t	data[WIRE_PACKET_MAX];
};

void wire_start(struct wire_writer *, uint8_t version, uint8_t verb);
void wire_put_uint(struct wire_writer *, enum wire_tag, uint32_t);
void wire_put_int64(struct wire_writer *, enum wire_tag, int64_t);
/* NULL writes nothing; a longer string is a failure. */
void wire_put_string(struct wire_writer *, enum wire_tag, const char *);
/* As wire_put_string, but a longer string is cut: for path and reason. */
void wire_put_cut(struct wire_writer *, enum wire_tag, const char *);
void wire_put_bytes(struct wire_writer *, enum wire_tag, const void *, size_t);
bool wire_done(const struct wire_writer *);
void wire_wipe(struct wire_writer *);

/*
 * One packet in, one packet out.  Descriptors passed along are never
 * received (no control buffer), a cut packet is malformed.
 */
enum wire_io {
	WIRE_OK = 0,
	WIRE_END,		/* empty packet, ECONNRESET, EPIPE */
	WIRE_AGAIN,		/* nothing there, or no room */
	WIRE_MALFORMED,		/* longer than WIRE_PACKET_MAX */
	WIRE_ERROR
};

/* MSG_DONTWAIT, MSG_TRUNC; *len bytes in buf. */
enum wire_io wire_receive(int fd, uint8_t buf[WIRE_PACKET_MAX], size_t *len);
/* MSG_DONTWAIT | MSG_NOSIGNAL; a failed writer is WIRE_ERROR. */
enum wire_io wire_send(int fd, const struct wire_writer *);

/*
 * Poll fd for events (POLLIN, POLLOUT) until the deadline on
 * CLOCK_MONOTONIC (milliseconds); false when it passed or poll failed.
 */
bool wire_wait(int fd, short events, int64_t deadline_ms);
int64_t wire_now_ms(void);

#endif
