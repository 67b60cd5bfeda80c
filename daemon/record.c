/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "common/text.h"
#include "daemon/record.h"

_Static_assert(RECORD_HEADER + 8 + 4 + 8 + 8 + 1 + 1 + ACCOUNT_NAME_MAX + 1 +
    ACCOUNT_REASON_MAX + LIMITERS * 5 * 8 + 8 + 4 + 1 + RECOVERY_SALT +
    ACCOUNT_CODES_MAX * (RECOVERY_HASH + 8) + 1 + ACCOUNT_CREDENTIALS_MAX *
    (8 + 4 + 3 * 8 + 1 + ACCOUNT_LABEL_MAX + 1 + KEY_ID_LENGTH +
    SEAL_NONCE + SEAL_MAX) <= RECORD_MAX, "the longest account fits");

/* --- Writing ---------------------------------------------------------- */

struct out {
	uint8_t	*data;
	size_t	 len;
};

static void
put_number(struct out *o, int64_t value, unsigned bytes)
{
	while (bytes-- > 0)
		o->data[o->len++] = (uint8_t)((uint64_t)value >> 8 * bytes);
}

static void
put_bytes(struct out *o, const void *data, size_t len)
{
	if (len > 0)
		memcpy(o->data + o->len, data, len);
	o->len += len;
}

static void
put_text(struct out *o, const char *text)
{
	size_t len = strlen(text);

	put_number(o, (int64_t)len, 1);
	put_bytes(o, text, len);
}

static struct out
begin(uint8_t buf[RECORD_MAX], enum record_type type)
{
	buf[2] = (uint8_t)type;
	return (struct out){ buf, RECORD_HEADER };
}

static size_t
end(struct out *o)
{
	size_t body = o->len - RECORD_HEADER;

	o->data[0] = (uint8_t)(body >> 8);
	o->data[1] = (uint8_t)body;
	return o->len;
}

size_t
record_put_head(const struct record_head *head, uint8_t buf[RECORD_MAX])
{
	struct out o = begin(buf, RECORD_HEAD);

	put_number(&o, head->made_at, 8);
	put_text(&o, head->host);
	return end(&o);
}

size_t
record_put_end(uint64_t accounts, uint8_t buf[RECORD_MAX])
{
	struct out o = begin(buf, RECORD_END);

	put_number(&o, (int64_t)accounts, 8);
	return end(&o);
}

static void
put_recovery(struct out *o, const struct recovery_set *set)
{
	size_t i;

	put_number(o, (int64_t)set->count, 1);
	if (set->count == 0)
		return;
	put_number(o, set->rounds, 4);
	put_number(o, set->created_at, 8);
	put_bytes(o, set->salt, RECOVERY_SALT);
	for (i = 0; i < set->count; i++) {
		put_bytes(o, set->codes[i].hash, RECOVERY_HASH);
		put_number(o, set->codes[i].spent_at, 8);
	}
}

static void
put_credential(struct out *o, const struct credential *c,
    enum record_form form)
{
	put_number(o, c->id, 8);
	put_number(o, c->kind, 1);
	put_text(o, c->label);
	put_number(o, c->algorithm, 1);
	put_number(o, c->digits, 1);
	put_number(o, c->period, 1);
	put_number(o, c->created_at, 8);
	put_number(o, c->used_at, 8);
	put_number(o, c->last_step, 8);
	if (form == RECORD_OPEN) {
		put_number(o, (int64_t)c->secret.len, 1);
		put_bytes(o, c->secret.data, c->secret.len);
		return;
	}
	put_bytes(o, c->sealed.key_id, KEY_ID_LENGTH);
	put_bytes(o, c->sealed.nonce, SEAL_NONCE);
	put_number(o, (int64_t)c->sealed.len, 1);
	put_bytes(o, c->sealed.data, c->sealed.len);
}

/* Codes and authenticators come together, or not at all. */
static bool
paired(const struct account *a)
{
	return (a->credential_count == 0) == (a->recovery.count == 0);
}

static bool
writable(const struct account *a, enum record_form form)
{
	const struct credential *c;
	const struct limiter *l;
	size_t i;

	if (a->credential_count > ACCOUNT_CREDENTIALS_MAX ||
	    a->recovery.count > ACCOUNT_CODES_MAX || !paired(a))
		return false;
	for (l = a->limiters; l < a->limiters + LIMITERS; l++)
		if (l->consecutive > RECORD_COUNT_MAX ||
		    l->total > RECORD_COUNT_MAX)
			return false;
	for (i = 0; i < a->credential_count; i++) {
		c = &a->credentials[i];
		if (form == RECORD_OPEN ? !c->opened || c->secret.len == 0 ||
		    c->secret.len > OTP_SECRET_MAX :
		    c->sealed.len <= SEAL_TAG || c->sealed.len > SEAL_MAX)
			return false;
	}
	return true;
}

