/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One conversation of self-service or administration: whose, with whom,
 * by which settings.  Private to selfservice.c, enroll.c and their kin.
 */
#ifndef STEPUP_DAEMON_SESSION_H
#define STEPUP_DAEMON_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/account.h"
#include "daemon/failure.h"
#include "daemon/recovery.h"
#include "daemon/round.h"
#include "daemon/settings.h"
#include "daemon/site.h"
#include "daemon/talk.h"

struct session {
	struct site		*site;
	const struct caller	*caller;
	const struct talk	*talk;
	uint8_t			 verb;
	uint32_t		 flags;		/* FLAG_* of the request */
	const struct wire_message *request;
	/* Of a change by root, for the event; "": no reason was given. */
	char			 note[ACCOUNT_REASON_MAX + 1];
	bool			 by_known;
	uid_t			 by;
	/* PASS: for which service, and whether an older one became void. */
	char			 bound_to[PASS_SERVICE_MAX + 1];
	bool			 voided;
	/* The ticket that stood for the password: it must be in force still
	   when the enrollment is written. */
	bool			 ticket_used;
	uint8_t			 ticket_salt[RECOVERY_SALT];
	char			 name[ACCOUNT_NAME_MAX + 1];	/* canonical */
	uid_t			 uid;
	/* of the request: name of an authenticator, or "" */
	char			 label[ACCOUNT_LABEL_MAX + 1];
	struct settings		 settings;	/* as they were at the start */
	struct account		 account;	/* as last loaded */
	uint32_t		 passwords;	/* UNLOCK: wrong ones cleared */
	/* Accounts that moved: whom this host and the store have. */
	bool			 uid_known;	/* uid is the name service's */
	bool			 who_known;
	struct store_who	 who;
	char			 new_name[ACCOUNT_NAME_MAX + 1]; /* or "" */
	/* POLICY: at which service, and what a login there would come to. */
	char			 service[WIRE_STRING_MAX + 1];
	enum outcome		 would;
	bool			 skew_known;
	int64_t			 skew;		/* s, the app's clock less ours */
	struct outcome_facts	 facts;		/* for the final answer */
	/* KEY, for the same */
	uint32_t		 key_flags;	/* FLAG_* */
	uint32_t		 key_stuck;
	char			 key_active[KEY_ID_LENGTH + 1];
	struct failure		 failure;
};

/* A sheet of new recovery codes: stored form and what the person reads. */
struct sheet {
	struct recovery_set	set;
	char			codes[ACCOUNT_CODES_MAX][RECOVERY_LENGTH + 1];
};

/* Begins a transaction of the site's store.  OUT_DONE. */
enum outcome session_begin(struct session *, enum store_mode,
    struct store **);

/* Loads s->account in a read transaction of its own.  OUT_DONE. */
enum outcome session_load(struct session *);

/* Whether the keyring is there and opens this store's seals: OUT_DONE. */
enum outcome session_key(struct session *);
/*
 * keyring_hold, and the ring read behind it: for whoever keeps sealed
 * secrets for longer than a transaction.
 */
enum outcome session_hold(struct session *, bool shared, int *dir);

/* Whether an account is still what the person was asked about: who it is,
   its lock, its authenticators, its set of codes. */
bool session_same(const struct account *, const struct account *);
/* OUT_BUSY, "the account was changed meanwhile". */
enum outcome session_changed(struct session *);

/*
 * Writes: begin, load again, `same` account as s->account was, change,
 * apply, commit.  `change` edits the account just loaded and names the one
 * effect.  OUT_DONE; OUT_BUSY when somebody changed the account meanwhile;
 * OUT_BAD_TICKET when the ticket's time is over.
 */
typedef void (*session_change)(struct account *, int64_t now, void *arg);
enum outcome session_commit(struct session *, enum effect_kind,
    session_change, void *arg);

/*
 * A write transaction: begin, work, commit.  A code of the store, or *o
 * other than OUT_DONE (which it is before), rolls back.
 */
typedef enum store_code session_work(struct session *, struct store *,
    int64_t now, void *arg, enum outcome *o);
enum outcome session_write(struct session *, session_work *, void *arg);