size_t
record_put_account(const struct account *a, enum record_form form,
    uint8_t buf[RECORD_MAX])
{
	struct out o = begin(buf, RECORD_ACCOUNT);
	const struct limiter *l;
	size_t i;

	if (!writable(a, form))
		return 0;
	put_number(&o, a->id, 8);
	put_text(&o, a->name);
	put_number(&o, a->uid, 4);
	put_number(&o, a->created_at, 8);
	put_number(&o, a->enrolled_at, 8);
	put_number(&o, a->locked, 1);
	put_text(&o, a->lock_reason);
	for (l = a->limiters; l < a->limiters + LIMITERS; l++) {
		put_number(&o, l->consecutive, 8);
		put_number(&o, l->total, 8);
		put_number(&o, l->total_since, 8);
		put_number(&o, l->wait_start, 8);
		put_number(&o, l->wait_length, 8);
	}
	put_recovery(&o, &a->recovery);
	put_number(&o, (int64_t)a->credential_count, 1);
	for (i = 0; i < a->credential_count; i++)
		put_credential(&o, &a->credentials[i], form);
	return end(&o);
}

/* --- Reading ---------------------------------------------------------- */

/* What is left of a body; the first thing that does not fit ends it. */
struct in {
	const uint8_t	*data;
	size_t		 len;
	bool		 ok;
};

static const uint8_t *
take(struct in *in, size_t n)
{
	const uint8_t *at = in->data;

	if (!in->ok || n > in->len) {
		in->ok = false;
		return NULL;
	}
	in->data += n;
	in->len -= n;
	return at;
}

static int64_t
get_number(struct in *in, unsigned bytes, int64_t low, int64_t high)
{
	const uint8_t *at = take(in, bytes);
	uint64_t v = 0;

	if (at == NULL)
		return low;
	while (bytes-- > 0)
		v = v << 8 | *at++;
	if ((int64_t)v < low || (int64_t)v > high) {
		in->ok = false;
		return low;
	}
	return (int64_t)v;
}

static void
get_bytes(struct in *in, void *out, size_t len)
{
	const uint8_t *at = take(in, len);

	if (at != NULL && len > 0)
		memcpy(out, at, len);
}

/* out has room for a NUL behind `most`; none comes inside. */
static void
get_text(struct in *in, char *out, size_t least, size_t most)
{
	size_t len = (size_t)get_number(in, 1, (int64_t)least,
	    (int64_t)most);

	get_bytes(in, out, len);
	if (!in->ok)
		len = 0;
	out[len] = '\0';
	if (memchr(out, '\0', len) != NULL)
		in->ok = false;
}

static void
get_limiter(struct in *in, struct limiter *l)
{
	l->consecutive = get_number(in, 8, 0, RECORD_COUNT_MAX);
	l->total = get_number(in, 8, 0, RECORD_COUNT_MAX);
	l->total_since = get_number(in, 8, 0, INT64_MAX);
	l->wait_start = get_number(in, 8, 0, INT64_MAX);
	l->wait_length = get_number(in, 8, 0, LIMIT_WAIT_MAX);
}

static void
get_recovery(struct in *in, struct recovery_set *set)
{
	size_t i;

	set->count = (size_t)get_number(in, 1, 0, ACCOUNT_CODES_MAX);
	if (set->count == 0)
		return;
	set->rounds = (unsigned)get_number(in, 4, 1, 10000000);
	set->created_at = get_number(in, 8, 1, INT64_MAX);
	get_bytes(in, set->salt, RECOVERY_SALT);
	for (i = 0; i < set->count; i++) {
		get_bytes(in, set->codes[i].hash, RECOVERY_HASH);
		set->codes[i].spent_at = get_number(in, 8, 0, INT64_MAX);
	}
}

static void
get_secret(struct in *in, struct credential *c, enum record_form form)
{
	const uint8_t *at;
	size_t len;

	if (form == RECORD_OPEN) {
		len = (size_t)get_number(in, 1, 1, OTP_SECRET_MAX);
		at = take(in, len);
		c->opened = at != NULL && secret_set(&c->secret, at, len);
		return;
	}
	get_bytes(in, c->sealed.key_id, KEY_ID_LENGTH);
	get_bytes(in, c->sealed.nonce, SEAL_NONCE);
	c->sealed.len = (size_t)get_number(in, 1, SEAL_TAG + 1, SEAL_MAX);
	get_bytes(in, c->sealed.data, c->sealed.len);
}

static void
get_credential(struct in *in, struct credential *c, enum record_form form)
{
	c->id = get_number(in, 8, 1, INT64_MAX);
	c->kind = (enum credential_kind)get_number(in, 1, CREDENTIAL_TOTP,
	    CREDENTIAL_TOTP);
	get_text(in, c->label, 0, ACCOUNT_LABEL_MAX);
	c->algorithm = (enum otp_algorithm)get_number(in, 1, OTP_SHA1,
	    OTP_SHA512);
	c->digits = (unsigned)get_number(in, 1, 6, OTP_DIGITS_MAX);
	c->period = (unsigned)get_number(in, 1, 15, 120);
	c->created_at = get_number(in, 8, 0, INT64_MAX);
	c->used_at = get_number(in, 8, 0, INT64_MAX);
	c->last_step = get_number(in, 8, 0, INT64_MAX);
	get_secret(in, c, form);
}

bool
record_get_account(const uint8_t *data, size_t len, enum record_form form,
    struct account *a)
{
	struct in in = { data, len, true };
	struct limiter *l;
	size_t i;

	explicit_bzero(a, sizeof(*a));
	a->match = ACCOUNT_FOUND;
	a->id = get_number(&in, 8, 1, INT64_MAX);
	get_text(&in, a->name, 1, ACCOUNT_NAME_MAX);
	a->uid = (uid_t)get_number(&in, 4, 0, UINT32_MAX - 1);
	a->created_at = get_number(&in, 8, 0, INT64_MAX);
	a->enrolled_at = get_number(&in, 8, 0, INT64_MAX);
	a->locked = get_number(&in, 1, 0, 1) != 0;
	get_text(&in, a->lock_reason, 0, ACCOUNT_REASON_MAX);
	for (l = a->limiters; l < a->limiters + LIMITERS; l++)
		get_limiter(&in, l);
	get_recovery(&in, &a->recovery);
	a->credential_count = (size_t)get_number(&in, 1, 0,
	    ACCOUNT_CREDENTIALS_MAX);
	for (i = 0; i < a->credential_count; i++)
		get_credential(&in, &a->credentials[i], form);
	if (in.ok && in.len == 0 && paired(a))
		return true;
	explicit_bzero(a, sizeof(*a));
	return false;
}

bool
record_get_head(const uint8_t *data, size_t len, struct record_head *head)
{
	struct in in = { data, len, true };

	memset(head, 0, sizeof(*head));
	head->made_at = get_number(&in, 8, 0, INT64_MAX);
	get_text(&in, head->host, 0, RECORD_HOST_MAX);
	text_printable(head->host, strlen(head->host), head->host,
	    sizeof(head->host));
	return in.ok && in.len == 0;
}

bool
record_get_end(const uint8_t *data, size_t len, uint64_t *accounts)
{
	struct in in = { data, len, true };

	*accounts = (uint64_t)get_number(&in, 8, 0, INT64_MAX);
	return in.ok && in.len == 0;
}

/* --- Records in pieces ------------------------------------------------ */

/* How long the record at hand is, as far as can be told. */
static size_t
wanted(const struct record_reader *r)
{
	return r->len < RECORD_HEADER ? RECORD_HEADER : RECORD_HEADER +
	    ((size_t)r->data[0] << 8 | r->data[1]);
}

bool
record_feed(struct record_reader *r, const uint8_t *in, size_t len,
    record_visit *visit, void *arg)
{
	size_t n, want;
	bool ok = true;

	while (len > 0 && ok) {
		want = wanted(r);
		if (want > RECORD_MAX)
			return false;
		n = want - r->len < len ? want - r->len : len;
		memcpy(r->data + r->len, in, n);
		r->len += n;
		in += n;
		len -= n;
		if (r->len < RECORD_HEADER || r->len < wanted(r))
			continue;
		ok = visit(r->data[2], r->data + RECORD_HEADER,
		    r->len - RECORD_HEADER, arg);
		explicit_bzero(r->data, r->len);
		r->len = 0;
	}
	return ok;
}

bool
record_done(const struct record_reader *r)
{
	return r->len == 0;
}