/* The event of a change by whoever asks here. */
struct store_event session_event(const struct session *, int64_t now);

/*
 * Whoever asks proves it: password (ENROLL with FLAG_TICKET: a ticket in
 * place of it, where there is no factor), and a current factor when there is
 * one.  Root at the admin door proves nothing.  OUT_DONE.
 */
enum outcome session_prove(struct session *);

/* What a prompt's end means. OUT_ASK for TALK_OK. */
enum outcome session_talk(enum talk_code);

/*
 * Makes a sheet, shows it and has one code typed back by number.  OUT_DONE
 * when the person has it.  Nothing is saved.
 */
enum outcome session_sheet(struct session *, struct sheet *);

/*
 * Fills note and by from the request: REASON where one is wanted, and who
 * became root.  OUT_PROTOCOL when there is none or it is no single line.
 */
enum outcome session_note(struct session *, bool wanted);

/*
 * Puts what an account was in front of the note, the last bytes of which
 * may go: events name an account by its row alone.
 */
void session_note_was(struct session *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The log's line of a change by root: `change.locked user=alice by=1000`. */
void session_tell(const struct session *, const char *what);
/* The same of many: `change.backup accounts=500 by=1000`. */
void session_tell_accounts(const struct session *, const char *what,
    uint64_t accounts);
/* A yes to this question; OUT_DONE, OUT_NO_INPUT, or why there is none. */
enum outcome session_confirm(struct session *, const char *question);

/* The verbs that change something.  OUT_DONE. */
enum outcome enroll_serve(struct session *);
enum outcome codes_serve(struct session *);
enum outcome remove_serve(struct session *);

/*
 * TEST: an answer that is charged and spent like a login's.  Its outcome;
 * s->skew_known and s->skew, s->label when two codes told the clocks apart.
 */
enum outcome trial_serve(struct session *);

/*
 * One question for the person's own factor and one VERIFY at this door:
 * `last` (OUT_ASK before the first) puts its reason in front of the prompt.
 * What was typed is in *a, which the caller wipes.  The outcome.
 */
struct ask;
enum outcome session_factor(struct session *, struct ask *a,
    enum outcome last, const char *prompt);
/* CHECK of the same. */
enum outcome session_check(struct session *, struct ask *a);
enum outcome lock_serve(struct session *);
/*
 * The longer wait of both doors for a kind of answer, seconds; false where
 * one of them is capped.
 */
bool lock_waits(const struct session *, const struct limiter all[LIMITERS],
    bool totp, uint32_t *wait);
enum outcome unlock_serve(struct session *);
enum outcome pass_serve(struct session *);
/* Until when a new pass is in force, into its answer. */
void pass_put(const struct session *, struct wire_writer *);
/* EXPIRES, SERVICE, EXPIRES_TICKET of what is in force. */
void pass_put_live(const struct account *, int64_t now, struct wire_writer *);
enum outcome list_serve(struct session *);
enum outcome events_serve(struct session *);
enum outcome backup_serve(struct session *);
enum outcome restore_serve(struct session *);
enum outcome rename_serve(struct session *);
enum outcome rebind_serve(struct session *);
enum outcome prune_serve(struct session *);
enum outcome policy_serve(struct session *);
/* Who stands in the store under s->name and s->uid: s->who. */
enum outcome move_look(struct session *);
/* Both sides of an account that moved, into the last packet. */
void move_put(const struct session *, struct wire_writer *);
/* What policy_serve found about a person, into its answer. */
void policy_put(const struct session *, struct wire_writer *);
/* session_tell with fields behind: ` kind=login`, or "". */
void session_tell_more(const struct session *, const char *what,
    const char *more);
enum outcome import_serve(struct session *);
enum outcome key_serve(struct session *);
/* What a driver's code means here; a spoilt handle is opened anew. */
enum outcome session_store_code(struct session *, enum store_code);
/* How the ring stands, into the answer of key_serve, whatever that was. */
void key_put(const struct session *, struct wire_writer *);
/* What unlock_serve cleared, into its answer. */
void unlock_put(const struct session *, struct wire_writer *);

#endif
